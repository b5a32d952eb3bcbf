#include "homeostat/app/metrics_door.hpp"

#include "homeostat/net/endpoint.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::array<std::string_view, 3> pages{"/metrics", "/healthz", "/readyz"};

/// A scraper or two, and a kubelet.
net::HttpServerLimits limits() {
    return {.connections_max = 16, .body_bytes_max = 0, .streams_max = 0};
}

Task<net::HttpResponse> refuse(int status, std::string text) {
    co_return net::HttpResponse{
        .status = status, .body = std::move(text), .content_type = "text/plain"};
}

Task<net::HttpResponse> answer_stranger(const net::HttpAnswer& answer, net::HttpRequest request) {
    if (std::ranges::find(pages, request.path) == pages.end()) {
        return refuse(404, "here are /metrics, /healthz and /readyz, and nothing else\n");
    }
    if (request.method != "GET") {
        return refuse(405, "this is read and not written: GET\n");
    }
    return answer(std::move(request));
}

}  // namespace

MetricsDoor::MetricsDoor(boost::asio::any_io_executor executor, net::HttpAnswer answer)
    : answer_(std::move(answer)),
      server_(
          std::move(executor),
          [this](net::HttpRequest request) { return answer_stranger(answer_, std::move(request)); },
          limits()) {}

Result<void> MetricsDoor::listen(const std::string& address) {
    const Result<net::Address> parsed = net::parse_endpoint("http://" + address);
    return parsed ? server_.listen_openly(parsed->endpoint) : std::unexpected(parsed.error());
}

Task<void> MetricsDoor::stop(Instant deadline) {
    co_await server_.stop(deadline);
}

}  // namespace homeostat::app
