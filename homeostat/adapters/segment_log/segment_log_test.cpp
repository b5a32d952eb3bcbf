#include "homeostat/adapters/segment_log/segment_log.hpp"

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// Sizes at which a segment holds three groups.
constexpr std::size_t small_segment = 1200;

Options small_options(const ScratchForTest& scratch) {
    Options options = options_for_test(scratch);
    options.segment_bytes_max = small_segment;
    return options;
}

/// What a start makes of the ledger as it lies there.
Result<std::vector<std::uint64_t>> numbers_in(const ScratchForTest& scratch) {
    LogForTest log(small_options(scratch));
    REQUIRE_FALSE(log.trouble());
    return log.numbers();
}

/// How many of `count` groups were acknowledged. One that is refused is tried once more; refused
/// again, it is the last.
std::uint64_t append_until_refused_twice(const Options& options, std::uint64_t count) {
    LogForTest log(options);
    REQUIRE_FALSE(log.trouble());
    for (std::uint64_t number = 0; number < count; ++number) {
        if (!log.append(group_for_test(number)) && !log.append(group_for_test(number))) {
            return number;
        }
    }
    return count;
}

}  // namespace

TEST_CASE("groups come back as they were appended, with their index, boot and hash") {
    const ScratchForTest scratch;
    std::string last_hash;
    {
        LogForTest log(options_for_test(scratch));
        CHECK(log.numbers().value().empty());
        for (std::uint64_t number = 0; number < 5; ++number) {
            const auto durability =
                number % 2 == 0 ? ports::Durability::synced : ports::Durability::written;
            const Result<ports::Position> position = log.append(group_for_test(number), durability);
            REQUIRE(position);
            CHECK(position->index == number);
            last_hash = position->hash;
        }
    }
    LogForTest log(options_for_test(scratch));
    std::vector<EntryGroup> groups;
    REQUIRE(log.log().replay([&groups](const EntryGroup& group) { groups.push_back(group); }));
    REQUIRE(groups.size() == 5);
    EntryGroup wanted = group_for_test(4);
    wanted.index = 4;
    wanted.boot_id = "boot-1";
    CHECK(to_json(groups[4]) == to_json(wanted));
    CHECK(verify_ledger(scratch.ledger()).value().head_hash == last_hash);
}

TEST_CASE("an append without a replay before it goes on after what is there") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    LogForTest log(options_for_test(scratch));
    const Result<ports::Position> position = log.append(group_for_test(2));
    REQUIRE(position);
    CHECK(position->index == 2);
}

TEST_CASE("a ledger that is full of segments reads as one chain") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 4);
    fill_for_test(small_options(scratch), 6);
    CHECK(numbers_in(scratch).value() == numbers_below(10));
    const Verification seen = verify_ledger(scratch.ledger()).value();
    CHECK(seen.segments_count >= 3);
    CHECK(seen.groups_count == 10);
    CHECK(seen.entries_count == 10);
    CHECK(seen.torn_tail_bytes == 0);
    CHECK(seen.first_wall_at == group_for_test(0).wall_at);
    CHECK(seen.last_wall_at == group_for_test(9).wall_at);
    for (std::size_t number = 0; number < seen.segments_count; ++number) {
        CHECK(std::filesystem::file_size(scratch.segment(number)) <= small_segment);
    }
}

TEST_CASE("a group larger than a segment gets a segment of its own") {
    const ScratchForTest scratch;
    LogForTest log(small_options(scratch));
    EntryGroup large = group_for_test(0);
    large.entries[0].body.as_object()["because"] = std::string(3 * small_segment, 'x');
    REQUIRE(log.append(large));
    REQUIRE(log.append(group_for_test(1)));
    CHECK(log.numbers().value() == numbers_below(2));
}

TEST_CASE("a group that could not be read again is refused, and the ledger goes on") {
    const ScratchForTest scratch;
    LogForTest log(options_for_test(scratch));
    EntryGroup large = group_for_test(0);
    large.entries[0].body.as_object()["because"] = std::string(payload_bytes_max, 'x');
    EntryGroup not_text = group_for_test(0);
    not_text.entries[0].body.as_object()["because"] = "\xC3\x28";
    EntryGroup deep = group_for_test(0);
    for (int depth = 0; depth < 40; ++depth) {
        deep.entries[0].body = json::array{deep.entries[0].body};
    }
    for (const EntryGroup& refused : {large, not_text, deep}) {
        const Result<ports::Position> position = log.append(refused);
        REQUIRE_FALSE(position);
        CHECK(position.error().fault == Fault::invalid);
    }
    CHECK(log.append(group_for_test(0)));
    CHECK(log.numbers().value() == numbers_below(1));
}

TEST_CASE("no byte of a ledger can change unnoticed, but for a torn last record") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    REQUIRE(std::filesystem::exists(scratch.segment(1)));
    REQUIRE_FALSE(std::filesystem::exists(scratch.segment(2)));
    for (std::size_t number = 0; number < 2; ++number) {
        const std::string bytes = read_for_test(scratch.segment(number));
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            CAPTURE(number);
            CAPTURE(at);
            std::string changed = bytes;
            changed[at] = static_cast<char>(changed[at] ^ 0x04);
            write_for_test(scratch.segment(number), changed);
            const Result<Verification> seen = verify_ledger(scratch.ledger());
            if (seen) {
                CHECK(number == 1);
                CHECK(seen->groups_count == 4);
                CHECK(seen->torn_tail_bytes > 0);
            } else {
                CHECK(seen.error().fault == Fault::corrupt);
                CHECK(seen.error().text.find(segment_name(number)) != std::string::npos);
            }
        }
        write_for_test(scratch.segment(number), bytes);
    }
}

TEST_CASE("a ledger cut at any byte of its last record recovers to the group before it") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 4);
    const std::string before = read_for_test(scratch.segment(1));
    fill_for_test(small_options(scratch), 1);
    const std::string bytes = read_for_test(scratch.segment(1));
    REQUIRE(bytes.size() > before.size());
    for (std::size_t size = before.size(); size < bytes.size(); ++size) {
        CAPTURE(size);
        write_for_test(scratch.segment(1), bytes.substr(0, size));
        std::vector<std::string> told;
        Options options = small_options(scratch);
        options.on_news = [&told](std::string_view news) { told.emplace_back(news); };
        LogForTest log(std::move(options));
        REQUIRE(log.numbers().value() == numbers_below(4));
        REQUIRE(told.size() == (size > before.size() ? 1 : 0));
        REQUIRE((told.empty() ||
                 told.front() == fmt::format("{}: cut off {} bytes of a record that a crash left "
                                             "unfinished",
                                             scratch.ledger().string(), size - before.size())));
        REQUIRE(log.log().torn_tail_bytes() == size - before.size());
        REQUIRE(read_for_test(scratch.segment(1)) == before);
        REQUIRE(log.append(group_for_test(4)));
        REQUIRE(read_for_test(scratch.segment(1)) == bytes);
    }
}

TEST_CASE("a corrupt ledger names the place, and takes nothing more") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    std::string bytes = read_for_test(scratch.segment(0));
    bytes[segment_header_bytes + frame_header_bytes + 20] ^= 1;
    write_for_test(scratch.segment(0), bytes);
    LogForTest log(options_for_test(scratch));
    const Error error = log.numbers().error();
    CHECK(error.fault == Fault::corrupt);
    CHECK(error.text == scratch.segment(0).string() +
                            " at byte 148: the record here is not what was written, and more "
                            "follows it");
    const Result<ports::Position> position = log.append(group_for_test(3));
    REQUIRE_FALSE(position);
    CHECK(position.error() == error);
    CHECK(read_for_test(scratch.segment(0)) == bytes);
}

TEST_CASE("a record that is whole and in the wrong place breaks the chain") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 3);
    const std::string bytes = read_for_test(scratch.segment(0));
    std::vector<std::string> frames;
    const FramesEnd end = read_frames(bytes, [&frames](std::string_view payload, std::size_t) {
        frames.push_back(to_frame(payload));
        return true;
    });
    REQUIRE(end.kind == FramesEnd::Kind::clean);
    const std::string header = bytes.substr(0, segment_header_bytes);
    const std::vector<std::vector<std::size_t>> orders{{1, 2},       {0, 2},       {0, 2, 1},
                                                       {0, 1, 1, 2}, {0, 0, 1, 2}, {2, 1, 0}};
    for (const std::vector<std::size_t>& order : orders) {
        std::string changed = header;
        for (const std::size_t position : order) {
            changed += frames[position];
        }
        write_for_test(scratch.segment(0), changed);
        const Result<Verification> seen = verify_ledger(scratch.ledger());
        REQUIRE_FALSE(seen);
        CHECK(seen.error().fault == Fault::corrupt);
        CHECK(seen.error().text.find("the chain is broken") != std::string::npos);
    }
}

TEST_CASE("a segment that is missing, exchanged or from another ledger is noticed") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 9);
    REQUIRE(std::filesystem::exists(scratch.segment(2)));
    const std::string second = read_for_test(scratch.segment(1));
    SUBCASE("missing in the middle") {
        std::filesystem::remove(scratch.segment(1));
    }
    SUBCASE("missing at the beginning") {
        std::filesystem::remove(scratch.segment(0));
    }
    SUBCASE("exchanged") {
        write_for_test(scratch.segment(1), read_for_test(scratch.segment(2)));
        write_for_test(scratch.segment(2), second);
    }
    SUBCASE("torn before the last") {
        write_for_test(scratch.segment(1), second.substr(0, second.size() - 1));
    }
    SUBCASE("empty") {
        write_for_test(scratch.segment(2), "");
    }
    SUBCASE("of another version") {
        std::string later = second;
        later[7] = '\x03';
        write_for_test(scratch.segment(1), later);
    }
    CHECK(numbers_in(scratch).error().fault == Fault::corrupt);
    CHECK(verify_ledger(scratch.ledger()).error().fault == Fault::corrupt);
}

TEST_CASE("a second opener is told who holds the ledger") {
    const ScratchForTest scratch;
    const LogForTest first(options_for_test(scratch));
    const LogForTest second(options_for_test(scratch));
    REQUIRE(second.trouble());
    CHECK(second.trouble()->fault == Fault::busy);
    CHECK(second.trouble()->text.find("pid " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("a write without room leaves no trace, and a later one that finds room goes on") {
    for (const int number : {ENOSPC, EDQUOT, EFBIG, EROFS}) {
        CAPTURE(number);
        const ScratchForTest scratch;
        bool is_failing = false;
        Options options = options_for_test(scratch);
        options.disk_probe_for_test = [&](DiskCall call) {
            return is_failing && call == DiskCall::write ? number : 0;
        };
        {
            LogForTest log(options);
            REQUIRE(log.append(group_for_test(0)));
            is_failing = true;
            for (int attempt = 0; attempt < 3; ++attempt) {
                const Result<ports::Position> failed = log.append(group_for_test(1));
                REQUIRE_FALSE(failed);
                CHECK(failed.error().fault == Fault::full);
                CHECK(failed.error().text.find(scratch.segment(0).string()) != std::string::npos);
            }
            is_failing = false;
            REQUIRE(log.append(group_for_test(1)));
        }
        CHECK(numbers_in(scratch).value() == numbers_below(2));
        CHECK(verify_ledger(scratch.ledger()));
    }
}

TEST_CASE("a segment for which there is no room is begun once there is") {
    // Not `sync`: the old segment becomes durable first, and nobody can say what it holds then.
    for (const DiskCall call :
         {DiskCall::open, DiskCall::truncate, DiskCall::write, DiskCall::rename}) {
        CAPTURE(static_cast<int>(call));
        const ScratchForTest scratch;
        bool is_failing = false;
        Options options = small_options(scratch);
        options.disk_probe_for_test = [&](DiskCall made) {
            return is_failing && made == call ? ENOSPC : 0;
        };
        {
            LogForTest log(options);
            for (std::uint64_t number = 0; number < 3; ++number) {
                REQUIRE(log.append(group_for_test(number)));
            }
            is_failing = true;
            for (int attempt = 0; attempt < 3; ++attempt) {
                const Result<ports::Position> failed = log.append(group_for_test(3));
                REQUIRE_FALSE(failed);
                CHECK(failed.error().fault == Fault::full);
                CHECK(failed.error().text.contains(scratch.segment(1).string()));
            }
            CHECK_FALSE(std::filesystem::exists(scratch.segment(1)));
            CHECK_FALSE(std::filesystem::exists(scratch.segment(1).string() + ".new"));
            is_failing = false;
            REQUIRE(log.append(group_for_test(3)));
            CHECK(std::filesystem::exists(scratch.segment(1)));
        }
        CHECK(numbers_in(scratch).value() == numbers_below(4));
        CHECK(verify_ledger(scratch.ledger()));
    }
}

TEST_CASE("a failure that leaves the disk unknown poisons: nothing is appended after it") {
    struct Case {
        DiskCall call;
        DiskCall also;
        int number;
        Fault fault;
        std::uint64_t groups_count;
    };
    // A group whose sync failed was never acknowledged; it may be there or not.
    const std::vector<Case> cases{{DiskCall::write, DiskCall::write, EIO, Fault::corrupt, 1},
                                  {DiskCall::write, DiskCall::truncate, ENOSPC, Fault::full, 1},
                                  {DiskCall::sync, DiskCall::sync, ENOSPC, Fault::full, 2},
                                  {DiskCall::sync, DiskCall::sync, EIO, Fault::corrupt, 2}};
    for (const Case& failure : cases) {
        CAPTURE(failure.number);
        const ScratchForTest scratch;
        bool is_failing = false;
        Options options = options_for_test(scratch);
        options.disk_probe_for_test = [&](DiskCall call) {
            const bool is_meant = call == failure.call || call == failure.also;
            return is_failing && is_meant ? failure.number : 0;
        };
        {
            LogForTest log(options);
            REQUIRE(log.append(group_for_test(0)));
            is_failing = true;
            const Result<ports::Position> failed = log.append(group_for_test(1));
            REQUIRE_FALSE(failed);
            CHECK(failed.error().fault == failure.fault);
            CHECK(failed.error().text.find(scratch.segment(0).string()) != std::string::npos);
            is_failing = false;
            CHECK(log.append(group_for_test(1)).error() == failed.error());
        }
        CHECK(numbers_in(scratch).value() == numbers_below(failure.groups_count));
    }
}

TEST_CASE("at every call an error ends in a refusal, and a later start finds a whole ledger") {
    for (const int number : {ENOSPC, EIO, EROFS}) {
        bool has_failed = true;
        for (int failing_at = 1; has_failed; ++failing_at) {
            CAPTURE(number);
            CAPTURE(failing_at);
            const ScratchForTest scratch;
            int calls_count = 0;
            Options options = small_options(scratch);
            options.disk_probe_for_test = [&](DiskCall) {
                return ++calls_count == failing_at ? number : 0;
            };
            const std::uint64_t acknowledged_count = append_until_refused_twice(options, 8);
            has_failed = calls_count >= failing_at;
            const std::vector<std::uint64_t> numbers = numbers_in(scratch).value();
            CHECK(numbers == numbers_below(numbers.size()));
            CHECK(numbers.size() >= acknowledged_count);
            CHECK(numbers.size() <= acknowledged_count + 1);
        }
    }
}

TEST_CASE("appends that wait for each other keep their order") {
    const ScratchForTest scratch;
    boost::asio::io_context io;
    {
        const std::unique_ptr<SegmentLog> log =
            std::move(SegmentLog::open(options_for_test(scratch)).value());
        std::vector<std::uint64_t> indexes;
        for (std::uint64_t number = 0; number < 100; ++number) {
            boost::asio::co_spawn(
                io, log->append(group_for_test(number), ports::Durability::written),
                [&indexes](const std::exception_ptr&, const Result<ports::Position>& position) {
                    indexes.push_back(position.value().index);
                });
        }
        io.run();
        CHECK(indexes == numbers_below(100));
    }
    CHECK(numbers_in(scratch).value() == numbers_below(100));
}

TEST_CASE("groups of many incidents that wait at once become durable with one sync") {
    const ScratchForTest scratch;
    std::atomic<int> syncs_count = 0;
    std::promise<void> may_sync;
    std::promise<void> is_syncing;
    bool holds_back = false;  // Set before the writer's thread has something to do.
    Options options = options_for_test(scratch);
    options.disk_probe_for_test = [&](DiskCall call) {
        if (call == DiskCall::sync && holds_back && syncs_count++ == 0) {
            is_syncing.set_value();
            may_sync.get_future().wait();
        }
        return 0;
    };
    boost::asio::io_context io;
    std::vector<std::uint64_t> indexes;
    {
        const auto log = std::move(SegmentLog::open(options).value());
        REQUIRE(log->replay([](const EntryGroup&) {}));
        holds_back = true;
        const auto append = [&](std::uint64_t number) {
            boost::asio::co_spawn(
                io, log->append(group_for_test(number), ports::Durability::synced),
                [&indexes](const std::exception_ptr&, const Result<ports::Position>& position) {
                    indexes.push_back(position.value().index);
                });
            io.poll();
        };
        append(0);
        is_syncing.get_future().wait();
        for (std::uint64_t number = 1; number < 17; ++number) {
            append(number);
        }
        may_sync.set_value();
        io.restart();
        io.run();
        CHECK(indexes == numbers_below(17));
        CHECK(syncs_count == 2);
    }
    CHECK(numbers_in(scratch).value() == numbers_below(17));
}

TEST_CASE("a directory that cannot be made durable is no place for a ledger") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.disk_probe_for_test = [](DiskCall call) {
        return call == DiskCall::sync_directory ? EIO : 0;
    };
    LogForTest log(options);
    REQUIRE_FALSE(log.trouble());
    CHECK_FALSE(log.numbers());
    CHECK_FALSE(log.append(group_for_test(0)));
}

TEST_CASE("a ledger is read from its first group on, also where each has a segment of its own") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1;
    fill_for_test(options, 4);
    REQUIRE(std::filesystem::exists(scratch.segment(3)));
    std::uint64_t visited_count = 0;
    const Result<Verification> seen = read_ledger(
        scratch.ledger(), [&](const EntryGroup& group) { CHECK(group.index == visited_count++); });
    REQUIRE(seen);
    CHECK(visited_count == 4);
    CHECK(seen->segments_count == 4);
    CHECK(LogForTest(options).numbers().value() == numbers_below(4));
}

TEST_CASE("a ledger whose first segment was taken away does not begin with the second one") {
    const ScratchForTest scratch;
    Options options = options_for_test(scratch);
    options.segment_bytes_max = 1;
    fill_for_test(options, 3);
    for (const std::size_t number : {0U, 1U}) {
        std::filesystem::rename(scratch.segment(number + 1), scratch.segment(number));
    }
    const Result<Verification> seen = verify_ledger(scratch.ledger());
    REQUIRE_FALSE(seen);
    CHECK(seen.error().text.contains("000000.hlog is missing, and later segments are there"));
    CHECK_FALSE(read_ledger(scratch.ledger(), [](const EntryGroup&) {}));
    CHECK_FALSE(LogForTest(options).numbers());
}

}  // namespace homeostat::adapters::segment_log
