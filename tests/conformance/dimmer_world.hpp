#pragma once

// DimmerWorld: what a suite of dimmers has of an edge, real or simulated, with one neighbour that
// declares a dimmer; and what is counted and read there.
//
// For tests only.

#include "homeostat/domain/dimmer.hpp"
#include "homeostat/domain/outcome.hpp"

#include "circuit_conformance.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace homeostat::conformance {

class DimmerWorld {
  public:
    virtual ~DimmerWorld() = default;
    [[nodiscard]] virtual ServiceId neighbour() = 0;
    [[nodiscard]] virtual Instant now() = 0;
    /// All given before the first is answered.
    virtual std::vector<Outcome> dim(std::vector<Dim> orders, Duration within) = 0;
    virtual Result<std::vector<DimmerFacts>> read(Duration within) = 0;
    /// One call to the neighbour, as the service makes it.
    virtual Answered call() = 0;
    /// Returns once the neighbour has a call that it takes its time for; and who answered it.
    virtual void begin_slow_call() = 0;
    virtual Answered end_slow_call() = 0;
    /// The edge does nothing at all, and goes on where it was.
    virtual void stand_still() = 0;
    virtual void go_on() = 0;
    /// The edge is gone, and another one starts.
    virtual void kill() = 0;
    virtual void start() = 0;
    /// Returns once `holds` does; fails the test if it never does.
    virtual void wait_until(const std::function<bool()>& holds) = 0;
};

/// Makes a world whose edge ends an order after so long at the latest, or when the order says.
using DimmerWorldMaker = std::function<std::unique_ptr<DimmerWorld>(std::chrono::milliseconds)>;

constexpr Duration dim_within = std::chrono::seconds{5};
constexpr Duration dim_lasts = std::chrono::seconds{20};
constexpr int dim_calls_count = 1'000;

inline OutcomeKind dim_kind(DimmerWorld& world, Dim order, Duration within = dim_within) {
    return world.dim({std::move(order)}, within).front().kind;
}

inline Dim order_of(DimmerWorld& world, std::uint32_t permille, Duration lasts = dim_lasts) {
    return {world.neighbour(), permille, world.now() + lasts};
}

inline DimmerFacts dimmer_in(DimmerWorld& world) {
    const Result<std::vector<DimmerFacts>> facts = world.read(dim_within);
    REQUIRE(facts);
    REQUIRE(facts->size() == 1);
    CHECK(facts->front().neighbour == world.neighbour());
    return facts->front();
}

/// That calls are held back as ordered, and the edge says so. A share is drawn, so five deviations
/// off are allowed: one false alarm in 1.7 million. Nothing and all are exact.
inline void check_held(DimmerWorld& world, std::uint32_t permille) {
    CAPTURE(permille);
    CHECK(dimmer_in(world).permille == permille);
    int held_count = 0;
    for (int count = 0; count < dim_calls_count; ++count) {
        const Answered answered = world.call();
        REQUIRE(answered != Answered::by_nobody);
        held_count += answered == Answered::by_fallback ? 1 : 0;
    }
    const double share = static_cast<double>(permille) / permille_max;
    const double deviation = std::sqrt(dim_calls_count * share * (1 - share));
    CHECK(std::abs(held_count - dim_calls_count * share) <= 5 * deviation);
}

}  // namespace homeostat::conformance
