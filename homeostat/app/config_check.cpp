#include "homeostat/app/config_check.hpp"

#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/app/config_approval_check.hpp"
#include "homeostat/app/config_block_check.hpp"
#include "homeostat/app/config_changes_check.hpp"
#include "homeostat/app/config_command_check.hpp"
#include "homeostat/app/config_flag_check.hpp"
#include "homeostat/app/config_kubernetes_check.hpp"
#include "homeostat/app/config_maintenance_check.hpp"
#include "homeostat/app/config_mesh_check.hpp"
#include "homeostat/app/config_people_check.hpp"
#include "homeostat/app/config_roles_check.hpp"
#include "homeostat/app/config_sink_check.hpp"
#include "homeostat/app/config_task_check.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::string_view index_word = "{index}";

std::string with_index(std::string text, std::size_t index) {
    const std::size_t at = text.find(index_word);
    return at == std::string::npos ? text
                                   : text.replace(at, index_word.size(), std::to_string(index));
}

std::uint32_t instances_count(const ProcessSection& process) {
    return static_cast<std::uint32_t>(ports_of(process).size());
}

/// Without the spares.
std::uint32_t regular_count(const ProcessSection& process) {
    const std::uint32_t count = instances_count(process);
    return count - std::min(count, process.spares);
}

/// Values that stand more than once, each named once.
template <class T>
std::set<T> repeated(const std::vector<T>& values) {
    std::set<T> seen;
    std::set<T> again;
    for (const T& value : values) {
        if (!seen.insert(value).second) {
            again.insert(value);
        }
    }
    return again;
}

// --- One check per section -----------------------------------------------------------------------

/// The paths that say how many instances there are.
constexpr std::array instance_paths{"runtime.process.ports", "runtime.process.first_port",
                                    "runtime.process.instances"};

/// Says whether the count of instances can be relied on.
bool has_sound_count(const ConfigReading& reading) {
    return reading.is_read("runtime.process") &&
           std::ranges::all_of(instance_paths,
                               [&reading](const char* path) { return reading.is_sound(path); });
}

void check_ports(const ProcessSection& process, ConfigReading& reading) {
    if (!has_sound_count(reading)) {
        return;
    }
    const bool has_ports = reading.has("runtime.process.ports");
    const bool has_first = reading.has("runtime.process.first_port");
    if (has_ports == has_first) {
        reading.tell_at(has_ports ? "runtime.process.first_port" : "runtime.process",
                        has_ports ? "ports are listed already — keep one of both"
                                  : "ports are missing — write ports: [8080, 8081], one for each "
                                    "instance, or instances: 2 with first_port: 8080");
        return;
    }
    for (const std::uint16_t port : repeated(process.ports)) {
        reading.tell_at("runtime.process.ports",
                        fmt::format("{} stands twice — each instance needs its own", port));
    }
    if (has_ports && process.instances && *process.instances != process.ports.size()) {
        reading.tell_at("runtime.process.instances",
                        fmt::format("{} instances and {} ports — write one port for each, or leave "
                                    "instances out",
                                    *process.instances, process.ports.size()));
    }
    if (process.spares > 0 && process.spares >= instances_count(process)) {
        reading.tell_at(
            "runtime.process.spares",
            fmt::format("{} spares of {} instances leave none — write at most {}", process.spares,
                        instances_count(process), instances_count(process) - 1));
    }
    const std::uint32_t last = process.first_port.value_or(0) + process.instances.value_or(1) - 1;
    if (has_first && last > port_value.max) {
        reading.tell_at("runtime.process.first_port",
                        fmt::format("the last instance would have port {} — write at most {}", last,
                                    port_value.max + 1U - *process.instances));
    }
}

void check_signals(const ConfigFile& file, ConfigReading& reading) {
    const bool sees = file.signals.http || file.signals.prometheus || file.signals.logs;
    const bool is_here = !reading.has("runtime.kubernetes");
    if (!sees && is_here && !reading.has("edge") && !reading.has("signals")) {
        reading.tell_at("signals",
                        "nothing is looked at — add signals: [ { http: { path: "
                        "/healthz } } ]");
    }
    if (file.signals.http && file.signals.http->config.timeout > file.signals.http->config.every) {
        const HttpSignalConfig& http = file.signals.http->config;
        reading.tell_at("signals.http.timeout",
                        fmt::format("{} is longer than every ({}) — write less",
                                    to_text(http.timeout), to_text(http.every)));
    }
}

bool has_edge(const ConfigFile& file) {
    return file.edge && (file.edge->haproxy || file.edge->envoy);
}

/// `what`: "servers" or "endpoints", as the key at `path` is called.
void check_servers(const ConfigFile& file,
                   const std::vector<std::string>& names,
                   std::string_view what,
                   std::string_view path,
                   ConfigReading& reading) {
    const std::uint32_t instances = instances_count(file.runtime.here());
    if (instances == 0 || !has_sound_count(reading) || !reading.is_sound(path)) {
        return;
    }
    const std::vector<std::string> servers = servers_of(names, instances);
    if (reading.has(path) && servers.size() != instances) {
        reading.tell_at(path, fmt::format("{} {} for {} instances — write one for each, or "
                                          "one with {{index}} in it",
                                          servers.size(), what, instances));
    }
    for (const std::string& server : repeated(servers)) {
        reading.tell_at(path, fmt::format("'{}' stands twice — each instance has its own", server));
    }
}

/// Envoy's switches are runtime keys, and each is one switch.
void check_runtime_keys(const ConfigFile& file, ConfigReading& reading) {
    std::vector<std::string> keys;
    const auto take = [&](std::string_view where, const std::string& key) {
        if (!adapters::envoy::is_switch_key(key)) {
            reading.tell_at(where, fmt::format("'{}' is no runtime key for Envoy — write one that "
                                               "begins with homeostat., as in "
                                               "homeostat.circuit.fraud",
                                               key));
        }
        keys.push_back(key);
    };
    for (const NeighbourSection& neighbour : file.neighbours) {
        for (const std::string& key : {neighbour.config.circuit, neighbour.config.dimmer}) {
            if (!key.empty()) {
                take("neighbours", key);
            }
        }
    }
    for (const CacheSection& cache : file.caches) {
        if (cache.reroute && !cache.reroute->config.table.empty()) {
            take("caches", cache.reroute->config.table);
        }
    }
    for (const std::string& key : repeated(keys)) {
        reading.tell_at("edge.envoy", fmt::format("the runtime key '{}' stands twice — each "
                                                  "circuit, dimmer and reroute has its own",
                                                  key));
    }
}

void check_edge(const ConfigFile& file, ConfigReading& reading) {
    if (!file.edge || !reading.is_read("edge")) {
        return;
    }
    const bool has_haproxy = reading.has("edge.haproxy");
    if (has_haproxy == reading.has("edge.envoy")) {
        reading.tell_at("edge", has_haproxy
                                    ? "both haproxy and envoy — keep one of both"
                                    : "neither haproxy nor envoy — write one, or leave edge out");
        return;
    }
    if (file.edge->haproxy) {
        check_servers(file, file.edge->haproxy->servers, "servers", "edge.haproxy.servers",
                      reading);
    }
    if (!file.edge->envoy) {
        return;
    }
    check_servers(file, file.edge->envoy->endpoints, "endpoints", "edge.envoy.endpoints", reading);
    check_runtime_keys(file, reading);
}

void check_neighbours(const ConfigFile& file, ConfigReading& reading) {
    std::vector<std::string> names;
    for (const NeighbourSection& neighbour : file.neighbours) {
        names.push_back(neighbour.config.service.text());
        if (neighbour.config.service == file.service && !file.service.empty()) {
            reading.tell_at("neighbours", fmt::format("'{}' is the guarded service itself — leave "
                                                      "it out",
                                                      file.service.text()));
        }
    }
    for (const std::string& name : repeated(names)) {
        reading.tell_at("neighbours", fmt::format("'{}' stands twice — keep one of them", name));
    }
    if (!file.neighbours.empty() && !reading.has("edge")) {
        reading.tell_at("neighbours",
                        "neighbours are seen through the edge only — add edge: "
                        "{ haproxy: … }");
    }
}

void check_redis(const RedisConfig& redis, const std::string& path, ConfigReading& reading) {
    const bool is_cluster = reading.has(path + ".cluster");
    if (!reading.is_read(path)) {
        return;
    }
    if (is_cluster == reading.has(path + ".address")) {
        reading.tell_at(path, is_cluster ? "both address and cluster — keep one of both"
                                         : "neither address nor cluster — write the address of the "
                                           "Redis, or cluster: [ … ] with nodes of a cluster");
        return;
    }
    if (is_cluster && reading.has(path + ".replicas")) {
        reading.tell_at(path + ".replicas",
                        "a cluster says itself which replicas it has — write reads_replicas: true "
                        "instead, if readers read them");
    }
    if (!is_cluster && redis.reads_replicas) {
        reading.tell_at(path + ".reads_replicas",
                        "it is for a cluster — write replicas: [ … ] instead");
    }
    std::vector<std::string> nodes = is_cluster ? redis.cluster : redis.replicas;
    if (!is_cluster) {
        nodes.push_back(redis.address);
    }
    std::erase(nodes, "");  // What could not be read has been told of.
    for (const std::string& node : repeated(nodes)) {
        reading.tell_at(path, fmt::format("'{}' stands twice — keep one of them", node));
    }
}

void check_caches(const ConfigFile& file, ConfigReading& reading) {
    std::vector<std::string> names;
    for (std::size_t index = 0; index < file.caches.size(); ++index) {
        check_redis(file.caches[index].redis.config, fmt::format("caches[{}].redis", index),
                    reading);
    }
    for (const CacheSection& cache : file.caches) {
        const std::string& name = cache.config.name.text();
        names.push_back(name);
        for (const std::string& entry : repeated(cache.config.entries)) {
            reading.tell_at("caches", fmt::format("{}: the entry '{}' stands twice — keep one of "
                                                  "them",
                                                  name, entry));
        }
        if (cache.reroute && !reading.has("edge")) {
            reading.tell_at("caches", name +
                                          ": readers are rerouted at the edge only — add edge: "
                                          "{ haproxy: … }");
        }
    }
    for (const std::string& name : repeated(names)) {
        reading.tell_at("caches", fmt::format("'{}' stands twice — keep one of them", name));
    }
}

/// Evidence goes there, and whoever answers is heard.
void check_model_place(const ModelSection& model, ConfigReading& reading) {
    const Result<net::Address> address = net::parse_endpoint(model.url);
    if (address && !net::is_local(address->endpoint) && !reading.has("model.token_file")) {
        reading.tell_at("model.url",
                        fmt::format("'{}' is not on this machine, and a server that others can "
                                    "reach has to know us — name its token in token_file, or "
                                    "write an address as in http://127.0.0.1:8080, or "
                                    "unix:/run/model.sock",
                                    model.url));
    }
}

void check_model(const ConfigFile& file, ConfigReading& reading) {
    if (reading.is_read("model") &&
        file.model->llama_server.has_value() == reading.has("model.url")) {
        reading.tell_at("model", file.model->llama_server
                                     ? "both llama_server and url — keep one of both"
                                     : "neither llama_server nor url — write one, or leave model "
                                       "out");
    }
    const bool is_openai =
        file.model.has_value() && file.model->api == adapters::llm::ModelApi::openai;
    if (is_openai && !reading.has("model.url")) {
        reading.tell_at("model.api",
                        "the server that the agent starts is a llama-server — leave api out");
    }
    if (reading.has("model.name") && !is_openai) {
        reading.tell_at("model.name",
                        "a llama-server serves one model — write api: openai, or leave name out");
    }
    if (reading.has("model.token_file") && !reading.has("model.url")) {
        reading.tell_at("model.token_file",
                        "the server that the agent starts has a socket of its own — leave "
                        "token_file out");
    }
    if (file.model && reading.has("model.url")) {
        check_model_place(*file.model, reading);
    }
    if (!reading.has("model") && file.oracle == OracleMode::model) {
        reading.tell_at("oracle", "'model' without a model — add model: { … }, or write rules");
    }
}

bool may_act(Autonomy autonomy) {
    return autonomy == Autonomy::act || autonomy == Autonomy::ask;
}

void check_cache_autonomy(const ConfigFile& file, ConfigReading& reading) {
    const AutonomySection& autonomy = file.autonomy;
    const bool has_reroute = std::ranges::any_of(
        file.caches, [](const auto& cache) { return cache.reroute.has_value(); });
    if (autonomy.invalidate_cache != Autonomy::watch && file.caches.empty()) {
        reading.tell_at("autonomy.invalidate_cache",
                        "there is no cache — add caches: [ … ], or leave this out");
    }
    if (autonomy.reroute != Autonomy::watch && !has_reroute) {
        reading.tell_at("autonomy.reroute",
                        "no cache declares a reroute — add reroute: { table: …, source: … } to "
                        "one, or leave this out");
    } else if (autonomy.reroute > autonomy.invalidate_cache) {
        reading.tell_at("autonomy.reroute",
                        "it comes with invalidate_cache, which stands lower — raise that, or "
                        "lower this");
    }
}

void check_guard(const ConfigFile& file, ConfigReading& reading) {
    const guard::Limits& limits = file.guard.limits;
    if (limits.back_off_first > limits.back_off_max) {
        reading.tell_at("guard.back_off_first",
                        fmt::format("{} is longer than back_off_max ({}) — write less",
                                    to_text(limits.back_off_first), to_text(limits.back_off_max)));
    }
    const std::uint32_t instances = regular_count(file.runtime.here());
    const AutonomySection& autonomy = file.autonomy;
    // Flags are taken back without anybody being replaced.
    const bool rolls_instances = file.runtime.here().versions || file.runtime.here().config;
    const bool disturbs = may_act(autonomy.eject) || may_act(autonomy.restart) ||
                          may_act(autonomy.rolling_restart) ||
                          (may_act(autonomy.rollback) && (rolls_instances || !file.flags));
    if (disturbs && instances > 0 && has_sound_count(reading) &&
        limits.min_healthy > instances - 1) {
        reading.tell_at("guard.min_healthy",
                        fmt::format("{} of {} must remain, so that no remedy could ever be done — "
                                    "write at most {}, or keep autonomy at recommend",
                                    limits.min_healthy, instances, instances - 1));
    }
    if (autonomy.eject != Autonomy::watch && !has_edge(file)) {
        reading.tell_at("autonomy.eject",
                        "there is no edge to take an instance out of — add edge: { haproxy: … }, "
                        "or leave this out");
    }
    const bool has_circuit = std::ranges::any_of(
        file.neighbours, [](const auto& neighbour) { return !neighbour.config.circuit.empty(); });
    if (autonomy.open_circuit != Autonomy::watch && !has_circuit) {
        reading.tell_at("autonomy.open_circuit",
                        "no neighbour declares a circuit — add circuit: STICK_TABLE to one, or "
                        "leave this out");
    }
    check_cache_autonomy(file, reading);
    if (autonomy.scale != Autonomy::watch && !file.runtime.kubernetes &&
        file.runtime.here().spares == 0) {
        reading.tell_at("autonomy.scale",
                        "there is nothing to scale to — add spares: 1 to runtime.process, or "
                        "leave this out");
    }
    if (autonomy.rollback != Autonomy::watch && reading.is_read("runtime.process") &&
        !file.runtime.here().versions && !file.runtime.here().config && !file.flags) {
        reading.tell_at("autonomy.rollback",
                        "there is nothing to roll back to — add versions: "
                        "{ root: … } or config: { root: … } to runtime.process, flags: { flagd: "
                        "{ file: … } }, or leave this out");
    }
}

/// Says whether `inner` lies in `outer`, as far as the names tell.
bool is_inside(const std::filesystem::path& inner, const std::filesystem::path& outer) {
    const std::filesystem::path inner_path = inner.lexically_normal();
    const std::filesystem::path outer_path = outer.lexically_normal();
    return std::ranges::mismatch(outer_path, inner_path).in1 == outer_path.end();
}

void check_places(const ConfigFile& file, ConfigReading& reading) {
    const RecordSection& record = file.record;
    const auto check_outside = [&](const std::string& key, const std::filesystem::path& path) {
        if (!path.empty() && !record.ledger.empty() && is_inside(path, record.ledger)) {
            reading.tell_at(key,
                            "inside the ledger's directory, and lost with it — write a path "
                            "somewhere else");
        }
    };
    check_outside("record.sink", record.sink);
    check_outside("record.key", record.key_file);
    for (std::size_t index = 0; index < record.witnesses.size(); ++index) {
        check_outside(fmt::format("record.witnesses[{}].file", index),
                      record.witnesses[index].file);
    }
}

void check_metrics(const ConfigFile& file, ConfigReading& reading) {
    if (file.metrics && reading.is_sound("metrics.listen") &&
        file.metrics->listen.starts_with("unix:")) {
        reading.tell_at("metrics.listen",
                        "on a UNIX socket both pages are there already, the control socket — write "
                        "an address with a port, as in 127.0.0.1:9464");
    }
}

}  // namespace

Result<std::string> ServerValue::parse(std::string_view text) const {
    const Result<std::string> name = NameValue{}.parse(with_index(std::string(text), 0));
    if (!name) {
        return std::unexpected<Error>(
            Error{Fault::invalid, name.error().text + ", or with {index} in it"});
    }
    return std::string(text);
}

json::object ServerValue::schema() const {
    json::object schema;
    schema["type"] = "string";
    schema["pattern"] = "^[A-Za-z0-9_.-]*([{]index[}])?[A-Za-z0-9_.-]*$";
    return schema;
}

std::vector<std::uint16_t> ports_of(const ProcessSection& process) {
    std::vector<std::uint16_t> ports = process.ports;
    if (ports.empty() && process.first_port) {
        for (std::uint32_t index = 0; index < process.instances.value_or(1); ++index) {
            ports.push_back(static_cast<std::uint16_t>(*process.first_port + index));
        }
    }
    return ports;
}

std::vector<std::string> servers_of(const std::vector<std::string>& names, std::size_t count) {
    std::vector<std::string> servers = names;
    if (servers.size() == 1 && servers[0].find(index_word) != std::string::npos) {
        const std::string pattern = servers[0];
        servers.clear();
        for (std::size_t index = 0; index < count; ++index) {
            servers.push_back(with_index(pattern, index));
        }
    }
    return servers;
}

void check(const ConfigFile& file, ConfigReading& reading) {
    if (!reading.is_read("")) {
        return;
    }
    check_runtime(file, reading);
    check_ports(file.runtime.here(), reading);
    const bool has_several = has_sound_count(reading) && instances_count(file.runtime.here()) > 1;
    check_command(file.runtime.here(), has_several, reading);
    check_signals(file, reading);
    check_edge(file, reading);
    check_neighbours(file, reading);
    check_caches(file, reading);
    check_flags(file, reading);
    check_mesh(file, reading);
    check_block_sources(file, reading);
    check_model(file, reading);
    check_guard(file, reading);
    check_maintenance(file, reading);
    check_tasks(file, has_sound_count(reading) ? regular_count(file.runtime.here()) : 0, reading);
    check_places(file, reading);
    check_metrics(file, reading);
    check_sinks(file, reading);
    check_people(file, reading);
    check_changes_door(file, reading);
    check_approvals(file, reading);
    check_roles(file, reading);
}

}  // namespace homeostat::app
