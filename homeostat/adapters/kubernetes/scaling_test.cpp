#include "homeostat/adapters/kubernetes/scaling.hpp"

#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::string_view autoscalers =
    "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers";

DeploymentView deployment_of(std::uint32_t replicas, const std::string& manager) {
    DeploymentView view;
    view.replicas = replicas;
    view.replicas_manager = manager;
    return view;
}

struct ScaleWorld : RuntimeWorld {
    ScaleWorld() {
        options.replicas_max = 5;
        come();
    }

    /// The first of those that may be started.
    [[nodiscard]] Replace start() {
        const RuntimeFacts now = facts();
        const auto spare = std::ranges::find_if(now.instances, [](const RuntimeInstance& one) {
            return one.is_spare && !one.is_wanted;
        });
        REQUIRE(spare != now.instances.end());
        return Replace{spare->instance, {}, now.versions.deploy.current};
    }
    /// The last of those that we started.
    [[nodiscard]] Stop stop() {
        const RuntimeFacts now = facts();
        const auto spare =
            std::find_if(now.instances.rbegin(), now.instances.rend(),
                         [](const RuntimeInstance& one) { return one.is_spare && one.is_wanted; });
        REQUIRE(spare != now.instances.rend());
        return Stop{spare->instance, spare->present()};
    }
    [[nodiscard]] std::int64_t replicas() { return number_at(deployment(), {"spec", "replicas"}); }
    [[nodiscard]] std::string manager() {
        return parse_deployment(deployment()).value().replicas_manager;
    }
    /// By somebody else's hand.
    void set_replicas(int replicas) {
        ApiWrite write{.method = "PATCH",
                       .path = deployments + "/pay/scale",
                       .content_type = "application/json-patch+json",
                       .body = R"([{"op":"replace","path":"/spec/replicas","value":)" +
                               std::to_string(replicas) + "}]",
                       .manager = "kubectl"};
        REQUIRE(run_at_once(api.write(std::move(write), soon()))->is_ok());
    }
    void autoscale(const std::string& target) {
        json::value made;
        at(made, {"metadata", "name"}) = "of-" + target;
        at(made, {"spec", "scaleTargetRef", "apiVersion"}) = "apps/v1";
        at(made, {"spec", "scaleTargetRef", "kind"}) = "Deployment";
        at(made, {"spec", "scaleTargetRef", "name"}) = target;
        api.create(std::string(autoscalers), std::move(made));
    }
    [[nodiscard]] std::size_t count(bool is_wanted, bool is_spare) {
        const RuntimeFacts now = facts();
        return static_cast<std::size_t>(
            std::ranges::count_if(now.instances, [&](const RuntimeInstance& one) {
                return one.is_wanted == is_wanted && one.is_spare == is_spare;
            }));
    }
};

}  // namespace

TEST_CASE("the name of a number's manager says whose effect it is, and nothing else does") {
    const ScaleMark mark{EffectId{"i-7.e2"}, 3};
    CHECK(manager_text(mark) == "homeostat i-7.e2 from 3");
    CHECK(scale_mark_of(deployment_of(4, manager_text(mark))) == mark);
    for (const char* manager :
         {"", "homeostat", "homeostat i-7.e2", "homeostat i-7.e2 from", "homeostat i-7.e2 from x",
          "homeostat i-7.e2 from -1", "homeostat i-7.e2 from 3 ",
          "homeostat i-7.e2 from 99999999999", "homeostat ../e from 3", "kubectl",
          "homeostats i-7.e2 from 3", "xhomeostat i-7.e2 from 3"}) {
        CHECK_MESSAGE(!scale_mark_of(deployment_of(4, manager)), manager);
    }
}

TEST_CASE("only what we added is ours to take away, and only up to the bound may be added") {
    const std::string ours = "homeostat i-7.e2 from 3";
    Options options;
    options.replicas_max = 5;
    struct Case {
        std::uint32_t replicas;
        std::string manager;
        std::uint32_t at_work;
        std::uint32_t left;
    };
    const std::vector<Case> cases{{3, "kubectl", 0, 2}, {4, "kubectl", 0, 1}, {5, "kubectl", 0, 0},
                                  {9, "kubectl", 0, 0}, {4, ours, 1, 1},      {5, ours, 2, 0},
                                  {3, ours, 0, 2},      {2, ours, 0, 3},      {0, ours, 0, 0}};
    for (const Case& one : cases) {
        CAPTURE(one.replicas);
        CAPTURE(one.manager);
        const DeploymentView view = deployment_of(one.replicas, one.manager);
        CHECK(spares_at_work(view) == one.at_work);
        CHECK(spares_left(view, options) == one.left);
        CHECK(order_up(view, EffectId{"i-8.e1"}, options).has_value() == (one.left > 0));
        CHECK(order_down(view, EffectId{"i-8.e1"}).has_value() == (one.at_work > 0));
    }
    CHECK(spares_left(deployment_of(3, ours), Options{}) == 0);
    DeploymentView paused = deployment_of(3, "");
    paused.is_paused = true;
    CHECK(spares_left(paused, options) == 0);
    CHECK_FALSE(order_up(paused, EffectId{"i-8.e1"}, options));
}

TEST_CASE("the number before ours is kept from the first that we add on, until it is another's") {
    Options options;
    options.replicas_max = 9;
    const EffectId effect{"i-8.e1"};
    CHECK(order_up(deployment_of(3, "kubectl"), effect, options)->from == 3);
    CHECK(order_up(deployment_of(4, "homeostat i-7.e2 from 3"), effect, options)->from == 3);
    // Fewer than before ours: somebody wrote it who took no field.
    CHECK(order_up(deployment_of(2, "homeostat i-7.e2 from 3"), effect, options)->from == 2);
    CHECK(order_down(deployment_of(5, "homeostat i-7.e2 from 3"), effect)->from == 3);
    CHECK(order_down(deployment_of(5, "homeostat i-7.e2 from 3"), effect)->to == 4);
}

TEST_CASE("of the free slots so many are spares as may be asked for, behind the others first") {
    ScaleWorld world;
    CHECK(world.count(true, false) == 3);
    CHECK(world.count(false, true) == 2);
    CHECK(world.count(false, false) == 1);
    CHECK(world.start().instance.text() == "pay-3");
    world.options.replicas_max = 0;
    world.come();
    CHECK(world.count(false, true) == 0);
}

TEST_CASE("a number that was lowered is so at once, whoever still stands there") {
    ScaleWorld world;
    CHECK(world.perform(world.start(), "i-7.e1").kind == OutcomeKind::done);
    const Stop stop = world.stop();
    world.api.are_controllers_awake = false;
    CHECK(world.perform(stop, "i-7.e2").kind == OutcomeKind::done);
    at(world.deployment(), {"status", "observedGeneration"}) =
        number_at(world.deployment(), {"metadata", "generation"});
    CHECK(world.pod_uids().size() == 4);
    CHECK_FALSE(world.instance(3).is_wanted);
    CHECK(world.count(true, false) == 3);
    // Of a rollout each is in order.
    world.api.are_controllers_awake = true;
    world.api.settle();
    world.deploy("crash");
    CHECK(world.pod_uids().size() == 4);
    CHECK(world.count(true, false) == 4);
}

TEST_CASE("one more replica is asked for, with our mark, and its pod takes the slot") {
    ScaleWorld world;
    const Replace step = world.start();
    CHECK(world.runtime->performs(step));
    const Outcome outcome = world.perform(step, "i-7.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(world.replicas() == 4);
    CHECK(world.manager() == "homeostat i-7.e2 from 3");
    const RuntimeInstance now = world.instance(3);
    CHECK(now.instance == step.instance);
    CHECK(now.is_answering);
    CHECK(now.is_spare);
    CHECK(now.effect.text() == "i-7.e2");
    CHECK(world.count(true, false) == 3);
    // Once more finds a pod there.
    CHECK(world.perform(step, "i-7.e3").kind == OutcomeKind::refused);
    CHECK(world.replicas() == 4);
    world.come();
    CHECK(world.instance(3).effect.text() == "i-7.e2");
}

TEST_CASE("what was asked for carries the effect before there is any pod of it") {
    ScaleWorld world;
    const Replace step = world.start();
    world.api.before_write = [&](const ApiWrite& write) {
        world.api.is_kubelet_awake = false;
        static_cast<void>(write);
    };
    CHECK(world.perform(step, "i-7.e2").kind == OutcomeKind::done);
    world.api.remove(world.pods + "/" + text_at(world.pod_of(3), {"metadata", "name"}));
    const RuntimeInstance now = world.instance(3);
    CHECK(now.is_coming);
    CHECK(now.identity.is_none());
}

TEST_CASE("what we added is taken away again, one by one, and no further than before ours") {
    ScaleWorld world;
    CHECK(world.perform(world.start(), "i-7.e1").kind == OutcomeKind::done);
    CHECK(world.perform(world.start(), "i-7.e2").kind == OutcomeKind::done);
    CHECK(world.replicas() == 5);
    const Stop last = world.stop();
    CHECK(last.instance.text() == "pay-4");
    CHECK(world.runtime->performs(last));
    CHECK(world.perform(last, "i-7.e3").kind == OutcomeKind::done);
    CHECK(world.replicas() == 4);
    CHECK(world.manager() == "homeostat i-7.e3 from 3");
    Stop gone = last;
    gone.expected.pod = "another";
    CHECK(world.perform(gone, "i-7.e4").kind == OutcomeKind::refused);
    CHECK(world.replicas() == 4);
    CHECK(world.perform(world.stop(), "i-7.e5").kind == OutcomeKind::done);
    CHECK(world.replicas() == 3);
    CHECK(world.count(true, true) == 0);
    const RuntimeInstance one = world.instance(2);
    CHECK(world.perform(Stop{one.instance, one.present()}, "i-7.e6").kind == OutcomeKind::refused);
    CHECK(world.replicas() == 3);
}

TEST_CASE("a number that went down is told as ours, whichever pod the cluster ended by it") {
    ScaleWorld world;
    CHECK(world.perform(world.start(), "i-7.e1").kind == OutcomeKind::done);
    const Stop stop = world.stop();
    const std::string before = world.instance(3).identity.pod;
    world.api.before_write = [&](const ApiWrite& write) {
        if (!write.is_dry_run) {  // It ends the one that was deleted by hand, so to say.
            at(world.pod_now(world.slots->all()[0].pod->uid), {"metadata", "deletionTimestamp"}) =
                "2026-11-28T00:00:00Z";
        }
    };
    world.api.write_troubles = {std::nullopt, lost(Fault::late, true)};
    CHECK(world.perform(stop, "i-7.e2").kind == OutcomeKind::unknown);
    world.api.before_write = nullptr;
    world.come();
    const RuntimeInstance now = world.instance(3);
    CHECK(world.replicas() == 3);
    CHECK(now.identity.pod == before);
    CHECK(now.effect.text() == "i-7.e2");
    // However late somebody reads it, it has come about; until the number is another's.
    world.clock.pass(std::chrono::minutes{1});
    CHECK(world.instance(3).effect.text() == "i-7.e2");
    CHECK(world.slots->find(stop.instance)->awaited.text() == "i-7.e2");
    world.set_replicas(4);
    world.clock.pass(std::chrono::minutes{1});
    CHECK(world.instance(3).effect.text() == "i-7.e1");
    CHECK(world.slots->find(stop.instance)->awaited.empty());
}

TEST_CASE("a number that somebody else has set since is theirs, up and down") {
    ScaleWorld world;
    CHECK(world.perform(world.start(), "i-7.e1").kind == OutcomeKind::done);
    const Stop stop = world.stop();
    world.set_replicas(5);
    CHECK(world.count(true, true) == 0);
    const Outcome outcome = world.perform(stop, "i-7.e2");
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("'kubectl'"), outcome.because);
    CHECK(world.replicas() == 5);
}

TEST_CASE("a rival's number between our look and the write makes the server refuse ours") {
    ScaleWorld world;
    for (const bool is_at_rehearsal : {true, false}) {
        const Replace step = world.start();
        world.api.before_write = [&](const ApiWrite& write) {
            if (write.manager != "kubectl" && write.is_dry_run == is_at_rehearsal) {
                world.set_replicas(is_at_rehearsal ? 2 : 3);
            }
        };
        const Outcome outcome = world.perform(step, "i-7.e1");
        world.api.before_write = nullptr;
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(world.manager() == "kubectl");
        CHECK(world.slots->find(step.instance)->awaited.empty());
        static_cast<void>(world.facts());
    }
}

TEST_CASE("any change of the Deployment between our look and the write is enough") {
    ScaleWorld world;
    const Replace step = world.start();
    world.api.before_write = [&](const ApiWrite&) { world.api.touch(world.deployment()); };
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.replicas() == 3);
    world.api.before_write = [&](const ApiWrite&) {
        at(world.deployment(), {"metadata", "uid"}) = "made-anew";
    };
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.replicas() == 3);
}

TEST_CASE("an autoscaler of the Deployment has its number, one of another has not") {
    ScaleWorld world;
    world.autoscale("cart");
    CHECK(world.perform(world.start(), "i-7.e1").kind == OutcomeKind::done);
    const Replace step = world.start();
    const Stop stop = world.stop();
    world.autoscale("pay");
    for (const Step& one : {Step{step}, Step{stop}}) {
        const Outcome outcome = world.perform(one, "i-7.e2");
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK_MESSAGE(outcome.because.contains("HorizontalPodAutoscaler of-pay"), outcome.because);
    }
    CHECK(world.replicas() == 4);
}

TEST_CASE("where autoscalers cannot be read, nothing is scaled") {
    for (const Trouble& trouble :
         {answered(403), answered(404), answered(500), lost(Fault::late, false),
          Trouble{.answer = ApiReply{.status = 200}}}) {
        ScaleWorld world;
        const Replace step = world.start();
        world.api.get_troubles.resize(3);  // Deployment, pods and ReplicaSets.
        world.api.get_troubles.emplace_back(trouble);
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(world.replicas() == 3);
        CHECK(world.slots->find(step.instance)->awaited.empty());
    }
    json::value odd;
    at(odd, {"spec", "scaleTargetRef", "name"}) = 7;
    CHECK_FALSE(check_autoscalers(ObjectList{.items = {odd}}, Options{}));
}

TEST_CASE("a scale is refused where its preconditions fail, and the number stays") {
    ScaleWorld world;
    const Replace good = world.start();
    Replace taken = good;
    taken.instance = InstanceId{"pay-1"};
    Replace no_slot = good;
    no_slot.instance = InstanceId{"fraud-0"};
    Replace other_version = good;
    other_version.version = VersionId{"v9-0000000000"};
    for (const Replace& step : {taken, no_slot, other_version}) {
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
    }
    const Replace process{good.instance, ProcessIdentity{.pid = 4711, .start_ticks = 1}, {}};
    CHECK_FALSE(world.runtime->performs(process));
    CHECK(world.replicas() == 3);
    world.options.replicas_max = 0;
    world.come();
    CHECK_FALSE(world.runtime->performs(good));
    CHECK_FALSE(world.runtime->performs(Stop{InstanceId{"pay-1"}, {}}));
    CHECK(world.perform(good).kind == OutcomeKind::refused);
    CHECK(world.replicas() == 3);
}

TEST_CASE("a number that a webhook would make another of is not asked for") {
    ScaleWorld world;
    const Replace step = world.start();
    ApiReply other{.status = 200};
    at(other.body, {"spec", "replicas"}) = 9;
    world.api.write_troubles.emplace_back(Trouble{.answer = other});
    const Outcome outcome = world.perform(step);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
    CHECK(world.replicas() == 3);
}

TEST_CASE("what the server answers to a scale decides what became of it, and a successor sees it") {
    struct Case {
        std::string_view name;
        std::optional<Trouble> at_rehearsal;
        std::optional<Trouble> trouble;
        OutcomeKind kind;
        std::int64_t replicas;
    };
    const std::vector<Case> cases{
        {"forbidden", answered(403), std::nullopt, OutcomeKind::refused, 3},
        {"lost rehearsal", lost(Fault::late, false), std::nullopt, OutcomeKind::refused, 3},
        {"a conflict", std::nullopt, answered(409), OutcomeKind::refused, 3},
        {"no server", std::nullopt, lost(Fault::unreachable, false), OutcomeKind::refused, 3},
        {"500", std::nullopt, answered(500), OutcomeKind::unknown, 3},
        {"lost before its effect", std::nullopt, lost(Fault::late, false), OutcomeKind::unknown, 3},
        {"lost after its effect", std::nullopt, lost(Fault::broken, true), OutcomeKind::unknown, 4},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        ScaleWorld world;
        const Replace step = world.start();
        world.api.write_troubles = {one.at_rehearsal, one.trouble};
        const Outcome outcome = world.perform(step, "i-7.e2");
        CHECK_MESSAGE(outcome.kind == one.kind, outcome.because);
        CHECK(world.replicas() == one.replicas);
        world.come();
        const RuntimeInstance now = world.instance(3);
        const bool has_come = one.replicas == 4;
        CHECK(now.is_wanted == has_come);
        CHECK(now.effect.text() == (has_come ? "i-7.e2" : ""));
        world.clock.pass(std::chrono::minutes{1});
        static_cast<void>(world.facts());
        CHECK(world.slots->find(step.instance)->awaited.empty());
        // Whoever else asks for one more gets one that is nobody's effect.
        if (!has_come) {
            world.set_replicas(4);
            CHECK(world.instance(3).effect.empty());
        }
    }
}

}  // namespace homeostat::adapters::kubernetes
