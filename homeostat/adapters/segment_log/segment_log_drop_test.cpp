// A ledger that drops its oldest segments: what is there afterwards, and what nobody can hide.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

using std::chrono::days;
using std::chrono::hours;

/// Of group 0; each later one is a millisecond younger, and what is kept is a day.
const WallTime begin = group_for_test(0).wall_at;
constexpr Duration keep = hours{24};

/// With both clocks right, in the boot that began at `begin`.
Moment moment_at(WallTime at) {
    return {Instant{at - begin}, at, {}};
}

/// Three groups a segment.
Options options_at(const ScratchForTest& scratch, WallTime now) {
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1200;
    options.keep = keep;
    options.clocks_for_test = [now] { return moment_at(now); };
    return options;
}

/// Of an incident that is over: one that is open is kept, and all behind it.
EntryGroup group_of_closed(std::uint64_t number) {
    EntryGroup group = group_for_test(number);
    group.entries[0].kind = EntryKind::closed;
    return group;
}

void fill_closed(const Options& options, std::uint64_t count) {
    LogForTest log(options);
    for (const std::uint64_t number : numbers_below(count)) {
        ensure(log.append(group_of_closed(number)).has_value(), "the ledger takes a group");
    }
}

/// A group of another time.
EntryGroup group_at(std::uint64_t number, WallTime at) {
    EntryGroup group = group_of_closed(number);
    group.wall_at = at;
    group.at = moment_at(at).at;
    return group;
}

const WallTime later = begin + days{2};

/// Nine old groups in three segments, and a tenth that is two days younger.
void fill(const Options& options) {
    Options everything = options;
    everything.keep = Duration::zero();
    fill_closed(everything, 9);
    LogForTest log(everything);
    ensure(log.append(group_at(9, later)).has_value(), "the ledger takes a group");
}

void go_on(const Options& options, std::uint64_t count) {
    LogForTest log(options);
    for (std::uint64_t number = 0; number < count; ++number) {
        REQUIRE(log.append(group_at(100 + number, later)));  // Of incidents of their own.
    }
}

void start(const Options& options) {
    LogForTest log(options);
    REQUIRE_FALSE(log.trouble());
    const Result<void> read = log.log().replay([](const EntryGroup&) {});
    REQUIRE_MESSAGE(read, read.error().text);
}

Options with_heads(Options options, const ScratchForTest& scratch) {
    options.heads = HeadOptions{.key = scratch.path() / "key",
                                .witnesses = {scratch.path() / "heads.jsonl"},
                                .pace = {.groups = 1},
                                .clock_for_test = {},
                                .disk_probe_for_test = {}};
    return options;
}

Witness witness_of(const ScratchForTest& scratch) {
    return {{}, {}, {scratch.path() / "heads.jsonl"}, scratch.path() / "key.pub"};
}

}  // namespace

TEST_CASE("a start drops what is old, says so in the ledger, and the rest is whole") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    const Verification before = verify_ledger(scratch.ledger()).value();
    start(options_at(scratch, later));
    CHECK_FALSE(std::filesystem::exists(scratch.segment(0)));
    CHECK_FALSE(std::filesystem::exists(scratch.segment(2)));
    CHECK(std::filesystem::exists(scratch.segment(3)));
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.first_index == 9);
    CHECK(seen.groups_count == 2);  // The tenth, and the record of the dropping.
    CHECK(seen.dropped_at == later);
    std::optional<Instant> recorded_at;
    REQUIRE(
        read_ledger(scratch.ledger(), [&](const EntryGroup& group) { recorded_at = group.at; }));
    CHECK(recorded_at == moment_at(later).at);
    CHECK(before.first_index == 0);
    CHECK_FALSE(before.dropped_at);
    CHECK(verify_ledger(scratch.ledger(), Witness{before.head_hash, {}}));
    // What the first group calls its predecessor proves nothing: a forger may write it there.
    const std::string dropped = parse_segment_header(read_for_test(scratch.segment(3)))->previous;
    CHECK_FALSE(verify_ledger(scratch.ledger(), Witness{dropped, {}}));
}

TEST_CASE("what a start would go on with is not dropped, whatever of it is there") {
    const ScratchForTest scratch;
    Options everything = options_at(scratch, later);
    everything.keep = Duration::zero();
    fill_for_test(everything, 9);  // Of each incident a proof and nothing else.
    start(options_at(scratch, later));
    CHECK(std::filesystem::exists(scratch.segment(0)));
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 0);
}

TEST_CASE("a shortened ledger goes on: its segments, its name, a second dropping") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    const std::string name = parse_segment_header(read_for_test(scratch.segment(3)))->ledger;
    start(options_at(scratch, later));
    {
        LogForTest log(options_at(scratch, later));
        for (std::uint64_t number = 11; number < 20; ++number) {
            REQUIRE(log.append(group_at(number, later + days{3})));
        }
    }
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 9);
    Options second = options_at(scratch, later + days{3});
    std::size_t removals_count = 0;
    second.disk_probe_for_test = [&removals_count](DiskCall call) {
        removals_count += call == DiskCall::remove ? 1 : 0;
        return 0;
    };
    start(second);
    CHECK(removals_count > 0);
    CHECK(std::filesystem::exists(scratch.segment(3 + removals_count)));
    CHECK_FALSE(std::filesystem::exists(scratch.segment(2 + removals_count)));
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.first_index > 9);
    const std::size_t last = 3 + seen.segments_count;
    CHECK(parse_segment_header(read_for_test(scratch.segment(last)))->ledger == name);
}

TEST_CASE("a reading beside a dropping lists again, and says so where it is overtaken") {
    const ScratchForTest scratch;
    Options options = options_at(scratch, later);
    fill(options);
    options.disk_probe_for_test = [](DiskCall call) { return call == DiskCall::remove ? EIO : 0; };
    start(options);  // It is agreed on, and nothing is removed yet.
    REQUIRE(std::filesystem::exists(scratch.segment(0)));
    std::size_t reads_count = 0;
    std::size_t drops_with = 1;
    const Disk beside([&](DiskCall call) {
        reads_count += call == DiskCall::read ? 1 : 0;
        for (std::size_t segment = 0; reads_count == drops_with && segment < 3; ++segment) {
            std::filesystem::remove(scratch.segment(segment));
        }
        return 0;
    });
    const LedgerFiles files(scratch.ledger(), {}, beside);
    SUBCASE("before the first file is read") {
        const Result<Verification> seen = verify_ledger(files);
        REQUIRE_MESSAGE(seen, seen.error().text);
        CHECK(seen->first_index == 9);
        CHECK(seen->groups_count == 2);
    }
    SUBCASE("between the first and the second") {
        drops_with = 2;
        const Result<Verification> seen = verify_ledger(files);
        REQUIRE_FALSE(seen);
        CHECK(seen.error().fault == Fault::absent);
        CHECK(seen.error().text.contains("read it once more"));
        CHECK_FALSE(check_ledger(files).trouble);  // Once more.
    }
}

TEST_CASE("a file that is listed and never there is listed three times, and no more") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    std::size_t reads_count = 0;
    const Disk strange([&](DiskCall call) {
        reads_count += call == DiskCall::read ? 1 : 0;
        return call == DiskCall::read ? ENOENT : 0;
    });
    CHECK(verify_ledger(LedgerFiles(scratch.ledger(), {}, strange)).error().fault == Fault::absent);
    CHECK(reads_count == 3);
}

TEST_CASE("nothing is dropped twice") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    start(options_at(scratch, later));
    const std::uint64_t groups_count = verify_ledger(scratch.ledger()).value().groups_count;
    start(options_at(scratch, later));
    CHECK(verify_ledger(scratch.ledger()).value().groups_count == groups_count);
}

TEST_CASE("nothing is old by a wrong wall clock, also where an earlier run has written by it") {
    const ScratchForTest scratch;
    fill_closed(options_at(scratch, begin), 9);
    Options options = options_at(scratch, begin);
    options.clocks_for_test = [] {
        return Moment{instant_of_ns(50'000'000), begin + days{999}, {}};
    };
    for (std::uint64_t number = 9; number < 12; ++number) {  // Three quick starts.
        LogForTest log(options);
        EntryGroup group = group_of_closed(number);
        group.wall_at = begin + days{999};
        REQUIRE(log.append(group));
        CHECK(verify_ledger(scratch.ledger()).value().first_index == 0);
    }
}

TEST_CASE("a ledger whose beginning somebody removed is not whole, whatever it dropped before") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    SUBCASE("never shortened") {
        std::filesystem::remove(scratch.segment(0));
        CHECK(check_ledger(scratch.ledger()).first_bad->segment == segment_name(0));
    }
    SUBCASE("shortened, and more taken away") {
        start(options_at(scratch, later));
        go_on(options_at(scratch, later), 4);
        std::filesystem::remove(scratch.segment(3));
        CHECK(check_ledger(scratch.ledger()).first_bad->segment == segment_name(3));
    }
    CHECK(check_ledger(scratch.ledger()).trouble->text.contains("is missing"));
    LogForTest log(options_at(scratch, later));
    CHECK(log.log().replay([](const EntryGroup&) {}).error().fault == Fault::corrupt);
}

TEST_CASE("nothing is removed before a witness has the signed head that says so") {
    const ScratchForTest scratch;
    Options options = with_heads(options_at(scratch, later), scratch);
    fill(options);
    options.heads->disk_probe_for_test = [](DiskCall) { return ENOSPC; };
    start(options);
    CHECK(std::filesystem::exists(scratch.segment(0)));
    options.heads->disk_probe_for_test = {};
    start(options);  // Signs what was agreed on, at the latest when it ends.
    start(options);
    CHECK_FALSE(std::filesystem::exists(scratch.segment(0)));
    const Result<Verification> seen = verify_ledger(scratch.ledger(), witness_of(scratch));
    REQUIRE_MESSAGE(seen, seen.error().text);
    CHECK(seen->first_index == 9);
    CHECK(seen->heads_count > 0);
}

TEST_CASE("one witness that missed the dropping accuses nobody where another has it signed") {
    const ScratchForTest scratch;
    const Options options = with_heads(options_at(scratch, later), scratch);
    const auto late = scratch.path() / "late.jsonl";
    Options everything = options;
    everything.keep = Duration::zero();
    fill(everything);
    std::filesystem::copy_file(options.heads->witnesses.front(), late);
    start(options);
    start(options);
    REQUIRE_FALSE(std::filesystem::exists(scratch.segment(0)));
    Witness both = witness_of(scratch);
    both.heads.push_back(late);
    const LedgerCheck seen = check_ledger(scratch.ledger(), both);
    CHECK_MESSAGE(!seen.trouble, seen.trouble->text);
    both.heads.erase(both.heads.begin());
    const LedgerCheck alone = check_ledger(scratch.ledger(), both);
    REQUIRE(alone.trouble);
    CHECK(alone.trouble->text.contains("its beginning was cut off"));
}

TEST_CASE("a witness that was away until all that it has seen was dropped gets no head") {
    const ScratchForTest scratch;
    const std::filesystem::path away = scratch.path() / "mount" / "late.jsonl";
    std::filesystem::create_directory(away.parent_path());
    Options options = with_heads(options_at(scratch, begin), scratch);
    options.heads->witnesses.push_back(away);
    Options everything = options;
    everything.keep = Duration::zero();
    fill_closed(everything, 2);
    const std::string heads = read_for_test(away);
    std::filesystem::rename(away.parent_path(), scratch.path() / "unmounted");
    fill_closed(everything, 7);
    go_on(everything, 1);
    Options now = with_heads(options_at(scratch, later), scratch);
    now.heads->witnesses.push_back(away);
    start(now);  // Its end has the signed head that says so.
    start(now);
    REQUIRE_FALSE(std::filesystem::exists(scratch.segment(2)));
    LogForTest log(now);
    REQUIRE(log.append(group_at(10, later)));
    std::filesystem::rename(scratch.path() / "unmounted", away.parent_path());
    REQUIRE(log.append(group_at(11, later)));
    wait_for_test([&] { return !log.log().objection().empty(); });
    CHECK(log.log().objection().contains("the ledger does not go on from group 1"));
    CHECK(read_for_test(away) == heads);
}

TEST_CASE("a forged record of a dropping hides nothing from a witness") {
    const ScratchForTest scratch;
    const Options options = with_heads(options_at(scratch, begin), scratch);
    fill(options);
    // Whoever can write to the directory can write a record, but no head of it.
    const std::string hash = parse_segment_header(read_for_test(scratch.segment(1)))->previous;
    const std::string name = parse_segment_header(read_for_test(scratch.segment(1)))->ledger;
    Options forger = options_at(scratch, begin);
    forger.keep = Duration::zero();
    {
        LogForTest log(forger);
        const DroppedBody body{.first_index = 3, .hash = hash, .ledger = name, .entries_count = 10};
        EntryGroup group = group_at(10, later);
        group.entries = {Entry{EntryKind::dropped, {}, to_json(body)}};
        REQUIRE(log.append(group));
    }
    std::filesystem::remove(scratch.segment(0));
    CHECK(verify_ledger(scratch.ledger()));  // Without a witness nobody can tell.
    const LedgerCheck seen = check_ledger(scratch.ledger(), witness_of(scratch));
    REQUIRE(seen.trouble);
    CHECK(seen.trouble->text.contains("its beginning was cut off"));
    LogForTest log(options);
    const Error error = log.log().replay([](const EntryGroup&) {}).error();
    CHECK(error.fault == Fault::corrupt);
    CHECK(error.text.contains("its beginning was cut off"));
}

TEST_CASE("a full disk takes no record of a dropping, and keeps what there is") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    Options options = options_at(scratch, later);
    bool is_full = false;
    options.disk_probe_for_test = [&is_full](DiskCall call) {
        return is_full && call == DiskCall::write ? ENOSPC : 0;
    };
    std::string news;
    options.on_news = [&news](std::string_view text) { news += text; };
    is_full = true;
    start(options);
    CHECK(news.contains("cannot be dropped yet"));
    CHECK(verify_ledger(scratch.ledger()).value().groups_count == 10);
    is_full = false;
    start(options);
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 9);
}

TEST_CASE("nothing is removed where the record of the dropping did not become durable") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    Options options = options_at(scratch, later);
    options.disk_probe_for_test = [](DiskCall call) { return call == DiskCall::sync ? EIO : 0; };
    std::string news;
    options.on_news = [&news](std::string_view text) { news += text; };
    start(options);
    CHECK(news.contains("cannot be dropped yet"));
    CHECK(std::filesystem::exists(scratch.segment(0)));
    start(options_at(scratch, later));
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 9);
}

TEST_CASE("a failed sync of the directory ends a dropping and all writing, until the next start") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    Options options = options_at(scratch, later);
    bool has_removed = false;
    options.disk_probe_for_test = [&has_removed](DiskCall call) {
        const bool is_first_sync = call == DiskCall::sync_directory && has_removed;
        has_removed = call == DiskCall::remove;
        return is_first_sync ? EIO : 0;
    };
    std::string news;
    options.on_news = [&news](std::string_view text) { news += text; };
    {
        LogForTest log(options);
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        const Result<ports::Position> more = log.append(group_at(11, later));
        REQUIRE_FALSE(more);
        CHECK(more.error().fault == Fault::corrupt);
    }
    CHECK(news.contains("cannot be removed"));
    CHECK(news.contains("until a new start"));
    CHECK_FALSE(std::filesystem::exists(scratch.segment(0)));
    CHECK(std::filesystem::exists(scratch.segment(1)));
    CHECK(verify_ledger(scratch.ledger()));
    start(options_at(scratch, later));
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 9);
}

TEST_CASE("a segment that cannot be removed stays, and the ledger goes on") {
    const ScratchForTest scratch;
    fill(options_at(scratch, later));
    Options options = options_at(scratch, later);
    int removals_count = 0;
    options.disk_probe_for_test = [&removals_count](DiskCall call) {
        removals_count += call == DiskCall::remove ? 1 : 0;
        return call == DiskCall::remove ? EPERM : 0;
    };
    {
        LogForTest log(options);
        CHECK(log.append(group_at(11, later)));
        CHECK(log.append(group_at(12, later)));
    }
    CHECK(removals_count == 1);  // It is tried again in a minute.
    start(options);
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.groups_count == 13);  // The record of the dropping stands there once.
    CHECK(seen.first_index == 0);
    CHECK_FALSE(seen.dropped_at);
    start(options_at(scratch, later));
    CHECK(verify_ledger(scratch.ledger()).value().first_index == 9);
}

TEST_CASE("a process killed at any call of a dropping leaves a whole ledger to the next one") {
    const ScratchForTest full;
    fill(options_at(full, later));
    for (int ends_at = 1;; ++ends_at) {
        CAPTURE(ends_at);
        const ScratchForTest scratch;
        std::filesystem::copy(full.ledger(), scratch.ledger());
        Options options = options_at(scratch, later);
        int calls_count = 0;
        options.disk_probe_for_test = [&](DiskCall) {
            return ++calls_count == ends_at ? ::kill(::getpid(), SIGKILL) : 0;
        };
        const pid_t child = ::fork();
        ensure(child >= 0, "a process can be started");
        if (child == 0) {
            {
                LogForTest log(options);
                static_cast<void>(log.log().replay([](const EntryGroup&) {}));
            }
            ::_exit(0);
        }
        int status = 0;
        ensure(::waitpid(child, &status, 0) == child, "a child can be waited for");
        const Result<Verification> seen = verify_ledger(scratch.ledger());
        REQUIRE_MESSAGE(seen, seen.error().text);
        start(options_at(scratch, later));
        CHECK(verify_ledger(scratch.ledger()).value().first_index == 9);
        if (WIFEXITED(status)) {
            REQUIRE(ends_at > 15);  // Record, three removals, the end.
            break;
        }
    }
}

}  // namespace homeostat::adapters::segment_log
