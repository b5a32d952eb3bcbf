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
    stored.group.entries = std::move(entries);
    return stored;
}

/// Number of the first segment that stays at `now`; 0: all stay.
std::size_t first_kept(const Retention& retention, WallTime now) {
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
    CHECK(first_kept(retention, begin + days{397}) == 0);
    CHECK(first_kept(retention, begin + days{397} + std::chrono::milliseconds{1}) == 1);
    CHECK(first_kept(retention, begin + days{399}) == 2);
    CHECK(first_kept(retention, begin + days{9999}) == 3);
    CHECK_FALSE(Retention(keep).cut(begin + days{9999}));
}

TEST_CASE("without a span everything is kept") {
    Retention retention{Duration::zero()};
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::started, "")}), 0);
    retention.learn(stored_of(1, begin, {entry_of(EntryKind::started, "")}), 1);
    CHECK_FALSE(retention.cut(begin + days{99'999}));
}

TEST_CASE("an open incident keeps its segment and all behind it, until it is closed") {
    Retention retention(keep);
    retention.learn(stored_of(0, begin, {entry_of(EntryKind::started, "")}), 0);
    retention.learn(stored_of(1, begin, {entry_of(EntryKind::opened, "i-1")}), 1);
    retention.learn(stored_of(2, begin, {entry_of(EntryKind::escalated, "i-1")}), 2);
    retention.learn(stored_of(3, begin, {entry_of(EntryKind::started, "")}), 3);
    CHECK(first_kept(retention, begin + days{400}) == 1);
    retention.learn(stored_of(4, begin, {entry_of(EntryKind::closed, "i-1")}), 3);
    CHECK(first_kept(retention, begin + days{400}) == 1);  // It goes on in the last one.
    retention.learn(stored_of(5, begin, {entry_of(EntryKind::started, "")}), 4);
    CHECK(first_kept(retention, begin + days{400}) == 4);
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
    CHECK(first_kept(retention, begin + days{398}) == 0);
    CHECK(first_kept(retention, begin + days{400}) == 3);
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
    const auto cut = retention.cut(begin + days{400});
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

}  // namespace homeostat::adapters::segment_log
