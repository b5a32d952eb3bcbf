#include "homeostat/app/journey.hpp"

#include "homeostat/net/endpoint.hpp"

namespace homeostat::app {

std::optional<adapters::telemetry::HttpProbeOptions> journey_of(const Config& config,
                                                                const LogLine& log) {
    if (!config.journey) {
        return std::nullopt;
    }
    const Result<net::Address> address = net::parse_endpoint(config.journey->url);
    if (!address) {
        log("journey: " + address.error().text);
        return std::nullopt;
    }
    adapters::telemetry::HttpProbeOptions probe;
    probe.observer = Observer::journey;
    probe.subject = {SubjectKind::service, config.service.text()};
    probe.address = *address;
    probe.every = config.journey->every;
    probe.timeout = config.journey->timeout;
    return probe;
}

}  // namespace homeostat::app
