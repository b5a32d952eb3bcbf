#include "homeostat/os/child.hpp"

#include "homeostat/os/proc.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <limits>
#include <string>

namespace homeostat::os {

namespace {

/// Waits for its end, ten seconds at most.
int status_of(Child& child) {
    pollfd poll{.fd = child.process().fd(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&poll, 1, 10'000) == 1);
    const std::optional<int> status = child.exit_status();
    REQUIRE(status.has_value());
    return *status;
}

/// What a program writes on stdout, and its status.
struct Said {
    std::string text;
    int status{-1};
};

Said listen(Program program) {
    Result<Pipe> pipe = make_pipe();
    REQUIRE(pipe.has_value());
    program.output_fd = pipe->writer.number();
    Result<Child> child = spawn(program);
    REQUIRE_MESSAGE(child.has_value(), (child ? "" : child.error().text));
    pipe->writer.close();
    Said said;
    std::array<char, 4096> chunk{};
    ssize_t count = 0;
    while ((count = ::read(pipe->reader.number(), chunk.data(), chunk.size())) > 0) {
        said.text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    said.status = status_of(*child);
    return said;
}

Program shell(const std::string& script) {
    return Program{.argv = {"sh", "-c", script}};
}

}  // namespace

TEST_CASE("a program gets its arguments as they are, and no shell sees them") {
    const Said said = listen({.argv = {"printf", "%s|", "a b", "$HOME", "*", "; rm -rf /", ""}});
    CHECK(said.text == "a b|$HOME|*|; rm -rf /||");
    CHECK(said.status == 0);
}

TEST_CASE("the status of a child is what it ended with, asked as often as one likes") {
    Result<Child> failed = spawn(shell("exit 3"));
    REQUIRE(failed.has_value());
    CHECK(WEXITSTATUS(status_of(*failed)) == 3);
    CHECK(describe_exit(*failed->exit_status()) == "exited with status 3");
    Result<Child> killed = spawn({.argv = {"sleep", "1000"}});
    REQUIRE(killed.has_value());
    CHECK(!killed->exit_status());
    CHECK(!killed->has_ended());
    CHECK(killed->process().send(SIGKILL).has_value());
    CHECK(describe_exit(status_of(*killed)) == "was killed by signal 9");
    CHECK(killed->process().send(SIGTERM).error().fault == Fault::absent);
}

TEST_CASE("a program that cannot be started says why and leaves no process") {
    CHECK(spawn({.argv = {}}).error().fault == Fault::invalid);
    CHECK(spawn({.argv = {"/no/such"}}).error().fault == Fault::absent);
    CHECK(spawn({.argv = {"no-such-program-anywhere"}}).error().text.contains("PATH"));
    CHECK(spawn({.argv = {"/etc/passwd"}}).error().fault == Fault::refused);
    const Result<Child> nowhere = spawn({.argv = {"/bin/true"}, .directory = "/no/such"});
    REQUIRE(!nowhere);
    CHECK(nowhere.error().text.contains("/no/such"));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a program that is not there or may not be executed is named with its whole path") {
    CHECK(find_program("./no-such", "/etc").error().text.contains("program /etc/no-such "));
    CHECK(find_program("./passwd", "/etc").error().text.starts_with("/etc/passwd is there"));
    CHECK(find_program("./true", "/bin").value() == "/bin/true");
}

TEST_CASE("directory, environment and session are as they were asked for") {
    Program program = shell("pwd; echo $HOMEOSTAT_TEST; ps -o sid= -p $$ | tr -d ' '; echo $$");
    program.directory = "/";
    program.environment = {"HOMEOSTAT_TEST=yes"};
    program.has_own_session = true;
    const Said said = listen(program);
    CHECK(said.text.starts_with("/\nyes\n"));
    const std::string rest = said.text.substr(6);
    const std::string session = rest.substr(0, rest.find('\n'));
    CHECK(rest == fmt::format("{0}\n{0}\n", session));
}

TEST_CASE("an environment of ours replaces what we have ourselves") {
    Program program = shell("echo $HOME; env | grep -c ^HOME=");
    program.environment = {"HOME=/elsewhere"};
    CHECK(listen(program).text == "/elsewhere\n1\n");
}

TEST_CASE("a child that inherits no environment has what it was given, and nothing else") {
    Program program{.argv = {"/usr/bin/env"}};
    program.environment = {"ONE=1"};
    program.inherits_environment = false;
    CHECK(listen(program).text == "ONE=1\n");
}

TEST_CASE("one descriptor of ours stays open in a child that is to keep it") {
    const Fd first{::open("/dev/full", O_RDONLY | O_CLOEXEC)};
    const Fd kept{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    const Fd last{::open("/dev/full", O_RDONLY | O_CLOEXEC)};
    Program program{.argv = {"ls", "-l", "/proc/self/fd"}};
    CHECK_FALSE(listen(program).text.contains("/dev/zero"));
    program.kept_fd = kept.number();
    const std::string open = listen(program).text;
    CHECK(open.contains("/dev/zero"));
    CHECK_FALSE(open.contains("/dev/full"));
}

TEST_CASE("nothing of ours is open in a child but its three descriptors") {
    const Fd secret{::open("/dev/null", O_RDONLY)};  // Without O_CLOEXEC.
    REQUIRE(secret.is_open());
    // The fourth is the one that `ls` reads the directory with.
    CHECK(listen({.argv = {"ls", "/proc/self/fd"}}).text == "0\n1\n2\n3\n");
}

TEST_CASE("a blocked or ignored signal is neither in the child") {
    sigset_t term{};
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const Said said = listen({.argv = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
    sigprocmask(SIG_UNBLOCK, &term, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    REQUIRE(said.text.starts_with("SigBlk:\t0000000000000000\nSigIgn:\t"));
    // Signals 32 and 33 are the C library's own: it lets nobody change them, so what our parent
    // made of them stays. Those of a program end at 31.
    constexpr std::uint64_t usual_signals = 0x7FFFFFFF;
    const std::string ignored = said.text.substr(said.text.rfind('\t') + 1);
    CHECK((std::stoull(ignored, nullptr, 16) & usual_signals) == 0);
}

TEST_CASE("a child that is to end with us does, even when we are killed") {
    Result<Pipe> pipe = make_pipe();
    REQUIRE(pipe.has_value());
    const pid_t parent = ::fork();
    if (parent == 0) {
        Program program{.argv = {"sleep", "1000"}};
        program.ends_with_us = true;
        program.output_fd = pipe->writer.number();
        const Result<Child> child = spawn(program);
        ::kill(::getpid(), SIGKILL);
    }
    pipe->writer.close();
    ::waitpid(parent, nullptr, 0);
    char nothing = 0;
    CHECK(::read(pipe->reader.number(), &nothing, 1) == 0);  // Its stdout is closed: it is gone.
}

TEST_CASE("a pid with other start ticks is another process") {
    const ProcessStat self = read_process_stat(::getpid()).value();
    CHECK(Pidfd::open(self.pid, self.start_ticks).has_value());
    CHECK(Pidfd::open(self.pid, self.start_ticks + 1).error().fault == Fault::absent);
    CHECK(Pidfd::open(std::numeric_limits<int>::max(), 1).error().fault == Fault::absent);
    CHECK(Pidfd::open(-1).error().fault == Fault::absent);
}

}  // namespace homeostat::os
