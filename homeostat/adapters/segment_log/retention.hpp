#pragma once

// Retention: which of a ledger's oldest segments nothing needs any longer.
//
// Whole segments only, oldest first, and only those whose newest record is older than `keep`. An
// incident is kept whole: one that is open, or that goes on in a younger segment, keeps all that it
// stands in, and with it everything behind. What a start needs of the entries that go is carried
// over in the record of the dropping.
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
    [[nodiscard]] std::optional<Cut> cut(WallTime now) const;

    /// What lay before this segment is not there any longer.
    void drop_before(std::size_t segment);

    /// The latest beginning that the ledger says it may have; 0: it says nothing of the kind.
    [[nodiscard]] std::uint64_t first_index_recorded() const { return first_index_recorded_; }

  private:
    struct Segment {
        std::uint64_t first_index{0};
        std::string previous;  ///< The chain's hash before it.
        WallTime newest_at{};
        std::size_t needs_last{
            0};  ///< Number of the last segment that an incident here goes on in.
        std::size_t open_count{0};  ///< Incidents that began here and are open.
    };
    void learn_incident(const Entry& entry, std::size_t segment);

    Duration keep_;
    std::map<std::size_t, Segment> segments_;
    std::map<std::string, std::size_t, std::less<>> open_;  ///< The segment that each began in.
    CarriedOver carried_;
    std::uint64_t entries_count_{0};
    std::uint64_t first_index_recorded_{0};
};

}  // namespace homeostat::adapters::segment_log
