#pragma once

// UsageFile: the hours of OwnUsage in a file beside the ledger, LEDGER.usage: one JSON object a
// line, oldest first.
//
// Whatever is wrong with it costs the numbers of a report and nothing else: a line that cannot be
// read is passed over, a write that fails is told of once and forgotten. It is never synced.
//
// Not thread-safe.

#include "homeostat/app/own_usage.hpp"
#include "homeostat/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Of the ledger in that directory.
[[nodiscard]] std::filesystem::path usage_file_of(const std::filesystem::path& ledger);

/// More than a year of hours, and every start of a process makes one more.
constexpr std::size_t usage_lines_max = 10'000;
constexpr std::size_t usage_bytes_max = std::size_t{4} << 20U;

struct UsageRead {
    std::vector<UsageRecord> records;  ///< Oldest first.
    std::size_t unreadable_count{0};   ///< Lines that were passed over.
};

/// Pure. ENSURES: no more than the last `usage_lines_max` lines.
[[nodiscard]] UsageRead parse_usage(std::string_view text);

/// Nothing where there is no file. ERRORS: invalid: too large; unreachable.
[[nodiscard]] Result<UsageRead> read_usage(const std::filesystem::path& file);

/// One more line. ERRORS: full.
[[nodiscard]] Result<void> append_usage(const std::filesystem::path& file,
                                        const UsageRecord& record);

/// Leaves half of the lines that there may be, where there are more; what cannot be read goes, too.
/// ERRORS: full.
[[nodiscard]] Result<void> shorten_usage(const std::filesystem::path& file);

}  // namespace homeostat::app
