// Any bytes for a line of a file of cases: refused with a reason, or surveyed and weighed with
// numbers that are numbers, with a menu that holds nothing that `possible` does not, and with
// evidence that is short and plain.

#include "homeostat/base/ensure.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/case.hpp"
#include "homeostat/cases/evidence.hpp"
#include "homeostat/cases/survey.hpp"
#include "homeostat/cases/tree_ranker.hpp"
#include "homeostat/domain/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cases = homeostat::cases;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto one = cases::parse_case({reinterpret_cast<const char*>(data), size});
    if (!one) {
        ensure(!one.error().text.empty(), "a refusal has a reason");
        return 0;
    }
    const cases::Survey survey = cases::survey_of(one->shown);
    std::vector<cases::Candidate> menu = cases::candidates_of(survey);
    static const auto tree = cases::parse_tree(cases::shipped_tree());
    ensure(tree.has_value(), "the tree of the program can be read");
    tree->rank(menu);
    ensure(menu.size() >= 2, "to observe and to call a person are always there");
    double sum = 0;
    double prior_sum = 0;
    for (const cases::Candidate& candidate : menu) {
        sum += candidate.weight;
        prior_sum += candidate.prior;
        ensure(std::ranges::all_of(candidate.features, [](double x) { return std::isfinite(x); }),
               "features are numbers");
        ensure(candidate.service == cases::nobody ||
                   survey.services.at(candidate.service).possible != nullptr,
               "only what is possible is offered");
        ensure(!cases::describe(candidate, survey).empty(), "a candidate has words");
    }
    ensure(std::abs(sum - 1) < 1e-6, "weights sum to 1");
    ensure(std::abs(prior_sum - 1) < 1e-6, "and so do those of the rules");
    for (const cases::RankedCause& cause : cases::causes_of(survey)) {
        ensure(std::isfinite(cause.weight) && cause.weight >= 0, "a cause has a weight");
    }
    std::size_t bytes = 0;
    for (const std::string& line : cases::evidence_of(survey, {}).lines) {
        bytes += line.size() + 1;
        ensure(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }),
               "evidence is plain");
    }
    ensure(bytes > 0 && bytes <= homeostat::evidence_bytes_max, "evidence keeps its bound");
    const homeostat::Evidence noted = cases::evidence_of(survey, one->shown.notes);
    ensure(noted.lines.size() <= homeostat::evidence_lines_max, "notes are few");
    ensure(std::ranges::all_of(noted.lines,
                               [](const std::string& line) {
                                   return line.size() <= homeostat::evidence_line_bytes_max;
                               }),
           "a note is a line of evidence");
    return 0;
}
