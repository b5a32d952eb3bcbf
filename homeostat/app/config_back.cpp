// From the Config back to the shape of the file.

#include "homeostat/app/config_check.hpp"
#include "homeostat/app/config_task_convert.hpp"
#include "homeostat/domain/remedy.hpp"

namespace homeostat::app {

namespace {

ProcessSection to_section(const ProcessConfig& process, const std::filesystem::path& run) {
    ProcessSection section;
    section.command = process.command;
    section.directory = process.directory;
    section.instances = static_cast<std::uint32_t>(process.ports.size());
    section.ports = process.ports;
    section.spares = process.spares;
    if (!process.versions_root.empty()) {
        section.versions = VersionsSection{process.versions_root};
    }
    if (!process.config_root.empty()) {
        section.config = VersionsSection{process.config_root};
    }
    section.run = run;
    section.stop_grace = process.stop_grace;
    return section;
}

RuntimeSection to_runtime(const Config& config) {
    RuntimeSection section;
    if (!config.kubernetes) {
        section.process = to_section(config.process, config.run_directory);
        return section;
    }
    KubernetesSection& kubernetes = section.kubernetes.emplace();
    kubernetes.config = *config.kubernetes;
    if (config.kubernetes->service) {
        kubernetes.service = KubernetesServiceSection{*config.kubernetes->service};
    }
    if (config.kubernetes->memory_bytes_max > 0) {
        kubernetes.resize_max = ResizeMaxSection{config.kubernetes->memory_bytes_max};
    }
    kubernetes.run = config.run_directory;
    return section;
}

SignalsSection to_signals(const Config& config) {
    SignalsSection section;
    if (config.http_signal) {
        section.http = HttpSignalSection{*config.http_signal};
    }
    if (config.prometheus_signal) {
        section.prometheus = PrometheusSignalSection{*config.prometheus_signal};
    }
    if (config.reads_logs) {
        section.logs = LogsSection{};
    }
    return section;
}

CacheSection to_file(const CacheConfig& cache) {
    CacheSection section;
    section.config = cache;
    section.redis = RedisSection{cache.redis};
    section.source = SourceSection{cache.source};
    if (cache.reroute) {
        section.reroute = RerouteSection{*cache.reroute};
    }
    return section;
}

NeighbourSection to_file(const NeighbourConfig& neighbour) {
    NeighbourSection section;
    section.config = neighbour;
    if (neighbour.agent) {
        section.agent = PeerSection{*neighbour.agent};
    }
    for (const ReducedModeConfig& mode : neighbour.reduced_modes) {
        section.reduced_modes.push_back({mode});
    }
    return section;
}

MeshSection to_file(const MeshConfig& mesh) {
    MeshSection section;
    section.config = mesh;
    for (const MeshCallerConfig& caller : mesh.callers) {
        section.callers.push_back({caller, {caller.agent}});
    }
    return section;
}

BlockSourcesSection to_file(const BlockSourcesConfig& sources) {
    BlockSourcesSection section;
    section.config = sources;
    for (const BlockFeedConfig& feed : sources.feeds) {
        section.feeds.push_back(
            {feed, feed.taxii ? std::optional(TaxiiSection{*feed.taxii}) : std::nullopt});
    }
    return section;
}

SinkSection to_file(const SinkConfig& sink) {
    SinkSection section;
    section.name = sink.name;
    section.required_for = sink.required_for;
    if (sink.postgres) {
        section.postgres = PostgresSinkSection{*sink.postgres};
    }
    if (sink.nats) {
        section.nats = NatsSinkSection{*sink.nats};
    }
    if (sink.webhook) {
        section.webhook = WebhookSinkSection{*sink.webhook};
    }
    return section;
}

ModelSection to_file(const ModelConfig& model) {
    ModelSection section;
    if (!model.file.empty()) {
        section.llama_server =
            LlamaServerSection{model.file, model.binary, model.memory_mib_max, model.readable};
    }
    section.url = model.url;
    section.api = model.api;
    section.name = model.name;
    section.token_file = model.token_file;
    section.deadline = model.deadline;
    section.calibration = model.calibration;
    return section;
}

AutonomySection to_autonomy(const Config& config) {
    const auto level = [&](RemedyKind kind) { return config.guard.autonomy_of(kind); };
    return {level(RemedyKind::eject),
            level(RemedyKind::open_circuit),
            level(RemedyKind::invalidate_cache),
            level(RemedyKind::reroute),
            level(RemedyKind::restart),
            level(RemedyKind::rolling_restart),
            level(RemedyKind::scale),
            level(RemedyKind::rollback),
            level(RemedyKind::resize),
            level(RemedyKind::pause_rollout),
            config.reduce_mode,
            config.block_source,
            config.guard.tasks};
}

RecordSection to_record(const Config& config) {
    RecordSection record;
    record.ledger = config.ledger_directory;
    record.sink = config.sink_file;
    for (const SinkConfig& sink : config.sinks) {
        record.sinks.push_back(to_file(sink));
    }
    record.index = config.index_file;
    record.key_file = config.key_file;
    for (const std::filesystem::path& witness : config.witness_files) {
        const auto words = config.witnesses_required_for.find(witness.string());
        record.witnesses.push_back({witness, words == config.witnesses_required_for.end()
                                                 ? std::vector<RequiredFor>()
                                                 : words->second});
    }
    record.pace = config.head_pace;
    record.keep = config.keep;
    return record;
}

std::optional<EdgeSection> to_edge(const Config& config) {
    if (config.haproxy) {
        return EdgeSection{HaproxySection{config.haproxy->socket, config.haproxy->backend,
                                          config.haproxy->servers},
                           std::nullopt};
    }
    if (config.envoy) {
        return EdgeSection{std::nullopt,
                           EnvoySection{config.envoy->admin, config.envoy->cluster,
                                        config.envoy->endpoints, config.envoy->directory}};
    }
    return {};
}

}  // namespace

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one key after another.
ConfigFile to_file(const Config& config) {
    ConfigFile file;
    file.service = config.service;
    file.runtime = to_runtime(config);
    file.signals = to_signals(config);
    if (config.journey) {
        file.journey = JourneySection{*config.journey};
    }
    if (config.flags) {
        file.flags = FlagsSection{FlagdSection{*config.flags}};
    }
    file.edge = to_edge(config);
    for (const NeighbourConfig& neighbour : config.neighbours) {
        file.neighbours.push_back(to_file(neighbour));
    }
    if (config.mesh) {
        file.mesh = to_file(*config.mesh);
    }
    if (config.block_sources) {
        file.block_sources = to_file(*config.block_sources);
    }
    for (const CacheConfig& cache : config.caches) {
        file.caches.push_back(to_file(cache));
    }
    for (const TaskConfig& task : config.tasks) {
        file.tasks.push_back(to_section(task));
    }
    file.changes = to_section(config.changes);
    file.notes = config.notes;
    file.glosses = config.glosses_file;
    file.goals = GoalsSection{config.availability_goal, config.latency_p99_goal};
    if (config.model) {
        file.model = to_file(*config.model);
    }
    file.guard = GuardSection{config.guard, config.proof_time, config.hold_for, config.question_for,
                              config.undo_for};
    for (const MaintenanceConfig& window : config.maintenance) {
        file.guard.maintenance.push_back({window});
    }
    if (config.fleet) {
        file.guard.fleet =
            FleetSection{config.fleet->limits, PostgresSinkSection{config.fleet->postgres}};
    }
    file.autonomy = to_autonomy(config);
    file.record = to_record(config);
    file.control =
        ControlSection{config.control_socket, config.switch_file, config.crash_loop_starts};
    if (!config.metrics_listen.empty()) {
        file.metrics = MetricsSection{config.metrics_listen};
    }
    if (config.approvals) {
        file.approvals = to_file(*config.approvals);
    }
    if (config.roles) {
        RolesSection& roles = file.roles.emplace(RolesSection{*config.roles, {}});
        for (const RoleAgent& agent : config.roles->agents) {
            roles.agents.push_back({agent});
        }
    }
    if (config.console) {
        file.console = ConsoleSection{*config.console};
    }
    for (const ChannelConfig& channel : config.channels) {
        file.notify.push_back({ChannelSection{channel}, channel.required_for});
    }
    file.oracle = config.oracle;
    return file;
}

}  // namespace homeostat::app
