#pragma once

// The file with the model's weights: is it one, and which one is it.
//
// A wrong file is found before a server is started on it, because the server's own words for it
// are hard to understand. The digest goes into every ranking: a calibration holds for one file.
//
// Blocks: it reads the file (0.3 s for 290 MB). Call it on a thread that may wait.

#include "homeostat/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

struct ModelFile {
    std::string name;    ///< The file's name without its ending: "gemma-3-270m-q8_0".
    std::string sha256;  ///< Of the whole file, 64 hex digits.
};

/// ERRORS: absent, invalid; the text names the file and the mend.
[[nodiscard]] Result<ModelFile> read_model_file(const std::filesystem::path& path);

/// SHA-256 as 64 hex digits.
[[nodiscard]] std::string sha256_of(std::string_view bytes);

}  // namespace homeostat::adapters::llm
