#pragma once

// Cell: one fault of one port, begun at one phase of an incident. All of them are the fault matrix.
//
// Values only.

#include "homeostat/base/named_enum.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::matrix {

/// Whom we depend on.
enum class Port : std::uint8_t {
    api_server,    ///< What we ask of it and write to it.
    watch,         ///< What it tells us by itself.
    lease,         ///< Which of two agents acts.
    approvals,     ///< The way from a person to us.
    sinks,         ///< Who has to have a decision before it is acted on.
    budget_store,  ///< The budget of the fleet.
};

constexpr auto names_of(std::type_identity<Port>) {
    return std::to_array<std::string_view>(
        {"api_server", "watch", "lease", "approvals", "sinks", "budget_store"});
}

enum class PortFault : std::uint8_t {
    absent,    ///< Nobody is there.
    slow,      ///< It answers, and takes its time.
    error,     ///< It says no, in each of its ways.
    wrong,     ///< It says what could be so and is not.
    stale,     ///< It says what was so when the fault began.
    partial,   ///< Some of it is missing.
    flapping,  ///< Every second time nobody is there.
    late,      ///< It does what was asked for, and answers after the deadline.
};

constexpr auto names_of(std::type_identity<PortFault>) {
    return std::to_array<std::string_view>(
        {"absent", "slow", "error", "wrong", "stale", "partial", "flapping", "late"});
}

enum class Phase : std::uint8_t {
    idle,     ///< Nothing is wrong, and the fault is over before anything is.
    detect,   ///< A bad version has just been deployed.
    menu,     ///< The change is known by which the menu is made.
    ask,      ///< The oracle is asked.
    guard,    ///< The incident is opened, and guard looks at it.
    approve,  ///< A person is asked.
    intent,   ///< The intent is on its way to the ledger.
    act,      ///< The write is on its way to the server.
    outcome,  ///< What became of it is on its way to the ledger.
    verify,   ///< Fresh requests are to prove the remedy.
    undo,     ///< It did not help, and is taken back.
};

constexpr auto names_of(std::type_identity<Phase>) {
    return std::to_array<std::string_view>({"idle", "detect", "menu", "ask", "guard", "approve",
                                            "intent", "act", "outcome", "verify", "undo"});
}

struct Cell {
    Port port{Port::api_server};
    PortFault fault{PortFault::absent};
    Phase phase{Phase::idle};

    friend auto operator<=>(const Cell&, const Cell&) = default;
};

/// "lease slow act"
[[nodiscard]] std::string to_text(const Cell& cell);

[[nodiscard]] std::vector<Cell> all_cells();

/// Why such a thing cannot happen; empty: it can.
[[nodiscard]] std::string_view why_not_applicable(const Cell& cell);

/// The fault of a cell, for whoever plays a port.
struct Spoiler {
    Cell cell;
    bool has_begun{false};
    bool is_on{false};
    std::uint32_t calls_count{0};  ///< To the port while the fault is on.

    [[nodiscard]] std::optional<PortFault> at(Port port) const {
        return is_on && cell.port == port ? std::optional(cell.fault) : std::nullopt;
    }
    /// Which of so many ways this call goes.
    [[nodiscard]] std::uint32_t turn(std::uint32_t ways) {
        // Not the same one first in every phase.
        return (calls_count++ + static_cast<std::uint32_t>(cell.phase)) % ways;
    }
};

}  // namespace homeostat::matrix
