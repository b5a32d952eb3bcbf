#pragma once

// Ledger: the one log. What happened and where a graph's thread stands are views of it.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/entry.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace homeostat::ports {

/// What an append promises once it has returned.
enum class Durability : std::uint8_t {
    written,  ///< In the order of the appends, and after a crash of the process.
    synced,   ///< Also after a loss of power. Every group that holds an intent.
};

struct Position {
    std::uint64_t index{0};  ///< Of the group.
    std::string hash;        ///< Of the chain up to and with it, hex.
};

class Ledger {
  public:
    virtual ~Ledger() = default;

    /// Appends one group, whole or not at all. ERRORS: full: a later append may find room again;
    /// corrupt: every later append fails too.
    virtual Task<Result<Position>> append(EntryGroup group, Durability durability) = 0;

    /// Hands every group to `visit`, oldest first, before the first append.
    virtual Result<void> replay(const std::function<void(const EntryGroup&)>& visit) = 0;
};

}  // namespace homeostat::ports
