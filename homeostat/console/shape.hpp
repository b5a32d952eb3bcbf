#pragma once

// What a channel understands of a message.
//
// Values only.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat::console {

enum class Shape : std::uint8_t {
    json,   ///< CloudEvents 1.0, structured: for programs, and bridges to mail.
    slack,  ///< `text` and `blocks`, as Slack, Mattermost and others read them.
};

constexpr auto names_of(std::type_identity<Shape>) {
    return std::to_array<std::string_view>({"json", "slack"});
}

}  // namespace homeostat::console
