#pragma once

// Options: what a seed draws before the world begins. Printed whole with a failing seed.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/verdict.hpp"
#include "homeostat/guard/limits.hpp"
#include "homeostat/sim/referee/referee.hpp"
#include "homeostat/sim/world/fault.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim {

enum class ModelKind : std::uint8_t {
    good,     ///< Ranks what the rules' best entries are by their gloss: any order, in time.
    slow,     ///< Answers after its deadline, or shortly before.
    garbage,  ///< Answers what is no ranking, or one of other kinds.
    dead,     ///< Nobody answers.
    demon,    ///< Prefers what disrupts most, is believed, and forges proposals.
    none,     ///< Rules alone.
};

constexpr auto names_of(std::type_identity<ModelKind>) {
    return std::to_array<std::string_view>({"good", "slow", "garbage", "dead", "demon", "none"});
}

enum class PersonKind : std::uint8_t {
    prompt,  ///< Comes within a minute and puts right what can be put right.
    slow,    ///< Comes after minutes.
    wrong,   ///< Comes soon, restarts the wrong thing, then does it right.
    absent,  ///< Reads it and does not come.
};

constexpr auto names_of(std::type_identity<PersonKind>) {
    return std::to_array<std::string_view>({"prompt", "slow", "wrong", "absent"});
}

/// What is wrong with a way between us and the world, from when until when.
enum class TroubleKind : std::uint8_t {
    silent,       ///< Nobody answers.
    slow,         ///< Answers take seconds, some past their deadline.
    throttled,    ///< Orders are turned away, readings fail.
    reply_lost,   ///< Orders are carried out, the replies never come.
    order_lost,   ///< Neither.
    late_effect,  ///< Orders are carried out seconds after we gave them up.
    stale,        ///< What is read is of a moment ago.
    partial,      ///< Some of what is asked for is missing in the answer.
    duplicated,   ///< Telemetry says the same twice.
    reordered,    ///< Telemetry comes in another order.
    dropped,      ///< Telemetry says nothing this time.
    blind,        ///< All instances look dead to whoever asks them.
    lying,        ///< Of some instances the probes say the opposite.
    full,         ///< The ledger's disk has no room.
    broken,       ///< A write or a sync of the ledger's fails with EIO.
    conflict,     ///< Somebody else's order arrives right before ours (409).
    unwanted,     ///< Orders are understood and not taken (422).
    patience,     ///< Orders are turned away, and so is all that comes soon after them (429).
    gave_up,      ///< Orders are carried out, and who stands before the target says 5xx.
    forgotten,    ///< Telemetry lost where it was, and lists everything anew (410).
};

constexpr auto names_of(std::type_identity<TroubleKind>) {
    return std::to_array<std::string_view>(
        {"silent",  "slow",       "throttled", "reply_lost", "order_lost", "late_effect", "stale",
         "partial", "duplicated", "reordered", "dropped",    "blind",      "lying",       "full",
         "broken",  "conflict",   "unwanted",  "patience",   "gave_up",    "forgotten"});
}

enum class Way : std::uint8_t { runtime, edge, caches, probes, processes, counters, ledger };

constexpr auto names_of(std::type_identity<Way>) {
    return std::to_array<std::string_view>(
        {"runtime", "edge", "caches", "probes", "processes", "counters", "ledger"});
}

struct Trouble {
    Way way{Way::runtime};
    TroubleKind kind{TroubleKind::silent};
    double chance{1};  ///< Per call.
    Tick begins_at{0};
    Tick ends_at{never};
    std::uint32_t instances_count{1};  ///< Of `lying`: so many from the first on are lied about.
};

struct Span {
    Tick begins_at{0};
    Tick ends_at{0};
};

struct WallJump {
    Span span;
    Duration ahead{};  ///< Of the true time; behind it if less than 0.
};

struct Options {
    std::uint64_t seed{0};
    std::string scenario;
    Topology topology;
    ServiceIndex guarded{0};
    std::vector<InjectedFault> faults;
    std::vector<Trouble> troubles;
    std::vector<Span> suspensions;     ///< A person engages the kill switch, and releases it.
    std::vector<Span> pauses;          ///< Our process stands still, and does not know it.
    std::vector<WallJump> wall_jumps;  ///< The wall clock is wrong, by an hour or by a year.
    std::vector<Tick> rots_at;         ///< A bit of the ledger changes, and our process dies.
    std::vector<Tick> reboots_at;  ///< The machine goes off and on: unsynced bytes go, the clock
                                   ///< of the boot begins anew.
    ModelKind model{ModelKind::none};
    PersonKind person{PersonKind::absent};
    bool has_autoscaler{false};       ///< A rival that stops spares again.
    bool has_gitops{false};           ///< A rival that wants the newest version back.
    bool has_undrainer{false};        ///< A rival that puts back whatever was drained.
    bool has_restarter{false};        ///< A rival that restarts instances under our hands.
    bool has_older_self{false};       ///< An agent as we were before we knew of others.
    double death_chance{0};           ///< After each intent and each order, soon.
    double recovery_death_chance{0};  ///< Of each new life, within its first steps.
    std::uint32_t deaths_max{0};
    double power_loss_chance{0};  ///< Of each death: that it is the machine's.
    bool is_quiet{false};         ///< Nothing is wrong: P21.
    /// P20: the same history with its telemetry undisturbed has to end alike.
    bool has_twin{false};
    /// Of our lives in turn: before which of its calls it dies (kill_points.hpp). Absent: nobody
    /// counts them.
    std::optional<std::vector<std::uint64_t>> dies_before{};
    /// Ends before `ends_at` once all is well and nothing is open, if nothing is to come.
    bool ends_when_settled{false};
    guard::Limits limits;
    Tick chaos_ends_at{0};
    Tick ends_at{0};
};

/// Several lines, for people.
[[nodiscard]] std::string describe(const Options& options);

}  // namespace homeostat::sim
