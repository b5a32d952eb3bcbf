#include "homeostat/app/doctor_checks.hpp"

#include "homeostat/adapters/process/instance_state.hpp"
#include "homeostat/adapters/process/run_directory.hpp"
#include "homeostat/adapters/process/versions.hpp"
#include "homeostat/app/changes_door.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/secret_files.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/proc.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::uintmax_t room_bytes_min = std::uintmax_t{64} << 10U;  ///< An incident takes 25 KiB.

/// Whether anybody else listens there, or may not be asked.
bool is_taken(std::uint16_t port) {
    const os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
        return false;
    }
    const int on = 1;
    ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);  // The sockets API's own cast.
    if (::bind(socket.number(), raw, sizeof address) == 0) {
        return false;
    }
    // Below 1024 not everybody may try; then whoever takes a connection has the port.
    const bool may_not_try = errno == EACCES;
    return may_not_try ? ::connect(socket.number(), raw, sizeof address) == 0 : errno == EADDRINUSE;
}

}  // namespace

Check well(std::string name, std::string says) {
    return {std::move(name), Health::well, std::move(says)};
}

Check note(std::string name, std::string says, std::string mend) {
    return {std::move(name), Health::note, std::move(says), std::move(mend)};
}

Check ill(std::string name, std::string says, std::string mend) {
    return {std::move(name), Health::ill, std::move(says), std::move(mend)};
}

std::vector<Check> check_secrets(const Config& config) {
    const std::vector<SecretFile> files = present(secret_files_of(config));
    std::vector<Check> checks;
    for (const SecretFile& one : files) {
        if (const Result<void> kept = os::check_secret_file(one.file.string()); !kept) {
            checks.push_back(ill("secrets", one.key + ": " + kept.error().text,
                                 "the agent does not start before that"));
        }
    }
    if (checks.empty() && !files.empty()) {
        checks.push_back(
            well("secrets", fmt::format("{} in files that only we may read", files.size())));
    }
    return checks;
}

Check check_changes(const Config& config) {
    if (config.changes.door) {
        const std::string file = config.changes.door->token_file.string();
        if (const Result<TokenDigest> token = read_token(file); !token) {
            return ill("changes", "changes.door.token_file: " + token.error().text,
                       "the agent does not start before that");
        }
    }
    std::string sources;
    const auto add = [&](bool is_there, std::string_view source) {
        if (is_there) {
            sources += (sources.empty() ? "" : ", ") + std::string(source);
        }
    };
    add(config.kubernetes.has_value(), "rollouts of the Deployment");
    add(!config.process.versions_root.empty(), "the link to the current version");
    add(!config.process.config_root.empty(), "the link to the current configuration");
    add(config.flags.has_value(), config.flags ? config.flags->file.string() : std::string());
    add(!config.changes.file.empty(), config.changes.file.string());
    add(config.changes.are_taken_by_http, "POST /v1/changes");
    add(config.changes.door.has_value(), "POST /v1/changes by TCP");
    return sources.empty()
               ? note("changes",
                      "nothing tells of deploys, configurations or flags: no change is ever a "
                      "suspect, and there is no rollback",
                      "changes: [ { http: true } ], or runtime.process.versions")
               : well("changes", "told by " + sources);
}

bool is_running(const Config& config, const InstanceId& instance) {
    const Result<std::string> boot_id = os::read_boot_id();
    const adapters::process::RunDirectory run(config.run_directory.string());
    const auto state = boot_id ? adapters::process::look_at(run, instance, *boot_id)
                               : std::unexpected(boot_id.error());
    return state && state->is_alive();
}

Check check_directory(const std::string& name, std::filesystem::path directory) {
    const std::string wanted = directory.string();
    std::error_code ignored;
    while (!directory.empty() && !std::filesystem::exists(directory, ignored)) {
        const std::filesystem::path parent = directory.parent_path();
        directory = parent == directory ? std::filesystem::path(".") : parent;
    }
    const std::filesystem::path asked = directory.empty() ? "." : directory;
    if (!std::filesystem::is_directory(asked, ignored)) {
        return {name, Health::ill, asked.string() + " is no directory", "choose another place"};
    }
    if (::access(asked.c_str(), W_OK) != 0) {
        const bool is_read_only = errno == EROFS;
        return {name, Health::ill, asked.string() + " cannot be written",
                is_read_only ? "mount the file system writable"
                             : "give the agent's user the right to write there"};
    }
    const std::filesystem::space_info space = std::filesystem::space(asked, ignored);
    if (!ignored && space.available < room_bytes_min) {
        return {name, Health::ill,
                fmt::format("{} has room for {} bytes", asked.string(), space.available),
                "free space on that file system: without room nothing is recorded, so nothing is "
                "done"};
    }
    return {name, Health::well, wanted + " can be written"};
}

Check check_version(const Config& config) {
    const std::string link = (config.process.versions_root / "current").string();
    const adapters::process::Versions versions(config.process.versions_root.string(), {});
    const auto current = versions.current();
    if (current) {
        return {"version", Health::well, link + " is " + current->version.text()};
    }
    return {"version", Health::ill, current.error().text,
            fmt::format("deploy a version: ln -s versions/NAME {}", link)};
}

std::vector<Check> check_ports(const Config& config) {
    std::vector<Check> found;
    for (std::size_t index = 0; index < config.process.ports.size(); ++index) {
        const InstanceId instance = instance_id(config.service, index);
        const std::uint16_t port = config.process.ports[index];
        if (is_taken(port) && !is_running(config, instance)) {
            found.push_back(
                {"ports", Health::ill,
                 fmt::format("port {} of {} is held by another program", port, instance.text()),
                 fmt::format("end it (ss -ltnp 'sport = :{}' names it), or choose another port",
                             port)});
        }
    }
    if (found.empty()) {
        found.push_back({"ports", Health::well, "each is free, or held by its instance"});
    }
    return found;
}

}  // namespace homeostat::app
