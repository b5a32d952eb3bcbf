#include "homeostat/app/model_place.hpp"

#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/file.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

/// Programs stand in build/<preset>/bin, the model in build/model.
std::filesystem::path model_directory() {
    return own_directory().parent_path().parent_path() / "model";
}

bool is_program(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

/// The agent's user may write beside its own socket and not where instances run. By the socket's
/// name, since agents of several services may share that directory.
std::filesystem::path model_run_directory(const Config& config, ProcessRole role) {
    return role == ProcessRole::agent
               ? std::filesystem::path(config.roles->agent_socket.string() + ".model")
               : config.run_directory / "model";
}

}  // namespace

std::filesystem::path bundled_model() {
    // Through the link: its target's name goes into every ranking.
    std::error_code error;
    const std::filesystem::path file =
        std::filesystem::canonical(model_directory() / "model.gguf", error);
    const bool is_there = !error && std::filesystem::is_regular_file(file, error);
    return is_there ? file : std::filesystem::path();
}

std::filesystem::path find_program(const std::filesystem::path& name) {
    if (name.has_parent_path()) {
        return is_program(name) ? name : std::filesystem::path();
    }
    const char* path = std::getenv("PATH");
    std::string_view left = path == nullptr ? "" : path;
    while (!left.empty()) {
        const std::size_t colon = std::min(left.find(':'), left.size());
        const std::filesystem::path candidate = std::filesystem::path(left.substr(0, colon)) / name;
        if (is_program(candidate)) {
            return candidate;
        }
        left.remove_prefix(std::min(colon + 1, left.size()));
    }
    // A user's PATH on Debian has no sbin, and haproxy lives there.
    const std::filesystem::path candidate = std::filesystem::path("/usr/sbin") / name;
    return is_program(candidate) ? candidate : std::filesystem::path();
}

std::filesystem::path model_server_program() {
    const std::filesystem::path found = find_program("llama-server");
    const std::filesystem::path bundled = model_directory() / "llama-server";
    return found.empty() && is_program(bundled) ? bundled : found;
}

std::string model_missing(const std::filesystem::path& file) {
    if (file.empty()) {
        return "no model is installed; `make setup` installs one";
    }
    if (model_server_program().empty()) {
        return "there is no program llama-server; `make setup` installs one";
    }
    const auto read = adapters::llm::read_model_file(file);
    return read ? std::string() : read.error().text;
}

Result<decide::Calibration> read_calibration(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), decide::calibration_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<decide::Calibration> calibration = decide::parse_calibration(*text);
    if (!calibration) {
        return fail(file.string(), calibration.error());
    }
    calibration->digest = adapters::llm::sha256_of(*text);
    return calibration;
}

Result<std::optional<decide::Calibration>> calibration_of(
    const Config& config, const std::function<void(const std::string&)>& log) {
    if (!config.model || config.model->calibration.empty()) {
        return std::nullopt;
    }
    Result<decide::Calibration> calibration = read_calibration(config.model->calibration);
    if (!calibration) {
        return fail("model.calibration", calibration.error());
    }
    const auto objection = decide::objection_to(*calibration, decide::Beside::rules);
    if (objection && config.oracle != OracleMode::rules) {
        log("model.calibration: the model weighs nothing, and what it answers about is done "
            "without a person only where that can be taken back and takes no instance out: " +
            *objection);
    }
    return *std::move(calibration);
}

Result<adapters::llm::LlmSettings> llm_settings_of(const Config& config, ProcessRole role) {
    adapters::llm::LlmSettings settings;
    if (!config.model->url.empty()) {
        const Result<net::Address> address = net::parse_endpoint(config.model->url);
        if (!address) {
            return std::unexpected(address.error());
        }
        settings.server = adapters::llm::ModelPlace{.endpoint = address->endpoint,
                                                    .api = config.model->api,
                                                    .model = config.model->name,
                                                    .token_file = config.model->token_file};
        return settings;
    }
    adapters::llm::ModelServerSettings server;
    const std::filesystem::path program =
        config.model->binary.empty() ? model_server_program() : config.model->binary;
    // A name that is on no PATH is the trouble that the oracle then tells of.
    server.command = {program.empty() ? "llama-server" : program.string()};
    server.model_file = config.model->file;
    server.readable = config.model->readable;
    server.memory_bytes_max = std::uint64_t{config.model->memory_mib_max} << 20U;
    server.directory = model_run_directory(config, role);
    settings.server = std::move(server);
    return settings;
}

}  // namespace homeostat::app
