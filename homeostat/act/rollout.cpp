#include "homeostat/act/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace homeostat::act {

namespace {

bool is_of(const Facts& facts, const VersionId& version) {
    return facts.versions.deploy.current == version;
}

/// It stands by our hand, whatever is rolled out by now: a template that somebody else brings goes
/// nowhere while it does, and nobody but us ends what is ours. Of which version our pause is, the
/// write itself tests.
bool is_ours(const Facts& facts) {
    return facts.rollout && facts.rollout->is_paused_by_us();
}

std::string text_of_current(const Facts& facts) {
    const VersionId& current = facts.versions.deploy.current;
    return current.empty() ? "something new" : current.text();
}

}  // namespace

Next next_of(const PauseRollout& remedy, const Facts& facts) {
    if (!facts.rollout) {
        return Stuck{"there is nobody whose rollout could be let stand"};
    }
    if (is_ours(facts)) {
        return Complete{};  // Also of what is rolled out no more: who holds it gives it back.
    }
    if (!is_of(facts, remedy.version)) {
        return Stuck{fmt::format("{} is rolled out by now, not {}", text_of_current(facts),
                                 remedy.version.text())};
    }
    if (facts.rollout->is_paused) {
        return Stuck{"somebody else lets the rollout stand already"};
    }
    return SetPaused{remedy.service, remedy.version, true};
}

Next next_of(const ResumeRollout& remedy, const Facts& facts) {
    return is_ours(facts) ? Next{SetPaused{remedy.service, remedy.version, false}}
                          : Next{Complete{}};
}

// A rollout that somebody let go on again reads as one that never stood; it may be let stand once
// more all the same, as often as guard thinks that is no fight.
Outcome resolve_rollout(const SetPaused& step, const EffectId& effect, const Facts& facts) {
    if (!facts.rollout) {
        return {OutcomeKind::unknown, "nobody says how far the rollout is"};
    }
    const RolloutFacts& rollout = *facts.rollout;
    if (!step.is_paused) {
        return rollout.is_paused_by_us()
                   ? Outcome{OutcomeKind::refused, "the rollout still stands"}
                   : Outcome{OutcomeKind::done, "the rollout does not stand by us any more"};
    }
    if (rollout.is_paused_by_us() && rollout.paused_by == effect) {
        return {OutcomeKind::done, "the rollout stands, and bears the effect"};
    }
    return {OutcomeKind::refused, rollout.is_paused ? "the rollout stands, and not by this effect"
                                                    : "the rollout goes on"};
}

namespace {

/// Every instance that runs it answers, and there is one.
bool do_new_answer(const VersionId& version, const Facts& facts) {
    std::size_t count = 0;
    for (const InstanceFacts& instance : facts.instances) {
        const RuntimeInstance& runtime = instance.runtime;
        if (runtime.version == version) {
            count += 1;
            if (!runtime.is_alive || !runtime.is_answering) {
                return false;
            }
        }
    }
    return count > 0;
}

}  // namespace

// Without an edge nobody counts what becomes of requests, and a pod that answers its probe may fail
// every one of them: then it is a person's to say. The first look that is well is what is counted
// from: of requests that came before it none speaks for those after it. Until one is, that is left
// as it is while nothing has failed, so that a look which finds the same is no news to be written.
Held looked_at_rollout(Held held, const Facts& facts, bool is_cleared) {
    const auto& remedy = std::get<PauseRollout>(held.remedy);
    const EdgeCounters& edge = facts.edge;
    const bool is_told = is_cleared && facts.is_complete && facts.has_edge;
    if (is_told && edge.errors_total != held.errors_seen) {
        held.errors_seen = edge.errors_total;
        held.requests_seen = edge.requests_total;
        held.well_looks_count = 0;
        return held;
    }
    const std::uint64_t needed = std::max<std::uint64_t>(held.well_looks_count, 1);
    const bool has_had_requests = edge.requests_total >= held.requests_seen + needed;
    const bool is_well = is_told && has_had_requests && do_new_answer(remedy.version, facts);
    if (is_well && held.well_looks_count == 0) {
        held.requests_seen = edge.requests_total;
    }
    held.well_looks_count = is_well ? held.well_looks_count + 1 : 0;
    return held;
}

std::optional<std::string> why_over(const PauseRollout& remedy, const Facts& facts) {
    if (!is_of(facts, remedy.version)) {
        return text_of_current(facts) + " is rolled out instead";
    }
    if (!facts.rollout || !facts.rollout->is_paused) {
        return "somebody else has let the rollout go on";
    }
    return facts.rollout->is_paused_by_us()
               ? std::nullopt
               : std::optional<std::string>("somebody else lets the rollout stand now");
}

std::string why_left(const PauseRollout& remedy, const Facts& facts) {
    const std::string words = facts.rollout ? facts.rollout->resume_words : std::string();
    return fmt::format(
        "the rollout of {} is left paused, as it is not seen to be well: roll out "
        "something else{}{}",
        remedy.version.text(), words.empty() ? "" : ", or let it go on: ", words);
}

}  // namespace homeostat::act
