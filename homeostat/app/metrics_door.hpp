#pragma once

// MetricsDoor: /metrics, /healthz and /readyz by TCP, for whoever may not open the control socket:
// a Prometheus on another machine, a kubelet.
//
// It is a door of its own and not the control API on a port: what is asked there passes a list of
// three, so nothing that changes anything can ever be reached by it. Whoever reaches the port reads
// the numbers of docs/metrics.md, the names of neighbours and feeds, and of sources that fail.
//
// Not thread-safe; lives on the strand of its executor. stop() is awaited before destruction.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/http_server.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <string>

namespace homeostat::app {

class MetricsDoor {
  public:
    /// `answer` is asked for those three pages only.
    MetricsDoor(boost::asio::any_io_executor executor, net::HttpAnswer answer);

    /// "0.0.0.0:9464": any address of this machine. ERRORS: as HttpServer::listen_openly.
    [[nodiscard]] Result<void> listen(const std::string& address);

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

    [[nodiscard]] Task<void> stop(Instant deadline);

  private:
    net::HttpAnswer answer_;
    net::HttpServer server_;
};

}  // namespace homeostat::app
