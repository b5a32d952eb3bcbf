// What a ledger in use hands to its witnesses, when, and what of it they get after all that may
// have come in between.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

Options sink_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.sink = scratch.sink();
    return options;
}

Options head_options(const ScratchForTest& scratch, Options options) {
    options.heads = HeadOptions{.key = scratch.path() / "key",
                                .witnesses = {scratch.path() / "heads.jsonl"},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    return options;
}

SignedHead last_head(const ScratchForTest& scratch) {
    return HeadFile(scratch.path() / "heads.jsonl").last().value().value();
}

std::ptrdiff_t lines_count(const ScratchForTest& scratch) {
    return std::ranges::count(read_for_test(scratch.sink()), '\n');
}

void start(const Options& options) {
    LogForTest log(options);
    const Result<void> read = log.log().replay([](const EntryGroup&) {});
    REQUIRE_MESSAGE(read, read.error().text);
}

}  // namespace

TEST_CASE("a start hands what is there to its witnesses at once") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    LogForTest log(head_options(scratch, sink_options(scratch)));
    REQUIRE(log.numbers());
    wait_for_test([&] { return lines_count(scratch) == 3; });
    wait_for_test([&] {
        const auto last = HeadFile(scratch.path() / "heads.jsonl").last();
        return last && *last && (*last)->index == 2;
    });
}

TEST_CASE("a group that may not be durable reaches no sink, not even at the end") {
    const ScratchForTest scratch;
    std::atomic<bool> is_failing = false;
    Options options = sink_options(scratch);
    options.disk_probe_for_test = [&is_failing](DiskCall call) {
        return is_failing && call == DiskCall::sync ? EIO : 0;
    };
    {
        LogForTest log(options);
        REQUIRE(log.append(group_for_test(0)));
        is_failing = true;
        REQUIRE(log.append(group_for_test(1), ports::Durability::written));
        REQUIRE(log.append(group_for_test(2), ports::Durability::written));
    }
    CHECK(lines_count(scratch) == 1);
}

TEST_CASE("what was written since is handed to the sink without the ledger being read for it") {
    const ScratchForTest scratch;
    LogForTest log(sink_options(scratch));
    REQUIRE(log.append(group_for_test(0)));
    wait_for_test([&] { return lines_count(scratch) == 1; });
    std::filesystem::rename(scratch.segment(0), scratch.path() / "away");
    REQUIRE(log.append(group_for_test(1), ports::Durability::written));
    REQUIRE(log.append(group_for_test(2), ports::Durability::written));
    REQUIRE(log.append(group_for_test(3)));
    wait_for_test([&] { return lines_count(scratch) == 4; });
    std::filesystem::rename(scratch.path() / "away", scratch.segment(0));
    CHECK_FALSE(check_ledger(scratch.ledger(), Witness{{}, scratch.sink()}).trouble);
}

TEST_CASE("a sink goes on for as long as the ledger does") {
    const ScratchForTest scratch;
    {
        LogForTest log(sink_options(scratch));
        for (std::uint64_t number = 0; number < 200; ++number) {
            REQUIRE(log.append(group_for_test(number)));
        }
    }
    CHECK(check_ledger(scratch.ledger(), Witness{{}, scratch.sink()}).seen.witnessed_count == 200);
}

TEST_CASE("a sink that hangs gets all that it missed, however much that was") {
    const ScratchForTest scratch;
    std::filesystem::create_directory(scratch.sink());  // So that it has something to tell.
    std::promise<void> hangs;
    std::promise<void> may_go_on;
    Options options = sink_options(scratch);
    options.on_news = [&, is_first = true](std::string_view news) mutable {
        if (news.contains("the ledger's sink fails") && std::exchange(is_first, false)) {
            hangs.set_value();
            may_go_on.get_future().wait();
        }
    };
    LogForTest log(options);
    REQUIRE(log.append(group_for_test(0)));
    hangs.get_future().wait();
    for (std::uint64_t number = 1; number < 300; ++number) {
        REQUIRE(log.append(group_for_test(number)));
    }
    std::filesystem::remove(scratch.sink());
    may_go_on.set_value();
    wait_for_test([&] { return lines_count(scratch) == 300; });
    REQUIRE(log.append(group_for_test(300)));
    wait_for_test([&] { return lines_count(scratch) == 301; });
}

TEST_CASE("of groups that wait for each other none is acknowledged that a failure left undone") {
    const ScratchForTest scratch;
    std::atomic<int> syncs_count = 0;
    std::atomic<int> writes_count = 0;
    std::promise<void> may_sync;
    std::promise<void> is_syncing;
    bool holds_back = false;  // Set before the writer's thread has something to do.
    Options options = options_for_test(scratch);
    options.disk_probe_for_test = [&](DiskCall call) {
        if (call == DiskCall::sync && holds_back && syncs_count++ == 0) {
            is_syncing.set_value();
            may_sync.get_future().wait();
        }
        return call == DiskCall::write && holds_back && ++writes_count == 4 ? EIO : 0;
    };
    boost::asio::io_context io;
    std::vector<std::pair<std::uint64_t, bool>> answers;
    {
        const auto log = std::move(SegmentLog::open(options).value());
        REQUIRE(log->replay([](const EntryGroup&) {}));
        holds_back = true;
        const auto append = [&](std::uint64_t number, ports::Durability durability) {
            boost::asio::co_spawn(io, log->append(group_for_test(number), durability),
                                  [&answers, number](const std::exception_ptr&,
                                                     const Result<ports::Position>& position) {
                                      answers.emplace_back(number, position.has_value());
                                  });
            io.poll();
        };
        append(0, ports::Durability::synced);
        is_syncing.get_future().wait();
        append(1, ports::Durability::written);
        append(2, ports::Durability::synced);
        append(3, ports::Durability::synced);  // Its write fails.
        may_sync.set_value();
        io.restart();
        io.run();
    }
    CHECK(answers == std::vector<std::pair<std::uint64_t, bool>>{
                         {0, true}, {1, true}, {2, false}, {3, false}});
}

TEST_CASE("a head says what was agreed to be dropped, also where nothing is dropped any longer") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    Options dropping = head_options(scratch, keeping_for_test(options_for_test(scratch)));
    dropping.segment_bytes_max = 1;
    dropping.disk_probe_for_test = [](DiskCall call) {
        return call == DiskCall::remove ? EPERM : 0;
    };
    start(dropping);  // Its end has the signed head that says so.
    CHECK(last_head(scratch).begins == 3);
    REQUIRE(std::filesystem::exists(scratch.segment(0)));
    const Options keeping = head_options(scratch, options_for_test(scratch));
    {
        LogForTest log(keeping);
        REQUIRE(log.append(group_for_test(5)));
        wait_for_test([&] { return last_head(scratch).index == 5; });
        CHECK(log.log().objection().empty());
    }
    CHECK(last_head(scratch).begins == 3);
}

TEST_CASE("a start signs with the beginning what came while nothing was signed") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    start(keeping_for_test(options_for_test(scratch)));
    REQUIRE_FALSE(std::filesystem::exists(scratch.segment(2)));
    start(head_options(scratch, options_for_test(scratch)));  // Its first head of this ledger.
    CHECK(last_head(scratch).begins == 3);
    CHECK(last_head(scratch).index == 4);
    REQUIRE(LogForTest(options_for_test(scratch)).append(group_for_test(5)));
    start(head_options(scratch, options_for_test(scratch)));
    CHECK(last_head(scratch).index == 5);
    CHECK(last_head(scratch).begins == 3);
}

}  // namespace homeostat::adapters::segment_log
