#include "homeostat/cases/caution.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/low_risk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr std::uint32_t format_known = 1;
constexpr JsonLimits document_limits{.bytes_max = 8192, .depth_max = 4};
constexpr double score_max = 1e6;  // As a tree's values are bounded.
constexpr double slope_max = 10;
constexpr double own_max = 20;  // Beyond it a share is 0 or 1 to nine digits.
/// Of a weight of 0 or 1 the odds have no logarithm.
constexpr double weight_edge = 1e-6;
constexpr std::size_t digest_digits_count = 64;
constexpr std::string_view mend =
    "write it anew with `tools/decide_figures.py --parts calibration`";

bool is_digest(std::string_view text) {
    return text.size() == digest_digits_count && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool is_within(double value, double least, double most) {
    return value >= least && value <= most;  // False of NaN.
}

bool acts(const Candidate& candidate) {
    return candidate.kind && *candidate.kind != RemedyKind::observe;
}

std::optional<std::string> objection_to(const std::vector<ActBar>& bars) {
    for (std::size_t at = 0; at < bars.size(); ++at) {
        const ActBar& bar = bars[at];
        const auto refuse = [&](std::string_view why) {
            return fmt::format("bars: [{}]: {}", at, why);
        };
        if (bar.remedy == RemedyKind::observe) {
            return refuse("remedy: to observe needs no bar");
        }
        if (std::ranges::count(bars, bar.remedy, &ActBar::remedy) > 1) {
            return refuse(fmt::format("remedy: {} has two bars", to_text(bar.remedy)));
        }
        if (!is_within(bar.harm_max, -score_max, score_max)) {
            return refuse("harm_max: want a number from -1e6 to 1e6");
        }
        if (bar.harmful > bar.acts || bar.acts > bar.n) {
            return refuse("want harmful <= acts <= n");
        }
    }
    return std::nullopt;
}

std::optional<std::string> objection_to(const Sureness& sureness) {
    if (!is_within(sureness.slope, 0, slope_max)) {
        return fmt::format("sureness: slope: want a number from 0 to {}", slope_max);
    }
    for (const auto& [name, own] : {std::pair{"act", sureness.act},
                                    {"observe", sureness.observe},
                                    {"escalate", sureness.escalate},
                                    {"instead", sureness.instead}}) {
        if (!is_within(own, -own_max, own_max)) {
            return fmt::format("sureness: {}: want a number from -{} to {}", name, own_max,
                               own_max);
        }
    }
    return std::nullopt;
}

std::optional<std::string> objection_to(const TreeCalibration& calibration) {
    if (calibration.format != format_known) {
        return fmt::format("format: want {}, not {}", format_known, calibration.format);
    }
    const MeasuredOn& measured = calibration.measured;
    for (const auto& [name, digest] : {std::pair{"tree_sha256", &calibration.tree_sha256},
                                       {"harm_sha256", &calibration.harm_sha256},
                                       {"measured: cases_sha256", &measured.cases_sha256},
                                       {"measured: healthy_sha256", &measured.healthy_sha256}}) {
        if (!is_digest(*digest)) {
            return fmt::format("{}: want 64 lower-case hex digits", name);
        }
    }
    const ErrorRates& rates = calibration.error_rates;
    for (const auto& [name, rate] : {std::pair{"of_cases", rates.of_cases},
                                     {"of_choices", rates.of_choices},
                                     {"of_healthy", rates.of_healthy}}) {
        if (!is_within(rate, 0, 1)) {
            return fmt::format("error_rates: {}: want a share from 0 to 1", name);
        }
    }
    if (auto objection = objection_to(calibration.sureness)) {
        return objection;
    }
    return objection_to(calibration.bars);
}

}  // namespace

Result<TreeCalibration> parse_tree_calibration(std::string_view text) {
    const auto refuse = [](Fault fault, std::string_view why) {
        return fail(fault, fmt::format("tree calibration: {}; {}", why, mend));
    };
    const Result<json::value> parsed = parse_json(text, document_limits);
    if (!parsed) {
        return refuse(parsed.error().fault, parsed.error().text);
    }
    Result<TreeCalibration> calibration = from_json<TreeCalibration>(*parsed);
    if (!calibration) {
        return refuse(Fault::invalid, calibration.error().text);
    }
    if (const auto objection = objection_to(*calibration)) {
        return refuse(Fault::invalid, *objection);
    }
    return calibration;
}

Caution::Caution(TreeRanker harm, std::optional<TreeCalibration> calibration)
    : harm_(std::move(harm)), calibration_(std::move(calibration)) {}

bool Caution::may_act(const Candidate& candidate) const {
    if (!calibration_) {
        return is_low_risk(*candidate.kind);
    }
    const auto bar = std::ranges::find(calibration_->bars, *candidate.kind, &ActBar::remedy);
    return bar != calibration_->bars.end() && harm_.score(tree_row(candidate)) <= bar->harm_max;
}

double Caution::confidence_of(const Candidate& chosen, bool is_instead) const {
    const Sureness& sureness = calibration_->sureness;
    double own = chosen.kind ? sureness.observe : sureness.escalate;
    if (is_instead) {
        own = sureness.instead;
    } else if (acts(chosen)) {
        own = sureness.act;
    }
    const double weight = std::clamp(chosen.weight, weight_edge, 1 - weight_edge);
    return 1 / (1 + std::exp(-(own + sureness.slope * std::log(weight / (1 - weight)))));
}

Decision Caution::decide(const std::vector<Candidate>& ranked) const {
    ensure(!ranked.empty(), "to observe and to call a person are always on the menu");
    Decision decision;
    if (acts(ranked.front()) && !may_act(ranked.front())) {
        const auto person =
            std::ranges::find_if(ranked, [](const Candidate& one) { return !one.kind; });
        ensure(person != ranked.end(), "to call a person is always on the menu");
        decision.withheld = 0;
        decision.chosen = static_cast<std::size_t>(person - ranked.begin());
    }
    if (calibration_) {
        decision.confidence = confidence_of(ranked[decision.chosen], decision.withheld.has_value());
    }
    return decision;
}

}  // namespace homeostat::cases
