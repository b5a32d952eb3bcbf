#include "homeostat/app/decide_cases.hpp"

#include "homeostat/app/demo/scenarios.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace homeostat::app {

namespace {

constexpr JsonLimits document_limits{.bytes_max = std::size_t{4} << 20U, .depth_max = 8};
constexpr std::string_view mend = "make the file anew with `make decide-cases`";

const demo::Scenario& scenario_of(const DecideCase& one) {
    const demo::Scenario* scenario = demo::find_scenario(one.scenario);
    ensure(scenario != nullptr, "a case that was read has a scenario");
    return *scenario;
}

bool holds(const std::vector<std::string>& names, RemedyKind kind) {
    return std::ranges::find(names, to_text(kind)) != names.end();
}

bool is_prior(const MenuItem& item) {
    return std::isfinite(item.prior) && item.prior >= 0 && item.prior <= 1;
}

bool is_shown_line(const std::string& line) {
    return !line.empty() && line.size() <= evidence_line_bytes_max;
}

/// What makes a case unfit to be asked; nothing if it is fit.
std::optional<std::string> objection_to(const DecideCase& one) {
    const std::vector<MenuItem>& items = one.menu.items;
    const auto is_observe = [](const MenuItem& item) {
        return kind_of(item.remedy) == RemedyKind::observe;
    };
    if (demo::find_scenario(one.scenario) == nullptr) {
        return "scenario: the demo has no such scenario";
    }
    if (items.size() > menu_items_max || std::ranges::none_of(items, is_observe)) {
        return fmt::format("menu.items: want 1 to {} entries, `observe` among them",
                           menu_items_max);
    }
    if (!std::ranges::all_of(items, is_prior)) {
        return "menu.items: want priors from 0 to 1";
    }
    const std::vector<std::string>& lines = one.evidence.lines;
    if (lines.empty() || lines.size() > evidence_lines_max ||
        !std::ranges::all_of(lines, is_shown_line)) {
        return fmt::format("evidence.lines: want 1 to {} lines of 1 to {} bytes",
                           evidence_lines_max, evidence_line_bytes_max);
    }
    return std::nullopt;
}

}  // namespace

Result<std::vector<DecideCase>> parse_decide_cases(std::string_view text) {
    const Result<json::value> document = parse_json(text, document_limits);
    if (!document) {
        return fail(Fault::invalid, fmt::format("{}; {}", document.error().text, mend));
    }
    Result<std::vector<DecideCase>> cases = from_json<std::vector<DecideCase>>(*document);
    if (!cases) {
        return fail(Fault::invalid, fmt::format("{}; {}", cases.error().text, mend));
    }
    if (cases->empty() || cases->size() > decide_cases_max) {
        return fail(Fault::invalid, fmt::format("it holds {} cases, want 1 to {}; {}",
                                                cases->size(), decide_cases_max, mend));
    }
    for (std::size_t index = 0; index < cases->size(); ++index) {
        if (const auto objection = objection_to((*cases)[index])) {
            return fail(Fault::invalid, fmt::format("[{}].{}; {}", index, *objection, mend));
        }
    }
    return cases;
}

bool is_right(const DecideCase& one, RemedyKind kind) {
    const demo::Scenario& scenario = scenario_of(one);
    return scenario.expected.empty() ? kind == RemedyKind::observe : holds(scenario.expected, kind);
}

bool is_harmful(const DecideCase& one, RemedyKind kind) {
    return holds(scenario_of(one).forbidden, kind);
}

}  // namespace homeostat::app
