#pragma once

// Turns: who changes one thing of the world goes one after another, in the order of their calls.
//
// What is read, changed and written back, with awaits in between, would lose a change that somebody
// else makes meanwhile. A turn is taken before the first look and given back by its end of life; it
// excludes whoever takes one too, on this strand, and nobody else. Whoever waits stops at their own
// deadline, and there is a most of them.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace homeostat::net {

class Turns {
  public:
    struct State;

    class Turn {
      public:
        Turn() = default;  ///< Nobody's turn.
        explicit Turn(std::shared_ptr<State> state) : state_(std::move(state)) {}
        ~Turn();
        Turn(Turn&& other) noexcept = default;
        Turn& operator=(Turn&& other) = delete;
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

      private:
        /// Owned by the Turns and by each turn, taken or waited for: when an io_context is
        /// destroyed, frames that still wait in it are destroyed after the Turns.
        std::shared_ptr<State> state_;
    };

    static constexpr std::size_t waiting_max = 64;  ///< More is no queue but a fault of ours.

    explicit Turns(boost::asio::any_io_executor executor);

    /// ERRORS: late: the turn did not come before the deadline; busy: too many wait already.
    [[nodiscard]] Task<Result<Turn>> take(Instant deadline);

  private:
    boost::asio::any_io_executor executor_;
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::net
