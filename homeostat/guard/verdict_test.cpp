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

TEST_CASE(
    "a refusal says whether its reason passes by itself, also once it is not asked again soon") {
    Scene incomplete;
    incomplete.facts.is_complete = false;
    CHECK(incomplete.verdict().may_pass);
    incomplete.asked.refused_since = incomplete.at - ask_again_for_max;
    CHECK_FALSE(incomplete.verdict().again_at);
    CHECK(incomplete.verdict().may_pass);

    Scene full;
    spend(full.history, full.limits.effects_max, full.at - std::chrono::seconds{9});
    CHECK(full.verdict().rule == budget_rule);
    CHECK(full.verdict().may_pass);
    full.limits.effects_max = 0;  // No waiting makes room for any.
    CHECK(full.verdict().rule == budget_rule);
    CHECK_FALSE(full.verdict().may_pass);

    Scene watching;
    watching.limits.autonomy.clear();
    CHECK_FALSE(watching.verdict().may_pass);
    Scene used_up;
    used_up.asked.attempts_count = used_up.limits.attempts_max;
    CHECK_FALSE(used_up.verdict().may_pass);
    CHECK_FALSE(Scene().verdict().may_pass);
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
