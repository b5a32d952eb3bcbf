#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"

#include "homeostat/adapters/telemetry/prometheus_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::telemetry {

namespace {

net::HttpClient client_of(const boost::asio::any_io_executor& strand, const net::Address& address) {
    return {strand, address.endpoint, net::HttpLimits{.body_bytes_max = metrics_bytes_max}};
}

}  // namespace

MetricsTelemetry::MetricsTelemetry(boost::asio::any_io_executor strand,
                                   ports::Clock& clock,
                                   MetricsOptions options)
    : strand_(std::move(strand)),
      clock_(clock),
      options_(std::move(options)),
      client_(client_of(strand_, options_.address)),
      name_("metrics " + options_.instance.text()) {}

/// False: the instance is nowhere now.
bool MetricsTelemetry::find_address() {
    if (!options_.address_now) {
        return true;
    }
    std::optional<net::Address> address = options_.address_now();
    if (!address) {
        return false;
    }
    const bool is_elsewhere = address->endpoint != options_.address.endpoint;
    options_.address = *std::move(address);
    if (is_elsewhere) {
        client_ = client_of(strand_, options_.address);
    }
    return true;
}

Task<Result<std::vector<Reading>>> MetricsTelemetry::read(Instant deadline) {
    if (options_.is_wanted && !options_.is_wanted()) {
        co_return std::vector<Reading>{};
    }
    if (!find_address()) {
        co_return std::vector<Reading>{};
    }
    const Instant answer_until = std::min(deadline, clock_.now() + options_.timeout);
    net::HttpRequest request;
    request.path = options_.address.path;
    const Result<net::HttpResponse> response =
        co_await client_.request(std::move(request), answer_until);
    if (!response) {
        co_return fail(name_, response.error());
    }
    if (response->status < 200 || response->status > 299) {
        co_return fail(Fault::refused, fmt::format("{}: status {}", name_, response->status));
    }
    Result<std::vector<std::pair<std::string, double>>> values = parse_prometheus(response->body);
    if (!values) {
        co_return fail(name_, values.error());
    }
    MetricsReading reading;
    reading.instance = options_.instance;
    reading.values = *std::move(values);
    reading.at = clock_.now();
    std::vector<Reading> readings;
    readings.emplace_back(std::move(reading));
    co_return readings;
}

}  // namespace homeostat::adapters::telemetry
