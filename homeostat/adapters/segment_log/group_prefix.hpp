#pragma once

// GroupPrefix: what stands before the entries in a group's payload, read without parsing the rest.
//
// The writer writes the fields of a StoredGroup in one order and without white space, so the chain
// can be followed by comparing bytes. A payload that begins in another way is none of ours.
//
// Pure. Thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <string_view>

namespace homeostat::adapters::segment_log {

struct GroupPrefix {
    std::string_view previous;  ///< The chain's hash before the group; a view into the payload.
    std::uint64_t durable_count{0};
    std::uint64_t entries_count{0};
    std::uint64_t index{0};
    WallTime wall_at{};
    std::string_view boot_id;  ///< A view into the payload.
};

/// ERRORS: corrupt: the payload of no group.
[[nodiscard]] Result<GroupPrefix> parse_group_prefix(std::string_view payload);

}  // namespace homeostat::adapters::segment_log
