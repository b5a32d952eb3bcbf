#include "homeostat/adapters/kubernetes/objects.hpp"

#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

/// As a real API server sent it: tests/data/kubernetes.
json::value recorded(const std::string& name) {
    const std::filesystem::path folder = std::filesystem::path(__FILE__).parent_path();
    const Result<std::string> text =
        os::read_file(folder / "../../../tests/data/kubernetes" / name, std::size_t{1} << 20U);
    REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().text));
    const Result<json::value> value = parse_json(*text);
    REQUIRE_MESSAGE(value.has_value(), (value ? "" : value.error().text));
    return *value;
}

json::value value_of(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    REQUIRE_MESSAGE(value.has_value(), (value ? "" : value.error().text));
    return *value;
}

json::value pod_with(std::string_view status) {
    json::value pod = value_of(R"({"metadata":{"name":"pay-1","uid":"u1"},)"
                               R"("spec":{"containers":[{"name":"c"}]}})");
    at(pod, {"status"}) = value_of(status);
    return pod;
}

PodView view_of(const json::value& pod, std::string_view container = "") {
    const Result<PodView> view = parse_pod(pod, container);
    REQUIRE_MESSAGE(view.has_value(), (view ? "" : view.error().text));
    return *view;
}

std::string status_of(std::string_view state, std::string_view last = "{}", int restarts = 2) {
    return R"({"containerStatuses":[{"name":"c","restartCount":)" + std::to_string(restarts) +
           R"(,"state":)" + std::string(state) + R"(,"lastState":)" + std::string(last) + "}]}";
}

json::value replica_set(std::string_view image, std::string_view hash = "7d9f8c6b5d") {
    json::value object =
        value_of(R"({"metadata":{"name":"pay-x","uid":"u2","labels":{},"ownerReferences":)"
                 R"([{"kind":"Deployment","uid":"d1","controller":true}],"annotations":)"
                 R"({"deployment.kubernetes.io/revision":"4"}},"spec":{"replicas":3,"template":)"
                 R"({"metadata":{"labels":{"app":"pay"}},"spec":{"containers":)"
                 R"([{"name":"c","image":"x"},{"name":"side","image":"envoy:1"}]}}}})");
    at(object, {"metadata", "labels", "pod-template-hash"}) = hash;
    at(object, {"spec", "template", "metadata", "labels", "pod-template-hash"}) = hash;
    at(at(object, {"spec", "template", "spec", "containers"}).as_array()[0], {"image"}) = image;
    return object;
}

ReplicaSetView view_of_set(const json::value& object, std::string_view container = "") {
    const Result<ReplicaSetView> view = parse_replica_set(object, container);
    REQUIRE_MESSAGE(view.has_value(), (view ? "" : view.error().text));
    return *view;
}

json::value deployment() {
    return value_of(R"({"metadata":{"name":"pay","uid":"d1","resourceVersion":"77","generation":5,)"
                    R"("annotations":{"deployment.kubernetes.io/revision":"4"}},)"
                    R"("spec":{"replicas":3,"selector":{"matchLabels":{"app":"pay"}},"template":)"
                    R"({"metadata":{"labels":{"app":"pay"}},"spec":{"containers":)"
                    R"([{"name":"c","image":"x"},{"name":"side","image":"envoy:1"}]}}},)"
                    R"("status":{"observedGeneration":4}})");
}

DeploymentView view_of_deployment(const json::value& object) {
    const Result<DeploymentView> view = parse_deployment(object);
    REQUIRE_MESSAGE(view.has_value(), (view ? "" : view.error().text));
    return *view;
}

}  // namespace

TEST_CASE(
    "what a real server sent is read as it was: a rollout that gets no further than a crash") {
    const DeploymentView seen = view_of_deployment(recorded("deployment.json"));
    CHECK(seen.name == "payments");
    CHECK(seen.replicas == 3);
    CHECK(seen.revision == 2);
    CHECK(seen.generation == 2);
    CHECK(seen.is_observed());
    CHECK_FALSE(seen.is_paused);
    CHECK(seen.selector == "app=payments,tier%20in%20(web,api)");
    std::vector<ReplicaSetView> sets;
    for (const json::value& item : recorded("replica_sets.json").at("items").as_array()) {
        sets.push_back(view_of_set(item, "svc"));
    }
    REQUIRE(sets.size() == 2);
    CHECK(replica_sets_of(seen, sets).size() == 2);
    // The server fills the same defaults into both, so the templates are equal to the last field.
    const ReplicaSetView* current = current_of(seen, sets);
    REQUIRE(current != nullptr);
    CHECK(version_of(*current).text() == "crash-676cb44d9c");
    CHECK(current->revision == 2);
    const ReplicaSetView& other = current == sets.data() ? sets[1] : sets[0];
    CHECK(version_of(other).text() == "v1-896448485");
    CHECK(other.replicas == 3);
}

TEST_CASE("who set the number of replicas is known where one alone did, and else nobody is") {
    const auto manager_of = [](const std::string& entries) {
        json::value object = deployment();
        at(object, {"metadata", "managedFields"}) = value_of(entries);
        return view_of_deployment(object).replicas_manager;
    };
    const std::string other = R"({"manager":"kubectl","fieldsV1":{"f:spec":{"f:template":{}}}})";
    const auto owner = [](const std::string& name) {
        return R"({"manager":")" + name + R"(","fieldsV1":{"f:spec":{"f:replicas":{}}}})";
    };
    CHECK(view_of_deployment(deployment()).replicas_manager.empty());
    CHECK(manager_of("[" + other + "," + owner("homeostat i-7.e2 from 3") + "]") ==
          "homeostat i-7.e2 from 3");
    CHECK(manager_of("[" + owner("a") + "," + owner("b") + "]").empty());
    CHECK(manager_of("[" + owner("a\\u0007\\u00e9") + "]") == "a___");
    CHECK(manager_of("[" + owner(std::string(500, 'x')) + "]").size() == 128);
    // What it is not is no error: it says nothing, and no more.
    for (const char* odd :
         {"7", "[]", "[7]", R"([{"fieldsV1":7}])", R"([{"fieldsV1":{"f:spec":{"f:replicas":1}}}])",
          R"([{"manager":7,"fieldsV1":{"f:spec":{"f:replicas":{}}}}])"}) {
        CHECK_MESSAGE(manager_of(odd).empty(), odd);
    }
    std::string many;
    for (int count = 0; count < 300; ++count) {
        many += (many.empty() ? "" : ",") + other;
    }
    CHECK(manager_of("[" + many + "," + owner("homeostat i-7.e2 from 3") + "]").empty());
}

TEST_CASE("what a real server sent of pods is read as it was: one crashes, one serves, one goes") {
    const json::value list = recorded("pods.json");
    const PodView crashes = view_of(list.at("items").as_array().at(0), "svc");
    CHECK(crashes.life == ContainerLife::backing_off);
    CHECK(crashes.waiting_reason == "CrashLoopBackOff");
    CHECK(crashes.exit_code == 1);
    CHECK(crashes.restarts_count == 1);
    CHECK_FALSE(crashes.was_ready);
    const PodView serves = view_of(list.at("items").as_array().at(1), "svc");
    CHECK(serves.life == ContainerLife::running);
    CHECK(serves.is_ready);
    CHECK(serves.template_hash == "896448485");
    CHECK(serves.ip == "127.64.0.1");
    CHECK_FALSE(serves.node.empty());
    CHECK(serves.started_at >= serves.created_at);
    CHECK_FALSE(serves.is_deleting);
    const PodView evicted = view_of(recorded("pod_evicted.json"));
    CHECK(evicted.is_deleting);
    CHECK(evicted.owner_uid == serves.owner_uid);
    CHECK(evicted.life == ContainerLife::running);
}

TEST_CASE("a container's life is told by its state and by what the kubelet says of it") {
    struct Case {
        std::string_view name;
        std::string status;
        ContainerLife life;
    };
    const std::vector<Case> cases{
        {"no status yet", "{}", ContainerLife::coming},
        {"being created", status_of(R"({"waiting":{"reason":"ContainerCreating"}})"),
         ContainerLife::coming},
        {"runs", status_of(R"({"running":{"startedAt":"2026-11-28T00:00:00Z"}})"),
         ContainerLife::running},
        {"has ended for the first time", status_of(R"({"terminated":{"exitCode":1}})", "{}", 0),
         ContainerLife::restarting},
        {"has ended again, and nothing says yet that its start is put off",
         status_of(R"({"terminated":{"exitCode":1}})", "{}", 1), ContainerLife::backing_off},
        {"has ended again after nine minutes",
         status_of(R"({"terminated":{"startedAt":"2026-11-28T00:00:00Z",)"
                   R"("finishedAt":"2026-11-28T00:09:00Z"}})"),
         ContainerLife::backing_off},
        {"has ended again after ten minutes, which is forgiven",
         status_of(R"({"terminated":{"startedAt":"2026-11-28T00:00:00Z",)"
                   R"("finishedAt":"2026-11-28T00:10:00Z"}})"),
         ContainerLife::restarting},
        {"has ended and is created anew",
         status_of(R"({"waiting":{"reason":"ContainerCreating"}})",
                   R"({"terminated":{"exitCode":1}})"),
         ContainerLife::restarting},
        {"crash loop", status_of(R"({"waiting":{"reason":"CrashLoopBackOff"}})"),
         ContainerLife::backing_off},
        {"no such image", status_of(R"({"waiting":{"reason":"ErrImagePull"}})"),
         ContainerLife::backing_off},
        {"no such image, again", status_of(R"({"waiting":{"reason":"ImagePullBackOff"}})"),
         ContainerLife::backing_off},
        {"its configuration is missing",
         status_of(R"({"waiting":{"reason":"CreateContainerConfigError"}})"),
         ContainerLife::backing_off},
        {"another container's state says nothing of it",
         R"({"containerStatuses":[{"name":"a","state":{"running":{}}}]})", ContainerLife::coming},
        {"an init container crashes",
         R"({"initContainerStatuses":[{"name":"i","state":{"waiting":)"
         R"({"reason":"CrashLoopBackOff"}}}],"containerStatuses":[{"name":"c","state":)"
         R"({"waiting":{"reason":"PodInitializing"}}}]})",
         ContainerLife::backing_off},
        {"an init container works",
         R"({"initContainerStatuses":[{"name":"i","state":{"running":{}}}],)"
         R"("containerStatuses":[{"name":"c","state":{"waiting":{"reason":"PodInitializing"}}}]})",
         ContainerLife::coming},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        CHECK(view_of(pod_with(one.status)).life == one.life);
    }
}

TEST_CASE("of several containers the configured one counts, or the first of the spec") {
    json::value pod =
        value_of(R"({"metadata":{"name":"pay-1","uid":"u1"},"spec":{"containers":)"
                 R"([{"name":"svc"},{"name":"agent"}]},"status":{"containerStatuses":)"
                 R"([{"name":"agent","restartCount":7,"state":{"running":{}}},)"
                 R"({"name":"svc","restartCount":1,"state":{"terminated":{"exitCode":137}}}]}})");
    CHECK(view_of(pod).restarts_count == 1);
    CHECK(view_of(pod).exit_code == 137);
    CHECK(view_of(pod, "agent").restarts_count == 7);
    CHECK(view_of(pod, "agent").life == ContainerLife::running);
    CHECK(view_of(pod, "other").life == ContainerLife::coming);
}

TEST_CASE("a pod that was ready since its container began was so, whatever it is now") {
    const auto pod_ready = [](std::string_view status, std::string_view changed_at) {
        return view_of(pod_with(R"({"conditions":[{"type":"Ready","status":")" +
                                std::string(status) + R"(","lastTransitionTime":")" +
                                std::string(changed_at) +
                                R"("}],"containerStatuses":[{"name":"c","state":{"running":)"
                                R"({"startedAt":"2026-11-28T00:00:10Z"}}}]})"));
    };
    CHECK(pod_ready("True", "2026-11-28T00:00:11Z").is_ready);
    CHECK(pod_ready("True", "2026-11-28T00:00:11Z").was_ready);
    const PodView fell_out = pod_ready("False", "2026-11-28T00:01:00Z");
    CHECK_FALSE(fell_out.is_ready);
    CHECK(fell_out.was_ready);
    // Not since the container was started, which may be its second time.
    CHECK_FALSE(pod_ready("False", "2026-11-28T00:00:09Z").was_ready);
    CHECK_FALSE(pod_ready("False", "2026-11-28T00:00:10Z").was_ready);
    CHECK_FALSE(pod_ready("Unknown", "2026-11-28T00:00:10Z").is_ready);
    CHECK_FALSE(view_of(pod_with("{}")).was_ready);
}

TEST_CASE("a pod says that its node is silent by its own conditions, and by nothing else") {
    struct Case {
        std::string_view name;
        std::string_view status;
        bool is_lost;
    };
    const std::vector<Case> cases{
        {"ready",
         R"({"conditions":[{"type":"Ready","status":"True"},)"
         R"({"type":"ContainersReady","status":"True"}]})",
         false},
        {"its kubelet says that its container is not ready",
         R"({"conditions":[{"type":"Ready","status":"False"},)"
         R"({"type":"ContainersReady","status":"False"}]})",
         false},
        {"who watches over nodes has taken Ready alone",
         R"({"conditions":[{"type":"ContainersReady","status":"True"},)"
         R"({"type":"Ready","status":"False"}]})",
         true},
        {"nobody knows", R"({"conditions":[{"type":"Ready","status":"Unknown"}]})", true},
        {"an older server says so", R"({"reason":"NodeLost"})", true},
        {"it goes for a taint",
         R"({"conditions":[{"type":"Ready","status":"True"},{"type":"DisruptionTarget",)"
         R"("status":"True","reason":"DeletionByTaintManager"}]})",
         false},
        {"nothing is said", "{}", false}};
    for (const Case& one : cases) {
        CAPTURE(one.name);
        json::value pod = pod_with(one.status);
        CHECK_FALSE(view_of(pod).is_node_lost);  // It stands on none yet.
        at(pod, {"spec", "nodeName"}) = "n1";
        CHECK(view_of(pod).is_node_lost == one.is_lost);
    }
    // A gate that is shut says as much of a pod as a node that is silent.
    json::value pod = pod_with(cases[2].status);
    at(pod, {"spec", "nodeName"}) = "n1";
    at(pod, {"spec", "readinessGates"}) = value_of(R"([{"conditionType":"example/gate"}])");
    CHECK_FALSE(view_of(pod).is_node_lost);
}

TEST_CASE("what the words of a pod say is short and plain") {
    json::value pod = pod_with(status_of(R"({"waiting":{"reason":"a\u001b[31m; rm -rf /"}})"));
    CHECK(view_of(pod).waiting_reason == "a__31m__rm__rf__");
    pod = pod_with(status_of(R"({"waiting":{"reason":")" + std::string(1000, 'x') + R"("}})"));
    CHECK(view_of(pod).waiting_reason.size() == 64);
}

TEST_CASE("a pod's owner is the ReplicaSet that controls it, and nobody else") {
    json::value pod = pod_with("{}");
    CHECK(view_of(pod).owner_uid.empty());
    at(pod, {"metadata", "ownerReferences"}) = value_of(
        R"([{"kind":"ReplicaSet","uid":"r1"},{"kind":"Job","uid":"j1","controller":true}])");
    CHECK(view_of(pod).owner_uid.empty());
    at(pod, {"metadata", "ownerReferences"}) =
        value_of(R"([{"kind":"ReplicaSet","uid":"r1","controller":true}])");
    CHECK(view_of(pod).owner_uid == "r1");
}

TEST_CASE("a pod that is being deleted, or has ended for good, says so") {
    json::value pod = pod_with(R"({"phase":"Failed"})");
    CHECK(view_of(pod).has_ended);
    CHECK_FALSE(view_of(pod).is_deleting);
    at(pod, {"metadata", "deletionTimestamp"}) = "2026-11-28T00:00:00Z";
    CHECK(view_of(pod).is_deleting);
    at(pod, {"metadata", "deletionTimestamp"}) = nullptr;
    CHECK_FALSE(view_of(pod).is_deleting);
}

TEST_CASE("a field of another type than the API's is refused with its name, never a default") {
    struct Case {
        std::string_view field;
        std::function<void(json::value&)> spoil;
    };
    const std::vector<Case> pod_cases{
        {"metadata.name", [](json::value& pod) { at(pod, {"metadata", "name"}) = "../../etc"; }},
        {"metadata.name", [](json::value& pod) { at(pod, {"metadata", "name"}) = nullptr; }},
        {"metadata.uid", [](json::value& pod) { at(pod, {"metadata", "uid"}) = "a b"; }},
        {"metadata.uid", [](json::value& pod) { at(pod, {"metadata", "uid"}) = 7; }},
        {"metadata.resourceVersion",
         [](json::value& pod) { at(pod, {"metadata", "resourceVersion"}) = "9x"; }},
        {"metadata.deletionTimestamp",
         [](json::value& pod) { at(pod, {"metadata", "deletionTimestamp"}) = "yesterday"; }},
        {"metadata.ownerReferences",
         [](json::value& pod) { at(pod, {"metadata", "ownerReferences"}) = "none"; }},
        {"status.podIP", [](json::value& pod) { at(pod, {"status", "podIP"}) = "evil.test/"; }},
        {"status.phase", [](json::value& pod) { at(pod, {"status", "phase"}) = true; }},
        {"restartCount",
         [](json::value& pod) {
             at(pod, {"status"}) =
                 value_of(R"({"containerStatuses":[{"name":"c","restartCount":-1}]})");
         }},
        {"exitCode",
         [](json::value& pod) {
             at(pod, {"status"}) = value_of(status_of(R"({"terminated":{"exitCode":1.5}})"));
         }},
    };
    for (const Case& one : pod_cases) {
        CAPTURE(one.field);
        json::value pod = pod_with("{}");
        one.spoil(pod);
        const Result<PodView> view = parse_pod(pod, "");
        REQUIRE_FALSE(view);
        CHECK(view.error().fault == Fault::invalid);
        CHECK_MESSAGE(view.error().text.contains(one.field), view.error().text);
    }
    CHECK_FALSE(parse_pod(json::value("pod"), ""));
    CHECK_FALSE(parse_pod(json::value(nullptr), ""));
}

TEST_CASE("a version is the image's tag and the hash of its template") {
    struct Case {
        std::string_view image;
        std::string_view version;
    };
    const std::string digest(64, 'a');
    const std::string with_digest = "host:5000/a/pay@sha256:" + digest;
    const std::string tag_long = "pay:" + std::string(100, 'b');
    const std::vector<Case> cases{
        {"lab.local/pay:v2", "v2-7d9f8c6b5d"},
        {"pay", "latest-7d9f8c6b5d"},
        {"host:5000/a/pay", "latest-7d9f8c6b5d"},
        {"host:5000/a/pay:2026.11_rc-1", "2026.11_rc-1-7d9f8c6b5d"},
        {with_digest, "aaaaaaaaaaaa-7d9f8c6b5d"},
        {"pay:v3@sha256:0123", "v3-7d9f8c6b5d"},
        {tag_long, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-7d9f8c6b5d"},
        {"pay:", "image-7d9f8c6b5d"},
        {"pay:a;b", "image-7d9f8c6b5d"},
        {"", "image-7d9f8c6b5d"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.image);
        const VersionId version = version_of(view_of_set(replica_set(one.image)));
        CHECK(version.text() == one.version);
        CHECK(is_plain_name(version.text()));
    }
}

TEST_CASE("the template in force is told by what it says, not by a number") {
    const DeploymentView seen = view_of_deployment(deployment());
    ReplicaSetView older = view_of_set(replica_set("old"));
    ReplicaSetView same = view_of_set(replica_set("x"));
    CHECK(current_of(seen, {older, same})->image == "x");
    CHECK(current_of(seen, {older}) == nullptr);
    ReplicaSetView of_another = same;
    of_another.owner_uid = "d2";
    CHECK(current_of(seen, {of_another}) == nullptr);
    ReplicaSetView twin = same;
    twin.uid = "u3";
    twin.created_at = same.created_at - std::chrono::hours{1};
    CHECK(current_of(seen, {same, twin})->uid == "u3");
    CHECK_FALSE(to_text(same.pod_template).contains("pod-template-hash"));
}

TEST_CASE("a Deployment's selector is what a query wants, and never empty") {
    json::value object = deployment();
    CHECK(view_of_deployment(object).selector == "app=pay");
    at(object, {"spec", "selector", "matchExpressions"}) =
        value_of(R"([{"key":"tier","operator":"In","values":["web","api"]},)"
                 R"({"key":"old","operator":"DoesNotExist"},{"key":"x/y","operator":"Exists"}])");
    CHECK(view_of_deployment(object).selector == "app=pay,tier%20in%20(web,api),!old,x/y");
    at(object, {"spec", "selector"}) = json::object{};
    CHECK_FALSE(parse_deployment(object));
    at(object, {"spec", "selector", "matchLabels", "app"}) = "pay&limit=1";
    CHECK_FALSE(parse_deployment(object));
    at(object, {"spec", "selector"}) =
        value_of(R"({"matchExpressions":[{"key":"tier","operator":"Near","values":["web"]}]})");
    CHECK_FALSE(parse_deployment(object));
}

TEST_CASE("a Deployment that its controller has not seen says so") {
    json::value object = deployment();
    CHECK_FALSE(view_of_deployment(object).is_observed());
    at(object, {"status", "observedGeneration"}) = 5;
    CHECK(view_of_deployment(object).is_observed());
    CHECK(view_of_deployment(object).revision == 4);
    CHECK(view_of_deployment(object).replicas == 3);
    at(object, {"metadata", "annotations", "deployment.kubernetes.io/revision"}) = "four";
    CHECK_FALSE(parse_deployment(object));
}

TEST_CASE("an effect is of the version in force only while that is what it led to") {
    json::value object = deployment();
    const auto effect = [&](std::string_view mark) {
        at(object, {"metadata", "annotations", "homeostat.dev/effect"}) = mark;
        return effect_of(view_of_deployment(object), VersionId{"v1-a"}).text();
    };
    CHECK(effect("i-7.e2 v2-b v1-a") == "i-7.e2");
    CHECK(effect("i-7.e2 v1-a v2-b").empty());
    CHECK(effect("i-7.e2 v1-a").empty());
    CHECK(effect("v1-a").empty());
    CHECK(effect("").empty());
    CHECK(effect("../x v2-b v1-a").empty());
    CHECK(effect(" v2-b v1-a").empty());
}

TEST_CASE("pods of another owner are none of ours, whatever labels they wear") {
    ReplicaSetView ours = view_of_set(replica_set("x"));
    PodView mine;
    mine.owner_uid = ours.uid;
    PodView orphan;
    PodView foreign;
    foreign.owner_uid = "somebody";
    CHECK(pods_of({ours}, {orphan, mine, foreign}).size() == 1);
    const DeploymentView seen = view_of_deployment(deployment());
    ReplicaSetView theirs = ours;
    theirs.owner_uid = "d2";
    CHECK(replica_sets_of(seen, {theirs, ours}).size() == 1);
}

TEST_CASE("a set without a hash is one of nobody's, and one with such an owner is refused") {
    CHECK_FALSE(parse_replica_set(replica_set("x", ""), ""));
    CHECK_FALSE(parse_replica_set(replica_set("x", std::string(40, 'a')), ""));
    json::value bare = replica_set("x", "");
    at(bare, {"metadata", "ownerReferences"}) = nullptr;
    CHECK(view_of_set(bare).owner_uid.empty());
    CHECK(view_of_set(replica_set("x"), "side").image == "envoy:1");
    CHECK(view_of_set(replica_set("x"), "gone").image.empty());
}

}  // namespace homeostat::adapters::kubernetes
