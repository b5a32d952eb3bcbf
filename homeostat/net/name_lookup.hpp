#pragma once

// NameLookup: the addresses of one host, asked of the system's resolver.
//
// The resolver of the C library cannot be interrupted and may hang for half a minute. So whoever
// waits stops at their own deadline and the question is left to end by itself; as long as it has
// not, there is no second one, and later askers wait for the same answer.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::net {

/// Of one name; more are not tried.
constexpr std::size_t addresses_max = 8;

class NameLookup {
  public:
    using Answer = std::function<void(Result<std::vector<TcpEndpoint>>)>;
    /// Begins one question; `answer` is called once, on the strand, if ever.
    using Ask = std::function<void(std::string host, std::uint16_t port, Answer answer)>;

    struct State;

    /// `ask_for_test`: instead of the system's resolver.
    NameLookup(boost::asio::any_io_executor executor,
               std::string host,
               std::uint16_t port,
               Ask ask_for_test = {});

    /// A literal address is itself, without a question. ERRORS: late; unreachable: no such name, or
    /// nobody who knows; invalid: one of its addresses is never asked (refused_address.hpp).
    [[nodiscard]] Task<Result<std::vector<TcpEndpoint>>> addresses(Instant deadline) const;

  private:
    /// Owned by this, by the question under way and by whoever waits for it.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::net
