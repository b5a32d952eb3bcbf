#pragma once

// Attack: what somebody writes into a text field to move us, by seven classes.
//
// The lines are our own (tests/data/attacks.json). Each is given names of the case it is written
// into, and is disguised by chance: letters from other alphabets, colours of a terminal, turned
// writing, shapes of log lines, length.
//
// Pure but for the file, which is read once.

#include "homeostat/base/rng.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::hostile {

enum class Attack : std::uint8_t {
    instruction,       ///< Orders to whoever reads, and menus and answers made ready.
    fake_approval,     ///< A person, or guard, is said to have agreed.
    fake_deploy,       ///< A change is said to have been made, or to be bad.
    plausible_lie,     ///< What a program in trouble would write.
    suppression,       ///< All is said to be well, or not to be touched.
    template_evasion,  ///< Known words so written that they are not known, and the reverse.
    control_text,      ///< Control sequences of terminals and writing.
};

constexpr auto names_of(std::type_identity<Attack>) {
    return std::to_array<std::string_view>({"instruction", "fake_approval", "fake_deploy",
                                            "plausible_lie", "suppression", "template_evasion",
                                            "control_text"});
}
constexpr std::size_t attacks_count = names_of(std::type_identity<Attack>{}).size();

/// Whom the lines speak of.
struct Names {
    std::string service{"payments"};
    std::string other{"fraud"};
    std::string replica{"payments-0"};
    std::string version{"v2"};
};

/// Lines of a class, with `{service}` and the like in them.
[[nodiscard]] const std::vector<std::string>& lines_of(Attack attack);

/// `line` with names in it, and with `number` wherever it wants one.
[[nodiscard]] std::string filled(std::string line, const Names& names, std::uint64_t number);

/// A line of `attack`, disguised. Any bytes may be in it; at most 40 KiB.
[[nodiscard]] std::string draw_text(Attack attack, const Names& names, Rng& rng);

}  // namespace homeostat::hostile
