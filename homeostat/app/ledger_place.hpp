#pragma once

// LedgerPlace: where the ledger of a command is, and what stands beside it.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/heal/approvers.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct LedgerPlace {
    std::filesystem::path directory;
    std::filesystem::path sink;   ///< Empty: none is configured.
    std::filesystem::path index;  ///< Empty: none is kept of a ledger that is named by hand.
    std::vector<std::filesystem::path> witnesses{};  ///< Of signed heads, as configured.
    std::filesystem::path public_key{};              ///< What their signatures are checked with.
    std::vector<heal::Approver> approvers{};         ///< As the configuration lists them now.

    /// To be read on this machine, as it runs now.
    [[nodiscard]] adapters::segment_log::LedgerFiles files() const;
};

/// From --ledger, else from the configuration. ERRORS: invalid, with all that is wrong in it.
[[nodiscard]] Result<LedgerPlace> place_of(const LedgerOptions& options);

/// Of an option; an empty one is none. ERRORS: invalid.
[[nodiscard]] Result<std::optional<WallTime>> when_of(const std::string& text);

}  // namespace homeostat::app
