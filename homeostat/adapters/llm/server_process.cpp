#include "homeostat/adapters/llm/server_process.hpp"

#include "homeostat/os/confinement.hpp"
#include "homeostat/os/fd.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <ranges>
#include <string_view>
#include <system_error>

namespace homeostat::adapters::llm {

namespace {

// What it may see of our environment: where programs, libraries and temporary files are. The rest
// may hold the secrets of our configuration.
constexpr std::array passed_on{"PATH", "LD_LIBRARY_PATH", "LANG"};

// Programs, libraries and what they ask of the machine; no /etc, no /home, no /run: there are keys.
// In /proc it sees who runs, and into none of them.
constexpr std::array of_system{"/usr",
                               "/bin",
                               "/sbin",
                               "/lib",
                               "/lib32",
                               "/lib64",
                               "/nix/store",
                               "/etc/ld.so.cache",
                               "/etc/ld.so.conf",
                               "/etc/ld.so.conf.d",
                               "/etc/localtime",
                               "/etc/gai.conf",
                               "/etc/hosts",
                               "/proc",
                               "/sys/devices/system",
                               "/dev/urandom",
                               "/dev/random",
                               "/dev/zero",
                               "/dev/null"};

// Threads of a server on a machine of many processors; one that forks without end has more.
constexpr std::uint32_t processes_max = 1024;

constexpr int end_patience_ms = 5000;  // A killed process is gone at once unless the disk hangs.

// `env -i` replaces itself by the program, so the pid stays the same.
std::vector<std::string> without_our_environment(const std::vector<std::string>& command,
                                                 const std::filesystem::path& directory) {
    // Threads that spin while they wait starve everybody on a busy machine; these sleep.
    std::vector<std::string> line{"/usr/bin/env", "-i", "OMP_WAIT_POLICY=passive",
                                  "TMPDIR=" + directory.string()};
    for (const char* const name : passed_on) {
        const char* const value = std::getenv(name);
        if (value != nullptr) {
            line.push_back(fmt::format("{}={}", name, value));
        }
    }
    line.insert(line.end(), command.begin(), command.end());
    return line;
}

// Right after the start, when it has one thread: those to come inherit it. A refusal by the kernel
// costs the service some time and nothing else, so it is no reason to go without the model.
void lower_priority(std::int32_t pid, CpuPriority priority) {
    if (priority == CpuPriority::idle) {
        const sched_param none{};
        ::sched_setscheduler(pid, SCHED_IDLE, &none);
    }
    if (priority == CpuPriority::low) {
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 19);
    }
}

/// Where a program stands, by its own name and behind its links, and the libraries beside that.
void add_surroundings(const std::filesystem::path& program, std::vector<std::string>& readable) {
    std::error_code ignored;
    const std::array named{program, std::filesystem::canonical(program, ignored)};
    for (const std::filesystem::path& one : named) {
        const std::filesystem::path directory = one.parent_path();
        for (const char* const beside : {".", "../lib", "../lib64"}) {
            readable.push_back((directory / beside).string());
        }
    }
}

/// What a program that is only a script for another one says that it needs, in a file beside it
/// with a path in each line. Whoever writes there could replace the program as well.
void add_needs(const std::string& program, std::vector<std::string>& readable) {
    constexpr std::size_t needs_max = 16;
    std::ifstream file(program + ".readable");
    std::string line;
    for (std::size_t count = 0; count < needs_max && std::getline(file, line); ++count) {
        if (line.starts_with('/')) {
            readable.push_back(line);
        }
    }
}

std::vector<std::string> readable_by(const std::string& program, const ServerBounds& bounds) {
    std::vector<std::string> readable(of_system.begin(), of_system.end());
    add_surroundings(program, readable);
    add_needs(program, readable);
    for (const std::filesystem::path& path : bounds.readable) {
        readable.push_back(path.string());
    }
    const char* const libraries = std::getenv("LD_LIBRARY_PATH");
    for (const auto part : std::views::split(std::string_view(libraries ? libraries : ""), ':')) {
        const std::string_view path(part);
        if (path.starts_with('/')) {
            readable.emplace_back(path);
        }
    }
    return readable;
}

/// Without one it still has the least priority, and its memory a limit: no reason to do without.
std::optional<os::Cgroup> group_for(const ServerBounds& bounds) {
    if (bounds.cgroup.empty()) {
        return std::nullopt;
    }
    Result<os::Cgroup> group = os::Cgroup::make(
        bounds.cgroup, "model",
        {.memory_bytes_max = bounds.memory_bytes_max, .processes_max = processes_max});
    if (!group) {
        spdlog::warn("model_without_cgroup text=\"{}\"", group.error().text);
        return std::nullopt;
    }
    return *std::move(group);
}

}  // namespace

Result<ServerProcess> ServerProcess::start(const std::vector<std::string>& command,
                                           const std::filesystem::path& log,
                                           const ServerBounds& bounds) {
    const Result<std::string> found = os::find_program(command.front(), ".");
    if (!found) {
        return std::unexpected(found.error());
    }
    const os::Fd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!output.is_open()) {
        return fail(Fault::full, fmt::format("{} cannot be opened: {}", log.string(),
                                             std::generic_category().message(errno)));
    }
    const std::filesystem::path directory = log.parent_path();
    std::optional<os::Cgroup> group = group_for(bounds);
    const Result<os::Confinement> confinement = os::Confinement::make({
        .readable = readable_by(*found, bounds),
        .writable = {directory.string(), "/dev/null"},
        .data_bytes_max = bounds.memory_bytes_max,  // Also in a group, which others may take back.
    });
    if (!confinement) {
        return fail("the model server cannot be confined", confinement.error());
    }
    os::Program program;
    program.argv = without_our_environment(command, directory);
    program.confinement = &*confinement;
    program.cgroup_fd = group ? group->entrance_fd() : -1;
    program.has_own_session = true;
    program.ends_with_us = true;
    program.output_fd = output.number();
    program.error_fd = output.number();
    Result<os::Child> child = os::spawn(program);
    if (!child) {
        return std::unexpected(child.error());
    }
    lower_priority(child->pid(), bounds.priority);
    return ServerProcess(std::move(*child), std::move(group));
}

ServerProcess::~ServerProcess() {
    if (child_ == nullptr || is_reaped_) {
        return;
    }
    kill_session();
    pollfd ended{.fd = child_->process().fd(), .events = POLLIN, .revents = 0};
    ::poll(&ended, 1, end_patience_ms);
}

// A wrapper may have a child of its own, so all of its session goes.
void ServerProcess::kill_session() {
    ::kill(-child_->pid(), SIGKILL);
}

std::string ServerProcess::describe_end() {
    if (is_running()) {
        return "is still running";
    }
    if (!is_reaped_) {
        kill_session();
    }
    is_reaped_ = true;
    return os::describe_exit(child_->exit_status().value_or(0)) +
           (group_ && group_->has_run_out_of_memory() ? ", its memory was used up" : "");
}

}  // namespace homeostat::adapters::llm
