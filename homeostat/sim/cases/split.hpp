#pragma once

// Split: which fault families, service names and wordings are kept from training.
//
// Held out is what a hash of its name says, with a salt that is committed: nobody chooses, a new
// family falls on its side by itself, and an old one never changes it. `split_test.cpp` freezes the
// list.
//
// Pure.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat::sim::cases {

/// From which side a case draws its families, names and wordings.
enum class Split : std::uint8_t {
    all,
    train,
    held_out,   ///< Nothing of it was ever trained on.
    new_words,  ///< Families of training, in names and wordings that are held out.
};

constexpr auto names_of(std::type_identity<Split>) {
    return std::to_array<std::string_view>({"all", "train", "held-out", "new-words"});
}

/// What has names that are held out, each kind by a hash of its own.
enum class Pool : std::uint8_t { family, service, wording };

constexpr auto names_of(std::type_identity<Pool>) {
    return std::to_array<std::string_view>({"family", "service", "wording"});
}

/// About a fifth of each pool is.
[[nodiscard]] bool is_held_out(Pool pool, std::string_view name);

/// Whether a case of this split may draw it.
[[nodiscard]] bool is_in(Split split, Pool pool, std::string_view name);

}  // namespace homeostat::sim::cases
