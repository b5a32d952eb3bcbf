#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/endpoints_file.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/app/doctor_peers.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace envoy = adapters::envoy;

constexpr JsonLimits dump_limits{.bytes_max = std::size_t{4} << 20U, .depth_max = 64};

Check missing(std::string says, std::string mend) {
    return ill("envoy", std::move(says), std::move(mend));
}

/// A runtime key, and what sets it.
struct NamedKey {
    std::string key;
    std::string_view set_by;  ///< As `autonomy` has it.
    Autonomy autonomy{Autonomy::watch};

    [[nodiscard]] bool is_used() const { return autonomy != Autonomy::watch; }
};

std::vector<NamedKey> keys_of(const Config& config) {
    std::vector<NamedKey> keys;
    const auto add = [&](const std::string& key, RemedyKind remedy) {
        keys.push_back({key, to_text(remedy), config.guard.autonomy_of(remedy)});
    };
    for (const NeighbourConfig& neighbour : config.neighbours) {
        if (!neighbour.circuit.empty()) {
            add(neighbour.circuit, RemedyKind::open_circuit);
        }
        if (!neighbour.dimmer.empty()) {
            keys.push_back({neighbour.dimmer, "reduce_mode", config.reduce_mode});
        }
    }
    for (const CacheConfig& cache : config.caches) {
        if (cache.reroute) {
            add(cache.reroute->table, RemedyKind::reroute);
        }
    }
    return keys;
}

/// The endpoints file: that it is there, is what Envoy has, and has every instance.
void add_endpoints(const envoy::Options& options, const envoy::ClusterView& own, Findings& found) {
    const std::string path = envoy::endpoints_path(options);
    const Result<std::string> text = os::read_file(path, envoy::endpoints_file_limits.bytes_max);
    if (!text) {
        found.push_back(missing(text.error().text, "let cluster " + options.cluster +
                                                       " be of type EDS and read " + path));
        return;
    }
    const Result<envoy::EndpointsFile> file = envoy::EndpointsFile::parse(*text, options.cluster);
    if (!file) {
        found.push_back(missing(path + ": " + file.error().text, "mend it as docs/envoy.md says"));
        return;
    }
    if (own.version != file->version()) {
        found.push_back(missing(
            fmt::format("{} has version '{}', Envoy has loaded '{}' of cluster {}", path,
                        file->version(), own.version.value_or(""), options.cluster),
            "let the cluster read this file (eds_config), and rename a new file onto it: Envoy "
            "does not notice one that is written in place"));
    }
    for (const auto& [instance, hostname] : options.endpoints) {
        if (envoy::find_host(own, hostname) == nullptr) {
            found.push_back(
                missing(fmt::format("cluster {} has no endpoint with the hostname {}",
                                    options.cluster, hostname),
                        fmt::format("give it \"hostname\": \"{}\" in {}", hostname, path)));
        }
    }
}

/// The overrides' file and the watchdog, for those who may use them.
void add_runtime(const Config& config,
                 const envoy::Options& options,
                 const envoy::Look& look,
                 Findings& found) {
    const std::vector<NamedKey> keys = keys_of(config);
    if (keys.empty()) {
        return;
    }
    const std::string path = envoy::runtime_path(options.directory);
    const Result<std::string> text = os::read_file(path, envoy::runtime_file_limits.bytes_max);
    const Result<envoy::RuntimeFile> file =
        text ? envoy::RuntimeFile::parse(*text) : std::unexpected(text.error());
    if (!file) {
        found.push_back(missing(file.error().text, "write it as docs/envoy.md says"));
    } else if (look.runtime_version != file->version()) {
        found.push_back(missing(
            fmt::format("{} has version '{}', Envoy has loaded '{}'", path, file->version(),
                        look.runtime_version.value_or("nothing")),
            "give Envoy one rtds_layer that reads this file, and rename a new file onto it"));
    }
    const bool is_needed = std::ranges::any_of(keys, &NamedKey::is_used);
    if (!envoy::has_watchdog(options.directory)) {
        found.push_back(
            {"envoy", is_needed ? Health::ill : Health::note,
             "no watchdog ends overrides, so none is begun",
             fmt::format("run `homeostat envoy-watchdog --directory {}`", options.directory)});
    }
}

/// In `dump`, wherever it stands: a cluster of that name, as Envoy has it.
const json::object* find_cluster(const json::value& dump, std::string_view name) {
    const json::object* document = dump.if_object();
    const json::value* configs = document == nullptr ? nullptr : document->if_contains("configs");
    if (configs == nullptr || !configs->is_array()) {
        return nullptr;
    }
    for (const json::value& config : configs->get_array()) {
        const json::object* entry = config.if_object();
        const json::value* cluster = entry == nullptr ? nullptr : entry->if_contains("cluster");
        const json::object* found = cluster == nullptr ? nullptr : cluster->if_object();
        const json::value* own = found == nullptr ? nullptr : found->if_contains("name");
        if (own != nullptr && own->is_string() && own->get_string() == name) {
            return found;
        }
    }
    return nullptr;
}

/// Nobody answers for drained endpoints only if Envoy never panics; it leaves out a zero.
bool never_panics(const json::object& cluster) {
    const json::value* common = cluster.if_contains("common_lb_config");
    const json::value* threshold =
        common == nullptr || !common->is_object()
            ? nullptr
            : common->get_object().if_contains("healthy_panic_threshold");
    if (threshold == nullptr || !threshold->is_object()) {
        return false;
    }
    const json::value* value = threshold->get_object().if_contains("value");
    return value == nullptr || (value->is_number() && value->to_number<double>() == 0);
}

Task<Findings> check_panic(envoy::Admin& admin, Instant deadline) {
    Findings found;
    for (const std::string_view kind : {"static_clusters", "dynamic_active_clusters"}) {
        std::string path = fmt::format("/config_dump?resource={}", kind);
        const Result<std::string> text = co_await admin.ask(std::move(path), deadline);
        const Result<json::value> dump = text ? parse_json(*text, dump_limits)
                                              : Result<json::value>(std::unexpected(text.error()));
        const json::object* cluster = dump ? find_cluster(*dump, admin.options().cluster) : nullptr;
        if (cluster != nullptr && !never_panics(*cluster)) {
            found.push_back(missing(
                fmt::format("with few endpoints left cluster {} sends requests to drained ones",
                            admin.options().cluster),
                "write common_lb_config: { healthy_panic_threshold: { value: 0 } } into it"));
        }
    }
    co_return found;
}

/// That some route asks for each key: without one a circuit would be open in name only.
Task<Findings> check_routes(envoy::Admin& admin, Config config, Instant deadline) {
    Findings found;
    const std::vector<NamedKey> keys = keys_of(config);
    if (keys.empty()) {
        co_return found;
    }
    const Result<std::string> dump = co_await admin.ask("/config_dump", deadline);
    if (!dump) {
        found.push_back(missing(dump.error().text, "ask again"));
        co_return found;
    }
    for (const NamedKey& named : keys) {
        if (!dump->contains(fmt::format("\"runtime_key\": \"{}\"", named.key))) {
            found.push_back({"envoy", named.is_used() ? Health::ill : Health::note,
                             fmt::format("no route of Envoy asks for the runtime key {}, by which "
                                         "{} is switched",
                                         named.key, named.set_by),
                             "add a route with runtime_fraction before the usual one, as "
                             "docs/envoy.md says"});
        }
    }
    co_return found;
}

}  // namespace

Task<Findings> check_envoy(boost::asio::any_io_executor executor, Config config, Instant deadline) {
    Findings found;
    const Result<envoy::Options> options = envoy_options_of(config);
    if (!options) {
        found.push_back(missing(options.error().text, "correct it"));
        co_return found;
    }
    envoy::Admin admin(executor, *options);
    const Result<envoy::Look> look = co_await admin.look(deadline);
    if (!look) {
        const bool is_absent = look.error().fault == Fault::absent;
        found.push_back(missing(
            look.error().text,
            is_absent ? "correct edge.envoy.cluster, or a backend or source of that name, or add "
                        "the cluster to Envoy"
                      : fmt::format("start Envoy with its admin at {}", config.envoy->admin)));
        co_return found;
    }
    add_endpoints(*options, look->clusters.front(), found);
    add_runtime(config, *options, *look, found);
    Findings panic = co_await check_panic(admin, deadline);
    std::ranges::move(panic, std::back_inserter(found));
    Findings routes = co_await check_routes(admin, config, deadline);
    std::ranges::move(routes, std::back_inserter(found));
    if (found.empty()) {
        found.push_back(well("envoy", config.envoy->admin + " answers and has each cluster, "
                                                            "endpoint and route that is named"));
    }
    co_return found;
}

}  // namespace homeostat::app
