// What a verdict tells of the rules behind it.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::guard {

using namespace for_test;

TEST_CASE("a verdict says of every rule whether it agreed, objected or was not asked") {
    Scene scene;
    const Verdict permit = scene.verdict();
    REQUIRE(permit.kind == VerdictKind::permit);
    CHECK(permit.not_asked.empty());
    scene.facts.is_complete = false;
    const Verdict refusal = scene.verdict();
    CHECK(refusal.agreed == std::vector<std::string>{std::string(switch_rule)});
    std::vector<std::string> all = refusal.agreed;
    all.push_back(refusal.rule);
    all.insert(all.end(), refusal.not_asked.begin(), refusal.not_asked.end());
    CHECK(all == permit.agreed);
}

TEST_CASE("a permit says how much is left") {
    Scene scene;
    scene.limits.effects_max = 30;
    spend(scene.history, 3, scene.at - std::chrono::seconds{599});
    spend(scene.history, 4, scene.at - std::chrono::seconds{600});  // The window is over.
    CHECK(scene.verdict().because ==
          "3 of 3 instances serve, at least 2 have to; 3 of 30 effects spent");
}

}  // namespace homeostat::guard
