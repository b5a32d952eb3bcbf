#pragma once

// Actuator: causes effects in one part of the world, and reads that part back.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/domain/signal.hpp"

#include <optional>

namespace homeostat::ports {

class Actuator {
  public:
    virtual ~Actuator() = default;

    /// Says whether this actuator performs such a step. Exactly one of an executor's does.
    [[nodiscard]] virtual bool performs(const Step& step) const = 0;

    /// How long a step of its own may take, from its declaration; nothing: as long as any.
    [[nodiscard]] virtual std::optional<Duration> performs_for_max(const Step& /*step*/) const {
        return std::nullopt;
    }

    /// Whether its part of the world counts where a symptom of this subject is dealt with. Whoever
    /// has to run a program to look is not asked about anything else: what has crashed does not
    /// wait for it.
    [[nodiscard]] virtual bool is_about(const Subject& /*subject*/) const { return true; }

    /// Causes the effect once, if its precondition holds. Never throws, never retries after a reply
    /// that it did not understand: that is Outcome unknown.
    virtual Task<Outcome> perform(Request request, Instant deadline) = 0;

    /// Reads its part of the world now, from the first-hand source, not from a cache.
    virtual Task<Result<FactsPart>> read(Instant deadline) = 0;

    /// The same for looks by which nothing is done, many of them while nothing is wrong: what it is
    /// told of by itself will do, where asking costs somebody else something.
    virtual Task<Result<FactsPart>> glance(Instant deadline) { return read(deadline); }
};

}  // namespace homeostat::ports
