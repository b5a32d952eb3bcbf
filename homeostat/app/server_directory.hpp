#pragma once

// ServerDirectory: where a model's server that one command starts has its socket and its log.

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is of POSIX.

#include <filesystem>
#include <string>
#include <system_error>

namespace homeostat::app {

/// A directory of our own, removed at the end.
class ServerDirectory {
  public:
    ServerDirectory() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "homeostat-model-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
    }
    ~ServerDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ServerDirectory(const ServerDirectory&) = delete;
    ServerDirectory& operator=(const ServerDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;  ///< Empty: it could not be made.
};

}  // namespace homeostat::app
