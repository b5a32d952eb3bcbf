#pragma once

// service_load: what an agent tells its neighbours of its own service, and of a route, made of one
// window of the edge.
//
// Pure. Values only.

#include "homeostat/heal/edge_windows.hpp"
#include "homeostat/mesh/mesh.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace homeostat::heal {

/// What this service can serve, and how it is, by one window of its own edge.
///
/// What it can serve is what its operator has declared, less what its answers take longer than
/// usual; and what it has just served is possible in any case. A queue or errors say that it cannot
/// do what is asked of it now; slower answers alone say that it could do less than usual.
[[nodiscard]] mesh::Load load_of(const EdgeWindow& window,
                                 std::uint32_t declared_rps,
                                 std::uint32_t floor_rps,
                                 const mesh::Limits& limits);

/// What this service did in the windows of late in which it could not do what was asked of it.
///
/// One of them says less than it can do where little came, so the best of them counts. A fall of
/// what it can do shows in each window: three in a row outweigh all before them. The first of a row
/// was half of it as before, and counts for as long as none follows it.
class Struggles {
  public:
    /// A window. UNITS: full answers/s.
    void take(bool is_struggling, std::uint32_t goodput_rps, Instant now);

    /// Absent: it could do all that was asked for ten seconds.
    [[nodiscard]] std::optional<std::uint32_t> best_rps() const;

  private:
    struct Window {
        Instant at{};
        std::uint32_t goodput_rps{0};
    };

    std::deque<Window> windows_;  ///< Oldest first.
    std::uint32_t row_count_{0};  ///< Of the last ones in a row.
};

/// What a caller saw of a route. `p95_ms` is 0: proxies that keep a mean alone do not say.
[[nodiscard]] mesh::Evidence evidence_of(const EdgeWindow& window);

/// So many of a thousand calls are more than `rps_max`; never more than the floor leaves.
[[nodiscard]] std::uint32_t permille_over(std::uint32_t rps_max,
                                          std::uint32_t calls_rps,
                                          std::uint32_t floor_rps);

}  // namespace homeostat::heal
