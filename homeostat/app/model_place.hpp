#pragma once

// Where the local model is: what `make setup` put beside this program, or what PATH offers; and
// what was measured of it.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/decide/calibration.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace homeostat::app {

/// The GGUF file that `make setup` chose, which is what its link model.gguf names: the base, or the
/// base with the adapter of models/remedy; empty if there is none.
[[nodiscard]] std::filesystem::path bundled_model();

/// `llama-server` from PATH, else the bundled one; empty if there is neither.
[[nodiscard]] std::filesystem::path model_server_program();

/// Why no server can be started on `file`, with the mend; empty if nothing is missing.
[[nodiscard]] std::string model_missing(const std::filesystem::path& file);

/// What a model's word is worth, as somebody measured it. ERRORS: absent, invalid, unreachable; the
/// text names the file and the mend.
[[nodiscard]] Result<decide::Calibration> read_calibration(const std::filesystem::path& file);

/// The one that the configuration names, if it names one. A file that cannot be read is no reason
/// to go on with less than was asked for; one that was measured beside another ranker leaves the
/// model without weight and the choice uncalibrated, as one of another model does, and the log is
/// told. ERRORS: as above.
[[nodiscard]] Result<std::optional<decide::Calibration>> calibration_of(
    const Config& config, const std::function<void(const std::string&)>& log);

/// A program by its name from PATH, /usr/sbin included; empty if it is not there.
[[nodiscard]] std::filesystem::path find_program(const std::filesystem::path& name);

/// How the oracle reaches its model. `role`: agent: in a process of its own, which may write
/// nothing where instances run. REQUIRES: one is configured; for an agent of its own, roles, too.
/// ERRORS: invalid: its address.
[[nodiscard]] Result<adapters::llm::LlmSettings> llm_settings_of(
    const Config& config, ProcessRole role = ProcessRole::both);

}  // namespace homeostat::app
