#pragma once

// The keys that say what is wanted and allowed: goals, limits, and how the agent is
// spoken to.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_maintenance_keys.hpp"
#include "homeostat/app/config_sink_keys.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/config_world_keys.hpp"
#include "homeostat/guard/successes.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct GoalsSection {
    double availability = Config{}.availability_goal;
    Duration latency_p99 = Config{}.latency_p99_goal;
    static void keys(auto& self, auto&& key) {
        key(Key{"availability",
                "Share of requests that succeed; a larger share of failures, if unusual, is a "
                "symptom"},
            RatioValue{}, self.availability);
        key(Key{"latency_p99",
                "99 of 100 answers come within this; a longer mean, if unusual, is a symptom"},
            timeout_value, self.latency_p99);
    }
};

/// What a ledger from before them means by their absence is not what a configuration means by it.
[[nodiscard]] inline guard::Limits limits_of_config() {
    guard::Limits limits;
    limits.demotes = true;
    limits.successes_max = 3;
    return limits;
}

struct GuardSection {
    guard::Limits limits = limits_of_config();
    Duration proof_time = Config{}.proof_time;
    Duration hold_for = Config{}.hold_for;
    Duration question_for = Config{}.question_for;
    Duration undo_for = Config{}.undo_for;
    std::vector<MaintenanceSection> maintenance{};
    std::optional<FleetSection> fleet{};
    static void keys(auto& self, auto&& key) {
        constexpr DurationValue span{};
        key(Key{"cool_down", "Per target and remedy, from the close of an incident"}, span,
            self.limits.cool_down);
        key(Key{"attempts_max", "Remedies per incident; 0 never acts"},
            CountValue<std::uint32_t>{.max = 100}, self.limits.attempts_max);
        key(Key{"min_healthy", "Serving instances that must remain after every step"},
            CountValue<std::uint32_t>{.max = instances_max}, self.limits.min_healthy);
        key(Key{"taken_back_max",
                "What somebody else takes back so often in ten minutes is not done again"},
            CountValue<std::uint32_t>{.max = 100}, self.limits.taken_back_max);
        key(Key{"freeze_above",
                "Share of instances that may look dead at once; above it nothing is done unless "
                "the edge confirms it"},
            RatioValue{}, self.limits.freeze_above);
        key(Key{"effects_max", "Effects over all targets within effects_window; 0 never acts"},
            CountValue<std::uint32_t>{.max = 10'000}, self.limits.effects_max);
        key(Key{"effects_window", "See effects_max"},
            DurationValue{std::chrono::seconds{1}, std::chrono::hours{24}},
            self.limits.effects_window);
        key(Key{"back_off_first", "Wait before a second restart of a crashed instance; doubles"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::hours{1}},
            self.limits.back_off_first);
        key(Key{"back_off_max", "And never longer than this"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::hours{24}},
            self.limits.back_off_max);
        key(Key{"demote",
                "A kind of remedy of which one did not help asks from then on, until a person "
                "promotes it, docs/autonomy.md"},
            FlagValue{}, self.limits.demotes);
        key(Key{"successes_max",
                "What was proven to help so often within successes_window, at one target against "
                "one "
                "kind of symptom, asks from then on, docs/relapses.md; 0 never"},
            CountValue<std::uint32_t>{.max = 1000}, self.limits.successes_max);
        key(Key{"successes_window", "See successes_max"},
            DurationValue{std::chrono::minutes{1}, guard::Successes::window_max},
            self.limits.successes_window);
        key(Key{"destructive",
                "Declared tasks that take away for good may be run, each time with a person's "
                "leave, docs/tasks.md"},
            FlagValue{}, self.limits.destructive_allowed);
        key(Key{"proof_time", "A version that served so long without an incident is good"},
            DurationValue{std::chrono::milliseconds{100}, std::chrono::hours{24 * 7}},
            self.proof_time);
        key(Key{"hold_for", "A temporary remedy is given back after so long at the latest"},
            DurationValue{std::chrono::seconds{1}, std::chrono::hours{24}}, self.hold_for);
        key(Key{"question_for", "A person has so long to answer; silence is no"},
            DurationValue{std::chrono::seconds{10}, std::chrono::hours{24}}, self.question_for);
        key(Key{"fleet", "A budget for remedies of many agents together, docs/fleet.md"},
            SectionKind{}, self.fleet);
        key(Key{"undo_for",
                "After an incident's close a person may take back what it did for so long; 0s is "
                "never, docs/undo.md"},
            span, self.undo_for);
        key(Key{"maintenance", "Windows in which nothing is done, docs/maintenance.md"},
            SectionsKind{maintenance_max}, self.maintenance);
    }
};

struct ControlSection {
    std::filesystem::path socket;
    std::filesystem::path suspended;
    std::uint32_t crash_loop_starts = Config{}.crash_loop_starts;
    static void keys(auto& self, auto&& key) {
        key(Key{"socket", "The agent's own socket; var/SERVICE/homeostat.sock without it"},
            PathValue{}, self.socket);
        key(Key{"switch", "While this file exists nothing is done; var/SERVICE/suspended"},
            PathValue{}, self.suspended);
        key(Key{"crash_loop_starts",
                "An agent that started so often in ten minutes without ending in order only "
                "watches until `homeostat resume`, docs/crash_loop.md; 0 never"},
            CountValue<std::uint32_t>{.max = 100}, self.crash_loop_starts);
    }
};

}  // namespace homeostat::app
