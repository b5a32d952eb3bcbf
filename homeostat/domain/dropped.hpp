#pragma once

// The body of a `dropped` entry: what a ledger says of the groups that it does not keep any longer,
// and what a start has to know of them all the same.
//
// Everything else that a start reads is bounded in time (cool-downs, budgets) or belongs to an
// incident that is open, and is not dropped. Only a person lifts a demotion, so it is carried over.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

struct CarriedOver {
    /// Of each artifact; a service that is rolled back to a version older than these is rare.
    static constexpr std::size_t versions_good_max = 256;

    std::uint64_t incident_last{0};  ///< Ids go on behind it, so that none is given twice.
    std::uint64_t changes_count{0};  ///< Likewise.
    PerArtifact<std::vector<VersionId>> versions_good;  ///< Oldest first.
    PerArtifact<VersionId> versions_last_seen;
    Demotions demotions;  ///< No time lifts them.

    /// Takes in an entry, in the order of the ledger.
    void learn(const Entry& entry);

    static void fields(auto& self, auto&& field) {
        field("incident_last", self.incident_last);
        field("changes_count", self.changes_count);
        field("versions_good", self.versions_good.deploy);
        field("versions_last_seen", self.versions_last_seen.deploy);
        field("configs_good", self.versions_good.config);
        field("configs_last_seen", self.versions_last_seen.config);
        field("flags_good", self.versions_good.flag, may_be_absent);
        field("flags_last_seen", self.versions_last_seen.flag, may_be_absent);
        field("demoted", self.demotions.all, may_be_absent);
    }
    friend bool operator==(const CarriedOver&, const CarriedOver&) = default;
};

/// Written by the ledger itself before it drops its oldest segments. A ledger that begins later
/// than with group 0 is whole only if it says so here.
struct DroppedBody {
    std::uint64_t first_index{0};    ///< Of the first group that is kept.
    std::string hash;                ///< Of the chain before it.
    std::string ledger;              ///< Which ledger: the hash of its group 0.
    std::uint64_t entries_count{0};  ///< Before this one, kept or not; none of this kind.
    Duration keep{};                 ///< As configured then.
    CarriedOver carried;             ///< What a start needs of all entries before this one.

    static void fields(auto& self, auto&& field) {
        field("first_index", self.first_index);
        field("hash", self.hash);
        field("ledger", self.ledger);
        field("entries_count", self.entries_count);
        field("keep", self.keep);
        field("carried", self.carried);
    }
};

/// Of "i-7" and of "i-7-1764127000": 7. 0 of anything else.
[[nodiscard]] std::uint64_t incident_number(std::string_view incident);

}  // namespace homeostat
