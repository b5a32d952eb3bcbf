#pragma once

// AdviceReport: advice as a person and a program read it, with a patch where the configuration is
// what would change.
//
// Names in it are the configuration's, sentences are ours. Ids of incidents come from the ledger:
// they are escaped for a terminal, and stand in no patch.
//
// Pure.

#include "homeostat/advise/advise.hpp"
#include "homeostat/advise/before_after.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// What was asked and found, and the file that patches are for.
struct AdviceReport {
    advise::Findings findings;
    const Config& config;
    std::string_view config_text;  ///< Of that file, as it stands.
    std::optional<WallTime> since{};
    std::size_t times_min{2};
    std::vector<advise::BeforeAfter> tried{};  ///< One for each advice; empty: none was tried.
};

[[nodiscard]] advise::Settings advise_settings(const Config& config);

[[nodiscard]] json::object to_document(const AdviceReport& report);
[[nodiscard]] std::string to_lines(const AdviceReport& report);

}  // namespace homeostat::app
