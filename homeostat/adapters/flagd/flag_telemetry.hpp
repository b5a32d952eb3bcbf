#pragma once

// FlagTelemetry: tells when flags were changed, by whoever's hand, and which.
//
// First-hand: we saw it ourselves. If it was one of our effects its id is in `reference`, else the
// names of the flags are, for people. Of several edits between two reads only the sum is one
// change, and one back to what was there before is none.
//
// A small file, read inline. Lives on one strand.

#include "homeostat/adapters/flagd/flags.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::flagd {

class FlagTelemetry final : public ports::Telemetry {
  public:
    /// `known`: the version in force when the guard was last here, from the ledger; a change in its
    /// absence is then one too. Empty: the first read finds out. REQUIRES: `flags` and `clock`
    /// outlive it.
    FlagTelemetry(Flags& flags, VersionId known, ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// At most one ChangeReading, dated when the file was written. ERRORS: as Flags::look.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    [[nodiscard]] Change change_to(const FlagFile& file, const VersionId& before) const;
    [[nodiscard]] Instant moment_of(Instant now) const;

    Flags& flags_;
    std::string name_;
    VersionId known_;
    Instant read_at_{};  ///< The last successful read; what changed came later.
    ports::Clock& clock_;
};

}  // namespace homeostat::adapters::flagd
