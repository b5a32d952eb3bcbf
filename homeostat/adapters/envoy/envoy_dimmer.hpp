#pragma once

// EnvoyDimmer: turns the dimmers of neighbours, which are overrides of Envoy's runtime.
//
// A dimmer is written with its end, as a circuit is, and only while a watchdog lives that ends it;
// that end is one of the wall clock, which the watchdog goes by: a jump of it ahead ends a dimmer
// early, and the reading says so then. It is in a file, so a restart of Envoy finds it again.
//
// The actuator of circuits writes the same file; override_change.hpp lets one at a time.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/ports/dimmer.hpp"

#include <vector>

namespace homeostat::adapters::envoy {

class EnvoyDimmer final : public ports::Dimmer {
  public:
    /// `admin` outlives this, and is the one of the EnvoyActuator.
    explicit EnvoyDimmer(Admin& admin) : admin_(admin) {}

    /// done: read back. refused: nothing was written, or Envoy rejected it and goes on as before.
    /// unknown: written, not read back.
    Task<Outcome> dim(DimRequest request, Instant deadline) override;

    /// One of which the file says otherwise than Envoy is left out.
    Task<Result<std::vector<DimmerFacts>>> read_dimmers(Instant deadline) override;

  private:
    Admin& admin_;
};

}  // namespace homeostat::adapters::envoy
