#pragma once

// HaproxyTelemetry: the edge's counters of the guarded service and of its neighbours.
//
// All backends are read in one exchange, so that their figures belong to one moment. If HAProxy
// does not answer, or does not know one of them, there is no reading at all: a zero would look like
// health. A server that HAProxy does not know is left out.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/haproxy/options.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::haproxy {

class HaproxyTelemetry final : public ports::Telemetry {
  public:
    /// REQUIRES: check(options) found nothing.
    HaproxyTelemetry(boost::asio::any_io_executor executor, Options options);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return options_.interval; }
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Options options_;
    RuntimeSocket socket_;
    std::string name_;
};

}  // namespace homeostat::adapters::haproxy
