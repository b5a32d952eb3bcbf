#include "homeostat/app/decide_scores.hpp"

#include "homeostat/app/story.hpp"

#include <fmt/format.h>

namespace homeostat::app {

namespace {

double share(std::uint64_t part, std::uint64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string row(const std::string& name, const FamilyScores& scores) {
    return fmt::format("{:<24} {:>6} {:>11.1f} {:>8.1f} {:>8.1f} {:>12.1f}\n", plain(name),
                       scores.cases, 100 * share(scores.acceptable, scores.cases),
                       100 * share(scores.harmful, scores.cases),
                       100 * share(scores.on_menu, scores.cases),
                       100 * share(scores.cause_found, scores.with_cause));
}

}  // namespace

void DecideScores::add(const std::string& family, const CaseScore& score) {
    FamilyScores& scores = families_[family.empty() ? "(no family told)" : family];
    count_ += 1;
    scores.cases += 1;
    scores.acceptable += score.is_acceptable ? 1 : 0;
    scores.harmful += score.is_harmful ? 1 : 0;
    scores.on_menu += score.is_on_menu ? 1 : 0;
    scores.with_cause += score.has_cause ? 1 : 0;
    scores.cause_found += score.is_cause_found ? 1 : 0;
}

double DecideScores::macro() const {
    double sum = 0;
    for (const auto& [family, scores] : families_) {
        sum += share(scores.acceptable, scores.cases);
    }
    return families_.empty() ? 0 : sum / static_cast<double>(families_.size());
}

FamilyScores DecideScores::sum() const {
    FamilyScores all;
    for (const auto& [family, scores] : families_) {
        all.cases += scores.cases;
        all.acceptable += scores.acceptable;
        all.harmful += scores.harmful;
        all.on_menu += scores.on_menu;
        all.with_cause += scores.with_cause;
        all.cause_found += scores.cause_found;
    }
    return all;
}

std::string DecideScores::table() const {
    std::string text = fmt::format("{:<24} {:>6} {:>11} {:>8} {:>8} {:>12}\n", "family", "cases",
                                   "acceptable%", "harmful%", "on menu%", "cause found%");
    for (const auto& [family, scores] : families_) {
        text += row(family, scores);
    }
    return text + row("all", sum()) +
           fmt::format("mean of the families: {:.1f} % acceptable\n", 100 * macro());
}

json::object DecideScores::document() const {
    const FamilyScores all = sum();
    return {{"cases", all.cases},
            {"macro", macro()},
            {"acceptable", share(all.acceptable, all.cases)},
            {"harmful", share(all.harmful, all.cases)},
            {"menu_recall", share(all.on_menu, all.cases)},
            {"cause_found", share(all.cause_found, all.with_cause)}};
}

}  // namespace homeostat::app
