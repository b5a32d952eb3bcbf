#include "homeostat/adapters/segment_log/segment_writer.hpp"

#include "homeostat/adapters/segment_log/disk_for_test.hpp"
#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
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

/// Keeps what was written over a file once more.
class Rewriting final : public DiskForTest {
  public:
    Result<void> append(const os::OpenFile& file, std::string_view bytes) override {
        const bool is_beside = file.path.ends_with(".new");
        return is_beside ? fail(Fault::full, "no room") : DiskForTest::append(file, bytes);
    }
    Result<void> rewrite(const std::string& path, std::string_view bytes) override {
        rewritten.emplace_back(path, bytes);
        return DiskForTest::rewrite(path, bytes);
    }

    std::vector<std::pair<std::string, std::string>> rewritten;
};

SegmentWriter writer_on(const ScratchForTest& scratch, os::DiskCalls& disk) {
    return std::move(SegmentWriter::open({.directory = scratch.ledger(),
                                          .boot_id = "boot-1",
                                          .segment_bytes_max = 1200,
                                          .probe = {},
                                          .disk = &disk})
                         .value());
}

Result<void> begin(SegmentWriter& writer) {
    const Result<LedgerEnd> end = writer.read([](const FoundGroup&) -> Result<void> { return {}; });
    return end ? writer.go_on_after(*end) : std::unexpected(end.error());
}

}  // namespace

TEST_CASE("a segment is filled to its last byte, and not beyond") {
    const ScratchForTest measured;
    fill_for_test(options_for_test(measured), 2);
    const std::size_t bytes = std::filesystem::file_size(measured.segment(0));
    for (const std::size_t bytes_max : {bytes, bytes - 1}) {
        CAPTURE(bytes_max);
        const ScratchForTest scratch;
        Options options = options_for_test(scratch);
        options.segment_bytes_max = bytes_max;
        fill_for_test(options, 2);
        CHECK(std::filesystem::exists(scratch.segment(1)) == (bytes_max < bytes));
        CHECK(std::filesystem::file_size(scratch.segment(0)) <= bytes_max);
    }
}

TEST_CASE("a group is taken up to the byte that a record may have, and no larger one") {
    const ScratchForTest scratch;
    DiskForTest disk;
    SegmentWriter writer = writer_on(scratch, disk);
    REQUIRE(begin(writer));
    EntryGroup group = group_for_test(0);
    json::value& text = group.entries[0].body.as_object()["because"];
    text = "";
    const std::size_t around =
        writer.append(group, ports::Durability::synced).value().payload.size();
    const std::size_t fits = payload_bytes_max - around;
    text = std::string(fits + 1, 'x');
    const Result<Written> refused = writer.append(group, ports::Durability::synced);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::invalid);
    text = std::string(fits, 'x');
    const Result<Written> taken = writer.append(group, ports::Durability::synced);
    REQUIRE_MESSAGE(taken, taken.error().text);
    CHECK(taken->payload.size() == payload_bytes_max);
    CHECK(verify_ledger(scratch.ledger()).value().groups_count == 2);
}

TEST_CASE("a start whose disk fails at any call is no start, until the next one") {
    for (const bool was_killed : {false, true}) {
        int starts_count = 0;
        bool has_failed = true;
        for (int failing_at = 1; has_failed; ++failing_at) {
            CAPTURE(was_killed);
            CAPTURE(failing_at);
            const ScratchForTest scratch;
            fill_for_test(small_options(scratch), 5);
            if (was_killed) {
                std::filesystem::remove(scratch.ledger() / "end");
            }
            int calls_count = 0;
            Options options = small_options(scratch);
            options.disk_probe_for_test = [&](DiskCall) {
                return ++calls_count == failing_at ? EIO : 0;
            };
            {
                LogForTest log(options);
                const bool has_started = log.numbers().has_value();
                has_failed = calls_count >= failing_at;
                starts_count += has_started ? 1 : 0;
                calls_count = failing_at;  // From here on the disk is well.
                CHECK(log.append(group_for_test(5)).has_value() == has_started);
            }
            CHECK(verify_ledger(scratch.ledger()).value().groups_count >= 5);
        }
        // Where all is well, and where it cannot be told whether the end was an orderly one.
        CHECK(starts_count == 2);
    }
}

TEST_CASE("a start on a disk that takes no byte at all after a crash is none, and changes none") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    std::filesystem::remove(scratch.ledger() / "end");
    const std::string before = read_for_test(scratch.segment(1));
    Options options = small_options(scratch);
    options.disk_probe_for_test = [](DiskCall call) {
        return call == DiskCall::write ? ENOSPC : 0;
    };
    LogForTest log(options);
    const auto numbers = log.numbers();
    REQUIRE_FALSE(numbers);
    CHECK(numbers.error().fault == Fault::full);
    CHECK(numbers.error().text.contains(scratch.segment(1).string()));
    CHECK(read_for_test(scratch.segment(1)) == before);
}

TEST_CASE("a start on a full disk sends the last segment to the medium once more, where it lies") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    std::filesystem::remove(scratch.ledger() / "end");
    const std::string before = read_for_test(scratch.segment(1));
    write_for_test(scratch.segment(1), before + "?");
    Rewriting disk;
    SegmentWriter writer = writer_on(scratch, disk);
    REQUIRE(begin(writer));
    REQUIRE(disk.rewritten.size() == 1);
    CHECK(disk.rewritten[0] == std::pair(scratch.segment(1).string(), before));
    CHECK(read_for_test(scratch.segment(1)) == before);
}

TEST_CASE("a medium that fails is not written to in another way") {
    const ScratchForTest scratch;
    fill_for_test(small_options(scratch), 5);
    std::filesystem::remove(scratch.ledger() / "end");
    Options options = small_options(scratch);
    options.disk_probe_for_test = [is_first = true](DiskCall call) mutable {
        return call == DiskCall::write && std::exchange(is_first, false) ? EIO : 0;
    };
    LogForTest log(options);
    const auto numbers = log.numbers();
    REQUIRE_FALSE(numbers);
    CHECK(numbers.error().fault == Fault::corrupt);
}

TEST_CASE("an end after a sync that failed is no orderly one") {
    const ScratchForTest scratch;
    Options options = small_options(scratch);
    bool is_failing = false;
    options.disk_probe_for_test = [&is_failing](DiskCall call) {
        return is_failing && call == DiskCall::sync ? EIO : 0;
    };
    {
        LogForTest log(options);
        REQUIRE(log.numbers());
        is_failing = true;
        CHECK_FALSE(log.append(group_for_test(1)));
        is_failing = false;
    }
    CHECK_FALSE(std::filesystem::exists(scratch.ledger() / "end"));
}

TEST_CASE("only a group that has to be durable costs a sync, and none costs a reading") {
    const ScratchForTest scratch;
    int syncs_count = 0;
    int reads_count = 0;
    Options options = options_for_test(scratch);
    options.disk_probe_for_test = [&](DiskCall call) {
        syncs_count += call == DiskCall::sync ? 1 : 0;
        reads_count += call == DiskCall::read ? 1 : 0;
        return 0;
    };
    LogForTest log(options);
    REQUIRE(log.append(group_for_test(0)));
    syncs_count = 0;
    reads_count = 0;
    REQUIRE(log.append(group_for_test(1), ports::Durability::written));
    REQUIRE(log.append(group_for_test(2), ports::Durability::written));
    CHECK(syncs_count == 0);
    REQUIRE(log.append(group_for_test(3)));
    CHECK(syncs_count == 1);
    CHECK(reads_count == 0);
}

TEST_CASE("what an earlier process was promised is damage where it is gone, and no torn end") {
    const ScratchForTest scratch;
    fill_for_test(options_for_test(scratch), 2);
    const std::size_t end = std::filesystem::file_size(scratch.segment(0));
    {
        LogForTest log(options_for_test(scratch));
        REQUIRE(log.append(group_for_test(2), ports::Durability::written));
    }
    std::string bytes = read_for_test(scratch.segment(0));
    bytes[end - 3] ^= 1;
    write_for_test(scratch.segment(0), bytes);
    Options after = options_for_test(scratch);
    after.boot_id = "boot-2";  // A power loss may have been.
    const auto numbers = LogForTest(after).numbers();
    REQUIRE_FALSE(numbers);
    CHECK(numbers.error().fault == Fault::corrupt);
    CHECK(read_for_test(scratch.segment(0)) == bytes);
}

}  // namespace homeostat::adapters::segment_log
