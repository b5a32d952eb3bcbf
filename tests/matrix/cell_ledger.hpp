#pragma once

// CellLedger: the segments of production, by the writer of production, on a disk in memory.
//
// Lives on the strand of one process.

#include "homeostat/adapters/segment_log/segment_writer.hpp"
#include "homeostat/ports/ledger.hpp"

#include "stage.hpp"

#include <functional>
#include <optional>

namespace homeostat::matrix {

class CellLedger final : public ports::Ledger {
  public:
    explicit CellLedger(Stage& stage) : stage_(stage) {}

    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override;
    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override;

    static constexpr const char* directory = "/ledger";

  private:
    void tell_phases(const EntryGroup& group);

    Stage& stage_;
    std::optional<adapters::segment_log::SegmentWriter> writer_;
    Instant busy_until_{};
};

}  // namespace homeostat::matrix
