#include "homeostat/adapters/kubernetes/pod_memory.hpp"

#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

/// Two containers, of which the second has a limit; as a kubelet of 1.37 tells of it.
constexpr std::string_view text =
    R"({"metadata":{"name":"pay-1","managedFields":[{"manager":"kube-controller-manager",)"
    R"("operation":"Update","fieldsV1":{"f:spec":{"f:containers":{"k:{\"name\":\"service\"}":)"
    R"({"f:resources":{"f:requests":{"f:memory":{}}}}}}}},{"manager":"homeostat i-7.e2 from 64",)"
    R"("operation":"Update","subresource":"resize","fieldsV1":{"f:spec":{"f:containers":)"
    R"({"k:{\"name\":\"service\"}":{"f:resources":{"f:limits":{"f:memory":{}}}}}}}}]},)"
    R"("spec":{"containers":[{"name":"side"},{"name":"service","resources":{"limits":)"
    R"({"memory":"96Mi"},"requests":{"memory":"64Mi"}}}]},"status":{"conditions":[],)"
    R"("containerStatuses":[{"name":"service","resources":{"limits":{"memory":"100663296"}},)"
    R"("state":{"running":{}},"lastState":{"terminated":{"reason":"OOMKilled",)"
    R"("finishedAt":"2026-11-28T00:00:07Z"}}},{"name":"side"}]}})";

json::value pod() {
    return parse_json(text).value();
}

json::value& service_in(json::value& object) {
    return at(object, {"spec", "containers"}).get_array().at(1);
}
json::value& status_in(json::value& object) {
    return at(object, {"status", "containerStatuses"}).get_array().at(0);
}
json::value& entry_in(json::value& object, std::size_t index) {
    return at(object, {"metadata", "managedFields"}).get_array().at(index);
}

}  // namespace

TEST_CASE("a pod says what its container may use, whose doing that is and whether it is in force") {
    const std::optional<PodMemory> memory = parse_pod_memory(pod(), "service");
    REQUIRE(memory);
    CHECK(memory->container == "service");
    CHECK(memory->index == 1);
    CHECK(memory->limit == "96Mi");
    CHECK(memory->request == "64Mi");
    CHECK(memory->limit_bytes == 96 * mebibyte);
    CHECK(memory->request_bytes == 64 * mebibyte);
    CHECK(memory->is_in_force);  // The same number, otherwise written.
    CHECK_FALSE(memory->is_refused);
    CHECK_FALSE(memory->restarts);
    CHECK(memory->was_resized);
    CHECK(memory->manager == "homeostat i-7.e2 from 64");
    REQUIRE(memory->killed_at);
    CHECK(to_timestamp(*memory->killed_at).starts_with("2026-11-28T00:00:07"));
    CHECK_FALSE(parse_pod_memory(pod(), ""));  // The first container has no limit.
    CHECK_FALSE(parse_pod_memory(pod(), "another"));
}

TEST_CASE("what a template brought was resized by nobody, and what several own is no one's") {
    json::value made = pod();
    at(entry_in(made, 1), {"subresource"}) = nullptr;
    CHECK_FALSE(parse_pod_memory(made, "service")->was_resized);
    json::value shared = pod();
    at(entry_in(shared, 0), {"fieldsV1"}) = at(entry_in(shared, 1), {"fieldsV1"});
    CHECK(parse_pod_memory(shared, "service")->manager.empty());
    CHECK(parse_pod_memory(shared, "service")->was_resized);
    json::value stripped = pod();
    at(stripped, {"metadata", "managedFields"}) = nullptr;
    CHECK(parse_pod_memory(stripped, "service")->manager.empty());
}

TEST_CASE("an end for another reason is none for want of memory, nor is a limit in force unsaid") {
    json::value crashed = pod();
    at(status_in(crashed), {"lastState", "terminated", "reason"}) = "Error";
    CHECK_FALSE(parse_pod_memory(crashed, "service")->killed_at);
    json::value ending = pod();
    at(status_in(ending), {"state"}) = json::object{};
    at(status_in(ending), {"state", "terminated", "reason"}) = "Completed";
    CHECK_FALSE(parse_pod_memory(ending, "service")->killed_at);  // It ended once more since.
    json::value untold = pod();
    at(status_in(untold), {"resources"}) = nullptr;
    CHECK_FALSE(parse_pod_memory(untold, "service")->is_in_force);
    json::value earlier = pod();
    at(status_in(earlier), {"resources", "limits", "memory"}) = "64Mi";
    CHECK_FALSE(parse_pod_memory(earlier, "service")->is_in_force);
}

TEST_CASE("a limit that cannot be read is none that we may change") {
    for (const char* limit : {"", "0", "much", "-1Mi", "9Ei", "1e99"}) {
        CAPTURE(limit);
        json::value odd = pod();
        at(service_in(odd), {"resources", "limits", "memory"}) = limit;
        CHECK_FALSE(parse_pod_memory(odd, "service"));
    }
    json::value number = pod();
    at(service_in(number), {"resources", "limits", "memory"}) = 96;
    CHECK_FALSE(parse_pod_memory(number, "service"));
    CHECK_FALSE(parse_pod_memory(json::value(nullptr), "service"));
    CHECK_FALSE(parse_pod_memory(json::value("pod"), "service"));
}

TEST_CASE("a policy that ends the container for its memory counts, and one of its CPU does not") {
    const auto restarts = [](const std::string& resource, const std::string& policy) {
        json::value one = pod();
        json::value entry;
        at(entry, {"resourceName"}) = resource;
        at(entry, {"restartPolicy"}) = policy;
        at(service_in(one), {"resizePolicy"}) = json::array{std::move(entry)};
        return parse_pod_memory(one, "service")->restarts;
    };
    CHECK(restarts("memory", "RestartContainer"));
    CHECK(restarts("memory", "WhateverComesNext"));
    CHECK_FALSE(restarts("memory", "NotRequired"));
    CHECK_FALSE(restarts("cpu", "RestartContainer"));
}

}  // namespace homeostat::adapters::kubernetes
