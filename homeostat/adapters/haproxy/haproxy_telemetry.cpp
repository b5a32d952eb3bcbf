#include "homeostat/adapters/haproxy/haproxy_telemetry.hpp"

#include "homeostat/os/clock.hpp"

namespace homeostat::adapters::haproxy {

namespace {

EdgeReading own_reading(const Options& options, const BackendView& view, Instant at) {
    EdgeReading reading;
    reading.subject = {SubjectKind::service, options.service.text()};
    reading.counters = view.counters;
    reading.at = at;
    for (const auto& [instance, name] : options.servers) {
        if (const ServerView* server = find_server(view, name)) {
            reading.servers.push_back({instance, server->counters, server->rotation});
        }
    }
    return reading;
}

}  // namespace

HaproxyTelemetry::HaproxyTelemetry(boost::asio::any_io_executor executor, Options options)
    : options_(std::move(options)),
      socket_(std::move(executor), options_.socket),
      name_("haproxy " + net::to_text(options_.socket)) {}

Task<Result<std::vector<Reading>>> HaproxyTelemetry::read(Instant deadline) {
    std::vector<std::string> backends{options_.backend};
    for (const NeighbourBackend& neighbour : options_.neighbours) {
        backends.push_back(neighbour.backend);
    }
    Result<std::vector<BackendView>> views = co_await socket_.look(std::move(backends), deadline);
    if (!views) {
        co_return std::unexpected(views.error());
    }
    const Instant at = os::read_boot_clock();
    std::vector<Reading> readings{own_reading(options_, views->front(), at)};
    for (std::size_t index = 0; index < options_.neighbours.size(); ++index) {
        EdgeReading reading;
        reading.subject = {SubjectKind::neighbour, options_.neighbours[index].service.text()};
        reading.counters = (*views)[index + 1].counters;
        reading.at = at;
        readings.emplace_back(std::move(reading));
    }
    co_return readings;
}

}  // namespace homeostat::adapters::haproxy
