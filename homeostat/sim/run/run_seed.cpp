#include "homeostat/sim/run/run_seed.hpp"

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/run/lab_process.hpp"
#include "homeostat/sim/run/machine.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Where an incident may be while nothing more is to be expected of us. What was refused for a
/// reason that passes is judged anew now and then, once a person was told. One that has only just
/// opened over a false alarm, and has done nothing, has its time yet.
bool is_at_rest(const heal::IncidentView& incident, Instant now) {
    constexpr Duration opening_for_max = seconds{15};
    const std::string& node = incident.node;
    if (incident.tried.empty() && now - incident.opened_at < opening_for_max) {
        return true;
    }
    const bool is_judged_anew = !incident.trouble.empty() && (node == "rejudge" || node == "guard");
    return node == "stand_by" || node == "ask" || node == "hold" || is_judged_anew;
}

Ending ending_of(Machine& machine, const LabProcess* life) {
    Ending ending;
    ending.why_not = machine.why_not_well();
    ending.is_world_well = ending.why_not.empty();
    ending.is_person_told = !machine.notices().empty();
    if (life == nullptr) {
        return ending;
    }
    const std::vector<heal::IncidentView> open = life->executor().incidents();
    for (const heal::IncidentView& incident : open) {
        machine.say("open: " + incident.incident.text() + " at " + incident.node);
        if (!is_at_rest(incident, machine.now())) {
            ending.open.push_back(incident.incident.text() + " at " + incident.node);
        }
    }
    if (open.empty()) {
        ending.residue = machine.residue();
    }
    return ending;
}

/// Our lives, one after another, until the end.
class Lives {
  public:
    Lives(Machine& machine, std::uint64_t seed)
        : machine_(machine), rng_(Rng(seed).fork("lives")) {}

    void live(SeedResult& result) {
        const Instant ends_at = machine_.world().instant_of(machine_.options().ends_at);
        while (true) {
            LabProcess life(machine_);
            machine_.say("homeostat starts");
            const std::uint64_t bytes_before = machine_.disk().digest();
            const std::uint64_t faults_before = machine_.disk().calls().faults_count();
            machine_.kill_points().begin_life();
            const Result<void> started = life.start();
            if (machine_.kill_points().is_dead()) {
                result.deaths_count += 1;
                die(0);
                continue;
            }
            if (!started) {
                const bool has_medium_failed =
                    machine_.disk().calls().faults_count() > faults_before;
                if (has_medium_failed) {
                    wait_for_restart(started.error());
                } else if (!is_refused_rightly(bytes_before, started.error(), result)) {
                    return;
                }
                continue;
            }
            const bool is_alive = live_on(life, ends_at);
            result.steps_count += life.steps_count();
            if (is_alive) {
                end(life, result);
                return;
            }
            result.deaths_count += 1;
            die(life.executor().incidents().size());
        }
    }

  private:
    [[nodiscard]] bool live_on(LabProcess& life, Instant ends_at) {
        constexpr Duration look_every = seconds{5};
        if (!machine_.options().ends_when_settled) {
            return life.live_until(ends_at, draw_end());
        }
        while (machine_.now() < ends_at && !has_settled(life)) {
            if (!life.live_until(std::min(ends_at, machine_.now() + look_every), std::nullopt)) {
                return false;
            }
        }
        return true;
    }

    /// Long after the last fault has begun all is well, and nothing of ours is open or left behind.
    [[nodiscard]] bool has_settled(const LabProcess& life) {
        constexpr Tick felt_within = ticks_of(40);
        Tick begun = 0;
        for (const InjectedFault& fault : machine_.options().faults) {
            begun = std::max(begun, fault.begins_at + felt_within);
        }
        return machine_.ticks_count() > begun && life.executor().incidents().empty() &&
               machine_.why_not_well().empty() && machine_.residue().empty();
    }

    std::optional<std::uint64_t> draw_end() {
        const bool is_short = machine_.is_chaos() && lives_count_++ > 0 &&
                              draw_chance(rng_, machine_.options().recovery_death_chance);
        if (!is_short) {
            return std::nullopt;
        }
        machine_.trace().reached("died while recovering");
        return static_cast<std::uint64_t>(rng_.between(1, 120));
    }

    /// Whoever supervises it starts it again.
    void wait_for_restart(const Error& error) {
        machine_.say("homeostat does not start: " + error.text);
        machine_.trace().reached("the medium failed at a start");
        machine_.disk().end_processes();
        machine_.pass_until(machine_.now() + seconds{rng_.between(10, 60)});
    }

    /// A ledger with a wrong bit in it is not started upon, and not touched. Somebody brings the
    /// file back.
    bool is_refused_rightly(std::uint64_t bytes_before, const Error& error, SeedResult& result) {
        if (!machine_.disk().is_rotten() || error.fault != Fault::corrupt) {
            result.violations.push_back(
                {"P14", machine_.now(), "it does not start: " + error.text});
            return false;
        }
        if (machine_.disk().digest() != bytes_before) {
            result.violations.push_back(
                {"P14", machine_.now(), "a ledger was refused, and changed: " + error.text});
        }
        machine_.say("homeostat does not start: " + error.text);
        machine_.trace().reached("a rotten ledger was refused");
        machine_.disk().end_processes();
        machine_.pass_until(machine_.now() + seconds{rng_.between(10, 60)});
        machine_.disk().bring_back();
        machine_.say("somebody brings the ledger back");
        return true;
    }

    /// What it sent to the disk arrives or not whatever becomes of it; its orders likewise.
    void die(std::size_t incidents_count) {
        machine_.trace().reached(incidents_count > 0 ? "died in an incident" : "died idle");
        const bool has_lost_power = machine_.end_life();
        machine_.say(has_lost_power ? "the machine goes off" : "homeostat dies");
        machine_.trace().reached(has_lost_power ? "power loss" : "process death");
        machine_.kill_points().end_life(what_is_left());
        const Duration down{
            rng_.between(Duration{milliseconds{50}}.count(), Duration{seconds{4}}.count())};
        machine_.pass_until(machine_.now() + down);
    }

    [[nodiscard]] std::uint64_t what_is_left() {
        return machine_.kill_points().is_counting()
                   ? machine_.disk().digest() ^ machine_.world().effects().size()
                   : 0;
    }

    void end(const LabProcess& life, SeedResult& result) {
        const Ending ending = ending_of(machine_, &life);
        machine_.referee().see_end(ending);
        result.is_healed = ending.is_world_well;
        result.is_settled = (ending.is_world_well || ending.is_person_told) &&
                            ending.open.empty() && ending.residue.empty();
        machine_.say(ending.is_world_well ? "the end: all is well" : "the end: " + ending.why_not);
        if (ending.is_world_well || ending.is_person_told) {  // Otherwise P19 is broken.
            machine_.trace().reached(ending.is_world_well ? "ended well"
                                                          : "ended with a person told");
        }
    }

    Machine& machine_;
    Rng rng_;
    std::uint32_t lives_count_{0};
};

}  // namespace

SeedResult run_once(const Options& options, bool keeps_trace) {
    SeedResult result;
    Machine machine(options, keeps_trace);
    Lives lives(machine, options.seed);
    lives.live(result);
    machine.trace().mix(machine.world().digest());
    for (const Violation& violation : machine.referee().violations()) {
        result.violations.push_back(violation);
    }
    result.virtual_seconds = static_cast<double>(machine.world().ticks_count()) * seconds_per_tick;
    result.trace_hash = machine.trace().hash();
    result.orders_count = machine.referee().orders_count();
    result.marks = machine.trace().marks();
    result.trace = machine.trace().lines();
    result.lives = machine.kill_points().lives();
    result.final_state = final_state_of(machine);
    result.users = machine.world().tally();
    result.seconds_lost = seconds_lost(machine);
    return result;
}

namespace {

/// P20, where the two differ.
void compare_with_twin(const Options& options, SeedResult& result) {
    const SeedResult twin = run_once(undisturbed(options), false);
    for (const std::string& one : differences(result.final_state, twin.final_state)) {
        result.violations.push_back({"P20", Instant{}, one});
    }
    result.virtual_seconds += twin.virtual_seconds;
    result.steps_count += twin.steps_count;
    const bool ends_alike = result.final_state.facts == twin.final_state.facts;
    result.marks[ends_alike ? "ended as its undisturbed twin"
                            : "a person was told, and it ended otherwise than its twin"] += 1;
}

/// P10, what is done of harm. A process that we rightly started may meet a fault that a dead one
/// would have been spared: what the same of us lose without the demon is not the demon's doing.
void measure_harm(const Options& options, SeedResult& result) {
    const double lost_without_us = seconds_lost_without_us(options);
    result.harm_seconds = std::max(0.0, result.seconds_lost - lost_without_us);
    if (result.harm_seconds > harm_seconds_max) {
        const SeedResult twin = run_once(without_demon(options), false);
        result.harm_seconds =
            std::max(0.0, result.seconds_lost - std::max(lost_without_us, twin.seconds_lost));
        result.virtual_seconds += twin.virtual_seconds;
        result.steps_count += twin.steps_count;
        result.marks["harm of the demon held against us without it"] += 1;
    }
    result.marks["harm of the demon measured"] += 1;
    if (result.harm_seconds > harm_seconds_max) {
        result.violations.push_back(
            {"P10", Instant{},
             fmt::format("the demon cost users {:.1f} s of their traffic, {:.0f} s are declared",
                         result.harm_seconds, harm_seconds_max)});
    }
}

}  // namespace

SeedResult run_seed(const Options& options, bool keeps_trace) {
    SeedResult first = run_once(options, keeps_trace);
    const SeedResult second = run_once(options, false);
    if (first.trace_hash != second.trace_hash) {
        first.violations.push_back({"P25", Instant{},
                                    fmt::format("one seed, two histories: {:016x} and {:016x}",
                                                first.trace_hash, second.trace_hash)});
    }
    if (options.has_twin) {
        compare_with_twin(options, first);
    }
    if (options.model == ModelKind::demon && !options.is_quiet) {
        measure_harm(options, first);
    }
    first.virtual_seconds += second.virtual_seconds;
    first.steps_count += second.steps_count;
    return first;
}

}  // namespace homeostat::sim
