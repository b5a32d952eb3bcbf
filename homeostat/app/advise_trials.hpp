#pragma once

// Advice tried in simulated worlds, by homeostat-lab, which lies beside this program: the worlds
// are no part of what guards a service.

#include "homeostat/advise/before_after.hpp"
#include "homeostat/base/result.hpp"

#include <filesystem>

namespace homeostat::app {

/// Starts `lab` and reads what it found. Takes seconds; its complaints go to our stderr.
/// ERRORS: absent: it is not there; late; broken: it ended ill, or said what no report is.
[[nodiscard]] Result<advise::BeforeAfter> try_advice(const std::filesystem::path& lab,
                                                     const advise::TrialOrder& order);

}  // namespace homeostat::app
