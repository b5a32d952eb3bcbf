#include "homeostat/adapters/flagd/flag_file.hpp"

#include "homeostat/adapters/flagd/flag_world_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::adapters::flagd {

namespace {

struct stat status_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status;
}

std::vector<std::string> names_in(const net::TemporaryDirectory& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(directory.file("x")).parent_path())) {
        names.push_back(entry.path().filename());
    }
    return names;
}

}  // namespace

TEST_CASE("a file is replaced as a whole, and keeps its mode and owner") {
    FlagWorld world;
    world.write(two("on", "off"));
    REQUIRE(::chmod(world.path.c_str(), 0640) == 0);
    if (::geteuid() == 0) {
        REQUIRE(::chown(world.path.c_str(), 12345, 54321) == 0);
    }
    const struct stat before = status_of(world.path);
    std::vector<Phase> phases;
    const Outcome outcome = replace_flag_file(world.path, two("on", "off"), two("off", "off"),
                                              [&](Phase phase) { phases.push_back(phase); });
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.bytes() == two("off", "off"));
    const struct stat after = status_of(world.path);
    CHECK(after.st_ino != before.st_ino);
    CHECK(after.st_mode == before.st_mode);
    CHECK(after.st_uid == before.st_uid);
    CHECK(after.st_gid == before.st_gid);
    CHECK(phases == std::vector{Phase::prepared, Phase::replaced});
    CHECK(names_in(world.directory) == std::vector<std::string>{"flags.json"});
}

TEST_CASE("what is no file of our own is refused, and nothing is changed") {
    FlagWorld world;
    const std::string target = world.directory.file("real.json");
    std::ofstream(target) << two("on", "off");
    std::filesystem::create_symlink(target, world.path);
    const auto write = [&] {
        return replace_flag_file(world.path, two("on", "off"), "{}", [](Phase) { FAIL("?"); });
    };
    CHECK(write().because.find("is a link") != std::string::npos);
    CHECK(read_flag_file(world.path).error().fault == Fault::invalid);
    CHECK(std::filesystem::is_symlink(world.path));
    std::filesystem::remove(world.path);
    CHECK(write().kind == OutcomeKind::refused);
    CHECK(read_flag_file(world.path).error().fault == Fault::absent);
    std::filesystem::create_directory(world.path);
    CHECK(write().kind == OutcomeKind::refused);
    std::filesystem::remove(world.path);
    REQUIRE(::mkfifo(world.path.c_str(), 0600) == 0);
    CHECK(read_flag_file(world.path).error().text.find("is no file") != std::string::npos);
    std::filesystem::remove(world.path);
    world.write(std::string(flag_file_bytes_max + 1, ' '));
    CHECK(write().because.find("larger than 1 MiB") != std::string::npos);
}

TEST_CASE("a file that others have edited meanwhile is not written over") {
    for (const bool is_late : {false, true}) {
        FlagWorld world;
        world.write(two("on", "off"));
        const auto edit = [&](Phase phase) {
            REQUIRE(phase == Phase::prepared);
            world.write(two("on", "on"));
        };
        if (!is_late) {
            world.write(two("on", "on"));
        }
        const Outcome outcome =
            replace_flag_file(world.path, two("on", "off"), two("off", "off"), edit);
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.find("edited just now") != std::string::npos);
        CHECK(world.bytes() == two("on", "on"));
        CHECK(names_in(world.directory) == std::vector<std::string>{"flags.json"});
    }
}

TEST_CASE("what a predecessor left beside the file is in nobody's way") {
    FlagWorld world;
    world.write(two("on", "off"));
    std::ofstream(world.directory.file(".flags.json.homeostat")) << "half";
    const Outcome outcome =
        replace_flag_file(world.path, two("on", "off"), two("off", "off"), [](Phase) {});
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.bytes() == two("off", "off"));
    CHECK(names_in(world.directory) == std::vector<std::string>{"flags.json"});
}

TEST_CASE("a file that nobody may write is no file to write" *
          doctest::skip(::geteuid() == 0)) {  // Nothing is forbidden to root.
    FlagWorld world;
    world.write(two("on", "off"));
    REQUIRE(::chmod(world.path.c_str(), 0444) == 0);
    const Result<void> writable = check_writable(world.path);
    REQUIRE(!writable.has_value());
    CHECK(writable.error().text.find("not ours to write") != std::string::npos);
    CHECK(replace_flag_file(world.path, two("on", "off"), "{}", [](Phase) {}).kind ==
          OutcomeKind::refused);
}

}  // namespace homeostat::adapters::flagd
