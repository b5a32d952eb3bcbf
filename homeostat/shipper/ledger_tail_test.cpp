#include "homeostat/shipper/ledger_tail.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace homeostat::shipper {

namespace {

namespace log = adapters::segment_log;
using outbox::Cursor;

/// Segments of some groups each, so that readings cross them.
log::Options small_segments(const log::ScratchForTest& scratch, std::size_t bytes_max = 4096) {
    log::Options options = log::options_for_test(scratch);
    options.segment_bytes_max = bytes_max;
    return options;
}

std::string name_of_ledger(const LedgerTail& tail) {
    const auto ledger = tail.ledger();
    REQUIRE_MESSAGE(ledger, ledger.error().text);
    REQUIRE(*ledger);
    return **ledger;
}

/// What a sink would have after everything there is was sent, in batches.
std::vector<std::uint64_t> groups_behind(LedgerTail& tail, Cursor& cursor) {
    std::vector<std::uint64_t> groups;
    const std::string ledger = name_of_ledger(tail);
    for (;;) {
        const Result<outbox::Batch> batch = tail.read_behind(ledger, cursor);
        REQUIRE_MESSAGE(batch, batch.error().text);
        if (batch->next_group == batch->first_group) {
            return groups;
        }
        for (const outbox::BatchEntry& entry : batch->entries) {
            groups.push_back(entry.place.group);
        }
        cursor = {batch->next_group, batch->hash};
    }
}

}  // namespace

TEST_CASE("every group is read once and in order, however the batches and segments are cut") {
    for (const std::uint64_t groups_max : {1U, 2U, 7U, 500U}) {
        for (const std::size_t segment_bytes :
             {std::size_t{1}, std::size_t{2000}, std::size_t{1} << 20U}) {
            const log::ScratchForTest scratch;
            log::fill_for_test(small_segments(scratch, segment_bytes), 23);
            LedgerTail tail({scratch.ledger()}, "payments", {.groups_max = groups_max});
            Cursor cursor;
            CAPTURE(groups_max);
            CAPTURE(segment_bytes);
            CHECK(groups_behind(tail, cursor) == log::numbers_below(23));
            CHECK(cursor.next_group == 23);
        }
    }
}

TEST_CASE("a reading goes on where the last one ended while the ledger grows and turns segments") {
    const log::ScratchForTest scratch;
    log::LogForTest writer(small_segments(scratch, 2000));
    REQUIRE_FALSE(writer.trouble());
    LedgerTail tail({scratch.ledger()}, "payments");
    CHECK_FALSE(*tail.ledger());
    Cursor cursor;
    std::vector<std::uint64_t> all;
    for (std::uint64_t number = 0; number < 40; ++number) {
        const auto durability =
            number % 3 == 0 ? ports::Durability::synced : ports::Durability::written;
        REQUIRE(writer.append(log::group_for_test(number), durability));
        if (number % 4 != 1) {
            for (const std::uint64_t group : groups_behind(tail, cursor)) {
                all.push_back(group);
            }
            CHECK(all == log::numbers_below(number + 1));
        }
    }
}

TEST_CASE("whoever begins anew with a cursor goes on behind it") {
    const log::ScratchForTest scratch;
    log::fill_for_test(small_segments(scratch), 20);
    LedgerTail first({scratch.ledger()}, "payments", {.groups_max = 6});
    const std::string ledger = name_of_ledger(first);
    const Result<outbox::Batch> batch = first.read_behind(ledger, {});
    REQUIRE(batch);
    CHECK(batch->ledger == ledger);
    CHECK(batch->service == "payments");
    LedgerTail second({scratch.ledger()}, "payments");
    Cursor cursor{batch->next_group, batch->hash};
    std::vector<std::uint64_t> rest = log::numbers_below(20);
    rest.erase(rest.begin(), rest.begin() + 6);
    CHECK(groups_behind(second, cursor) == rest);

    // One that does not know the hash, as JetStream's, is not checked, and is sent the rest too.
    Cursor unknown{6, {}};
    LedgerTail third({scratch.ledger()}, "payments");
    CHECK(groups_behind(third, unknown) == rest);
}

TEST_CASE("a cursor of another history is refused, at a segment's beginning as well") {
    for (const std::size_t segment_bytes : {std::size_t{1}, std::size_t{1} << 20U}) {
        const log::ScratchForTest scratch;
        log::fill_for_test(small_segments(scratch, segment_bytes), 9);
        LedgerTail tail({scratch.ledger()}, "payments");
        const Result<outbox::Batch> batch =
            tail.read_behind(name_of_ledger(tail), {5, std::string(64, 'a')});
        REQUIRE_FALSE(batch);
        CHECK(batch.error().fault == Fault::corrupt);
        CHECK(batch.error().text.contains("group 4"));
    }
}

TEST_CASE("a ledger that ends before the cursor is refused") {
    const log::ScratchForTest scratch;
    log::fill_for_test(small_segments(scratch), 9);
    LedgerTail tail({scratch.ledger()}, "payments");
    const Result<outbox::Batch> batch =
        tail.read_behind(name_of_ledger(tail), {10, std::string(64, 'a')});
    REQUIRE_FALSE(batch);
    CHECK(batch.error().fault == Fault::corrupt);
    CHECK(batch.error().text.contains("ends with group 8"));
    // A sink that has the next group in part, as a stream may, has seen that one too.
    CHECK_FALSE(tail.read_behind(name_of_ledger(tail), {9, {}, true}));
    CHECK(tail.read_behind(name_of_ledger(tail), {9, {}, false}));
    CHECK(tail.read_behind(name_of_ledger(tail), {8, {}, true}));
}

TEST_CASE("another ledger in the same place is told of, and is not mixed in") {
    const log::ScratchForTest scratch;
    log::fill_for_test(small_segments(scratch), 3);
    LedgerTail tail({scratch.ledger()}, "payments");
    const std::string first = name_of_ledger(tail);
    Cursor cursor;
    CHECK(groups_behind(tail, cursor).size() == 3);
    std::filesystem::remove_all(scratch.ledger());
    {
        log::LogForTest writer(small_segments(scratch));
        for (const std::uint64_t number : {100U, 101U, 102U, 103U, 104U}) {
            REQUIRE(writer.append(log::group_for_test(number)));
        }
    }
    const Result<outbox::Batch> batch = tail.read_behind(first, cursor);
    REQUIRE_FALSE(batch);
    CHECK(batch.error().fault == Fault::busy);
    CHECK(name_of_ledger(tail) != first);
}

TEST_CASE("groups that were dropped by age leave a gap that can be counted") {
    const log::ScratchForTest scratch;
    const log::Options options = log::options_for_test(scratch);
    log::fill_old_for_test(options, 4);
    {
        log::LogForTest writer(log::keeping_for_test(options));
        REQUIRE(writer.log().replay([](const EntryGroup&) {}));
        log::wait_for_test([&] { return !std::filesystem::exists(scratch.segment(3)); });
    }
    LedgerTail tail({scratch.ledger()}, "payments");
    const Result<outbox::Batch> batch = tail.read_behind(name_of_ledger(tail), {});
    REQUIRE_MESSAGE(batch, batch.error().text);
    CHECK(batch->first_group == 4);
}

TEST_CASE("half a frame at the end is waited for, damage before it is told of") {
    const log::ScratchForTest scratch;
    log::fill_for_test(log::options_for_test(scratch), 5);
    LedgerTail tail({scratch.ledger()}, "payments");
    Cursor cursor;
    const std::string whole = log::read_for_test(scratch.segment(0));
    log::write_for_test(scratch.segment(0), whole.substr(0, whole.size() - 7));
    CHECK(groups_behind(tail, cursor) == log::numbers_below(4));
    CHECK(groups_behind(tail, cursor).empty());
    log::write_for_test(scratch.segment(0), whole);
    CHECK(groups_behind(tail, cursor) == std::vector<std::uint64_t>{4});

    std::string spoiled = whole;
    spoiled[whole.size() / 2] ^= 1;
    log::write_for_test(scratch.segment(0), spoiled);
    LedgerTail anew({scratch.ledger()}, "payments");
    const Result<outbox::Batch> batch = anew.read_behind(name_of_ledger(anew), {});
    REQUIRE_FALSE(batch);
    CHECK(batch.error().fault == Fault::corrupt);
}

TEST_CASE("without a ledger there is an error, and no last group") {
    const log::ScratchForTest scratch;
    LedgerTail tail({scratch.ledger()}, "payments");
    REQUIRE_FALSE(tail.ledger());
    CHECK(tail.ledger().error().fault == Fault::absent);
    log::fill_for_test(small_segments(scratch, 1), 3);
    CHECK(*last_group_of({scratch.ledger()}) == 2);
}

}  // namespace homeostat::shipper
