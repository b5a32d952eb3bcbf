// What `doctor` says of programs; the whole of it, on real machines, stands in tests/crash.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/doctor_checks.hpp"
#include "homeostat/app/model_bounds.hpp"
#include "homeostat/os/fd.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

namespace fs = std::filesystem;

/// A machine where everything is in order but perhaps what a case is about.
struct Machine {
    Machine() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Machine() { fs::remove_all(path); }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    void put_program(const std::string& name) const {
        const fs::path file = fs::path(path) / name;
        fs::create_directories(file.parent_path());
        std::ofstream{file} << "#!/bin/sh\n";
        fs::permissions(file, fs::perms::owner_all);
    }
    [[nodiscard]] ExitStatus ask(std::string_view process, std::string_view more = "") const {
        CommonOptions options;
        options.config = fs::path(path) / "a.yaml";
        std::ofstream{options.config} << fmt::format(
            "service: a\nruntime: {{ process: {{ {}, ports: [65535] }} }}\n"
            "signals: [ {{ logs: {{ from: stdout }} }} ]\n{}",
            process, more);
        return doctor(options);
    }

    std::string path{fs::temp_directory_path() / "homeostat-XXXXXX"};
};

bool is_bound(const os::Fd& socket, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);  // The sockets API's own cast.
    return ::bind(socket.number(), raw, sizeof address) == 0;
}

}  // namespace

TEST_CASE("a program is looked for where its instances would start") {
    const Machine machine;
    CHECK(machine.ask("command: [./serve]") == ExitStatus::unexpected);
    machine.put_program("serve");
    CHECK(machine.ask("command: [./serve]") == ExitStatus::ok);
    CHECK(machine.ask("command: [./serve], directory: elsewhere") == ExitStatus::unexpected);
    CHECK(machine.ask("command: [sh]") == ExitStatus::ok);
    CHECK(machine.ask("command: [no-such-program]") == ExitStatus::unexpected);
}

TEST_CASE("a program of a version is looked for in the version, one on PATH on PATH") {
    const Machine machine;
    const std::string versions = ", versions: { root: r }";
    machine.put_program("r/versions/v1/serve");
    CHECK(machine.ask("command: [./serve]" + versions) == ExitStatus::unexpected);
    fs::create_symlink("versions/v1", fs::path(machine.path) / "r/current");
    CHECK(machine.ask("command: [./serve]" + versions) == ExitStatus::ok);
    CHECK(machine.ask("command: [\"{version_dir}/serve\"]" + versions) == ExitStatus::ok);
    CHECK(machine.ask("command: [sh, \"{version_dir}/serve\"]" + versions) == ExitStatus::ok);
    CHECK(machine.ask("command: [serve]" + versions) == ExitStatus::unexpected);
}

TEST_CASE("the model's server is looked for as the agent will, not in /usr/sbin besides") {
    const Machine machine;
    std::ofstream{fs::path(machine.path) / "m.gguf"} << "GGUF and nothing else";
    const auto ask = [&machine](std::string_view binary) {
        return machine.ask(
            "command: [sh]",
            fmt::format("model: {{ llama_server: {{ file: m.gguf, binary: {} }} }}\n", binary));
    };
    const std::string path = ::getenv("PATH");
    REQUIRE(fs::exists("/usr/sbin/chroot"));
    ::setenv("PATH", "/usr/bin:/bin", 1);
    CHECK(ask("chroot") == ExitStatus::unexpected);
    CHECK(ask("env") == ExitStatus::ok);
    CHECK(ask("./server") == ExitStatus::unexpected);
    machine.put_program("server");
    CHECK(ask("./server") == ExitStatus::ok);
    fs::create_directory(fs::path(machine.path) / "directory");
    CHECK(ask("./directory") == ExitStatus::unexpected);
    ::setenv("PATH", path.c_str(), 1);
}

TEST_CASE("what the model server could still do is told, with what closes it to it") {
    const os::ConfinementSupport all{.files = true, .signals = true, .network = true};
    const os::CgroupTree none{.root = "/nonexistent", .own = "/nonexistent"};
    const Check shared = check_model_bounds(none, all);
    CHECK(shared.health == Health::note);
    CHECK(shared.says.contains("there is no cgroup v2 at /nonexistent"));
    CHECK_FALSE(shared.says.contains("it could"));
    CHECK(shared.mend.contains("Delegate=yes"));
    const Check open = check_model_bounds(none, {});
    CHECK(
        open.says.ends_with("it could read and change our files (no Landlock), signal our "
                            "processes (Linux before 6.12), call others (no seccomp)"));

    const Machine machine;
    const fs::path group = fs::path(machine.path) / "root/unit";
    fs::create_directories(group);
    for (const fs::path& place : {group.parent_path(), group}) {
        std::ofstream(place / "cgroup.controllers") << "cpu memory pids\n";
    }
    for (const char* empty : {"cgroup.procs", "cgroup.subtree_control"}) {
        const std::ofstream made(group / empty);
    }
    std::ofstream(fs::path(machine.path) / "own") << "0::/unit\n";
    const os::CgroupTree tree{
        .root = machine.path + "/root", .own = machine.path + "/own", .systemd = "/nonexistent"};
    CHECK(check_model_bounds(tree, all).health == Health::well);
    CHECK(check_model_bounds(tree, all).says.contains(group.string()));
    CHECK(check_model_bounds(tree, {.files = true, .network = true}).health == Health::note);
}

TEST_CASE("a service of whose changes nobody tells is no place for a rollback, and told so") {
    Config config;
    CHECK(check_changes(config).health == Health::note);
    config.changes.are_taken_by_http = true;
    CHECK(check_changes(config).says == "told by POST /v1/changes");
    config.process.versions_root = "/srv/a";
    CHECK(check_changes(config).says ==
          "told by the link to the current version, POST /v1/changes");
    config = Config();
    config.kubernetes.emplace();
    CHECK(check_changes(config).health == Health::well);
    config.changes.door.emplace().token_file = "/nonexistent/token";
    CHECK(check_changes(config).health == Health::ill);
    CHECK(check_changes(config).says.starts_with("changes.door.token_file: "));
}

TEST_CASE("a port below 1024 that is held is named to a user who may not try it") {
    // Only root makes such a port; whoever may not has nothing to be told here.
    const os::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Config config;
    config.service = ServiceId("a");
    config.run_directory = "/nonexistent/run";
    for (std::uint16_t port = 1023; port > 511 && config.process.ports.empty(); --port) {
        if (is_bound(listener, port) && ::listen(listener.number(), 1) == 0) {
            config.process.ports = {port};
        }
    }
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        static_cast<void>(::setuid(nobody));
        const std::vector<Check> found = check_ports(config);
        const bool is_named = found.size() == 1 && found.front().health == Health::ill;
        ::_exit(config.process.ports.empty() || is_named ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
}

}  // namespace homeostat::app
