#pragma once

// HttpPeer: whom an HTTP call of a task goes to, with the headers of its file.
//
// Pure, but for reading the files that a call names.

#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/tls.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>
#include <variant>
#include <vector>

namespace homeostat::adapters::task {

struct HttpPeer {
    std::variant<net::Endpoint, net::HttpsPeer> at;
    std::string path{"/"};
    net::HttpHeaders headers;
    std::vector<std::string> secrets;  ///< The values of those headers.
};

/// ERRORS: invalid: an address, a file of headers or authorities that cannot be used; absent.
[[nodiscard]] Result<HttpPeer> peer_of(const HttpCall& call);

/// `effect` stands in Homeostat-Effect and in Idempotency-Key; empty: in neither.
[[nodiscard]] net::HttpRequest request_of(const HttpCall& call,
                                          const HttpPeer& peer,
                                          const std::string& effect);

[[nodiscard]] net::HttpClient client_of(boost::asio::any_io_executor executor,
                                        const HttpPeer& peer);

}  // namespace homeostat::adapters::task
