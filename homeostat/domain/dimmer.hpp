#pragma once

// Dimmer: the edge's knob for how many of the calls to a neighbour it answers itself, with the
// fallback that the neighbour's caller has declared.
//
// A circuit is all or nothing; a dimmer takes off a neighbour just what it cannot do. What is held
// back is drawn anew for each call. Every order carries its end, and the edge ends it by itself
// then: whoever gave it may be dead.
//
// Only guard can make a DimPermit, as it alone makes a Permit; a DimRequest can only be made from
// one.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <utility>

namespace homeostat {

constexpr std::uint32_t permille_max = 1'000;

/// Answer so many of a thousand calls to the neighbour at the edge. Class: read back.
struct Dim {
    ServiceId neighbour;
    std::uint32_t permille{0};  ///< 0: none, as usual. At most `permille_max`.
    Instant until{};            ///< The edge ends it then, or later, but never before. Unused at 0.

    static void fields(auto& self, auto&& field) {
        field("neighbour", self.neighbour);
        field("permille", self.permille);
        field("until", self.until);
    }
    friend bool operator==(const Dim&, const Dim&) = default;
};

/// A neighbour's dimmer as the edge reports it.
struct DimmerFacts {
    ServiceId neighbour;
    std::uint32_t permille{0};
    /// When the edge ends it, at the earliest. Unused at 0.
    Instant until{};

    friend bool operator==(const DimmerFacts&, const DimmerFacts&) = default;
};

namespace guard {
class Gate;
}

/// Guard's leave to turn one dimmer once. Cannot be copied or kept.
class DimPermit {
  public:
    DimPermit(const DimPermit&) = delete;
    DimPermit& operator=(const DimPermit&) = delete;
    DimPermit(DimPermit&&) noexcept = default;
    DimPermit& operator=(DimPermit&&) noexcept = default;
    ~DimPermit() = default;

    [[nodiscard]] const EffectId& effect() const { return effect_; }
    [[nodiscard]] const Dim& dim() const { return dim_; }

  private:
    friend class guard::Gate;
    DimPermit(EffectId effect, Dim dim) : effect_(std::move(effect)), dim_(std::move(dim)) {}

    EffectId effect_;
    Dim dim_;
};

class DimRequest {
  public:
    explicit DimRequest(DimPermit permit) : permit_(std::move(permit)) {}

    [[nodiscard]] const EffectId& effect() const { return permit_.effect(); }
    [[nodiscard]] const Dim& dim() const { return permit_.dim(); }

  private:
    DimPermit permit_;
};

}  // namespace homeostat
