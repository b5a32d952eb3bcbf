#include "homeostat/adapters/kubernetes/config_history.hpp"

#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

using std::chrono::seconds;

const WallTime begin{std::chrono::sys_days{std::chrono::year{2026} / 11 / 30}.time_since_epoch()};
const ServiceId pay{"pay"};

struct HistoryWorld {
    net::TemporaryDirectory directory;
    std::string path = directory.file("configs.json");

    [[nodiscard]] Result<ConfigHistory> try_open(std::vector<std::string> names = {"a"}) const {
        return ConfigHistory::open(pay, std::move(names), path);
    }
    [[nodiscard]] ConfigHistory open() const {
        Result<ConfigHistory> history = try_open();
        REQUIRE_MESSAGE(history.has_value(), (history ? "" : history.error().text));
        return *std::move(history);
    }
    [[nodiscard]] std::string bytes() const {
        return os::read_file(path, config_history_bytes_max).value_or("");
    }
};

ConfigsView configs(const std::string& text, const std::string& name = "a") {
    ConfigMapView map;
    map.contents = {name, {{"app.yaml", text}}, {}};
    return configs_of({name}, {map});
}

}  // namespace

TEST_CASE("what was in force is kept with its contents, and a successor knows it") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    CHECK(history.versions().empty());
    REQUIRE(history.take(configs("one"), begin));
    REQUIRE(history.take(configs("one"), begin + seconds{5}));
    REQUIRE(history.take(configs("two"), begin + seconds{10}));
    const ConfigHistory next = world.open();
    REQUIRE(next.versions().size() == 2);
    const ConfigVersion* first = next.find(configs("one").version);
    REQUIRE(first != nullptr);
    CHECK(first->maps == std::vector{configs("one").maps.front().contents});
    CHECK(next.find(VersionId{"c-000000000000"}) == nullptr);
    CHECK(next.in_force_since() == begin + seconds{10});
    struct stat seen{};
    REQUIRE(::stat(world.path.c_str(), &seen) == 0);
    CHECK((seen.st_mode & 0777U) == 0600U);
}

TEST_CASE("what a process has read follows from when it began") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    CHECK(history.version_at(begin).empty());
    const VersionId one = configs("one").version;
    const VersionId two = configs("two").version;
    REQUIRE(history.take(configs("one"), begin));
    CHECK_FALSE(history.in_force_since());
    REQUIRE(history.take(configs("two"), begin + seconds{10}));
    REQUIRE(history.take(configs("one"), begin + seconds{20}));
    CHECK(history.version_at(begin - seconds{100}) == one);
    CHECK(history.version_at(begin + seconds{8}) == one);
    CHECK(history.version_at(begin + seconds{9}) == one);
    CHECK(history.version_at(begin + seconds{10}) == two);  // To a second.
    CHECK(history.version_at(begin + seconds{18}) == two);
    CHECK(history.version_at(begin + seconds{20}) == one);
    CHECK(world.open().version_at(begin + seconds{15}) == two);
}

TEST_CASE("a configuration that is not whole changes nothing") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    REQUIRE(history.take(configs_of({"a", "b"}, configs("one").maps), begin));
    CHECK(history.versions().empty());
    CHECK(world.bytes().empty());
}

TEST_CASE("so many are kept, and so much; the oldest goes first") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    for (int number = 0; number < 100; ++number) {
        REQUIRE(history.take(configs(std::to_string(number)), begin + seconds{number * 10}));
    }
    CHECK(history.versions().size() == config_versions_max);
    CHECK(history.find(configs("99").version) != nullptr);
    CHECK(history.find(configs("92").version) != nullptr);
    CHECK(history.find(configs("91").version) == nullptr);
    CHECK(history.version_at(begin + seconds{985}) == configs("98").version);
    CHECK(world.open().versions().size() == config_versions_max);
    const std::string large(config_history_bytes_max / 3, 'x');
    for (const char* which : {"a", "b", "c", "d"}) {
        REQUIRE(history.take(configs(large + which), begin + seconds{2000}));
    }
    CHECK(history.versions().size() == 2);
    CHECK(world.bytes().size() <= config_history_bytes_max);
    REQUIRE(history.take(configs(fmt::format("{0}{0}{0}{0}", large)), begin + seconds{3000}));
    CHECK(history.versions().empty());
    REQUIRE(world.try_open());
}

TEST_CASE("what was kept of other ConfigMaps is forgotten") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    REQUIRE(history.take(configs("one"), begin));
    CHECK(world.try_open({"b"})->versions().empty());
    CHECK(world.try_open({"a", "b"})->versions().empty());
    CHECK(world.try_open({"a"})->versions().size() == 1);
}

TEST_CASE("a file that is none of ours is left as it is, and says so") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    REQUIRE(history.take(configs("one"), begin));
    const std::string good = world.bytes();
    std::vector<std::string> files{"", "{", "[]", "{}", R"({"version":2})"};
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"one", "two"},
                                   {"\"pay\"", "\"cart\""},
                                   {"\"version\":1", "\"version\":2"},
                                   {"app.yaml", "app.yml"}}) {
        std::string bad = good;
        REQUIRE(bad.contains(from));
        files.push_back(bad.replace(bad.find(from), from.size(), to));
    }
    for (const std::string& text : files) {
        REQUIRE(os::write_file_atomically(world.path, text));
        const Result<ConfigHistory> opened = world.try_open();
        REQUIRE_MESSAGE(!opened, text);
        CHECK(opened.error().fault == Fault::corrupt);
        CHECK_MESSAGE(opened.error().text.contains(world.path), opened.error().text);
        CHECK(world.bytes() == text);
    }
}

TEST_CASE("a file that cannot be written is told of, made up for, and forgets nothing meanwhile") {
    HistoryWorld world;
    ConfigHistory history = world.open();
    std::filesystem::create_directories(world.path + "/in the way");
    CHECK_FALSE(history.take(configs("one"), begin));
    CHECK(history.find(configs("one").version) != nullptr);
    CHECK_FALSE(history.take(configs("one"), begin));
    std::filesystem::remove_all(world.path);
    REQUIRE(history.take(configs("one"), begin));
    CHECK(world.open().versions().size() == 1);
}

}  // namespace homeostat::adapters::kubernetes
