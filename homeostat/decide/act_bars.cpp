#include "homeostat/decide/act_bars.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/decide/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::decide {

namespace {

bool is_share(double value) {
    return value >= 0 && value <= 1;  // False of NaN.
}

std::optional<std::string> objection_to(const std::vector<ActBar>& bars, std::size_t at) {
    const ActBar& bar = bars[at];
    if (bar.remedy == RemedyKind::observe) {
        return "remedy: to observe needs no bar";
    }
    if (std::ranges::count(bars, bar.remedy, &ActBar::remedy) > 1) {
        return fmt::format("remedy: {} has two bars", to_text(bar.remedy));
    }
    if (!is_share(bar.confidence_min)) {
        return "confidence_min: want a share from 0 to 1";
    }
    if (bar.harmful > bar.acts || bar.acts > bar.n) {
        return "want harmful <= acts <= n";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> objection_to(const ActBars& acts) {
    for (const auto& [name, rate] :
         {std::pair{"of_cases", acts.of_cases}, std::pair{"of_choices", acts.of_choices}}) {
        if (!is_share(rate)) {
            return fmt::format("{}: want a share from 0 to 1", name);
        }
    }
    if (!is_sha256(acts.cases_sha256)) {
        return "cases_sha256: want 64 lower-case hex digits";
    }
    for (std::size_t at = 0; at < acts.bars.size(); ++at) {
        if (const auto objection = objection_to(acts.bars, at)) {
            return fmt::format("bars: [{}]: {}", at, *objection);
        }
    }
    return std::nullopt;
}

std::optional<HoldBack> hold_back_by(const ActBars& acts, RemedyKind kind, double confidence) {
    if (kind == RemedyKind::observe) {
        return std::nullopt;
    }
    const auto bar = std::ranges::find(acts.bars, kind, &ActBar::remedy);
    if (bar == acts.bars.end()) {
        return HoldBack{.by = HeldBackBy::no_bar};
    }
    return confidence >= bar->confidence_min
               ? std::nullopt
               : std::optional(HoldBack{HeldBackBy::bar, bar->confidence_min});
}

}  // namespace homeostat::decide
