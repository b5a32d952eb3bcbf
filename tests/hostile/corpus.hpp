#pragma once

// The corpus of tests/data: what strangers write.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::hostile {

/// Naughty strings, payloads and prompt injections, each once, in a fixed order.
[[nodiscard]] const std::vector<std::string>& texts();

/// The files of the JSON suite by name, with their bytes.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> json_suite();

}  // namespace homeostat::hostile
