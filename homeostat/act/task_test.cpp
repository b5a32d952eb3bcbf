// An operator's task: its one step, and what became of it.

#include "homeostat/act/act.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <utility>

namespace homeostat::act {

namespace {

using std::chrono::seconds;

const Instant began = instant_of_ns(1'000'000'000'000);
const DeclaredTask once{
    .task = TaskId("purge"), .declaration = "aaaa", .is_reversible = true, .is_destructive = false};
const Step forth = Run{once.task, once.declaration, false, once.keeps_capacity};
const Step back = Run{once.task, once.declaration, true, once.keeps_capacity};

DeclaredTask repeatable() {
    DeclaredTask task = once;
    task.is_repeatable = true;
    return task;
}

/// Absent: its check does not answer.
Facts with_check(std::optional<bool> is_well, const DeclaredTask& task = once) {
    Facts facts;
    facts.is_complete = true;
    if (is_well) {
        facts.tasks = {{task, *is_well, began, true}};
    }
    return facts;
}

Plan plan_of(Remedy remedy) {
    Plan plan;
    plan.remedy = std::move(remedy);
    plan.began_at = began;
    return plan;
}

/// After a run of which that became; absent: nothing is known yet.
Plan plan_after(const Remedy& remedy, const Step& step, std::optional<OutcomeKind> outcome) {
    Plan plan = advanced(plan_of(remedy), step, EffectId("i-1.e1"), began);
    return outcome ? learned(std::move(plan), *outcome, began) : plan;
}

template <class T>
bool is(const Next& next) {
    return std::holds_alternative<T>(next);
}

bool is_step(const Next& next, const Step& step) {
    const auto* found = std::get_if<Step>(&next);
    return found != nullptr && *found == step;
}

}  // namespace

TEST_CASE("a task is run while its check fails, and is complete without a run where all is well") {
    const Plan plan = plan_of(RunTask{once});
    CHECK(is_step(next_step(plan, with_check(false), began), forth));
    CHECK(is<Complete>(next_step(plan, with_check(true), began)));
    CHECK(is<Wait>(next_step(plan, with_check(std::nullopt), began)));
    CHECK(is<Stuck>(next_step(plan, with_check(std::nullopt), began + seconds{31})));
}

TEST_CASE("a task that was run is left to whoever verifies it, whatever its check says") {
    const Plan plan = plan_after(RunTask{once}, forth, OutcomeKind::done);
    for (const std::optional<bool> is_well : {std::optional(true), std::optional(false), {}}) {
        CHECK(is<Complete>(next_step(plan, with_check(is_well), began + seconds{1})));
    }
}

TEST_CASE(
    "what was refused is not forced, and what may have happened is done again by leave only") {
    const Instant later = began + seconds{5};
    const Plan refused = plan_after(RunTask{repeatable()}, forth, OutcomeKind::refused);
    CHECK(is<Stuck>(next_step(refused, with_check(false, repeatable()), later)));
    for (const std::optional<OutcomeKind> outcome :
         {std::optional(OutcomeKind::unknown), std::optional<OutcomeKind>()}) {
        const Plan single = plan_after(RunTask{once}, forth, outcome);
        CHECK(is<Stuck>(next_step(single, with_check(false), later)));
        CHECK(is<Complete>(next_step(single, with_check(true), later)));
        CHECK(is<Wait>(next_step(single, with_check(std::nullopt), later)));
        const Plan again = plan_after(RunTask{repeatable()}, forth, outcome);
        CHECK(is_step(next_step(again, with_check(false, repeatable()), later), forth));
    }
}

TEST_CASE("a repeatable task of unknown fate is run three times at most, a second apart") {
    Plan plan = plan_of(RunTask{repeatable()});
    const Facts facts = with_check(false, repeatable());
    Instant now = began;
    for (int run = 0; run < 3; ++run) {
        CHECK(is_step(next_step(plan, facts, now), forth));
        plan = learned(advanced(plan, forth, EffectId("e"), now), OutcomeKind::unknown, now);
        CHECK(!is<Step>(next_step(plan, facts, now)));
        now += seconds{1};
    }
    CHECK(is<Stuck>(next_step(plan, facts, now)));
}

TEST_CASE("what destroys is done once for one yes, though it is declared repeatable") {
    DeclaredTask task = repeatable();
    task.is_destructive = true;
    const Plan plan = plan_after(RunTask{task}, forth, OutcomeKind::unknown);
    const Instant later = began + seconds{5};
    CHECK(is<Stuck>(next_step(plan, with_check(false, task), later)));
    CHECK(is<Complete>(next_step(plan, with_check(true, task), later)));
}

TEST_CASE("after a run that took as long as it may its check is still waited for") {
    const Instant ended = began + seconds{120};
    const Plan plan = learned(advanced(plan_of(RunTask{once}), forth, EffectId("i-1.e1"), began),
                              OutcomeKind::unknown, ended);
    CHECK(is<Wait>(next_step(plan, with_check(std::nullopt), ended + seconds{29})));
    CHECK(is<Complete>(next_step(plan, with_check(true), ended + seconds{29})));
    CHECK(is<Stuck>(next_step(plan, with_check(std::nullopt), ended + seconds{31})));
}

TEST_CASE("a task is taken back once, though no check tells of that") {
    const Remedy remedy = TakeBackTask{once};
    CHECK(is_step(next_step(plan_of(remedy), with_check(true), began), back));
    CHECK(is_step(next_step(plan_of(remedy), with_check(false), began), back));
    const Instant later = began + seconds{5};
    const Plan done = plan_after(remedy, back, OutcomeKind::done);
    CHECK(is<Complete>(next_step(done, with_check(true), later)));
    const Plan unknown = plan_after(remedy, back, OutcomeKind::unknown);
    CHECK(is<Stuck>(next_step(unknown, with_check(true), later)));
}

TEST_CASE("a check that is well tells that its task was done, and nothing else tells anything") {
    const EffectId effect("i-1.e1");
    CHECK(resolve(forth, effect, with_check(true)).kind == OutcomeKind::done);
    CHECK(resolve(forth, effect, with_check(false)).kind == OutcomeKind::unknown);
    CHECK(resolve(forth, effect, with_check(std::nullopt)).kind == OutcomeKind::unknown);
    CHECK(resolve(back, effect, with_check(true)).kind == OutcomeKind::unknown);
    CHECK(resolve(back, effect, with_check(false)).kind == OutcomeKind::unknown);
}

}  // namespace homeostat::act
