// What a ledger in use does while it drops: others' appends come in between, copies come first.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// One that looks for what is old, or tries again, at once.
Options dropping_options(const ScratchForTest& scratch) {
    Options options = keeping_for_test(options_for_test(scratch));
    options.segment_bytes_max = 1;
    options.drop_again_for_test = std::chrono::milliseconds{1};
    return options;
}

EntryGroup group_now(const Options& options, std::uint64_t number) {
    EntryGroup group = closed_for_test(number);
    group.at = options.clocks_for_test().at;
    group.wall_at = options.clocks_for_test().wall_at;
    return group;
}

/// What stands in the way of the first removal: at first the disk, then the test.
struct Removal {
    std::atomic<bool> is_refused{true};
    std::promise<void> is_tried;
    std::promise<void> may_be;
    std::vector<DiskCall> calls;  ///< From then on.

    int probe(DiskCall call) {
        if (call == DiskCall::remove && is_refused) {
            return EPERM;
        }
        if (call == DiskCall::remove && calls.empty()) {
            is_tried.set_value();
            may_be.get_future().wait();
        }
        if (call == DiskCall::remove || !calls.empty()) {
            calls.push_back(call);
        }
        return 0;
    }
};

}  // namespace

TEST_CASE("whoever appends to a ledger that drops waits for one segment at most") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    Removal removal;
    Options options = dropping_options(scratch);
    options.disk_probe_for_test = [&removal](DiskCall call) { return removal.probe(call); };
    boost::asio::io_context io;
    {
        const auto log = std::move(SegmentLog::open(options).value());
        REQUIRE(log->replay([](const EntryGroup&) {}));
        removal.is_refused = false;
        removal.is_tried.get_future().wait();
        bool is_answered = false;
        boost::asio::co_spawn(
            io, log->append(group_now(options, 10), ports::Durability::synced),
            [&](const std::exception_ptr&, const Result<ports::Position>& position) {
                is_answered = position.has_value();
            });
        io.poll();
        removal.may_be.set_value();
        io.restart();
        io.run();
        CHECK(is_answered);
        wait_for_test([&] { return !std::filesystem::exists(scratch.segment(2)); });
    }
    const auto written = std::ranges::find(removal.calls, DiskCall::write);
    CHECK(std::ranges::count(removal.calls.begin(), written, DiskCall::remove) == 1);
    CHECK(std::ranges::count(removal.calls, DiskCall::remove) == 3);
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 3);
}

TEST_CASE("what is old goes as soon as a witness has the signed head that says so") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    Options options = dropping_options(scratch);
    options.heads = HeadOptions{.key = scratch.path() / "key",
                                .witnesses = {scratch.path() / "heads.jsonl"},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    LogForTest log(options);
    REQUIRE(log.log().replay([](const EntryGroup&) {}));
    wait_for_test([&] { return !std::filesystem::exists(scratch.segment(2)); });
    CHECK(HeadFile(scratch.path() / "heads.jsonl").last().value()->begins == 3);
}

TEST_CASE("nothing is removed before the sink has a copy of it") {
    const ScratchForTest scratch;
    fill_old_for_test(options_for_test(scratch), 3);
    std::mutex mutex;
    std::vector<std::string> told;
    const auto told_count = [&](std::string_view what) {
        const std::lock_guard hold(mutex);
        return std::ranges::count_if(
            told, [what](const std::string& text) { return text.contains(what); });
    };
    Options options = dropping_options(scratch);
    options.sink = scratch.sink();
    options.on_news = [&](std::string_view text) {
        const std::lock_guard hold(mutex);
        told.emplace_back(text);
    };
    const std::filesystem::path blocks = scratch.sink() / "a directory where the sink belongs";
    std::filesystem::create_directories(blocks);
    LogForTest log(options);
    REQUIRE(log.append(group_now(options, 10)));
    wait_for_test([&] { return told_count("dropped once " + scratch.sink().string()) > 0; });
    CHECK(std::filesystem::exists(scratch.segment(0)));
    std::filesystem::remove_all(scratch.sink());
    REQUIRE(log.append(group_now(options, 11)));
    wait_for_test([&] { return told_count("dropped the groups before 3") > 0; });
    CHECK_FALSE(std::filesystem::exists(scratch.segment(2)));
    CHECK(told_count("dropped once") == 1);  // However often it was looked for.
    const LedgerCheck seen = check_ledger(scratch.ledger(), Witness{{}, scratch.sink()});
    CHECK_FALSE(seen.trouble);
    CHECK(seen.seen.first_index == 3);
}

}  // namespace homeostat::adapters::segment_log
