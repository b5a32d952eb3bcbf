#pragma once

// Review: how far each kind of remedy has earned its autonomy. Front door of the folder; no part of
// the loop.
//
// Evidence is counted from closed incidents alone. It raises nothing by itself: whoever reads it
// edits the configuration. What lowers a level, a demotion, is the executor's (guard/guard.hpp) and
// is only told of here.
//
// Pure.

#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/verdict.hpp"
#include "homeostat/review/past.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homeostat::review {

/// How much evidence the next level takes. SOURCE: the project's reliability notes, after the
/// levels of automation that CNCF's TOC discusses: 50 agreements without a harmful one leave, at 95
/// % confidence, a rate of harm below 6 % (the rule of three); 20 verified successes leave one
/// below 14 % of what a person lets happen and sees.
struct Thresholds {
    std::uint32_t agreements_min{50};
    double agreement_ratio_min{0.9};  ///< Of those that can be told.
    std::uint32_t verified_min{20};   ///< With a person's leave, and proven to help.
};

/// What the records say of one kind.
struct Evidence {
    // While nobody let it be done.
    std::uint32_t shadow_same{0};
    std::uint32_t shadow_otherwise{0};
    std::uint32_t shadow_alone{0};
    std::uint32_t shadow_undecided{0};
    std::optional<Duration> alone_after_median{};  ///< From noticing to gone, of those alone.
    // While a person was asked.
    std::uint32_t asked{0};
    std::uint32_t approved{0};
    std::uint32_t denied{0};
    std::uint32_t silent{0};
    std::uint32_t approved_helped{0};
    std::uint32_t approved_not_helped{0};
    // While it acted.
    std::uint32_t acted_helped{0};
    std::uint32_t acted_not_helped{0};
    std::uint32_t unproven{0};    ///< Begun, and given up or closed before a proof.
    std::uint32_t undone{0};      ///< Of those that did not help, also with leave.
    std::uint32_t taken_back{0};  ///< Incidents in which somebody else took it back.
    std::uint32_t reflexes{0};    ///< No judgement: of these nothing else here is counted.
    /// Failures, also with leave, since a person last promoted it.
    std::uint32_t harmed{0};

    /// A person did the same, or said yes.
    [[nodiscard]] std::uint32_t agreements() const { return shadow_same + approved; }
    /// A person did something else, said no, or nobody had to do anything.
    [[nodiscard]] std::uint32_t disagreements() const {
        return shadow_otherwise + shadow_alone + denied;
    }

    static void fields(auto& self, auto&& field) {
        field("shadow_same", self.shadow_same);
        field("shadow_otherwise", self.shadow_otherwise);
        field("shadow_alone", self.shadow_alone);
        field("shadow_undecided", self.shadow_undecided);
        field("alone_after_median_ns", self.alone_after_median);
        field("asked", self.asked);
        field("approved", self.approved);
        field("denied", self.denied);
        field("silent", self.silent);
        field("approved_helped", self.approved_helped);
        field("approved_not_helped", self.approved_not_helped);
        field("acted_helped", self.acted_helped);
        field("acted_not_helped", self.acted_not_helped);
        field("unproven", self.unproven);
        field("undone", self.undone);
        field("taken_back", self.taken_back);
        field("reflexes", self.reflexes);
        field("harmed", self.harmed);
    }
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Where a kind stands, and what it lacks to go further.
struct KindReview {
    RemedyKind remedy{RemedyKind::observe};
    Autonomy configured{Autonomy::watch};
    Autonomy now{Autonomy::watch};
    std::optional<Demotion> demotion{};
    std::vector<Demotion> relapses{};      ///< In which it asks, wherever else it acts.
    std::optional<Promotion> promotion{};  ///< The latest.
    Evidence evidence;
    std::optional<Autonomy> next{};      ///< The level that evidence speaks about; none at `act`.
    std::vector<std::string> missing{};  ///< Sentences of ours; empty with `next`: it is earned.
};

/// The evidence of one kind. `incidents`: closed ones.
[[nodiscard]] Evidence evidence_of(RemedyKind kind,
                                   std::span<const PastIncident> incidents,
                                   const std::optional<Promotion>& promotion);

/// `configured` without a demotion that is in force, if `demotes`.
[[nodiscard]] KindReview review_of(RemedyKind kind,
                                   Autonomy configured,
                                   bool demotes,
                                   const Past& past,
                                   const Thresholds& thresholds);

}  // namespace homeostat::review
