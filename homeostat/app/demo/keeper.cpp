#include "homeostat/app/demo/keeper.hpp"

#include "homeostat/os/proc.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace homeostat::app::demo {

namespace {

struct Pipe {
    int read_end{-1};
    int write_end{-1};
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(Fault::absent, std::string("no pipe: ") + std::strerror(errno));
    }
    return Pipe{ends[0], ends[1]};
}

/// Blocks the signals and gives a descriptor that becomes readable when one of them comes.
int signals_as_descriptor(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : signals) {
        sigaddset(&set, number);
    }
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void unblock_all_signals() {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

int status_of(int waited) {
    return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
}

void drain_signals(int descriptor) {
    signalfd_siginfo info{};
    while (::read(descriptor, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    }
}

struct Report {
    int exit_status{0};
    std::uint32_t leftover_processes{0};
};

/// SIGKILL until nobody is left; each round reaps what died. Bounded: a process in an
/// uninterruptible wait must not keep the demo for ever.
void end_tree() {
    constexpr int rounds_max = 200;
    for (int round = 0; round < rounds_max; ++round) {
        const std::vector<int> alive = descendants_of(::getpid());
        for (const int pid : alive) {
            ::kill(pid, SIGKILL);
        }
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        if (alive.empty()) {
            return;
        }
        ::poll(nullptr, 0, 10);
    }
}

[[noreturn]] void keep(int life, int result, const std::function<int()>& body) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::setpgid(0, 0);  // Ctrl-C reaches the outermost process only, which then lets go of the pipe.
    const int children = signals_as_descriptor({SIGCHLD, SIGINT, SIGTERM});
    const pid_t inner = ::fork();
    if (inner == 0) {
        unblock_all_signals();
        ::close(life);
        ::close(result);
        std::_Exit(body());
    }
    Report report;
    bool is_running = inner > 0;
    bool is_let_go = false;
    while (is_running && !is_let_go) {
        std::array<pollfd, 2> watched{{{life, POLLIN, 0}, {children, POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), -1);
        is_let_go = watched[0].revents != 0;
        drain_signals(children);
        int waited = 0;
        for (pid_t ended = ::waitpid(-1, &waited, WNOHANG); ended > 0;
             ended = ::waitpid(-1, &waited, WNOHANG)) {
            if (ended == inner) {
                is_running = false;
                report.exit_status = status_of(waited);
            }
        }
    }
    report.leftover_processes = static_cast<std::uint32_t>(descendants_of(::getpid()).size());
    end_tree();
    [[maybe_unused]] const ssize_t written = ::write(result, &report, sizeof report);
    std::_Exit(0);
}

Result<KeptRun> wait_for_keeper(pid_t keeper, Pipe life, Pipe result) {
    const int signals = signals_as_descriptor({SIGINT, SIGTERM});
    KeptRun run;
    Report report;
    for (bool has_report = false; !has_report;) {
        std::array<pollfd, 2> watched{{{result.read_end, POLLIN, 0}, {signals, POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), -1);
        if (watched[1].revents != 0 && !run.is_interrupted) {
            run.is_interrupted = true;
            drain_signals(signals);
            ::close(life.write_end);
            life.write_end = -1;
        }
        if (watched[0].revents != 0) {
            has_report = true;
            if (::read(result.read_end, &report, sizeof report) !=
                static_cast<ssize_t>(sizeof report)) {
                return fail(Fault::absent, "the demo's keeper ended without a report");
            }
        }
    }
    ::waitpid(keeper, nullptr, 0);
    ::close(signals);
    ::close(result.read_end);
    if (life.write_end >= 0) {
        ::close(life.write_end);
    }
    unblock_all_signals();
    run.exit_status = report.exit_status;
    run.leftover_processes = report.leftover_processes;
    return run;
}

}  // namespace

Result<KeptRun> run_kept(const std::function<int()>& body) {
    Result<Pipe> life = make_pipe();
    Result<Pipe> result = make_pipe();
    if (!life || !result) {
        return std::unexpected(life ? result.error() : life.error());
    }
    const pid_t keeper = ::fork();
    if (keeper < 0) {
        return fail(Fault::absent, std::string("no process: ") + std::strerror(errno));
    }
    if (keeper == 0) {
        ::close(life->write_end);
        ::close(result->read_end);
        keep(life->read_end, result->write_end, body);
    }
    ::close(life->read_end);
    ::close(result->write_end);
    return wait_for_keeper(keeper, *life, *result);
}

std::vector<int> descendants_of(int root) {
    std::map<int, std::vector<int>> children;
    std::set<int> zombies;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename().string();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{}) {
            continue;
        }
        const Result<os::ProcessStat> stat = os::read_process_stat(pid);
        if (!stat) {
            continue;  // It ended while we looked.
        }
        if (stat->is_dead()) {
            zombies.insert(pid);
        }
        children[stat->parent_pid].push_back(pid);
    }
    std::vector<int> found;
    std::vector<int> frontier{root};
    while (!frontier.empty()) {
        const int parent = frontier.back();
        frontier.pop_back();
        for (const int child : children[parent]) {
            frontier.push_back(child);
            if (!zombies.contains(child)) {
                found.push_back(child);
            }
        }
    }
    return found;
}

}  // namespace homeostat::app::demo
