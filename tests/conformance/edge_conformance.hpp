#pragma once

// What every edge promises, whether it is a real proxy or a simulated one.
//
// A suite makes a world in which two or more instances serve and calls check_edge_conformance from
// one test case; each promise gets a world of its own. What is checked is where requests go and
// what the edge reads back, not how it was told.
//
// For tests only.

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::conformance {

class EdgeWorld {
  public:
    virtual ~EdgeWorld() = default;
    /// Two or more, all in rotation at the start.
    [[nodiscard]] virtual std::vector<InstanceId> instances() = 0;
    [[nodiscard]] virtual bool performs(const Step& step) = 0;
    virtual Outcome perform(Step step, Duration within) = 0;
    virtual Result<EdgeFacts> read() = 0;
    /// Sends one request through the edge and says who answered; nothing: nobody did.
    virtual std::optional<InstanceId> request() = 0;
};

using EdgeWorldMaker = std::function<std::unique_ptr<EdgeWorld>()>;

constexpr Duration edge_step_within = std::chrono::seconds{5};
constexpr int edge_requests_count = 12;  ///< Enough for any fair balancing to reach everybody.

inline Rotation rotation_in(EdgeWorld& world, const InstanceId& instance) {
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    const auto found = std::ranges::find(facts->instances, instance, &EdgeInstance::instance);
    REQUIRE(found != facts->instances.end());
    return found->rotation;
}

inline std::set<InstanceId> who_answers(EdgeWorld& world) {
    std::set<InstanceId> answering;
    for (int round = 0; round < edge_requests_count; ++round) {
        if (const std::optional<InstanceId> instance = world.request()) {
            answering.insert(*instance);
        }
    }
    return answering;
}

inline OutcomeKind perform_kind(EdgeWorld& world, Step step) {
    return world.perform(std::move(step), edge_step_within).kind;
}

// NOLINTNEXTLINE(readability-function-size): doctest's macros count; it is one story of an edge.
inline void check_edge_conformance(const EdgeWorldMaker& make) {
    const std::unique_ptr<EdgeWorld> world = make();
    const std::vector<InstanceId> instances = world->instances();
    REQUIRE(instances.size() >= 2);
    const InstanceId& first = instances.front();
    const std::set<InstanceId> all(instances.begin(), instances.end());
    std::set<InstanceId> others = all;
    others.erase(first);

    SUBCASE("at the start every instance is in rotation and gets requests") {
        for (const InstanceId& instance : instances) {
            CHECK(rotation_in(*world, instance) == Rotation::in);
        }
        CHECK(who_answers(*world) == all);
    }
    SUBCASE("a drain is seen, and its instance gets no new requests") {
        CHECK(perform_kind(*world, Drain{first}) == OutcomeKind::done);
        CHECK(rotation_in(*world, first) == Rotation::draining);
        CHECK(who_answers(*world) == others);
    }
    SUBCASE("an undrain is seen, and its instance gets requests again") {
        REQUIRE(perform_kind(*world, Drain{first}) == OutcomeKind::done);
        CHECK(perform_kind(*world, Undrain{first}) == OutcomeKind::done);
        CHECK(rotation_in(*world, first) == Rotation::in);
        CHECK(who_answers(*world) == all);
    }
    SUBCASE("what is in rotation is put there again and done, as often as it is repeated") {
        for (int round = 0; round < 3; ++round) {
            CHECK(perform_kind(*world, Undrain{first}) == OutcomeKind::done);
        }
        CHECK(who_answers(*world) == all);
    }
    SUBCASE("what is drained is not drained again: whoever did it may want it so") {
        CHECK(perform_kind(*world, Drain{first}) == OutcomeKind::done);
        for (int round = 0; round < 3; ++round) {
            CHECK(perform_kind(*world, Drain{first}) == OutcomeKind::refused);
        }
        CHECK(rotation_in(*world, first) == Rotation::draining);
        CHECK(who_answers(*world) == others);
    }
    SUBCASE("the last instance can be drained too: floors are guard's") {
        for (const InstanceId& instance : instances) {
            CHECK(perform_kind(*world, Drain{instance}) == OutcomeKind::done);
        }
        CHECK(who_answers(*world).empty());
    }
    SUBCASE("an instance that the edge does not know is refused and changes nothing") {
        for (const std::string& name :
             {"stranger-0", "", "x;y", "a b", "a\nb", "../../etc", "payments-0 "}) {
            CHECK(perform_kind(*world, Drain{InstanceId(name)}) == OutcomeKind::refused);
            CHECK(perform_kind(*world, Undrain{InstanceId(name)}) == OutcomeKind::refused);
        }
        CHECK(who_answers(*world) == all);
    }
    SUBCASE("steps of other actuators are refused and change nothing") {
        CHECK(world->performs(Drain{first}));
        CHECK(world->performs(Undrain{first}));
        CHECK(world->performs(SetCircuit{ServiceId("fraud"), true}));
        for (const Step& step : {Step{Replace{first, {}, {}}}, Step{SwapVersion{}}}) {
            CHECK_FALSE(world->performs(step));
            CHECK(perform_kind(*world, step) == OutcomeKind::refused);
        }
        CHECK(who_answers(*world) == all);
    }
    SUBCASE("a step whose deadline has passed is refused and changes nothing") {
        CHECK(world->perform(Drain{first}, Duration{-1}).kind == OutcomeKind::refused);
        CHECK(rotation_in(*world, first) == Rotation::in);
    }
    SUBCASE("the facts count requests") {
        const Result<EdgeFacts> before = world->read();
        REQUIRE(before);
        const std::set<InstanceId> answering = who_answers(*world);
        const Result<EdgeFacts> after = world->read();
        REQUIRE(after);
        CHECK(answering == all);
        CHECK(after->counters.requests_total - before->counters.requests_total ==
              edge_requests_count);
        CHECK(after->counters.errors_total == before->counters.errors_total);
        CHECK(after->read_at >= before->read_at);
    }
}

}  // namespace homeostat::conformance
