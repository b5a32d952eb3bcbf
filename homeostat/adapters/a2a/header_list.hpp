#pragma once

// Values of HTTP headers that are lists.
//
// Pure.

#include <string_view>
#include <vector>

namespace homeostat::adapters::a2a {

/// Without the blanks around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// What stands between the commas, trimmed; nothing empty. They point into `list`.
[[nodiscard]] std::vector<std::string_view> items_of(std::string_view list);

}  // namespace homeostat::adapters::a2a
