#pragma once

// Evidence of a case: what a survey found, as facts for the one writer (domain/evidence.hpp).
//
// No byte of a name, a version, a kind or a log line of the case is in them. A number that lies
// within the noise of its own past is left out here; the survey alone knows that noise.
//
// Pure. The same survey gives the same facts.

#include "homeostat/cases/survey.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/evidence_facts.hpp"

#include <span>
#include <string>

namespace homeostat::cases {

/// ENSURES: services and calls stand at the places that they have in the survey.
[[nodiscard]] EvidenceFacts facts_of(const Survey& survey);

/// What a model reads of the case; notes: the operator's, of the case.
[[nodiscard]] Evidence evidence_of(const Survey& survey, std::span<const std::string> notes);

}  // namespace homeostat::cases
