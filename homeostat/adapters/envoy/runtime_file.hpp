#pragma once

// RuntimeFile: the file from which Envoy takes its runtime overrides (RTDS), where the switches of
// circuits and routes and the dimmers of neighbours are.
//
// A switch is a key with the value 100; without the key all is as usual. Beside it stands until
// when it holds, KEY.until in milliseconds since 1970: files have no expiry of their own, so the
// watchdog takes both away then. A switch of a person's without that second key is left alone. Both
// are one write, so there is no moment at which an override of ours has no end.
//
// A dimmer is a key with a fraction of 10,000, because Envoy reads a plain number in whole per
// cent. Its admin shows a fraction as text that nobody may parse (protobuf's DebugString), so the
// same stands once more as a number, KEY.permille: Envoy takes the file as a whole or not at all.
//
// Keys that are not ours are written again as they were read.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

constexpr JsonLimits runtime_file_limits{.bytes_max = std::size_t{1} << 20U, .depth_max = 8};

constexpr std::string_view until_suffix = ".until";
constexpr std::string_view permille_suffix = ".permille";

/// A date further off was not written by us: the wall clock has been set back since. So such a
/// switch has ended, as everything here errs to what is usual. SOURCE: guard.hold_for's maximum.
constexpr std::chrono::hours override_lasts_max{25};

/// A plain name that begins with "homeostat." and is not itself a KEY.until or KEY.permille.
[[nodiscard]] bool is_switch_key(std::string_view key);

/// What Envoy makes of a plain number: whole per cent, and all from 100 on. UNITS: permille.
[[nodiscard]] std::uint32_t permille_of_percent(double percent);

/// What a switch or a dimmer is to be.
struct SwitchOrder {
    std::string key;
    std::optional<WallTime> until;            ///< On until then; nothing: off.
    std::optional<std::uint32_t> permille{};  ///< Of a dimmer while it is on. Nothing: a switch.
};

/// Of how many of a thousand requests an order changes the way.
[[nodiscard]] std::uint32_t permille_of(const SwitchOrder& order);

class RuntimeFile {
  public:
    /// ERRORS: invalid, with the place and the mend.
    [[nodiscard]] static Result<RuntimeFile> parse(std::string_view text);

    [[nodiscard]] const std::string& version() const { return version_; }
    /// 0 without the key, and for a fraction that KEY.permille does not confirm.
    [[nodiscard]] std::uint32_t permille_at(std::string_view key) const;
    [[nodiscard]] bool is_on(std::string_view key) const { return permille_at(key) > 0; }
    /// Nothing: no end is written beside the key.
    [[nodiscard]] std::optional<WallTime> until_at(std::string_view key) const;
    /// Keys of ours whose time is over at `now`, and what says so of keys that are not there.
    [[nodiscard]] std::vector<std::string> ended_keys(WallTime now) const;

    /// The same file under another version, its switches and dimmers as `orders` says.
    [[nodiscard]] std::string render(std::string_view version,
                                     const std::vector<SwitchOrder>& orders) const;

  private:
    explicit RuntimeFile(json::value document) : document_(std::move(document)) {}
    [[nodiscard]] const json::object& layer() const;

    json::value document_;
    std::string version_;
};

}  // namespace homeostat::adapters::envoy
