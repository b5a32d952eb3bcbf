#pragma once

// NamedEnum: an enum that lists its texts, in the order of its values, with
// `names_of(std::type_identity<E>)`. One list serves reading, writing and printing.
//
// Pure.

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace homeostat {

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { names_of(std::type_identity<E>{}); };

template <NamedEnum E>
[[nodiscard]] constexpr std::string_view to_text(E value) {
    constexpr auto names = names_of(std::type_identity<E>{});
    return names[static_cast<std::size_t>(value)];
}

template <NamedEnum E>
[[nodiscard]] constexpr std::optional<E> parse_enum(std::string_view text) {
    constexpr auto names = names_of(std::type_identity<E>{});
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (names[index] == text) {
            return static_cast<E>(index);
        }
    }
    return std::nullopt;
}

}  // namespace homeostat
