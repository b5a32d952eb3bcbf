#pragma once

// PledgePlane: a data plane that does as a test tells it. It ends by itself what orders say.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/mesh/mesh.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <type_traits>

namespace homeostat::sim::sut {

/// What it does when it is told to enter a mode. Everything else it obeys.
enum class PlaneAnswer : std::uint8_t {
    obey,
    refuse,  ///< It says so, and stays as it is.
    silent,  ///< It stays as it is, and says nothing.
};

constexpr auto names_of(std::type_identity<PlaneAnswer>) {
    return std::to_array<std::string_view>({"obey", "refuse", "silent"});
}

class PledgePlane {
  public:
    void answer_with(PlaneAnswer answer) { answer_ = answer; }

    /// The answer, where an order has one.
    std::optional<mesh::RouteApplied> carry_out(const mesh::Order& order);

    /// It was in this mode before the agent began.
    void begin_in(mesh::EnterMode order) { modes_.insert_or_assign(order.route, order); }

    [[nodiscard]] json::value describe(const mesh::RouteId& route, Instant now) const;

  private:
    std::optional<mesh::RouteApplied> obey(const mesh::EnterMode& order);
    std::optional<mesh::RouteApplied> obey(const mesh::Ramp& order);
    std::optional<mesh::RouteApplied> obey(const mesh::Restore& order);
    std::optional<mesh::RouteApplied> obey(const mesh::Throttle& order);
    /// What is not about a route of ours.
    std::optional<mesh::RouteApplied> obey(const auto& /*order*/) { return std::nullopt; }
    void clear(const mesh::RouteId& route);

    PlaneAnswer answer_{PlaneAnswer::obey};
    std::map<mesh::RouteId, mesh::EnterMode> modes_;
    std::map<mesh::RouteId, mesh::Ramp> ramps_;
    std::map<mesh::RouteId, mesh::Throttle> throttles_;
};

/// Whole milliseconds from `now` on.
[[nodiscard]] std::int64_t left_ms(Instant until, Instant now);

}  // namespace homeostat::sim::sut
