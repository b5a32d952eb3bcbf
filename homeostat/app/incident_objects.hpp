#pragma once

// IncidentObjects: how each of the last incidents stands, for objects of the cluster.
//
// A view of the ledger like every other, made of its entries alone: read again after a restart it
// comes to the same objects, to the millisecond of each condition. Of more incidents than are kept
// the oldest go, those that are closed first.
//
// Pure. Not thread-safe; lives on the strand of its ledger.

#include "homeostat/adapters/kubernetes/incident_object.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/incident_summary.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

class IncidentObjects {
  public:
    /// REQUIRES: kept_max > 0.
    explicit IncidentObjects(std::size_t kept_max) : kept_max_(kept_max) {}

    /// Whether any of them is another than before.
    bool learn(const EntryGroup& group);

    /// `ledger`: its name, as verify-ledger prints it; a dozen digits of it are written.
    [[nodiscard]] std::vector<adapters::kubernetes::IncidentObject> all(
        const std::string& ledger) const;

  private:
    using Condition = adapters::kubernetes::IncidentCondition;
    struct Case {
        std::uint64_t number{0};  ///< In the order in which they began.
        IncidentSummary summary;
        std::string measured;
        std::string remedy;
        std::string described;
        std::optional<WallTime> closed_at;
        Condition closed{.type = "Closed"};
        Condition healed{.type = "Healed"};
        Condition waiting{.type = "WaitingForPerson"};
    };

    bool learn(const EntryGroup& group, const Entry& entry);
    static void add(Case& one, const EntryGroup& group, const Entry& entry);
    static void close(Case& one, const EntryGroup& group, const Entry& entry);
    void drop_oldest();

    std::size_t kept_max_;
    std::uint64_t next_number_{0};
    std::map<IncidentId, Case> cases_;
};

}  // namespace homeostat::app
