#include "homeostat/adapters/envoy/watchdog.hpp"

#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::adapters::envoy;

namespace {

constexpr WallTime at(std::int64_t ms) {
    return WallTime{std::chrono::milliseconds{ms}};
}

/// A directory with a file of overrides in it.
struct Place {
    net::TemporaryDirectory directory;
    std::string path{directory.file("runtime.json")};

    explicit Place(const std::string& layer) {
        put(R"({"version_info":"1","resources":[{"name":"homeostat","layer":)" + layer + "}]}");
    }
    void put(const std::string& text) const { REQUIRE(os::write_file_atomically(path, text)); }
    [[nodiscard]] std::string text() const { return os::read_file(path, 65536).value_or(""); }
    [[nodiscard]] std::uint64_t inode() const { return os::identify_file(path)->inode; }
};

}  // namespace

TEST_CASE("what has ended is taken away, and nothing else") {
    const Place place(R"({"homeostat.a":100,"homeostat.a.until":10,"homeostat.b":100,)"
                      R"("homeostat.b.until":99,"homeostat.c":100,"theirs":1})");
    Result<Watchdog> watchdog = Watchdog::take(place.directory.file("."));
    REQUIRE(watchdog);
    CHECK(watchdog->pass(at(9))->empty());
    CHECK(*watchdog->pass(at(10)) == std::vector<std::string>{"homeostat.a"});
    CHECK(place.text() ==
          R"({"version_info":"w-10","resources":[{"name":"homeostat","layer":)"
          R"({"homeostat.b":100,"homeostat.b.until":99,"homeostat.c":100,"theirs":1}}]})"
          "\n");
}

TEST_CASE("a dimmer that has ended is taken away whole") {
    const Place place(R"({"homeostat.d":{"numerator":10,"denominator":"TEN_THOUSAND"},)"
                      R"("homeostat.d.permille":1,"homeostat.d.until":10,"theirs":1})");
    Result<Watchdog> watchdog = Watchdog::take(place.directory.file("."));
    REQUIRE(watchdog);
    CHECK(watchdog->pass(at(9))->empty());
    CHECK(*watchdog->pass(at(10)) == std::vector<std::string>{"homeostat.d"});
    CHECK(place.text().contains(R"("layer":{"theirs":1})"));
}

TEST_CASE("what took something away is put twice more, unless somebody else has written since") {
    const Place place(R"({"homeostat.a":100,"homeostat.a.until":10})");
    Result<Watchdog> watchdog = Watchdog::take(place.directory.file("."));
    REQUIRE(watchdog);
    REQUIRE(watchdog->pass(at(10)));
    const std::uint64_t first = place.inode();
    REQUIRE(watchdog->pass(at(11)));
    const std::uint64_t second = place.inode();
    CHECK(second != first);
    REQUIRE(watchdog->pass(at(12)));
    const std::uint64_t third = place.inode();
    CHECK(third != second);
    REQUIRE(watchdog->pass(at(13)));
    CHECK(place.inode() == third);
    place.put(R"({"resources":[{"layer":{"homeostat.a":100,"homeostat.a.until":20}}]})");
    REQUIRE(watchdog->pass(at(20)));
    const std::string other = R"({"resources":[{"layer":{"homeostat.z":100}}]})";
    place.put(other);
    REQUIRE(watchdog->pass(at(21)));
    CHECK(place.text() == other);
}

TEST_CASE("a file that cannot be read is told of and left alone") {
    const Place place("{}");
    Result<Watchdog> watchdog = Watchdog::take(place.directory.file("."));
    REQUIRE(watchdog);
    place.put("{");
    CHECK(watchdog->pass(at(1)).error().fault == Fault::invalid);
    CHECK(place.text() == "{");
    REQUIRE(os::remove_file(place.path));
    CHECK(watchdog->pass(at(1)).error().fault == Fault::absent);
}

TEST_CASE("one watches, and whoever asks learns whether one does") {
    const Place place("{}");
    const std::string directory = place.directory.file(".");
    CHECK_FALSE(has_watchdog(directory));
    {
        const Result<Watchdog> watchdog = Watchdog::take(directory);
        REQUIRE(watchdog);
        CHECK(has_watchdog(directory));
        CHECK(Watchdog::take(directory).error().fault == Fault::busy);
    }
    CHECK_FALSE(has_watchdog(directory));
    CHECK_FALSE(has_watchdog(place.directory.file("nowhere")));
}
