// Flags are taken back one by one: what guard says of a change of which others came after, of what
// stands beside it, and of whoever puts it back.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const VersionId f1("f1");
const VersionId f2("f2");
const VersionId f3("f3");
const Remedy flag_rollback = Rollback{payments, f2, f1, Artifact::flag};
const Step flag_step = SwapVersion{payments, f2, f1, Artifact::flag};

/// f2 came after f1, and f3 after that: `parts` is what of them still stands.
Scene scene_with(VersionId current, std::vector<PartInForce> parts = {}) {
    Scene scene = scene_of(flag_rollback);
    scene.facts.versions.flag = {std::move(current), {f1, f2, f3}, {f1}, std::move(parts)};
    return scene;
}

}  // namespace

TEST_CASE("a change of flags is taken back while it stands, whatever was changed since") {
    CHECK(scene_with(f2).is_permitted());
    CHECK(scene_with(f2).ask(flag_step));
    CHECK(scene_with(f3, {{f2, f1}}).is_permitted());
    CHECK(scene_with(f3, {{f2, f1}}).ask(flag_step));
    for (const Scene& scene : {scene_with(f3), scene_with(f1), scene_with(f3, {{f1, f2}}),
                               scene_with(f3, {{f2, f3}}), scene_with({})}) {
        CHECK(scene.refuses(catalogue_rule));
    }
}

TEST_CASE("flags go back to what has proven itself, and only as flags") {
    Scene unproven = scene_with(f2);
    unproven.facts.versions.flag.good = {f2};
    CHECK(unproven.refuses(catalogue_rule));
    Scene absent = scene_with(f2);
    absent.facts.versions.flag.present = {f2};
    CHECK(absent.refuses(catalogue_rule));
    Scene of_config = scene_of(Rollback{payments, f2, f1, Artifact::config});
    of_config.facts.versions.flag = scene_with(f2).facts.versions.flag;
    CHECK(of_config.refuses(catalogue_rule));
    CHECK(scene_with(f2).refuses(config_swap_step, step_rule));
}

TEST_CASE("no instance is touched for flags") {
    Scene swapped = scene_with(f1);
    learn_effect(swapped.history, {incident, "i-1.e1", flag_rollback, flag_step}, now);
    CHECK(swapped.is_permitted());
    const Step replace = Replace{payments_0, {10, 1000}, v2, c2};
    for (const Step& step : {drain_0, replace}) {
        CHECK(swapped.refuses(step, step_rule));
    }
    // So that they may be taken back where no instance can be spared.
    Scene low = scene_with(f2);
    low.limits.min_healthy = 3;
    CHECK(low.is_permitted());
}

TEST_CASE("who puts a flag back twice keeps it, and an edit of another flag counts for nothing") {
    const auto taken_back_count = [](const VersionFacts& seen) {
        History history;
        learn_effect(history, {incident, "i-1.e1", flag_rollback, flag_step}, now);
        Facts facts = serving_facts();
        facts.versions.flag = seen;
        facts.read_at = now + seconds{1};
        return history.lasting().taken_back_count(lasting_part_of(flag_rollback), facts,
                                                  now - minutes{1});
    };
    CHECK(taken_back_count({f2, {f1, f2}, {}}) == 1);
    CHECK(taken_back_count({f3, {f1, f2, f3}, {}, {{f2, f1}}}) == 1);
    CHECK(taken_back_count({f1, {f1, f2}, {}}) == 0);
    CHECK(taken_back_count({f3, {f1, f2, f3}, {}, {{f1, f2}}}) == 0);
    CHECK(taken_back_count({{}, {}, {}}) == 0);
}

TEST_CASE(
    "a change of flags that is told takes ours back only if it is the one that we took back") {
    const auto taken_back_count = [](const VersionId& to) {
        History history;
        learn_effect(history, {incident, "i-1.e1", flag_rollback, flag_step}, now);
        Change change;
        change.kind = ChangeKind::flag;
        change.service = payments;
        change.from = f1;
        change.to = to;
        change.is_first_hand = true;
        change.at = now + seconds{1};
        history.learn(entry_of(EntryKind::change, {}, change), now + seconds{1});
        return history.lasting().taken_back_count(lasting_part_of(flag_rollback), Facts{},
                                                  now - minutes{1});
    };
    CHECK(taken_back_count(f2) == 1);
    CHECK(taken_back_count(f3) == 0);
}

}  // namespace homeostat::guard
