#include "homeostat/app/node_events.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

InstanceFacts on_node(const std::string& name, const std::string& node, bool is_well) {
    InstanceFacts instance;
    instance.runtime.instance = InstanceId(name);
    instance.runtime.is_alive = is_well;
    instance.runtime.is_answering = is_well;
    instance.runtime.node = NodeFacts{node, false};
    return instance;
}

EntryGroup verdict_on(std::vector<InstanceFacts> instances, WallTime at) {
    Grounds grounds;
    grounds.facts.is_complete = true;
    grounds.facts.instances = std::move(instances);
    const VerdictBody body{Observe{}, std::nullopt, {}, grounds};
    EntryGroup group;
    group.wall_at = at;
    group.entries.push_back({EntryKind::verdict, IncidentId("i-3"), to_json(body)});
    return group;
}

EntryGroup lost_n1(WallTime at) {
    return verdict_on({on_node("pay-0", "n1", false), on_node("pay-1", "n1", false),
                       on_node("pay-2", "n2", true)},
                      at);
}

constexpr WallTime noon{hours{12}};

}  // namespace

TEST_CASE("a node of which all of ours are ill is told of by name, with what its keeper may do") {
    NodeEvents events;
    const auto told = events.learn(lost_n1(noon));
    REQUIRE(told.size() == 1);
    CHECK(told.front().reason == "NodeSuspected");
    CHECK(told.front().is_warning);
    CHECK(told.front().at == noon);
    CHECK(told.front().note ==
          "i-3: node n1 is suspected: each of the 2 instances on it is ill, and each of the 1 "
          "elsewhere is well; we change no node — who keeps it may keep new pods off it by "
          "`kubectl taint nodes n1 "
          "homeostat.dev/suspected=true:NoSchedule`");
}

TEST_CASE("one node is told of once an hour, however often it is seen, and another at once") {
    NodeEvents events;
    REQUIRE(events.learn(lost_n1(noon)).size() == 1);
    CHECK(events.learn(lost_n1(noon + minutes{1})).empty());
    CHECK(events.learn(lost_n1(noon + minutes{59})).empty());
    const auto of_n2 =
        events.learn(verdict_on({on_node("pay-0", "n1", true), on_node("pay-1", "n2", false),
                                 on_node("pay-2", "n2", false)},
                                noon + minutes{2}));
    REQUIRE(of_n2.size() == 1);
    CHECK(of_n2.front().note.starts_with("i-3: node n2 is suspected"));
    CHECK(events.learn(lost_n1(noon + hours{1})).size() == 1);
}

TEST_CASE("a verdict whose facts suspect no node, or that cannot be read, is no news of one") {
    NodeEvents events;
    CHECK(
        events
            .learn(verdict_on({on_node("pay-0", "n1", false), on_node("pay-1", "n2", true)}, noon))
            .empty());
    EntryGroup group;
    group.wall_at = noon;
    group.entries.push_back({EntryKind::verdict, IncidentId("i-3"), json::object{}});
    group.entries.push_back({EntryKind::opened, IncidentId("i-3"), json::object{}});
    CHECK(events.learn(group).empty());
}

}  // namespace homeostat::app
