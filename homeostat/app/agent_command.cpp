// agent: guards services until SIGTERM.

#include "homeostat/app/agent_arguments.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/executor_url.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/secret_files.hpp"
#include "homeostat/app/service_files.hpp"
#include "homeostat/app/services_process.hpp"
#include "homeostat/os/own_memory.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

/// What would end us is an error of the write instead, and is dealt with where it is written:
/// whoever read our log is gone, or a limit on file sizes is reached. Children start with defaults.
void outlive_failed_writes() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

/// Whoever started us may ignore the ends of its children. Ours would be gone without a status, and
/// what a command or an instance did by its end would not be known.
void learn_how_children_end() {
    std::signal(SIGCHLD, SIG_DFL);
}

/// Before anything secret is read.
void keep_secrets_in(bool allows_core_dumps) {
    if (allows_core_dumps) {
        spdlog::warn("--core-dumps: secrets are in what this process leaves when it crashes");
    } else {
        os::keep_memory_to_ourselves();
    }
}

void tell_log(const std::string& line) {
    spdlog::info("{}", line);
}

/// ERRORS: invalid: it is no address of an agent's kind, or there are no roles.
Result<void> set_executor(Config& config, const std::string& url) {
    if (url.empty()) {
        return {};
    }
    if (is_left_open(url) && config.roles && !config.roles->url.empty()) {
        // Beside a pod: a sidecar that ends takes its pod out of the Service, and one that has
        // never run keeps the pod's others from beginning. Nobody to ask is no reason for either.
        spdlog::warn(
            "--executor: {}: no such Service was there when this container began; until it "
            "is started again {} is asked, as roles.url says",
            url, config.roles->url);
        return {};
    }
    const Result<std::string> read = parse_executor_url(url);
    if (!read || !config.roles) {
        return fail("--executor",
                    read ? Error{Fault::invalid, "roles: {} is missing"} : read.error());
    }
    config.roles->url = *read;
    return {};
}

/// ERRORS: invalid: it is no scope of an agent that is a process of its own, or of other instances
/// than the configuration has.
Result<void> set_scope(Config& config, const AgentOptions& options) {
    using adapters::roles::ScopeKind;
    const std::array said{
        std::pair{"--pod", adapters::roles::Scope{ScopeKind::pod, options.pod}},
        std::pair{"--node", adapters::roles::Scope{ScopeKind::node, options.node}},
        std::pair{"--instance", adapters::roles::Scope{ScopeKind::instance, options.instance}}};
    for (const auto& [option, scope] : said) {
        if (scope.name.empty()) {
            continue;
        }
        const bool is_of_process = scope.kind == ScopeKind::instance;
        if (options.role != ProcessRole::agent || !config.roles) {
            return fail(Fault::invalid,
                        fmt::format("{}: only the agent's role sees some instances alone — add "
                                    "--role agent, and roles: {{ … }}, docs/roles.md",
                                    option));
        }
        if (is_of_process == config.kubernetes.has_value()) {
            return fail(Fault::invalid,
                        fmt::format("{}: {}", option,
                                    is_of_process ? "instances are pods here — write --pod NAME"
                                                  : "there are no pods and nodes here — write "
                                                    "--instance NAME"));
        }
        const bool is_known =
            !is_of_process || std::ranges::any_of(instances_of(config), [&](const auto& one) {
                return one.id.text() == scope.name;
            });
        if (!adapters::roles::is_scope_name(scope.name) || !is_known) {
            return fail(Fault::invalid, fmt::format("{}: '{}' is none", option, scope.name));
        }
        config.roles->scope = scope;
    }
    return {};
}

/// Each once: services may have one agent, and so one key, in common.
ExitStatus show_keys(const std::vector<ConfigReport>& reports) {
    std::set<std::string> shown;
    for (const ConfigReport& report : reports) {
        if (!report.config->roles) {
            complain(
                "roles: where the agent's key lies is not said; add roles: { … }, docs/roles.md");
            return ExitStatus::usage;
        }
        const Result<mesh::SigningSeed> seed = read_or_make_key(report.config->roles->key_file);
        if (!seed) {
            complain("roles.key: " + seed.error().text);
            return ExitStatus::usage;
        }
        const std::string key = to_hex(mesh::public_key_of(*seed));
        if (shown.insert(key).second) {
            fmt::print("{}\n", key);
        }
    }
    return ExitStatus::ok;
}

/// What is wrong is told of all files at once. Empty then: with any of them nothing begins.
std::vector<ConfigReport> load_all(const AgentOptions& options) {
    const auto files = service_files(options.configs);
    if (!files) {
        complain(files.error().text);
        return {};
    }
    std::vector<ConfigReport> reports;
    bool is_sound = true;
    for (const std::filesystem::path& file : *files) {
        reports.push_back(load_config(file));
        ConfigReport& report = reports.back();
        if (!report.config) {
            fmt::print(stderr, "{}", describe(report));
            is_sound = false;
            continue;
        }
        for (const Result<void>& set :
             {set_executor(*report.config, options.executor), set_scope(*report.config, options)}) {
            if (!set) {
                complain(set.error().text);
                is_sound = false;
            }
        }
    }
    return is_sound ? std::move(reports) : std::vector<ConfigReport>();
}

/// The executor's secrets are none of the agent's.
bool are_secrets_kept(const std::vector<ConfigReport>& reports, ProcessRole role) {
    bool is_kept = true;
    for (const ConfigReport& report : reports) {
        const Result<void> kept =
            role == ProcessRole::agent ? Result<void>() : check_secret_files(*report.config);
        if (!kept) {
            spdlog::error("{}", kept.error().text);
            is_kept = false;
        }
    }
    return is_kept;
}

ExitStatus status_of(const Error& error, std::size_t services_count) {
    const bool is_usage = error.fault == Fault::invalid || error.fault == Fault::busy ||
                          error.fault == Fault::absent || error.fault == Fault::refused;
    return is_usage && services_count == 1 ? ExitStatus::usage : ExitStatus::unexpected;
}

}  // namespace

ExitStatus run_agent(const AgentOptions& options) {
    outlive_failed_writes();
    learn_how_children_end();
    keep_secrets_in(options.allows_core_dumps);
    std::vector<ConfigReport> reports = load_all(options);
    if (reports.empty()) {
        return ExitStatus::usage;
    }
    if (options.shows_key) {
        return show_keys(reports);
    }
    const std::vector<std::string> problems = check_together(reports);
    for (const std::string& problem : problems) {
        complain(problem);
    }
    if (!problems.empty() || !are_secrets_kept(reports, options.role)) {
        return ExitStatus::usage;
    }
    std::vector<Config> configs;
    configs.reserve(reports.size());
    for (ConfigReport& report : reports) {
        spdlog::info("guarding {} as {} says", report.config->service.text(), report.file.string());
        configs.push_back(*report.config);  // A copy has no room besides what is in it.
        report.config.reset();
    }
    std::vector<ConfigReport>().swap(reports);  // Kept for as long as we guard otherwise.
    const Result<void> guarded = guard_services(configs, options.role, tell_log);
    if (!guarded) {
        spdlog::error("{}", guarded.error().text);
        return status_of(guarded.error(), configs.size());
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
