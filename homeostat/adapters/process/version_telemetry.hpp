#pragma once

// VersionTelemetry: tells when an artifact's link `current` has moved, by whoever's hand.
//
// First-hand: we saw it ourselves. If the swap was one of our effects its id is in `reference`;
// whether a change counts as ours is decided elsewhere, from the ledger. A swap to the version that
// was current before is no change, and of several swaps between two reads only the sum is one.
//
// Two small calls, inline. Lives on one strand.

#include "homeostat/adapters/process/options.hpp"
#include "homeostat/adapters/process/versions.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::process {

class VersionTelemetry final : public ports::Telemetry {
  public:
    /// `known`: the version that was current when the guard was last here, from the ledger; a swap
    /// in its absence is then a change too. Empty: the first read finds out. REQUIRES: `clock`
    /// outlives it.
    VersionTelemetry(const Options& options,
                     Artifact artifact,
                     VersionId known,
                     ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// At most one ChangeReading, dated when the link was made. ERRORS: absent, invalid: the link.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    [[nodiscard]] Instant moment_of(const CurrentVersion& current, Instant now) const;

    ServiceId service_;
    Artifact artifact_;
    std::string name_;
    Versions versions_;
    VersionId known_;
    Instant read_at_{};  ///< The last successful read; the swap came later.
    ports::Clock& clock_;
};

}  // namespace homeostat::adapters::process
