#pragma once

// Order: what a shim is told to start, from its command line.
//
//     homeostat-shim --record FILE --log FILE --name NAME [--effect ID] [--version V]
//                    [--config C] [--log-bytes-max N] [--log-files N] [--directory D]
//                    [--after INODE:NS|none] -- program [arguments…]
//
// Pure.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homeostat::shim {

/// The record that must stand at the path for the start to happen; see `--after`.
struct Predecessor {
    bool exists{false};
    std::uint64_t inode{0};
    std::int64_t modified_ns{0};

    friend bool operator==(const Predecessor&, const Predecessor&) = default;
};

struct Order {
    std::string record;  ///< Absolute path; the lock is at this path with ".lock" behind it.
    std::string log;     ///< Absolute path.
    std::uint64_t log_bytes_max{std::uint64_t{8} << 20U};  ///< Of one file, checked every second.
    std::uint32_t log_files{3};  ///< With the one being written: log, log.1, log.2.
    std::string name;            ///< A plain name.
    std::string effect;          ///< A plain name; empty for a start that no effect asked for.
    std::string version;         ///< A plain name; empty for services without versions.
    std::string config;          ///< A plain name; empty where the configuration has no versions.
    std::string directory;       ///< Where the program starts; empty: where the shim was started.
    std::optional<Predecessor> after;  ///< Absent: whatever stands there.
    std::vector<std::string> command;
};

constexpr std::uint32_t log_files_max = 100;

/// Reads the arguments behind the program's name. ERRORS: invalid, naming the option and the mend.
[[nodiscard]] Result<Order> parse_order(std::span<const std::string> arguments);

}  // namespace homeostat::shim
