#include "homeostat/adapters/envoy/envoy_telemetry.hpp"

#include "homeostat/os/clock.hpp"

namespace homeostat::adapters::envoy {

namespace {

EdgeReading own_reading(const Options& options, const ClusterView& view, Instant at) {
    EdgeReading reading;
    reading.subject = {SubjectKind::service, options.service.text()};
    reading.counters = view.counters;
    reading.at = at;
    for (const auto& [instance, hostname] : options.endpoints) {
        if (const HostView* host = find_host(view, hostname)) {
            reading.servers.push_back({instance, host->counters, host->rotation});
        }
    }
    return reading;
}

}  // namespace

EnvoyTelemetry::EnvoyTelemetry(Admin& admin)
    : admin_(admin), name_("envoy " + net::to_text(admin.options().admin)) {}

Task<Result<std::vector<Reading>>> EnvoyTelemetry::read(Instant deadline) {
    const Result<Look> look = co_await admin_.look(deadline);
    if (!look) {
        co_return std::unexpected(look.error());
    }
    const Instant at = os::read_boot_clock();
    const Options& options = admin_.options();
    std::vector<Reading> readings{own_reading(options, look->clusters.front(), at)};
    for (std::size_t index = 0; index < options.neighbours.size(); ++index) {
        EdgeReading reading;
        reading.subject = {SubjectKind::neighbour, options.neighbours[index].service.text()};
        reading.counters = look->clusters[index + 1].counters;
        reading.at = at;
        readings.emplace_back(std::move(reading));
    }
    co_return readings;
}

}  // namespace homeostat::adapters::envoy
