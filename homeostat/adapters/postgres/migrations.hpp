#pragma once

// The steps that bring a database's tables to this program's version, oldest first. A step that was
// shipped is never changed: another one is added behind it.
//
// Pure. Thread-safe.

#include <span>
#include <string_view>

namespace homeostat::adapters::postgres {

struct Migration {
    int version{0};        ///< 1, 2, 3, … without a gap.
    std::string_view sql;  ///< Statements that name their tables without a schema.
};

[[nodiscard]] std::span<const Migration> migrations();

}  // namespace homeostat::adapters::postgres
