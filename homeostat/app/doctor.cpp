// doctor: what this machine and this configuration need, checked one by one, each with its mend.

#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/adapters/process/start.hpp"
#include "homeostat/adapters/process/versions.hpp"
#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/doctor_checks.hpp"
#include "homeostat/app/doctor_kubernetes.hpp"
#include "homeostat/app/doctor_peers.hpp"
#include "homeostat/app/doctor_roles.hpp"
#include "homeostat/app/doctor_sinks.hpp"
#include "homeostat/app/doctor_tasks.hpp"
#include "homeostat/app/model_bounds.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/record/redact.hpp"

#include <fmt/format.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace homeostat::app {

namespace {

namespace process = adapters::process;

Check check_kernel() {
    const long handle = ::syscall(SYS_pidfd_open, ::getpid(), 0);
    if (handle < 0) {
        return ill("kernel", "there is no pidfd", "boot Linux 5.3 or newer");
    }
    ::close(static_cast<int>(handle));
    return well("kernel", "pidfd is there");
}

/// What signs the ledger's heads.
Check check_key(const Config& config) {
    namespace ledger = adapters::segment_log;
    const Result<ledger::SigningKey> key = ledger::SigningKey::read(config.key_file);
    if (key) {
        return well("ledger key", fmt::format("{} is there, key {}", config.key_file.string(),
                                              key->public_key().id()));
    }
    if (key.error().fault == Fault::absent) {
        return note("ledger key", config.key_file.string() + " is not there",
                    "the first start makes it; if there was one, bring it back from a copy");
    }
    return ill("ledger key", key.error().text, "see record.key");
}

/// What the agent would start first, just as it would.
Result<process::Launch> first_launch(const Config& config) {
    const process::Options options = process_options_of(config, shim_program().string());
    PerArtifact<VersionId> versions;
    for (const Artifact artifact : artifacts_started) {
        if (options.roots[artifact].empty()) {
            continue;
        }
        const auto current = process::Versions(options.roots[artifact], {}).current();
        if (!current) {
            return std::unexpected(current.error());
        }
        versions[artifact] = current->version;
    }
    return process::prepare_launch(options, options.instances.front().id, versions, {});
}

Check check_command(const Config& config) {
    const Result<process::Launch> launch = first_launch(config);
    if (!launch) {
        return ill("command", launch.error().text,
                   config.process.versions_root.empty()
                       ? "install it, or name it with its whole path"
                       : "deploy a version that holds it, or name it with its whole path");
    }
    // The shim's own words end where the command begins: … --directory DIRECTORY -- PROGRAM …
    const std::vector<std::string>& words = launch->program.argv;
    const auto end = std::ranges::find(words, "--");
    return well("command", *(end + 1) + " can be executed in " + *(end - 1));
}

Check check_service_config(const Config& config) {
    const std::filesystem::path current = config.process.config_root / "current";
    std::error_code ignored;
    return std::filesystem::is_directory(current, ignored)
               ? well("service config", current.string() + " is there")
               : ill("service config", current.string() + " is not there",
                     "make versions/NAME beside it and point the link at it");
}

/// One that we start. doctor_peers.hpp asks one that runs already.
Check check_model(const Config& config) {
    if (!config.model) {
        return note("model", "none is configured: the rules rank the menu alone");
    }
    const auto file = adapters::llm::read_model_file(config.model->file);
    if (!file) {
        return ill("model", file.error().text, "mend that, or correct model.llama_server.file");
    }
    const Result<adapters::llm::LlmSettings> settings = llm_settings_of(config);
    const auto* server =
        settings ? std::get_if<adapters::llm::ModelServerSettings>(&settings->server) : nullptr;
    const Result<std::string> program =
        server != nullptr ? os::find_program(server->command.front(), ".")
                          : fail(Fault::invalid, "model.llama_server cannot be used");
    if (!program) {
        return ill("model", program.error().text,
                   "`make setup` installs one; until then the rules decide alone");
    }
    return well("model", file->name + " " + file->sha256.substr(0, 12));
}

Check check_switch(const Config& config) {
    const adapters::system::SwitchFile file(config.switch_file);
    return file.is_engaged()
               ? note("kill switch", "engaged: nothing will be done", "`homeostat resume`")
               : well("kill switch", "released");
}

Check check_autonomy(const Config& config) {
    std::string acting;
    for (const auto& [kind, autonomy] : config.guard.autonomy) {
        if (autonomy == Autonomy::act) {
            acting += (acting.empty() ? "" : ", ") + std::string(to_text(kind));
        }
    }
    for (const auto& [task, autonomy] : config.guard.tasks) {
        if (autonomy == Autonomy::act) {
            acting += (acting.empty() ? "" : ", ") + ("task " + task.text());
        }
    }
    return acting.empty()
               ? note("autonomy", "no remedy stands at `act`: incidents are recorded, nothing done",
                      "autonomy: { restart: act }")
               : well("autonomy", "acts on its own: " + acting);
}

/// What instances of this machine need.
std::vector<Check> check_processes(const Config& config) {
    std::vector<Check> checks{check_command(config)};
    if (!config.process.versions_root.empty()) {
        checks.push_back(check_version(config));
    }
    std::ranges::move(check_ports(config), std::back_inserter(checks));
    if (!config.process.config_root.empty()) {
        checks.push_back(check_service_config(config));
    }
    return checks;
}

std::vector<Check> checks_of(const ConfigReport& report) {
    std::vector<Check> checks{check_kernel()};
    if (!report.config) {
        std::string problems = describe(report);
        problems.erase(problems.find_last_not_of('\n') + 1);
        checks.push_back(ill("configuration", std::move(problems), "correct it, then ask again"));
        return checks;
    }
    const Config& config = *report.config;
    checks.push_back(well("configuration", report.file.string() + " is valid"));
    std::ranges::move(config.kubernetes ? check_cluster(config) : check_processes(config),
                      std::back_inserter(checks));
    checks.push_back(check_directory("run directory", config.run_directory));
    checks.push_back(check_directory("ledger", config.ledger_directory));
    if (!config.witness_files.empty()) {
        checks.push_back(check_key(config));
    }
    std::ranges::move(check_sinks(config), std::back_inserter(checks));
    std::ranges::move(check_peers(config), std::back_inserter(checks));
    std::ranges::move(check_declared_tasks(config), std::back_inserter(checks));
    if (!config.model || config.model->url.empty()) {
        checks.push_back(check_model(config));
        if (config.model && checks.back().health == Health::well) {
            checks.push_back(check_model_bounds());
        }
    }
    std::ranges::move(check_two_roles(config), std::back_inserter(checks));
    std::ranges::move(check_secrets(config), std::back_inserter(checks));
    checks.push_back(check_changes(config));
    checks.push_back(check_switch(config));
    checks.push_back(check_autonomy(config));
    return checks;
}

/// Escaped line by line: a configuration may have several problems, and texts come from anywhere.
std::string shown(const Check& check) {
    constexpr std::size_t line_bytes_max = 4096;
    const std::string mend = check.mend.empty() ? "" : " — " + check.mend;
    const std::string text =
        fmt::format("{:<5} {:<14} {}{}", to_text(check.health), check.name, check.says, mend);
    std::string lines;
    for (const auto line : std::views::split(text, '\n')) {
        lines += plain(std::string_view(line), line_bytes_max) + "\n";
    }
    return lines;
}

}  // namespace

ExitStatus doctor(const CommonOptions& options) {
    const ConfigReport report = load_config(options.config);
    std::vector<Check> checks = checks_of(report);
    for (Check& check : checks) {  // What is wrong with a configuration quotes its keys.
        check.says = check.name == "configuration" ? check.says : record::redact(check.says);
    }
    const bool is_well = std::ranges::find(checks, Health::ill, &Check::health) == checks.end();
    if (options.is_json) {
        json::object document;
        document["is_well"] = is_well;
        document["checks"] = to_json(checks);
        fmt::print("{}", to_pretty_text(document));
    } else {
        for (const Check& check : checks) {
            fmt::print("{}", shown(check));
        }
    }
    if (!report.config) {
        return ExitStatus::usage;
    }
    return is_well ? ExitStatus::ok : ExitStatus::unexpected;
}

}  // namespace homeostat::app
