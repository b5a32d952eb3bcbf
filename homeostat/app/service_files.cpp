#include "homeostat/app/service_files.hpp"

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

/// What no two services may have the same of, and the key that says it.
std::vector<std::pair<std::string_view, std::string>> own_things(const Config& config) {
    std::vector<std::pair<std::string_view, std::string>> own{
        {"service", config.service.text()},
        {"record.ledger", config.ledger_directory.string()},
        {"control.socket", config.control_socket.string()},
        {config.kubernetes ? "runtime.kubernetes.run" : "runtime.process.run",
         config.run_directory.string()},
    };
    if (config.kubernetes) {
        own.emplace_back(
            "runtime.kubernetes.deployment",
            fmt::format("{}/{}", config.kubernetes->name_space, config.kubernetes->deployment));
    }
    if (config.roles) {
        own.emplace_back("roles.agent_socket", config.roles->agent_socket.string());
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
        for (auto& [key, value] : own_things(*report.config)) {
            const auto [owner, is_new] = owners.try_emplace({key, value}, &report);
            if (!is_new) {
                problems.push_back(
                    fmt::format("{}: {}: {} is that of {} too — give each service its own",
                                report.file.string(), key, value, owner->second->file.string()));
            }
        }
    }
    return problems;
}

}  // namespace homeostat::app
