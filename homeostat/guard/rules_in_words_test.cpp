// Guard against its rules in words: a specification made of what ARCHITECTURE.md and the heads of
// guard.hpp, limits.hpp and rules.cpp promise, one function a rule, in the order in which they are
// asked. It shares no code with guard but the nouns of `domain`. specification_test.cpp tries every
// combination of troubles in one scene; here the scenes are drawn.

#include "homeostat/base/sanitized_for_test.hpp"
#include "homeostat/guard/draw_question_for_test.hpp"
#include "homeostat/guard/words_of_drains_for_test.hpp"
#include "homeostat/guard/words_of_outside_for_test.hpp"
#include "homeostat/guard/words_of_step_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What a rule says that objects; nothing if it agrees.
struct Word {
    VerdictKind kind{VerdictKind::refusal};
    std::optional<Instant> again_at{};
};
using Says = std::optional<Word>;

// --- what they say -------------------------------------------------------------------------------

Says agrees() {
    return std::nullopt;
}
Says never() {
    return Word{};
}
Says a_person() {
    return Word{VerdictKind::escalation};
}
Says not_before(Instant at) {
    return Word{VerdictKind::refusal, at};
}
Says in_a_moment(const Question& it) {
    return not_before(it.at + milliseconds{500});
}

/// It may pass by itself. For half a minute it is worth asking again.
Says not_yet(const Question& it) {
    const Instant since = it.asked.refused_since.value_or(it.at);
    return it.at - since < seconds{30} ? in_a_moment(it) : never();
}

History history_of(const Question& it) {
    History history;
    for (const Event& event : it.story) {
        history.learn(entry_of(event), event.at);
    }
    return history;
}

// --- the rules -----------------------------------------------------------------------------------

/// Nothing is done while a person has stopped us.
Says kill_switch(const Question& it) {
    return it.facts.is_suspended ? not_yet(it) : agrees();
}

/// We know the whole world, as it was at most two seconds ago, and each instance once.
Says fresh_facts(const Question& it) {
    const Duration age = it.at - it.facts.read_at;
    std::set<InstanceId> names;
    for (const InstanceFacts& instance : it.facts.instances) {
        names.insert(instance.runtime.instance);
    }
    if (!it.facts.is_complete || age < Duration::zero() || age > seconds{2}) {
        return not_yet(it);
    }
    return names.size() == it.facts.instances.size() ? agrees() : never();
}

/// What the incident took out of rotation and left there, by the book that lasting_test.cpp proves.
bool puts_back_left(const Question& it) {
    const auto* readmit = std::get_if<Readmit>(&it.asked.remedy);
    if (readmit == nullptr) {
        return false;
    }
    const std::vector<InstanceId> left = history_of(it).lasting().drained_by(it.asked.incident);
    return std::ranges::find(left, readmit->instance) != left.end();
}

/// It is one of ours, for a target that is there. A reflex does the one thing it is for; an
/// undo takes back what this incident did; while something is held only a cure is begun.
Says catalogue(const Question& it) {
    const bool is_stopgap = traits_of(kind_of(it.asked.remedy)).is_temporary;
    const bool is_right = !it.facts.instances.empty() &&
                          (!it.asked.is_reflex || (is_reflex_for(it) && !it.asked.is_undo)) &&
                          (!it.asked.is_undo || takes_back_its_own(it) || puts_back_left(it)) &&
                          (!it.asked.is_contained || !is_stopgap || it.asked.is_undo);
    if (is_right && (is_only_silent(it) || is_only_short(it))) {
        return not_yet(it);
    }
    return is_right && is_offered(it) ? agrees() : never();
}

/// Where much looks dead nothing is done on the word of one observer, and what answers is not
/// taken away even if it is so. Three seconds for the edge to confirm it, thirty for the rest. Nor
/// is the only one restarted on that word; while it serves nobody thirty seconds lose nothing.
Says freeze(const Question& it) {
    if (restarts_silent_only_one(it)) {
        return has_edge_confirmed(it) ? agrees() : not_yet(it);
    }
    if (!is_much_silent(it, seconds{3}) || costs_nobody(it)) {
        return agrees();
    }
    const Duration silent_for = it.at - std::min(it.asked.silence.since.value_or(it.at), it.at);
    if (!has_edge_confirmed(it)) {
        return silent_for < seconds{3} ? in_a_moment(it) : a_person();
    }
    const Says waits = silent_for < seconds{30} ? in_a_moment(it) : a_person();
    return takes_what_answers(it) ? waits : agrees();
}

/// To observe is no effect: the symptom is there, so a person has to know.
Says observing(const Question& it) {
    return kind_of(it.asked.remedy) == RemedyKind::observe ? a_person() : agrees();
}

/// The step is one of the remedy's, it has an id of its own, and the target is as it expects.
Says fitting_step(const Question& it) {
    const auto is_it = [&](const Event& event) { return event.effect == it.effect; };
    const bool is_used_up = !Past(it.story).announced(Instant::min(), is_it).empty();
    const bool is_fresh = !it.effect.empty() && !is_used_up;
    return !it.step || (is_fresh && fits(it, *it.step)) ? agrees() : never();
}

/// Whatever we did not take out of rotation ourselves a person wants there.
Says own_drain(const Question& it) {
    const auto* undrain = it.step ? std::get_if<Undrain>(&*it.step) : nullptr;
    const InstanceFacts* target =
        undrain != nullptr ? find_instance(it.facts, undrain->instance) : nullptr;
    return target == nullptr || is_drained_by_us(*target, it.story) ? agrees() : a_person();
}

/// A person has raised it to `ask` or `act`. Whoever may act may take it back.
Says autonomy(const Question& it) {
    return it.asked.is_undo || level_of(it) >= Autonomy::ask ? agrees() : never();
}

/// It was tried, just as it is declared. To take it back needs no trial any more.
Says proven(const Question& it) {
    const DeclaredTask* task = task_of(it.asked.remedy);
    return it.asked.is_undo || task == nullptr || find_task(it.facts, task->task)->is_proven
               ? agrees()
               : never();
}

/// What nothing brings back is done only where the configuration says so.
Says destructive(const Question& it) {
    const auto* run = std::get_if<RunTask>(&it.asked.remedy);
    const bool destroys = run != nullptr && run->of.is_destructive && !it.asked.is_undo;
    return destroys && !it.limits.destructive_allowed ? never() : agrees();
}

/// We see for ourselves what the proposal says, and what it blames. What is held may hide the
/// symptom; what has begun, or is taken back, needs no reason any more.
Says symptom(const Question& it) {
    if (is_in_hand(it) || it.asked.is_undo) {
        return agrees();
    }
    const Subject& about = it.asked.symptom.subject;
    const bool is_ours =
        (about.kind == SubjectKind::service && about.name == it.facts.service.text()) ||
        (about.kind == SubjectKind::cache &&
         find_cache(it.facts, CacheId(about.name)) != nullptr) ||
        (about.kind == SubjectKind::task && find_task(it.facts, TaskId(about.name)) != nullptr) ||
        subject(it) != nullptr;
    if (!is_ours) {
        return never();
    }
    const bool is_there = it.asked.is_contained || is_seen(it);
    return is_there && is_cause_seen(it) ? agrees() : not_yet(it);
}

/// Nothing is begun on an effect of unknown fate, nor beside another incident's remedy.
Says one_in_hand(const Question& it) {
    const auto others = Past(it.story).others(it.asked.incident);
    const bool is_free = std::ranges::all_of(others, [&](const IncidentId& other) {
        const bool is_busy =
            Past(it.story).in_hand(other) != nullptr || Past(it.story).has_unknown(other);
        return !is_busy || is_apart(it, *Past(it.story).announced_last(other));
    });
    return is_free && !Past(it.story).has_unknown(it.asked.incident) ? agrees() : not_yet(it);
}

/// Of two stopgaps at one target the first give-back would take the other with it.
Says held_elsewhere(const Question& it) {
    const auto others = Past(it.story).others(it.asked.incident);
    const bool is_held = std::ranges::any_of(others, [&](const IncidentId& other) {
        const std::optional<Remedy> held = Past(it.story).held(other);
        return held && !Past(it.story).is_closed(other) &&
               kind_of(*held) == kind_of(it.asked.remedy) &&
               target_of(*held) == target_of(it.asked.remedy);
    });
    const bool is_stopgap = traits_of(kind_of(it.asked.remedy)).is_temporary;
    const bool begins = is_stopgap && !it.asked.is_undo && !is_in_hand(it);
    return begins && is_held ? not_yet(it) : agrees();
}

/// What somebody else took back twice in ten minutes is theirs. What they took back is guard's own
/// book of it, which lasting_test.cpp proves: drawn stories have no change of anybody's in them.
Says taken_back(const Question& it) {
    const std::string part =
        it.step ? lasting_part_of(it.asked.remedy, *it.step) : lasting_part_of(it.asked.remedy);
    const History history = history_of(it);
    const bool is_fought = !part.empty() && history.lasting().taken_back_count(
                                                part, it.facts, it.at - seconds{600}) >= 2;
    return is_fought ? a_person() : agrees();
}

/// What was used on a target is left alone for a while. A dead process waits less: see below.
Says cool_down(const Question& it) {
    const bool starts_dead = it.asked.is_reflex && is<Restart>(it);
    if (starts_dead || it.asked.is_undo) {
        return agrees();
    }
    for (const std::optional<Instant> since :
         {Past(it.story).ended_after(it.asked.remedy),
          Past(it.story).used_by_others(it.asked.remedy, it.asked.incident)}) {
        if (since && it.at < *since + it.limits.cool_down) {
            return not_before(*since + it.limits.cool_down);
        }
    }
    return agrees();
}

/// An incident may try so many remedies; then it is a person's.
Says attempts(const Question& it) {
    const std::uint32_t begun =
        Past(it.story).attempts(it.asked.incident) - (is_in_hand(it) ? 1 : 0);
    const bool has_left = std::max(begun, it.asked.attempts_count) < it.limits.attempts_max;
    return it.asked.is_undo || has_left ? agrees() : a_person();
}

/// A process that ends again is started again after twice the time, and so many times at most.
Says back_off(const Question& it) {
    const bool starts = !it.step || std::holds_alternative<Replace>(*it.step);
    if (!it.asked.is_reflex || !is<Restart>(it) || !starts) {
        return agrees();
    }
    const InstanceId& instance = std::get<Restart>(it.asked.remedy).instance;
    const std::vector<Instant> before =
        Past(it.story).announced(it.at - it.limits.effects_window, [&](const Event& event) {
            const auto* replace = std::get_if<Replace>(&event.step);
            return event.is_reflex && replace != nullptr && replace->instance == instance;
        });
    if (before.empty() || before.size() >= it.limits.attempts_max) {
        return before.empty() ? agrees() : a_person();
    }
    Duration wait = it.limits.back_off_first;
    for (std::size_t restart = 1; restart < before.size(); ++restart) {
        wait *= 2;
    }
    const Instant until = before.back() + std::min(wait, it.limits.back_off_max);
    return it.at < until ? not_before(until) : agrees();
}

/// So many go on serving when one that may serve is taken away. Of a remedy that is so at best:
/// those of its targets that do not serve come first, and serve again by then unless they are
/// stopped for good.
Says floor(const Question& it) {
    std::uint32_t taken = 0;
    std::uint32_t left_best = 0;
    for (const InstanceFacts* target : targets(it)) {
        taken += may_serve(it, *target) ? 1 : 0;
        left_best = std::max(left_best, may_serve(it, *target) ? others_serving(it, *target) : 0);
    }
    const bool restores = scales_by(it) == 0 && task_of(it.asked.remedy) == nullptr;
    const auto idle = static_cast<std::uint32_t>(targets(it).size()) - taken;
    const std::uint32_t restored = restores ? idle : 0;
    if (taken == 0 || left_best + restored >= it.limits.min_healthy) {
        return agrees();
    }
    const bool is_of_one = it.step && instance_of(*it.step) != nullptr;
    const bool is_ever = is_of_one || it.facts.instances.size() > it.limits.min_healthy;
    return is_ever ? not_yet(it) : never();
}

/// It takes nothing away: to give back is never too much.
bool only_gives_back(const Question& it) {
    const auto* circuit = it.step ? std::get_if<SetCircuit>(&*it.step) : nullptr;
    const auto* route = it.step ? std::get_if<SetRoute>(&*it.step) : nullptr;
    const auto* rollout = it.step ? std::get_if<SetPaused>(&*it.step) : nullptr;
    return it.step ? std::holds_alternative<Undrain>(*it.step) ||
                         (circuit != nullptr && !circuit->is_open) ||
                         (route != nullptr && !route->is_to_source) ||
                         (rollout != nullptr && !rollout->is_paused)
                   : is<Readmit>(it) || is<CloseCircuit>(it) || is<RouteBack>(it) ||
                         is<ResumeRollout>(it);
}

/// There is room in the window for all that it begins, and for what ends it again.
Says budget(const Question& it) {
    if (only_gives_back(it)) {
        return agrees();
    }
    const auto any = [](const Event&) { return true; };
    const std::vector<Instant> spent =
        Past(it.story).announced(it.at - it.limits.effects_window, any);
    const std::size_t needed = it.step ? effects_of(it, *it.step) : effects_of_all(it);
    const std::size_t allowed = it.limits.effects_max;
    if (spent.size() + needed <= allowed) {
        return agrees();
    }
    return needed > allowed
               ? never()
               : not_before(spent[spent.size() + needed - allowed - 1] + it.limits.effects_window);
}

/// Who takes capacity away lets a neighbour that says so end first, for half a minute in all. To
/// start what has ended takes nothing away, and what was begun is not left half-way.
Says neighbours(const Question& it) {
    const DeclaredTask* task = task_of(it.asked.remedy);
    const bool takes = is<Eject>(it) || is<Restart>(it) || replaces(it) ||
                       (task != nullptr && !task->keeps_capacity);
    const bool starts_dead = it.asked.is_reflex && is<Restart>(it);
    Duration longest{-1};
    for (const NeighbourWord& word : it.facts.neighbours.value_or(std::vector<NeighbourWord>{})) {
        longest = word.says == NeighbourSays::go ? longest : std::max(longest, word.lasts);
    }
    const Instant until = it.asked.heed_until.value_or(it.at);
    const bool waits = takes && !starts_dead && !it.asked.is_undo && !is_in_hand(it) &&
                       longest >= Duration{0} && it.at < until;
    const Duration wait = std::clamp(longest, Duration{milliseconds{500}}, Duration{seconds{10}});
    return waits ? not_before(std::min(it.at + wait, until)) : agrees();
}

/// Whoever has to be asked was not, in drawn stories (approval_test.cpp has those with answers).
/// What the agent holds back is asked about wherever it stands, and what is demoted unless it has
/// begun; but the start of what has ended. A reroute empties the cache as well.
Says approval(const Question& it) {
    const bool starts_dead = it.asked.is_reflex && is<Restart>(it);
    const bool is_held_back = it.asked.is_held_back && !starts_dead;
    const bool is_lowered = is_demoted(it, kind_of(it.asked.remedy), task_of(it.asked.remedy)) ||
                            (is<Reroute>(it) && is_demoted(it, RemedyKind::invalidate_cache));
    const bool has_to_ask = is_lowered && !starts_dead && !is_in_hand(it);
    const bool is_asked = level_of(it) == Autonomy::ask || is_held_back || has_to_ask;
    return is_asked && !it.asked.is_undo ? Word{VerdictKind::question} : agrees();
}

/// Who has to have the decision has it.
Says confirmed(const Question& it) {
    return is_unconfirmed(it) ? not_yet(it) : agrees();
}

/// The fleet has a place for it.
Says fleet(const Question& it) {
    return has_no_place(it) ? not_yet(it) : agrees();
}

struct RuleInWords {
    std::string_view name;
    Says (*says)(const Question& it);
};

constexpr std::array rules_in_words{
    RuleInWords{switch_rule, kill_switch},
    RuleInWords{facts_rule, fresh_facts},
    RuleInWords{catalogue_rule, catalogue},
    RuleInWords{freeze_rule, freeze},
    RuleInWords{"observing is no effect", observing},
    RuleInWords{step_rule, fitting_step},
    RuleInWords{own_drain_rule, own_drain},
    RuleInWords{autonomy_rule, autonomy},
    RuleInWords{proven_rule, proven},
    RuleInWords{destructive_rule, destructive},
    RuleInWords{symptom_rule, symptom},
    RuleInWords{one_rule, one_in_hand},
    RuleInWords{held_rule, held_elsewhere},
    RuleInWords{taken_back_rule, taken_back},
    RuleInWords{cool_down_rule, cool_down},
    RuleInWords{attempts_rule, attempts},
    RuleInWords{back_off_rule, back_off},
    RuleInWords{floor_rule, floor},
    RuleInWords{budget_rule, budget},
    RuleInWords{neighbours_rule, neighbours},
    RuleInWords{approval_rule, approval},
    RuleInWords{confirmed_rule, confirmed},
    RuleInWords{fleet_rule, fleet},
};

// --- against guard -------------------------------------------------------------------------------

struct Answer {
    VerdictKind kind{VerdictKind::permit};
    std::string rule{"every rule agrees"};
    std::optional<Instant> again_at{};

    friend bool operator==(const Answer&, const Answer&) = default;
};

Answer in_words(const Question& it) {
    for (const RuleInWords& rule : rules_in_words) {
        if (const Says word = rule.says(it)) {
            return {word->kind, std::string(rule.name), word->again_at};
        }
    }
    return {};
}

Answer of_guard(const Question& it) {
    const History history = history_of(it);
    if (!it.step) {
        const Verdict verdict = check(it.asked, it.facts, history, it.limits, it.at);
        return {verdict.kind, verdict.rule, verdict.again_at};
    }
    const auto permit =
        Gate::ask(it.asked, *it.step, it.effect, it.facts, history, it.limits, it.at);
    return permit ? Answer{}
                  : Answer{permit.error().kind, permit.error().rule, permit.error().again_at};
}

std::string to_text(const Answer& answer) {
    const std::string when =
        answer.again_at ? ", again in " + std::to_string((*answer.again_at - now) / milliseconds{1})
                        : "";
    return std::string(homeostat::to_text(answer.kind)) + " (" + answer.rule + ")" + when;
}

/// How often each rule decided, of a remedy and of a step.
using Decided = std::map<std::pair<std::string, bool>, std::uint64_t>;

Question question_of(std::uint64_t seed) {
    constexpr std::array odd_shares{0.004, 0.02, 0.06};
    Chance chance(seed, odd_shares.at(seed % odd_shares.size()));
    Question it = draw_question(chance);
    draw_outside(chance, it);
    if (seed % 16 == 5) {
        turn_to_resize(chance, it);
    }
    return it;
}

/// A rule that never decides is not compared.
Decided compare(std::uint64_t first_seed, std::uint64_t count) {
    Decided decided;
    for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
        const Question it = question_of(seed);
        const Answer expected = in_words(it);
        const Answer given = of_guard(it);
        if (given != expected) {
            const std::string step = it.step ? ", " + describe(*it.step) : "";
            FAIL("seed ", seed, ": ", describe(it.asked.remedy), step, ": guard says ",
                 to_text(given), ", in words: ", to_text(expected));
        }
        decided[{expected.rule, it.step.has_value()}] += 1;
    }
    for (const RuleInWords& rule : rules_in_words) {
        const std::string name(rule.name);
        const std::uint64_t of_remedy = decided[{name, false}];
        const std::uint64_t of_step = decided[{name, true}];
        // Taking back needs two effects that did not last: rare in a drawn story.
        const std::uint64_t wanted = rule.name == taken_back_rule ? 0 : count / 2000;
        CHECK_MESSAGE(of_remedy + of_step >= wanted, name);
    }
    for (const bool is_of_step : {false, true}) {
        const std::uint64_t permits = decided[{Answer{}.rule, is_of_step}];
        CHECK(permits >= count / 50);
    }
    return decided;
}

}  // namespace

TEST_CASE("whatever it is asked guard answers as its rules in words do") {
    (void)compare(0, is_sanitized ? 10'000 : 200'000);
}

// `make guard-words`
TEST_CASE("in millions of cases guard answers as its rules in words do" * doctest::skip()) {
    for (const auto& [of, count] : compare(1'000'000, 10'000'000)) {
        const auto& [rule, is_of_step] = of;
        MESSAGE(count, std::string(is_of_step ? " steps: " : " remedies: "), rule);
    }
}

}  // namespace homeostat::guard
