// From the shape of the file to the Config. config_back.cpp has the way back.

#include "homeostat/app/config_check.hpp"
#include "homeostat/app/config_task_convert.hpp"
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
        if (section.kubernetes->resize_max) {
            kubernetes.memory_bytes_max = section.kubernetes->resize_max->memory_bytes;
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
    model.token_file = paths.of(section.token_file);
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

ChangesConfig to_config(const ChangesSection& section, const Paths& paths) {
    ChangesConfig changes{paths.of(section.file), section.http, {}};
    if (section.door) {
        changes.door = section.door->config;
        changes.door->token_file = paths.of(section.door->config.token_file);
    }
    return changes;
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
    sink.required_for = section.required_for;
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
                       {RemedyKind::rollback, autonomy.rollback},
                       {RemedyKind::resize, autonomy.resize},
                       {RemedyKind::pause_rollout, autonomy.pause_rollout}};
    limits.tasks = autonomy.tasks;
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
        channel.required_for = section.required_for;
    }
}

void set_roles(const RolesSection& section, const Paths& paths, Config& config) {
    RolesConfig& roles = config.roles.emplace(section.config);
    const bool is_far = !roles.listen.empty() || !roles.url.empty();
    roles.socket = is_far ? "" : paths.of(section.config.socket, "door.sock");
    roles.key_file = paths.of(section.config.key_file, "agent.key");
    roles.agent_socket = paths.of(section.config.agent_socket, "agent.sock");
    for (const RoleAgentSection& agent : section.agents) {
        roles.agents.push_back(agent.config);
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
    config.tasks_directory = config.ledger_directory.string() + ".tasks";
    config.sinks_directory = config.ledger_directory.string() + ".sinks";
    config.index_file = paths.of(record.index, "ledger.index");
    config.key_file = paths.of(record.key_file, "ledger.key");
    for (const WitnessSection& witness : record.witnesses) {
        config.witness_files.push_back(paths.of(witness.file));
        if (!witness.required_for.empty()) {
            config.witnesses_required_for[paths.of(witness.file).string()] = witness.required_for;
        }
    }
    config.head_pace = record.pace;
    config.keep = record.keep;
}

/// REQUIRES: the sinks, the witnesses and the channels are set.
void set_outside(const GuardSection& section, const Paths& paths, Config& config) {
    config.guard.confirmed_by = confirmed_by_of(config);
    if (section.fleet && section.fleet->postgres) {
        config.fleet = FleetConfig{section.fleet->postgres->config, section.fleet->limits};
        config.fleet->postgres.url.file = paths.of(config.fleet->postgres.url.file);
        config.guard.fleet = section.fleet->limits;
    }
}

}  // namespace

Config to_config(const ConfigFile& file, const std::filesystem::path& base) {
    const Paths paths(base, file.service);
    Config config;
    config.service = file.service;
    set_runtime(file.runtime, paths, config);
    if (file.flags) {
        config.flags = file.flags->flagd.config;
        config.flags->file = paths.of(config.flags->file);
    }
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
    config.base = (base / "").lexically_normal().parent_path();
    for (const TaskSection& task : file.tasks) {
        config.tasks.push_back(to_task(task, [&](const auto& path) { return paths.of(path); }));
    }
    config.changes = to_config(file.changes, paths);
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
    config.undo_for = file.guard.undo_for;
    for (const MaintenanceSection& window : file.guard.maintenance) {
        config.maintenance.push_back(window.config);
    }
    set_record(file.record, paths, config);
    set_people(file, paths, config);
    set_outside(file.guard, paths, config);
    if (file.roles) {
        set_roles(*file.roles, paths, config);
    }
    config.control_socket = paths.of(file.control.socket, "homeostat.sock");
    config.switch_file = paths.of(file.control.suspended, "suspended");
    config.crash_loop_starts = file.control.crash_loop_starts;
    config.metrics_listen = file.metrics ? file.metrics->listen : "";
    config.oracle = file.oracle;
    return config;
}

}  // namespace homeostat::app
