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

[[nodiscard]] console::Notice needs_person_notice(const ServiceId& service,
                                                  const heal::IncidentView& view,
                                                  WallTime at);

[[nodiscard]] console::Notice closed_notice(const ServiceId& service,
                                            const ClosedCase& closed,
                                            WallTime at);

/// Of what a person may take back until then.
[[nodiscard]] console::Notice acted_notice(const ServiceId& service,
                                           const heal::UndoableView& view,
                                           WallTime until,
                                           WallTime at);

/// What a person is shown before they take it back. `must_sign`: approvers are listed.
/// REQUIRES: what was done has an inverse.
[[nodiscard]] console::UndoMatter undo_matter(const ServiceId& service,
                                              const heal::UndoableView& view,
                                              std::vector<std::string> touches,
                                              WallTime until,
                                              bool must_sign);

[[nodiscard]] console::Notice test_notice(const ServiceId& service, WallTime at);

}  // namespace homeostat::app
