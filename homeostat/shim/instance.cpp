#include "homeostat/shim/instance.hpp"

#include "homeostat/os/child.hpp"
#include "homeostat/os/error.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

namespace homeostat::shim {

namespace {

struct Held {
    const Order& order;
    const std::string& program;
    int lock_fd;
    int log_fd;
    int go_fd;
    int failure_fd;
};

[[noreturn]] void give_up(const Held& held) {
    const int error_number = errno;
    static_cast<void>(::write(held.failure_fd, &error_number, sizeof error_number));
    ::_exit(127);
}

void reset_signals() {
    for (int signal = 1; signal < NSIG; ++signal) {
        ::signal(signal, SIG_DFL);
    }
    sigset_t none{};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The held process. It was forked from a program with one thread, so it may allocate.
[[noreturn]] void wait_and_become(const Held& held) {
    if (::setsid() < 0) {
        give_up(held);
    }
    char go = 0;
    ssize_t count = -1;
    do {
        count = ::read(held.go_fd, &go, 1);
    } while (count < 0 && errno == EINTR);
    if (count != 1) {
        ::_exit(0);  // The shim is dead, or took the start back.
    }
    const bool is_ready =
        ::dup2(held.log_fd, STDOUT_FILENO) >= 0 && ::dup2(held.log_fd, STDERR_FILENO) >= 0 &&
        ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
        ::fcntl(held.lock_fd, F_SETFD, 0) == 0 &&
        (held.order.directory.empty() || ::chdir(held.order.directory.c_str()) == 0);
    if (!is_ready) {
        give_up(held);
    }
    std::vector<std::string> texts = held.order.command;
    std::vector<char*> argv;
    for (std::string& text : texts) {
        argv.push_back(text.data());
    }
    argv.push_back(nullptr);
    reset_signals();
    ::execv(held.program.c_str(), argv.data());
    give_up(held);
}

}  // namespace

Result<Instance> Instance::hold(const Order& order, int lock_fd, int log_fd) {
    const Result<std::string> program = os::find_program(order.command.front(), order.directory);
    if (!program) {
        return std::unexpected(program.error());
    }
    Result<os::Pipe> go = os::make_pipe();
    if (!go) {
        return std::unexpected(std::move(go.error()));
    }
    Result<os::Pipe> failure = os::make_pipe();
    if (!failure) {
        return std::unexpected(std::move(failure.error()));
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
        go->writer.close();  // Or it would never see that the shim is gone.
        wait_and_become(
            Held{order, *program, lock_fd, log_fd, go->reader.number(), failure->writer.number()});
    }
    if (pid < 0) {
        return std::unexpected(os::read_error("start", *program, errno));
    }
    return Instance{pid, std::move(go->writer), std::move(failure->reader)};
}

Result<void> Instance::let_go(const Order& order) {
    const char go = 1;
    int error_number = 0;
    if (::write(go_.number(), &go, 1) != 1) {
        return std::unexpected(os::read_error("start", order.command.front(), errno));
    }
    ssize_t count = -1;
    do {
        count = ::read(failure_.number(), &error_number, sizeof error_number);
    } while (count < 0 && errno == EINTR);
    go_.close();
    failure_.close();
    if (count > 0) {
        return std::unexpected(os::read_error("run", order.command.front(), error_number));
    }
    return {};
}

void Instance::send(int signal) const {
    static_cast<void>(::kill(pid_, signal));
}

std::optional<int> Instance::take_exit() const {
    siginfo_t info{};
    const bool has_ended =
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid_;
    if (!has_ended) {
        return std::nullopt;
    }
    // Until it is reaped its pid, and so its group's number, belongs to nobody else. What it left
    // running would keep its port and its lock.
    static_cast<void>(::kill(-pid_, SIGKILL));
    int status = 0;
    static_cast<void>(::waitpid(pid_, &status, 0));
    return status;
}

void Instance::drop() {
    go_.close();
    static_cast<void>(::waitpid(pid_, nullptr, 0));
}

}  // namespace homeostat::shim
