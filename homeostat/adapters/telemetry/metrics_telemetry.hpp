#pragma once

// MetricsTelemetry: the numbers that one instance publishes about itself (GET /metrics).
//
// One source per instance, so that one that hangs delays only itself. No answer, a status other
// than 2xx and a page that breaks the format are errors: what an instance does not say is absent.
// The connection is kept: whether the instance accepts new ones is the probe's question.
//
// Not thread-safe; lives on one strand.

#include "homeostat/domain/ids.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <optional>
#include <string>

namespace homeostat::adapters::telemetry {

struct MetricsOptions {
    InstanceId instance;
    net::Address address;
    Duration every{std::chrono::seconds{1}};
    /// A page is made by the service's own threads; one that takes longer disturbs it.
    Duration timeout{std::chrono::milliseconds{500}};
    std::function<bool()> is_wanted;  ///< False: nobody ought to answer, and nothing is asked.
    /// As of HttpProbe. Another endpoint is another connection.
    std::function<std::optional<net::Address>()> address_now{};
};

class MetricsTelemetry final : public ports::Telemetry {
  public:
    /// REQUIRES: `clock` outlives it.
    MetricsTelemetry(boost::asio::any_io_executor strand,
                     ports::Clock& clock,
                     MetricsOptions options);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return options_.every; }

    /// One MetricsReading. ERRORS: those of HttpClient, refused (a status that is not 2xx).
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    [[nodiscard]] bool find_address();

    boost::asio::any_io_executor strand_;
    ports::Clock& clock_;
    MetricsOptions options_;
    net::HttpClient client_;
    std::string name_;
};

}  // namespace homeostat::adapters::telemetry
