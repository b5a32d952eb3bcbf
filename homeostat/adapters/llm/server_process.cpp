#include "homeostat/adapters/llm/server_process.hpp"

#include "homeostat/os/fd.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

namespace homeostat::adapters::llm {

namespace {

// What it may see of our environment: where programs, libraries and temporary files are. The rest
// may hold the secrets of our configuration.
constexpr std::array passed_on{"PATH", "LD_LIBRARY_PATH", "TMPDIR", "LANG"};

constexpr int end_patience_ms = 5000;  // A killed process is gone at once unless the disk hangs.

// `env -i` replaces itself by the program, so the pid stays the same.
std::vector<std::string> without_our_environment(const std::vector<std::string>& command) {
    // Threads that spin while they wait starve everybody on a busy machine; these sleep.
    std::vector<std::string> line{"/usr/bin/env", "-i", "OMP_WAIT_POLICY=passive"};
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

}  // namespace

Result<ServerProcess> ServerProcess::start(const std::vector<std::string>& command,
                                           const std::filesystem::path& log,
                                           CpuPriority priority) {
    const Result<std::string> found = os::find_program(command.front(), ".");
    if (!found) {
        return std::unexpected(found.error());
    }
    const os::Fd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!output.is_open()) {
        return fail(Fault::full, fmt::format("{} cannot be opened: {}", log.string(),
                                             std::generic_category().message(errno)));
    }
    os::Program program;
    program.argv = without_our_environment(command);
    program.has_own_session = true;
    program.ends_with_us = true;
    program.output_fd = output.number();
    program.error_fd = output.number();
    Result<os::Child> child = os::spawn(program);
    if (!child) {
        return std::unexpected(child.error());
    }
    lower_priority(child->pid(), priority);
    return ServerProcess(std::move(*child));
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
    return os::describe_exit(child_->exit_status().value_or(0));
}

}  // namespace homeostat::adapters::llm
