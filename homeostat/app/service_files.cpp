#include "homeostat/app/service_files.hpp"

#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

namespace homeostat::app {

namespace {

namespace fs = std::filesystem;

bool is_configuration(const fs::directory_entry& entry) {
    std::error_code ignored;
    const std::string name = entry.path().filename().string();
    const fs::path extension = entry.path().extension();
    return !name.starts_with('.') && (extension == ".yaml" || extension == ".yml") &&
           entry.is_regular_file(ignored);
}

Result<std::vector<fs::path>> files_in(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
        if (is_configuration(*entry)) {
            files.push_back(entry->path());
        }
    }
    if (error) {
        return fail(Fault::unreachable, directory.string() + ": " + error.message());
    }
    if (files.empty()) {
        return fail(Fault::absent, directory.string() +
                                       ": no configuration in it — put one NAME.yaml there for "
                                       "each service");
    }
    std::ranges::sort(files);
    return files;
}

/// What no two services may have the same of.
struct OwnThing {
    std::string_view key;  ///< Which says it.
    std::string value;
    std::string_view of{key};  ///< Those of different keys meet, too, where this is the same.
};

/// Two clusters may have one of the same name each. That one cluster is reached in two ways is not
/// found out: only the cluster could say so.
std::string deployment_of(const KubernetesConfig& place) {
    std::string name = place.name_space + "/" + place.deployment;
    if (place.kubeconfig.empty() && place.context.empty()) {
        return name;
    }
    return fmt::format("{} (kubeconfig {}{}{})", name, place.kubeconfig.string(),
                       place.context.empty() ? "" : ", context ", place.context);
}

/// One's own door, which no other service shares: who came second could not listen, and would not
/// be guarded.
OwnThing door(std::string_view key, const std::string& listen) {
    const Result<net::Address> address = net::parse_endpoint("http://" + listen);
    return {key, address ? to_text(address->endpoint) : listen, "door"};
}

std::vector<OwnThing> own_things(const Config& config) {
    std::vector<OwnThing> own{
        {"service", config.service.text()},
        {"record.ledger", config.ledger_directory.string()},
        {"control.socket", config.control_socket.string()},
        {config.kubernetes ? "runtime.kubernetes.run" : "runtime.process.run",
         config.run_directory.string()},
    };
    if (config.kubernetes) {
        own.push_back({"runtime.kubernetes.deployment", deployment_of(*config.kubernetes)});
    }
    if (config.roles) {
        own.push_back({"roles.agent_socket", config.roles->agent_socket.string()});
    }
    if (config.console) {
        own.push_back(door("console.listen", config.console->listen));
    }
    if (config.changes.door) {
        own.push_back(door("changes.door.listen", config.changes.door->listen));
    }
    if (config.mesh) {
        own.push_back(door("mesh.listen", config.mesh->listen));
    }
    return own;
}

}  // namespace

Result<std::vector<fs::path>> service_files(const std::vector<fs::path>& named) {
    std::vector<fs::path> files;
    for (const fs::path& one : named) {
        std::error_code ignored;
        if (!fs::is_directory(one, ignored)) {
            files.push_back(one);
            continue;
        }
        auto found = files_in(one);
        if (!found) {
            return found;
        }
        std::ranges::move(*found, std::back_inserter(files));
    }
    if (files.size() > services_max) {
        return fail(Fault::full, fmt::format("{} configurations, and one process guards {} "
                                             "services at most — start several",
                                             files.size(), services_max));
    }
    return files;
}

std::vector<std::string> check_together(const std::vector<ConfigReport>& reports) {
    std::vector<std::string> problems;
    std::map<std::pair<std::string_view, std::string>, const ConfigReport*> owners;
    for (const ConfigReport& report : reports) {
        for (const OwnThing& own : own_things(*report.config)) {
            const auto [owner, is_new] = owners.try_emplace({own.of, own.value}, &report);
            if (!is_new && owner->second != &report) {
                problems.push_back(fmt::format(
                    "{}: {}: {} is that of {} too — give each service its own",
                    report.file.string(), own.key, own.value, owner->second->file.string()));
            }
        }
    }
    return problems;
}

}  // namespace homeostat::app
