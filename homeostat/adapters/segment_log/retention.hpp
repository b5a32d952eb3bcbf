#pragma once

// Retention: which of a ledger's oldest segments nothing needs any longer.
//
// Whole segments only, oldest first, and only those whose newest record is older than `keep`, by
// the wall clock and by the time that has passed for sure: within a boot its own clock tells, and
// of the time between two boots no more than a day is believed. A wall clock that jumps makes
// nothing old, however often somebody starts; a machine that was off for long keeps its records for
// longer. An incident is kept whole: one that is open, or that goes on in a younger segment, keeps
// all that it stands in, and with it everything behind. What a start needs of the entries that go
// is carried over in the record of the dropping.
//
// Pure. Not thread-safe.

#include "homeostat/adapters/segment_log/stored_group.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/dropped.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::segment_log {

/// When something is, by all that tells.
struct Moment {
    Instant at{};
    WallTime wall_at{};
    std::string boot_id;  ///< Of the boot that `at` belongs to.
};

class Retention {
  public:
    /// `keep`: zero keeps everything.
    explicit Retention(Duration keep) : keep_(keep) {}

    /// Takes in every group, in the order of the ledger.
    void learn(const StoredGroup& stored, std::size_t segment);

    struct Cut {
        std::size_t segment{0};  ///< Number of the first one that stays.
        DroppedBody body;        ///< Says so; its `ledger` is empty.
    };

    /// What may be dropped at `now`; nothing: no segment.
    [[nodiscard]] std::optional<Cut> cut(const Moment& now) const;

    /// What lay before this segment is not there any longer.
    void drop_before(std::size_t segment);

    /// The latest beginning that the ledger says it may have; 0: it says nothing of the kind.
    [[nodiscard]] std::uint64_t first_index_recorded() const { return first_index_recorded_; }

  private:
    struct Segment {
        std::uint64_t first_index{0};
        std::string previous;  ///< The chain's hash before it.
        WallTime newest_at{};
        Duration newest_passed{};  ///< Since the first group that was learnt, for sure.
        std::size_t needs_last{
            0};  ///< Number of the last segment that an incident here goes on in.
        std::size_t open_count{0};  ///< Incidents that began here and are open.
    };
    struct Incident {
        std::size_t first_segment{0};
        bool is_closed{false};
    };
    [[nodiscard]] Duration passed_until(const Moment& now) const;
    void learn_incident(const Entry& entry, std::size_t segment);

    Duration keep_;
    Duration passed_{};             ///< Until the last group.
    std::optional<Moment> latest_;  ///< Of it.
    std::map<std::size_t, Segment> segments_;
    std::map<std::string, Incident> incidents_;  ///< All of the segments that there are.
    CarriedOver carried_;
    std::uint64_t entries_count_{0};
    std::uint64_t first_index_recorded_{0};
};

}  // namespace homeostat::adapters::segment_log
