#pragma once

// Which files of a configuration hold secrets, and whether others may read them.
//
// The rule is os/secret_file.hpp's, and the same for all of them: the agent does not start with one
// that others may read, and doctor says which. A file that is not there is somebody else's matter:
// whoever needs it says so, or makes it.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::app {

struct SecretFile {
    std::string key;  ///< "notify[0].webhook.url_file".
    std::filesystem::path file;
};

/// Those that the configuration names, or has by default.
[[nodiscard]] std::vector<SecretFile> secret_files_of(const Config& config);

/// Those of them that are there.
[[nodiscard]] std::vector<SecretFile> present(std::vector<SecretFile> files);

/// ERRORS: refused: others may read the first such file, with its key and the mend; unreachable: we
/// may not.
[[nodiscard]] Result<void> check_secret_files(const Config& config);

}  // namespace homeostat::app
