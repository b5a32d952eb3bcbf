#include "homeostat/adapters/envoy/options.hpp"

#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/base/id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace homeostat::adapters::envoy {

namespace {

constexpr std::string_view runtime_name = "runtime";

Result<void> check_key(const std::string& key) {
    if (!is_switch_key(key)) {
        return fail(Fault::invalid,
                    fmt::format("'{}' is no runtime key of ours: it begins with '{}' and does not "
                                "end in '{}' or '{}'",
                                key, key_prefix, until_suffix, permille_suffix));
    }
    return {};
}

Result<void> check_names(const std::vector<std::string_view>& names) {
    for (const std::string_view name : names) {
        if (!is_plain_name(name)) {
            return fail(Fault::invalid,
                        fmt::format("a name of {} bytes cannot be used in Envoy's filters: 1 to 64 "
                                    "letters, digits, '.', '_' and '-' are allowed",
                                    name.size()));
        }
    }
    return {};
}

/// Two switches with one key would be one switch.
Result<void> check_keys(const Options& options) {
    std::set<std::string> known;
    std::vector<std::string> keys = switch_keys(options);
    std::ranges::copy(dimmer_keys(options), std::back_inserter(keys));
    for (const std::string& key : keys) {
        if (Result<void> checked = check_key(key); !checked) {
            return checked;
        }
        if (!known.insert(key).second) {
            return fail(Fault::invalid, fmt::format("the runtime key '{}' is named twice", key));
        }
    }
    return {};
}

}  // namespace

Result<void> check(const Options& options) {
    std::vector<std::string_view> names{options.cluster};
    std::set<std::string> instances;
    std::set<std::string> hostnames;
    for (const auto& [instance, hostname] : options.endpoints) {
        names.push_back(hostname);
        if (!instances.insert(instance.text()).second || !hostnames.insert(hostname).second) {
            return fail(Fault::invalid, "an instance or an endpoint's hostname is named twice");
        }
    }
    for (const NeighbourCluster& neighbour : options.neighbours) {
        names.push_back(neighbour.cluster);
    }
    for (const CacheRoute& route : options.routes) {
        names.push_back(route.cache.text());
        names.push_back(route.source);
    }
    if (Result<void> checked = check_names(names); !checked) {
        return checked;
    }
    if (options.cluster == runtime_name) {
        return fail(Fault::invalid,
                    "a cluster 'runtime' would have its endpoints in the file of "
                    "the overrides: name it otherwise");
    }
    if (options.cluster == sources_filter) {
        return fail(Fault::invalid,
                    fmt::format("a cluster '{}' would have its endpoints in the file of marks: "
                                "name it otherwise",
                                sources_filter));
    }
    if (options.neighbours.size() > neighbours_max) {
        return fail(Fault::invalid, fmt::format("at most {} neighbours, these are {}",
                                                neighbours_max, options.neighbours.size()));
    }
    if (!net::is_local(options.admin)) {
        return fail(Fault::invalid,
                    fmt::format("Envoy's admin address {} can be reached from elsewhere, and who "
                                "reaches it can stop Envoy: bind it to a UNIX socket or to "
                                "127.0.0.1",
                                net::to_text(options.admin)));
    }
    return check_keys(options);
}

std::vector<std::string> switch_keys(const Options& options) {
    std::vector<std::string> keys;
    for (const NeighbourCluster& neighbour : options.neighbours) {
        if (!neighbour.circuit.empty()) {
            keys.push_back(neighbour.circuit);
        }
    }
    for (const CacheRoute& route : options.routes) {
        keys.push_back(route.key);
    }
    return keys;
}

std::vector<std::string> dimmer_keys(const Options& options) {
    std::vector<std::string> keys;
    for (const NeighbourCluster& neighbour : options.neighbours) {
        if (!neighbour.dimmer.empty()) {
            keys.push_back(neighbour.dimmer);
        }
    }
    return keys;
}

std::string endpoints_path(const Options& options) {
    return options.directory + "/" + options.cluster + ".json";
}

std::string runtime_path(const std::string& directory) {
    return directory + "/runtime.json";
}

std::string sources_path(const std::string& directory) {
    return fmt::format("{}/{}.json", directory, sources_filter);
}

std::string ends_path(const std::string& directory) {
    return fmt::format("{}/{}.ends", directory, sources_filter);
}

}  // namespace homeostat::adapters::envoy
