#pragma once

// The token by which a model server that others can reach knows us.
//
// It buys answers of a model and nothing else: whoever has it can ask, and can change nothing.
//
// Thread-safe. Reads a file, which blocks.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace homeostat::adapters::llm {

/// Below that it could be guessed, over that a server may cut it.
constexpr std::size_t model_token_bytes_min = 16;
constexpr std::size_t model_token_bytes_max = 512;

/// The one line of the file; of no file the empty token. ERRORS: those of read_secret_file;
/// invalid: it is no token, with the mend. No error repeats what is in the file.
[[nodiscard]] Result<std::string> read_model_token(const std::filesystem::path& file);

}  // namespace homeostat::adapters::llm
