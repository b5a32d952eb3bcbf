#pragma once

// What a person is shown of a question, and told of an incident: from the executor's view of it,
// the agent's proposal and the facts, in sentences of ours.
//
// Pure.

#include "homeostat/app/open_cases.hpp"
#include "homeostat/console/matter.hpp"
#include "homeostat/console/notice.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/guard/limits.hpp"
#include "homeostat/heal/executor_settings.hpp"
#include "homeostat/heal/person_order.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// What the question touches, a sentence each: how many instances of how many, what stays, and
/// whether it can be taken back.
[[nodiscard]] std::vector<std::string> touches_of(const Remedy& remedy,
                                                  const Facts& facts,
                                                  const guard::Limits& limits);

/// Nothing: it asks nothing, or the ledger's proposal is not the one that is asked about. `until`
/// is the question's deadline by the clock on the wall.
[[nodiscard]] std::optional<console::Matter> matter_of(const heal::IncidentView& view,
                                                       const Proposal& proposal,
                                                       const Facts& facts,
                                                       const guard::Limits& limits,
                                                       WallTime until);

/// Without links. REQUIRES: `matter` is of this view.
[[nodiscard]] console::Notice asks_notice(const console::Matter& matter, WallTime at);

/// `may_undo`: it holds what a person may have given back.
[[nodiscard]] console::Notice needs_person_notice(const ServiceId& service,
                                                  const heal::IncidentView& view,
                                                  bool may_undo,
                                                  WallTime at);

/// What people were told of an incident that is open.
struct ToldOfIncident {
    std::string question;   ///< The id of the latest that was told.
    std::string trouble;    ///< Likewise, what a person is needed for,
    std::uint64_t call{0};  ///< and which call of OpenCases that was.

    [[nodiscard]] bool is_any() const { return !question.empty() || !trouble.empty(); }
};

/// A person is needed, and was not told so. `call`: see OpenCases; absent: nothing can be recorded
/// now, or it is parked, of which the entry may be older than this process: then the text decides.
[[nodiscard]] bool is_newly_needed(const heal::IncidentView& view,
                                   std::optional<std::uint64_t> call,
                                   const ToldOfIncident& told);

[[nodiscard]] console::Notice closed_notice(const ServiceId& service,
                                            const ClosedCase& closed,
                                            WallTime at);

/// Of what a person may take back until then. `must_sign`: approvers are listed.
[[nodiscard]] console::Notice acted_notice(const ServiceId& service,
                                           const heal::UndoableView& view,
                                           WallTime until,
                                           WallTime at,
                                           bool must_sign);

/// What a person is shown before they take it back. `must_sign`: approvers are listed.
/// REQUIRES: what was done has an inverse.
[[nodiscard]] console::UndoMatter undo_matter(const ServiceId& service,
                                              const heal::UndoableView& view,
                                              std::vector<std::string> touches,
                                              WallTime until,
                                              bool must_sign);

[[nodiscard]] console::Notice test_notice(const ServiceId& service, WallTime at);

}  // namespace homeostat::app
