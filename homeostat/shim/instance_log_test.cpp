#include "homeostat/shim/instance_log.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace homeostat::shim {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t log_bytes_max = 100;

struct Directory {
    Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { fs::remove_all(path); }

    [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }

    std::string path{fs::temp_directory_path() / "homeostat-test-XXXXXX"};
};

void say(const InstanceLog& log, const std::string& text) {
    REQUIRE(::write(log.writer_fd(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE("a log and its older parts are read by nobody but their owner") {
    const Directory directory;
    const Result<InstanceLog> log = InstanceLog::open(directory.at("a.log"), log_bytes_max, 2);
    REQUIRE(log.has_value());
    say(*log, std::string(log_bytes_max, 'x'));
    log->rotate_if_large();
    for (const char* name : {"a.log", "a.log.1"}) {
        CAPTURE(name);
        REQUIRE(fs::exists(directory.at(name)));
        CHECK(fs::status(directory.at(name)).permissions() == fs::perms{0640});
    }
}

TEST_CASE("what a rotation that was cut off left behind goes with the next start") {
    const Directory directory;
    std::ofstream{directory.at("a.log.tmp")} << "half a copy";
    REQUIRE(InstanceLog::open(directory.at("a.log"), log_bytes_max, 2).has_value());
    CHECK_FALSE(fs::exists(directory.at("a.log.tmp")));
}

}  // namespace homeostat::shim
