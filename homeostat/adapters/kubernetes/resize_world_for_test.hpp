#pragma once

// ResizeWorld: the pods of a RuntimeWorld, held to a limit of memory. For unit tests only.

#include "homeostat/adapters/kubernetes/pod_resize.hpp"
#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <cstdint>
#include <string>

namespace homeostat::adapters::kubernetes {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

struct ResizeWorld : RuntimeWorld {
    ResizeWorld() {
        options.memory_bytes_max = 128 * mebibyte;
        for (json::value* pod : api.all(pods)) {
            at(container_of(*pod), {"resources", "limits", "memory"}) = "64Mi";
            at(container_of(*pod), {"resources", "limits", "cpu"}) = "500m";
            at(container_of(*pod), {"resources", "requests", "memory"}) = "32Mi";
            follow(*pod);
        }
        come();
    }

    [[nodiscard]] static json::value& container_of(json::value& pod) {
        return at(pod, {"spec", "containers"}).get_array().at(0);
    }
    [[nodiscard]] static json::value& status_of(json::value& pod) {
        return at(pod, {"status", "containerStatuses"}).get_array().at(0);
    }

    /// The kubelet holds the container to what is wanted.
    void follow(json::value& pod) {
        at(status_of(pod), {"resources"}) = at(container_of(pod), {"resources"});
        api.touch(pod);
    }
    /// What the kubelet says of a change that it has not made.
    void say(json::value& pod, const std::string& type, const std::string& reason) {
        json::value condition;
        at(condition, {"type"}) = type;
        at(condition, {"status"}) = "True";
        at(condition, {"reason"}) = reason;
        at(pod, {"status", "conditions"}).get_array().push_back(std::move(condition));
        api.touch(pod);
    }
    void kill(json::value& pod, const std::string& reason = "OOMKilled") {
        at(status_of(pod), {"lastState", "terminated", "reason"}) = reason;
        at(status_of(pod), {"lastState", "terminated", "exitCode"}) = 137;
        at(status_of(pod), {"lastState", "terminated", "finishedAt"}) = time_text(clock.wall_now());
        api.touch(pod);
    }

    [[nodiscard]] SetMemory step(std::uint64_t from_mib = 64, std::uint64_t to_mib = 96) {
        const RuntimeInstance seen = instance();
        return SetMemory{seen.instance, seen.identity.pod, from_mib * mebibyte, to_mib * mebibyte};
    }
    [[nodiscard]] std::string limit() {
        return text_at(container_of(pod_of()), {"resources", "limits", "memory"});
    }
    [[nodiscard]] std::string request() {
        return text_at(container_of(pod_of()), {"resources", "requests", "memory"});
    }

    /// By somebody else's hand.
    void set_limit(const std::string& limit, const std::string& manager) {
        const std::string name = text_at(pod_of(), {"metadata", "name"});
        ApiWrite write{.method = "PATCH",
                       .path = pods + "/" + name + "/resize",
                       .content_type = "application/json-patch+json",
                       .body = R"([{"op":"replace","path":)"
                               R"("/spec/containers/0/resources/limits/memory","value":")" +
                               limit + R"("}])",
                       .manager = manager};
        REQUIRE(run_at_once(api.write(std::move(write), soon()))->is_ok());
    }
};

}  // namespace homeostat::adapters::kubernetes
