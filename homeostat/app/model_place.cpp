#include "homeostat/app/model_place.hpp"

#include "homeostat/os/file.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

/// Programs stand in build/<preset>/bin, the model in build/model.
std::filesystem::path model_directory() {
    std::error_code ignored;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    return program.parent_path().parent_path().parent_path() / "model";
}

bool is_program(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::filesystem::path bundled_model() {
    const std::filesystem::path file = model_directory() / "gemma-3-270m-q8_0.gguf";
    std::error_code ignored;
    return std::filesystem::is_regular_file(file, ignored) ? file : std::filesystem::path();
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

Result<decide::Calibration> read_calibration(const std::filesystem::path& file) {
    constexpr std::size_t bytes_max = 4096;
    const Result<std::string> text = os::read_file(file.string(), bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<decide::Calibration> calibration = decide::parse_calibration(*text);
    return calibration ? std::move(calibration) : fail(file.string(), calibration.error());
}

}  // namespace homeostat::app
