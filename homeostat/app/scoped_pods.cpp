#include "homeostat/app/scoped_pods.hpp"

#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"
#include "homeostat/app/declared.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>
#include <variant>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace roles = adapters::roles;

/// A probe that keeps what its last request came to.
class KeptProbe final : public ports::Telemetry {
  public:
    KeptProbe(std::unique_ptr<ports::Telemetry> probe, std::function<void(bool)> keep)
        : probe_(std::move(probe)), keep_(std::move(keep)) {}

    [[nodiscard]] std::string_view name() const override { return probe_->name(); }
    [[nodiscard]] Duration interval() const override { return probe_->interval(); }

    Task<Result<std::vector<Reading>>> read(Instant deadline) override {
        Result<std::vector<Reading>> readings = co_await probe_->read(deadline);
        const auto* probe = readings && !readings->empty()
                                ? std::get_if<ProbeReading>(&readings->front())
                                : nullptr;
        keep_(probe != nullptr && probe->has_answered && probe->status >= 200 &&
              probe->status < 300);
        co_return readings;
    }

  private:
    std::unique_ptr<ports::Telemetry> probe_;
    std::function<void(bool)> keep_;
};

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
                                      : std::optional(net::Address{found->second, path});
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
            [this, instance](bool is_well) { answered_[instance] = is_well; }));
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
    const auto found = answered_.find(InstanceId(symptom.subject.name));
    return found != answered_.end() && found->second;
}

/// What is no address is nowhere.
void ScopedPods::follow(const std::vector<roles::Place>& places) {
    places_.clear();
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
        places_[place.instance] = net::TcpEndpoint{is_beside_it ? loopback : tcp->host, tcp->port};
    }
}

}  // namespace homeostat::app
