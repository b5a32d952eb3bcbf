#include "homeostat/heal/facts_merge.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace homeostat::heal {

TEST_CASE("facts are complete only if the edge says of every instance where it stands") {
    Inventory inventory;
    inventory.has_edge = true;
    RuntimeFacts runtime;
    EdgeFacts edge;
    for (const char* name : {"payments-0", "payments-1"}) {
        inventory.instances.emplace_back(name);
        runtime.instances.emplace_back().instance = InstanceId(name);
        edge.instances.push_back({.instance = InstanceId(name), .rotation = Rotation::in});
    }
    const auto is_complete = [&](const EdgeFacts& seen) {
        const std::vector<Result<FactsPart>> parts{FactsPart{runtime}, FactsPart{seen}};
        return merge_facts(inventory, parts, Instant{}).is_complete;
    };
    CHECK(is_complete(edge));
    EdgeFacts unknown = edge;
    unknown.instances[1].rotation = Rotation::unknown;
    CHECK_FALSE(is_complete(unknown));
    EdgeFacts missing = edge;
    missing.instances.pop_back();
    CHECK_FALSE(is_complete(missing));
}

TEST_CASE("a task whose check does not answer is missing, and keeps nothing from being complete") {
    Inventory inventory;
    inventory.tasks = {{.of = {.task = TaskId("purge")}}, {.of = {.task = TaskId("rebuild")}}};
    TasksFacts heard;
    heard.tasks = {{.of = {.task = TaskId("purge")}, .is_well = true}};
    const std::vector<Result<FactsPart>> parts{FactsPart{RuntimeFacts{}}, FactsPart{heard},
                                               FactsPart{TasksFacts{}}};
    const Facts facts = merge_facts(inventory, parts, Instant{});
    CHECK(facts.is_complete);
    REQUIRE(find_task(facts, TaskId("purge")) != nullptr);
    CHECK(find_task(facts, TaskId("purge"))->is_well);
    CHECK(find_task(facts, TaskId("rebuild")) == nullptr);
}

}  // namespace homeostat::heal
