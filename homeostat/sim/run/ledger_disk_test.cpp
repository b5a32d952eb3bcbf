#include "homeostat/sim/run/ledger_disk.hpp"

#include "homeostat/adapters/segment_log/segment_writer.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace homeostat;
using namespace homeostat::sim;
namespace segment_log = homeostat::adapters::segment_log;

namespace {

const std::string segment = std::string(LedgerDisk::directory) + "/000000.hlog";

segment_log::SegmentWriter open(LedgerDisk& disk) {
    auto writer = segment_log::SegmentWriter::open({.directory = LedgerDisk::directory,
                                                    .boot_id = "boot-1",
                                                    .probe = {},
                                                    .disk = &disk.calls()});
    REQUIRE(writer);
    const auto end = writer->read([](const segment_log::FoundGroup&) { return Result<void>{}; });
    REQUIRE(end);
    REQUIRE(writer->go_on_after(*end));
    return std::move(*writer);
}

/// A ledger of some synced groups, remembered, and nobody who writes.
LedgerDisk written_disk(int groups_count) {
    LedgerDisk disk(Rng(7));
    auto writer = open(disk);
    for (int count = 0; count < groups_count; ++count) {
        REQUIRE(writer.append({}, ports::Durability::synced));
        disk.remember_written();
        disk.remember_synced();
    }
    return disk;
}

void cut(LedgerDisk& disk, std::uint64_t size) {
    const auto file = disk.calls().open(segment);
    REQUIRE(file);
    REQUIRE(disk.calls().truncate(*file, size));
}

}  // namespace

TEST_CASE("bytes that were acknowledged and are cut off or changed are noticed, others are not") {
    LedgerDisk disk = written_disk(3);
    CHECK(disk.what_is_lost().empty());
    const auto bytes = disk.calls().read(segment, 0, 1U << 20U);
    REQUIRE(bytes);

    SUBCASE("more behind the end is no loss") {
        const auto file = disk.calls().open(segment);
        REQUIRE(file);
        REQUIRE(disk.calls().append(*file, "torn"));
        CHECK(disk.what_is_lost().empty());
    }
    SUBCASE("a byte less is one") {
        cut(disk, bytes->size() - 1);
        CHECK(disk.what_is_lost().contains("differs from byte"));
    }
    SUBCASE("another bit is one") {
        disk.calls().rot(segment, 100);
        CHECK(disk.what_is_lost() == segment + " differs from byte 12 on");
    }
}

TEST_CASE("a power loss may take what was not synced, a dead process takes nothing") {
    for (const bool is_power : {false, true}) {
        LedgerDisk disk = written_disk(2);
        auto writer = open(disk);
        REQUIRE(writer.append({}, ports::Durability::written));
        disk.remember_written();
        const auto size = disk.calls().read(segment, 0, 1U << 20U)->size();
        if (is_power) {
            disk.lose_power();
        } else {
            disk.end_processes();
        }
        cut(disk, size - 1);
        CHECK(disk.what_is_lost().empty() == is_power);
    }
}

TEST_CASE("a bit that rots is found by the next reading, and the file can be brought back") {
    LedgerDisk disk = written_disk(8);
    disk.end_processes();
    REQUIRE(disk.rot("boot-1"));
    CHECK(disk.is_rotten());
    const auto visit = [](const segment_log::FoundGroup&) { return Result<void>{}; };
    const segment_log::Disk calls({}, disk.calls());
    const auto found =
        segment_log::read_segments({LedgerDisk::directory, "boot-1", calls}, 0, visit);
    REQUIRE_FALSE(found);
    CHECK(found.error().fault == Fault::corrupt);
    disk.bring_back();
    CHECK(segment_log::read_segments({LedgerDisk::directory, "boot-1", calls}, 0, visit));
    CHECK(disk.what_is_lost().empty());
}

TEST_CASE("what rots is never what nobody could tell from a torn group") {
    // No later group knows of the last one, or of several that were synced together.
    LedgerDisk one = written_disk(1);
    CHECK_FALSE(one.rot("boot-2"));
    LedgerDisk several(Rng(7));
    auto writer = open(several);
    for (const auto durability :
         {ports::Durability::written, ports::Durability::written, ports::Durability::synced}) {
        REQUIRE(writer.append({}, durability));
    }
    several.remember_written();
    several.remember_synced();
    CHECK_FALSE(several.rot("boot-2"));
    REQUIRE(writer.append({}, ports::Durability::synced));
    several.remember_written();
    several.remember_synced();
    CHECK(several.rot("boot-2"));
    CHECK_FALSE(several.is_rotten_like_a_loss());
}

TEST_CASE("while the machine stays on, a bit of any group but the last may rot, and is found") {
    const auto visit = [](const segment_log::FoundGroup&) { return Result<void>{}; };
    int like_a_loss_count = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        LedgerDisk disk{Rng(seed)};
        auto writer = open(disk);
        for (const auto durability : {ports::Durability::written, ports::Durability::written,
                                      ports::Durability::written, ports::Durability::synced}) {
            REQUIRE(writer.append({}, durability));
        }
        disk.remember_written();
        disk.remember_synced();
        REQUIRE(disk.rot("boot-1"));
        like_a_loss_count += disk.is_rotten_like_a_loss() ? 1 : 0;
        const segment_log::Disk calls({}, disk.calls());
        const auto found =
            segment_log::read_segments({LedgerDisk::directory, "boot-1", calls}, 0, visit);
        REQUIRE_FALSE(found);
        CHECK(found.error().fault == Fault::corrupt);
    }
    CHECK(like_a_loss_count > 20);
}
