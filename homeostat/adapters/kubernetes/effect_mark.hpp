#pragma once

// EffectMark: whose effect a field is, said by the name of its manager: "homeostat i-7.e2 from 3".
//
// The server keeps for every field who wrote it last, under the name that the writer gives, so that
// effect and mark are one write, and whoever sets another value takes both (ADR 32).
//
// Pure. Values only.

#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

struct EffectMark {
    EffectId effect;
    std::uint64_t from{0};  ///< What the field said before the first of ours.

    friend bool operator==(const EffectMark&, const EffectMark&) = default;
};

/// As the manager of the field is named.
[[nodiscard]] std::string manager_text(const EffectMark& mark);

/// Nothing: it is another's name.
[[nodiscard]] std::optional<EffectMark> parse_effect_mark(std::string_view manager);

}  // namespace homeostat::adapters::kubernetes
