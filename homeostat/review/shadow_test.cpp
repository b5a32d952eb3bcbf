// What became of a symptom that was only watched, for every kind of remedy.

#include "homeostat/review/shadow.hpp"

#include "homeostat/review/story_for_test.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace homeostat::review {

namespace {

using namespace for_test;

struct Scored {
    std::string name;
    Remedy remedy;
    std::function<void(Facts&)> meanwhile;
    Course course;
};

void roll_back(Facts& facts) {
    facts.versions.deploy.current = VersionId("v1");
    for (std::size_t index = 0; index < facts.instances.size(); ++index) {
        replace(facts, index);
    }
}

void deploy_v3(Facts& facts) {
    facts.versions.deploy.current = VersionId("v3");
}

void replace_all(Facts& facts) {
    for (std::size_t index = 0; index < facts.instances.size(); ++index) {
        replace(facts, index);
    }
}

void nothing(Facts& /*facts*/) {}

const Remedy rolling = RollingRestart{payments};
const Remedy eject_0 = Eject{payments_0};
const Remedy open_fraud = OpenCircuit{ServiceId("fraud")};
const Remedy reroute = Reroute{CacheId("quotes")};
const Remedy scale_up = Scale{payments, 3, 4};
const Remedy grow_0 = Resize{payments_0, 64, 96};

const std::vector<Scored>& all_scored() {
    static const std::vector<Scored> scored{
        {"rolled back", rollback, roll_back, Course::same},
        {"another version", rollback, deploy_v3, Course::otherwise},
        {"restarted instead", rollback, replace_all, Course::otherwise},
        {"nothing", rollback, nothing, Course::alone},
        {"that one replaced", restart_0, [](Facts& facts) { replace(facts, 0); }, Course::same},
        {"another one replaced", restart_0, [](Facts& facts) { replace(facts, 1); },
         Course::otherwise},
        {"all replaced", restart_0, replace_all, Course::otherwise},
        {"it ended, and nobody started it", restart_0,
         [](Facts& facts) { facts.instances[0].runtime.is_alive = false; }, Course::alone},
        {"nothing", restart_0, nothing, Course::alone},
        {"all replaced", rolling, replace_all, Course::same},
        {"one replaced", rolling, [](Facts& facts) { replace(facts, 0); }, Course::otherwise},
        {"rolled back", rolling, roll_back, Course::otherwise},
        {"drained", eject_0, [](Facts& facts) { facts.instances[0].rotation = Rotation::draining; },
         Course::same},
        {"another drained", eject_0,
         [](Facts& facts) { facts.instances[1].rotation = Rotation::draining; }, Course::otherwise},
        {"its checks failed", eject_0,
         [](Facts& facts) { facts.instances[0].rotation = Rotation::down; }, Course::alone},
        {"opened", open_fraud, [](Facts& facts) { facts.circuits[0].is_open = true; },
         Course::same},
        {"the route turned", open_fraud, [](Facts& facts) { facts.routes[0].is_to_source = true; },
         Course::otherwise},
        {"turned", reroute, [](Facts& facts) { facts.routes[0].is_to_source = true; },
         Course::same},
        {"one more", scale_up,
         [](Facts& facts) { facts.instances.push_back(facts.instances.back()); }, Course::same},
        {"one less", scale_up, [](Facts& facts) { facts.instances.pop_back(); }, Course::otherwise},
        {"more memory", grow_0,
         [](Facts& facts) { facts.instances[0].runtime.memory->limit_bytes = 128; }, Course::same},
        {"another replaced", grow_0, [](Facts& facts) { replace(facts, 1); }, Course::otherwise},
        {"less memory", restart_0,
         [](Facts& facts) { facts.instances[0].runtime.memory->limit_bytes = 32; },
         Course::otherwise},
        {"emptied, by whomever", InvalidateCache{CacheId("quotes")}, nothing, Course::undecided},
        {"observed", Observe{}, roll_back, Course::undecided},
    };
    return scored;
}

}  // namespace

TEST_CASE("two looks tell whether somebody did the same, something else, or nothing") {
    for (const Scored& scored : all_scored()) {
        CAPTURE(describe(scored.remedy));
        CAPTURE(scored.name);
        Shadow shadow{.remedy = scored.remedy, .before = serving_facts(), .after = serving_facts()};
        for (Facts* facts : {&*shadow.before, &*shadow.after}) {
            facts->instances[0].runtime.memory = MemoryFacts{.limit_bytes = 64};
        }
        scored.meanwhile(*shadow.after);
        CHECK(to_text(course_of(shadow)) == to_text(scored.course));
    }
}

TEST_CASE("without both looks nothing can be told, but by a change that was seen") {
    Shadow shadow{.remedy = rollback, .before = serving_facts()};
    CHECK(course_of(shadow) == Course::undecided);
    Change change;
    change.kind = ChangeKind::deploy;
    change.from = VersionId("v2");
    change.to = VersionId("v1");
    shadow.changes = {change};
    CHECK(course_of(shadow) == Course::same);
    change.to = VersionId("v3");
    shadow.changes.push_back(change);
    CHECK(course_of(shadow) == Course::otherwise);
    shadow.remedy = restart_0;
    CHECK(course_of(shadow) == Course::otherwise);
}

TEST_CASE("a process that has ended is started by somebody else: that is the same") {
    Shadow shadow{.remedy = restart_0, .before = serving_facts(), .after = serving_facts()};
    shadow.before->instances[0].runtime.is_alive = false;
    replace(*shadow.after, 0);
    CHECK(course_of(shadow) == Course::same);
}

}  // namespace homeostat::review
