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

TEST_CASE("what stands in the kill switch is told, and is no part of whether it is engaged") {
    const TemporaryDirectory directory;
    SwitchFile file(directory.path / "suspended");
    CHECK(file.says().empty());
    REQUIRE(file.engage());
    CHECK(file.says().empty());
    REQUIRE(file.engage_because("crash loop: one"));
    REQUIRE(file.engage_because("crash loop: one"));
    REQUIRE(file.engage_because("two\x1b[2J"));
    CHECK(file.says().starts_with("crash loop: one; two"));
    CHECK_FALSE(file.says().contains('\x1b'));
    CHECK_FALSE(file.says().contains('\n'));
    REQUIRE(file.engage_because(std::string(10'000, 'x')));
    CHECK(file.says().size() < 500);
    CHECK(file.is_engaged());
    REQUIRE(file.release());
    CHECK(file.says().empty());
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
