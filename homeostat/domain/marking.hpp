#pragma once

// Marking: what the edge is told of the sources of requests, by the lists of others.
//
// A mark stands in a table of the edge. Under `watched` and `on_trial` the edge only counts; under
// `denied` it refuses. Every order carries its end, and the edge ends it by itself then: whoever
// gave it may be dead.
//
// Only guard can make a MarkPermit, as it alone makes a Permit; a MarkRequest can only be made from
// one.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/network.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace homeostat {

/// In the order of what they cost a source. The edge's table holds the number.
enum class Mark : std::uint8_t {
    none,
    watched,   ///< Counted, and nothing else will come of it for now.
    on_trial,  ///< Counted, and denied later if little traffic is under it.
    denied,    ///< Refused by the edge.
};

constexpr auto names_of(std::type_identity<Mark>) {
    return std::to_array<std::string_view>({"none", "watched", "on_trial", "denied"});
}

constexpr std::uint8_t source_bits_v4 = 24 + Network::bits_of_v4;
constexpr std::uint8_t source_bits_v6 = 64;

/// Says whether the edge can hold it: one address, or what one customer has of them, which is a /24
/// of IPv4 and a /64 of IPv6. Each is one entry, and a request asks for both.
[[nodiscard]] inline bool is_source(const Network& network) {
    return network.bits == Network::bits_max ||
           network.bits == (is_v4(network) ? source_bits_v4 : source_bits_v6);
}

/// Mark these sources. Class: read back.
struct Marking {
    Mark mark{Mark::none};
    std::vector<Network> sources;
    Instant until{};         ///< The edge ends it then, or later, but never before. Unused at none.
    bool is_renewal{false};  ///< They have this mark already, and are to keep it.

    friend bool operator==(const Marking&, const Marking&) = default;
};

/// What the edge has counted since it started or its table was cleared. UNITS: requests.
struct MarkCounts {
    std::uint64_t requests{0};
    std::uint64_t watched{0};  ///< From sources under this mark; likewise the next two.
    std::uint64_t on_trial{0};
    std::uint64_t denied{0};
    std::uint64_t critical{0};  ///< As the operator declares them at the edge; 0 where they do not.
    std::uint64_t critical_on_trial{0};
    std::uint64_t critical_denied{0};

    friend bool operator==(const MarkCounts&, const MarkCounts&) = default;
};

namespace guard {
class Gate;
}

/// Guard's leave to mark these sources once. Cannot be copied or kept.
class MarkPermit {
  public:
    MarkPermit(const MarkPermit&) = delete;
    MarkPermit& operator=(const MarkPermit&) = delete;
    MarkPermit(MarkPermit&&) noexcept = default;
    MarkPermit& operator=(MarkPermit&&) noexcept = default;
    ~MarkPermit() = default;

    [[nodiscard]] const EffectId& effect() const { return effect_; }
    [[nodiscard]] const Marking& marking() const { return marking_; }

  private:
    friend class guard::Gate;
    MarkPermit(EffectId effect, Marking marking)
        : effect_(std::move(effect)), marking_(std::move(marking)) {}

    EffectId effect_;
    Marking marking_;
};

class MarkRequest {
  public:
    explicit MarkRequest(MarkPermit permit) : permit_(std::move(permit)) {}

    [[nodiscard]] const EffectId& effect() const { return permit_.effect(); }
    [[nodiscard]] const Marking& marking() const { return permit_.marking(); }

  private:
    MarkPermit permit_;
};

}  // namespace homeostat
