#pragma once

// A run of the real ledger on a disk in memory, and what has to hold of what it leaves.
//
// For tests only.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/segment_writer.hpp"
#include "homeostat/sim/disk/sim_disk.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::ledger_test {

using adapters::segment_log::LedgerEnd;
using adapters::segment_log::SegmentWriter;
using adapters::segment_log::WriterOptions;
using ports::Durability;
using sim::disk::SimDisk;

/// Seven groups or so to a segment of five sectors: rotations, and much that is not synced.
inline WriterOptions options_on(SimDisk& disk) {
    return {.directory = "/var/ledger",
            .boot_id = fmt::format("boot-{}", disk.boots_count()),
            .segment_bytes_max = 2700,
            .probe = {},
            .disk = &disk};
}

/// What a run was told.
struct Told {
    std::uint64_t durable_count{0};   ///< Groups up to this were acknowledged as durable.
    std::uint64_t appended_count{0};  ///< Groups that may be there.
};

/// Opens the ledger and finds the numbers of its groups; appends `appends` more. Ends at the first
/// failure but for want of room, as a process does that may not act any more.
inline Told run(SimDisk& disk, const std::vector<Durability>& appends, Told told = {}) {
    Result<SegmentWriter> writer = SegmentWriter::open(options_on(disk));
    if (!writer) {
        return told;
    }
    const Result<LedgerEnd> end = writer->read([](const auto&) { return Result<void>{}; });
    if (!end || !writer->go_on_after(*end)) {
        return told;
    }
    std::uint64_t number = end->chain.next_index;
    told.durable_count = std::max(told.durable_count, number);  // Recovery syncs what it found.
    for (const Durability durability : appends) {
        told.appended_count = std::max(told.appended_count, number + 1);
        if (writer->append(adapters::segment_log::group_for_test(number), durability)) {
            ++number;
            if (durability == Durability::synced) {
                told.durable_count = number;
            }
        } else if (writer->poisoned_by()) {
            return told;
        }
    }
    static_cast<void>(writer->finish());  // What it was told before holds in any case.
    return told;
}

/// The numbers that the groups say, or the error.
inline Result<std::vector<std::uint64_t>> numbers_on(SimDisk& disk) {
    Result<SegmentWriter> writer = SegmentWriter::open(options_on(disk));
    if (!writer) {
        return std::unexpected(writer.error());
    }
    std::vector<std::uint64_t> numbers;
    const Result<LedgerEnd> end = writer->read([&](const auto& found) {
        const auto& body = found.stored.group.entries.at(0).body.as_object();
        numbers.push_back(body.at("number").template to_number<std::uint64_t>());
        return Result<void>{};
    });
    if (!end) {
        return std::unexpected(end.error());
    }
    const Result<void> ready = writer->go_on_after(*end);
    if (!ready) {
        return std::unexpected(ready.error());
    }
    return numbers;
}

/// What is wrong with the ledger after `told`; empty: every durable group is there, in order, none
/// is invented, and the ledger takes another one.
inline std::string trouble_with(SimDisk& disk, const Told& told) {
    const auto numbers = numbers_on(disk);
    if (!numbers) {
        return numbers.error().text;
    }
    if (*numbers != adapters::segment_log::numbers_below(numbers->size())) {
        return "the order is not kept";
    }
    if (numbers->size() < told.durable_count) {
        return "a durable group is lost";
    }
    if (numbers->size() > told.appended_count) {
        return "a group is invented";
    }
    const Told more = run(disk, {Durability::synced});
    if (more.durable_count != numbers->size() + 1) {
        return "it takes no other group";
    }
    const auto after = numbers_on(disk);
    return after && after->size() == more.durable_count ? "" : "what it took is not there";
}

/// Groups over three segments; between two that are synced up to six that are not.
inline std::vector<Durability> script() {
    std::vector<Durability> appends;
    for (const std::size_t written_count : {0U, 1U, 6U, 3U, 2U, 4U}) {
        appends.insert(appends.end(), written_count, Durability::written);
        appends.push_back(Durability::synced);
    }
    return appends;
}

}  // namespace homeostat::ledger_test
