// Any bytes for the calibration of the trees: refused with the mend, or a decision on any menu that
// is on that menu, with a confidence that is a share, and that acts only below a bar.

#include "homeostat/base/ensure.hpp"
#include "homeostat/cases/caution.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cases = homeostat::cases;
using homeostat::ensure;
using homeostat::RemedyKind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto calibration = cases::parse_tree_calibration(text);
    if (!calibration) {
        ensure(calibration.error().text.starts_with("tree calibration: "), "it says of what");
        ensure(calibration.error().text.contains("--parts calibration"), "it names the mend");
        return 0;
    }
    constexpr double harm = -2;
    const cases::Caution caution(cases::TreeRanker({{{.value = harm}}}, 1), *calibration);
    for (const RemedyKind kind : {RemedyKind::restart, RemedyKind::eject, RemedyKind::observe}) {
        std::vector<cases::Candidate> menu(2);
        menu[0].kind = kind;
        menu[0].weight = 1;
        const cases::Decision decision = caution.decide(menu);
        ensure(decision.chosen < menu.size(), "what is chosen is on the menu");
        ensure(decision.confidence && *decision.confidence >= 0 && *decision.confidence <= 1,
               "a confidence is a share");
        const bool is_below = std::ranges::any_of(calibration->bars, [&](const cases::ActBar& bar) {
            return bar.remedy == kind && harm <= bar.harm_max;
        });
        const bool may = kind == RemedyKind::observe || is_below;
        ensure(decision.withheld.has_value() == !may, "nothing is done above its bar");
    }
    return 0;
}
