#pragma once

// Rules: which structural remedy there is against which cause, a row each.
//
// Pure.

#include "homeostat/advise/advise.hpp"

#include <optional>
#include <span>
#include <string>

namespace homeostat::advise {

/// What a rule proposes, before anybody has counted.
struct Change {
    std::string because;
    std::optional<Setting> setting{};
    std::optional<Snippet> snippet{};
};

struct Rule {
    CauseKind cause;
    AdviceKind kind;
    /// Says whether one incident of the cause speaks for the change.
    bool (*is_for)(const PastIncident& incident);
    /// Nothing where the configuration has it already, or where it would do harm.
    std::optional<Change> (*propose)(const Settings& settings, const std::string& target);
};

[[nodiscard]] std::span<const Rule> rules();

}  // namespace homeostat::advise
