#pragma once

// RedisSocket: the two commands that we send to Redis, and no others: MGET of listed keys, UNLINK
// of listed keys. Each goes on a connection of its own. Whether UNLINK would be taken is found out
// by MULTI, an UNLINK that is queued, and a connection that closes before it is carried out.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/redis/resp.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::redis {

/// What became of an UNLINK.
struct Unlinked {
    bool is_sent{false};         ///< False: Redis cannot have seen it, now or later.
    Result<std::int64_t> count;  ///< Of keys that were there. ERRORS: refused: Redis said no.
};

class RedisSocket {
  public:
    RedisSocket(boost::asio::any_io_executor executor, net::Endpoint endpoint)
        : executor_(std::move(executor)), endpoint_(std::move(endpoint)) {}

    /// The value of each key, in order. REQUIRES: at most values_max keys.
    /// ERRORS: unreachable, late, broken, refused (with Redis's own words).
    [[nodiscard]] Task<Result<Values>> get(std::vector<std::string> keys, Instant deadline) const;

    [[nodiscard]] Task<Unlinked> unlink(std::vector<std::string> keys, Instant deadline) const;

    /// Whether Redis would take an UNLINK of these keys. Changes nothing: where Redis lets us begin
    /// no transaction, no UNLINK is sent, and nothing is said against it.
    /// ERRORS: unreachable, late, broken, refused (with Redis's own words).
    [[nodiscard]] Task<Result<void>> try_unlink(std::vector<std::string> keys,
                                                Instant deadline) const;

  private:
    boost::asio::any_io_executor executor_;
    net::Endpoint endpoint_;
};

}  // namespace homeostat::adapters::redis
