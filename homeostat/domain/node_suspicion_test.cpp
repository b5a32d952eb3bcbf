#include "homeostat/domain/node_suspicion.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat {

namespace {

enum class State : std::uint8_t { well, silent, ended, coming };

InstanceFacts on_node(const std::string& node, State state, bool is_lost = false) {
    InstanceFacts instance;
    instance.runtime.is_alive = state == State::well || state == State::silent;
    instance.runtime.is_answering = state == State::well;
    instance.runtime.is_coming = state == State::coming;
    instance.runtime.node = NodeFacts{node, is_lost};
    return instance;
}

std::string suspect(const std::vector<InstanceFacts>& instances) {
    const std::optional<NodeSuspicion> suspicion = suspected_node(instances);
    return suspicion ? suspicion->node : "none";
}

}  // namespace

TEST_CASE("all of ours on one node are ill, and all elsewhere well: the node is suspected") {
    using enum State;
    const std::vector<InstanceFacts> seen{on_node("n1", silent), on_node("n1", ended),
                                          on_node("n2", well), on_node("n3", well)};
    const std::optional<NodeSuspicion> suspicion = suspected_node(seen);
    REQUIRE(suspicion);
    CHECK(*suspicion == NodeSuspicion{.node = "n1", .ill_count = 2, .well_elsewhere_count = 2});
}

TEST_CASE("what an instance may have of its own, or all have, says nothing of a node") {
    using enum State;
    CHECK(suspect({on_node("n1", silent), on_node("n2", well)}) == "none");
    CHECK(suspect({on_node("n1", silent), on_node("n1", well), on_node("n2", well)}) == "none");
    CHECK(suspect({on_node("n1", silent), on_node("n1", ended)}) == "none");
    CHECK(suspect({on_node("n1", silent), on_node("n1", ended), on_node("n2", silent),
                   on_node("n3", well)}) == "none");
    CHECK(suspect({on_node("n1", coming), on_node("n1", coming), on_node("n2", well)}) == "none");
    CHECK(suspect({}) == "none");
}

TEST_CASE("a node that the cluster calls out of reach is suspected for one instance") {
    using enum State;
    CHECK(suspect({on_node("n1", silent, true)}) == "n1");
    CHECK(suspect({on_node("n2", well), on_node("n1", silent, true)}) == "n1");
}

TEST_CASE("instances that nobody places, and names that a shell would read, suspect no node") {
    using enum State;
    InstanceFacts nowhere;
    CHECK(suspect({nowhere, nowhere, on_node("n2", well)}) == "none");
    for (const std::string& name : {std::string("n1; reboot"), std::string("$(id)"),
                                    std::string("-n1"), std::string(), std::string(254, 'n')}) {
        CHECK(suspect({on_node(name, silent, true)}) == "none");
    }
    CHECK(suspect({on_node(std::string(253, 'n'), silent, true)}) == std::string(253, 'n'));
}

TEST_CASE("whoever keeps the node reads why, and the command with its name in it") {
    CHECK(describe(NodeSuspicion{.node = "n1", .is_lost = true, .ill_count = 1}) ==
          "node n1 is suspected: the cluster says of a pod that it is out of reach; we change no "
          "node — who keeps it may keep new pods off it by `kubectl taint nodes n1 "
          "homeostat.dev/suspected=true:NoSchedule`");
}

}  // namespace homeostat
