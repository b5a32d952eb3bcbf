#include "homeostat/app/own_start.hpp"

#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;
using adapters::system::SwitchFile;

struct Place {
    Place() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Place() { std::filesystem::remove_all(path); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] StartPlace place(std::uint32_t loop_starts = 3) const {
        return {starts_file_of(path + "/ledger/"), path + "/suspended", loop_starts};
    }
    [[nodiscard]] bool is_suspended() const { return SwitchFile(path + "/suspended").is_engaged(); }
    [[nodiscard]] std::string file() const { return path + "/ledger.starts"; }

    std::string path{std::filesystem::temp_directory_path() / "homeostat-XXXXXX"};
};

constexpr Instant boot_for_test = instant_of_ns(1'000'000'000'000);
constexpr WallTime wall_for_test{std::chrono::milliseconds{1'760'000'000'000}};

AgentStart start_after(Duration span, const std::string& boot = "one") {
    return {boot, boot_for_test + span,
            wall_for_test + std::chrono::duration_cast<std::chrono::milliseconds>(span)};
}

std::unique_ptr<OwnStart> noted(const StartPlace& place, AgentStart start) {
    Result<std::unique_ptr<OwnStart>> own = OwnStart::note(place, std::move(start));
    REQUIRE_MESSAGE(own, own.error().text);
    CHECK((*own)->trouble().empty());
    return *std::move(own);
}

/// Noted by an agent that is killed: the note stays. Says whether it was suspended by that.
bool die_after(const Place& world, Duration span, std::uint32_t loop_starts = 3) {
    std::string left;
    std::string loop;
    {
        const std::unique_ptr<OwnStart> own = noted(world.place(loop_starts), start_after(span));
        left = *os::read_file(world.file(), starts_bytes_max);
        loop = own->loop();
    }
    REQUIRE(os::write_file_atomically(world.file(), left));
    const std::string says = SwitchFile(world.path + "/suspended").says();
    CHECK_MESSAGE((loop.empty() || says.ends_with(loop)), says);
    return !loop.empty();
}

}  // namespace

TEST_CASE("the third start in ten minutes after deaths is suspended, and stays so until resumed") {
    const Place world;
    CHECK_FALSE(die_after(world, 0s));
    CHECK_FALSE(die_after(world, 4min));
    CHECK_FALSE(world.is_suspended());
    CHECK(die_after(world, 9min));
    CHECK(world.is_suspended());
    CHECK_FALSE(die_after(world, 3h));  // By that one, and so not by this; but it is suspended.
    CHECK(world.is_suspended());
    REQUIRE(SwitchFile(world.path + "/suspended").release());
    CHECK_FALSE(die_after(world, 3h + 1min));
    CHECK_FALSE(world.is_suspended());
    CHECK(die_after(world, 3h + 2min));
}

TEST_CASE("deaths that are further apart than ten minutes are no loop") {
    const Place world;
    for (const Duration at : {0min, 5min, 10min, 15min, 20min, 40min}) {
        CHECK_FALSE(die_after(world, at));
    }
    CHECK_FALSE(world.is_suspended());
}

TEST_CASE("whoever ends in order may be started as often as anybody likes") {
    const Place world;
    CHECK_FALSE(die_after(world, 0s));
    for (int count = 1; count < 20; ++count) {
        const std::unique_ptr<OwnStart> own = noted(world.place(), start_after(count * 1s));
        CHECK(own->loop().empty());
        CHECK(std::filesystem::exists(world.file()));
    }
    CHECK_FALSE(die_after(world, 1min));  // The second, whatever was in between.
    CHECK(die_after(world, 2min));
}

TEST_CASE("whoever has said 0 is never suspended by it, and another number is another limit") {
    const Place world;
    for (int count = 0; count < 9; ++count) {
        const std::unique_ptr<OwnStart> own = noted(world.place(0), start_after(count * 1s));
        CHECK(own->loop().empty());
        CHECK_FALSE(std::filesystem::exists(world.file()));
    }
    for (int count = 10; count < 14; ++count) {
        CHECK_FALSE(die_after(world, count * 1s, 5));
    }
    CHECK_FALSE(world.is_suspended());
    CHECK(die_after(world, 14s, 5));
}

TEST_CASE("between boots the wall's clock counts, and one that was set back hides no start") {
    const AgentStart now = start_after(0s, "two");
    std::vector<AgentStart> starts;
    for (const Duration span : {-3600s, -601s, -599s, 0s, 3600s}) {
        starts.push_back(start_after(span, "one"));
        starts.back().at = boot_for_test + 100h;  // Of a clock that is not ours.
    }
    const std::vector<AgentStart> lately = starts_lately(starts, now);
    REQUIRE(lately.size() == 3);
    CHECK(lately.front() == starts[2]);
    // Within a boot nobody sets the clock, and the wall's says nothing.
    AgentStart old = start_after(-11min, "two");
    old.wall_at = wall_for_test;
    CHECK(starts_lately({old}, now).empty());
}

TEST_CASE("a file that tells nothing may tell of a loop, and is whole again afterwards") {
    for (const std::string& text : {std::string("{"), std::string(R"({"starts":[{"at":1}]})"),
                                    std::string(R"({"starts":[{"boot_id":"one","at":1,)"
                                                R"("wall_at":-9223372036854775808}]})"),
                                    std::string(starts_bytes_max + 1, ' ')}) {
        const Place world;
        REQUIRE(os::write_file_atomically(world.file(), text));
        const std::unique_ptr<OwnStart> own = noted(world.place(), start_after(0s));
        CHECK(own->loop().contains("cannot be read"));
        CHECK(world.is_suspended());
        const auto starts = parse_starts(*os::read_file(world.file(), starts_bytes_max));
        REQUIRE(starts);
        CHECK(*starts == std::vector{start_after(0s)});
    }
}

TEST_CASE("who cannot be suspended by a loop does not begin") {
    const Place world;
    REQUIRE(os::write_file_atomically(world.path + "/no_directory", ""));
    REQUIRE(os::write_file_atomically(world.file(), "{"));
    StartPlace place = world.place();
    place.switch_file = world.path + "/no_directory/suspended";
    const Result<std::unique_ptr<OwnStart>> own = OwnStart::note(place, start_after(0s));
    REQUIRE_FALSE(own);
    CHECK(own.error().text.starts_with("crash loop: "));
}

TEST_CASE("no more starts are kept than are ever asked for") {
    const Place world;
    for (std::size_t count = 0; count < starts_kept_max + 3; ++count) {
        CHECK_FALSE(die_after(world, count * 1s, 1000));
    }
    const auto starts = parse_starts(*os::read_file(world.file(), starts_bytes_max));
    REQUIRE(starts);
    CHECK(starts->size() == starts_kept_max);
}

}  // namespace homeostat::app
