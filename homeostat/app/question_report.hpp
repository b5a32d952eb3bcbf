#pragma once

// QuestionReport: what `report` says of how people answer, and aloud where nobody reads what they
// say yes to.
//
// Names of people come from the ledger and are escaped.
//
// Pure.

#include "homeostat/base/json.hpp"
#include "homeostat/review/askings.hpp"

#include <string>

namespace homeostat::app {

/// Empty: nobody was asked.
[[nodiscard]] std::string to_lines(const review::QuestionFigures& figures);

/// `questions` and `answerers` of the report's document.
void add_to(json::object& document, const review::QuestionFigures& figures);

}  // namespace homeostat::app
