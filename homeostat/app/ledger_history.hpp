#pragma once

// LedgerHistory: a question to the whole life of a ledger, answered from its index.
//
// The index is brought up to date first. Where none can be kept (no right, no room, another command
// has it) the segments are read into one that goes with the process, so the answer is the same and
// only takes longer. For commands that tell of the past: no decision comes from here.
//
// Blocks.

#include "homeostat/adapters/ledger_index/ledger_index.hpp"
#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/base/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

struct History {
    std::vector<IncidentSummary> incidents;
    std::optional<adapters::ledger_index::Statistics> statistics;  ///< If they were asked for.
};

struct HistoryQuestion {
    adapters::ledger_index::IncidentFilter filter;
    bool has_statistics{false};
};

struct HistoryPlace {
    adapters::segment_log::LedgerFiles ledger;
    std::filesystem::path index;  ///< Empty: none is kept.
};

/// `tell` hears in one line of an index that was thrown away or could not be kept.
/// ERRORS: of the ledger: absent, corrupt, full.
[[nodiscard]] Result<History> ask_history(const HistoryPlace& place,
                                          const HistoryQuestion& question,
                                          const std::function<void(std::string_view)>& tell);

}  // namespace homeostat::app
