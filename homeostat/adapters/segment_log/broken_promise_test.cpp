// Whoever breaks what a function REQUIRES is stopped at once, before a byte of a ledger is written.

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/head_keeper.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/segment_writer.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace {

/// Says whether it ends its process by an assertion. In a child, which leaves no core.
bool is_stopped(const std::function<void()>& breaks) {
    const pid_t child = ::fork();
    ensure(child >= 0, "a process can be started");
    if (child == 0) {
        constexpr rlimit none{.rlim_cur = 0, .rlim_max = 0};
        static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
        static_cast<void>(std::freopen("/dev/null", "w", stderr));
        std::signal(SIGABRT, SIG_DFL);  // Not the test framework's.
        breaks();
        ::_exit(0);
    }
    int status = 0;
    ensure(::waitpid(child, &status, 0) == child, "a child can be waited for");
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

SegmentWriter writer_of(const ScratchForTest& scratch, std::size_t segment_bytes_max = 1200) {
    return std::move(SegmentWriter::open({.directory = scratch.ledger(),
                                          .boot_id = "boot-1",
                                          .segment_bytes_max = segment_bytes_max,
                                          .probe = {}})
                         .value());
}

LedgerEnd end_of(SegmentWriter& writer) {
    return writer.read([](const FoundGroup&) -> Result<void> { return {}; }).value();
}

HeadOptions options_of(const ScratchForTest& scratch) {
    return {.key = scratch.path() / "key",
            .witnesses = {scratch.path() / "heads.jsonl"},
            .pace = {.groups = 1},
            .clock_for_test = {},
            .disk_probe_for_test = {}};
}

std::unique_ptr<HeadKeeper> keeper_of(HeadOptions options) {
    return std::move(HeadKeeper::open(
                         std::move(options), [](std::string_view) {},
                         [](std::uint64_t) -> Result<std::optional<std::string>> { return {}; })
                         .value());
}

}  // namespace

TEST_CASE("nothing is chained to what is no hash") {
    CHECK(is_stopped([] { static_cast<void>(next_hash("no hash", "{}")); }));
    CHECK(is_stopped([] { static_cast<void>(to_bytes({0, "no hash", genesis_hash()})); }));
    CHECK(is_stopped([] { static_cast<void>(to_bytes({0, genesis_hash(), "no hash"})); }));
    CHECK_FALSE(
        is_stopped([] { static_cast<void>(to_bytes({0, genesis_hash(), genesis_hash()})); }));
}

TEST_CASE("no frame is made that could not be read again, and none is read without a header") {
    CHECK(is_stopped([] { static_cast<void>(to_frame("")); }));
    CHECK(is_stopped([] { static_cast<void>(to_frame(std::string(payload_bytes_max + 1, 'x'))); }));
    CHECK_FALSE(
        is_stopped([] { static_cast<void>(to_frame(std::string(payload_bytes_max, 'x'))); }));
    CHECK(is_stopped([] {
        static_cast<void>(
            read_frames("no header", [](std::string_view, std::size_t) { return true; }));
    }));
}

TEST_CASE("a writer of segments that are too large to be read is none") {
    const ScratchForTest scratch;
    CHECK_FALSE(is_stopped([&] { writer_of(scratch, segment_bytes_limit); }));
    CHECK(is_stopped([&] { writer_of(scratch, segment_bytes_limit + 1); }));
}

TEST_CASE("a writer appends after what is there, and begins once") {
    const ScratchForTest scratch;
    CHECK(is_stopped([&] {
        SegmentWriter writer = writer_of(scratch);
        static_cast<void>(writer.append(group_for_test(0), ports::Durability::synced));
    }));
    CHECK(is_stopped([&] {
        SegmentWriter writer = writer_of(scratch);
        const LedgerEnd end = end_of(writer);
        static_cast<void>(writer.go_on_after(end));
        static_cast<void>(writer.go_on_after(end));
    }));
}

TEST_CASE("the segment that is written to is never dropped") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 1);
    CHECK(is_stopped([&] {
        SegmentWriter writer = writer_of(scratch);
        static_cast<void>(writer.drop_before(0));
    }));
    for (const std::size_t segment : {std::size_t{1}, std::size_t{2}}) {
        CHECK(is_stopped([&] {
            SegmentWriter writer = writer_of(scratch);
            static_cast<void>(writer.go_on_after(end_of(writer)));
            static_cast<void>(writer.drop_before(segment));
        }));
    }
    CHECK(std::filesystem::exists(scratch.segment(0)));
}

TEST_CASE("heads are signed for a witness, and of a ledger that has a name") {
    const ScratchForTest scratch;
    HeadOptions without = options_of(scratch);
    without.witnesses.clear();
    CHECK(is_stopped([&] { keeper_of(without); }));
    CHECK(is_stopped(
        [&] { keeper_of(options_of(scratch))->took({.index = 0, .hash = std::string(64, 'b')}); }));
}

}  // namespace homeostat::adapters::segment_log
