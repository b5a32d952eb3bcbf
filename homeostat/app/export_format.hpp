#pragma once

// ExportFormat: an entry of the ledger as a line for other programs, with its place in the chain.
//
// JSONL: one event a line in the shape of CloudEvents 1.0; `ledgergroup`, `ledgerposition` and
// `ledgerhash` (of the chain after the group) say where it stands. CSV: RFC 4180 with the same,
// columns that people sort by, and the whole body as JSON in the last one. In the columns for
// people a text that a spreadsheet would take for a formula gets an apostrophe in front; the body
// has it as it is.
//
// Pure.

#include "homeostat/domain/entry.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::app {

enum class ExportFormat : std::uint8_t { jsonl, csv };

/// One entry, for the length of a call.
struct ExportedEntry {
    const EntryGroup& group;
    const Entry& entry;
    std::size_t position{0};  ///< In its group.
    std::string_view hash;    ///< Of the chain after its group, hex.
    std::string_view service;
};

/// What stands before the first entry: the names of the columns, or nothing.
[[nodiscard]] std::string head_of(ExportFormat format);

/// The entry, with the end of its line.
[[nodiscard]] std::string line_of(const ExportedEntry& exported, ExportFormat format);

/// What a spreadsheet would run gets an apostrophe in front.
[[nodiscard]] std::string for_people(std::string text);

/// A field of CSV: in quotes where it has to be.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace homeostat::app
