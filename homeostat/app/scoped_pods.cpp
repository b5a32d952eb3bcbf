#include "homeostat/app/scoped_pods.hpp"

#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"
#include "homeostat/app/declared.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <utility>
#include <variant>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace roles = adapters::roles;

}  // namespace

Result<std::unique_ptr<ScopedPods>> ScopedPods::make(const Config& config,
                                                     asio::any_io_executor executor,
                                                     ports::Clock& clock) {
    if (!config.http_signal) {
        return fail(Fault::invalid,
                    "signals: an agent of some pods sees them by its own requests alone; add "
                    "signals: [ { http: { path: /healthz } } ]");
    }
    return std::unique_ptr<ScopedPods>(new ScopedPods(config, std::move(executor), clock));
}

ScopedPods::ScopedPods(const Config& config, asio::any_io_executor executor, ports::Clock& clock)
    : config_(config), executor_(std::move(executor)), clock_(clock), until_stop_(executor_) {
    until_stop_.expires_at(asio::steady_timer::time_point::max());
}

std::function<std::optional<net::Address>()> ScopedPods::address_of(InstanceId instance,
                                                                    std::string path) const {
    return [this, instance = std::move(instance),
            path = std::move(path)]() -> std::optional<net::Address> {
        const auto found = places_.find(instance);
        return found == places_.end() ? std::nullopt
                                      : std::optional(net::Address{found->second.endpoint, path});
    };
}

void ScopedPods::add_watchers(std::vector<ports::Telemetry*>& sources,
                              const PerArtifact<VersionId>& /*known*/) {
    const auto add = [&](std::unique_ptr<ports::Telemetry> source) {
        sources.push_back(source.get());
        telemetry_.push_back(std::move(source));
    };
    for (std::size_t index = 0; index < config_.kubernetes->slots; ++index) {
        const InstanceId instance = instance_id(config_.service, index);
        adapters::telemetry::HttpProbeOptions probe;
        probe.subject = {SubjectKind::instance, instance.text()};
        probe.address_now = address_of(instance, config_.http_signal->path);
        probe.every = config_.http_signal->every;
        probe.timeout = config_.http_signal->timeout;
        add(std::make_unique<KeptProbe>(
            std::make_unique<adapters::telemetry::HttpProbe>(executor_, clock_, std::move(probe)),
            instance, seen_well_));
        if (!config_.prometheus_signal) {
            continue;
        }
        adapters::telemetry::MetricsOptions metrics;
        metrics.instance = instance;
        metrics.address_now = address_of(instance, config_.prometheus_signal->path);
        metrics.every = config_.prometheus_signal->every;
        add(std::make_unique<adapters::telemetry::MetricsTelemetry>(executor_, clock_,
                                                                    std::move(metrics)));
    }
}

Task<ports::Telemetry*> ScopedPods::wait_for_news() {
    boost::system::error_code cancelled;
    co_await until_stop_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    co_return telemetry_.front().get();
}

void ScopedPods::stop() {
    until_stop_.cancel();
}

std::vector<InstanceId> ScopedPods::instances_at(const roles::Scope& /*scope*/) {
    return {};  // Nobody is heard here.
}

bool ScopedPods::has_seen_well(const Symptom& symptom) const {
    return seen_well_.has(InstanceId(symptom.subject.name));
}

/// What is no address is nowhere. What was seen of a slot's last pod says nothing of its next one.
void ScopedPods::follow(const std::vector<roles::Place>& places) {
    std::map<InstanceId, Stand> places_now;
    for (const roles::Place& place : places) {
        const auto address = place.address ? net::parse_endpoint("http://" + *place.address)
                                           : fail(Fault::absent, "nowhere");
        const net::TcpEndpoint* tcp =
            address ? std::get_if<net::TcpEndpoint>(&address->endpoint) : nullptr;
        if (tcp == nullptr) {
            continue;
        }
        const bool is_beside_it = config_.roles->scope.kind == roles::ScopeKind::pod;
        const std::string loopback = tcp->host.contains(':') ? "::1" : "127.0.0.1";
        places_now[place.instance] = {
            place.pod, net::TcpEndpoint{is_beside_it ? loopback : tcp->host, tcp->port}};
    }
    for (const auto& [instance, before] : places_) {
        const auto found = places_now.find(instance);
        if (found == places_now.end() || found->second != before) {
            seen_well_.forget(instance);
        }
    }
    places_ = std::move(places_now);
}

}  // namespace homeostat::app
