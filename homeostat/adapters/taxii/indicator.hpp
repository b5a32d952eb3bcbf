#pragma once

// An indicator of STIX 2.1, as far as it tells of addresses.
//
// It is read strictly: a value of another kind than the standard's makes the whole indicator one
// that is not understood, and so one that lists nothing. It still takes the place of its older
// versions, because what they said is withdrawn whatever the new one says.
//
// SOURCE: STIX 2.1, 3.2 and 4.7.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/network.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::taxii {

enum class Claim : std::uint8_t {
    lists,     ///< Its addresses are suspicious from `from` until `until`.
    revoked,   ///< They are not any more.
    not_read,  ///< It is not understood, or not believed enough.
};

struct Indicator {
    std::string id;
    WallTime modified{};  ///< Tells its versions apart.
    Claim claim{Claim::not_read};
    std::vector<Network> networks;  ///< May be empty, unless it lists.
    std::string reason;             ///< Its name, cut and of plain characters.
    WallTime from{};
    WallTime until{};
};

/// Without `valid_until` an indicator is believed for so long after its last change: whoever has an
/// address changes, and reading the same old indicator again makes it no newer.
constexpr Duration lasts_default = std::chrono::hours{24};

/// `confidence_min`: of its own confidence, 0 to 100. One that tells none is believed if it is 0.
/// Nothing: it is no indicator of STIX 2.1 at all.
[[nodiscard]] std::optional<Indicator> parse_indicator(const json::value& value,
                                                       std::uint32_t confidence_min);

}  // namespace homeostat::adapters::taxii
