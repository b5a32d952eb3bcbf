#include "homeostat/adapters/kubernetes/permissions.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;

namespace {

Options options_of(const std::string& service_object) {
    Options options;
    options.name_space = "shop";
    options.deployment = "payments";
    options.service_object = service_object;
    options.switch_object = service_object.empty() ? "" : "stop";
    options.lease = service_object.empty() ? "" : "lead";
    return options;
}

const std::vector<Use> all_uses{Use::watching, Use::obstacles, Use::service,  Use::suspension,
                                Use::lease,    Use::events,    Use::rollback, Use::restart};

/// A server that allows all but one verb on one resource.
ApiReply review(const ApiWrite& write, const std::string& verb, const std::string& subresource) {
    const Result<json::value> body = parse_json(write.body);
    REQUIRE(body);
    const json::value& asked = body->at("spec").at("resourceAttributes");
    CHECK(asked.at("namespace").as_string() == "shop");
    const bool is_denied =
        asked.at("verb").as_string() == verb && asked.at("subresource").as_string() == subresource;
    return {.status = 201, .body = json::object{{"status", {{"allowed", !is_denied}}}}};
}

Result<std::vector<Permission>> missing(ScriptedApi& api) {
    boost::asio::io_context context;
    return net::run_for_test(
        context, missing_permissions(api, "shop", permissions_for(options_of("pay"), all_uses),
                                     Instant::max()));
}

}  // namespace

TEST_CASE("each use has its own permissions, as narrow as a rule can be") {
    const auto restart = permissions_for(options_of("pay"), {Use::restart});
    REQUIRE(restart.size() == 1);
    CHECK(to_text(restart.front()) == "create pods/eviction");
    const auto rollback = permissions_for(options_of("pay"), {Use::rollback});
    REQUIRE(rollback.size() == 1);
    CHECK(to_text(rollback.front()) == "patch deployments.apps payments");
    Options growing = options_of("pay");
    CHECK(permissions_for(growing, {Use::scale}).empty());
    growing.replicas_max = 5;
    const auto scale = permissions_for(growing, {Use::scale});
    REQUIRE(scale.size() == 2);
    CHECK(to_text(scale.front()) == "list horizontalpodautoscalers.autoscaling");
    CHECK(to_text(scale.back()) == "patch deployments/scale.apps payments");
    CHECK(permissions_for(growing, {Use::resize}).empty());
    growing.memory_bytes_max = 1U << 29U;
    const auto resize = permissions_for(growing, {Use::resize});
    REQUIRE(resize.size() == 1);
    CHECK(to_text(resize.front()) == "patch pods/resize");
    CHECK(permissions_for(growing, {Use::jobs}).empty());
    growing.job_templates = {"reindex", "reindex-back"};
    std::string jobs;
    for (const Permission& one : permissions_for(growing, {Use::jobs})) {
        jobs += to_text(one) + "; ";
    }
    CHECK(jobs ==
          "get cronjobs.batch reindex; get cronjobs.batch reindex-back; list jobs.batch; "
          "create jobs.batch; ");
    CHECK(permissions_for(options_of("pay"), {Use::service}).size() == 3);
    CHECK(permissions_for(options_of(""), {Use::service, Use::suspension, Use::lease}).empty());
    const auto suspension = permissions_for(options_of("pay"), {Use::suspension});
    REQUIRE(suspension.size() == 2);
    CHECK(to_text(suspension.front()) == "list configmaps stop");
    CHECK(to_text(suspension.back()) == "watch configmaps stop");
    // Nothing but these may ever write.
    for (const Permission& one : permissions_for(
             options_of("pay"), {Use::watching, Use::obstacles, Use::service, Use::suspension})) {
        const bool only_reads = one.verb == "get" || one.verb == "list" || one.verb == "watch";
        CHECK(only_reads);
    }
    for (const Permission& one : permissions_for(options_of("pay"), all_uses)) {
        CHECK(one.resource != "secrets");
        CHECK(one.verb != "delete");
    }
}

TEST_CASE("a role is made of the same permissions, one rule for each object") {
    const std::string yaml =
        role_yaml("homeostat-payments", "shop", permissions_for(options_of("pay"), all_uses));
    CHECK(yaml ==
          "apiVersion: rbac.authorization.k8s.io/v1\n"
          "kind: Role\n"
          "metadata:\n"
          "  name: \"homeostat-payments\"\n"
          "  namespace: \"shop\"\n"
          "rules:\n"
          "- apiGroups: [\"apps\"]\n"
          "  resources: [\"deployments\"]\n"
          "  resourceNames: [\"payments\"]\n"
          "  verbs: [\"get\", \"list\", \"watch\", \"patch\"]\n"
          "- apiGroups: [\"apps\"]\n"
          "  resources: [\"replicasets\"]\n"
          "  verbs: [\"list\", \"watch\"]\n"
          "- apiGroups: [\"\"]\n"
          "  resources: [\"pods\"]\n"
          "  verbs: [\"get\", \"list\", \"watch\"]\n"
          "- apiGroups: [\"events.k8s.io\"]\n"
          "  resources: [\"events\"]\n"
          "  verbs: [\"list\", \"watch\", \"create\"]\n"
          "- apiGroups: [\"\"]\n"
          "  resources: [\"services\"]\n"
          "  resourceNames: [\"pay\"]\n"
          "  verbs: [\"get\"]\n"
          "- apiGroups: [\"discovery.k8s.io\"]\n"
          "  resources: [\"endpointslices\"]\n"
          "  verbs: [\"list\", \"watch\"]\n"
          "- apiGroups: [\"\"]\n"
          "  resources: [\"configmaps\"]\n"
          "  resourceNames: [\"stop\"]\n"
          "  verbs: [\"list\", \"watch\"]\n"
          "- apiGroups: [\"coordination.k8s.io\"]\n"
          "  resources: [\"leases\"]\n"
          "  resourceNames: [\"lead\"]\n"
          "  verbs: [\"get\", \"patch\"]\n"
          "- apiGroups: [\"coordination.k8s.io\"]\n"
          "  resources: [\"leases\"]\n"
          "  verbs: [\"create\"]\n"
          "- apiGroups: [\"\"]\n"
          "  resources: [\"pods/eviction\"]\n"
          "  verbs: [\"create\"]\n");
    CHECK(role_yaml("x", "shop", {}).ends_with("rules: []\n"));
}

TEST_CASE(
    "of all objects only those of incidents may be deleted, and only where they are written") {
    const auto incidents = permissions_for(options_of("pay"), {Use::incidents});
    std::vector<std::string> texts;
    for (const Permission& one : incidents) {
        texts.push_back(to_text(one));
        CHECK(one.group == "homeostat.dev");
    }
    CHECK(texts == std::vector<std::string>{
                       "list incidents.homeostat.dev", "create incidents.homeostat.dev",
                       "patch incidents.homeostat.dev", "delete incidents.homeostat.dev",
                       "patch incidents/status.homeostat.dev"});
}

TEST_CASE("exactly what the server does not allow is missing") {
    ScriptedApi api;
    for (const Permission& denied : permissions_for(options_of("pay"), {Use::restart})) {
        api.on_write = [&](const ApiWrite& write) {
            CHECK(write.method == "POST");
            CHECK(write.path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
            return review(write, denied.verb, denied.subresource);
        };
        const auto found = missing(api);
        REQUIRE(found);
        CHECK(*found == std::vector{denied});
    }
    api.on_write = [](const ApiWrite& write) { return review(write, "none", "none"); };
    const auto found = missing(api);
    REQUIRE(found);
    CHECK(found->empty());
}

TEST_CASE("a review asks for all of a permission") {
    const Permission permission{Use::rollback, "patch", "apps", "deployments", "", "payments"};
    CHECK(review_of(permission, "shop") ==
          R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",)"
          R"("spec":{"resourceAttributes":{"namespace":"shop","verb":"patch","group":"apps",)"
          R"("resource":"deployments","subresource":"","name":"payments"}}})");
}

TEST_CASE("what is no review allows nothing: it is an error") {
    struct Case {
        Result<ApiReply> reply;
        Fault fault;
    };
    const std::vector<Case> cases{
        {ApiReply{.status = 401, .body = json::object{}}, Fault::refused},
        {ApiReply{.status = 503, .body = json::object{}}, Fault::unreachable},
        {ApiReply{.status = 201, .body = json::object{}}, Fault::broken},
        {ApiReply{.status = 201, .body = json::object{{"status", {{"allowed", "yes"}}}}},
         Fault::broken},
        {ApiReply{.status = 201, .body = nullptr}, Fault::broken},
        {fail(Fault::unreachable, "nobody there"), Fault::unreachable},
    };
    for (const Case& given : cases) {
        ScriptedApi api;
        api.on_write = [&](const ApiWrite&) { return given.reply; };
        const auto found = missing(api);
        REQUIRE_FALSE(found);
        CHECK(found.error().fault == given.fault);
    }
}
