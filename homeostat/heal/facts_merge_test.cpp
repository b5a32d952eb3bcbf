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

}  // namespace homeostat::heal
