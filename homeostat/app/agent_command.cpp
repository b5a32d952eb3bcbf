// agent: guards one service until SIGTERM.

#include "homeostat/app/agent_arguments.hpp"
#include "homeostat/app/agent_process.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/config_mesh_keys.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/secret_files.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/lock_file.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <string>

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

std::string run_key(const Config& config) {
    return config.kubernetes ? "runtime.kubernetes.run" : "runtime.process.run";
}

void tell_log(const std::string& line) {
    spdlog::info("{}", line);
}

/// Instances have one agent. The ledger's lock does not keep away one with a ledger of its own.
Result<void> guard_alone(const Config& config, ProcessRole role) {
    const std::string directory = config.run_directory.string();
    if (const Result<void> made = os::make_directories(directory); !made) {
        return fail(run_key(config), made.error());
    }
    const Result<os::LockFile> lock =
        os::LockFile::take(directory + "/agent.lock",
                           "`homeostat status` asks it; end it before another takes over, and for "
                           "other instances give "
                           "this configuration a directory of its own");
    if (!lock) {
        const bool is_guarded = lock.error().fault == Fault::busy;
        return fail(is_guarded ? run_key(config) + ": another agent guards these instances"
                               : run_key(config),
                    lock.error());
    }
    return guard_service(config, role, tell_log);
}

/// The agent alone locks nothing: it may write where nothing of the executor's lies, and of two
/// with one key the executor hears one.
Result<void> guard_in(const Config& config, ProcessRole role) {
    if (role == ProcessRole::agent) {
        return guard_service(config, role, tell_log);  // The executor's secrets are none of its.
    }
    const Result<void> kept = check_secret_files(config);
    return kept ? guard_alone(config, role) : kept;
}

/// ERRORS: invalid: it is no address of an agent's kind, or there are no roles.
Result<void> set_executor(Config& config, const std::string& url) {
    if (url.empty()) {
        return {};
    }
    const Result<std::string> read = PeerUrlValue{}.parse(url);
    if (!read || !config.roles) {
        return fail("--executor",
                    read ? Error{Fault::invalid, "roles: {} is missing"} : read.error());
    }
    config.roles->url = *read;
    return {};
}

ExitStatus show_key(const Config& config) {
    if (!config.roles) {
        complain("roles: where the agent's key lies is not said; add roles: { … }, docs/roles.md");
        return ExitStatus::usage;
    }
    const Result<mesh::SigningSeed> seed = read_or_make_key(config.roles->key_file);
    if (!seed) {
        complain("roles.key: " + seed.error().text);
        return ExitStatus::usage;
    }
    fmt::print("{}\n", to_hex(mesh::public_key_of(*seed)));
    return ExitStatus::ok;
}

}  // namespace

ExitStatus run_agent(const AgentOptions& options) {
    outlive_failed_writes();
    learn_how_children_end();
    ConfigReport report = load_config(options.config);
    if (!report.config) {
        fmt::print(stderr, "{}", describe(report));
        return ExitStatus::usage;
    }
    if (const Result<void> set = set_executor(*report.config, options.executor); !set) {
        complain(set.error().text);
        return ExitStatus::usage;
    }
    if (options.shows_key) {
        return show_key(*report.config);
    }
    spdlog::info("guarding {} as {} says", report.config->service.text(), report.file.string());
    const Result<void> guarded = guard_in(*report.config, options.role);
    if (!guarded) {
        spdlog::error("{}", guarded.error().text);
        const bool is_usage =
            guarded.error().fault == Fault::invalid || guarded.error().fault == Fault::busy ||
            guarded.error().fault == Fault::absent || guarded.error().fault == Fault::refused;
        return is_usage ? ExitStatus::usage : ExitStatus::unexpected;
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
