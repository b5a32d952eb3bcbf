#include "homeostat/adapters/segment_log/head_keeper.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path heads_of(const ScratchForTest& scratch) {
    return scratch.path() / "heads.jsonl";
}

/// A head of its own accord only for 1,000 groups or after an hour.
HeadOptions options_of(const ScratchForTest& scratch) {
    return {.key = scratch.path() / "key",
            .witnesses = {heads_of(scratch)},
            .pace = {.groups = 1000, .every = std::chrono::hours{1}},
            .clock_for_test = {},
            .disk_probe_for_test = {}};
}

std::unique_ptr<HeadKeeper> keeper_of(HeadOptions options) {
    auto keeper = HeadKeeper::open(
        std::move(options), [](std::string_view) {},
        [](std::uint64_t) -> Result<std::optional<std::string>> { return std::nullopt; });
    REQUIRE(keeper);
    (*keeper)->begin(std::string(64, 'a'));
    return std::move(*keeper);
}

/// It sends a last head out when it goes.
std::unique_ptr<HeadKeeper> keeper_for_test(const ScratchForTest& scratch) {
    return keeper_of(options_of(scratch));
}

void wait_for_head(const ScratchForTest& scratch, std::uint64_t index) {
    wait_for_test([&] {
        const auto last = HeadFile(heads_of(scratch)).last();
        return last && *last && (*last)->index == index;
    });
}

LedgerHead head_for_test(std::uint64_t index, std::uint64_t begins) {
    return {.index = index,
            .hash = std::string(64, 'b'),
            .wall_at = group_for_test(index).wall_at,
            .begins = begins};
}

}  // namespace

TEST_CASE("a new beginning is signed for a witness that knows the ledger's last group already") {
    const ScratchForTest scratch;
    keeper_for_test(scratch)->took(head_for_test(3, 0));
    CHECK(HeadFile(heads_of(scratch)).last().value()->begins == 0);
    keeper_for_test(scratch)->took(head_for_test(3, 2));
    CHECK(HeadFile(heads_of(scratch)).last().value()->index == 3);
    CHECK(HeadFile(heads_of(scratch)).last().value()->begins == 2);
    CHECK(keeper_for_test(scratch)->begins_witnessed() == 2);
}

TEST_CASE("a head that a witness has is not signed again") {
    const ScratchForTest scratch;
    keeper_for_test(scratch)->took(head_for_test(3, 2));
    const std::string heads = read_for_test(heads_of(scratch));
    REQUIRE_FALSE(heads.empty());
    keeper_for_test(scratch)->took(head_for_test(3, 2));
    CHECK(read_for_test(heads_of(scratch)) == heads);
    keeper_for_test(scratch)->took(head_for_test(4, 2));
    CHECK(HeadFile(heads_of(scratch)).last().value()->index == 4);
}

TEST_CASE("a head goes out for so many groups, and not for each") {
    const ScratchForTest scratch;
    {
        const auto keeper = keeper_for_test(scratch);
        for (std::uint64_t index = 0; index < 999; ++index) {
            keeper->took(head_for_test(index, 0));
        }
    }
    const std::string one = read_for_test(heads_of(scratch));
    CHECK(std::ranges::count(one, '\n') == 1);  // The last one.
    const auto keeper = keeper_for_test(scratch);
    for (std::uint64_t index = 999; index < 1999; ++index) {  // It waits for its hour meanwhile.
        keeper->took(head_for_test(index, 0));
    }
    wait_for_head(scratch, 1998);
}

TEST_CASE("who waits for a witness has a head sent at once, and is told what it has taken") {
    const ScratchForTest scratch;
    const std::filesystem::path witness = heads_of(scratch);
    {
        const auto keeper = keeper_for_test(scratch);
        CHECK_FALSE(keeper->taken_by(witness));
        keeper->hurry();  // There is nothing yet.
        keeper->took(head_for_test(3, 0));
        keeper->hurry();
        wait_for_test([&] { return keeper->taken_by(witness).has_value(); });
        CHECK(keeper->taken_by(witness)->index == 3);
        CHECK(keeper->taken_by(witness)->hash == std::string(64, 'b'));
        CHECK_FALSE(keeper->taken_by(scratch.path() / "another"));
        std::filesystem::remove(witness);
        std::filesystem::create_directory(witness);  // From now on it takes none.
        keeper->took(head_for_test(4, 0));
        keeper->hurry();
    }
    std::filesystem::remove_all(witness);
    CHECK_FALSE(keeper_for_test(scratch)->taken_by(witness));  // What another process sent it.
}

TEST_CASE("heads go out by the clock, one after the other") {
    const ScratchForTest scratch;
    HeadOptions options = options_of(scratch);
    options.pace.every = std::chrono::milliseconds{1};
    const auto keeper = keeper_of(options);
    for (std::uint64_t index = 0; index < 3; ++index) {
        keeper->took(head_for_test(index, 0));
        wait_for_head(scratch, index);
    }
}

TEST_CASE("a witness that fails is tried again by the clock, and not for each group") {
    const ScratchForTest scratch;
    HeadOptions options = options_of(scratch);
    options.pace.groups = 1;
    std::atomic<int> tries_count = 0;
    options.disk_probe_for_test = [&tries_count](DiskCall call) {
        tries_count += call == DiskCall::open ? 1 : 0;
        return call == DiskCall::open ? ENOSPC : 0;
    };
    {
        const auto keeper = keeper_of(options);
        keeper->took(head_for_test(0, 0));
        wait_for_test([&] { return tries_count == 1; });
        for (std::uint64_t index = 1; index < 9; ++index) {
            keeper->took(head_for_test(index, 0));
        }
    }
    CHECK(tries_count == 2);  // The other one at the end.
}

TEST_CASE("the time without a witness begins with the first group that none has seen") {
    const ScratchForTest scratch;
    std::atomic<int> hours = 1000;
    std::atomic<bool> is_full = true;
    HeadOptions options = options_of(scratch);
    options.pace = {.groups = 1,
                    .every = std::chrono::milliseconds{1},
                    .unwitnessed_groups_max = 100,
                    .unwitnessed_for_max = std::chrono::hours{6}};
    options.clock_for_test = [&hours] {
        return std::chrono::steady_clock::time_point(std::chrono::hours{hours.load()});
    };
    options.disk_probe_for_test = [&is_full](DiskCall call) {
        return is_full && call == DiskCall::write ? ENOSPC : 0;
    };
    const auto keeper = keeper_of(options);
    CHECK(keeper->objection().empty());
    keeper->took(head_for_test(0, 0));
    hours += 6;
    CHECK(keeper->objection().empty());
    hours += 1;
    CHECK(keeper->objection().contains("for more than 100 groups or 360 minutes"));
    is_full = false;
    wait_for_test([&] { return keeper->objection().empty(); });
    is_full = true;
    hours += 100;
    CHECK(keeper->objection().empty());  // All is seen.
    keeper->took(head_for_test(1, 0));
    CHECK(keeper->objection().empty());
}

TEST_CASE("the time without a witness begins anew with what one has seen, though more has come") {
    const ScratchForTest scratch;
    std::atomic<int> hours = 1000;
    std::promise<void> is_written;
    std::promise<void> may_be;
    std::atomic<int> writes_count = 0;
    HeadOptions options = options_of(scratch);
    options.pace.groups = 1;
    options.clock_for_test = [&hours] {
        return std::chrono::steady_clock::time_point(std::chrono::hours{hours.load()});
    };
    options.disk_probe_for_test = [&](DiskCall call) {
        if (call != DiskCall::write) {
            return 0;
        }
        if (writes_count++ > 0) {
            return ENOSPC;
        }
        is_written.set_value();
        may_be.get_future().wait();
        return 0;
    };
    const auto keeper = keeper_of(options);
    keeper->took(head_for_test(0, 0));
    is_written.get_future().wait();
    keeper->took(head_for_test(1, 0));
    hours += 7;
    CHECK_FALSE(keeper->objection().empty());
    may_be.set_value();
    wait_for_test([&] { return writes_count == 2; });  // The other head is refused.
    CHECK(keeper->objection().empty());
    hours += 7;
    CHECK_FALSE(keeper->objection().empty());
}

TEST_CASE("a witness that cannot be read gets no head, and is told of with the reason") {
    const ScratchForTest scratch;
    keeper_for_test(scratch)->took(head_for_test(3, 0));
    const std::string heads = read_for_test(heads_of(scratch));
    std::atomic<int> reads_count = 0;
    HeadOptions options = options_of(scratch);
    options.pace.groups = 1;
    options.pace.unwitnessed_groups_max = 0;
    options.disk_probe_for_test = [&reads_count](DiskCall call) {
        return call == DiskCall::read && reads_count++ < 2 ? EIO
                                                           : 0;  // A start, and the first try.
    };
    const auto keeper = keeper_of(options);
    keeper->took(head_for_test(4, 0));
    wait_for_test([&] { return keeper->objection().contains("cannot read"); });
    CHECK(read_for_test(heads_of(scratch)) == heads);
}

}  // namespace homeostat::adapters::segment_log
