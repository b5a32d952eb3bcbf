#pragma once

// Wordings: what programs of many makes write into their logs about the same thing.
//
// A wording is one way to say it, with slots in braces: {peer} {ms} {n} {version} {hex} {name}.
// What it is about is a symptom that the recording shows, or the name of a fault whose own words
// these are. Training and judgement draw from different ones (`Split`).
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/split.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace homeostat::sim::cases {

struct Wording {
    std::string_view about;
    std::string_view level;  ///< "info", "warn", "error" or "fatal".
    std::string_view text;
};

/// What fills the slots.
struct Slots {
    std::string peer;
    std::uint64_t ms{0};
    std::uint64_t n{0};
    std::string version;
    std::string name;
};

/// All there are; those about one thing stand together.
[[nodiscard]] std::span<const Wording> all_wordings();

/// One about that, of those the split may use. None: nobody writes anything about it.
/// REQUIRES: where it is a fault's name, the split may use that family.
[[nodiscard]] std::optional<Wording> draw_wording(Rng& rng, Split split, std::string_view about);

/// The text with its slots filled; {hex} is drawn.
[[nodiscard]] std::string fill(Rng& rng, std::string_view text, const Slots& slots);

}  // namespace homeostat::sim::cases
