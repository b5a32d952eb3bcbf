#pragma once

// Where the local model is: what `make setup` put beside this program, or what PATH offers.

#include <filesystem>

namespace homeostat::app {

/// The GGUF file that `make setup` made; empty if there is none.
[[nodiscard]] std::filesystem::path bundled_model();

/// `llama-server` from PATH, else the bundled one; empty if there is neither.
[[nodiscard]] std::filesystem::path model_server_program();

/// A program by its name from PATH, /usr/sbin included; empty if it is not there.
[[nodiscard]] std::filesystem::path find_program(const std::filesystem::path& name);

}  // namespace homeostat::app
