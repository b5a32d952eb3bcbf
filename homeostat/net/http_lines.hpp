#pragma once

// HttpLines: a reply without an end, line by line.
//
// Some servers tell of events as they happen, one line each, in a body that goes on for as long as
// both sides like. This reads such a body on a connection of its own, keeps no more than one line
// of it and what came with it, and ends when its owner closes it, when the server ends it or when
// it is cut. A machine at the other end that is gone without a word is noticed within half a minute
// (keep-alive probes); a server that is there and silent is up to the caller's deadline.
//
// ERRORS as of net::HttpClient.
//
// Not thread-safe; lives on the strand of its executor. Destroying it cuts what is under way.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/tls.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace homeostat::net {

struct LineLimits {
    HttpLimits reply{};  ///< Of its head, and of the body of a reply that is no 200.
    std::size_t line_bytes_max{std::size_t{4} << 20U};
};

class HttpLines {
  public:
    HttpLines(boost::asio::any_io_executor executor, Endpoint endpoint, LineLimits limits = {});
    HttpLines(boost::asio::any_io_executor executor, HttpsPeer peer, LineLimits limits = {});
    ~HttpLines();
    HttpLines(const HttpLines&) = delete;
    HttpLines& operator=(const HttpLines&) = delete;
    HttpLines(HttpLines&&) = delete;
    HttpLines& operator=(HttpLines&&) = delete;

    /// Sends the request. A 200 has no body yet: next() gives it. Of any other status the whole
    /// reply is given, and there are no lines. Once.
    [[nodiscard]] Task<Result<HttpResponse>> open(HttpRequest request, Instant deadline);

    /// The next line, without its newline; nothing: the body has ended as HTTP says it may. A last
    /// line without a newline is none: it may be half of one.
    /// ERRORS: late: no whole line before `deadline`, or closed; the stream is over then.
    [[nodiscard]] Task<Result<std::optional<std::string>>> next(Instant deadline);

    /// Cuts the connection: open() and next() end, now and from now on.
    void close();

    struct State;

  private:
    /// Owned by this and by what is under way: when an io_context is destroyed, frames that still
    /// wait in it are destroyed after this.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::net
