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

/// `fraud` has two servers, of which so many answer.
Facts with_circuit(bool is_open, std::uint32_t answering) {
    Facts facts = with_first(Rotation::in);
    facts.circuits = {{.neighbour = ServiceId("fraud"),
                       .is_open = is_open,
                       .servers_count = 2,
                       .answering_count = answering}};
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
    // There is nothing left of it to put back.
    CHECK(std::holds_alternative<Complete>(
        next_of(Readmit{InstanceId("payments-9")}, with_first(Rotation::in))));
}

TEST_CASE("an ejected instance that somebody else put back is held no longer") {
    // A proxy that is reloaded forgets whom it drained.
    CHECK(is_given_back(held, with_first(Rotation::in), now));
    CHECK_FALSE(is_given_back(held, with_first(Rotation::down), now));
    CHECK_FALSE(is_given_back(held, with_first(Rotation::unknown), now));
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

TEST_CASE("a circuit is turned the way that the remedy wants, and that is all") {
    const ServiceId fraud("fraud");
    for (const bool is_open : {false, true}) {
        const Facts facts = with_circuit(is_open, 0);
        const Next opening = next_of(OpenCircuit{fraud}, facts);
        const Next closing = next_of(CloseCircuit{fraud}, facts);
        CHECK(is_step(opening, SetCircuit{fraud, true}) == !is_open);
        CHECK(is_step(closing, SetCircuit{fraud, false}) == is_open);
        CHECK(std::holds_alternative<Complete>(opening) == is_open);
        CHECK(std::holds_alternative<Complete>(closing) == !is_open);
    }
    const Facts none = with_first(Rotation::in);
    CHECK(std::holds_alternative<Stuck>(next_of(OpenCircuit{fraud}, none)));
    CHECK(std::holds_alternative<Stuck>(next_of(CloseCircuit{fraud}, none)));
}

TEST_CASE("after a lost reply the edge says what became of a circuit's switch") {
    const Step open = SetCircuit{ServiceId("fraud"), true};
    const Step close = SetCircuit{ServiceId("fraud"), false};
    const EffectId effect("i-1.e1");
    CHECK(resolve(open, effect, with_circuit(true, 0)).kind == OutcomeKind::done);
    CHECK(resolve(close, effect, with_circuit(true, 0)).kind == OutcomeKind::refused);
    CHECK(resolve(open, effect, with_circuit(false, 0)).kind == OutcomeKind::refused);
    CHECK(resolve(close, effect, with_circuit(false, 0)).kind == OutcomeKind::done);
    CHECK(resolve(open, effect, with_first(Rotation::in)).kind == OutcomeKind::unknown);
}

TEST_CASE("a circuit is given back after three good looks in a row, and not before") {
    Held circuit{OpenCircuit{ServiceId("fraud")}, since, since + seconds{60}};
    const Facts well = with_circuit(true, 2);
    Facts unread = well;
    unread.is_complete = false;
    for (const Facts& interruption : {with_circuit(true, 0), unread, with_first(Rotation::in)}) {
        circuit = looked(looked(circuit, well), well);
        CHECK_FALSE(is_given_back(circuit, well, now));
        circuit = looked(circuit, interruption);
        CHECK_FALSE(is_given_back(circuit, interruption, now));
    }
    circuit = looked(looked(looked(circuit, well), well), well);
    CHECK(is_given_back(circuit, well, now));
}

TEST_CASE("one answering server of three is not the neighbour's return, two are") {
    const Held circuit{OpenCircuit{ServiceId("fraud")}, since, since + seconds{60}};
    for (const auto& [answering, is_well] : {std::pair{1U, false}, {2U, true}, {3U, true}}) {
        Facts facts = with_circuit(true, answering);
        facts.circuits.front().servers_count = 3;
        CHECK((looked(circuit, facts).well_looks_count == 1) == is_well);
    }
}

TEST_CASE("a circuit that has closed by itself is no longer held") {
    const Held circuit{OpenCircuit{ServiceId("fraud")}, since, since + seconds{60}};
    CHECK(is_given_back(circuit, with_circuit(false, 0), now));
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

TEST_CASE("what could not be given back is tried again, each time after a longer wait") {
    const Facts facts = with_first(Rotation::draining);
    Held again = held;
    Instant at = held.until;
    for (const int wait : {30, 60, 120, 240, 300, 300}) {
        again = kept(again, at);
        at += seconds{wait};
        CHECK_FALSE(is_given_back(again, facts, at - milliseconds{1}));
        CHECK(is_given_back(again, facts, at));
    }
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
