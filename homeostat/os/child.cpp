#include "homeostat/os/child.hpp"

#include "homeostat/os/confinement.hpp"
#include "homeostat/os/error.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/own_memory.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

extern char** environ;  // NOLINT: POSIX asks for this declaration.

namespace homeostat::os {

namespace {

/// What could not be done in the child, told to the parent through a pipe that exec closes.
struct Failure {
    enum class Where : std::uint8_t { prepare, directory, execute };
    Where where{Where::prepare};
    int error_number{0};
};

/// Texts and the array of pointers to them that execve wants, made before the fork.
class Pointers {
  public:
    explicit Pointers(std::vector<std::string> texts) : texts_(std::move(texts)) {
        for (std::string& text : texts_) {
            pointers_.push_back(text.data());
        }
        pointers_.push_back(nullptr);
    }
    [[nodiscard]] char* const* get() const { return pointers_.data(); }

  private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_;
};

std::string_view name_in(std::string_view assignment) {
    return assignment.substr(0, assignment.find('='));
}

std::vector<std::string> environment_of(const Program& program) {
    const std::vector<std::string>& added = program.environment;
    std::vector<std::string> all = added;
    for (char** entry = program.inherits_environment ? environ : nullptr;
         entry != nullptr && *entry != nullptr; ++entry) {
        bool is_replaced = false;
        for (const std::string& ours : added) {
            is_replaced = is_replaced || name_in(ours) == name_in(*entry);
        }
        if (!is_replaced) {
            all.emplace_back(*entry);
        }
    }
    return all;
}

/// Everything the child needs between fork and exec, where it may not allocate.
struct Prepared {
    const Program& program;
    const std::string& path;
    const Pointers& argv;
    const Pointers& environment;
    std::int32_t parent_pid;
    int null_fd;
    int failure_fd;
};

[[noreturn]] void give_up(const Prepared& prepared, Failure::Where where) {
    const Failure failure{where, errno};
    static_cast<void>(::write(prepared.failure_fd, &failure, sizeof failure));
    ::_exit(127);
}

/// Copies the three descriptors out of the way first: one of them may be 0, 1 or 2 itself.
bool redirect(const Prepared& prepared) {
    std::array<int, 3> wanted{prepared.program.input_fd, prepared.program.output_fd,
                              prepared.program.error_fd};
    for (int& fd : wanted) {
        fd = ::fcntl(fd < 0 ? prepared.null_fd : fd, F_DUPFD_CLOEXEC, 3);
    }
    for (int target = 0; target < 3; ++target) {
        const int source = wanted[static_cast<std::size_t>(target)];
        if (source < 0 || ::dup2(source, target) < 0) {
            return false;
        }
    }
    return true;
}

/// Before exec, so that no moment of the program is outside of its limits.
bool enter_cgroup(int entrance_fd) {
    return entrance_fd < 0 || ::write(entrance_fd, "0", 1) == 1;
}

/// All but the first three and, if there is one, this.
void close_on_exec_but(int kept_fd) {
    constexpr unsigned first = 3;
    const unsigned kept = kept_fd < 0 ? ~0U : static_cast<unsigned>(kept_fd);
    if (kept > first) {
        ::syscall(SYS_close_range, first, kept_fd < 0 ? kept : kept - 1, CLOSE_RANGE_CLOEXEC);
    }
    if (kept_fd >= 0) {
        ::syscall(SYS_close_range, kept + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        ::fcntl(kept_fd, F_SETFD, 0);
    }
}

void reset_signals() {
    for (int signal = 1; signal < NSIG; ++signal) {
        ::signal(signal, SIG_DFL);  // Fails for SIGKILL and SIGSTOP, which are default anyway.
    }
    sigset_t none{};
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the child, so only calls that are safe after a fork.
[[noreturn]] void become(const Prepared& prepared) {
    reset_signals();
    if (prepared.program.has_own_session && ::setsid() < 0) {
        give_up(prepared, Failure::Where::prepare);
    }
    if (prepared.program.ends_with_us) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != prepared.parent_pid) {
            ::_exit(127);  // The parent died before the line above.
        }
    }
    if (!redirect(prepared) || !enter_cgroup(prepared.program.cgroup_fd)) {
        give_up(prepared, Failure::Where::prepare);
    }
    close_on_exec_but(prepared.program.kept_fd);
    if (!prepared.program.directory.empty() && ::chdir(prepared.program.directory.c_str()) != 0) {
        give_up(prepared, Failure::Where::directory);
    }
    give_back_core_limit();
    // Last: a confined process could not do all of the above.
    const bool is_confined =
        prepared.program.confinement == nullptr || prepared.program.confinement->enter();
    if (!is_confined) {
        give_up(prepared, Failure::Where::prepare);
    }
    ::execve(prepared.path.c_str(), prepared.argv.get(), prepared.environment.get());
    give_up(prepared, Failure::Where::execute);
}

/// Forks with every signal blocked: a handler of ours must not run in the child, where it would
/// write into pipes that it shares with us.
pid_t fork_and_become(const Prepared& prepared) {
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(prepared);
    }
    const int error_number = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error_number;
    return pid;
}

/// Nothing: exec closed the pipe, the program runs.
std::optional<Failure> failure_in(const Fd& reader) {
    Failure failure{};
    ssize_t count = -1;
    do {
        count = ::read(reader.number(), &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof failure) ? std::optional<Failure>(failure)
                                                         : std::nullopt;
}

Error explain(const Failure& failure, const Program& program, const std::string& path) {
    switch (failure.where) {
        case Failure::Where::directory:
            return read_error("start in the directory", program.directory, failure.error_number);
        case Failure::Where::prepare:
            return read_error("prepare the start of", path, failure.error_number);
        case Failure::Where::execute:
            break;
    }
    return read_error("run", path, failure.error_number);
}

bool is_program(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

/// Where a name is looked for, in order.
std::vector<std::string> places_of(const std::string& name, const std::string& directory) {
    if (name.contains('/')) {
        const bool is_relative = !name.starts_with('/') && !directory.empty();
        const std::string inside = name.substr(name.starts_with("./") ? 2 : 0);
        return {is_relative ? directory + "/" + inside : name};
    }
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    std::vector<std::string> places;
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        places.push_back((folder.empty() ? "." : std::string(folder)) + "/" + name);
        rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    }
    return places;
}

}  // namespace

Child::~Child() {
    if (process_.fd() >= 0) {
        static_cast<void>(exit_status());
    }
}

std::optional<int> Child::exit_status() {
    if (exit_status_) {
        return exit_status_;
    }
    int status = 0;
    if (::waitpid(pid(), &status, WNOHANG) == pid()) {
        exit_status_ = status;
    }
    return exit_status_;
}

Result<Child> spawn(const Program& program) {
    if (program.argv.empty() || program.argv.front().empty()) {
        return fail(Fault::invalid, "there is no program to run: the command is empty");
    }
    const Result<std::string> path = find_program(program.argv.front(), program.directory);
    if (!path) {
        return std::unexpected(path.error());
    }
    Result<Pipe> failures = make_pipe();
    const Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    if (!failures || !null.is_open()) {
        return std::unexpected(failures ? read_error("open", "/dev/null", errno)
                                        : failures.error());
    }
    const Pointers argv{program.argv};
    const Pointers environment{environment_of(program)};
    const Prepared prepared{
        program, *path, argv, environment, ::getpid(), null.number(), failures->writer.number()};
    const pid_t pid = fork_and_become(prepared);
    if (pid < 0) {
        return std::unexpected(read_error("start", *path, errno));
    }
    failures->writer.close();
    if (const std::optional<Failure> failure = failure_in(failures->reader)) {
        ::waitpid(pid, nullptr, 0);
        return std::unexpected(explain(*failure, program, *path));
    }
    Result<Pidfd> process = Pidfd::open(pid);
    if (!process) {
        return std::unexpected(std::move(process.error()));
    }
    return Child{std::move(*process)};
}

Result<std::string> find_program(const std::string& name, const std::string& directory) {
    const std::vector<std::string> places = places_of(name, directory);
    for (const std::string& place : places) {
        if (is_program(place)) {
            return place;
        }
    }
    for (const std::string& place : places) {
        if (::access(place.c_str(), F_OK) == 0) {
            return fail(Fault::refused, place + " is there but may not be executed (chmod +x?)");
        }
    }
    const std::string sought = name.contains('/') ? places.front() : name + " in PATH";
    return fail(Fault::absent,
                "there is no program " + sought + " (check the spelling, or install it)");
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return std::unexpected(read_error("make", "a pipe", errno));
    }
    return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

std::string describe_exit(int exit_status) {
    if (WIFSIGNALED(exit_status)) {
        return "was killed by signal " + std::to_string(WTERMSIG(exit_status));
    }
    return "exited with status " + std::to_string(WEXITSTATUS(exit_status));
}

}  // namespace homeostat::os
