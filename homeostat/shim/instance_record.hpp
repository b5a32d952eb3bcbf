#pragma once

// InstanceRecord: what a shim writes about the process that it started.
//
// Written by hand and not by the JSON library, which would be most of this program's memory. The
// agent reads it strictly (adapters/process/instance_record.hpp), and a test there holds the two
// together.
//
// Pure.

#include <cstdint>
#include <optional>
#include <string>

namespace homeostat::shim {

struct InstanceRecord {
    std::string name;  ///< Plain names, all four of them: nothing in them needs escaping.
    std::string effect;
    std::string version;
    std::string config;
    std::string boot_id;  ///< Of the boot that the pids, ticks and instants belong to.
    std::int32_t pid{0};
    std::uint64_t start_ticks{0};
    std::int32_t shim_pid{0};
    std::uint64_t shim_start_ticks{0};
    std::int64_t started_at_ns{0};            ///< Instant, finer than the ticks.
    std::optional<int> exit_status;           ///< As waitpid gives it; absent while it runs.
    std::optional<std::int64_t> ended_at_ns;  ///< Instant.
};

/// One JSON object and a newline.
[[nodiscard]] std::string to_text(const InstanceRecord& record);

}  // namespace homeostat::shim
