// A flood of proposals: how many incidents are open at once has an end.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t open_max = 64;

/// Of an end of an instance nothing else holds up the next.
Symptom end_of(const SimulatedMachine& machine, std::size_t number) {
    return about_instance_for_test(SymptomKind::instance_down, fmt::format("payments-{}", number),
                                   machine.world.now);
}

}  // namespace

TEST_CASE("proposals beyond the most open incidents are busy, and one that ends makes room") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy.clear();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    const auto submit = [&](std::size_t number) {
        return process.submit(proposal_for_test(end_of(machine, number), Observe{}));
    };
    for (std::size_t number = 0; number < open_max; ++number) {
        REQUIRE(submit(number));
    }
    for (std::size_t number = open_max; number < 10 * open_max; ++number) {
        const Result<Standing> refused = submit(number);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::busy);
        CHECK(refused.error().text == "too many open incidents");
    }
    process.clock.run_for(1min);  // Each of the others has come to a person.
    const std::vector<Symptom> open = process.executor->open_symptoms();
    REQUIRE(open.size() == open_max);
    process.await(process.executor->clear(open.front()));
    process.clock.run_for(1s);
    CHECK(process.executor->open_symptoms().size() == open_max - 1);
    CHECK(submit(open_max));
    CHECK_FALSE(submit(open_max + 1));
}

}  // namespace homeostat::heal
