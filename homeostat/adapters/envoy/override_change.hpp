#pragma once

// OverrideChange: one switch or dimmer turned in the file of overrides, whoever turns it.
//
// The file is read, changed in one place and put, with looks at Envoy in between; so whoever does
// that takes a turn first. What Envoy reports is how things are: of a file of ours that it has not
// taken nothing is put into force by the way, and a file of somebody else's is left alone.
//
// It takes two small requests before the file is put, and two from when Envoy has it: an effect of
// a few milliseconds.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

struct RuntimeOnDisk {
    std::string text;
    RuntimeFile file;
};

/// ERRORS: absent, invalid, unreachable.
[[nodiscard]] Result<RuntimeOnDisk> read_runtime(const Options& options);

/// Overrides as Envoy reports them, by their keys.
struct Overrides {
    std::vector<std::string> keys;
    std::vector<std::uint32_t> values;  ///< As `keys`. UNITS: permille.

    [[nodiscard]] std::uint32_t permille_at(std::string_view key) const;
    /// Whether the file says the same of this key, and of all of them.
    [[nodiscard]] bool is_as_in(const RuntimeFile& file, std::string_view key) const;
    [[nodiscard]] bool are_as_in(const RuntimeFile& file) const;
};

/// ERRORS: unreachable, late, broken.
[[nodiscard]] Task<Result<Overrides>> look_at_overrides(Admin& admin,
                                                        std::vector<std::string> keys,
                                                        Instant deadline);

/// done: Envoy reports it. refused: nothing was written, or Envoy rejected it and goes on as
/// before. unknown: written, not read back. REQUIRES: the key is one that the options declare.
[[nodiscard]] Task<Outcome> turn_override(Admin& admin,
                                          SwitchOrder goal,
                                          EffectId effect,
                                          Instant deadline);

}  // namespace homeostat::adapters::envoy
