// doctor: what this machine and this configuration need, checked one by one, each with its mend.

#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

enum class Health { well, note, ill };

struct Check {
    std::string name;
    Health health{Health::well};
    std::string says;
};

Check well(std::string name, std::string says) {
    return {std::move(name), Health::well, std::move(says)};
}

Check note(std::string name, std::string says) {
    return {std::move(name), Health::note, std::move(says)};
}

Check ill(std::string name, std::string says) {
    return {std::move(name), Health::ill, std::move(says)};
}

Check check_kernel() {
    const long handle = ::syscall(SYS_pidfd_open, ::getpid(), 0);
    if (handle < 0) {
        return ill("kernel", "no pidfd: Linux 5.3 or newer is needed");
    }
    ::close(static_cast<int>(handle));
    return well("kernel", "pidfd is there");
}

/// Whether a directory can be written is asked of the first one upwards that exists: the agent
/// makes the rest itself.
Check check_directory(const std::string& name, std::filesystem::path directory) {
    const std::string wanted = directory.string();
    std::error_code ignored;
    while (!directory.empty() && !std::filesystem::exists(directory, ignored)) {
        const std::filesystem::path parent = directory.parent_path();
        directory = parent == directory ? std::filesystem::path(".") : parent;
    }
    const std::filesystem::path asked = directory.empty() ? "." : directory;
    if (!std::filesystem::is_directory(asked, ignored)) {
        return ill(name, asked.string() + " is no directory: choose another place");
    }
    if (::access(asked.c_str(), W_OK) != 0) {
        return ill(name, asked.string() + " cannot be written: give the agent's user the right");
    }
    return well(name, wanted + " can be written");
}

Check check_command(const Config& config) {
    if (config.process.command.empty()) {
        return ill("command", "runtime.process.command is empty");
    }
    const std::string& program = config.process.command.front();
    const bool is_versioned = !config.process.versions_root.empty();
    if (is_versioned && !program.starts_with('/')) {
        const std::filesystem::path candidate = config.process.versions_root / "current" / program;
        const bool is_there = ::access(candidate.c_str(), X_OK) == 0;
        return is_there ? well("command", candidate.string() + " can be executed")
                        : ill("command", candidate.string() + " is not there: deploy a version");
    }
    return find_program(program).empty()
               ? ill("command", program + " is not on PATH or cannot be executed")
               : well("command", program + " can be executed");
}

Check check_service_config(const Config& config) {
    const std::filesystem::path current = config.process.config_root / "current";
    std::error_code ignored;
    return std::filesystem::is_directory(current, ignored)
               ? well("service config", current.string() + " is there")
               : ill("service config", current.string() +
                                           " is not there: make versions/NAME beside it and point "
                                           "the link at it");
}

Check check_edge(const HaproxyConfig& edge) {
    const std::string path = edge.socket.string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return ill("haproxy", path + " is too long for a socket: at most 107 bytes");
    }
    path.copy(std::begin(address.sun_path), path.size());
    const int handle = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);  // The sockets API's own cast.
    const bool answers = ::connect(handle, raw, sizeof address) == 0;
    ::close(handle);
    return answers ? well("haproxy", path + " answers")
                   : ill("haproxy", path + " does not answer: start HAProxy with `stats socket " +
                                        path + " mode 600 level admin`");
}

Check check_model(const Config& config) {
    if (!config.model) {
        return note("model", "none is configured: the rules rank the menu alone");
    }
    if (!config.model->url.empty()) {
        return note("model", "a server at " + config.model->url + " is expected to run");
    }
    const auto file = adapters::llm::read_model_file(config.model->file);
    if (!file) {
        return ill("model", file.error().text);
    }
    if (config.model->binary.empty() && model_server_program().empty()) {
        return ill("model", "no llama-server on PATH, and none bundled: `make setup` installs one");
    }
    return well("model", file->name + " " + file->sha256.substr(0, 12));
}

Check check_switch(const Config& config) {
    const adapters::system::SwitchFile file(config.switch_file);
    return file.is_engaged()
               ? note("kill switch", "engaged: nothing will be done until `homeostat resume`")
               : well("kill switch", "released");
}

Check check_autonomy(const Config& config) {
    std::string acting;
    for (const auto& [kind, autonomy] : config.guard.autonomy) {
        if (autonomy == Autonomy::act) {
            acting += (acting.empty() ? "" : ", ") + std::string(to_text(kind));
        }
    }
    return acting.empty()
               ? note("autonomy", "no remedy stands at `act`: incidents are recorded, nothing done")
               : well("autonomy", "acts on its own: " + acting);
}

std::vector<Check> checks_of(const ConfigReport& report) {
    std::vector<Check> checks{check_kernel()};
    if (!report.config) {
        checks.push_back(ill("configuration", describe(report)));
        return checks;
    }
    const Config& config = *report.config;
    checks.push_back(well("configuration", report.file.string() + " is valid"));
    checks.push_back(check_command(config));
    if (!config.process.config_root.empty()) {
        checks.push_back(check_service_config(config));
    }
    checks.push_back(check_directory("run directory", config.process.run_directory));
    checks.push_back(check_directory("ledger", config.ledger_directory));
    if (config.haproxy) {
        checks.push_back(check_edge(*config.haproxy));
    }
    checks.push_back(check_model(config));
    checks.push_back(check_switch(config));
    checks.push_back(check_autonomy(config));
    return checks;
}

std::string_view word_of(Health health) {
    switch (health) {
        case Health::well:
            return "ok";
        case Health::note:
            return "note";
        case Health::ill:
            return "ILL";
    }
    return "ILL";
}

}  // namespace

ExitStatus doctor(const CommonOptions& options) {
    const std::vector<Check> checks = checks_of(load_config(options.config));
    bool is_well = true;
    json::array documents;
    for (const Check& check : checks) {
        is_well = is_well && check.health != Health::ill;
        json::object document;
        document["check"] = json::value(check.name);
        document["health"] = json::value(std::string(word_of(check.health)));
        document["says"] = json::value(check.says);
        documents.push_back(std::move(document));
        if (!options.is_json) {
            fmt::print("{:<5} {:<14} {}\n", word_of(check.health), check.name, check.says);
        }
    }
    if (options.is_json) {
        json::object document;
        document["is_well"] = is_well;
        document["checks"] = std::move(documents);
        fmt::print("{}", to_pretty_text(document));
    }
    return is_well ? ExitStatus::ok : ExitStatus::unexpected;
}

}  // namespace homeostat::app
