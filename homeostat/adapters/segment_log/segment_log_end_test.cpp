// How a ledger ended, and what a start makes of it: in order, torn, with a hole, on a full disk.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

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

Result<std::vector<std::uint64_t>> numbers_in(const ScratchForTest& scratch) {
    LogForTest log(options_for_test(scratch));
    return log.numbers();
}

}  // namespace

TEST_CASE("a hole is a torn end where nobody was promised what stands behind it, else corruption") {
    struct Case {
        std::vector<ports::Durability> appends;
        std::size_t hole{0};  ///< The group that is damaged.
        bool is_torn{false};
    };
    using enum ports::Durability;
    const std::vector<Case> cases{{{synced, written, written, written}, 1, true},
                                  {{synced, written, written, written}, 2, true},
                                  {{synced, written, synced, written}, 1, false},
                                  {{synced, written, synced, written}, 0, false},
                                  {{synced, written, written, synced, written}, 2, false},
                                  {{synced, synced, written, written}, 2, true}};
    for (const Case& each : cases) {
        CAPTURE(each.hole);
        CAPTURE(each.appends.size());
        const ScratchForTest scratch;
        const ScratchForTest lost;
        LogForTest log(options_for_test(scratch));
        std::uint64_t number = 0;
        std::vector<std::uint64_t> ends;
        for (const ports::Durability durability : each.appends) {
            REQUIRE(log.append(group_for_test(number++), durability));
            ends.push_back(std::filesystem::file_size(scratch.segment(0)));
        }
        std::string bytes = read_for_test(scratch.segment(0));
        bytes[ends[each.hole] - 3] ^= 1;
        std::filesystem::create_directory(lost.ledger());
        write_for_test(lost.segment(0), bytes);
        const Result<std::vector<std::uint64_t>> numbers = numbers_in(lost);
        REQUIRE(numbers.has_value() == each.is_torn);
        if (each.is_torn) {
            CHECK(*numbers == numbers_below(each.hole));
        } else {
            CHECK(numbers.error().fault == Fault::corrupt);
            CHECK(read_for_test(lost.segment(0)) == bytes);
        }
    }
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

}  // namespace homeostat::adapters::segment_log
