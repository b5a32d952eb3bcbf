// What a temporary remedy does, and how long it stays in force.

#include "homeostat/act/act.hpp"
#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <string>

namespace homeostat::act {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const InstanceId first("payments-0");
const Instant since = instant_of_ns(1'000'000'000'000);
const Instant now = since + seconds{5};
const Held held{Eject{first}, since, since + seconds{60}};

Facts with_first(Rotation rotation) {
    Facts facts;
    facts.service = ServiceId("payments");
    for (const char* name : {"payments-0", "payments-1"}) {
        InstanceFacts& instance = facts.instances.emplace_back();
        instance.runtime.instance = InstanceId(name);
        instance.runtime.is_alive = true;
        instance.runtime.is_answering = true;
        instance.runtime.started_at = since - seconds{60};
        instance.rotation = Rotation::in;
    }
    facts.instances[0].rotation = rotation;
    facts.has_edge = true;
    facts.is_complete = true;
    facts.read_at = now;
    return facts;
}

Next next_of(Remedy remedy, const Facts& facts) {
    Plan plan;
    plan.remedy = std::move(remedy);
    plan.began_at = since;
    return next_step(plan, facts, now);
}

bool is_step(const Next& next, const Step& step) {
    const auto* found = std::get_if<Step>(&next);
    return found != nullptr && *found == step;
}

bool is_given_back(const Held& what, const Facts& facts, Instant at) {
    return std::holds_alternative<GiveBack>(advise(what, facts, at));
}

}  // namespace

TEST_CASE("an ejected instance is drained, and that is all") {
    CHECK(is_step(next_of(Eject{first}, with_first(Rotation::in)), Drain{first}));
    for (const Rotation rotation : {Rotation::draining, Rotation::down, Rotation::unknown}) {
        CHECK(std::holds_alternative<Complete>(next_of(Eject{first}, with_first(rotation))));
    }
    CHECK(std::holds_alternative<Stuck>(
        next_of(Eject{InstanceId("payments-9")}, with_first(Rotation::in))));
}

TEST_CASE("a readmitted instance is undrained, and that is all") {
    CHECK(is_step(next_of(Readmit{first}, with_first(Rotation::draining)), Undrain{first}));
    for (const Rotation rotation : {Rotation::in, Rotation::down, Rotation::unknown}) {
        CHECK(std::holds_alternative<Complete>(next_of(Readmit{first}, with_first(rotation))));
    }
    CHECK(std::holds_alternative<Stuck>(
        next_of(Readmit{InstanceId("payments-9")}, with_first(Rotation::in))));
}

TEST_CASE("an ejected instance is given back once a new process answers in its place") {
    Facts facts = with_first(Rotation::draining);
    CHECK_FALSE(is_given_back(held, facts, now));
    facts.instances[0].runtime.started_at = since + milliseconds{1};
    CHECK(is_given_back(held, facts, now));
    facts.instances[0].runtime.is_answering = false;
    CHECK_FALSE(is_given_back(held, facts, now));
    facts.instances.erase(facts.instances.begin());
    CHECK(is_given_back(held, facts, now));
}

TEST_CASE("what is held is given back when its time is up, whatever the world looks like") {
    Facts facts = with_first(Rotation::draining);
    facts.is_complete = false;
    CHECK_FALSE(is_given_back(held, facts, held.until - milliseconds{1}));
    CHECK(is_given_back(held, facts, held.until));
}

TEST_CASE("facts that miss a part end no hold before its time") {
    Facts facts = with_first(Rotation::draining);
    facts.instances[0].runtime.started_at = since + milliseconds{1};
    facts.is_complete = false;
    CHECK_FALSE(is_given_back(held, facts, now));
}

TEST_CASE("a hold looks again within a second, and never past its end") {
    const HoldAdvice early = advise(held, with_first(Rotation::draining), now);
    REQUIRE(std::holds_alternative<Wait>(early));
    CHECK(std::get<Wait>(early).until == now + seconds{1});
    const Instant late = held.until - milliseconds{300};
    const HoldAdvice last = advise(held, with_first(Rotation::draining), late);
    REQUIRE(std::holds_alternative<Wait>(last));
    CHECK(std::get<Wait>(last).until == held.until);
}

}  // namespace homeostat::act
