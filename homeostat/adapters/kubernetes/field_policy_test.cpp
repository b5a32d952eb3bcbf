#include "homeostat/adapters/kubernetes/field_policy.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::adapters::kubernetes {

// What it admits is asked of a real API server: tests/kubernetes/field_policy_test.py.
TEST_CASE("a field policy is about one account, one namespace and what is guarded in it") {
    const Options options{.service = ServiceId{"pay"}, .name_space = "shop", .deployment = "cart"};
    const auto printed = [](const Options& one) { return field_policy_yaml({one}, "guard"); };
    const std::string yaml = printed(options);
    for (const char* wanted :
         {R"(request.userInfo.username == "system:serviceaccount:shop:guard")",
          R"(kubernetes.io/metadata.name: "shop")", R"(expression: '["cart"]')",
          R"(policyName: "homeostat.shop.guard")", "failurePolicy: Fail",
          "validationActions: [Deny]", "orValue(dyn({}))",
          R"(expression: '{"cart": 0}')",       // Nor may it scale anything,
          R"(expression: '{"cart": "0"}')"}) {  // nor resize any pod.
        CHECK_MESSAGE(yaml.contains(wanted), wanted);
    }
    CHECK(yaml.contains("name: leases\n    expression: '[]'"));
    Options leading = options;
    leading.lease = "cart-agent";
    CHECK(printed(leading).contains(R"(expression: '["cart-agent"]')"));
    CHECK(yaml.contains("name: shown\n    expression: '[]'"));  // Of Incident objects.
    Options showing = options;
    showing.writes_incidents = true;
    CHECK(printed(showing).contains("name: shown\n    expression: '[\"cart\"]'"));
    CHECK(yaml.contains(std::string("\"") + std::string(effect_annotation) + "\""));
    Options growing = options;
    growing.replicas_max = 5;
    CHECK(printed(growing).contains(R"(expression: '{"cart": 5}')"));
    Options feeding = options;
    feeding.memory_bytes_max = std::uint64_t{128} << 20U;
    CHECK(printed(feeding).contains(R"(expression: '{"cart": "128Mi"}')"));
    // Without a template no Job is made, and nothing is compared with one.
    CHECK(yaml.contains("name: templates\n    expression: '[]'"));
    CHECK_FALSE(yaml.contains("paramKind"));
    Options making = options;
    making.job_templates = {"reindex", "reindex-back"};
    const std::string of_jobs = printed(making);
    for (const char* wanted :
         {"name: templates\n    expression: '[\"reindex\", \"reindex-back\"]'", "paramKind",
          "name: \"homeostat.shop.guard.jobs\"", "name: \"homeostat.shop.guard.jobs.reindex\"",
          "name: \"homeostat.shop.guard.jobs.reindex-back\"", "parameterNotFoundAction: Deny"}) {
        CHECK_MESSAGE(of_jobs.contains(wanted), wanted);
    }
    // Of requests as of limits, and of no sidecar, nor of the pod as a whole.
    CHECK(yaml.contains("!one.?resources[?part].?memory.hasValue()"));
    CHECK(yaml.contains(
        R"(dyn(object).spec.all(key, key == "containers" || (key in dyn(oldObject))"));
    // Nor does a mark alone make a pause ours.
    CHECK(yaml.contains(R"(variables.effect_before || !variables.effect.endsWith(" paused")))"));
}

TEST_CASE(
    "a field policy holds each Deployment to its own bounds, and names what they share once") {
    std::vector<Options> guarded;
    for (const char* name : {"cart", "cart-eu"}) {
        guarded.push_back({.name_space = "shop", .deployment = name, .lease = "lead"});
    }
    guarded.front().replicas_max = 3;
    guarded.front().configs = {"money", "cart"};
    guarded.back().configs = {"money"};
    guarded.back().memory_bytes_max = std::uint64_t{64} << 20U;
    guarded.back().writes_incidents = true;
    const std::string yaml = field_policy_yaml(guarded, "guard");
    for (const char* wanted :
         {R"(name: deployments
    expression: '["cart", "cart-eu"]')",
          R"('{"cart": 3, "cart-eu": 0}')", R"('{"cart": "0", "cart-eu": "64Mi"}')",
          R"(name: configs
    expression: '["money", "cart"]')",
          R"(name: leases
    expression: '["lead"]')",
          R"(name: shown
    expression: '["cart-eu"]')"}) {
        CHECK_MESSAGE(yaml.contains(wanted), wanted);
    }
}

TEST_CASE("two accounts never share a policy, whatever their names are") {
    const auto name_of = [](const std::string& name_space, const std::string& account) {
        const std::string yaml =
            field_policy_yaml({Options{.name_space = name_space, .deployment = "a"}}, account);
        const std::size_t begin = yaml.find("name: \"homeostat.");
        return yaml.substr(begin, yaml.find('\n', begin) - begin);
    };
    CHECK(name_of("a-b", "c") != name_of("a", "b-c"));  // A namespace has no dots.
}

}  // namespace homeostat::adapters::kubernetes
