#include "homeostat/app/kubernetes_group.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/config_telemetry.hpp"
#include "homeostat/adapters/kubernetes/obstacle_telemetry.hpp"
#include "homeostat/adapters/kubernetes/rollout_pause.hpp"
#include "homeostat/adapters/kubernetes/rollout_telemetry.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/incident_events.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace kubernetes = adapters::kubernetes;
namespace roles = adapters::roles;
using namespace std::chrono_literals;

constexpr Duration found_within = 15s;
constexpr Duration look_again_after = 50ms;

/// ERRORS: absent: it was not seen yet, or is there no more; of what it holds.
Result<kubernetes::DeploymentView> deployment_in(const kubernetes::ObjectsSeen& seen,
                                                 const std::string& name) {
    const auto found = seen.objects.find(name);
    return found == seen.objects.end() ? fail(Fault::absent, "not seen yet")
                                       : kubernetes::parse_deployment(found->second.parsed());
}

/// The same after a restart, another for each agent: a pod's name is its host's, and two agents on
/// one host have ledgers of their own.
std::string identity_of(const Config& config) {
    std::array<char, 256> host{};
    (void)::gethostname(host.data(), host.size() - 1);
    return fmt::format("{}:{}", host.data(), config.ledger_directory.string());
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): what a group stands in.
Result<std::unique_ptr<KubernetesGroup>> KubernetesGroup::make(
    const Config& config,
    ClusterLink& link,
    asio::any_io_executor executor,
    ports::Clock& clock,
    std::function<void(const std::string&)> log,
    ProcessRole role) {
    auto place = link.find(config, clock.now() + found_within);
    if (!place) {
        return std::unexpected(place.error());
    }
    if (const Result<void> made = os::make_directories(place->options.run_directory); !made) {
        return fail("runtime.kubernetes.run", made.error());
    }
    auto slots = role == ProcessRole::agent
                     ? kubernetes::Slots::followed(config.service, place->options.slots_count)
                     : kubernetes::Slots::open(config.service, place->options.slots_count,
                                               place->options.run_directory + "/slots.json");
    if (!slots) {
        return fail("runtime.kubernetes.run", slots.error());
    }
    auto api = link.api();
    if (!api) {
        return std::unexpected(api.error());
    }
    // Of two roles each has a file.
    const std::string past = role == ProcessRole::agent ? "/configs_seen.json" : "/configs.json";
    auto configs = kubernetes::ConfigHistory::open(config.service, place->options.configs,
                                                   place->options.run_directory + past);
    if (!configs) {
        return fail("runtime.kubernetes.run", configs.error());
    }
    Found found{*std::move(place), *std::move(slots), *std::move(configs), link, **api};
    return std::unique_ptr<KubernetesGroup>(
        new KubernetesGroup(config, std::move(found), std::move(executor), clock, std::move(log)));
}

KubernetesGroup::KubernetesGroup(const Config& config,
                                 Found found,
                                 asio::any_io_executor executor,
                                 ports::Clock& clock,
                                 std::function<void(const std::string&)> log)
    : config_(config),
      place_(std::move(found.place)),
      executor_(std::move(executor)),
      clock_(clock),
      log_(std::move(log)),
      slots_(std::move(found.slots)),
      link_(found.link),
      api_(found.api),
      config_history_(std::move(found.config_history)),
      incident_objects_(config_.kubernetes->incidents_kept) {
    if (config_.http_signal) {
        place_.options.answers = [this](std::string ip, Instant deadline) {
            return answers(std::move(ip), deadline);
        };
    }
    deployments_ = link_.watch_name(place_.options, kubernetes::deployments_path(place_.options),
                                    place_.options.deployment);
    opt_out_ =
        std::make_unique<kubernetes::OptOut>(place_.options, kubernetes::seen_by(*deployments_));
    replica_sets_ = link_.watch_labels(
        place_.options, kubernetes::replica_sets_path(place_.options, place_.selector),
        place_.selector);
    pods_ = link_.watch_labels(
        place_.options, kubernetes::pods_path(place_.options, place_.selector), place_.selector);
    const kubernetes::GroupSeen seen{kubernetes::seen_by(*deployments_),
                                     kubernetes::seen_by(*replica_sets_),
                                     kubernetes::seen_by(*pods_)};
    group_ = std::make_unique<kubernetes::Group>(place_.options, seen, slots_, clock_);
    if (!slots_.is_followed()) {
        runtime_ =
            std::make_unique<kubernetes::KubernetesRuntime>(place_.options, api_, slots_, clock_);
        runtime_->glance_at(*group_);
    }
    watch_configs();
    if (!place_.options.switch_object.empty()) {
        switches_ = link_.watch_one(place_.options, kubernetes::switches_path(place_.options),
                                    place_.options.switch_object);
        switch_ = std::make_unique<kubernetes::SwitchObject>(
            place_.options, kubernetes::seen_by(*switches_), clock_);
    }
    if (!place_.options.lease.empty()) {
        lease_use_ = link_.lease(place_.options, identity_of(config_));
        lease_ = &lease_use_->lease();
    }
    if (config_.kubernetes->writes_events) {
        events_ = std::make_unique<kubernetes::EventWriter>(
            api_, clock_, place_.options,
            kubernetes::EventWriterOptions{.uid = [this] { return deployment_uid(); },
                                           .log = log_});
    }
    if (config_.kubernetes->writes_incidents) {
        incidents_ = std::make_unique<kubernetes::IncidentWriter>(
            api_, clock_, place_.options,
            kubernetes::IncidentWriterOptions{.uid = [this] { return deployment_uid(); },
                                              .log = log_});
    }
    if (config_.kubernetes->service) {
        make_edge();
    }
}

/// None are watched where none are named.
void KubernetesGroup::watch_configs() {
    if (place_.options.configs.empty()) {
        return;
    }
    std::vector<kubernetes::KindSeen> seen;
    for (const std::string& name : place_.options.configs) {
        config_maps_.push_back(link_.watch_one(
            place_.options, kubernetes::config_maps_path(place_.options, name), name));
        seen.push_back(kubernetes::seen_by(*config_maps_.back()));
    }
    configs_ = std::make_unique<kubernetes::Configs>(place_.options, std::move(seen),
                                                     config_history_, clock_);
    if (runtime_) {
        runtime_->know(*configs_);
    }
}

Task<bool> KubernetesGroup::answers(std::string ip, Instant deadline) {
    net::HttpRequest request;
    request.path = config_.http_signal->path;
    net::Endpoint endpoint = net::TcpEndpoint{std::move(ip), place_.pod_port};
    const Result<net::HttpResponse> response =
        co_await net::request_once(executor_, std::move(endpoint), std::move(request), deadline);
    co_return response && response->status >= 200 && response->status < 300;
}

std::vector<ports::Actuator*> KubernetesGroup::actuators() {
    if (!runtime_) {
        return {};
    }
    std::vector<ports::Actuator*> actuators{runtime_.get()};
    if (edge_) {
        actuators.push_back(edge_.get());
    }
    return actuators;
}

void KubernetesGroup::add_watchers(std::vector<ports::Telemetry*>& sources,
                                   const PerArtifact<VersionId>& known) {
    pod_watcher_ = &add<kubernetes::PodTelemetry>(sources, *group_, *pods_, clock_);
    add<kubernetes::ObstacleTelemetry>(sources, *group_, link_.events(place_.options), clock_);
    add<kubernetes::RolloutTelemetry>(sources, *group_, known.deploy, clock_);
    if (configs_) {
        add<kubernetes::ConfigTelemetry>(sources, *configs_, config_.service, known.config, clock_);
    }
    add_probes(sources);
    add_metrics(sources);
    if (edge_) {
        add<kubernetes::ServiceEdgeTelemetry>(sources, *edge_, config_.service);
    }
}

void KubernetesGroup::add_verifiers(std::vector<ports::Telemetry*>& sources) {
    add<kubernetes::PodTelemetry>(sources, *group_, *pods_, clock_);
    add_probes(sources);
    if (edge_) {
        add<kubernetes::ServiceEdgeTelemetry>(sources, *edge_, config_.service);
        add_journey(sources);
    }
}

/// The same for whoever watches and whoever verifies: a probe keeps nothing from one request to the
/// next.
void KubernetesGroup::add_probes(std::vector<ports::Telemetry*>& sources) {
    if (config_.http_signal && probes_.empty()) {
        make_probes();
    }
    sources.insert(sources.end(), probes_.begin(), probes_.end());
}

void KubernetesGroup::make_probes() {
    for (const kubernetes::Slot& slot : slots_.all()) {
        adapters::telemetry::HttpProbeOptions probe;
        probe.subject = {SubjectKind::instance, slot.instance.text()};
        probe.address_now = kubernetes::pod_address(*group_, slot.instance, place_.pod_port,
                                                    config_.http_signal->path);
        probe.every = config_.http_signal->every;
        probe.timeout = config_.http_signal->timeout;
        add<adapters::telemetry::HttpProbe>(probes_, executor_, clock_, std::move(probe));
    }
}

void KubernetesGroup::add_metrics(std::vector<ports::Telemetry*>& sources) {
    if (!config_.prometheus_signal) {
        return;
    }
    for (const kubernetes::Slot& slot : slots_.all()) {
        adapters::telemetry::MetricsOptions metrics;
        metrics.instance = slot.instance;
        metrics.address_now = kubernetes::pod_address(*group_, slot.instance, place_.pod_port,
                                                      config_.prometheus_signal->path);
        metrics.every = config_.prometheus_signal->every;
        add<adapters::telemetry::MetricsTelemetry>(sources, executor_, clock_, std::move(metrics));
    }
}

std::vector<roles::Place> KubernetesGroup::places() {
    (void)group_->look();  // Takes the pods of now; without a view those of before.
    std::vector<roles::Place> places;
    for (const kubernetes::Slot& slot : slots_.all()) {
        const std::optional<std::string> ip =
            place_.pod_port == 0 ? std::nullopt : group_->ip_of(slot.instance);
        roles::Place place{slot.instance, slot.pod ? slot.pod->uid : "", slot.is_wanted, {}};
        if (ip) {
            place.address = net::to_text(net::TcpEndpoint{*ip, place_.pod_port});
        }
        places.push_back(std::move(place));
    }
    return places;
}

std::vector<InstanceId> KubernetesGroup::instances_at(const roles::Scope& scope) {
    (void)group_->look();
    std::vector<InstanceId> instances;
    for (const kubernetes::Slot& slot : slots_.all()) {
        const bool is_there =
            slot.pod && ((scope.kind == roles::ScopeKind::pod && slot.pod->name == scope.name) ||
                         (scope.kind == roles::ScopeKind::node && slot.pod->node == scope.name));
        if (is_there) {
            instances.push_back(slot.instance);
        }
    }
    return instances;
}

void KubernetesGroup::follow(const std::vector<adapters::roles::Place>& places) {
    std::vector<kubernetes::SlotPlace> told;
    for (const adapters::roles::Place& one : places) {
        told.push_back({one.instance, one.pod, one.is_wanted});
    }
    slots_.follow(told);
}

std::string KubernetesGroup::describe_pods() const {
    std::string text;
    for (const kubernetes::Slot& slot : slots_.all()) {
        if (slot.pod) {
            text += fmt::format("{}{} is {}", text.empty() ? "" : ", ", slot.instance.text(),
                                slot.pod->name);
        }
    }
    return text.empty() ? "no pod" : text;
}

/// Once each time that it changes.
void KubernetesGroup::tell_of_slots() {
    std::string trouble;
    if (const std::optional<Error>& file = group_->file_trouble()) {
        trouble = file->text + "; no pod is evicted until that can be written";
    } else if (slots_.pods_left_out_count() > 0) {
        trouble =
            fmt::format("pods without one, not seen one by one: {}; raise runtime.kubernetes.slots",
                        slots_.pods_left_out_count());
    }
    if (configs_ && configs_->file_trouble() && trouble.empty()) {
        trouble = configs_->file_trouble()->text + "; what ConfigMaps hold is not kept until then";
    }
    if (trouble != told_of_slots_) {
        log_("slots of " + config_.service.text() + ": " +
             (trouble.empty() ? "all is well again" : trouble));
        told_of_slots_ = std::move(trouble);
    }
}

/// Empty: it is not known, or there is none.
std::string KubernetesGroup::deployment_uid() const {
    const auto view = deployment_in(deployments_->seen(), place_.options.deployment);
    return view ? view->uid : std::string();
}

Duration KubernetesGroup::perform_for_max() const {
    constexpr Duration longest = std::chrono::seconds{20};
    return lease_ ? std::min(longest, kubernetes::effect_for_max({})) : longest;
}

std::vector<OtherSwitch> KubernetesGroup::kill_switches() {
    std::vector<OtherSwitch> switches{{opt_out_.get(), [this] { return opt_out_->reason(); }}};
    if (switch_) {
        switches.push_back({switch_.get(), [this] { return switch_->reason(); }});
    }
    if (lease_) {
        switches.push_back({lease_, [this] { return lease_->reason(); }});
    }
    return switches;
}

void KubernetesGroup::tell(const EntryGroup& group, const std::string& ledger) {
    if (events_) {
        for (kubernetes::ObjectEvent& event : events_of(group)) {
            events_->tell(std::move(event));
        }
        for (kubernetes::ObjectEvent& event : node_events_.learn(group)) {
            events_->tell(std::move(event));
        }
    }
    if (incidents_) {
        const bool is_news = incident_objects_.learn(group);
        if (is_news || !is_caught_up_) {
            incidents_->want(incident_objects_.all(ledger));
            is_caught_up_ = true;
        }
    }
}

void KubernetesGroup::recall(const EntryGroup& group) {
    static_cast<void>(node_events_.learn(group));  // Told of before we were started anew.
    if (incidents_) {
        incident_objects_.learn(group);
    }
}

std::optional<ShownFigures> KubernetesGroup::shown() const {
    return incidents_ ? std::optional(ShownFigures{incidents_->unwritten_count(),
                                                   incidents_->failures_count()})
                      : std::nullopt;
}

std::vector<kubernetes::WatchedKind*> KubernetesGroup::watches() const {
    std::vector watches{deployments_.get(), replica_sets_.get(), pods_.get()};
    if (switches_) {
        watches.push_back(switches_.get());
    }
    for (const auto& watch : config_maps_) {
        watches.push_back(watch.get());
    }
    if (slice_objects_) {
        watches.push_back(slice_objects_.get());
    }
    return watches;
}

/// Each time that it says something else, until the watch is stopped.
Task<void> KubernetesGroup::tell_of_switch() {
    std::string told;
    bool is_first = true;
    while (!is_stopping_) {
        const std::uint64_t known = switches_->changes_count();
        std::string reason = switch_->reason();
        const bool is_listed = switches_->seen().resource_version > 0 || switches_->trouble();
        if (is_listed && (is_first ? !reason.empty() : reason != told)) {
            log_(reason.empty() ? "the ConfigMap suspends us no more" : "suspended: " + reason);
        }
        if (is_listed) {
            told = std::move(reason);
            is_first = false;
        }
        co_await switches_->wait_for_change(known);
    }
}

/// What its owner says of it. One task for both, which keeps nothing of what it reads: a process
/// may have a thousand of them, that wait.
Task<void> KubernetesGroup::tell_of_owner() {
    std::string told;
    bool was_paused = false;
    while (!is_stopping_) {
        const std::uint64_t known = deployments_->changes_count();
        if (std::string reason = opt_out_->reason(); reason != told) {
            log_(reason.empty() ? "the Deployment's owner lets us act again"
                                : "nothing is done: " + reason);
            told = std::move(reason);
        }
        was_paused = tell_of_pause(was_paused);
        co_await deployments_->wait_for_change(known);
    }
}

/// What its controller does not roll out we do not roll back. Says whether it is paused now.
bool KubernetesGroup::tell_of_pause(bool was_paused) {
    const auto view = deployment_in(deployments_->seen(), place_.options.deployment);
    const bool is_paused = view && view->is_paused;
    if (is_paused != was_paused) {
        const bool is_ours = is_paused && kubernetes::pause_note_of(*view).has_value();
        log_(is_ours     ? "the Deployment is paused by us; its number is not touched"
             : is_paused ? "the Deployment is paused: its version and its number are not touched"
                         : "the Deployment is paused no more");
    }
    return is_paused;
}

Task<Result<void>> KubernetesGroup::arrive(Instant deadline) {
    deadline = link_.listed_by(place_.options.name_space, deadline);
    for (kubernetes::WatchedKind* watch : watches()) {
        asio::co_spawn(executor_, watch->run(), asio::detached);
    }
    asio::co_spawn(executor_, tell_of_owner(), asio::detached);
    if (switches_) {
        asio::co_spawn(executor_, tell_of_switch(), asio::detached);
    }
    if (events_) {
        asio::co_spawn(executor_, events_->run(), asio::detached);
    }
    if (incidents_) {
        asio::co_spawn(executor_, incidents_->run(), asio::detached);
    }
    if (edge_) {
        asio::co_spawn(executor_, edge_->run(), asio::detached);
    }
    while (true) {
        const auto view = group_->look();
        if (view) {
            log_(fmt::format("deployment {}/{}: {}", place_.options.name_space,
                             place_.options.deployment, describe_pods()));
            tell_of_slots();
            co_return Result<void>{};
        }
        if (clock_.now() >= deadline) {
            co_return fail("runtime.kubernetes", view.error());
        }
        co_await clock_.sleep_until(clock_.now() + look_again_after);
    }
}

Task<ports::Telemetry*> KubernetesGroup::wait_for_news() {
    co_await pod_watcher_->wait_for_change();
    tell_of_slots();
    co_return pod_watcher_;
}

void KubernetesGroup::stop() {
    is_stopping_ = true;
    lease_use_.reset();
    if (events_) {
        events_->stop();
    }
    if (incidents_) {
        incidents_->stop();
    }
    for (kubernetes::WatchedKind* watch : watches()) {
        watch->stop();
    }
    if (edge_) {
        edge_->stop();
    }
}

}  // namespace homeostat::app
