#pragma once

// Caution: whether what the tree puts first may be done, and how sure of a choice we are.
//
// A second tree says of a candidate how likely it does harm, and a calibration how much of that was
// bearable of each kind of remedy: measured on cases that neither tree learnt from, so that of
// cases like those no more than a stated share ends in harm. What is above its bar is not done; a
// person is called instead, and told of it. A calibration is for two trees, by their sums. With
// any other nothing was measured, and only what can be taken back and takes nobody out is done.
//
// The tree's own weight would be the simpler bar. On families that it has not learnt it tells
// harmful from harmless no better than chance does (models/ranker/README.md).
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/tree_ranker.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::cases {

/// Of one kind of remedy: the bar, and what it rests on.
struct ActBar {
    RemedyKind remedy{RemedyKind::observe};
    double harm_max{0};        ///< The harm tree's score above which it is not done.
    std::uint64_t n{0};        ///< Times that this kind came first, in both views of the cases.
    std::uint64_t acts{0};     ///< Of these, below the bar.
    std::uint64_t harmful{0};  ///< Of these, harmful.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("harm_max", self.harm_max);
        field("n", self.n);
        field("acts", self.acts);
        field("harmful", self.harmful);
    }
    friend bool operator==(const ActBar&, const ActBar&) = default;
};

/// How often a choice is right: 1 / (1 + exp(−(own + slope · log(weight / (1 − weight))))), where
/// `own` is that of what was chosen.
struct Sureness {
    double slope{0};
    double act{0};
    double observe{0};
    double escalate{0};
    double instead{0};  ///< A person is called because the remedy that came first is not done.

    static void fields(auto& self, auto&& field) {
        field("slope", self.slope);
        field("act", self.act);
        field("observe", self.observe);
        field("escalate", self.escalate);
        field("instead", self.instead);
    }
    friend bool operator==(const Sureness&, const Sureness&) = default;
};

/// What was promised of the bars. UNITS: shares.
struct ErrorRates {
    double of_cases{0};    ///< Harm, of all cases.
    double of_choices{0};  ///< Harm, of the cases in which one kind comes first.
    double of_healthy{0};  ///< Acts, of the cases in which nothing is wrong.

    static void fields(auto& self, auto&& field) {
        field("of_cases", self.of_cases);
        field("of_choices", self.of_choices);
        field("of_healthy", self.of_healthy);
    }
    friend bool operator==(const ErrorRates&, const ErrorRates&) = default;
};

/// Which cases were measured. For people; nothing is decided by it.
struct MeasuredOn {
    std::string split;
    std::uint64_t seed{0};
    std::uint64_t cases{0};
    std::uint64_t healthy{0};
    std::string cases_sha256;
    std::string healthy_sha256;

    static void fields(auto& self, auto&& field) {
        field("split", self.split);
        field("seed", self.seed);
        field("cases", self.cases);
        field("healthy", self.healthy);
        field("cases_sha256", self.cases_sha256);
        field("healthy_sha256", self.healthy_sha256);
    }
    friend bool operator==(const MeasuredOn&, const MeasuredOn&) = default;
};

struct TreeCalibration {
    std::uint32_t format{0};
    std::string tree_sha256;  ///< 64 lower-case hex digits, as the one below.
    std::string harm_sha256;
    MeasuredOn measured;
    ErrorRates error_rates;
    Sureness sureness;
    std::vector<ActBar> bars;  ///< A kind that is not among them is not done.

    static void fields(auto& self, auto&& field) {
        field("format", self.format);
        field("tree_sha256", self.tree_sha256);
        field("harm_sha256", self.harm_sha256);
        field("measured", self.measured);
        field("error_rates", self.error_rates);
        field("sureness", self.sureness);
        field("bars", self.bars);
    }
    friend bool operator==(const TreeCalibration&, const TreeCalibration&) = default;
};

/// ERRORS: invalid, with the place and the mend.
[[nodiscard]] Result<TreeCalibration> parse_tree_calibration(std::string_view text);

/// What becomes of a ranked menu.
struct Decision {
    std::size_t chosen{0};                ///< Its place.
    std::optional<std::size_t> withheld;  ///< The remedy that came first, where it is not done.
    std::optional<double> confidence;     ///< That it is acceptable; none: nothing was measured.
};

class Caution {
  public:
    /// calibration: none where there is none for these trees.
    Caution(TreeRanker harm, std::optional<TreeCalibration> calibration);

    /// What comes first, unless it acts and is above its bar: then a person is called.
    /// REQUIRES: a menu that a tree has ranked; to call a person is on it.
    [[nodiscard]] Decision decide(const std::vector<Candidate>& ranked) const;

  private:
    [[nodiscard]] bool may_act(const Candidate& candidate) const;
    [[nodiscard]] double confidence_of(const Candidate& chosen, bool is_instead) const;

    TreeRanker harm_;
    std::optional<TreeCalibration> calibration_;
};

/// models/ranker/harm.json and models/ranker/calibration.json, as they were when the program was
/// built.
[[nodiscard]] std::string_view shipped_harm_tree();
[[nodiscard]] std::string_view shipped_tree_calibration();

}  // namespace homeostat::cases
