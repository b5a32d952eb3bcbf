// What guard remembers has a bound: the oldest goes, and what it had counted with it. What cannot
// be read is not remembered.

#include "homeostat/guard/history.hpp"
#include "homeostat/guard/lasting.hpp"
#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::guard {

using namespace for_test;

namespace {

InstanceId instance_of_number(std::size_t number) {
    return InstanceId("payments-" + std::to_string(number));
}

EffectId effect_of_number(std::size_t number) {
    return EffectId("i-1.e" + std::to_string(number));
}

}  // namespace

TEST_CASE("of what lasts so much is remembered as there is room for, and the oldest goes") {
    Lasting lasting;
    for (std::size_t number = 0; number <= Lasting::parts_max; ++number) {
        const InstanceId instance = instance_of_number(number);
        lasting.announce(incident, effect_of_number(number), Eject{instance}, Drain{instance});
    }
    const std::vector<InstanceId> drained = lasting.drained_by(incident);
    REQUIRE(drained.size() == Lasting::parts_max);
    CHECK(drained.front() == instance_of_number(1));
    CHECK(drained.back() == instance_of_number(Lasting::parts_max));
}

TEST_CASE("what was taken back is counted up to a bound") {
    Lasting lasting;
    for (std::size_t number = 0; number < Lasting::taken_back_max + 10; ++number) {
        lasting.announce(incident, effect_of_number(number), rollback, swap_step);
        lasting.settle(effect_of_number(number), OutcomeKind::unknown, true, now);
    }
    const std::string part = lasting_part_of(rollback);
    CHECK(lasting.taken_back_count(part, Facts{}, now) == Lasting::taken_back_max);
    CHECK(lasting.taken_back_count(part, Facts{}, now + std::chrono::seconds{1}) == 0);
}

TEST_CASE("a dimmer that was never turned has all its turns, be it a single one") {
    const ServiceId fraud("fraud");
    const std::vector<DimmerLimits> declared{{.neighbour = fraud, .floor_rps = 20, .turns_max = 1}};
    const DimmerMatter matter{
        .is_suspended = false, .is_recording = true, .autonomy = Autonomy::act, .calls_rps = 100};
    DimmerPace pace;
    const Dim half{fraud, 500, now + std::chrono::seconds{10}};
    CHECK(pace.turns_lately(fraud, now) == 0);
    CHECK(Gate::ask(half, EffectId("p1.e1"), declared, matter, pace, now));
    CHECK_FALSE(Gate::ask(half, EffectId("p1.e2"), declared, matter, pace, now));
}

TEST_CASE("an entry that cannot be read, or is of an incident that nobody knows, changes nothing") {
    History known;
    known.learn(Entry{EntryKind::opened, incident, json::object{}}, now);
    History neutral = known;
    neutral.learn(Entry{EntryKind::gap, incident, json::object{}}, now);
    for (const EntryKind kind : {EntryKind::answered, EntryKind::outcome, EntryKind::held,
                                 EntryKind::proof, EntryKind::change}) {
        CAPTURE(static_cast<int>(kind));
        History unreadable = known;
        unreadable.learn(Entry{kind, incident, json::object{}}, now);
        CHECK(unreadable == neutral);
    }
    AnsweredBody denied;
    denied.remedy = restart_0;
    denied.by = "ada";
    denied.says = PersonSays::denied;
    ProofBody proof;
    proof.remedy = restart_0;
    for (const Entry& entry :
         {entry_of(EntryKind::answered, incident_other, denied),
          entry_of(EntryKind::outcome, incident_other, OutcomeBody{.effect = EffectId("i-2.e1")}),
          entry_of(EntryKind::held, incident_other, HeldBody{.remedy = restart_0}),
          entry_of(EntryKind::proof, incident_other, proof)}) {
        CAPTURE(static_cast<int>(entry.kind));
        History strange = known;
        strange.learn(entry, now);
        CHECK(strange == neutral);
    }
}

}  // namespace homeostat::guard
