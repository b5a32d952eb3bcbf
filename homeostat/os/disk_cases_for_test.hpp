#pragma once

// What every os::DiskCalls has to do, be it this machine's or one in memory.
//
// For tests only.

#include "homeostat/os/disk_calls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::os::for_test {

inline std::string all_of(DiskCalls& disk, const std::string& path) {
    constexpr std::size_t bytes_max = 1U << 20U;
    const Result<std::string> bytes = disk.read(path, 0, bytes_max);
    return bytes ? *bytes : "(" + bytes.error().text + ")";
}

/// `top` is an empty directory. Runs each case in a directory of its own.
inline void check_files(DiskCalls& disk, const std::string& top) {
    REQUIRE(disk.make_directories(top + "/files/inner"));
    CHECK(disk.make_directories(top + "/files/inner"));
    const std::string path = top + "/files/inner/a";
    CHECK(disk.read(path, 0, 9).error().fault == Fault::absent);
    CHECK(disk.open(top + "/nowhere/a").error().fault == Fault::absent);
    const Result<OpenFile> file = disk.open(path);
    REQUIRE(file);
    CHECK(file->is_open());
    CHECK_FALSE(OpenFile().is_open());
    CHECK(all_of(disk, path).empty());
    CHECK(disk.append(*file, "hello"));
    CHECK(disk.append(*file, " world"));
    CHECK(disk.sync(*file));
    CHECK(disk.read(path, 4, 3).value() == "o w");
    CHECK(disk.read(path, 9, 100).value() == "ld");
    CHECK(disk.read(path, 50, 1).value().empty());
    CHECK(disk.truncate(*file, 4));
    CHECK(disk.append(*file, "!"));
    const Result<OpenFile> again = disk.open(path);
    REQUIRE(again);
    CHECK(disk.append(*again, "?"));
    CHECK(all_of(disk, path) == "hell!?");
    CHECK(disk.rewrite(path, "HE"));
    CHECK(all_of(disk, path) == "HEll!?");
    CHECK_FALSE(disk.rewrite(top + "/nowhere/a", "HE"));
    CHECK(disk.rewrite(path, "hell"));
    CHECK(disk.truncate(*file, 8));
    CHECK(all_of(disk, path) == std::string("hell!?\0\0", 8));
}

inline void check_names(DiskCalls& disk, const std::string& top) {
    const std::string here = top + "/names";
    CHECK(disk.list(here).error().fault == Fault::absent);
    REQUIRE(disk.make_directories(here));
    CHECK(disk.list(here).value().empty());
    const Result<OpenFile> one = disk.open(here + "/one");
    const Result<OpenFile> two = disk.open(here + "/two");
    REQUIRE(one);
    REQUIRE(two);
    CHECK(disk.append(*one, "1"));
    CHECK(disk.append(*two, "2"));
    CHECK(disk.rename(here + "/one", here + "/two"));
    CHECK(disk.append(*one, "+"));
    CHECK(all_of(disk, here + "/two") == "1+");
    CHECK(disk.read(here + "/one", 0, 1).error().fault == Fault::absent);
    CHECK_FALSE(disk.rename(here + "/one", here + "/two"));
    REQUIRE(disk.open(here + "/three"));
    std::vector<std::string> names = disk.list(here).value();
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"three", "two"});
    CHECK(disk.remove(here + "/two"));
    CHECK(disk.remove(here + "/two"));
    CHECK(disk.list(here).value() == std::vector<std::string>{"three"});
    CHECK(disk.sync_directory(here));
    CHECK_FALSE(disk.sync_directory(top + "/nowhere"));
}

inline void check_locks(DiskCalls& disk, const std::string& top) {
    REQUIRE(disk.make_directories(top + "/locks"));
    {
        const auto held = disk.take_lock(top + "/locks/lock");
        REQUIRE(held);
        CHECK(disk.take_lock(top + "/locks/lock").error().fault == Fault::busy);
    }
    CHECK(disk.take_lock(top + "/locks/lock"));
    CHECK_FALSE(disk.take_lock(top + "/nowhere/lock"));
}

}  // namespace homeostat::os::for_test
