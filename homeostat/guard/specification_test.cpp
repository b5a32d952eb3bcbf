// Guard against its specification, written a second time in another form: not over facts but over
// what is the matter with them, in one list of "what is wrong, who says so". Every combination is
// tried.

#include "homeostat/base/sanitized_for_test.hpp"
#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string_view>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Expected {
    VerdictKind kind{VerdictKind::permit};
    std::string_view rule{"every rule agrees"};

    friend bool operator==(const Expected&, const Expected&) = default;
};

/// Of three instances two run and are silent: so the probes say alone, or the edge as well.
/// Whose word it is that two are dead: nobody's, our probes', the edge's errors as well; and `out`
/// where it has put them out of rotation besides.
enum class Mass : std::uint8_t { none, said, confirmed, out };

const Remedy restart_2 = Restart{payments_2};

/// A remedy, and whether it is in the catalogue as the facts of a scene stand.
struct Offer {
    Remedy remedy;
    bool is_legal;
};

std::vector<Offer> all_offers() {
    return {{Observe{}, true},
            {restart_0, true},
            {restart_2, true},
            {eject_0, true},
            {scale_up, true},
            {scale_down, false},
            {Scale{payments, 3, 5}, false},
            {Scale{payments, 2, 4}, false},
            {Eject{InstanceId("payments-7")}, false},
            {Readmit{payments_0}, false},
            {open_fraud, true},
            {OpenCircuit{ServiceId("rates")}, false},
            {close_fraud, false},
            {invalidate_quotes, true},
            {InvalidateCache{CacheId("sessions")}, false},
            {reroute_quotes, true},
            {Reroute{CacheId("sessions")}, false},
            {route_back_quotes, false},
            {Restart{InstanceId("payments-7")}, false},
            {rolling, true},
            {RollingRestart{ServiceId("fraud")}, false},
            {rollback, true},
            {rollback_undo, false},
            {Rollback{payments, v2, v2}, false},
            {Rollback{payments, v2, VersionId("v0")}, false},
            {config_rollback, true},
            {config_rollback_undo, false},
            {Rollback{payments, c2, c1}, false},
            {Rollback{payments, v2, v1, Artifact::config}, false},
            {Rollback{payments, c2, VersionId("c0"), Artifact::config}, false}};
}

/// Of all combinations one in so many is visited; none of the limits has this factor.
constexpr int visited_one_in = is_sanitized ? 17 : 1;

/// Runs `visit` with every vector of so many digits, the n-th below limits[n].
template <std::size_t N, class Visit>
void for_each_combination(const std::array<int, N>& limits, const Visit& visit) {
    std::array<int, N> digits{};
    for (int skipped = 0;; skipped = (skipped + 1) % visited_one_in) {
        if (skipped == 0) {
            visit(digits);
        }
        std::size_t place = 0;
        while (place < N && ++digits[place] == limits[place]) {
            digits[place++] = 0;
        }
        if (place == N) {
            return;
        }
    }
}

/// What is the matter with a remedy asked for as a whole.
struct Troubles {
    bool is_suspended, is_incomplete, is_stale, is_unseen, is_busy, is_cooling, is_used_up;
    bool is_at_floor, is_spent;
    bool is_without_cause;  ///< The neighbour is well; the source is not.
    Autonomy autonomy;
    Mass mass;
    Offer offer;
};

void silence_two(Scene& scene, Mass mass, std::size_t first) {
    if (mass != Mass::none) {
        silence(scene.facts.instances[first]);
        silence(scene.facts.instances[first + 1]);
    }
    if (mass == Mass::out) {
        scene.facts.instances[first].rotation = Rotation::down;
        scene.facts.instances[first + 1].rotation = Rotation::down;
    }
    if (mass >= Mass::confirmed) {
        let_edge_count(scene, errors_of_a_real_fault);
    }
}

Scene scene_with(const Troubles& troubles) {
    Scene scene = scene_of(troubles.offer.remedy);
    const RemedyKind kind = kind_of(troubles.offer.remedy);
    scene.facts.is_suspended = troubles.is_suspended;
    scene.facts.is_complete = !troubles.is_incomplete;
    scene.facts.read_at = now - (troubles.is_stale ? milliseconds{2001} : milliseconds{2000});
    silence_two(scene, troubles.mass, 0);
    if (troubles.is_unseen) {
        scene.asked.edge_errors_at_open = scene.facts.edge.errors_total;
    }
    scene.limits.autonomy[kind] = troubles.autonomy;
    if (troubles.is_busy) {
        scene.history.learn(
            intent_entry(incident_other, "i-2.e1", Restart{payments_2}, Drain{payments_2}),
            now - seconds{700});
    }
    if (troubles.is_cooling) {
        learn_effect(scene.history,
                     {IncidentId("i-3"), "i-3.e1", troubles.offer.remedy, Drain{payments_2}},
                     now - seconds{700});
        scene.history.learn(closed_entry(IncidentId("i-3")), now - seconds{119});
    }
    scene.asked.attempts_count = troubles.is_used_up ? 3 : 2;
    scene.limits.min_healthy = troubles.is_at_floor ? 3 : 2;
    scene.limits.effects_max = 30;
    scene.facts.caches.front().stale_count = troubles.is_unseen ? 0 : 3;
    scene.facts.circuits.front().answering_count = troubles.is_without_cause ? 1 : 0;
    scene.facts.routes.front().answering_count = troubles.is_without_cause ? 0 : 1;
    spend(scene.history, troubles.is_spent ? 29 : 20, now - seconds{10});
    return scene;
}

/// The freeze: the edge has to confirm the silence, and what answers is not taken even then.
bool is_frozen(const Troubles& it) {
    const bool is_confirmed = it.mass >= Mass::confirmed && !it.is_unseen;
    return it.mass != Mass::none && (!is_confirmed || it.offer.remedy == restart_2);
}

bool needs_cause_elsewhere(RemedyKind kind) {
    return kind == RemedyKind::open_circuit || kind == RemedyKind::reroute;
}

/// What it is for is not there: no symptom, no cause elsewhere, or it is out of rotation already.
bool is_pointless(const Troubles& it) {
    const RemedyKind kind = kind_of(it.offer.remedy);
    return it.is_unseen || (needs_cause_elsewhere(kind) && it.is_without_cause) ||
           (it.mass == Mass::out && kind == RemedyKind::eject);
}

Expected specified(const Troubles& it) {
    using enum VerdictKind;
    const bool is_watched = it.autonomy < Autonomy::ask;
    const RemedyKind kind = kind_of(it.offer.remedy);
    const bool is_emptying = kind == RemedyKind::invalidate_cache;
    const bool needs_cause = needs_cause_elsewhere(kind);
    const bool is_of_one = kind == RemedyKind::restart || kind == RemedyKind::eject;
    const bool is_at_dead = is_of_one && it.mass != Mass::none && it.offer.remedy != restart_2;
    const bool is_at_lost = is_at_dead && it.mass == Mass::out;
    const bool costs_nothing =
        needs_cause || is_emptying || kind == RemedyKind::scale || is_at_lost;
    // Two of three are silent, and the edge has all of them in rotation.
    const bool is_below_floor = it.is_at_floor || it.mass == Mass::confirmed;
    const bool is_of_one_effect = is_emptying || is_at_dead;
    const std::array<std::pair<bool, Expected>, 13> list{{
        {it.is_suspended, {refusal, switch_rule}},
        {it.is_incomplete || it.is_stale, {refusal, facts_rule}},
        {!it.offer.is_legal, {refusal, catalogue_rule}},
        {is_frozen(it), {refusal, freeze_rule}},
        {kind == RemedyKind::observe, {escalation, "observing is no effect"}},
        {is_watched, {refusal, autonomy_rule}},
        {is_pointless(it), {refusal, symptom_rule}},
        {it.is_busy, {refusal, one_rule}},
        {it.is_cooling, {refusal, cool_down_rule}},
        {it.is_used_up, {escalation, attempts_rule}},
        {is_below_floor && !costs_nothing, {refusal, floor_rule}},
        {it.is_spent && !is_of_one_effect, {refusal, budget_rule}},  // There is room for one.
        {it.autonomy == Autonomy::ask, {question, approval_rule}},
    }};
    for (const auto& [is_wrong, expected] : list) {
        if (is_wrong) {
            return expected;
        }
    }
    return {};
}

/// What is known of whoever drained the instance, if it is drained: nothing, that it was us, or
/// that we died in it, and the edge's date: soon after, too long after, none.
enum class Drainer : std::uint8_t { unknown, us, us_by_date, too_late, undated };

/// What is the matter with a step.
struct StepTroubles {
    bool is_alive, is_answering, is_expected_right, is_version_right, is_floor_tight, is_named;
    bool is_config_right, is_open, has_sessions;
    Rotation rotation;
    Mass mass;  ///< Of the two instances that the step is not about.
    Drainer drainer;
    /// drain, undrain, replace, swap, swap of the configuration, open, close, route to the source,
    /// route back, invalidate
    int step;
    /// restart, rolling, rollback before its swap and after it, eject, readmit, open, close,
    /// rollback of the configuration before its swap and after it, reroute, route back, invalidate
    int remedy;
};

const std::array<Remedy, 13> step_remedies{
    restart_0,      rolling,           rollback,         rollback,        eject_0,
    readmit_0,      open_fraud,        close_fraud,      config_rollback, config_rollback,
    reroute_quotes, route_back_quotes, invalidate_quotes};

// NOLINTNEXTLINE(readability-function-cognitive-complexity): a table.
Step step_with(const StepTroubles& it) {
    const InstanceId name = it.is_named ? payments_0 : InstanceId("fraud-0");
    const VersionId current = it.remedy == 3 ? v1 : v2;
    const VersionId other = it.remedy == 3 ? v2 : v1;
    const VersionId config = (it.remedy == 9) == it.is_config_right ? c1 : c2;
    const ProcessIdentity running = it.is_alive ? ProcessIdentity{10, 1000} : ProcessIdentity{};
    switch (it.step) {
        case 0:
            return Drain{name};
        case 1:
            return Undrain{name};
        case 2:
            return Replace{name, it.is_expected_right ? running : ProcessIdentity{10, 999},
                           it.is_version_right ? current : other, config};
        case 3:
            return SwapVersion{payments, v2, it.is_version_right ? v1 : VersionId("v3")};
        case 4:
            return SwapVersion{payments, c2, it.is_config_right ? c1 : VersionId("c3"),
                               Artifact::config};
        case 7:
        case 8:
            return SetRoute{CacheId(it.is_named ? "quotes" : "sessions"), it.step == 7};
        case 9:
            return Invalidate{CacheId(it.is_named ? "quotes" : "sessions")};
        default:
            return SetCircuit{ServiceId(it.is_named ? "fraud" : "rates"), it.step == 5};
    }
}

/// The freeze: what gives back, is at a process that has ended or starts anew what is drained and
/// without a session may go on; what changes or takes needs the edge's word, and what takes an
/// instance that answers has to be part of a rollback.
bool is_step_frozen(const StepTroubles& it) {
    const bool is_at_one = it.step < 3;
    const bool is_out = it.rotation == Rotation::draining && !it.has_sessions;
    const bool gives = it.step == 1 || it.step == 6 || it.step == 8 ||
                       (is_at_one && !it.is_alive) || (it.step == 2 && is_out);
    const bool is_rollback = it.remedy == 2 || it.remedy == 3 || it.remedy == 8 || it.remedy == 9;
    const bool is_taking_answers = is_at_one && it.is_answering && !is_rollback;
    return it.mass != Mass::none && !gives && (it.mass == Mass::said || is_taking_answers);
}

/// Needs no facts: only what was chosen above. True where guard has to give its permit.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): a table.
bool is_step_specified(const StepTroubles& it) {
    if (is_step_frozen(it)) {
        return false;
    }
    const bool is_answering = it.is_answering || it.mass != Mass::none;  // Or so it may be.
    const bool may_serve = it.is_alive && is_answering &&
                           (it.rotation == Rotation::in || it.rotation == Rotation::unknown);
    const bool keeps_floor = !may_serve || !it.is_floor_tight;
    const bool is_circuit = it.remedy == 6 || it.remedy == 7 || it.remedy >= 10;  // Or a cache.
    switch (it.step) {
        case 0:
            return it.is_named && it.rotation == Rotation::in && keeps_floor && it.remedy != 5 &&
                   !is_circuit;
        case 1:
            return it.is_named && it.rotation == Rotation::draining && it.remedy != 4 &&
                   !is_circuit && (it.drainer == Drainer::us || it.drainer == Drainer::us_by_date);
        case 2:
            return it.is_named && it.is_expected_right && it.is_version_right &&
                   it.is_config_right && keeps_floor &&
                   (it.remedy < 2 || it.remedy == 3 || it.remedy == 9);
        case 3:
            return it.remedy == 2 && it.is_version_right;
        case 4:
            return it.remedy == 8 && it.is_config_right;
        case 7:
        case 8:
            return it.is_named && it.remedy == it.step + 3 && it.is_open == (it.step == 8);
        case 9:
            return it.is_named && (it.remedy == 10 || it.remedy == 12);
        default:
            return it.is_named && it.remedy == it.step + 1 && it.is_open == (it.step == 6);
    }
}

void tell_of_drainer(Scene& scene, Drainer drainer) {
    if (drainer == Drainer::us) {
        learn_own_drain(scene.history, payments_0);
    }
    if (drainer <= Drainer::us) {
        return;
    }
    const IncidentId of("i-9");
    const Instant at = now - seconds{1000};
    scene.history.learn(intent_entry(of, "i-9.e1", Restart{payments_2}, drain_0), at);
    scene.history.learn(entry_of(EntryKind::started, {}, StartedBody{}), at);
    scene.history.learn(outcome_entry(of, "i-9.e1", OutcomeKind::unknown, true), now);
    scene.history.learn(entry_of(EntryKind::escalated, of, EscalatedBody{"x"}), at);
    if (drainer != Drainer::undated) {
        scene.facts.instances[0].rotation_since =
            at + (drainer == Drainer::too_late ? milliseconds{11'001} : milliseconds{11'000});
    }
}

Scene scene_with(const StepTroubles& it) {
    Scene scene = scene_of(step_remedies.at(static_cast<std::size_t>(it.remedy)));
    if (it.remedy == 3) {
        learn_effect(scene.history, {incident, "i-1.e1", rollback, swap_step}, now);
        scene.facts.versions.deploy.current = v1;
    }
    if (it.remedy == 9) {
        learn_effect(scene.history, {incident, "i-1.e1", config_rollback, config_swap_step}, now);
        scene.facts.versions.config.current = c1;
    }
    if (it.remedy == 5 || it.remedy == 7 || it.remedy == 11) {
        scene.asked.is_undo = true;
        const Remedy held = it.remedy == 5 ? eject_0 : it.remedy == 7 ? open_fraud : reroute_quotes;
        learn_effect(scene.history, {incident, "i-1.e1", held, Undrain{payments_2}}, now);
        scene.history.learn(held_entry(incident, held), now);
    }
    scene.facts.circuits.front().is_open = it.is_open;
    scene.facts.routes.front().is_to_source = it.is_open;
    InstanceFacts& target = scene.facts.instances[0];
    target.runtime.is_alive = it.is_alive;
    target.runtime.is_answering = it.is_answering;
    target.rotation = it.rotation;
    target.sessions_now = it.has_sessions ? 1 : 0;
    silence_two(scene, it.mass, 1);
    tell_of_drainer(scene, it.drainer);
    const std::uint32_t others_serving = it.mass == Mass::none ? 2 : 0;
    scene.limits.min_healthy = others_serving + (it.is_floor_tight ? 1 : 0);
    return scene;
}

}  // namespace

TEST_CASE("a remedy gets the verdict that the specification gives, in every combination") {
    const std::vector<Offer> offers = all_offers();
    std::size_t permits_count = 0;
    const auto offers_count = static_cast<int>(offers.size());
    for_each_combination(
        std::array{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 5, 4, offers_count}, [&](const auto& digits) {
            const Troubles troubles{.is_suspended = digits[0] == 1,
                                    .is_incomplete = digits[1] == 1,
                                    .is_stale = digits[2] == 1,
                                    .is_unseen = digits[3] == 1,
                                    .is_busy = digits[4] == 1,
                                    .is_cooling = digits[5] == 1,
                                    .is_used_up = digits[6] == 1,
                                    .is_at_floor = digits[7] == 1,
                                    .is_spent = digits[8] == 1,
                                    .is_without_cause = digits[9] == 1,
                                    .autonomy = static_cast<Autonomy>(digits[10]),
                                    .mass = static_cast<Mass>(digits[11]),
                                    .offer = offers[static_cast<std::size_t>(digits[12])]};
            const Verdict verdict = scene_with(troubles).verdict();
            const Expected expected = specified(troubles);
            const bool is_as_specified = Expected{verdict.kind, verdict.rule} == expected;
            if (!is_as_specified) {
                FAIL_CHECK(describe(troubles.offer.remedy), ": ", verdict.rule,
                           ", specified: ", expected.rule);
            }
            permits_count += verdict.kind == VerdictKind::permit ? 1 : 0;
        });
    // With nothing the matter the ten: six however the neighbour and the source are, `scale`
    // however these and the floor are, `invalidate_cache` however the budget is as well,
    // `open_circuit` and `reroute` however near its floor the group is. Where the edge confirms
    // that two are dead, the last four of these. Where it has them out as well, the same without
    // the one that takes what answers and the one that ejects, and however near its floor the
    // group and however full the budget is also the restart of one that is dead.
    if constexpr (visited_one_in == 1) {
        CHECK(permits_count ==
              (6 * 2 + 4 + 8 + 2 + 2) + (4 + 8 + 2 + 2) + (3 * 2 + 8 + 4 + 8 + 2 + 2));
    }
}

TEST_CASE("a step gets the answer that the specification gives, in every combination") {
    std::size_t permits_count = 0;
    const std::array limits{2, 2, 2, 2, 2, 2, 2, 2, 4, 3, 10, 13, 2, 5};
    for_each_combination(limits, [&](const auto& digits) {
        const bool is_drained = digits[8] == static_cast<int>(Rotation::draining);
        if ((digits[10] != 1 || !is_drained) && digits[13] != 0) {
            return;  // Who drained it is a matter of an undrain alone.
        }
        const StepTroubles troubles{.is_alive = digits[0] == 1,
                                    .is_answering = digits[1] == 1,
                                    .is_expected_right = digits[2] == 1,
                                    .is_version_right = digits[3] == 1,
                                    .is_floor_tight = digits[4] == 1,
                                    .is_named = digits[5] == 1,
                                    .is_config_right = digits[6] == 1,
                                    .is_open = digits[7] == 1,
                                    .has_sessions = digits[12] == 1,
                                    .rotation = static_cast<Rotation>(digits[8]),
                                    .mass = static_cast<Mass>(digits[9]),
                                    .drainer = static_cast<Drainer>(digits[13]),
                                    .step = digits[10],
                                    .remedy = digits[11]};
        const Step step = step_with(troubles);
        const bool is_permitted = scene_with(troubles).ask(step).has_value();
        if (is_permitted != is_step_specified(troubles)) {
            FAIL_CHECK(describe(step), " is permitted: ", is_permitted);
        }
        permits_count += is_permitted ? 1 : 0;
    });
    CHECK(permits_count > 100);
}

}  // namespace homeostat::guard
