#include "homeostat/adapters/envoy/envoy_dimmer.hpp"

#include "homeostat/adapters/envoy/file_change.hpp"
#include "homeostat/adapters/envoy/override_change.hpp"
#include "homeostat/os/clock.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

constexpr Duration never_ends_for = std::chrono::hours{24};  // SOURCE: DimmerFacts.

/// The wall clock is read in whole milliseconds, so each way over it may be one of them short.
constexpr std::chrono::milliseconds clock_step{1};

/// Now, by both clocks.
struct Now {
    Instant boot{os::read_boot_clock()};
    WallTime wall{os::read_wall_clock()};

    /// Late enough that what is read of it is not before `until`.
    [[nodiscard]] WallTime to_wall(Instant until) const {
        return wall + std::chrono::ceil<std::chrono::milliseconds>(until - boot) + 2 * clock_step;
    }
    /// At the earliest.
    [[nodiscard]] Instant to_boot(WallTime until) const {
        return boot + (until - wall) - clock_step;
    }
};

/// What speaks against an order before Envoy is asked.
std::optional<Outcome> objection_to(const Dim& dim, const Now& now) {
    if (dim.permille > permille_max) {
        return refused("more than all calls cannot be held back");
    }
    if (dim.permille > 0 && dim.until <= now.boot) {
        return refused("its time is over already");
    }
    if (dim.permille > 0 && dim.until > now.boot + override_lasts_max) {
        return refused("it would last longer than any override of ours");
    }
    return std::nullopt;
}

DimmerFacts facts_of(const NeighbourCluster& neighbour,
                     std::uint32_t permille,
                     const RuntimeFile& file,
                     const Now& now) {
    DimmerFacts facts{.neighbour = neighbour.service, .permille = permille};
    if (permille > 0) {
        const std::optional<WallTime> until = file.until_at(neighbour.dimmer);
        facts.until = until ? now.to_boot(*until) : now.boot + never_ends_for;
    }
    return facts;
}

}  // namespace

Task<Outcome> EnvoyDimmer::dim(DimRequest request, Instant deadline) {
    const Dim& dim = request.dim();
    const std::vector<NeighbourCluster>& known = admin_.options().neighbours;
    const auto own = std::ranges::find(known, dim.neighbour, &NeighbourCluster::service);
    if (own == known.end() || own->dimmer.empty()) {
        co_return refused("the edge knows no dimmer of that name");
    }
    const Now now;
    if (std::optional<Outcome> objection = objection_to(dim, now)) {
        co_return *std::move(objection);
    }
    SwitchOrder goal{.key = own->dimmer, .until = std::nullopt, .permille = dim.permille};
    if (dim.permille > 0) {
        goal.until = now.to_wall(dim.until);
    }
    EffectId effect = request.effect();
    Outcome outcome = co_await turn_override(admin_, std::move(goal), std::move(effect), deadline);
    co_return outcome;
}

Task<Result<std::vector<DimmerFacts>>> EnvoyDimmer::read_dimmers(Instant deadline) {
    std::vector<DimmerFacts> facts;
    std::vector<std::string> keys = dimmer_keys(admin_.options());
    if (keys.empty()) {
        co_return facts;
    }
    const Result<net::Turns::Turn> turn = co_await admin_.runtime_turns().take(deadline);
    if (!turn) {
        co_return std::unexpected(turn.error());
    }
    const Result<Overrides> overrides =
        co_await look_at_overrides(admin_, std::move(keys), deadline);
    if (!overrides) {
        co_return std::unexpected(overrides.error());
    }
    const Result<RuntimeOnDisk> on_disk = read_runtime(admin_.options());
    if (!on_disk) {
        co_return std::unexpected(on_disk.error());
    }
    const Now now;
    for (const NeighbourCluster& neighbour : admin_.options().neighbours) {
        if (!neighbour.dimmer.empty() && overrides->is_as_in(on_disk->file, neighbour.dimmer)) {
            facts.push_back(
                facts_of(neighbour, overrides->permille_at(neighbour.dimmer), on_disk->file, now));
        }
    }
    co_return facts;
}

}  // namespace homeostat::adapters::envoy
