#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::guard {

namespace {

constexpr std::array rules{
    Rule{"the kill switch is released", rule::kill_switch},
    Rule{"the facts are complete and fresh", rule::facts},
    Rule{"the catalogue holds this remedy for this target", rule::catalogue},
    Rule{"where much looks dead, two kinds of observers agree, except on what is out already",
         rule::freeze},
    Rule{"observing is no effect", rule::observe},
    Rule{"the step belongs to the remedy and its precondition holds", rule::step},
    Rule{"only what we have drained is put back", rule::own_drain},
    Rule{autonomy_rule, rule::autonomy},
    Rule{"a task is done as it was tried", rule::proven},
    Rule{"what nothing brings back is allowed here", rule::destructive},
    Rule{"the executor sees the symptom itself", rule::symptom},
    Rule{"one remedy is in hand at a time", rule::one_in_hand},
    Rule{"no other incident holds the same", rule::held_elsewhere},
    Rule{"nobody else takes it back", rule::taken_back},
    Rule{"the target has cooled down", rule::cool_down},
    Rule{"the attempts are not used up", rule::attempts},
    Rule{"the reflex backs off", rule::back_off},
    Rule{"the group stays above its floor", rule::capacity_floor},
    Rule{"the budget holds the effects", rule::budget},
    Rule{"no neighbour goes first", rule::neighbours},
    // Behind all others: nobody is asked for what would not be done anyway.
    Rule{"a person has agreed, where one is asked", rule::approval},
    Rule{confirmed_rule, rule::confirmed},
    Rule{fleet_rule, rule::fleet},
};

std::vector<std::string> names_of(std::span<const Rule> some) {
    std::vector<std::string> names;
    names.reserve(some.size());
    for (const Rule& each : some) {
        names.emplace_back(each.says);
    }
    return names;
}

std::optional<Verdict> first_objection(const Matter& matter) {
    for (std::size_t index = 0; index < rules.size(); ++index) {
        if (std::optional<Objection> objection = rules.at(index).ask(matter)) {
            const std::span<const Rule> all(rules);
            return Verdict{objection->kind,
                           std::string(rules.at(index).says),
                           std::move(objection->because),
                           objection->again_at,
                           names_of(all.first(index)),
                           names_of(all.subspan(index + 1)),
                           objection->may_pass};
        }
    }
    return std::nullopt;
}

Verdict agreement(const Matter& matter) {
    const Instant since = matter.now - matter.limits.effects_window;
    return {VerdictKind::permit,
            "every rule agrees",
            fmt::format("{} of {} instances serve, at least {} have to; {} of {} effects spent",
                        serving_count(matter.facts), matter.facts.instances.size(),
                        matter.limits.min_healthy, matter.history.effects_since(since).size(),
                        matter.limits.effects_max),
            std::nullopt,
            names_of(rules),
            {},
            false};
}

}  // namespace

bool is_in_hand(const Matter& matter) {
    const IncidentMemory* memory = matter.history.find(matter.asked.incident);
    return memory != nullptr && memory->remedy_in_hand &&
           *memory->remedy_in_hand == matter.asked.remedy &&
           memory->is_undo_in_hand == matter.asked.is_undo;
}

Duration waited(const Matter& matter) {
    return matter.now - std::min(matter.asked.refused_since.value_or(matter.now), matter.now);
}

std::optional<Instant> again_soon(const Matter& matter) {
    return waited(matter) < ask_again_for_max ? std::optional(matter.now + ask_again_after)
                                              : std::nullopt;
}

Objection passing(std::string because, const Matter& matter) {
    return {.because = std::move(because), .again_at = again_soon(matter), .may_pass = true};
}

Verdict verdict_on(const Matter& matter) {
    return first_objection(matter).value_or(agreement(matter));
}

Verdict check(const Case& asked,
              const Facts& facts,
              const History& history,
              const Limits& limits,
              Instant now) {
    return verdict_on({asked, nullptr, nullptr, facts, history, limits, now});
}

// Seven parameters: each is a different thing that the caller has at hand, and a struct of them
// would only be filled in to be taken apart.
std::expected<Permit, Verdict> Gate::ask(  // NOLINT(readability-function-size): see above.
    const Case& asked,
    const Step& step,
    EffectId effect,
    const Facts& facts,
    const History& history,
    const Limits& limits,
    Instant now) {
    const Matter matter{asked, &step, &effect, facts, history, limits, now};
    if (std::optional<Verdict> objection = first_objection(matter)) {
        return std::unexpected<Verdict>(std::move(*objection));
    }
    return Permit(std::move(effect), step);
}

}  // namespace homeostat::guard
