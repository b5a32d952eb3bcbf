#include "homeostat/adapters/segment_log/retention.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr Duration keep = hours{24 * 397};
constexpr WallTime begin{std::chrono::milliseconds{1'700'000'000'000}};

Entry entry_of(EntryKind kind, const std::string& incident) {
    return Entry{kind, IncidentId(incident), json::object{}};
}

StoredGroup stored_of(std::uint64_t index, WallTime at, std::vector<Entry> entries) {
    StoredGroup stored;
    stored.previous = next_hash(genesis_hash(), std::to_string(index));
    stored.group.index = index;
    stored.group.wall_at = at;
    stored.group.at = Instant{at - begin};
    stored.group.boot_id = "boot-1";
    stored.group.entries = std::move(entries);
    return stored;
}

/// With both clocks right, in one boot that began at `begin`.
Moment moment_at(WallTime at) {
    return {Instant{at - begin}, at, "boot-1"};
}

/// Number of the first segment that stays at `now`; 0: all stay.
std::size_t first_kept(const Retention& retention, const Moment& now) {
    const auto cut = retention.cut(now);
    return cut ? cut->segment : 0;
}

/// One closed incident a segment, each `apart` after the one before.
Retention quiet(std::size_t segments_count, Duration apart) {
    Retention retention(keep);
    for (std::size_t segment = 0; segment < segments_count; ++segment) {
        const std::string id = "i-" + std::to_string(segment + 1);
        const WallTime at =
            begin + std::chrono::duration_cast<std::chrono::milliseconds>(apart) * segment;
        retention.learn(stored_of(2 * segment, at, {entry_of(EntryKind::opened, id)}), segment);
        retention.learn(stored_of(2 * segment + 1, at, {entry_of(EntryKind::closed, id)}), segment);
    }
    return retention;
}

}  // namespace

TEST_CASE("a segment goes once its newest record is older than what is kept, and the last never") {
    const Retention retention = quiet(4, days{1});
    CHECK(first_kept(retention, moment_at(begin + days{397})) == 0);
    CHECK(first_kept(retention, moment_at(begin + days{397} + std::chrono::milliseconds{1})) == 1);
    CHECK(first_kept(retention, moment_at(begin + days{399})) == 2);
    CHECK(first_kept(retention, moment_at(begin + days{9999})) == 3);
    CHECK_FALSE(Retention(keep).cut(moment_at(begin + days{9999})));
}

TEST_CASE("without a span everything is kept") {
    Retention retention{Duration::zero()};
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::started, "")}), 0);
    retention.learn(stored_of(1, begin, {entry_of(EntryKind::started, "")}), 1);
    CHECK_FALSE(retention.cut(moment_at(begin + days{99'999})));
}

TEST_CASE("an open incident keeps its segment and all behind it, until it is closed") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::started, "")}), 0);
    retention.learn(stored_of(1, begin, {entry_of(EntryKind::opened, "i-1")}), 1);
    retention.learn(stored_of(2, begin, {entry_of(EntryKind::escalated, "i-1")}), 2);
    retention.learn(stored_of(3, begin, {entry_of(EntryKind::started, "")}), 3);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 1);
    retention.learn(stored_of(4, begin, {entry_of(EntryKind::closed, "i-1")}), 3);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 1);  // It goes on in the last one.
    retention.learn(stored_of(5, begin, {entry_of(EntryKind::started, "")}), 4);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 4);
}

TEST_CASE("what was dropped is not dropped again, and the next cut begins behind it") {
    Retention retention = quiet(4, days{1});
    const Moment now = moment_at(begin + days{399});
    REQUIRE(first_kept(retention, now) == 2);
    retention.drop_before(2);
    CHECK_FALSE(retention.cut(now));
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 3);
}

TEST_CASE("an incident that was open while what is older was dropped ends as any other") {
    Retention retention = quiet(2, days{1});
    retention.learn(stored_of(4, begin + days{2}, {entry_of(EntryKind::opened, "i-9")}), 2);
    retention.learn(stored_of(5, begin + days{3}, {entry_of(EntryKind::started, "")}), 3);
    REQUIRE(first_kept(retention, moment_at(begin + days{500})) == 2);
    retention.drop_before(2);
    retention.learn(stored_of(6, begin + days{3}, {entry_of(EntryKind::closed, "i-9")}), 3);
    retention.learn(stored_of(7, begin + days{3}, {entry_of(EntryKind::started, "")}), 4);
    CHECK(first_kept(retention, moment_at(begin + days{500})) == 4);
}

TEST_CASE("an incident whose records were dropped is a new one if it comes up again") {
    Retention retention = quiet(3, days{1});
    retention.drop_before(1);
    retention.learn(stored_of(6, begin + days{2}, {entry_of(EntryKind::held, "i-1")}), 2);
    retention.learn(stored_of(7, begin + days{2}, {entry_of(EntryKind::started, "")}), 3);
    CHECK(first_kept(retention, moment_at(begin + days{500})) == 2);
    retention.learn(stored_of(8, begin + days{2}, {entry_of(EntryKind::closed, "i-1")}), 3);
    retention.learn(stored_of(9, begin + days{2}, {entry_of(EntryKind::started, "")}), 4);
    CHECK(first_kept(retention, moment_at(begin + days{500})) == 4);
}

TEST_CASE("an incident whose beginning is not there is open all the same, until it is closed") {
    for (const EntryKind kind : {EntryKind::checkpoint, EntryKind::intent, EntryKind::held}) {
        CAPTURE(static_cast<int>(kind));
        Retention retention(keep);
        retention.learn(stored_of(0, begin, {entry_of(kind, "i-1")}), 0);
        retention.learn(stored_of(1, begin, {entry_of(EntryKind::started, "")}), 1);
        CHECK(first_kept(retention, moment_at(begin + days{400})) == 0);
        retention.learn(stored_of(2, begin, {entry_of(EntryKind::closed, "i-1")}), 1);
        retention.learn(stored_of(3, begin, {entry_of(EntryKind::started, "")}), 2);
        CHECK(first_kept(retention, moment_at(begin + days{400})) == 2);
    }
}

TEST_CASE("what names an incident after it was closed opens nothing") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::opened, "i-1")}), 0);
    retention.learn(stored_of(1, begin, {entry_of(EntryKind::closed, "i-1")}), 0);
    retention.learn(stored_of(2, begin, {entry_of(EntryKind::held, "i-1")}), 1);
    retention.learn(stored_of(3, begin, {entry_of(EntryKind::started, "")}), 2);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 2);
}

TEST_CASE("what names an incident after it was closed is not kept without its end") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::opened, "i-1")}), 0);
    retention.learn(stored_of(1, begin, {entry_of(EntryKind::closed, "i-1")}), 0);
    retention.learn(stored_of(2, begin + days{2}, {entry_of(EntryKind::held, "i-1")}), 1);
    retention.learn(stored_of(3, begin + days{3}, {entry_of(EntryKind::started, "")}), 2);
    CHECK(first_kept(retention, moment_at(begin + days{398})) == 0);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 2);
}

TEST_CASE("an incident is kept whole: no cut goes through one") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::opened, "i-1")}), 0);
    retention.learn(
        stored_of(1, begin,
                  {entry_of(EntryKind::closed, "i-1"), entry_of(EntryKind::opened, "i-2")}),
        1);
    retention.learn(stored_of(2, begin + days{2}, {entry_of(EntryKind::closed, "i-2")}), 2);
    retention.learn(stored_of(3, begin + days{3}, {entry_of(EntryKind::started, "")}), 3);
    CHECK(first_kept(retention, moment_at(begin + days{398})) == 0);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 3);
}

TEST_CASE("what is carried over are the last numbers and the versions, also over two droppings") {
    Retention retention(keep);
    const GoodBody good{VersionId("v3"), {}, Artifact::deploy};
    DroppedBody earlier{.first_index = 7, .hash = {}, .ledger = {}, .entries_count = 40};
    earlier.carried = CarriedOver{.incident_last = 9, .changes_count = 3};
    earlier.carried.versions_good.deploy = {VersionId("v1"), VersionId("v2")};
    earlier.carried.versions_last_seen.config = VersionId("c1");
    retention.learn(
        stored_of(10, begin,
                  {entry_of(EntryKind::opened, "i-8"), Entry{EntryKind::good, {}, to_json(good)}}),
        2);
    retention.learn(stored_of(11, begin,
                              {entry_of(EntryKind::closed, "i-8"),
                               Entry{EntryKind::dropped, {}, to_json(earlier)}}),
                    2);
    retention.learn(stored_of(12, begin, {entry_of(EntryKind::started, "")}), 3);
    const auto cut = retention.cut(moment_at(begin + days{400}));
    REQUIRE(cut);
    CHECK(cut->segment == 3);
    CHECK(cut->body.first_index == 12);
    CHECK(cut->body.hash == next_hash(genesis_hash(), "12"));
    CHECK(cut->body.entries_count == 41);  // The ledger's own entries are not counted.
    CHECK(cut->body.carried.incident_last == 9);
    CHECK(cut->body.carried.changes_count == 3);
    CHECK(cut->body.carried.versions_good.deploy ==
          std::vector{VersionId("v1"), VersionId("v2"), VersionId("v3")});
    CHECK(cut->body.carried.versions_last_seen.deploy == VersionId("v3"));
    CHECK(cut->body.carried.versions_last_seen.config == VersionId("c1"));
    CHECK(retention.first_index_recorded() == 7);
}

TEST_CASE("a wall clock that jumps makes nothing old, however often somebody starts") {
    Retention retention = quiet(3, days{1});
    const WallTime wrong = begin + days{5000};
    for (std::uint64_t start = 0; start < 5; ++start) {  // In one boot, an hour each.
        const Moment now{Instant{days{3} + hours{start}}, wrong, "boot-1"};
        CHECK(first_kept(retention, now) == 0);
        StoredGroup stored = stored_of(6 + start, wrong, {entry_of(EntryKind::started, "")});
        stored.group.at = now.at;
        retention.learn(stored, 3);
    }
    for (std::uint64_t boot = 0; boot < 9; ++boot) {  // Each boot finds the clock further ahead.
        const Moment now{Instant{std::chrono::minutes{1}}, wrong + days{1000 * (boot + 1)},
                         "boot-" + std::to_string(boot + 2)};
        CHECK(first_kept(retention, now) == 0);
        StoredGroup stored = stored_of(11 + boot, now.wall_at, {entry_of(EntryKind::started, "")});
        stored.group.at = now.at;
        stored.group.boot_id = now.boot_id;
        retention.learn(stored, 4);
    }
}

TEST_CASE("a machine that is off each night keeps for as long as one that is not") {
    Retention retention(keep);
    std::uint64_t index = 0;
    for (int day = 0; day <= 398; ++day) {
        StoredGroup stored = stored_of(index++, begin + days{day}, {});
        stored.group.boot_id = "boot-" + std::to_string(day);
        stored.group.at = Instant{std::chrono::minutes{1}};
        retention.learn(stored, static_cast<std::size_t>(day / 100));
    }
    const Moment before{Instant{hours{1}}, begin + days{496}, "boot-398"};
    CHECK(first_kept(retention, before) == 0);
    // The boot goes on; by the wall clock it has been more than 397 days since the 99th.
    const Moment now{Instant{days{99}}, begin + days{497}, "boot-398"};
    CHECK(first_kept(retention, now) == 1);
}

TEST_CASE("the time that a machine was on counts once, also where it was off in between") {
    Retention retention(keep);
    constexpr std::uint64_t boots_count = 400;  // Of ten hours, and two without: 200 days.
    for (std::uint64_t boot = 0; boot < boots_count; ++boot) {
        StoredGroup stored = stored_of(boot, begin + hours{12 * boot}, {});
        stored.group.boot_id = "boot-" + std::to_string(boot);
        stored.group.at = Instant{hours{10}};
        retention.learn(stored, boot == 0 ? 0 : 1);
    }
    // The wall clock jumps, so that only the time that has passed for sure keeps the beginning.
    Moment now{Instant{hours{10}}, begin + days{5000}, "boot-399"};
    CHECK(first_kept(retention, now) == 0);
    now.at += days{197};
    CHECK(first_kept(retention, now) == 0);
    now.at += days{1};
    CHECK(first_kept(retention, now) == 1);
}

TEST_CASE("a segment is old by both clocks, and by neither a moment too early") {
    const Retention retention = quiet(2, days{1});
    constexpr std::chrono::milliseconds moment{1};
    const auto at = [](Duration passed, WallTime wall) {
        return Moment{Instant{passed}, wall, "boot-1"};
    };
    CHECK(first_kept(retention, at(keep, begin + days{397} + moment)) == 0);
    CHECK(first_kept(retention, at(keep + moment, begin + days{397})) == 0);
    CHECK(first_kept(retention, at(keep + moment, begin + days{397} + moment)) == 1);
}

TEST_CASE("a segment is as old as its newest record, also where the wall clock has jumped") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {}), 0);
    retention.learn(stored_of(1, begin + days{100}, {}), 0);
    retention.learn(stored_of(2, begin + days{100}, {}), 1);
    const WallTime far = begin + days{5000};
    CHECK(first_kept(retention, {Instant{days{450}}, far, "boot-1"}) == 0);
    CHECK(first_kept(retention, {Instant{days{498}}, far, "boot-1"}) == 1);
}

TEST_CASE("a segment is as old as its newest record by the wall clock, also where that went back") {
    Retention retention(keep);
    for (const int day : {0, 100, 50}) {  // Within hours.
        StoredGroup stored = stored_of(static_cast<std::uint64_t>(day), begin + days{day}, {});
        stored.group.at = Instant{};
        retention.learn(stored, 0);
    }
    retention.learn(stored_of(101, begin, {}), 1);
    CHECK(first_kept(retention, {Instant{days{900}}, begin + days{480}, "boot-1"}) == 0);
    CHECK(first_kept(retention, {Instant{days{900}}, begin + days{498}, "boot-1"}) == 1);
}

TEST_CASE("an incident that is said to be closed twice is closed") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::opened, "i-1")}), 0);
    retention.learn(
        stored_of(1, begin,
                  {entry_of(EntryKind::closed, "i-1"), entry_of(EntryKind::closed, "i-1")}),
        0);
    retention.learn(stored_of(2, begin, {entry_of(EntryKind::started, "")}), 1);
    CHECK(first_kept(retention, moment_at(begin + days{400})) == 1);
}

}  // namespace homeostat::adapters::segment_log
