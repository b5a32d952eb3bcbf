#pragma once

// The corpus: what strangers write, ours (attack.hpp) and that of others in tests/data.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::hostile {

/// Lines of attacks, naughty strings and payloads, each once, in a fixed order.
[[nodiscard]] const std::vector<std::string>& texts();

/// The files of the JSON suite by name, with their bytes.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> json_suite();

}  // namespace homeostat::hostile
