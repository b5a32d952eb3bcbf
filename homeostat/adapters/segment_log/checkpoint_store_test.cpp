// Commits in the segments of a ledger: what every store does, and what becomes of it on disks that
// tear, fill up and fail.

#include "homeostat/adapters/segment_log/checkpoint_store.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/graph/store_cases_for_test.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

using graph::Commit;
using graph::Durability;
namespace cases = graph::for_test;

namespace {

WriterOptions writer_options(const ScratchForTest& scratch, DiskProbe probe = {}) {
    return {.directory = scratch.ledger(),
            .boot_id = "boot-1",
            .segment_bytes_max = 1500,  // Two commits or three: reading crosses segments.
            .probe = std::move(probe)};
}

std::unique_ptr<CheckpointStore> open_for_test(WriterOptions options) {
    Result<std::unique_ptr<CheckpointStore>> store = CheckpointStore::open(std::move(options));
    ensure(store.has_value(), store ? "" : store.error().text);
    return std::move(*store);
}

}  // namespace

TEST_CASE("the store in segments does what a store has to do") {
    for (const cases::StoreCase& one : cases::store_cases()) {
        SUBCASE(one.says) {
            const ScratchForTest scratch;
            cases::Place place([&] { return open_for_test(writer_options(scratch)); });
            one.run(place);
        }
    }
}

TEST_CASE("a second process is kept out as long as the first one lives") {
    const ScratchForTest scratch;
    auto first = open_for_test(writer_options(scratch));
    const auto second = CheckpointStore::open(writer_options(scratch));
    REQUIRE_FALSE(second);
    CHECK(second.error().fault == Fault::busy);
    first.reset();
    CHECK(CheckpointStore::open(writer_options(scratch)));
}

TEST_CASE("a write that was torn at any byte leaves the commits before it, and room for the next") {
    const ScratchForTest whole;
    auto options = writer_options(whole);
    options.segment_bytes_max = 1U << 20U;
    {
        auto store = open_for_test(options);
        cases::fill(*store, "t-1", 3);
    }
    const std::string bytes = read_for_test(whole.segment(0));
    std::size_t left_min = 3;
    for (std::size_t size = segment_header_bytes; size < bytes.size(); ++size) {
        const ScratchForTest torn;
        std::filesystem::create_directories(torn.ledger());
        write_for_test(torn.segment(0), std::string_view(bytes).substr(0, size));
        options.directory = torn.ledger();
        auto store = open_for_test(options);
        const auto left = store->history("t-1", 0, 9).value_or(std::vector<Commit>{});
        left_min = std::min(left_min, left.size());
        CHECK(left.size() < 3);
        const Result<std::uint64_t> epoch = store->claim("t-1");
        const Commit* last = left.empty() ? nullptr : &left.front();
        CHECK(store->append(cases::next_commit(last, "t-1", "after"), *epoch, Durability::synced));
    }
    CHECK(left_min == 0);
}

TEST_CASE("a commit over the maximum size of a record is refused, and the next one is taken") {
    const ScratchForTest scratch;
    auto store = open_for_test(writer_options(scratch));
    const Result<std::uint64_t> epoch = store->claim("t-1");
    std::size_t fits = 0;
    for (std::size_t step = payload_bytes_max; step > 0; step /= 2) {
        const ScratchForTest other;
        auto empty = open_for_test(writer_options(other));
        const Result<std::uint64_t> first = empty->claim("t-1");
        const Commit commit = cases::next_commit(nullptr, "t-1", std::string(fits + step, 'x'));
        fits += empty->append(commit, *first, Durability::written) ? step : 0;
    }
    CHECK(fits > payload_bytes_max / 2 - 1'000);  // Two hex digits a byte, and the frame's fields.
    const Commit over = cases::next_commit(nullptr, "t-1", std::string(fits + 1, 'x'));
    const Result<void> refused = store->append(over, *epoch, Durability::synced);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::invalid);
    CHECK(refused.error().text.ends_with("; a ledger takes at most 1048576"));
    const Commit largest = cases::next_commit(nullptr, "t-1", std::string(fits, 'x'));
    CHECK(store->append(largest, *epoch, Durability::synced));
    store.reset();
    store = open_for_test(writer_options(scratch));
    CHECK(store->read("t-1", 0) == std::vector<Commit>{largest});
}

TEST_CASE("a disk that is full keeps nothing of a commit, and the next one finds room") {
    const ScratchForTest scratch;
    bool is_full = false;
    auto store = open_for_test(writer_options(
        scratch, [&](DiskCall call) { return is_full && call == DiskCall::write ? ENOSPC : 0; }));
    const std::vector<Commit> commits = cases::fill(*store, "t-1", 2);
    const Commit next = cases::next_commit(&commits.back(), "t-1", "next");
    const Result<std::uint64_t> epoch = store->claim("t-1");
    is_full = true;
    CHECK(cases::fault_of(store->append(next, *epoch, Durability::synced)) == Fault::full);
    CHECK(cases::numbers_of(store->history("t-1", 0, 9)) == cases::Numbers{2, 1});
    is_full = false;
    CHECK(store->append(next, *epoch, Durability::synced));
    store.reset();
    store = open_for_test(writer_options(scratch));
    CHECK(cases::numbers_of(store->history("t-1", 0, 9)) == cases::Numbers{3, 2, 1});
}

TEST_CASE(
    "after a sync that failed nothing is kept any more, until a new start has read the disk") {
    const ScratchForTest scratch;
    bool is_broken = false;
    auto store = open_for_test(writer_options(
        scratch, [&](DiskCall call) { return is_broken && call == DiskCall::sync ? EIO : 0; }));
    const std::vector<Commit> commits = cases::fill(*store, "t-1", 1);
    const Commit next = cases::next_commit(&commits.back(), "t-1", "next");
    const Result<std::uint64_t> epoch = store->claim("t-1");
    is_broken = true;
    CHECK_FALSE(store->append(next, *epoch, Durability::synced));
    is_broken = false;
    CHECK_FALSE(store->append(next, *epoch, Durability::synced));
    store.reset();
    store = open_for_test(writer_options(scratch));
    const auto kept = store->history("t-1", 0, 9);
    REQUIRE(kept);
    CHECK((kept->front() == next || kept->front() == commits.back()));
}

TEST_CASE("a commit that was altered, and given a right checksum, is found when the store opens") {
    const ScratchForTest scratch;
    {
        Result<SegmentWriter> writer = SegmentWriter::open(writer_options(scratch));
        REQUIRE(writer);
        const Result<LedgerEnd> end =
            writer->read([](const FoundGroup&) -> Result<void> { return {}; });
        REQUIRE(writer->go_on_after(*end));
        json::object body;
        body["thread"] = "t-1";
        EntryGroup group;
        group.entries.push_back({EntryKind::checkpoint, IncidentId("t-1"), body});
        REQUIRE(writer->append(std::move(group), ports::Durability::synced));
    }
    const auto store = CheckpointStore::open(writer_options(scratch));
    REQUIRE_FALSE(store);
    CHECK(store.error().fault == Fault::corrupt);
    CHECK(store.error().text.ends_with(
        "000000.hlog at byte 148: group 0: a commit: the field 'number' is missing"));
}

TEST_CASE("a commit stands in the ledger at the moment that it was made, under its thread's name") {
    const ScratchForTest scratch;
    auto store = open_for_test(writer_options(scratch));
    const std::vector<Commit> commits = cases::fill(*store, "t-1", 2);
    store.reset();
    std::size_t visited_count = 0;
    REQUIRE(read_ledger(scratch.ledger(), [&](const EntryGroup& group) {
        CHECK(group.at == commits.at(visited_count++).at);
        CHECK(group.entries.at(0).incident == IncidentId("t-1"));
    }));
    CHECK(visited_count == 2);
}

}  // namespace homeostat::adapters::segment_log
