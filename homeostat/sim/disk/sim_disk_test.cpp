#include "homeostat/sim/disk/sim_disk.hpp"

#include "homeostat/os/disk_cases_for_test.hpp"
#include "homeostat/sim/disk/choices_for_test.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <set>
#include <string>

namespace homeostat::sim::disk {

using os::for_test::all_of;

namespace {

/// A durable directory /d with a durable empty file /d/f, open.
struct Ready {
    Ready() {
        REQUIRE(disk.make_directories("/d"));
        file = disk.open("/d/f").value();
        REQUIRE(disk.sync_directory("/d"));
    }
    SimDisk disk;
    os::OpenFile file;
};

/// What can be found at `path` after a power loss, over all choices.
std::set<std::string> possible(const SimDisk& disk, const std::string& path, WriteOrder order) {
    std::set<std::string> found;
    ChoicesForTest choices;
    do {
        SimDisk lost = disk;
        lost.lose_power(std::ref(choices), order);
        found.insert(all_of(lost, path));
    } while (choices.advance());
    return found;
}

}  // namespace

TEST_CASE("the disk in memory does what every disk has to do") {
    SimDisk disk;
    os::for_test::check_files(disk, "/top");
    os::for_test::check_names(disk, "/top");
    os::for_test::check_locks(disk, "/top");
}

TEST_CASE("what was synced survives every power loss") {
    for (const WriteOrder order : {WriteOrder::kept, WriteOrder::none}) {
        Ready it;
        REQUIRE(it.disk.append(it.file, "safe"));
        REQUIRE(it.disk.sync(it.file));
        CHECK_FALSE(it.disk.has_unsynced());
        CHECK(possible(it.disk, "/d/f", order) == std::set<std::string>{"safe"});
        REQUIRE(it.disk.append(it.file, "+"));
        CHECK(it.disk.has_unsynced());
        CHECK(possible(it.disk, "/d/f", order).contains("safe"));
        CHECK(possible(it.disk, "/d/f", order).contains("safe+"));
    }
}

TEST_CASE("with writes kept in order an unsynced append is there up to some sector") {
    Ready it;
    const std::string bytes(2 * sector_bytes + 1, 'x');
    REQUIRE(it.disk.append(it.file, bytes));
    CHECK(possible(it.disk, "/d/f", WriteOrder::kept) ==
          std::set<std::string>{"", bytes.substr(0, 512), bytes.substr(0, 1024), bytes});
}

TEST_CASE("without an order a later sector may be there and an earlier one not, or torn") {
    Ready it;
    REQUIRE(it.disk.append(it.file, std::string(2 * sector_bytes, 'x')));
    const std::set<std::string> found = possible(it.disk, "/d/f", WriteOrder::none);
    CHECK(found.contains(std::string(512, '\0') + std::string(512, 'x')));
    CHECK(found.contains(std::string(256, 'x') + std::string(256, '\0') + std::string(512, 'x')));
    CHECK(found.size() == 1 + 3 * 3);
}

TEST_CASE("a name is lost with a directory that was not synced") {
    SimDisk disk;
    REQUIRE(disk.make_directories("/d"));
    const os::OpenFile file = disk.open("/d/f").value();
    REQUIRE(disk.append(file, "1"));
    REQUIRE(disk.sync(file));
    CHECK(possible(disk, "/d/f", WriteOrder::kept).size() == 2);
    REQUIRE(disk.sync_directory("/d"));
    CHECK(possible(disk, "/d/f", WriteOrder::kept) == std::set<std::string>{"1"});
    REQUIRE(disk.rename("/d/f", "/d/g"));
    CHECK(possible(disk, "/d/g", WriteOrder::none).contains("1"));
    CHECK(possible(disk, "/d/f", WriteOrder::none).contains("1"));
}

TEST_CASE("after a sync that failed a later one makes nothing of it durable") {
    Ready it;
    REQUIRE(it.disk.append(it.file, "1"));
    it.disk.fail_with({.error_number = EIO, .only = CallKind::sync});
    CHECK_FALSE(it.disk.sync(it.file));
    CHECK(it.disk.sync(it.file));
    CHECK(possible(it.disk, "/d/f", WriteOrder::kept).contains(""));
}

TEST_CASE("a fault hits the call it is for, once or for good") {
    Ready it;
    it.disk.fail_with({.error_number = ENOSPC, .call_index = 2, .only = CallKind::append});
    CHECK(it.disk.append(it.file, "a"));
    CHECK(it.disk.append(it.file, "bcde").error().fault == Fault::full);
    CHECK(it.disk.append(it.file, "f"));
    CHECK(all_of(it.disk, "/d/f") == "abcf");
    it.disk.fail_with({.error_number = EROFS, .is_sticky = true});
    CHECK_FALSE(it.disk.append(it.file, "g"));
    CHECK_FALSE(it.disk.truncate(it.file, 0));
    it.disk.mend();
    CHECK(all_of(it.disk, "/d/f") == "abcf");
}

TEST_CASE("a machine that stops does nothing until it begins anew, and its locks are free then") {
    Ready it;
    const auto lock = it.disk.take_lock("/d/lock");
    it.disk.stop_at(2);
    CHECK(it.disk.append(it.file, "a"));
    CHECK_FALSE(it.disk.append(it.file, "b"));
    CHECK(it.disk.is_stopped());
    CHECK_FALSE(it.disk.open("/d/g"));
    it.disk.end_processes();
    CHECK(all_of(it.disk, "/d/f") == "a");
    CHECK_FALSE(it.disk.append(it.file, "c"));
    CHECK(it.disk.take_lock("/d/lock"));
}

TEST_CASE("a full disk takes what fits") {
    Ready it;
    it.disk.limit_bytes(3);
    CHECK(it.disk.append(it.file, "ab"));
    CHECK(it.disk.append(it.file, "cd").error().fault == Fault::full);
    CHECK(all_of(it.disk, "/d/f") == "abc");
    it.disk.limit_bytes(0);
    CHECK(it.disk.append(it.file, "d"));
}

TEST_CASE("a bit that rots is read as it is now, also after a power loss") {
    Ready it;
    REQUIRE(it.disk.append(it.file, "aa"));
    REQUIRE(it.disk.sync(it.file));
    it.disk.rot("/d/f", 8);
    CHECK(possible(it.disk, "/d/f", WriteOrder::kept) == std::set<std::string>{"a`"});
}

}  // namespace homeostat::sim::disk
