#pragma once

// HttpClient: one HTTP/1.1 connection to one peer, kept alive between requests, plain or over TLS.
//
// A kept connection that the peer has closed meanwhile is noticed before anything is sent and
// replaced. If it closes in the very moment of sending, a GET is sent once more on a fresh one; any
// other method is not, because who knows whether it was carried out. Redirects are never followed:
// they would let a peer choose whom we talk to.
//
// ERRORS of a request:
//   unreachable  no connection could be made, or the peer did not prove who it is (TLS): nothing of
//                the request was sent
//   late         the deadline passed, or the task was cancelled
//   broken       the reply was cut, was not HTTP or was over its size
//   full         we ourselves are out of descriptors or ports: this says nothing of the peer
//   invalid      the request itself cannot be sent
//   busy         a request is in flight on this client
//
// Not thread-safe; lives on the strand of its executor. Destroying it cuts a request in flight.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/tls.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace homeostat::net {

class HttpClient {
  public:
    HttpClient(boost::asio::any_io_executor executor, Endpoint endpoint, HttpLimits limits = {});
    HttpClient(boost::asio::any_io_executor executor, HttpsPeer peer, HttpLimits limits = {});
    ~HttpClient();
    HttpClient(HttpClient&& other) noexcept;
    HttpClient& operator=(HttpClient&& other) noexcept;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Sends the request and gives the whole reply, whatever its status.
    [[nodiscard]] Task<Result<HttpResponse>> request(HttpRequest request, Instant deadline);

    /// Lets go of the kept connection; the next request makes a fresh one.
    void disconnect();

    struct State;

  private:
    /// Owned by the client and by the request in flight: when an io_context is destroyed, frames
    /// that still wait in it are destroyed after the client.
    std::shared_ptr<State> state_;
};

/// One request on a connection of its own, which is closed afterwards. Errors as above.
[[nodiscard]] Task<Result<HttpResponse>> request_once(boost::asio::any_io_executor executor,
                                                      Endpoint endpoint,
                                                      HttpRequest request,
                                                      Instant deadline,
                                                      HttpLimits limits = {});

}  // namespace homeostat::net
