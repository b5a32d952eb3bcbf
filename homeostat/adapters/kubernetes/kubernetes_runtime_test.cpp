#include "homeostat/adapters/kubernetes/kubernetes_runtime.hpp"

#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

// --- Reading -------------------------------------------------------------------------------------

TEST_CASE("every slot is told of: who runs, what of, since when, and what is wanted") {
    RuntimeWorld world;
    const RuntimeFacts facts = world.facts();
    REQUIRE(facts.instances.size() == 6);
    CHECK(facts.is_orchestrated);
    CHECK(facts.read_at == world.clock.now());
    CHECK(count_of(facts, &RuntimeInstance::is_wanted) == 3);
    CHECK(count_of(facts, &RuntimeInstance::is_alive) == 3);
    CHECK(count_of(facts, &RuntimeInstance::is_answering) == 3);
    const RuntimeInstance& one = facts.instances[0];
    CHECK(one.instance.text() == "pay-0");
    CHECK(one.version == facts.versions.deploy.current);
    CHECK(one.version.text().starts_with("v1-"));
    CHECK(one.started_at == world.clock.now() - std::chrono::minutes{1});
    CHECK(one.effect.empty());
    CHECK_FALSE(one.identity.is_none());
    CHECK(one.node == NodeFacts{"node-0", false});
    const RuntimeInstance& empty = facts.instances[5];
    CHECK(empty.identity.is_none());
    CHECK_FALSE(empty.is_wanted);
    CHECK_FALSE(empty.is_coming);
    CHECK_FALSE(empty.node);
    CHECK(facts.versions.deploy.present == std::vector{one.version});
    CHECK(facts.versions.config == VersionFacts{});
}

TEST_CASE("a pod's life decides what is alive, coming and answering") {
    struct Case {
        std::string_view name;
        std::string_view status;
        bool is_alive;
        bool is_coming;
    };
    const std::vector<Case> cases{
        {"not started", "{}", false, true},
        {"restarted at once", R"({"containerStatuses":[{"name":"c","state":{"terminated":{}}}]})",
         true, false},
        {"backing off",
         R"({"containerStatuses":[{"name":"c","restartCount":4,"state":)"
         R"({"waiting":{"reason":"CrashLoopBackOff"}}}]})",
         false, false},
        {"runs and was never ready",
         R"({"containerStatuses":[{"name":"c","state":)"
         R"({"running":{"startedAt":"2026-11-28T00:00:00Z"}}}]})",
         true, false},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        RuntimeWorld world;
        at(world.pod_of(1), {"status"}) = *parse_json(one.status);
        const RuntimeInstance seen = world.instance(1);
        CHECK(seen.is_alive == one.is_alive);
        CHECK(seen.is_coming == one.is_coming);
        CHECK_FALSE(seen.is_answering);
        CHECK(seen.is_wanted);
        CHECK_FALSE(seen.identity.is_none());
    }
}

TEST_CASE("a slot that ought to hold a pod is coming, by whoever starts it") {
    RuntimeWorld world;
    static_cast<void>(world.facts());
    world.api.are_controllers_awake = false;
    at(world.pod_of(1), {"metadata", "deletionTimestamp"}) = "2026-11-28T00:00:00Z";
    const RuntimeInstance seen = world.instance(1);
    CHECK(seen.is_coming);
    CHECK(seen.is_wanted);
    CHECK_FALSE(seen.is_alive);
    CHECK(seen.identity.is_none());
}

namespace {

Task<bool> answers_all_but_the_second(std::string ip, std::vector<std::string>& asked) {
    asked.push_back(std::move(ip));
    co_return asked.size() != 2;
}

}  // namespace

TEST_CASE("our own requests say who answers, and only pods that were ready are asked") {
    RuntimeWorld world;
    std::vector<std::string> asked;
    world.options.answers = [&asked](std::string ip, Instant) {
        return answers_all_but_the_second(std::move(ip), asked);
    };
    world.come();
    at(world.pod_of(2), {"status", "conditions"}) = json::array{};
    asked.clear();
    const RuntimeFacts facts = world.facts();
    CHECK(asked.size() == 2);
    CHECK(count_of(facts, &RuntimeInstance::is_answering) == 1);
    CHECK(count_of(facts, &RuntimeInstance::is_alive) == 3);
}

TEST_CASE("a watch that tells of newer pods while we list is not overruled by the list") {
    RuntimeWorld world;
    const std::string before = world.instance(1).identity.pod;
    bool is_told = false;
    world.api.before_get = [&](const std::string& path) {
        if (path.contains("replicasets") && !is_told) {
            is_told = true;
            world.api.remove(world.pods + "/" +
                             text_at(world.pod_now(before), {"metadata", "name"}));
            world.api.settle();
            world.take_as_a_watch_does();
        }
    };
    const std::string after = world.instance(1).identity.pod;
    CHECK(is_told);
    CHECK(after != before);
    CHECK_FALSE(after.empty());
}

namespace {

/// What watches would have been told of by now.
struct Watched {
    std::optional<Error> trouble{};
    ObjectsSeen deployments{};
    ObjectsSeen replica_sets{};
    ObjectsSeen pods{};
    GroupSeen seen{{&deployments, &trouble}, {&replica_sets, &trouble}, {&pods, &trouble}};

    void hear(RuntimeWorld& world) {
        hear_of(world, "/deployments/", deployments);
        hear_of(world, "/replicasets/", replica_sets);
        hear_of(world, "/pods/", pods);
    }

  private:
    static void hear_of(RuntimeWorld& world, std::string_view kind, ObjectsSeen& seen) {
        seen.objects.clear();
        for (const std::string& path : world.api.paths_of(kind)) {
            const json::value& object = *world.api.find(path);
            const std::string version = text_at(object, {"metadata", "resourceVersion"});
            seen.objects[text_at(object, {"metadata", "name"})] = object;
            seen.resource_version =
                std::max<std::uint64_t>(seen.resource_version, std::stoull(version));
        }
        seen.heard_at = world.clock.now();
    }
};

}  // namespace

TEST_CASE("a glance tells what the watches tell, and asks the server nothing") {
    RuntimeWorld world;
    Watched watched;
    watched.hear(world);
    Group group(world.options, watched.seen, *world.slots, world.clock);
    const RuntimeFacts read = world.facts();
    world.runtime->glance_at(group);
    std::size_t requests_count = 0;
    world.api.before_get = [&](const std::string&) { ++requests_count; };
    const Result<FactsPart> part = run_at_once(world.runtime->glance(world.soon()));
    REQUIRE(part);
    CHECK(std::get<RuntimeFacts>(*part).instances == read.instances);
    CHECK(std::get<RuntimeFacts>(*part).versions == read.versions);
    CHECK(std::get<RuntimeFacts>(*part).is_orchestrated);
    CHECK(requests_count == 0);
    watched.trouble = Error{Fault::unreachable, "cut"};
    world.clock.pass(std::chrono::minutes{1});
    CHECK_FALSE(run_at_once(world.runtime->glance(world.soon())));
    CHECK(requests_count == 0);
}

TEST_CASE("pods that change at each look are told of as such") {
    RuntimeWorld world;
    world.api.before_get = [&](const std::string& path) {
        if (path.contains("replicasets")) {
            world.api.touch(world.deployment());
            world.take_as_a_watch_does();
        }
    };
    const Result<RuntimeFacts> facts = world.try_read();
    REQUIRE_FALSE(facts);
    CHECK(facts.error().fault == Fault::late);
}

TEST_CASE("pods of another owner are no instances of ours") {
    RuntimeWorld world;
    json::value orphan = world.pod_of(0);
    at(orphan, {"metadata", "name"}) = "stray";
    at(orphan, {"metadata", "ownerReferences"}) = nullptr;
    world.api.create(world.pods, std::move(orphan));
    CHECK(count_of(world.facts(), &RuntimeInstance::is_alive) == 3);
}

TEST_CASE("facts are an error while anything of them is not known") {
    struct Case {
        std::string_view name;
        std::size_t request;  ///< The first that meets the trouble.
        Trouble trouble;
        Fault fault;
    };
    ApiReply part = ApiReply{.status = 200};
    at(part.body, {"metadata", "resourceVersion"}) = "500";
    at(part.body, {"items"}) = json::array{};
    ApiReply whole = part;
    at(part.body, {"metadata", "continue"}) = "token";
    at(whole.body, {"metadata", "resourceVersion"}) = nullptr;
    const std::vector<Case> cases{
        {"no server", 0, lost(Fault::unreachable, false), Fault::unreachable},
        {"no right", 0, answered(403), Fault::refused},
        {"throttled", 1, answered(429), Fault::unreachable},
        {"the list of pods fails", 1, answered(500), Fault::unreachable},
        {"the list of pods is late", 1, lost(Fault::late, false), Fault::late},
        {"only a part of the pods", 1, Trouble{.answer = part}, Fault::broken},
        {"a list without its version", 1, Trouble{.answer = whole}, Fault::broken},
        {"no list at all", 1, Trouble{.answer = ApiReply{.status = 200}}, Fault::broken},
        {"the list of ReplicaSets fails", 2, answered(503), Fault::unreachable},
        {"only a part of the ReplicaSets", 2, Trouble{.answer = part}, Fault::broken},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        RuntimeWorld world;
        const RuntimeFacts before = world.facts();
        world.api.get_troubles.resize(one.request);
        world.api.get_troubles.emplace_back(one.trouble);
        const Result<RuntimeFacts> facts = world.try_read();
        REQUIRE_FALSE(facts);
        CHECK(facts.error().fault == one.fault);
        // Nobody has lost a slot over it.
        CHECK(world.facts().instances == before.instances);
    }
}

TEST_CASE("facts are an error without the Deployment, or while its controller sleeps") {
    RuntimeWorld world;
    world.api.are_controllers_awake = false;
    at(world.deployment(), {"metadata", "generation"}) = 9;
    Result<RuntimeFacts> facts = world.try_read();
    REQUIRE_FALSE(facts);
    CHECK(facts.error().fault == Fault::late);
    world.api.remove(world.deployments + "/pay");
    facts = world.try_read();
    REQUIRE_FALSE(facts);
    CHECK(facts.error().fault == Fault::absent);
    CHECK_MESSAGE(facts.error().text.contains("shop/pay"), facts.error().text);
}

TEST_CASE("a container that the configuration names and the pods lack is an error with the mend") {
    RuntimeWorld world;
    world.options.container = "svc";
    world.come();
    const Result<RuntimeFacts> facts = world.try_read();
    REQUIRE_FALSE(facts);
    CHECK(facts.error().text.contains("'svc'"));
}

TEST_CASE("a server that was set back to an older state is not believed") {
    RuntimeWorld world;
    static_cast<void>(world.facts());
    REQUIRE(world.slots->take({}, 3, 1'000'000));
    const Result<RuntimeFacts> facts = world.try_read();
    REQUIRE_FALSE(facts);
    CHECK(facts.error().fault == Fault::corrupt);
    world.come();
    CHECK(count_of(world.facts(), &RuntimeInstance::is_alive) == 3);
}

// --- Replacing -----------------------------------------------------------------------------------

TEST_CASE("a pod is evicted, and who follows it in the slot carries the effect") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    CHECK(world.runtime->performs(step));
    const Outcome outcome = world.perform(step, "i-7.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    check_replaced(world, step, "i-7.e2");
    CHECK(count_of(world.facts(), &RuntimeInstance::is_answering) == 3);
    CHECK(world.instance(1).effect.empty());
    world.come();
    check_replaced(world, step, "i-7.e2");
    // The same once more finds another pod there.
    CHECK(world.perform(step, "i-7.e3").kind == OutcomeKind::refused);
}

TEST_CASE("a pod that takes its time to end stands nowhere meanwhile") {
    RuntimeWorld world;
    world.api.do_pods_end_at_once = false;
    const Replace step = world.replacement();
    CHECK(world.perform(step).kind == OutcomeKind::done);
    CHECK(world.pod_uids().size() == 4);
    check_replaced(world, step, "i-1.e1");
}

TEST_CASE("a replacement is refused where its preconditions fail, and nobody is evicted") {
    RuntimeWorld world;
    const Replace good = world.replacement();
    Replace another_slot = good;
    another_slot.instance = InstanceId{"pay-1"};
    Replace empty_slot = good;
    empty_slot.instance = InstanceId{"pay-5"};
    Replace no_slot = good;
    no_slot.instance = InstanceId{"fraud-0"};
    Replace gone = good;
    gone.expected.pod = "another";
    Replace other_version = good;
    other_version.version = VersionId{"v9-0000000000"};
    Replace no_pod = good;
    no_pod.expected = ProcessIdentity{.pid = 4711, .start_ticks = 1};
    const std::vector<std::string> before = world.pod_uids();
    for (const Replace& step : {another_slot, empty_slot, no_slot, gone, other_version, no_pod}) {
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(world.pod_uids() == before);
    }
    CHECK_FALSE(world.runtime->performs(no_pod));
    CHECK_FALSE(world.runtime->performs(Drain{good.instance}));
    CHECK(world.perform(good, "../e1").kind == OutcomeKind::refused);
    CHECK(world.pod_uids() == before);
}

TEST_CASE("a pod whose container was started again is still the pod that was meant") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    json::value& statuses = at(world.pod_of(0), {"status", "containerStatuses"});
    at(statuses.as_array().at(0), {"restartCount"}) = 5;
    CHECK(world.perform(step).kind == OutcomeKind::done);
    check_replaced(world, step, "i-1.e1");
}

TEST_CASE("a disruption budget at its limit is not broken") {
    RuntimeWorld world;
    world.budget(3);
    const Replace step = world.replacement();
    const Outcome outcome = world.perform(step);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("disruption budget"), outcome.because);
    CHECK_MESSAGE(outcome.because.starts_with("tried without effect"), outcome.because);
    check_untouched(world, step);
    CHECK(world.slots->find(step.instance)->awaited.empty());
}

TEST_CASE("what the server says to an eviction without effect is no eviction, whatever it says") {
    for (const Trouble& trouble :
         {answered(403), answered(409), answered(429), answered(500), lost(Fault::late, false),
          lost(Fault::broken, true), Trouble{.answer = answered(503).answer, .has_effect = true}}) {
        RuntimeWorld world;
        const Replace step = world.replacement();
        world.api.write_troubles.emplace_back(trouble);
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        check_untouched(world, step);
        CHECK(world.slots->find(step.instance)->awaited.empty());
    }
}

TEST_CASE("a pod made anew under the name between our look and the eviction is left alone") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    world.api.before_write = [&](const ApiWrite& write) {
        if (!write.is_dry_run) {
            at(world.pod_of(0), {"metadata", "uid"}) = "made-anew";
        }
    };
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    const RuntimeInstance now = world.instance();
    CHECK(now.identity.pod == "made-anew");
    CHECK(now.effect.empty());
}

TEST_CASE("what the server answers to an eviction decides what became of it") {
    struct Case {
        std::string_view name;
        std::vector<std::optional<Trouble>> troubles;
        OutcomeKind kind;
        bool is_replaced;
    };
    const std::vector<Case> cases{
        {"all is well", {}, OutcomeKind::done, true},
        {"forbidden", {answered(403)}, OutcomeKind::refused, false},
        {"no eviction here", {answered(404)}, OutcomeKind::refused, false},
        {"conflict", {answered(409)}, OutcomeKind::refused, false},
        {"a budget", {answered(429)}, OutcomeKind::refused, false},
        {"no server", {lost(Fault::unreachable, false)}, OutcomeKind::refused, false},
        {"no credentials", {lost(Fault::refused, false)}, OutcomeKind::refused, false},
        {"500", {answered(500)}, OutcomeKind::unknown, false},
        {"lost before its effect", {lost(Fault::late, false)}, OutcomeKind::unknown, false},
        {"lost after its effect", {lost(Fault::broken, true)}, OutcomeKind::unknown, true},
        {"503 after its effect",
         {Trouble{.answer = status_reply(503, "x", "y"), .has_effect = true}},
         OutcomeKind::unknown,
         true},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        RuntimeWorld world;
        const Replace step = world.replacement();
        world.api.write_troubles.resize(1);  // What is tried without effect.
        world.api.write_troubles.insert(world.api.write_troubles.end(), one.troubles.begin(),
                                        one.troubles.end());
        const Outcome outcome = world.perform(step);
        CHECK_MESSAGE(outcome.kind == one.kind, outcome.because);
        world.come();
        if (one.is_replaced) {
            check_replaced(world, step, "i-1.e1");
        } else {
            check_untouched(world, step);
        }
    }
}

TEST_CASE("an eviction that the server took is not done before the pod is seen to go") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    world.api.write_troubles.resize(1);  // What is tried without effect.
    world.api.write_troubles.emplace_back(Trouble{.answer = status_reply(201, "", "")});
    const Outcome outcome = world.perform(step);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::unknown, outcome.because);
    check_untouched(world, step);
}

TEST_CASE("a pod that was evicted has gone where another stands under its name") {
    RuntimeWorld world;
    world.api.do_pods_end_at_once = false;
    const Replace step = world.replacement();
    const std::string name = text_at(world.pod_of(0), {"metadata", "name"});
    world.api.before_get = [&](const std::string& path) {
        if (path.ends_with("/" + name)) {
            json::value another = *world.api.find(path);
            at(another, {"metadata", "deletionTimestamp"}) = nullptr;
            world.api.remove(path);
            world.api.create(world.pods, std::move(another));
        }
    };
    CHECK(world.perform(step).kind == OutcomeKind::done);
}

TEST_CASE("a server that fails after an eviction is asked again until the pod is seen to go") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    world.api.get_troubles.resize(3);  // Deployment, pods and ReplicaSets.
    world.api.get_troubles.emplace_back(answered(500));
    world.api.get_troubles.emplace_back(lost(Fault::late, false));
    CHECK(world.perform(step).kind == OutcomeKind::done);
    check_replaced(world, step, "i-1.e1");
}

TEST_CASE("an eviction that never came about is nobody's effect, once it no longer can") {
    RuntimeWorld world;
    world.clock.pass(std::chrono::minutes{1});
    const Replace step = world.replacement();
    world.api.write_troubles.resize(1);  // What is tried without effect.
    world.api.write_troubles.emplace_back(lost(Fault::late, false));
    CHECK(world.perform(step).kind == OutcomeKind::unknown);
    check_untouched(world, step);
    CHECK(world.slots->find(step.instance)->awaited.text() == "i-1.e1");
    world.clock.pass(std::chrono::minutes{1});
    check_untouched(world, step);
    CHECK(world.slots->find(step.instance)->awaited.empty());
    // Somebody else deletes it.
    at(world.pod_of(0), {"metadata", "deletionTimestamp"}) = "2026-11-28T00:00:00Z";
    world.api.settle();
    check_replaced(world, step, "");
}

TEST_CASE("without the file that says whose effect follows nobody is evicted") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    std::filesystem::remove(world.directory.file("slots.json"));
    std::filesystem::create_directories(world.directory.file("slots.json") + "/in the way");
    const Outcome outcome = world.perform(step);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
    check_untouched(world, step);
}

TEST_CASE("after its deadline nothing is begun") {
    RuntimeWorld world;
    const Replace step = world.replacement();
    const Outcome outcome = run_at_once(world.runtime->perform(
        Request(guard::Gate::permit(EffectId{"i-1.e1"}, step)), world.clock.now()));
    CHECK(outcome.kind == OutcomeKind::refused);
    check_untouched(world, step);
    world.deploy("crash");
    const SwapVersion swap = world.rollback();
    world.api.before_write = [&](const ApiWrite&) { world.clock.pass(std::chrono::minutes{1}); };
    CHECK(world.perform(swap).kind == OutcomeKind::refused);
    CHECK(world.image() == "lab.local/pay:crash");
}

}  // namespace homeostat::adapters::kubernetes
