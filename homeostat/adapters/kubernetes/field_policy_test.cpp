#include "homeostat/adapters/kubernetes/field_policy.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::adapters::kubernetes {

// What it admits is asked of a real API server: tests/kubernetes/field_policy_test.py.
TEST_CASE("a field policy is about one account, one namespace and one Deployment") {
    const Options options{.service = ServiceId{"pay"}, .name_space = "shop", .deployment = "cart"};
    const std::string yaml = field_policy_yaml(options, "guard");
    for (const char* wanted :
         {R"(request.userInfo.username == "system:serviceaccount:shop:guard")",
          R"(kubernetes.io/metadata.name: "shop")", R"(request.?name.orValue("") == "cart")",
          R"(request.?name.orValue("").startsWith("cart-"))",
          R"(policyName: "homeostat.shop.cart")", "failurePolicy: Fail",
          "validationActions: [Deny]", "orValue(dyn({}))"}) {
        CHECK_MESSAGE(yaml.contains(wanted), wanted);
    }
    CHECK(yaml.contains("expression: '[]'"));  // Of Leases it has none.
    Options leading = options;
    leading.lease = "cart-agent";
    CHECK(field_policy_yaml(leading, "guard").contains(R"(expression: '["cart-agent"]')"));
    CHECK_FALSE(yaml.contains(R"(expression: '["cart-"]')"));  // Nor of Incident objects.
    Options showing = options;
    showing.writes_incidents = true;
    CHECK(field_policy_yaml(showing, "guard").contains(R"(expression: '["cart-"]')"));
    CHECK(yaml.contains(std::string("\"") + std::string(effect_annotation) + "\""));
    CHECK(yaml.contains(R"(orValue("") == "cart" && 0 > 0)"));  // Nor may it scale anything.
    Options growing = options;
    growing.replicas_max = 5;
    CHECK(field_policy_yaml(growing, "guard").contains(R"(orValue("") == "cart" && 5 > 0)"));
    CHECK(field_policy_yaml(growing, "guard").contains("orValue(0)) <= 5)"));
    CHECK(yaml.contains(R"(&& "0" != "0")"));  // Nor resize any pod.
    Options feeding = options;
    feeding.memory_bytes_max = std::uint64_t{128} << 20U;
    const std::string fed = field_policy_yaml(feeding, "guard");
    CHECK(fed.contains(R"(&& "128Mi" != "0")"));
    CHECK(fed.contains(R"(compareTo(quantity("128Mi")) <= 0)"));
    // Of requests as of limits, and of no sidecar, nor of the pod as a whole.
    CHECK(fed.contains("!one.?resources[?part].?memory.hasValue()"));
    CHECK(
        fed.contains(R"(dyn(object).spec.all(key, key == "containers" || (key in dyn(oldObject))"));
    // Nor does a mark alone make a pause ours.
    CHECK(yaml.contains(R"(variables.effect_before || !variables.effect.endsWith(" paused")))"));
}

TEST_CASE("two Deployments never share a policy, whatever their names are") {
    const auto name_of = [](const std::string& name_space, const std::string& deployment) {
        const std::string yaml = field_policy_yaml(
            Options{.name_space = name_space, .deployment = deployment}, "homeostat");
        const std::size_t begin = yaml.find("name: \"homeostat.");
        return yaml.substr(begin, yaml.find('\n', begin) - begin);
    };
    CHECK(name_of("a-b", "c") != name_of("a", "b-c"));  // A namespace has no dots.
}

}  // namespace homeostat::adapters::kubernetes
