#include "homeostat/adapters/flagd/flag_history.hpp"

#include "homeostat/adapters/flagd/flag_world_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::adapters::flagd {

TEST_CASE("what flags were is kept, for us alone, and a successor knows it") {
    FlagWorld world;
    FlagHistory history = world.history();
    CHECK(history.versions().empty());
    const FlagFile one = parsed(two("off", "off"));
    const FlagFile other = parsed(two("on", "off"));
    REQUIRE(history.take(one));
    REQUIRE(history.take(other));
    REQUIRE(history.take(other));
    const FlagHistory next = world.history();
    REQUIRE(next.versions().size() == 2);
    const FlagVersion* first = next.find(one.version);
    REQUIRE(first != nullptr);
    CHECK(first->definitions == one.definitions);
    CHECK(next.versions().back().version == other.version);
    struct stat status{};
    REQUIRE(::stat(world.past.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("the oldest go first, and one that comes again is the latest") {
    FlagWorld world;
    FlagHistory history = world.history();
    const auto version = [](std::size_t number) {
        return parsed(file_of(fmt::format(R"("a":{{"n":{}}})", number)));
    };
    for (std::size_t number = 0; number < flag_versions_max; ++number) {
        REQUIRE(history.take(version(number)));
    }
    REQUIRE(history.take(version(0)));
    REQUIRE(history.take(version(flag_versions_max)));
    CHECK(history.versions().size() == flag_versions_max);
    CHECK(history.find(version(0).version) != nullptr);
    CHECK(history.find(version(1).version) == nullptr);
}

TEST_CASE("a file of flags that is not as we write it is refused, and left as it is") {
    FlagWorld world;
    FlagHistory history = world.history();
    REQUIRE(history.take(parsed(two("on", "off"))));
    const std::string good = os::read_file(world.past, flag_history_bytes_max).value_or("");
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        return text.replace(at, from.size(), to);
    };
    const struct {
        std::string text;
        std::string says;
    } cases[] = {
        {"", "not a file of flags"},
        {with(R"("format":1)", R"("format":2)"), "another format"},
        {with(R"("service":"pay")", R"("service":"cart")"), "another service"},
        {with("off", "odd"), "not what its definitions are"},
        {with(R"("key":"checkout")", R"("key":"banner")"), "not what its definitions are"},
        {with(R"("kind":"flag")", R"("kind":"other")"), "not a file of flags"},
    };
    for (const auto& one : cases) {
        std::ofstream(world.past, std::ios::trunc) << one.text;
        const Result<FlagHistory> opened = FlagHistory::open(pay, world.past);
        REQUIRE_MESSAGE(!opened.has_value(), one.says);
        CHECK(opened.error().fault == Fault::corrupt);
        CHECK_MESSAGE(opened.error().text.find(one.says) != std::string::npos, opened.error().text);
        CHECK(os::read_file(world.past, flag_history_bytes_max).value_or("?") == one.text);
    }
}

TEST_CASE("whoever keeps nothing knows what it saw itself") {
    FlagWorld world;
    world.past.clear();
    FlagHistory history = world.history();
    const FlagFile one = parsed(two("off", "off"));
    REQUIRE(history.take(one));
    CHECK(history.find(one.version) != nullptr);
    CHECK(world.history().versions().empty());
}

TEST_CASE("what could not be kept is told once, and made up for") {
    FlagWorld world;
    std::vector<std::string> told;
    world.options.log = [&](const std::string& line) { told.push_back(line); };
    std::filesystem::create_directory(world.past + ".d");
    world.past += ".d/past.json";
    Flags flags = world.flags();
    std::filesystem::remove(world.directory.file("past.json.d"));
    world.edit(flags, two("off", "off"));
    world.edit(flags, two("off", "off"));
    REQUIRE(told.size() == 1);
    CHECK(told.front().find("not kept until then") != std::string::npos);
    std::filesystem::create_directory(world.directory.file("past.json.d"));
    const VersionId version = world.edit(flags, two("off", "off"));
    CHECK(told.size() == 1);
    CHECK(world.history().find(version) != nullptr);
}

}  // namespace homeostat::adapters::flagd
