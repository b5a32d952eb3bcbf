// How much of a ledger may be known to no witness, to the group; what a person is told, and which
// of several witnesses is asked.

#include "homeostat/adapters/segment_log/head_keeper.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path heads_of(const ScratchForTest& scratch) {
    return scratch.path() / "heads.jsonl";
}

/// A head of its own accord for each group, or after an hour.
HeadOptions options_of(const ScratchForTest& scratch) {
    return {.key = scratch.path() / "key",
            .witnesses = {heads_of(scratch)},
            .pace = {.groups = 1, .every = std::chrono::hours{1}},
            .clock_for_test = {},
            .disk_probe_for_test = {}};
}

/// What it had to tell, and what it asked the ledger for.
struct Heard {
    std::mutex mutex;
    std::vector<std::string> told;
    std::atomic<int> asked_count{0};
};

std::unique_ptr<HeadKeeper> keeper_of(HeadOptions options,
                                      Heard& heard,
                                      Result<std::optional<std::string>> hash = std::nullopt) {
    auto keeper = HeadKeeper::open(
        std::move(options),
        [&heard](std::string_view text) {
            const std::lock_guard hold(heard.mutex);
            heard.told.emplace_back(text);
        },
        [&heard, hash = std::move(hash)](std::uint64_t) {
            ++heard.asked_count;
            return hash;
        });
    REQUIRE(keeper);
    (*keeper)->begin(std::string(64, 'a'));
    return std::move(*keeper);
}

LedgerHead head_for_test(std::uint64_t index, std::uint64_t begins = 0) {
    return {.index = index,
            .hash = std::string(64, 'b'),
            .wall_at = group_for_test(index).wall_at,
            .begins = begins};
}

std::optional<SignedHead> last_of(const std::filesystem::path& witness) {
    return HeadFile(witness).last().value();
}

void wait_for_head(const std::filesystem::path& witness, std::uint64_t index) {
    wait_for_test([&] {
        const auto last = last_of(witness);
        return last && last->index == index;
    });
}

/// Its witness has the head of this group.
void witness_group(const ScratchForTest& scratch, std::uint64_t index, std::uint64_t begins = 0) {
    Heard heard;
    keeper_of(options_of(scratch), heard)->took(head_for_test(index, begins));
    REQUIRE(last_of(heads_of(scratch))->index == index);
}

}  // namespace

TEST_CASE("from the first group on each one behind the last head is news") {
    const ScratchForTest scratch;
    for (std::uint64_t index = 0; index < 3; ++index) {
        witness_group(scratch, index);
    }
}

TEST_CASE("what no witness has seen is counted from the last head on, also from an earlier run") {
    const ScratchForTest scratch;
    witness_group(scratch, 3);
    HeadOptions options = options_of(scratch);
    options.pace.unwitnessed_groups_max = 2;
    options.disk_probe_for_test = [](DiskCall call) { return call == DiskCall::open ? ENOSPC : 0; };
    Heard heard;
    const auto keeper = keeper_of(options, heard);
    for (const std::uint64_t index : {std::uint64_t{4}, std::uint64_t{5}}) {
        keeper->took(head_for_test(index));
        CHECK(keeper->objection().empty());
    }
    keeper->took(head_for_test(6));
    CHECK_FALSE(keeper->objection().empty());
}

TEST_CASE("what is counted begins anew with each head that a witness takes") {
    const ScratchForTest scratch;
    std::atomic<bool> is_full = false;
    HeadOptions options = options_of(scratch);
    options.pace.unwitnessed_groups_max = 1;
    options.disk_probe_for_test = [&is_full](DiskCall call) {
        return is_full && call == DiskCall::open ? ENOSPC : 0;
    };
    Heard heard;
    const auto keeper = keeper_of(options, heard);
    keeper->took(head_for_test(5));
    wait_for_test([&] { return keeper->objection().empty(); });
    wait_for_head(heads_of(scratch), 5);
    is_full = true;
    keeper->took(head_for_test(6));
    CHECK(keeper->objection().empty());
    keeper->took(head_for_test(7));
    CHECK_FALSE(keeper->objection().empty());
}

TEST_CASE("a new beginning counts as one group does") {
    const ScratchForTest scratch;
    witness_group(scratch, 3);
    for (const std::uint64_t groups_max : {std::uint64_t{0}, std::uint64_t{1}}) {
        HeadOptions options = options_of(scratch);
        options.pace.unwitnessed_groups_max = groups_max;
        options.disk_probe_for_test = [](DiskCall call) {
            return call == DiskCall::open ? ENOSPC : 0;
        };
        Heard heard;
        const auto keeper = keeper_of(options, heard);
        keeper->took(head_for_test(3, 2));
        CHECK(keeper->objection().empty() == (groups_max == 1));
    }
}

TEST_CASE("what comes while a head is on its way is counted, be it a group or a beginning") {
    for (const LedgerHead& next : {head_for_test(4), head_for_test(3, 2), head_for_test(4, 2)}) {
        for (const std::uint64_t groups_max : {std::uint64_t{0}, std::uint64_t{1}}) {
            CAPTURE(next.index);
            CAPTURE(next.begins);
            const ScratchForTest scratch;
            std::promise<void> is_written;
            std::promise<void> may_be;
            std::atomic<int> writes_count = 0;
            HeadOptions options = options_of(scratch);
            options.pace.unwitnessed_groups_max = groups_max;
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
            Heard heard;
            const auto keeper = keeper_of(options, heard);
            keeper->took(head_for_test(3));
            is_written.get_future().wait();
            keeper->took(next);
            may_be.set_value();
            wait_for_test([&] { return writes_count == 2; });  // The other head is refused.
            CHECK(keeper->objection().empty() == (groups_max == 1));
        }
    }
}

TEST_CASE("heads go out by the clock also where groups come all the time") {
    const ScratchForTest scratch;
    HeadOptions options = options_of(scratch);
    options.pace = {.groups = 1'000'000, .every = std::chrono::milliseconds{20}};
    Heard heard;
    const auto keeper = keeper_of(options, heard);
    std::uint64_t index = 0;
    wait_for_test([&] {
        keeper->took(head_for_test(index++));
        return last_of(heads_of(scratch)).has_value();
    });
}

TEST_CASE("a witness that fails is told of once, and once when it works again") {
    const ScratchForTest scratch;
    std::atomic<bool> is_full = true;
    HeadOptions options = options_of(scratch);
    options.pace.every = std::chrono::milliseconds{1};
    std::atomic<int> tries_count = 0;
    options.disk_probe_for_test = [&](DiskCall call) {
        tries_count += call == DiskCall::open ? 1 : 0;
        return is_full && call == DiskCall::open ? ENOSPC : 0;
    };
    Heard heard;
    {
        const auto keeper = keeper_of(options, heard);
        keeper->took(head_for_test(0));
        wait_for_test([&] { return tries_count > 3; });
        is_full = false;
        wait_for_head(heads_of(scratch), 0);
    }
    REQUIRE(heard.told.size() == 3);  // At first, that it made a key.
    CHECK(heard.told[1].starts_with("a witness of the ledger fails, the ledger goes on: "));
    CHECK(heard.told[1].contains(heads_of(scratch).string()));
    CHECK(heard.told[2] == heads_of(scratch).string() + ": the ledger's witness works again");
}

TEST_CASE("each witness gets the head, and each that fails is named with its reason") {
    const ScratchForTest scratch;
    const std::filesystem::path second = scratch.path() / "second.jsonl";
    HeadOptions options = options_of(scratch);
    options.witnesses.push_back(second);
    Heard heard;
    {
        const auto keeper = keeper_of(options, heard);
        keeper->took(head_for_test(0));
    }
    CHECK(read_for_test(second) == read_for_test(heads_of(scratch)));
    options.pace.unwitnessed_groups_max = 0;
    options.disk_probe_for_test = [](DiskCall call) { return call == DiskCall::write ? EIO : 0; };
    const auto keeper = keeper_of(options, heard);
    keeper->took(head_for_test(1));
    wait_for_test([&] { return keeper->objection().contains("cannot write " + second.string()); });
    const std::string why = ": Input/output error (look at the medium, then try again)";
    std::string says = "make one writable again: cannot write " + heads_of(scratch).string();
    says.append(why).append("; cannot write ").append(second.string()).append(why);
    CHECK(keeper->objection().ends_with(says));
}

TEST_CASE("every witness is read at the start, and one that is not ours ends it") {
    const ScratchForTest scratch;
    const std::filesystem::path second = scratch.path() / "second.jsonl";
    witness_group(scratch, 3);
    SignedHead forged = *last_of(heads_of(scratch));
    forged.index = 4;
    write_for_test(second, to_head_line(forged));
    HeadOptions options = options_of(scratch);
    options.witnesses.push_back(second);
    const auto keeper = HeadKeeper::open(
        options, [](std::string_view) {},
        [](std::uint64_t) -> Result<std::optional<std::string>> { return std::nullopt; });
    REQUIRE_FALSE(keeper);
    CHECK(keeper.error().fault == Fault::corrupt);
    CHECK(keeper.error().text.starts_with(second.string()));
    write_for_test(second, read_for_test(heads_of(scratch)));
    Heard heard;
    const auto both = keeper_of(options, heard);
    REQUIRE(both->seen().size() == 2);
    CHECK(both->seen()[1].witness == second);
}

TEST_CASE("a key that others may use is not taken, and no other one is made") {
    const ScratchForTest scratch;
    witness_group(scratch, 0);
    const std::string key = read_for_test(scratch.path() / "key");
    std::filesystem::remove(heads_of(scratch));
    REQUIRE(::chmod((scratch.path() / "key").c_str(), 0640) == 0);
    const auto keeper = HeadKeeper::open(
        options_of(scratch), [](std::string_view) {},
        [](std::uint64_t) -> Result<std::optional<std::string>> { return std::nullopt; });
    REQUIRE_FALSE(keeper);
    CHECK(keeper.error().fault == Fault::refused);
    CHECK(read_for_test(scratch.path() / "key") == key);
}

namespace {

/// A start that cannot read its witness, which comes back with the head of group 3.
HeadOptions away_at_start(const ScratchForTest& scratch) {
    HeadOptions options = options_of(scratch);
    options.pace.unwitnessed_groups_max = 0;
    options.disk_probe_for_test = [is_first =
                                       std::make_shared<std::atomic<bool>>(true)](DiskCall call) {
        return call == DiskCall::read && is_first->exchange(false) ? EIO : 0;
    };
    return options;
}

}  // namespace

TEST_CASE("a witness that comes back is compared with the ledger once, and not before each head") {
    const ScratchForTest scratch;
    witness_group(scratch, 3);
    Heard heard;
    const auto keeper = keeper_of(away_at_start(scratch), heard, std::string(64, 'b'));
    for (std::uint64_t index = 4; index < 7; ++index) {
        keeper->took(head_for_test(index));
        wait_for_head(heads_of(scratch), index);
    }
    CHECK(heard.asked_count == 1);
    wait_for_test([&] { return keeper->objection().empty(); });
}

TEST_CASE("a witness that comes back gets no head while the ledger cannot be read to compare") {
    const ScratchForTest scratch;
    witness_group(scratch, 3);
    const std::string heads = read_for_test(heads_of(scratch));
    Heard heard;
    const auto keeper =
        keeper_of(away_at_start(scratch), heard, fail(Fault::unreachable, "the disk is on fire"));
    keeper->took(head_for_test(4));
    wait_for_test([&] { return keeper->objection().contains("the disk is on fire"); });
    CHECK(keeper->objection().contains("the ledger cannot be compared with " +
                                       heads_of(scratch).string()));
    CHECK(read_for_test(heads_of(scratch)) == heads);
}

TEST_CASE("a forged head of a witness that comes back is found, also of the very last group") {
    const ScratchForTest scratch;
    witness_group(scratch, 3);
    SignedHead forged = *last_of(heads_of(scratch));
    forged.wall_at += std::chrono::milliseconds{1};
    write_for_test(heads_of(scratch), to_head_line(forged));
    Heard heard;
    const auto keeper = keeper_of(away_at_start(scratch), heard, std::string(64, 'b'));
    keeper->took(head_for_test(3, 1));
    wait_for_test([&] { return keeper->objection().contains("contradicts it"); });
    CHECK(keeper->objection().contains("signature"));
    CHECK(read_for_test(heads_of(scratch)) == to_head_line(forged));
}

}  // namespace homeostat::adapters::segment_log
