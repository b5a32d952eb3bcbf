// From the shape of the file to the Config, and back.

#include "homeostat/app/config_check.hpp"
#include "homeostat/domain/remedy.hpp"

#include <utility>

namespace homeostat::app {

namespace {

constexpr std::string_view default_directory = "var";

/// Makes paths absolute, and gives those that were left out a place below `base`.
class Paths {
  public:
    Paths(const std::filesystem::path& base, const ServiceId& service)
        : base_(base), own_(base / default_directory / service.text()) {}

    [[nodiscard]] std::filesystem::path of(const std::filesystem::path& path) const {
        return path.empty() ? path : (base_ / path).lexically_normal();
    }
    [[nodiscard]] std::filesystem::path of(const std::filesystem::path& path,
                                           std::string_view otherwise) const {
        return path.empty() ? (own_ / otherwise).lexically_normal() : of(path);
    }
    /// A program without a slash is looked for in PATH, as in a shell.
    [[nodiscard]] std::filesystem::path of_program(const std::filesystem::path& path) const {
        return path.has_parent_path() ? of(path) : path;
    }

  private:
    std::filesystem::path base_;
    std::filesystem::path own_;
};

ProcessConfig to_config(const ProcessSection& section, const Paths& paths) {
    ProcessConfig process;
    process.command = section.command;
    process.directory =
        section.versions ? "" : paths.of(section.directory.empty() ? "." : section.directory);
    process.ports = ports_of(section);
    process.spares = section.spares;
    process.versions_root = section.versions ? paths.of(section.versions->root) : "";
    process.config_root = section.config ? paths.of(section.config->root) : "";
    process.stop_grace = section.stop_grace;
    return process;
}

void set_runtime(const RuntimeSection& section, const Paths& paths, Config& config) {
    if (section.kubernetes) {
        KubernetesConfig& kubernetes = config.kubernetes.emplace(section.kubernetes->config);
        if (section.kubernetes->service) {
            kubernetes.service = section.kubernetes->service->config;
        }
        kubernetes.kubeconfig = paths.of(kubernetes.kubeconfig);
        config.run_directory = paths.of(section.kubernetes->run, "run");
        return;
    }
    config.process = to_config(section.here(), paths);
    config.run_directory = paths.of(section.here().run, "run");
}

ModelConfig to_config(const ModelSection& section, const Paths& paths) {
    ModelConfig model;
    if (section.llama_server) {
        model.file = paths.of(section.llama_server->file);
        model.binary = paths.of_program(section.llama_server->binary);
        model.memory_mib_max = section.llama_server->memory_mib_max;
        for (const std::filesystem::path& path : section.llama_server->readable) {
            model.readable.push_back(paths.of(path));
        }
    }
    model.url = section.url;
    model.api = section.api;
    model.name = section.name;
    model.deadline = section.deadline;
    model.calibration = paths.of(section.calibration);
    return model;
}

CacheConfig to_config(const CacheSection& section) {
    CacheConfig cache = section.config;
    cache.redis = section.redis.config;
    cache.source = section.source.config;
    if (section.reroute) {
        cache.reroute = section.reroute->config;
    }
    return cache;
}

NeighbourConfig to_config(const NeighbourSection& section) {
    NeighbourConfig neighbour = section.config;
    if (section.agent) {
        neighbour.agent = section.agent->config;
    }
    for (const ReducedModeSection& mode : section.reduced_modes) {
        neighbour.reduced_modes.push_back(mode.config);
    }
    return neighbour;
}

MeshConfig to_config(const MeshSection& section, const Paths& paths) {
    MeshConfig mesh = section.config;
    mesh.key_file = paths.of(section.config.key_file, "mesh.key");
    mesh.epoch_file = mesh.key_file.string() + ".epoch";
    mesh.mode_file = paths.of(section.config.mode_file);
    for (const MeshCallerSection& caller : section.callers) {
        mesh.callers.push_back({caller.config.service, caller.agent.config, caller.config.modes});
    }
    return mesh;
}

BlockSourcesConfig to_config(const BlockSourcesSection& section, const Paths& paths) {
    BlockSourcesConfig sources = section.config;
    for (const BlockFeedSection& feed : section.feeds) {
        BlockFeedConfig& config = sources.feeds.emplace_back(feed.config);
        config.key_file = paths.of(feed.config.key_file);
        if (feed.taxii) {
            config.taxii = feed.taxii->config;
            config.taxii->login_file = paths.of(feed.taxii->config.login_file);
            config.taxii->token_file = paths.of(feed.taxii->config.token_file);
        }
    }
    return sources;
}

SinkConfig to_config(const SinkSection& section, const Paths& paths) {
    SinkConfig sink{.name = name_of(section), .postgres = {}, .nats = {}, .webhook = {}};
    if (section.postgres) {
        sink.postgres = section.postgres->config;
        sink.postgres->url.file = paths.of(section.postgres->config.url.file);
    }
    if (section.nats) {
        sink.nats = section.nats->config;
        sink.nats->named.file = paths.of(section.nats->config.named.file);
    }
    if (section.webhook) {
        sink.webhook = section.webhook->config;
        sink.webhook->headers_file = paths.of(section.webhook->config.headers_file);
        sink.webhook->authorities = paths.of(section.webhook->config.authorities);
    }
    return sink;
}

guard::Limits to_config(const GuardSection& section, const AutonomySection& autonomy) {
    guard::Limits limits = section.limits;
    limits.autonomy = {{RemedyKind::eject, autonomy.eject},
                       {RemedyKind::open_circuit, autonomy.open_circuit},
                       {RemedyKind::invalidate_cache, autonomy.invalidate_cache},
                       {RemedyKind::reroute, autonomy.reroute},
                       {RemedyKind::restart, autonomy.restart},
                       {RemedyKind::rolling_restart, autonomy.rolling_restart},
                       {RemedyKind::scale, autonomy.scale},
                       {RemedyKind::rollback, autonomy.rollback}};
    return limits;
}

void set_signals(const SignalsSection& section, Config& config) {
    if (section.http) {
        config.http_signal = section.http->config;
    }
    if (section.prometheus) {
        config.prometheus_signal = section.prometheus->config;
    }
    config.reads_logs = section.logs.has_value();
}

void set_people(const ConfigFile& file, const Paths& paths, Config& config) {
    if (file.console) {
        config.console = file.console->config;
        config.console->key_file = paths.of(file.console->config.key_file, "console.key");
    }
    for (const NotifySection& section : file.notify) {
        ChannelConfig& channel = config.channels.emplace_back(section.webhook.config);
        channel.url_file = paths.of(channel.url_file);
        channel.authorities = paths.of(channel.authorities);
    }
}

void set_edge(const EdgeSection& edge, const Paths& paths, Config& config) {
    const std::size_t count = config.process.ports.size();
    if (edge.haproxy) {
        config.haproxy = HaproxyConfig{.socket = paths.of(edge.haproxy->socket),
                                       .backend = edge.haproxy->backend,
                                       .servers = servers_of(edge.haproxy->servers, count)};
    }
    if (edge.envoy) {
        config.envoy = EnvoyConfig{.admin = edge.envoy->admin,
                                   .cluster = edge.envoy->cluster,
                                   .endpoints = servers_of(edge.envoy->endpoints, count),
                                   .directory = paths.of(edge.envoy->directory)};
    }
}

void set_record(const RecordSection& record, const Paths& paths, Config& config) {
    config.ledger_directory = paths.of(record.ledger, "ledger");
    config.sink_file = paths.of(record.sink);
    for (const SinkSection& sink : record.sinks) {
        config.sinks.push_back(to_config(sink, paths));
    }
    config.sinks_directory = config.ledger_directory.string() + ".sinks";
    config.index_file = paths.of(record.index, "ledger.index");
    config.key_file = paths.of(record.key_file, "ledger.key");
    for (const WitnessSection& witness : record.witnesses) {
        config.witness_files.push_back(paths.of(witness.file));
    }
    config.head_pace = record.pace;
    config.keep = record.keep;
}

}  // namespace

Config to_config(const ConfigFile& file, const std::filesystem::path& base) {
    const Paths paths(base, file.service);
    Config config;
    config.service = file.service;
    set_runtime(file.runtime, paths, config);
    set_signals(file.signals, config);
    if (file.journey) {
        config.journey = file.journey->config;
    }
    if (file.edge) {
        set_edge(*file.edge, paths, config);
    }
    for (const NeighbourSection& neighbour : file.neighbours) {
        config.neighbours.push_back(to_config(neighbour));
    }
    if (file.mesh) {
        config.mesh = to_config(*file.mesh, paths);
    }
    config.reduce_mode = file.autonomy.reduce_mode;
    if (file.block_sources) {
        config.block_sources = to_config(*file.block_sources, paths);
    }
    config.block_source = file.autonomy.block_source;
    for (const CacheSection& cache : file.caches) {
        config.caches.push_back(to_config(cache));
    }
    config.changes_file = paths.of(file.changes.file);
    config.takes_changes_by_http = file.changes.http;
    config.notes = file.notes;
    config.glosses_file = paths.of(file.glosses);
    config.availability_goal = file.goals.availability;
    config.latency_p99_goal = file.goals.latency_p99;
    if (file.model) {
        config.model = to_config(*file.model, paths);
    }
    config.guard = to_config(file.guard, file.autonomy);
    if (file.approvals) {
        config.approvals = to_config(*file.approvals);
        config.guard.questions_per_hour_max = config.approvals->questions_per_hour_max;
    }
    config.proof_time = file.guard.proof_time;
    config.hold_for = file.guard.hold_for;
    config.question_for = file.guard.question_for;
    set_record(file.record, paths, config);
    set_people(file, paths, config);
    config.control_socket = paths.of(file.control.socket, "homeostat.sock");
    config.switch_file = paths.of(file.control.suspended, "suspended");
    config.metrics_listen = file.metrics ? file.metrics->listen : "";
    config.oracle = file.oracle;
    return config;
}

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
            config.reduce_mode,
            config.block_source};
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
        record.witnesses.push_back({witness});
    }
    record.pace = config.head_pace;
    record.keep = config.keep;
    return record;
}

}  // namespace

ConfigFile to_file(const Config& config) {
    ConfigFile file;
    file.service = config.service;
    file.runtime = to_runtime(config);
    file.signals = to_signals(config);
    if (config.journey) {
        file.journey = JourneySection{*config.journey};
    }
    if (config.haproxy) {
        file.edge = EdgeSection{HaproxySection{config.haproxy->socket, config.haproxy->backend,
                                               config.haproxy->servers},
                                std::nullopt};
    }
    if (config.envoy) {
        file.edge = EdgeSection{std::nullopt,
                                EnvoySection{config.envoy->admin, config.envoy->cluster,
                                             config.envoy->endpoints, config.envoy->directory}};
    }
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
    file.changes = ChangesSection{config.changes_file, config.takes_changes_by_http};
    file.notes = config.notes;
    file.glosses = config.glosses_file;
    file.goals = GoalsSection{config.availability_goal, config.latency_p99_goal};
    if (config.model) {
        file.model = to_file(*config.model);
    }
    file.guard =
        GuardSection{config.guard, config.proof_time, config.hold_for, config.question_for};
    file.autonomy = to_autonomy(config);
    file.record = to_record(config);
    file.control = ControlSection{config.control_socket, config.switch_file};
    if (!config.metrics_listen.empty()) {
        file.metrics = MetricsSection{config.metrics_listen};
    }
    if (config.approvals) {
        file.approvals = to_file(*config.approvals);
    }
    if (config.console) {
        file.console = ConsoleSection{*config.console};
    }
    for (const ChannelConfig& channel : config.channels) {
        file.notify.push_back({ChannelSection{channel}});
    }
    file.oracle = config.oracle;
    return file;
}

}  // namespace homeostat::app
