#pragma once

// ConfigTelemetry: tells when the ConfigMaps of the configuration hold something else, by whoever's
// hand.
//
// First-hand: the cluster itself says so. If it was one of our effects its id is in `reference`, as
// the annotation beside the contents has it. A return to what was in force before is no change, and
// of several between two reads only the sum is one; so is one that came while nobody looked.
//
// Nothing is asked here: the watches' view is told from. Lives on one strand.

#include "homeostat/adapters/kubernetes/configs.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::kubernetes {

class ConfigTelemetry final : public ports::Telemetry {
  public:
    /// `known`: the version that was in force when the guard was last here, from the ledger. Empty:
    /// the first read finds out. REQUIRES: `configs` and `clock` outlive it.
    ConfigTelemetry(Configs& configs,
                    const ServiceId& service,
                    VersionId known,
                    ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }

    /// At most one ChangeReading; none while one of the ConfigMaps is not there. ERRORS: as
    /// Configs::look, and refused: one of them must not be read.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Configs& configs_;
    ServiceId service_;
    ports::Clock& clock_;
    std::string name_;
    VersionId known_;
    Instant known_at_{};  ///< The last whole view was so then; a change came later.
};

}  // namespace homeostat::adapters::kubernetes
