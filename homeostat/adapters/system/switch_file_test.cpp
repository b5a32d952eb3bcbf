#include "homeostat/adapters/system/switch_file.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace homeostat::adapters::system {

namespace {

struct TemporaryDirectory {
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "switch-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    std::filesystem::path path;
};

}  // namespace

TEST_CASE("the kill switch stays as it was set, also for a process that starts later") {
    const TemporaryDirectory directory;
    SwitchFile first(directory.path / "suspended");
    CHECK_FALSE(first.is_engaged());
    REQUIRE(first.engage());
    REQUIRE(first.engage());
    CHECK(SwitchFile(directory.path / "suspended").is_engaged());
    REQUIRE(first.release());
    REQUIRE(first.release());
    CHECK_FALSE(SwitchFile(directory.path / "suspended").is_engaged());
}

TEST_CASE("the kill switch is set where no agent has made its directory yet") {
    const TemporaryDirectory directory;
    const std::filesystem::path place = directory.path / "var" / "shop" / "suspended";
    SwitchFile early(place);
    REQUIRE(early.release());
    CHECK_FALSE(early.is_engaged());
    REQUIRE(early.engage());
    CHECK(SwitchFile(place).is_engaged());
    REQUIRE(early.release());
    CHECK_FALSE(SwitchFile(place).is_engaged());
}

TEST_CASE("a kill switch that cannot be read counts as engaged, and says so when it is set") {
    const TemporaryDirectory directory;
    const std::filesystem::path not_a_directory = directory.path / "file";
    REQUIRE(SwitchFile(not_a_directory).engage());
    SwitchFile unreadable(not_a_directory / "suspended");
    CHECK(unreadable.is_engaged());
    CHECK_FALSE(unreadable.engage());
    CHECK_FALSE(unreadable.release());
}

}  // namespace homeostat::adapters::system
