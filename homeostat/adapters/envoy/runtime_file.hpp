#pragma once

// RuntimeFile: the file from which Envoy takes its runtime overrides (RTDS), where the switches of
// circuits and routes are.
//
// A switch is a key with the value 100; without the key all is as usual. Beside it stands until
// when it holds, KEY.until in milliseconds since 1970: files have no expiry of their own, so the
// watchdog takes both away then. A switch of a person's without that second key is left alone. Both
// are one write, so there is no moment at which an override of ours has no end.
//
// Keys that are not ours are written again as they were read.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

constexpr JsonLimits runtime_file_limits{.bytes_max = std::size_t{1} << 20U, .depth_max = 8};

constexpr std::string_view until_suffix = ".until";

/// A date further off was not written by us: the wall clock has been set back since. So such a
/// switch has ended, as everything here errs to what is usual. SOURCE: guard.hold_for's maximum.
constexpr std::chrono::hours override_lasts_max{25};

/// A plain name that begins with "homeostat." and is not itself a KEY.until.
[[nodiscard]] bool is_switch_key(std::string_view key);

/// What a switch is to be.
struct SwitchOrder {
    std::string key;
    std::optional<WallTime> until;  ///< On until then; nothing: off.
};

class RuntimeFile {
  public:
    /// ERRORS: invalid, with the place and the mend.
    [[nodiscard]] static Result<RuntimeFile> parse(std::string_view text);

    [[nodiscard]] const std::string& version() const { return version_; }
    /// Whether the file has the key above zero.
    [[nodiscard]] bool is_on(std::string_view key) const;
    /// Keys of ours whose time is over at `now`, and what says so of keys that are not there.
    [[nodiscard]] std::vector<std::string> ended_keys(WallTime now) const;

    /// The same file under another version, its switches as `orders` says.
    [[nodiscard]] std::string render(std::string_view version,
                                     const std::vector<SwitchOrder>& orders) const;

  private:
    explicit RuntimeFile(json::value document) : document_(std::move(document)) {}
    [[nodiscard]] const json::object& layer() const;

    json::value document_;
    std::string version_;
};

}  // namespace homeostat::adapters::envoy
