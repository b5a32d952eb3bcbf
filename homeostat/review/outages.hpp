#pragma once

// Outages: how long users had a symptom, and how long they would have had it, as far as that can be
// told from the same records.
//
// The counterfactual of an incident that something of ours healed is the median outage of the
// incidents with the same symptom that nothing of ours healed: those that were only watched, those
// that waited for a person, those in which what we did failed. Where there are fewer than
// `references_min` of them there is none, and no number is made up for it.
//
// Pure.

#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/review/past.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace homeostat::review {

/// The median of one or two is an anecdote.
constexpr std::uint32_t references_min = 3;

/// What incidents of one symptom that nothing of ours healed took.
struct Reference {
    SymptomKind symptom{SymptomKind::errors};
    std::uint32_t incidents_count{0};
    std::optional<Duration> median{};  ///< Absent: there are too few.

    static void fields(auto& self, auto&& field) {
        field("symptom", self.symptom);
        field("incidents_count", self.incidents_count);
        field("median_ns", self.median);
    }
    friend bool operator==(const Reference&, const Reference&) = default;
};

/// Incidents of one service in which one kind of remedy came last, or was named and not done.
struct OutageRow {
    ServiceId service;
    RemedyKind remedy{RemedyKind::observe};
    std::uint32_t incidents_count{0};
    std::uint32_t healed_count{0};     ///< With a proof that something of ours helped.
    std::uint32_t passed_count{0};     ///< The symptom went without.
    std::uint32_t by_person_count{0};  ///< Closed by one.
    Duration outage{};                 ///< Of all of them, together.
    std::optional<Duration> outage_median{};
    std::uint32_t compared_count{0};       ///< Healed ones that have a counterfactual.
    Duration compared_outage{};            ///< Of these.
    Duration counterfactual{};             ///< Of these: what they would have taken.
    std::uint32_t pages_avoided_count{0};  ///< Healed, and nobody was called or asked.
    std::uint32_t asked_count{0};
    std::uint32_t approved_count{0};
    std::uint32_t denied_count{0};
    std::uint32_t silent_count{0};
    std::uint32_t acts_count{0};    ///< Remedies begun, taking back not counted.
    std::uint32_t failed_count{0};  ///< Of these, proven not to help.
    std::uint32_t undone_count{0};
    std::uint32_t spared_count{0};  ///< Gone before anything of what was permitted had begun.

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("remedy", self.remedy);
        field("incidents_count", self.incidents_count);
        field("healed_count", self.healed_count);
        field("passed_count", self.passed_count);
        field("by_person_count", self.by_person_count);
        field("outage_ns", self.outage);
        field("outage_median_ns", self.outage_median);
        field("compared_count", self.compared_count);
        field("compared_outage_ns", self.compared_outage);
        field("counterfactual_ns", self.counterfactual);
        field("pages_avoided_count", self.pages_avoided_count);
        field("asked_count", self.asked_count);
        field("approved_count", self.approved_count);
        field("denied_count", self.denied_count);
        field("silent_count", self.silent_count);
        field("acts_count", self.acts_count);
        field("failed_count", self.failed_count);
        field("undone_count", self.undone_count);
        field("spared_count", self.spared_count);
    }
    friend bool operator==(const OutageRow&, const OutageRow&) = default;
};

struct Outages {
    std::vector<OutageRow> rows;        ///< By service, then by kind.
    OutageRow total;                    ///< Of all rows; service and remedy say nothing.
    std::vector<Reference> references;  ///< Of every symptom that was there, by kind.
    std::uint32_t alone_count{0};       ///< Shadow: a remedy was named, and was not needed.
    std::uint32_t shadow_count{0};      ///< Of so many of which that can be told.
    std::uint32_t open_count{0};        ///< Not closed yet, and not counted.
};

/// Of the incidents that opened at `since` or later and before `until`; references are taken from
/// all that are closed.
[[nodiscard]] Outages outages_of(const Past& past,
                                 std::optional<WallTime> since,
                                 std::optional<WallTime> until);

}  // namespace homeostat::review
