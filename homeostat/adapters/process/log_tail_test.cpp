#include "homeostat/adapters/process/log_tail.hpp"

#include "homeostat/adapters/process/world_for_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace homeostat::adapters::process {

namespace {

/// A log as the shim and an instance treat it.
struct Log {
    World world;
    std::string path{world.path() + "/a.log"};

    void say(const std::string& text) const {
        std::ofstream{path, std::ios::app | std::ios::binary} << text;
    }
    void shift() const {
        if (std::filesystem::exists(path + ".1")) {
            std::filesystem::rename(path + ".1", path + ".2");
        }
        std::filesystem::copy_file(path, path + ".tmp",
                                   std::filesystem::copy_options::overwrite_existing);
    }
    void cut() const { std::filesystem::resize_file(path, 0); }
    void name() const { std::filesystem::rename(path + ".tmp", path + ".1"); }
    void rotate() const {
        shift();
        cut();
        name();
    }
};

std::string joined(LogTail& tail) {
    const Result<Lines> lines = tail.read_new();
    REQUIRE(lines.has_value());
    std::string text;
    for (const std::string& line : lines->lines) {
        text += line + "|";
    }
    return text;
}

}  // namespace

TEST_CASE("a log behind a link is followed as any other") {
    Log log;
    const std::string link = log.world.path() + "/link.log";
    std::filesystem::create_symlink(log.path, link);
    log.say("old, and longer than the path that the link holds: " + std::string(200, 'x') + "\n");
    LogTail tail{link};
    log.say("new\n");
    CHECK(joined(tail) == "new|");
    CHECK(joined(tail).empty());
}

TEST_CASE("a tail begins at the end of what is there and gives whole lines only") {
    const Log log;
    log.say("old\nhalf of an old ");
    LogTail tail{log.path};
    log.say("line\nnew\nhal");
    CHECK(joined(tail) == "new|");
    CHECK(joined(tail).empty());
    log.say("f\r\n\xff\xfe\n\n");
    CHECK(joined(tail) == "half|\xff\xfe||");
}

TEST_CASE("a log that does not exist has no lines, and is read from its beginning when it comes") {
    const Log log;
    LogTail tail{log.path};
    CHECK(joined(tail).empty());
    log.say("first\n");
    CHECK(joined(tail) == "first|");
}

TEST_CASE("nothing is lost and nothing comes twice across a rotation, whenever one looks") {
    for (int look_after = 0; look_after <= 3; ++look_after) {
        CAPTURE(look_after);
        const Log log;
        LogTail tail{log.path};
        log.say("a\nb\n");
        std::string seen = joined(tail);
        log.say("c\nd");
        int step = 0;
        const auto maybe_look = [&] { seen += step++ == look_after ? joined(tail) : ""; };
        maybe_look();
        log.shift();
        maybe_look();
        log.cut();
        maybe_look();
        log.name();
        log.say("e\nf\n");
        maybe_look();
        seen += joined(tail);
        seen += joined(tail);
        CHECK(seen == "a|b|c|de|f|");
    }
}

TEST_CASE("a second rotation between two looks counts as a line dropped and the tail goes on") {
    const Log log;
    LogTail tail{log.path};
    log.say("a\n");
    log.rotate();
    CHECK(joined(tail) == "a|");
    log.say("b\n");
    log.rotate();
    log.say("c\n");
    log.rotate();
    log.say("d\n");
    const Result<Lines> lines = tail.read_new();
    REQUIRE(lines.has_value());
    CHECK(lines->lines == std::vector<std::string>{"d"});
    CHECK(lines->dropped_count == 1);
}

TEST_CASE("a log that somebody cut by hand is read from its beginning at the second look") {
    const Log log;
    LogTail tail{log.path};
    log.say("a long line before\n");
    CHECK(joined(tail) == "a long line before|");
    log.cut();
    log.say("x\n");
    CHECK(joined(tail).empty());
    CHECK(joined(tail) == "x|");
}

TEST_CASE("a line of ten megabytes costs two kilobytes and hides no other line") {
    const Log log;
    LogTail tail{log.path};
    const std::string huge(std::size_t{10} << 20U, 'x');
    log.say("before\n");
    CHECK(joined(tail) == "before|");
    for (std::size_t at = 0; at < huge.size(); at += std::size_t{1} << 20U) {
        log.say(huge.substr(at, std::size_t{1} << 20U));
        CHECK(joined(tail).empty());
    }
    log.say("\nafter\n");
    const Result<Lines> lines = tail.read_new();
    REQUIRE(lines.has_value());
    REQUIRE(lines->lines.size() == 2);
    CHECK(lines->lines.at(0) == std::string(log_line_bytes_max, 'x'));
    CHECK(lines->lines.at(1) == "after");
}

TEST_CASE("a burst is cut to its maximum and the rest is counted") {
    const Log log;
    LogTail tail{log.path};
    std::string burst;
    for (std::size_t line = 0; line < log_lines_max + 500; ++line) {
        burst += std::to_string(line) + "\n";
    }
    log.say(burst);
    const Result<Lines> lines = tail.read_new();
    REQUIRE(lines.has_value());
    CHECK(lines->lines.size() == log_lines_max);
    CHECK(lines->dropped_count == 500);
    log.say(std::string(log_bytes_per_look_max + 100, 'y') + "\nz\n");
    const Result<Lines> outgrown = tail.read_new();
    REQUIRE(outgrown.has_value());
    CHECK(outgrown->lines == std::vector<std::string>{"z"});
    CHECK(outgrown->dropped_count == 1);
}

}  // namespace homeostat::adapters::process
