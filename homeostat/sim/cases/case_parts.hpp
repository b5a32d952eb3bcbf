#pragma once

// CaseParts: the parts of a case that a decider sees, each added to the JSON of the case.
//
// Pure. Internal to the folder.

#include "homeostat/base/json.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/possible.hpp"
#include "homeostat/sim/cases/split.hpp"
#include "homeostat/sim/cases/story.hpp"

namespace homeostat::sim::cases {

/// As `rounded`; a whole one without a point.
[[nodiscard]] json::value number(double value);

void add_services(json::object& object, const Story& story);
void add_possible(json::object& object, const Story& story, const Possible& possible);
void add_calls(json::object& object, const Story& story);
void add_alerts(json::object& object, const Story& story);
void add_changes(json::object& object, Rng& rng, const Story& story);
void add_events(json::object& object, const Story& story);
void add_objects(json::object& object, const Story& story);
void add_logs(json::object& object, Rng& rng, const Story& story, Split split);
void add_series(json::object& object, Rng& rng, const Story& story);

}  // namespace homeostat::sim::cases
