// A rollout that is let stand: what to do, what became of it, and how it ends.

#include "homeostat/act/rollout.hpp"

#include "homeostat/act/act.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

namespace homeostat::act {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const ServiceId payments("payments");
const VersionId v1("v1");
const VersionId v2("v2");
const EffectId effect("i-1.e1");
const Instant since = instant_of_ns(1'000'000'000'000);
const Instant now = since + seconds{5};
const PauseRollout pause{payments, v2};
const ResumeRollout resume{payments, v2};
const SetPaused stand_step{payments, v2, true};
const SetPaused go_on_step{payments, v2, false};

/// Two run v1 and one runs v2, which is being rolled out. `paused_by`: see RolloutFacts.
Facts rolling_out(bool is_paused = false, const EffectId& paused_by = {}) {
    Facts facts;
    facts.service = payments;
    for (const char* name : {"payments-0", "payments-1", "payments-2"}) {
        InstanceFacts& instance = facts.instances.emplace_back();
        instance.runtime.instance = InstanceId(name);
        instance.runtime.is_alive = true;
        instance.runtime.is_answering = true;
        instance.runtime.version = v1;
        instance.rotation = Rotation::in;
    }
    facts.instances.back().runtime.version = v2;
    facts.versions.deploy = {v2, {v1, v2}, {v1}};
    facts.has_edge = true;
    facts.is_complete = true;
    facts.is_orchestrated = true;
    facts.rollout = RolloutFacts{.is_under_way = true,
                                 .is_paused = is_paused,
                                 .paused_by = paused_by,
                                 .resume_words = "kubectl rollout resume"};
    return facts;
}

Facts standing() {
    return rolling_out(true, effect);
}

Facts of_another_version(Facts facts) {
    facts.versions.deploy.current = VersionId("v3");
    return facts;
}

Next next_for(Remedy remedy, const Facts& facts) {
    Plan plan;
    plan.remedy = std::move(remedy);
    plan.began_at = since;
    return next_step(plan, facts, now);
}

bool is_step(const Next& next, const SetPaused& wanted) {
    const auto* step = std::get_if<Step>(&next);
    return step != nullptr && *step == Step{wanted};
}

/// One look a second at a world in which so many requests come and so many fail meanwhile.
struct Looking {
    Held held{.remedy = pause, .since = since, .until = since + minutes{2}};
    Facts facts{standing()};
    bool is_cleared{true};

    Looking() {
        facts.edge.requests_total = 1'000;
        facts.edge.errors_total = 40;
    }

    void look(int count, std::uint64_t requests, std::uint64_t errors = 0) {
        for (int each = 0; each < count; ++each) {
            facts.edge.requests_total += requests;
            facts.edge.errors_total += errors;
            held = looked(std::move(held), facts, is_cleared);
        }
    }

    [[nodiscard]] HoldAdvice advice(Duration after = seconds{60}) const {
        return advise(held, facts, since + after);
    }
    [[nodiscard]] bool gives_back(Duration after = seconds{60}) const {
        return std::holds_alternative<GiveBack>(advice(after));
    }
    [[nodiscard]] bool is_left(Duration after) const {
        return std::holds_alternative<Leave>(advice(after));
    }
};

}  // namespace

TEST_CASE("the rollout that was judged is let stand, and no other, and nobody else's pause") {
    CHECK(is_step(next_for(pause, rolling_out()), stand_step));
    CHECK(std::holds_alternative<Complete>(next_for(pause, standing())));
    CHECK(std::holds_alternative<Stuck>(next_for(pause, rolling_out(true))));
    CHECK(std::holds_alternative<Stuck>(next_for(pause, of_another_version(rolling_out()))));
    Facts nobody = rolling_out();
    nobody.rollout.reset();
    CHECK(std::holds_alternative<Stuck>(next_for(pause, nobody)));
}

TEST_CASE("only what stands by us is let go on; of all else there is nothing to take back") {
    CHECK(is_step(next_for(resume, standing()), go_on_step));
    Facts nobody = standing();
    nobody.rollout.reset();
    for (const Facts& facts : {rolling_out(), rolling_out(true), of_another_version(rolling_out()),
                               of_another_version(rolling_out(true)), nobody}) {
        CHECK(std::holds_alternative<Complete>(next_for(resume, facts)));
    }
}

TEST_CASE("our pause is ended by us though something else is rolled out, which it keeps waiting") {
    Facts unnamed = standing();
    unnamed.versions.deploy.current = {};  // Nothing is made of a template while it is paused.
    for (const Facts& facts : {of_another_version(standing()), unnamed}) {
        CHECK(is_step(next_for(resume, facts), go_on_step));
        // Whoever has just let it stand holds it first, so that somebody gives it back.
        CHECK(std::holds_alternative<Complete>(next_for(pause, facts)));
        Looking over;
        over.facts = facts;
        const HoldAdvice advice = over.advice(seconds{1});
        REQUIRE(std::holds_alternative<GiveBack>(advice));
        CHECK(std::get<GiveBack>(advice).because.ends_with(" is rolled out instead"));
        CHECK_FALSE(std::get<GiveBack>(advice).because.starts_with(" "));
    }
}

TEST_CASE("what became of a lost write is read from whose pause it is") {
    const auto kind_of = [](const SetPaused& step, const Facts& facts) {
        return resolve(step, effect, facts).kind;
    };
    CHECK(kind_of(stand_step, standing()) == OutcomeKind::done);
    CHECK(kind_of(stand_step, rolling_out(true, EffectId("i-7.e1"))) == OutcomeKind::refused);
    CHECK(kind_of(stand_step, rolling_out(true)) == OutcomeKind::refused);
    CHECK(kind_of(stand_step, rolling_out()) == OutcomeKind::refused);
    CHECK(kind_of(go_on_step, standing()) == OutcomeKind::refused);
    CHECK(kind_of(go_on_step, rolling_out()) == OutcomeKind::done);
    CHECK(kind_of(go_on_step, rolling_out(true)) == OutcomeKind::done);
    Facts nobody = standing();
    nobody.rollout.reset();
    CHECK(kind_of(stand_step, nobody) == OutcomeKind::unknown);
    Facts half = standing();
    half.is_complete = false;
    CHECK(kind_of(stand_step, half) == OutcomeKind::unknown);
}

TEST_CASE(
    "what is rolled out goes on once it has been well for half a minute, by everybody's word") {
    Looking well;
    well.look(1, 10);  // The first look says from where on is counted.
    well.look(29, 10);
    CHECK_FALSE(well.gives_back());
    well.look(1, 10);
    CHECK(well.gives_back());

    Looking complained_of;
    complained_of.is_cleared = false;
    complained_of.look(60, 10);
    CHECK_FALSE(complained_of.gives_back());
    Looking silent;
    silent.facts.instances.back().runtime.is_answering = false;
    silent.look(60, 10);
    CHECK_FALSE(silent.gives_back());
    Looking ended;
    ended.facts.instances.back().runtime.is_alive = false;
    ended.look(60, 10);
    CHECK_FALSE(ended.gives_back());
    Looking without_new;
    without_new.facts.instances.back().runtime.version = v1;
    without_new.look(60, 10);
    CHECK_FALSE(without_new.gives_back());
    Looking idle;
    idle.look(60, 0);  // Nobody asks, so nobody knows.
    CHECK_FALSE(idle.gives_back());
    Looking faultless;
    faultless.facts.edge.errors_total = 0;
    faultless.look(60, 0);  // What came before it stood says nothing.
    CHECK_FALSE(faultless.gives_back());
    faultless.look(1, 1'000);
    faultless.look(60, 0);
    CHECK_FALSE(faultless.gives_back());
    faultless.look(30, 1);
    CHECK(faultless.gives_back());
    Looking blind;
    blind.facts.has_edge = false;
    blind.look(60, 10);
    CHECK_FALSE(blind.gives_back());
    Looking half;
    half.facts.is_complete = false;
    half.look(60, 10);
    CHECK_FALSE(half.gives_back());
    Looking old_silent;
    old_silent.facts.instances.front().runtime.is_answering = false;
    old_silent.look(60, 10);
    CHECK(old_silent.gives_back());
}

TEST_CASE("one error more, and it has to be well for as long again") {
    Looking looking;
    looking.look(30, 10);
    looking.look(1, 10, 1);
    CHECK(looking.held.well_looks_count == 0);
    looking.look(29, 10);
    CHECK_FALSE(looking.gives_back());
    looking.look(1, 10);
    CHECK(looking.gives_back());
}

TEST_CASE("looks that find the same leave what is held as it is, so that nothing is written") {
    Looking looking;
    looking.is_cleared = false;
    looking.look(1, 10);
    const Held before = looking.held;
    looking.look(20, 10, 3);
    CHECK(looking.held == before);
    Looking idle;
    idle.facts.edge.errors_total = 0;
    idle.look(2, 0);
    const Held unasked = idle.held;
    for (int each = 0; each < 5; ++each) {
        idle.look(1, 0);
        CHECK(idle.held == unasked);
    }
}

TEST_CASE("requests that came before an interruption do not speak for the time after it") {
    Looking looking;
    looking.look(11, 1'000);
    looking.facts.instances.back().runtime.is_answering = false;
    looking.look(1, 0);
    looking.facts.instances.back().runtime.is_answering = true;
    looking.look(60, 0);
    CHECK_FALSE(looking.gives_back());
    looking.look(30, 1);
    CHECK(looking.gives_back());
}

TEST_CASE("by the clock alone a rollout never goes on: once its time is up a person is called") {
    Looking ill;
    ill.is_cleared = false;
    ill.look(60, 10, 3);
    CHECK(std::holds_alternative<Wait>(ill.advice(seconds{119})));
    CHECK(ill.is_left(minutes{2}));
    CHECK(std::get<Leave>(ill.advice(minutes{2})).because.contains("kubectl rollout resume"));
    ill.held.is_left = true;
    for (const Duration after : {Duration{minutes{2}}, Duration{std::chrono::hours{400}}}) {
        CHECK(std::holds_alternative<Wait>(ill.advice(after)));
    }
    // Should it become well after all, it goes on.
    ill.is_cleared = true;
    ill.look(31, 10);
    CHECK(ill.gives_back(std::chrono::hours{1}));
}

TEST_CASE(
    "a person's word gives it back at once, and so does a world in which nothing of ours is") {
    Looking ordered;
    ordered.is_cleared = false;
    ordered.held.is_ordered = true;
    ordered.held.until = since + seconds{10};
    CHECK(ordered.gives_back(seconds{10}));
    for (const Facts& facts : {rolling_out(), rolling_out(true), of_another_version(standing()),
                               of_another_version(rolling_out())}) {
        Looking over;
        over.facts = facts;
        CHECK(over.gives_back(seconds{1}));
        CHECK(over.gives_back(minutes{5}));
    }
    Looking standing_on;
    CHECK(std::holds_alternative<Wait>(standing_on.advice(seconds{1})));
}

}  // namespace homeostat::act
