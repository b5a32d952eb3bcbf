#pragma once

// RedisSocket: commands to one Redis, sent together and answered in order, on a connection of
// their own. What we send, and nothing else: MGET and UNLINK of listed keys; of a cluster CLUSTER
// SLOTS, ASKING and READONLY; WAIT where there are replicas. Whether UNLINK would be taken is found
// out by MULTI, UNLINKs that are queued, and a connection that closes before they are carried out.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/redis/resp.hpp"
#include "homeostat/adapters/redis/slot_map.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::redis {

/// What came of commands that were sent together.
struct Answers {
    bool is_sent{false};           ///< False: Redis cannot have seen any of them, now or later.
    std::vector<Reply> replies{};  ///< To the first commands; to all of them if `end` is well.
    /// ERRORS: unreachable, late, broken: why no more came.
    Result<void> end{};
};

class RedisSocket {
  public:
    RedisSocket(boost::asio::any_io_executor executor, net::Endpoint endpoint)
        : executor_(std::move(executor)), endpoint_(std::move(endpoint)) {}

    /// Sends `commands`, which are `count` of them as command_of writes them.
    [[nodiscard]] Task<Answers> ask(std::string commands,
                                    std::size_t count,
                                    Instant deadline) const;

    /// Who keeps which slots, as this node knows it.
    /// ERRORS: unreachable, late, broken, refused (with Redis's own words).
    [[nodiscard]] Task<Result<SlotMap>> slots(Instant deadline) const;

    /// Whether Redis would take an UNLINK of each of these keys. Changes nothing: where Redis lets
    /// us begin no transaction, no UNLINK is sent, and nothing is said against it.
    /// ERRORS: unreachable, late, broken, refused (with Redis's own words).
    [[nodiscard]] Task<Result<void>> try_unlink(std::vector<std::string> keys,
                                                Instant deadline) const;

  private:
    boost::asio::any_io_executor executor_;
    net::Endpoint endpoint_;
};

/// What Redis complained of, as an error: one line of printable ASCII.
[[nodiscard]] Error error_of(const Complaint& complaint);

}  // namespace homeostat::adapters::redis
