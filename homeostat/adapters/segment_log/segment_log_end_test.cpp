// How a ledger ended, and what a start makes of it: in order, torn, with a hole, on a full disk.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// Three groups a segment.
Options small_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;
    return options;
}

/// As a start in that boot finds them.
Result<std::vector<std::uint64_t>> numbers_in(const ScratchForTest& scratch,
                                              const std::string& boot_id) {
    Options options = options_for_test(scratch);
    options.boot_id = boot_id;
    LogForTest log(options);
    return log.numbers();
}

/// A ledger of boot-1 with these groups, the one at `hole` of which is damaged. Gives its bytes.
std::string fill_with_hole(const ScratchForTest& lost,
                           const std::vector<ports::Durability>& appends,
                           std::size_t hole) {
    const ScratchForTest scratch;
    LogForTest log(options_for_test(scratch));
    std::uint64_t number = 0;
    std::vector<std::uint64_t> ends;
    for (const ports::Durability durability : appends) {
        REQUIRE(log.append(group_for_test(number++), durability));
        ends.push_back(std::filesystem::file_size(scratch.segment(0)));
    }
    std::string bytes = read_for_test(scratch.segment(0));
    bytes[ends[hole] - 3] ^= 1;
    std::filesystem::create_directory(lost.ledger());
    write_for_test(lost.segment(0), bytes);
    return bytes;
}

struct HoleCase {
    std::vector<ports::Durability> appends;
    std::size_t hole{0};
    bool was_promised{false};
};

std::vector<HoleCase> hole_cases() {
    using enum ports::Durability;
    return {{{synced, written, written, written}, 1, false},
            {{synced, written, written, written}, 2, false},
            {{synced, written, synced, written}, 1, true},
            {{synced, written, synced, written}, 0, true},
            {{synced, written, written, synced, written}, 2, true},
            {{synced, synced, written, written}, 2, false}};
}

}  // namespace

TEST_CASE("after a power loss a hole is a torn end where nobody was promised what stands there") {
    for (const HoleCase& each : hole_cases()) {
        CAPTURE(each.hole);
        CAPTURE(each.appends.size());
        const ScratchForTest lost;
        const std::string bytes = fill_with_hole(lost, each.appends, each.hole);
        const Result<std::vector<std::uint64_t>> numbers = numbers_in(lost, "boot-2");
        REQUIRE(numbers.has_value() != each.was_promised);
        if (!each.was_promised) {
            CHECK(*numbers == numbers_below(each.hole));
        } else {
            CHECK(numbers.error().fault == Fault::corrupt);
            CHECK(read_for_test(lost.segment(0)) == bytes);
        }
    }
}

TEST_CASE("a hole is damage while the machine has not been off, whoever was promised what") {
    for (const HoleCase& each : hole_cases()) {
        CAPTURE(each.hole);
        const ScratchForTest lost;
        const std::string bytes = fill_with_hole(lost, each.appends, each.hole);
        const Result<std::vector<std::uint64_t>> numbers = numbers_in(lost, "boot-1");
        REQUIRE_FALSE(numbers);
        CHECK(numbers.error().fault == Fault::corrupt);
        CHECK(read_for_test(lost.segment(0)) == bytes);
        CHECK_FALSE(verify_ledger({lost.ledger(), "boot-1"}));
        // Nothing says so of a copy that is read elsewhere.
        CHECK(verify_ledger(lost.ledger()).has_value() != each.was_promised);
    }
}

TEST_CASE("only a torn end that nothing follows is a process's, and cut off in the same boot") {
    const ScratchForTest lost;
    using enum ports::Durability;
    fill_with_hole(lost, {synced, written, written}, 2);
    CHECK(numbers_in(lost, "boot-1").value() == numbers_below(2));
}

TEST_CASE("a start after an orderly end writes nothing, one after another end the last segment") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    const auto writes_of_start = [&scratch] {
        Options options = small_options(scratch);
        int writes_count = 0;
        options.disk_probe_for_test = [&writes_count](DiskCall call) {
            writes_count += call == DiskCall::write || call == DiskCall::rename ? 1 : 0;
            return 0;
        };
        LogForTest log(options);
        REQUIRE(log.numbers().value() == numbers_below(5));
        return writes_count;
    };
    CHECK(writes_of_start() == 0);
    std::filesystem::remove(scratch.ledger() / "end");
    CHECK(writes_of_start() == 2);  // Beside the old file, and put in its place.
    CHECK(writes_of_start() == 0);
    write_for_test(scratch.ledger() / "end", "ended in order: of another time\n");
    CHECK(writes_of_start() == 2);
    const std::string mark = read_for_test(scratch.ledger() / "end");
    write_for_test(scratch.ledger() / "end", mark + "?");
    CHECK(writes_of_start() == 2);
    const std::string before = read_for_test(scratch.segment(1));
    write_for_test(scratch.segment(1), before + "torn");
    CHECK(writes_of_start() == 2);
    CHECK(read_for_test(scratch.segment(1)) == before);
}

TEST_CASE("a start on a full disk after a crash does without a second copy of the last segment") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    std::filesystem::remove(scratch.ledger() / "end");
    Options options = small_options(scratch);
    options.disk_probe_for_test = [is_first = true](DiskCall call) mutable {
        return call == DiskCall::write && std::exchange(is_first, false) ? ENOSPC : 0;
    };
    LogForTest log(options);
    CHECK(log.numbers().value() == numbers_below(5));
}

TEST_CASE("a start on a full disk cuts a torn end off before anything is written behind it") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    const std::string before = read_for_test(scratch.segment(1));
    write_for_test(scratch.segment(1), before + "torn");
    Options options = small_options(scratch);
    options.disk_probe_for_test = [is_first = true](DiskCall call) mutable {
        return call == DiskCall::write && std::exchange(is_first, false) ? ENOSPC : 0;
    };
    {
        LogForTest log(options);
        REQUIRE(log.numbers().value() == numbers_below(5));
        CHECK(read_for_test(scratch.segment(1)) == before);
        REQUIRE(log.append(group_for_test(5)));
    }
    CHECK(numbers_in(scratch, "boot-1").value() == numbers_below(6));
}

}  // namespace homeostat::adapters::segment_log
