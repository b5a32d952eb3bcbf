// What a ledger in use does while it drops: others' appends come in between, copies come first.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
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

namespace {

/// A ledger whose day goes by as a test says, and what it tells.
class DayScene {
  public:
    explicit DayScene(bool has_sink) {
        options_ = options_for_test(scratch_);
        options_.segment_bytes_max = 1;
        options_.keep = std::chrono::hours{24};
        options_.drop_again_for_test = std::chrono::milliseconds{1};
        options_.sink = has_sink ? scratch_.sink() : std::filesystem::path();
        options_.clocks_for_test = [this] { return moment_of(day_); };
        options_.on_news = [this](std::string_view text) {
            const std::lock_guard hold(mutex_);
            told_.emplace_back(text);
        };
        options_.disk_probe_for_test = [this](DiskCall call) {
            return is_broken && call == DiskCall::sync ? EIO : 0;
        };
    }

    /// A group of today, of an incident that is over.
    [[nodiscard]] EntryGroup group(std::uint64_t number) const { return group_of(day_, number); }

    /// Two days go by. The log looks for what is old at any moment, so the next day's first group
    /// stands before the clock says that it is that day: what is dropped then is all before it.
    [[nodiscard]] bool begin_next_day(LogForTest& log, std::uint64_t number) {
        const int next = day_ + 2;
        const bool is_taken = log.append(group_of(next, number)).has_value();
        day_ = next;
        return is_taken;
    }

    [[nodiscard]] std::uint64_t told_count(std::string_view what) {
        const std::lock_guard hold(mutex_);
        return static_cast<std::uint64_t>(std::ranges::count_if(
            told_, [what](const std::string& text) { return text.contains(what); }));
    }

    /// Where the sink's file belongs there is a directory from now on.
    void block_sink() const {
        std::filesystem::remove(scratch_.sink());
        std::filesystem::create_directories(scratch_.sink() / "in the way");
    }

    [[nodiscard]] bool has_segment(std::size_t number) const {
        return std::filesystem::exists(scratch_.segment(number));
    }
    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const ScratchForTest& scratch() const { return scratch_; }

    std::atomic<bool> is_broken{false};

  private:
    static Moment moment_of(int day) {
        const std::chrono::hours passed{24 * day};
        return {Instant{passed}, group_for_test(0).wall_at + passed, {}};
    }
    static EntryGroup group_of(int day, std::uint64_t number) {
        EntryGroup group = closed_for_test(number);
        group.at = moment_of(day).at;
        group.wall_at = moment_of(day).wall_at;
        return group;
    }

    std::atomic<int> day_{0};
    ScratchForTest scratch_;
    std::mutex mutex_;
    std::vector<std::string> told_;
    Options options_;
};

void wait_for_lines(const DayScene& scene, std::ptrdiff_t count) {
    wait_for_test(
        [&] { return std::ranges::count(read_for_test(scene.scratch().sink()), '\n') == count; });
}

}  // namespace

TEST_CASE("a ledger that is never started anew drops what it wrote itself, again and again") {
    DayScene scene(false);
    LogForTest log(scene.options());
    for (std::uint64_t number = 0; number < 3; ++number) {
        REQUIRE(log.append(scene.group(number)));
    }
    REQUIRE(scene.begin_next_day(log, 3));
    wait_for_test([&] { return scene.told_count("dropped the groups before 3") > 0; });
    CHECK_FALSE(scene.has_segment(2));
    CHECK(scene.has_segment(3));
    REQUIRE(scene.begin_next_day(log, 5));  // Group 4 is the record of the dropping.
    wait_for_test([&] { return scene.told_count("dropped the groups before 5") > 0; });
    CHECK_FALSE(scene.has_segment(4));
    CHECK(scene.has_segment(5));
    CHECK(scene.told_count("dropped the groups before 3") == 1);
    CHECK(verify_ledger(scene.scratch().ledger()).value().first_index == 5);
}

TEST_CASE("each dropping that has to wait is told of, and each that is done") {
    DayScene scene(true);
    LogForTest log(scene.options());
    for (const std::uint64_t turn : {1U, 2U}) {
        CAPTURE(turn);
        scene.block_sink();
        for (std::uint64_t number = 0; number < 3; ++number) {
            REQUIRE(log.append(scene.group(10 * turn + number)));
        }
        REQUIRE(scene.begin_next_day(log, 10 * turn + 3));
        wait_for_test([&] { return scene.told_count("is dropped once ") == turn; });
        EntryGroup refused = scene.group(99);
        refused.entries[0].body.as_object()["because"] = "\xC3\x28";
        for (int tries = 0; tries < 2'000; ++tries) {  // It is looked for in between.
            REQUIRE_FALSE(log.append(refused));
        }
        CHECK(scene.told_count("is dropped once ") == turn);
        std::filesystem::remove_all(scene.scratch().sink());
        REQUIRE(log.append(scene.group(10 * turn + 5)));
        wait_for_test([&] { return scene.told_count("dropped the groups before ") == turn; });
    }
}

TEST_CASE("what is old goes where the sink has all of it, be the sink away since") {
    DayScene scene(true);
    LogForTest log(scene.options());
    for (std::uint64_t number = 0; number < 3; ++number) {
        REQUIRE(log.append(scene.group(number)));
    }
    wait_for_lines(scene, 3);
    scene.block_sink();
    REQUIRE(scene.begin_next_day(log, 3));
    wait_for_test([&] { return scene.told_count("dropped the groups before 3") > 0; });
    CHECK_FALSE(scene.has_segment(2));
}

TEST_CASE("nothing is dropped any more once the disk has failed, whatever was agreed on before") {
    DayScene scene(false);
    const std::filesystem::path heads = scene.scratch().path() / "heads.jsonl";
    std::atomic<bool> is_full = true;
    Options options = scene.options();
    options.heads = HeadOptions{.key = scene.scratch().path() / "key",
                                .witnesses = {heads},
                                .pace = {.groups = 1, .every = std::chrono::milliseconds{1}},
                                .clock_for_test = {},
                                .disk_probe_for_test = [&is_full](DiskCall call) {
                                    return is_full && call == DiskCall::write ? ENOSPC : 0;
                                }};
    LogForTest log(options);
    for (std::uint64_t number = 0; number < 3; ++number) {
        REQUIRE(log.append(scene.group(number)));
    }
    REQUIRE(scene.begin_next_day(log, 3));
    wait_for_test([&] { return scene.told_count("is dropped once a witness has seen") == 1; });
    scene.is_broken = true;
    CHECK_FALSE(log.append(scene.group(5)));
    is_full = false;
    wait_for_test([&] {
        const auto last = HeadFile(heads).last();
        return last && *last && (*last)->begins == 3;
    });
    for (int tries = 0; tries < 2'000; ++tries) {  // It is looked for in between.
        REQUIRE_FALSE(log.append(scene.group(6)));
    }
    CHECK(scene.has_segment(0));
}

}  // namespace homeostat::adapters::segment_log
