#pragma once

// ReviewReport: what `autonomy` and `report` print, for a person and for a program.
//
// Every number says of how many it is. Names of services come from the ledger and are escaped; in
// CSV a text that a spreadsheet would run is shown instead.
//
// Pure.

#include "homeostat/app/config.hpp"
#include "homeostat/app/own_usage.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/review/askings.hpp"
#include "homeostat/review/outages.hpp"
#include "homeostat/review/review.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct AutonomyReport {
    const Config& config;
    review::Thresholds thresholds{};
    std::vector<review::KindReview> kinds{};  ///< In the order of the kinds.
    std::size_t incidents_count{0};           ///< Closed ones that were looked at.
    std::optional<WallTime> first_at{};       ///< Of the ledger's first record; none: it is empty.
    bool is_shortened{false};                 ///< What was older was dropped by age.
};

/// Every kind that the configuration lets anything be said about.
[[nodiscard]] AutonomyReport autonomy_report(const Config& config, const review::Past& past);

[[nodiscard]] json::object to_document(const AutonomyReport& report);
[[nodiscard]] std::string to_lines(const AutonomyReport& report);

struct OutageReport {
    review::Outages outages;
    std::optional<WallTime> since{};
    std::optional<WallTime> until{};
    std::optional<WallTime> first_at{};
    bool is_shortened{false};
    UsageSum own_usage{};                 ///< Of the agent and its model, within the same bounds.
    review::QuestionFigures questions{};  ///< Of those asked within the same bounds.
};

[[nodiscard]] json::object to_document(const OutageReport& report);
[[nodiscard]] std::string to_lines(const OutageReport& report);
/// RFC 4180: a line for each service and remedy, spans in seconds.
[[nodiscard]] std::string to_csv(const OutageReport& report);

}  // namespace homeostat::app
