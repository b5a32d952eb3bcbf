// A rollback of flags is one step, and its end is what the flags say.

#include "homeostat/act/act.hpp"

#include <doctest/doctest.h>

#include <variant>

namespace homeostat::act {

namespace {

const ServiceId payments("payments");
const VersionId f1("f1");
const VersionId f2("f2");
const VersionId f3("f3");
const Instant now = instant_of_ns(1'000'000'000'000);
const Step back = SwapVersion{payments, f2, f1, Artifact::flag};

/// One instance that is out of rotation, and none of a rollback's business.
Facts facts_with(VersionFacts flags) {
    Facts facts;
    facts.service = payments;
    facts.has_edge = true;
    facts.is_complete = true;
    facts.instances.emplace_back().runtime.instance = InstanceId("payments-0");
    facts.versions.flag = std::move(flags);
    facts.read_at = now;
    return facts;
}

Next next_with(VersionFacts flags) {
    Plan plan;
    plan.remedy = Rollback{payments, f2, f1, Artifact::flag};
    plan.began_at = now;
    return next_step(plan, facts_with(std::move(flags)), now);
}

bool is_back(const Next& next) {
    const auto* step = std::get_if<Step>(&next);
    return step != nullptr && *step == back;
}

}  // namespace

TEST_CASE("flags go back in one step, and no instance is replaced for them") {
    CHECK(is_back(next_with({f2, {f1, f2}, {f1}})));
    CHECK(std::holds_alternative<Complete>(next_with({f1, {f1, f2}, {f1}})));
}

TEST_CASE("what else was changed since is neither in the way nor taken for the goal") {
    CHECK(is_back(next_with({f3, {f1, f2, f3}, {f1}, {{f2, f1}}})));
    CHECK(std::holds_alternative<Complete>(next_with({f3, {f1, f2, f3}, {f1}, {{f1, f2}}})));
    CHECK(std::holds_alternative<Stuck>(next_with({f3, {f1, f2, f3}, {f1}})));
}

TEST_CASE("where nobody says which flags are in force it is waited for, and not for ever") {
    CHECK(std::holds_alternative<Wait>(next_with({})));
    Plan plan;
    plan.remedy = Rollback{payments, f2, f1, Artifact::flag};
    plan.began_at = now;
    const Next late = next_step(plan, facts_with({}), now + come_back_for_max + Duration{1});
    CHECK(std::holds_alternative<Stuck>(late));
}

TEST_CASE("after a lost reply the flags say what became of it") {
    const EffectId effect("i-1.e1");
    const auto outcome = [&](VersionFacts flags) {
        return resolve(back, effect, facts_with(std::move(flags))).kind;
    };
    CHECK(outcome({f1, {f1, f2}, {}}) == OutcomeKind::done);
    CHECK(outcome({f3, {f1, f2}, {}, {{f1, f2}}}) == OutcomeKind::done);
    CHECK(outcome({f2, {f1, f2}, {}}) == OutcomeKind::refused);
    CHECK(outcome({f3, {f1, f2}, {}, {{f2, f1}}}) == OutcomeKind::refused);
    CHECK(outcome({f3, {f1, f2}, {}}) == OutcomeKind::unknown);
    CHECK(outcome({}) == OutcomeKind::unknown);
}

TEST_CASE("what takes a rollback of flags back is the same the other way round") {
    CHECK(inverse_of(Rollback{payments, f2, f1, Artifact::flag}) ==
          Remedy{Rollback{payments, f1, f2, Artifact::flag}});
    CHECK(describe(Remedy{Rollback{payments, f2, f1, Artifact::flag}}) ==
          "rollback the flags of payments from f2 to f1");
}

}  // namespace homeostat::act
