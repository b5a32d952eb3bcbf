#pragma once

// The file itself: read with a maximum, and replaced as a whole or not at all.
//
// A rename has no precondition, so whether the file is still the one that was read is looked at
// right before: what somebody else saves in the microseconds between is lost. Of two names that
// could be exchanged in one call the old file would lose its own, which a flagd that watches it
// does not notice; a rename it does.
//
// Small calls on a local file system, made inline. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/outcome.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace homeostat::adapters::flagd {

/// Where a revert stands, for tests that kill us there.
enum class Phase : std::uint8_t {
    checked,   ///< The preconditions hold; nothing is touched.
    prepared,  ///< The new file is durable beside the old one.
    replaced,  ///< It has its name.
    confirmed  ///< flagd evaluates by it.
};

/// ERRORS: absent; invalid: a link, no file, too large; unreachable: not readable.
[[nodiscard]] Result<std::string> read_flag_file(const std::string& path);

/// Nothing: it could be written. ERRORS: as read_flag_file; refused: not ours to write, with the
/// mend.
[[nodiscard]] Result<void> check_writable(const std::string& path);

/// `text` instead of `seen`, with the owner and mode of the old file. Refused: nothing was changed.
[[nodiscard]] Outcome replace_flag_file(const std::string& path,
                                        std::string_view seen,
                                        std::string_view text,
                                        const std::function<void(Phase)>& reach);

}  // namespace homeostat::adapters::flagd
