// Any bytes for the tree that ranks candidates: refused with the mend, or walked for any row to a
// score that is a number, with weights that sum to 1.

#include "homeostat/base/ensure.hpp"
#include "homeostat/cases/tree_ranker.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cases = homeostat::cases;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto tree = cases::parse_tree(text);
    if (!tree) {
        ensure(tree.error().text.starts_with("tree: "), "a refusal says of what");
        ensure(tree.error().text.contains("--parts tree"), "a refusal names the mend");
        return 0;
    }
    std::vector<cases::Candidate> menu(3);
    for (std::uint32_t place = 0; place < menu.size(); ++place) {
        menu[place].place = place;
        menu[place].prior = 0.1 * place;
        menu[place].features.fill(place - 1.0);
        ensure(std::isfinite(tree->score(cases::tree_row(menu[place]))), "a score is a number");
    }
    tree->rank(menu);
    double sum = 0;
    for (const cases::Candidate& candidate : menu) {
        sum += candidate.weight;
    }
    ensure(menu.size() == 3 && std::abs(sum - 1) < 1e-9, "weights sum to 1");
    return 0;
}
