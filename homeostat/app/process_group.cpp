#include "homeostat/app/process_group.hpp"

#include "homeostat/adapters/process/log_telemetry.hpp"
#include "homeostat/adapters/process/version_telemetry.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"
#include "homeostat/app/arrival_news.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/net/http_client.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::app {

namespace process = adapters::process;

Result<std::unique_ptr<ProcessGroup>> ProcessGroup::make(
    const Config& config,
    std::string boot_id,
    boost::asio::any_io_executor executor,
    ports::Clock& clock,
    std::function<void(const std::string&)> log) {
    std::unique_ptr<ProcessGroup> group(
        new ProcessGroup(config, std::move(boot_id), std::move(executor), clock, std::move(log)));
    auto runtime = process::Runtime::make(group->runtime_options(), clock);
    if (!runtime) {
        return std::unexpected(runtime.error());
    }
    group->runtime_ = *std::move(runtime);
    return group;
}

std::unique_ptr<ProcessGroup> ProcessGroup::watched(const Config& config,
                                                    std::string boot_id,
                                                    boost::asio::any_io_executor executor,
                                                    ports::Clock& clock,
                                                    std::function<void(const std::string&)> log) {
    return std::unique_ptr<ProcessGroup>(
        new ProcessGroup(config, std::move(boot_id), std::move(executor), clock, std::move(log)));
}

std::vector<ports::Actuator*> ProcessGroup::actuators() {
    return runtime_ ? std::vector<ports::Actuator*>{runtime_.get()}
                    : std::vector<ports::Actuator*>{};
}

ProcessGroup::ProcessGroup(const Config& config,
                           std::string boot_id,
                           boost::asio::any_io_executor executor,
                           ports::Clock& clock,
                           std::function<void(const std::string&)> log)
    : config_(config),
      boot_id_(std::move(boot_id)),
      executor_(std::move(executor)),
      clock_(clock),
      log_(std::move(log)) {}

bool ProcessGroup::is_beside_one() const {
    return !runtime_ && config_.roles && !config_.roles->scope.is_whole();
}

/// All of them, or the one that this process is beside.
std::vector<process::DeclaredInstance> ProcessGroup::instances_seen() const {
    std::vector<process::DeclaredInstance> instances = instances_of(config_);
    if (is_beside_one()) {
        std::erase_if(instances, [&](const process::DeclaredInstance& one) {
            return one.id.text() != config_.roles->scope.name;
        });
    }
    return instances;
}

std::vector<InstanceId> ProcessGroup::instances_at(const adapters::roles::Scope& scope) {
    std::vector<InstanceId> instances;
    for (const process::DeclaredInstance& one : instances_of(config_)) {
        if (scope.kind == adapters::roles::ScopeKind::instance && one.id.text() == scope.name) {
            instances.push_back(one.id);
        }
    }
    return instances;
}

process::Options ProcessGroup::runtime_options() {
    process::Options options = process_options_of(config_, shim_program().string());
    options.instances = instances_seen();
    if (config_.http_signal) {
        options.answers = [this](InstanceId instance, Instant deadline) {
            return answers(std::move(instance), deadline);
        };
        options.answer_within = config_.http_signal->timeout;
    }
    return options;
}

Task<bool> ProcessGroup::answers(InstanceId instance, Instant deadline) {
    for (const process::DeclaredInstance& declared : instances_of(config_)) {
        if (declared.id != instance) {
            continue;
        }
        net::HttpRequest request;
        request.path = config_.http_signal->path;
        net::Endpoint endpoint = net::TcpEndpoint{"127.0.0.1", declared.port};
        const Result<net::HttpResponse> response = co_await net::request_once(
            executor_, std::move(endpoint), std::move(request), deadline);
        co_return response && response->status >= 200 && response->status < 300;
    }
    co_return false;
}

void ProcessGroup::add_watchers(std::vector<ports::Telemetry*>& sources,
                                const PerArtifact<VersionId>& known) {
    const process::Options options = runtime_options();
    processes_ = &add<process::ProcessTelemetry>(sources, options, boot_id_, executor_, clock_);
    if (config_.reads_logs) {
        add<process::LogTelemetry>(sources, options, clock_);
    }
    const bool sees_whole = !config_.roles || config_.roles->scope.is_whole();
    for (const Artifact artifact : artifacts_started) {
        if (sees_whole && !options.roots[artifact].empty()) {  // Versions are of the whole.
            add<process::VersionTelemetry>(sources, options, artifact, known[artifact], clock_);
        }
    }
    add_probes(sources);
    add_metrics(sources);
}

void ProcessGroup::add_verifiers(std::vector<ports::Telemetry*>& sources) {
    add<process::ProcessTelemetry>(sources, runtime_options(), boot_id_, executor_, clock_);
    add_probes(sources);
}

/// Whether the instance ought to answer now; empty for those that always do.
std::function<bool()> ProcessGroup::wanted_check(const process::DeclaredInstance& instance) const {
    if (!instance.is_spare) {
        return {};
    }
    return [run = process::RunDirectory(config_.run_directory.string()), id = instance.id,
            boot_id = boot_id_] {
        const Result<process::InstanceState> state = process::look_at(run, id, boot_id);
        return state && process::is_wanted(true, *state);
    };
}

void ProcessGroup::add_metrics(std::vector<ports::Telemetry*>& sources) {
    if (!config_.prometheus_signal) {
        return;
    }
    for (const process::DeclaredInstance& instance : instances_seen()) {
        adapters::telemetry::MetricsOptions metrics;
        metrics.instance = instance.id;
        metrics.address = {net::TcpEndpoint{"127.0.0.1", instance.port},
                           config_.prometheus_signal->path};
        metrics.every = config_.prometheus_signal->every;
        metrics.is_wanted = wanted_check(instance);
        add<adapters::telemetry::MetricsTelemetry>(sources, executor_, clock_, std::move(metrics));
    }
}

void ProcessGroup::add_probes(std::vector<ports::Telemetry*>& sources) {
    if (!config_.http_signal) {
        return;
    }
    for (const process::DeclaredInstance& instance : instances_seen()) {
        adapters::telemetry::HttpProbeOptions probe;
        probe.subject = {SubjectKind::instance, instance.id.text()};
        probe.address = {net::TcpEndpoint{"127.0.0.1", instance.port}, config_.http_signal->path};
        probe.every = config_.http_signal->every;
        probe.timeout = config_.http_signal->timeout;
        probe.is_wanted = wanted_check(instance);
        if (is_beside_one()) {
            add<KeptProbe>(sources,
                           std::make_unique<adapters::telemetry::HttpProbe>(executor_, clock_,
                                                                            std::move(probe)),
                           instance.id, seen_well_);
        } else {
            add<adapters::telemetry::HttpProbe>(sources, executor_, clock_, std::move(probe));
        }
    }
}

bool ProcessGroup::has_seen_well(const Symptom& symptom) const {
    if (!is_beside_one()) {
        return true;
    }
    const InstanceId instance(symptom.subject.name);
    const std::vector<process::DeclaredInstance> seen = instances_seen();
    const auto declared = std::ranges::find(seen, instance, &process::DeclaredInstance::id);
    if (declared == seen.end()) {
        return false;
    }
    const Result<process::InstanceState> state =
        process::look_at(process::RunDirectory(config_.run_directory.string()), instance, boot_id_);
    if (!state || !process::is_wanted(declared->is_spare, *state)) {
        return state.has_value();  // A spare that nobody has started is not ill, and not probed.
    }
    return symptom.kind == SymptomKind::instance_down ? state->is_alive()
                                                      : seen_well_.has(instance);
}

Task<Result<void>> ProcessGroup::arrive(Instant deadline) {
    if (!runtime_) {
        co_return Result<void>{};
    }
    Result<process::Arrival> arrival = co_await runtime_->adopt_or_start(deadline);
    if (!arrival) {
        co_return std::unexpected(arrival.error());
    }
    app::tell(*arrival, config_.run_directory, log_);
    co_return Result<void>{};
}

Task<ports::Telemetry*> ProcessGroup::wait_for_news() {
    co_await processes_->wait_for_exit();
    co_return processes_;
}

Duration ProcessGroup::perform_for_max() const {
    return config_.process.stop_grace + std::chrono::seconds{20};
}

}  // namespace homeostat::app
