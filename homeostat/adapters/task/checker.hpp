#pragma once

// Checker: runs the check of one task, one at a time, for everybody who wants to know.
//
// A check may take longer than whoever asks can wait. So it goes on without them, and what it
// finds is there when they ask again. What has answered is numbered, so that each reader is told of
// each answer once.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace homeostat::adapters::task {

struct Answer {
    std::uint64_t number{0};  ///< From 1.
    Instant began_at{};
    Instant ended_at{};
    Result<bool> is_well{false};  ///< Or why it does not say.
};

/// A reader that comes at its interval misses none.
constexpr std::size_t answers_kept_max = 16;

class Checker {
  public:
    Checker(boost::asio::any_io_executor executor, Action check);

    /// Starts a check, unless one is under way.
    void begin();

    [[nodiscard]] bool is_under_way() const;

    /// Until the check that is under way has answered, or the deadline.
    Task<void> wait(Instant deadline);

    /// Null: none has answered yet.
    [[nodiscard]] const Answer* last() const;

    /// When the latest check began; the beginning of time: none did.
    [[nodiscard]] Instant began_at() const;

    /// Those with a higher number, oldest first.
    [[nodiscard]] std::vector<Answer> since(std::uint64_t number) const;

  private:
    struct State;

    /// Runs one check to its end. `state` is a value: the frame owns a part of it.
    static Task<void> look(std::shared_ptr<State> state);

    /// Owned by this and by the check that is under way: when an io_context is destroyed, frames
    /// that still wait in it are destroyed after this.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::adapters::task
