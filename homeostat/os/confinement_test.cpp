#include "homeostat/os/confinement.hpp"

#include "homeostat/os/child.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::os {

namespace {

namespace fs = std::filesystem;

constexpr std::array programs{"/usr",      "/bin",      "/lib", "/lib64", "/etc/ld.so.cache",
                              "/dev/null", "/dev/zero", "/proc"};

/// A folder with a secret, a file to read and a place to write.
struct Place {
    Place() {
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        fs::create_directory(fs::path(path) / "own");
        std::ofstream(fs::path(path) / "secret") << "key";
        std::ofstream(fs::path(path) / "model") << "weights";
    }
    ~Place() { fs::remove_all(path); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] ConfinementSettings settings() const {
        ConfinementSettings settings{.writable = {path + "/own"}};
        settings.readable.assign(programs.begin(), programs.end());
        settings.readable.push_back(path + "/model");
        return settings;
    }

    std::string path{fs::temp_directory_path() / "homeostat-XXXXXX"};
};

/// The status of a shell that was confined before it began.
int status_of(const ConfinementSettings& settings, const std::string& script) {
    const Result<Confinement> confinement = Confinement::make(settings);
    REQUIRE(confinement.has_value());
    Program program{.argv = {"/bin/sh", "-c", script}};
    program.confinement = &*confinement;
    Result<Child> child = spawn(program);
    REQUIRE_MESSAGE(child.has_value(), (child ? "" : child.error().text));
    pollfd poll{.fd = child->process().fd(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&poll, 1, 10'000) == 1);
    const int status = child->exit_status().value_or(-1);
    REQUIRE_MESSAGE(WIFEXITED(status), describe_exit(status));
    return WEXITSTATUS(status);
}

/// What `act` returns in a process that has been confined: an errno, or 0.
int errno_of(const std::function<int()>& act) {
    const Place place;
    const Result<Confinement> confinement = Confinement::make(place.settings());
    REQUIRE(confinement.has_value());
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(confinement->enter() ? act() : 255);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int error_of(long result) {
    return result < 0 ? errno : 0;
}

bool is_known(bool support, const char* what) {
    if (!support) {
        std::printf("SKIPPED: this kernel has no %s\n", what);
    }
    return support;
}

}  // namespace

TEST_CASE("a confined program reads what is named and nothing beside it") {
    if (!is_known(confinement_support().files, "Landlock")) {
        return;
    }
    const Place place;
    CHECK(status_of(place.settings(), fmt::format("cat {}/model", place.path)) == 0);
    CHECK(status_of(place.settings(), fmt::format("cat {}/secret", place.path)) == 1);
    CHECK(status_of(place.settings(), fmt::format("ls {}", place.path)) == 2);
    ConfinementSettings wider = place.settings();
    wider.readable.push_back(place.path);
    wider.readable.emplace_back("/no/such/place");
    CHECK(status_of(wider, fmt::format("cat {}/secret", place.path)) == 0);
}

TEST_CASE("a confined program changes what is in its directory alone, whoever runs it") {
    if (!is_known(confinement_support().files, "Landlock")) {
        return;
    }
    const Place place;
    const auto writes = [&place](const std::string& file) {
        return status_of(place.settings(), fmt::format("echo x > {}/{}", place.path, file)) == 0;
    };
    CHECK(writes("own/log"));
    CHECK(fs::file_size(place.path + "/own/log") == 2);
    CHECK_FALSE(writes("model"));
    CHECK_FALSE(writes("other"));
    CHECK(status_of(place.settings(), fmt::format("rm {}/model", place.path)) == 1);
    CHECK(fs::file_size(place.path + "/model") == 7);
    CHECK_FALSE(fs::exists(place.path + "/other"));
}

TEST_CASE("a confined process makes streams of UNIX sockets and calls nobody") {
    if (!is_known(confinement_support().network, "seccomp")) {
        return;
    }
    const auto made = [](int domain, int type) {
        return errno_of([=] { return error_of(::socket(domain, type, 0)); });
    };
    CHECK(made(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK) == 0);
    CHECK(made(AF_UNIX, SOCK_DGRAM) == EACCES);
    CHECK(made(AF_UNIX, SOCK_SEQPACKET) == EACCES);
    for (const int domain : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
        CHECK(made(domain, SOCK_STREAM) == EACCES);
    }
    CHECK(errno_of([] {
              std::array<int, 2> ends{};
              return error_of(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()));
          }) == 0);
    CHECK(errno_of([] {
              std::array<int, 2> ends{};
              return error_of(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()));
          }) == EACCES);
    CHECK(errno_of([] {
              const sockaddr_un nobody{.sun_family = AF_UNIX, .sun_path = "/nobody"};
              const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
              const auto* raw = reinterpret_cast<const sockaddr*>(&nobody);
              return socket < 0 ? errno : error_of(::connect(socket, raw, sizeof nobody));
          }) == EACCES);
    CHECK(errno_of([] { return error_of(::syscall(SYS_io_uring_setup, 1, nullptr)); }) == ENOSYS);
}

TEST_CASE("a confined process changes no mode, owner or date of a file, not even of its own") {
    if (!is_known(confinement_support().network, "seccomp")) {
        return;
    }
    CHECK(errno_of([] { return error_of(::chmod("/tmp", 01777)); }) == EACCES);
    CHECK(errno_of([] { return error_of(::chown("/tmp", 0, 0)); }) == EACCES);
    CHECK(errno_of([] { return error_of(::utimensat(AT_FDCWD, "/tmp", nullptr, 0)); }) == EACCES);
    CHECK(errno_of([] {
              return error_of(::syscall(452, AT_FDCWD, "/tmp", 01777, 0));  // fchmodat2
          }) == EACCES);
}

TEST_CASE("a confined process cannot look into another one of its user, nor signal it") {
    const pid_t other = ::getpid();
    if (is_known(confinement_support().network, "seccomp")) {
        CHECK(errno_of([=] { return error_of(::syscall(SYS_ptrace, 16, other, 0, 0)); }) == EACCES);
        CHECK(errno_of([=] {
                  return error_of(::prlimit(other, RLIMIT_NOFILE, nullptr, nullptr));
              }) == EACCES);
        CHECK(errno_of([] { return error_of(::prlimit(0, RLIMIT_NOFILE, nullptr, nullptr)); }) ==
              0);
        CHECK(errno_of([=] {
                  return error_of(::setpriority(PRIO_PROCESS, static_cast<id_t>(other), 19));
              }) == EACCES);
    }
    if (is_known(confinement_support().signals, "Landlock of Linux 6.12")) {
        CHECK(errno_of([=] { return error_of(::kill(other, 0)); }) == EPERM);
        CHECK(errno_of([] { return error_of(::kill(::getpid(), 0)); }) == 0);
    }
    if (is_known(confinement_support().files, "Landlock")) {
        const std::string environment = fmt::format("/proc/{}/environ", other);
        CHECK(errno_of([&] { return error_of(::open(environment.c_str(), O_RDONLY)); }) == EACCES);
    }
}

TEST_CASE("a confined program keeps no right of root's but to open files, and gains none") {
    const Place place;
    const std::string script =
        "test \"$(grep -c 'NoNewPrivs:.1' /proc/self/status)\" = 1 && "
        "test $((0x$(sed -n 's/^CapEff:.//p' /proc/self/status) & ~6)) = 0 && "
        "test $((0x$(sed -n 's/^CapPrm:.//p' /proc/self/status) & ~6)) = 0 && "
        "test \"$(cat /proc/self/oom_score_adj)\" = 1000";
    CHECK(status_of(place.settings(), script) == 0);
}

TEST_CASE("memory beyond the limit is refused to a confined program, and less is not") {
    const auto allocates = [](std::uint64_t bytes_max) {
        const Place place;
        ConfinementSettings settings = place.settings();
        settings.data_bytes_max = bytes_max;
        // What comes through a pipe `tail` keeps in memory, and says so when it cannot.
        return status_of(settings, "head -c 16777216 /dev/zero | tail -c 16777216");
    };
    CHECK(allocates(std::uint64_t{4} << 20U) == 1);
    CHECK(allocates(std::uint64_t{1} << 30U) == 0);
}

}  // namespace homeostat::os
