#include "homeostat/app/decide_figures.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/decide/decide.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace homeostat::app {

namespace {

constexpr double z = 1.959963984540054;  // Of the normal distribution, for 95 % on both sides.

/// The middle of Wilson's interval, and half its width.
std::pair<double, double> wilson(const Share& share) {
    const double n = share.of;
    const double p = share.count / n;
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return {middle, half};
}

bool offers(const Menu& menu, auto&& is_wanted) {
    return std::ranges::any_of(
        menu.items, [&](const MenuItem& item) { return is_wanted(kind_of(item.remedy)); });
}

/// What was chosen in one case; the model's two are absent when it was not there.
struct Choices {
    RemedyKind rules{};
    std::optional<RemedyKind> model;  ///< Absent too when it did not answer.
    std::optional<RemedyKind> both;
};

Choices choices_of(const DecideCase& one,
                   const CaseAnswer& answer,
                   const DecideMeasurement& measurement) {
    const ModelAnswer told = answer.ranking ? ModelAnswer::recorded : ModelAnswer::absent;
    const decide::Opinion opinion{told, answer.ranking, {}};
    const auto choice_by = [&](OracleMode mode) {
        return decide::choose(one.menu, opinion, {mode, measurement.calibration});
    };
    Choices choices;
    choices.rules = kind_of(choice_by(OracleMode::rules).remedy);
    if (!measurement.was_model_there) {
        return choices;
    }
    choices.both = kind_of(choice_by(OracleMode::both).remedy);
    // An answer that is no ranking of this menu leaves the rules alone, which is not its merit.
    const Choice by_model = choice_by(OracleMode::model);
    if (by_model.model_answer == ModelAnswer::used) {
        choices.model = kind_of(by_model.remedy);
    }
    return choices;
}

/// `counts` says of a kind whether it is to be counted; a missing answer is not.
void add(ModeShares& shares, const Choices& choices, bool is_model_there, auto&& counts) {
    shares.rules.add(counts(choices.rules));
    if (is_model_there) {
        Share& model = shares.model ? *shares.model : shares.model.emplace();
        model.add(choices.model && counts(*choices.model));
        Share& both = shares.both ? *shares.both : shares.both.emplace();
        both.add(choices.both && counts(*choices.both));
    }
}

/// The model when no menu holds it back; of a case that it did not answer, neither.
void add_free(RowFigures& row, const DecideCase& one, const CaseAnswer& answer) {
    const std::optional<RemedyKind> kind =
        answer.free ? std::optional(first_of(*answer.free)) : std::nullopt;
    row.free_right = row.free_right.value_or(Share{});
    row.free_right->add(kind && is_right(one, *kind));
    row.free_harmful = row.free_harmful.value_or(Share{});
    row.free_harmful->add(kind && is_harmful(one, *kind));
}

/// The share of a menu's kinds that are right.
double blind_chance(const std::vector<RemedyKind>& kinds, auto&& is_wanted) {
    return static_cast<double>(std::ranges::count_if(kinds, is_wanted)) /
           static_cast<double>(kinds.size());
}

void add_case(RowFigures& row,
              const DecideCase& one,
              const CaseAnswer& answer,
              const DecideMeasurement& measurement) {
    const auto right = [&](RemedyKind kind) { return is_right(one, kind); };
    const auto harmful = [&](RemedyKind kind) { return is_harmful(one, kind); };
    row.cases_count += 1;
    row.right_is_offered.add(offers(one.menu, right));
    if (measurement.was_model_there) {
        add_free(row, one, answer);
    }
    const std::vector<RemedyKind> kinds = decide::kinds_to_rank(one.menu);
    if (kinds.size() < 2) {
        row.one_entry_count += 1;
        return;
    }
    row.blind += blind_chance(kinds, right);  // A sum until all cases are in.
    const Choices choices = choices_of(one, answer, measurement);
    add(row.right, choices, measurement.was_model_there, right);
    if (offers(one.menu, harmful)) {
        add(row.harmful, choices, measurement.was_model_there, harmful);
    }
}

void add_labels(std::map<RemedyKind, LabelFigures>& labels, const Ranking& ranking) {
    for (const RankedKind& ranked : ranking.kinds) {
        LabelFigures& label = labels[ranked.kind];
        label.first.add(ranked.kind == first_of(ranking));
        label.probability += std::exp(ranked.log_probability);
        label.probability_on_nothing += std::exp(ranked.neutral_log_probability);
    }
}

/// Sums become means.
void settle(DecideFigures& figures) {
    for (auto& [kind, label] : figures.labels) {
        label.probability /= label.first.of;
        label.probability_on_nothing /= label.first.of;
    }
    std::vector<RowFigures*> rows{&figures.all};
    for (auto& [name, row] : figures.scenarios) {
        rows.push_back(&row);
    }
    for (RowFigures* row : rows) {
        row->blind /= std::max(row->right.rules.of, 1U);
    }
}

}  // namespace

RemedyKind first_of(const Ranking& ranking) {
    ensure(!ranking.kinds.empty(), "a ranking holds what was asked");
    return std::ranges::max_element(ranking.kinds, {}, &RankedKind::log_probability)->kind;
}

double Share::low() const {
    const auto [middle, half] = of == 0 ? std::pair(0.5, 0.5) : wilson(*this);
    return count == 0 ? 0.0 : middle - half;
}

double Share::high() const {
    const auto [middle, half] = of == 0 ? std::pair(0.5, 0.5) : wilson(*this);
    return count == of ? 1.0 : middle + half;
}

DecideFigures figures_of(std::span<const DecideCase> cases, const DecideMeasurement& measurement) {
    ensure(cases.size() == measurement.answers.size(), "every case has its answer");
    DecideFigures figures;
    std::set<std::uint64_t> seeds;
    for (std::size_t index = 0; index < cases.size(); ++index) {
        const DecideCase& one = cases[index];
        const CaseAnswer& answer = measurement.answers[index];
        for (RowFigures* row : {&figures.scenarios[one.scenario], &figures.all}) {
            add_case(*row, one, answer, measurement);
        }
        if (answer.free) {
            add_labels(figures.labels, *answer.free);
        }
        figures.changed_count += answer.has_changed ? 1 : 0;
        seeds.insert(one.seed);
    }
    figures.seeds_count = static_cast<std::uint32_t>(seeds.size());
    settle(figures);
    return figures;
}

double percentile(std::vector<double> values, double ratio) {
    ensure(ratio >= 0 && ratio <= 1, "a percentile is a share of the values");
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    const auto rank =
        static_cast<std::size_t>(std::ceil(ratio * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace homeostat::app
