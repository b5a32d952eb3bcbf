#pragma once

// ConfigPatch: one key of a configuration file changed as a person would do it, shown as a diff.
//
// The text around it stays as it is, comments and style too. Where exactly the key has to go is
// tried, and what was tried is read again: it counts only if it is a right configuration in which
// that key alone is another. So a way of writing YAML that was not thought of costs the patch, and
// never spoils one.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace homeostat::app {

/// `text` with `value`, a piece of YAML, at `path` ("guard.min_healthy", "neighbours[0].circuit").
/// `file` is where relative paths begin.
/// ERRORS: invalid: `text` is no configuration, or is written so that it has to be done by hand.
[[nodiscard]] Result<std::string> with_setting(const std::string& text,
                                               const std::filesystem::path& file,
                                               std::string_view path,
                                               std::string_view value);

/// From `before` to `after` in one hunk, as `patch -p0` takes it. `name` is the file's.
/// REQUIRES: they differ.
[[nodiscard]] std::string unified_diff(std::string_view name,
                                       std::string_view before,
                                       std::string_view after);

}  // namespace homeostat::app
