#pragma once

// The series of a case in its survey: in our units, counts as shares, one shift for each metric.

#include "homeostat/cases/case.hpp"
#include "homeostat/cases/survey.hpp"

namespace homeostat::cases {

/// Of services and replicas that `survey` names; a series of a replica that it does not name counts
/// as one of its service. True if users' own series are among them.
[[nodiscard]] bool read_series(const Shown& shown, Survey& survey);

}  // namespace homeostat::cases
