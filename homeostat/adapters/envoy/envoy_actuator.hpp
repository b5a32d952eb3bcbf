#pragma once

// EnvoyActuator: takes an instance out of rotation and puts it back, opens and closes the circuits
// of neighbours, sends the reads of caches to their source and back, and says how all of these
// stand.
//
// It writes two files and reads Envoy's admin. Before a step both are looked at: an instance that
// is in rotation already needs no file, one that is drained already is somebody else's to put back,
// and one that a person has ordered UNHEALTHY, TIMEOUT or DEGRADED is left alone. What Envoy
// reports is how things are; a file that says otherwise is one that somebody has edited, or one of
// ours that Envoy has not taken yet. The first is refused, because our rename would put a
// stranger's change into force. Of the second nothing is taken over: what we write is what Envoy
// reports, and the one change. In the facts an instance whose file and state differ is `unknown`,
// and a switch is left out.
//
// An override is written with its end, and only while a watchdog lives that ends it (watchdog.hpp);
// so it outlives neither us nor, much, its time. Drains and overrides are in files: a restart of
// Envoy finds them again. Guard knows the floors; here an endpoint is never removed, and all may be
// drained, which is nobody's answer if the cluster's healthy_panic_threshold is 0 (docs/envoy.md).
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/endpoints_file.hpp"
#include "homeostat/adapters/envoy/file_change.hpp"
#include "homeostat/ports/actuator.hpp"

#include <string>

namespace homeostat::adapters::envoy {

class EnvoyActuator final : public ports::Actuator {
  public:
    /// `admin` outlives this.
    explicit EnvoyActuator(Admin& admin) : admin_(admin) {}

    [[nodiscard]] bool performs(const Step& step) const override;

    /// done: read back. refused: nothing was written, or Envoy rejected it and goes on as before.
    /// unknown: written, not read back.
    Task<Outcome> perform(Request request, Instant deadline) override;

    /// EdgeFacts with every configured instance; one that Envoy does not know, or of which its file
    /// says otherwise, is `unknown`. Such a circuit or route is left out.
    Task<Result<FactsPart>> read(Instant deadline) override;

  private:
    [[nodiscard]] Task<Outcome> reach(EndpointOrder goal, EffectId effect, Instant deadline);

    Admin& admin_;
};

}  // namespace homeostat::adapters::envoy
