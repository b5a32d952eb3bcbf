#pragma once

// ClusterMend: what people can do about an answer of the API server that ends a start.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace homeostat::app {

/// The same error with what mends it after " — "; unchanged where nothing is known to.
/// `told_by`: where the way to the server is written, for people.
[[nodiscard]] Error with_mend(Error error, std::string_view told_by);

/// What is wrong and what mends it, of such a text; nothing of the second where it has none.
[[nodiscard]] std::pair<std::string, std::string> split_mend(const std::string& text);

}  // namespace homeostat::app
