#pragma once

// Past: the incidents of a ledger, as far as a review weighs them: what was named and not done,
// what people were asked, what was done, and how each ended.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/ending_bodies.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/proof.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/symptom.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::review {

/// A remedy that nobody let us carry out, and what the world was like before and after.
struct Shadow {
    Remedy remedy;
    WallTime at{};
    std::optional<Facts> before;
    std::optional<Facts> after;   ///< Absent in older records, or where it could not be read.
    std::vector<Change> changes;  ///< Meanwhile, seen first-hand and not made by us.
};

/// A person was asked for leave.
struct Asked {
    Remedy remedy;
    std::optional<PersonSays> says;  ///< Absent: silence, which is no.
};

/// A remedy of which an effect was announced.
struct Attempt {
    Remedy remedy;
    bool is_reflex{false};
    bool is_approved{false};         ///< A person had agreed to it.
    std::optional<ProofKind> proof;  ///< Of it, not of what took it back.
    bool is_undone{false};           ///< By us, as it did not help.
    std::optional<WallTime> at;      ///< Of its first intent.
};

struct PastIncident {
    IncidentId incident;
    ServiceId service;
    Symptom symptom;
    Remedy named{Observe{}};  ///< The choice of the last proposal.
    WallTime began_at{};      ///< First signal of the symptom.
    WallTime opened_at{};
    WallTime closed_at{};
    std::optional<WallTime> helped_at;  ///< Of the last proof that something of ours helped.
    CloseKind how{CloseKind::passed};
    bool is_escalated{false};           ///< A person was called.
    std::uint32_t taken_back_count{0};  ///< Refusals because somebody else takes it back.
    std::optional<Shadow> shadow;       ///< Of the last proposal, as long as nothing was tried.
    std::vector<Asked> asked;
    std::vector<Attempt> attempts;
};

/// A person gave a kind its autonomy back.
struct Promotion {
    PromotedBody body;
    WallTime at{};
};

struct Past {
    std::map<IncidentId, PastIncident> open;  ///< Not closed yet, as far as was read.
    std::vector<PastIncident> closed;         ///< In the order of their closing.
    Demotions demotions;                      ///< In force at the end of what was read.
    std::vector<Promotion> promotions;        ///< Oldest first; the latest of each kind.
    std::optional<WallTime> first_at;         ///< Of the first group that was read.
    bool is_shortened{false};                 ///< What was older was dropped by age.
};

/// Goes on by one group, oldest first. Entries that cannot be read are passed over.
void note(Past& past, const EntryGroup& group);

/// From the first signal of the symptom to the proof that something of ours helped, or else to the
/// close.
[[nodiscard]] Duration outage_of(const PastIncident& incident);

/// Something of ours was done, and it is proven that it helped.
[[nodiscard]] bool is_healed_by_us(const PastIncident& incident);

}  // namespace homeostat::review
