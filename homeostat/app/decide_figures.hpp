#pragma once

// DecideFigures: what `bench decide` has to say, counted from what was asked and answered.
//
// What keeps it honest:
//   a menu with one entry decides nothing and is counted apart, and so is a menu that lacks the
//   right remedy: that is the rules' fault, whoever ranks it;
//   a menu of two makes anybody look wise: what a blind pick would get stands beside it, and so
//   does what the model chooses among all kinds when no menu holds it back;
//   a question that the model did not answer is a wrong answer of the model alone, though the
//   product would go on with the rules;
//   a case counts once, however often it was asked: repeats measure time and would only make an
//   interval look narrow.
//
// Pure. Values only.

#include "homeostat/app/decide_cases.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/decide/calibration.hpp"
#include "homeostat/domain/choice.hpp"
#include "homeostat/domain/ranking.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homeostat::app {

/// Answers of one kind: how long each took, and how much the model had to read for it.
struct Timings {
    std::vector<Duration> took;
    std::vector<std::uint32_t> tokens_fresh;  ///< Empty for the rules.
};

/// What was found out about one case.
struct CaseAnswer {
    std::optional<Ranking> ranking;  ///< The first one; absent: nobody was asked, or no answer.
    std::optional<Ranking> free;     ///< Of all kinds, whatever the menu offers.
    bool has_changed{false};         ///< A later answer put another kind first.
};

/// The kind that the model finds most likely. REQUIRES: it ranks something.
[[nodiscard]] RemedyKind first_of(const Ranking& ranking);

struct Machine {
    std::uint32_t cores{0};
    double load_before{0};  ///< Mean of runnable processes over the last minute.
    double load_after{0};
    std::uint32_t model_threads{0};
};

struct DecideMeasurement {
    std::vector<CaseAnswer> answers;  ///< One per case, in their order.
    int repeats{0};
    bool was_model_there{false};
    std::string model;  ///< Name and digest of the weights; or why there was none.
    std::optional<decide::Calibration> calibration;
    std::uint32_t failures_count{0};  ///< Questions without an answer, of all that were asked.
    Timings rules;
    Timings cold;   ///< The evidence was not read before the question, as when the agent asks.
    Timings again;  ///< The same question at once again: the most that reading ahead could save.
    Machine machine;
};

/// A count out of some, with the 95 % interval of the share (Wilson's score interval).
struct Share {
    std::uint32_t count{0};
    std::uint32_t of{0};

    void add(bool is_counted) {
        of += 1;
        count += is_counted ? 1 : 0;
    }
    [[nodiscard]] double low() const;   ///< 0 for nothing out of nothing.
    [[nodiscard]] double high() const;  ///< 1 for nothing out of nothing.
};

/// The same for each way of deciding. The model's two are absent when it was not there.
struct ModeShares {
    Share rules;
    std::optional<Share> model;
    std::optional<Share> both;
};

struct RowFigures {
    std::uint32_t cases_count{0};
    std::uint32_t one_entry_count{0};  ///< Menus that leave nothing to decide.
    Share right_is_offered;            ///< Of all menus.
    double blind{0};     ///< Mean chance of a blind pick from a menu with a choice to be right.
    ModeShares right;    ///< Of the menus with a choice.
    ModeShares harmful;  ///< Of those among them that offer something forbidden.
    std::optional<Share> free_right;    ///< The model without a menu, of all cases.
    std::optional<Share> free_harmful;  ///< The same.
};

/// One remedy kind as the model answered it when it was asked to rank all kinds.
struct LabelFigures {
    Share first;                       ///< It was the model's first.
    double probability{0};             ///< Mean over the cases.
    double probability_on_nothing{0};  ///< On evidence that says nothing: the habit.
};

struct DecideFigures {
    std::map<std::string, RowFigures> scenarios;
    RowFigures all;
    std::map<RemedyKind, LabelFigures> labels;  ///< Empty: the model was not there.
    std::uint32_t changed_count{0};             ///< Cases whose answer was not the same each time.
    std::uint32_t seeds_count{0};
};

/// REQUIRES: one answer per case.
[[nodiscard]] DecideFigures figures_of(std::span<const DecideCase> cases,
                                       const DecideMeasurement& measurement);

/// For people.
[[nodiscard]] std::string to_table(const DecideFigures& figures,
                                   const DecideMeasurement& measurement);

/// The same numbers as a document; null for what was not measured.
[[nodiscard]] json::value to_document(const DecideFigures& figures,
                                      const DecideMeasurement& measurement);

/// The smallest of the values that `ratio` of them do not exceed; 0 for none. REQUIRES: 0…1.
[[nodiscard]] double percentile(std::vector<double> values, double ratio);

}  // namespace homeostat::app
