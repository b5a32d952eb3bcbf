#include "homeostat/os/own_memory.hpp"

#include "homeostat/os/child.hpp"
#include "homeostat/os/confinement.hpp"
#include "homeostat/os/lock_file.hpp"

#include <doctest/doctest.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

using namespace homeostat;
using namespace homeostat::os;

namespace {

/// Of a user who is nobody in particular: root may look into everything.
constexpr uid_t stranger = 65'534;

bool become_stranger() {
    return ::geteuid() != 0 || ::setresuid(stranger, stranger, stranger) == 0;
}

/// What `act` says in a process of its own, so that this one stays as it is; -1: it was killed.
int said_by_another(const std::function<int()>& act) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(act());
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

rlim_t soft_core_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    return limit.rlim_cur;
}

/// Of a program that this process starts, as it reads it itself.
std::string core_limit_of_a_child() {
    Result<Pipe> pipe = make_pipe();
    if (!pipe) {
        return {};
    }
    Program program{.argv = {"/bin/sh", "-c", "ulimit -S -c"}};
    program.output_fd = pipe->writer.number();
    const Result<Child> child = spawn(program);
    pipe->writer.close();
    std::array<char, 64> text{};
    const ssize_t count =
        child ? ::read(pipe->reader.number(), text.data(), text.size()) : ssize_t{0};
    return {text.data(), static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace

TEST_CASE("whoever keeps its memory leaves no core dump and lets nobody trace it") {
    CHECK(said_by_another([] {
              keep_memory_to_ourselves();
              const bool is_kept =
                  ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && soft_core_limit() == 0;
              return is_kept ? 0 : 1;
          }) == 0);
}

TEST_CASE("what it starts may dump its core as whoever started us allows") {
    const int said = said_by_another([] {
        rlimit limit{};
        ::getrlimit(RLIMIT_CORE, &limit);
        limit.rlim_cur = 0;
        ::setrlimit(RLIMIT_CORE, &limit);
        const std::string with_none = core_limit_of_a_child();
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? 4096 : limit.rlim_max;
        if (limit.rlim_cur == 0 || ::setrlimit(RLIMIT_CORE, &limit) != 0) {
            return 0;  // No program may here.
        }
        const std::string before = core_limit_of_a_child();
        keep_memory_to_ourselves();
        return with_none != before && core_limit_of_a_child() == before ? 0 : 1;
    });
    CHECK(said == 0);
}

TEST_CASE("what it starts is ended first where memory runs out, also for a user who is not root") {
    const int said = said_by_another([] {
        if (!become_stranger()) {
            return 2;
        }
        keep_memory_to_ourselves();
        const Result<Confinement> confinement =
            Confinement::make({.readable = {"/"}, .writable = {}});
        Result<Pipe> pipe = make_pipe();
        if (!confinement || !pipe) {
            return 3;
        }
        Program program{.argv = {"/bin/cat", "/proc/self/oom_score_adj"}};
        program.output_fd = pipe->writer.number();
        program.confinement = &*confinement;
        const Result<Child> child = spawn(program);
        pipe->writer.close();
        std::array<char, 64> text{};
        const ssize_t count =
            child ? ::read(pipe->reader.number(), text.data(), text.size()) : ssize_t{0};
        return count == 5 && std::string(text.data(), 5) == "1000\n" ? 0 : 1;
    });
    CHECK(said == 0);
}

TEST_CASE("whoever keeps its memory is told as the holder of its lock all the same") {
    std::string place = "/tmp/homeostat_own_memory_XXXXXX";
    REQUIRE(::mkdtemp(place.data()) != nullptr);
    REQUIRE(::chmod(place.c_str(), 0777) == 0);
    const std::string path = place + "/lock";
    Result<Pipe> pipe = make_pipe();
    REQUIRE(pipe);
    const pid_t holder = ::fork();
    if (holder == 0) {
        const bool is_stranger = become_stranger();
        keep_memory_to_ourselves();  // A change of user may have set it anew.
        const Result<LockFile> lock = LockFile::take(path);
        static_cast<void>(::write(pipe->writer.number(), is_stranger && lock ? "y" : "n", 1));
        ::pause();
        ::_exit(0);
    }
    char is_held = 'n';
    REQUIRE(::read(pipe->reader.number(), &is_held, 1) == 1);
    CHECK(is_held == 'y');
    const int said = said_by_another([&] {
        const Result<LockFile> refused =
            become_stranger() ? LockFile::take(path) : fail(Fault::invalid, "not ours");
        const std::string names = " is locked by pid " + std::to_string(holder);
        return !refused && refused.error().text.contains(names) ? 0 : 1;
    });
    CHECK(said == 0);
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
    ::unlink(path.c_str());
    ::rmdir(place.c_str());
}
