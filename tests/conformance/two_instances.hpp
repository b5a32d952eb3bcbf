#pragma once

// TwoInstances: what every world with a real proxy has: a directory of its own, in which everything
// listens on UNIX sockets, two scripted instances, and the calls that go through the proxy.
//
// For tests only. A base of the worlds, though none of them is a port: their tests name its members
// as the world's own.

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include "scripted_instance.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace homeostat::conformance {

class TwoInstances {
  protected:
    TwoInstances() = default;
    ~TwoInstances() = default;
    net::TemporaryDirectory directory_;

  public:
    TwoInstances(const TwoInstances&) = delete;
    TwoInstances& operator=(const TwoInstances&) = delete;

    boost::asio::io_context context;
    ScriptedInstance p0{context, "payments-0", directory_.file("p0.sock")};
    ScriptedInstance p1{context, "payments-1", directory_.file("p1.sock")};

    [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }

    /// One request to one of the proxy's sockets, on a connection of its own.
    Task<Result<net::HttpResponse>> begin_call(const std::string& socket,
                                               const std::string& path,
                                               Duration within) {
        net::HttpRequest request;
        request.path = path;
        return net::request_once(context.get_executor(), net::UnixEndpoint{file(socket)},
                                 std::move(request), net::now_for_test() + within);
    }
    /// Through the edge, to one of the instances.
    Task<Result<net::HttpResponse>> begin_request(const std::string& path, Duration within) {
        return begin_call("edge.sock", path, within);
    }
    Result<net::HttpResponse> request(const std::string& path,
                                      Duration within = std::chrono::seconds{5}) {
        return net::run_for_test(context, begin_request(path, within));
    }
    /// What the service would get from `fraud`.
    Result<net::HttpResponse> call_fraud() { return call("fraud.sock"); }
    /// What it would read through the cache `quotes`: payments-0's answer, or payments-1's as the
    /// source.
    Result<net::HttpResponse> read_quotes() { return call("quotes.sock"); }

  private:
    Result<net::HttpResponse> call(const std::string& socket) {
        return net::run_for_test(context, begin_call(socket, "/", std::chrono::seconds{5}));
    }
};

}  // namespace homeostat::conformance
