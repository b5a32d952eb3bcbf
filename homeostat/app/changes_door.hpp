#pragma once

// ChangesDoor: POST /v1/changes by TCP, for tools that may not open the control socket: a CI, a
// GitOps controller, a broker of events.
//
// A door of its own, behind which is nothing else: the page of people's links answers people, and
// what stands beside the metrics only tells. Whoever has the token may tell of changes; a change is
// hearsay that makes a cause more or less likely, and permits nothing. So the worst that a stolen
// token does is noise among the suspects, bounded by `per_minute`.
//
// Programs ask here and no browser: whatever a browser adds to a request of a page is refused, and
// the Host has to be one of ours (DNS rebinding). The token is compared by digests of equal length
// in constant time, and read again from its file within a second of a change. Who has none is told
// nothing but that, and slowed down after a few; good requests are taken all the same.
//
// Not thread-safe; lives on the strand of its executor. stop() is awaited before destruction.

#include "homeostat/app/config_changes.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::app {

/// Room for one that nobody guesses: `openssl rand -hex 32` has 64 characters.
constexpr std::size_t token_bytes_min = 32;
constexpr std::size_t token_bytes_max = 512;

/// SHA-256 of a token.
using TokenDigest = std::array<unsigned char, 32>;

/// Of the token in the file. ERRORS: those of read_secret_file; invalid: too short or too long, or
/// not of visible characters on one line.
[[nodiscard]] Result<TokenDigest> read_token(const std::string& file);

/// So many within a minute, and one more as time passes. Pure.
class MinuteBudget {
  public:
    explicit MinuteBudget(std::uint32_t per_minute) : left_(per_minute), per_minute_(per_minute) {}

    /// Whether there is one left; it is spent then.
    [[nodiscard]] bool spend(Instant now);
    /// Until there is one again.
    [[nodiscard]] Duration wait() const;

  private:
    std::uint32_t left_;
    std::uint32_t per_minute_;
    Instant filled_at_{};  ///< The last one that was added, or the first was spent.
};

class ChangesDoor {
  public:
    /// `take` is asked for good requests only. REQUIRES: `clock` outlives it.
    ChangesDoor(boost::asio::any_io_executor executor,
                const ports::Clock& clock,
                ChangesDoorConfig config,
                net::HttpAnswer take,
                std::function<void(const std::string&)> log);

    /// ERRORS: those of the token's file and of the address, with the key.
    [[nodiscard]] Result<void> listen();

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

    [[nodiscard]] Task<void> stop(Instant deadline);

  private:
    Task<net::HttpResponse> answer(net::HttpRequest request);
    /// Why it is not taken; absent: it is.
    [[nodiscard]] std::optional<net::HttpResponse> refusal_of(const net::HttpRequest& request);
    [[nodiscard]] bool is_for_us(const net::HttpRequest& request) const;
    [[nodiscard]] bool has_token(const net::HttpRequest& request) const;
    [[nodiscard]] net::HttpResponse refuse_stranger(Instant now);
    /// Reads the token again where that is due. False: there is none to compare with.
    [[nodiscard]] bool refresh_token(Instant now);

    ChangesDoorConfig config_;
    const ports::Clock& clock_;
    net::HttpAnswer take_;
    std::function<void(const std::string&)> log_;
    TokenDigest token_{};
    bool is_token_read_{false};
    std::optional<Instant> read_at_;
    std::string trouble_;  ///< Of the token's file, told last; empty: none.
    MinuteBudget good_;
    MinuteBudget bad_;
    net::HttpServer server_;
};

}  // namespace homeostat::app
