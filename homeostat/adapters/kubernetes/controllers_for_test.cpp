// The functions of controllers_for_test.hpp.

#include "homeostat/adapters/kubernetes/controllers_for_test.hpp"

#include "homeostat/adapters/kubernetes/api_for_test.hpp"
#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fnv1a.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::string_view hash_label = "pod-template-hash";
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
constexpr int rounds_max = 1000;

std::string namespace_of(const json::value& object) {
    return text_at(object, {"metadata", "namespace"});
}

std::string pods_path(const json::value& object) {
    return fmt::format("/api/v1/namespaces/{}/pods", namespace_of(object));
}

std::string replica_sets_path(const json::value& object) {
    return fmt::format("/apis/apps/v1/namespaces/{}/replicasets", namespace_of(object));
}

// --- The kubelet ---------------------------------------------------------------------------------

json::value container_status(json::value& pod, const std::string& now) {
    json::value& container = at(pod, {"spec", "containers"}).as_array().at(0);
    const std::string image = text_at(container, {"image"});
    json::value status;
    at(status, {"name"}) = text_at(container, {"name"});
    at(status, {"restartCount"}) = image.ends_with(":crash") ? 3 : 0;
    if (image.ends_with(":crash")) {
        at(status, {"state", "waiting", "reason"}) = "CrashLoopBackOff";
        at(status, {"lastState", "terminated", "exitCode"}) = 1;
    } else if (image.ends_with(":nopull")) {
        at(status, {"state", "waiting", "reason"}) = "ImagePullBackOff";
    } else {
        at(status, {"state", "running", "startedAt"}) = now;
    }
    return status;
}

void start(json::value& pod, const std::string& now, std::uint64_t number) {
    json::value status = container_status(pod, now);
    const bool runs = look(status, {"state", "running"}) != nullptr;
    json::value condition;
    at(condition, {"type"}) = "Ready";
    at(condition, {"status"}) = runs ? "True" : "False";
    at(condition, {"lastTransitionTime"}) = now;
    at(pod, {"spec", "nodeName"}) = "node-0";
    at(pod, {"status", "phase"}) = runs ? "Running" : "Pending";
    at(pod, {"status", "podIP"}) = fmt::format("10.244.0.{}", number % 256);
    at(pod, {"status", "conditions"}) = json::array{std::move(condition)};
    at(pod, {"status", "containerStatuses"}) = json::array{std::move(status)};
}

/// Starts what is new and buries what has ended.
bool sync_pod(FakeApi& api, const std::string& path, const std::string& now) {
    json::value& pod = *api.find(path);
    if (is_deleting(pod)) {
        if (api.do_pods_end_at_once) {
            api.remove(path);
        }
        return api.do_pods_end_at_once;
    }
    if (look(pod, {"status", "containerStatuses"}) != nullptr || !api.is_kubelet_awake) {
        return false;
    }
    start(pod, now, fnv1a(path));
    api.touch(pod);
    return true;
}

// --- What both controllers need ------------------------------------------------------------------

void own(json::value& object, const json::value& owner, std::string_view kind) {
    json::value reference;
    at(reference, {"apiVersion"}) = "apps/v1";
    at(reference, {"kind"}) = kind;
    at(reference, {"name"}) = text_at(owner, {"metadata", "name"});
    at(reference, {"uid"}) = text_at(owner, {"metadata", "uid"});
    at(reference, {"controller"}) = true;
    at(object, {"metadata", "ownerReferences"}) = json::array{std::move(reference)};
    at(object, {"metadata", "namespace"}) = namespace_of(owner);
}

bool set(FakeApi& api, json::value& object, json::value& member, json::value value) {
    if (member == value) {
        return false;
    }
    member = std::move(value);
    api.touch(object);
    return true;
}

/// Active ones: those that are being deleted, or have ended, are counted no more.
std::vector<json::value*> pods_of_set(FakeApi& api, const json::value& replica_set) {
    std::vector<json::value*> pods =
        api.owned_by(pods_path(replica_set), text_at(replica_set, {"metadata", "uid"}));
    std::erase_if(pods, [](json::value* pod) {
        return is_deleting(*pod) || text_at(*pod, {"status", "phase"}) == "Failed";
    });
    // Those to go first, last.
    std::ranges::sort(pods, [](const json::value* left, const json::value* right) {
        const auto key = [](const json::value& pod) {
            return std::pair(!is_ready(pod), text_at(pod, {"metadata", "name"}));
        };
        return key(*left) < key(*right);
    });
    return pods;
}

// --- The controller of Deployments ---------------------------------------------------------------

std::int64_t revision_of(const json::value& object) {
    const std::string text = text_at(object, {"metadata", "annotations", revision_annotation});
    std::int64_t revision = 0;
    std::from_chars(text.data(), text.data() + text.size(), revision);
    return revision;
}

json::value template_without_hash(json::value& replica_set) {
    json::value bare = at(replica_set, {"spec", "template"});
    at(bare, {"metadata", "labels"}).as_object().erase(hash_label);
    return bare;
}

json::value new_replica_set(json::value& deployment) {
    json::value& pod_template = at(deployment, {"spec", "template"});
    const std::string hash = fmt::format("{:010x}", fnv1a(to_text(pod_template)) >> 24U);
    json::value made;
    own(made, deployment, "Deployment");
    at(made, {"metadata", "name"}) = text_at(deployment, {"metadata", "name"}) + "-" + hash;
    at(made, {"metadata", "labels"}) = at(pod_template, {"metadata", "labels"});
    at(made, {"metadata", "labels", hash_label}) = hash;
    at(made, {"spec", "replicas"}) = 0;
    at(made, {"spec", "template"}) = pod_template;
    at(made, {"spec", "template", "metadata", "labels", hash_label}) = hash;
    return made;
}

/// Of the template that stands in the Deployment, made where there is none yet.
json::value& current_set(FakeApi& api, json::value& deployment) {
    const std::string uid = text_at(deployment, {"metadata", "uid"});
    std::int64_t revision_last = 0;
    json::value* current = nullptr;
    for (json::value* one : api.owned_by(replica_sets_path(deployment), uid)) {
        revision_last = std::max(revision_last, revision_of(*one));
        const bool is_it = template_without_hash(*one) == at(deployment, {"spec", "template"});
        current = is_it ? one : current;
    }
    if (current == nullptr) {
        json::value made = new_replica_set(deployment);
        const std::string path =
            replica_sets_path(deployment) + "/" + text_at(made, {"metadata", "name"});
        api.remove(path);  // Of the same name, and of an owner that is gone.
        api.create(replica_sets_path(deployment), std::move(made));
        current = api.find(path);
    }
    if (revision_last == 0 || revision_of(*current) < revision_last) {
        at(*current, {"metadata", "annotations", revision_annotation}) =
            std::to_string(revision_last + 1);
        api.touch(*current);
    }
    return *current;
}

std::int64_t ready_count_of(FakeApi& api, const std::vector<json::value*>& replica_sets) {
    std::int64_t count = 0;
    for (json::value* one : replica_sets) {
        for (json::value* pod : pods_of_set(api, *one)) {
            count += is_ready(*pod) ? 1 : 0;
        }
    }
    return count;
}

/// One step of a rolling update with a surge of one and nobody unavailable.
bool roll(FakeApi& api, json::value& deployment, json::value& current) {
    const std::int64_t wanted = number_at(deployment, {"spec", "replicas"});
    const std::vector<json::value*> all_sets =
        api.owned_by(replica_sets_path(deployment), text_at(deployment, {"metadata", "uid"}));
    std::int64_t total = 0;
    for (json::value* one : all_sets) {
        total += number_at(*one, {"spec", "replicas"});
    }
    const std::int64_t new_count = number_at(current, {"spec", "replicas"});
    const std::int64_t ready_count = ready_count_of(api, all_sets);
    if (new_count > wanted || (new_count < wanted && total <= wanted)) {
        const std::int64_t next = new_count > wanted ? wanted : new_count + 1;
        return set(api, current, at(current, {"spec", "replicas"}), next);
    }
    for (json::value* old : all_sets) {
        const std::int64_t count = number_at(*old, {"spec", "replicas"});
        const std::vector<json::value*> pods = pods_of_set(api, *old);
        const bool has_unready = !pods.empty() && !is_ready(*pods.back());
        if (old != &current && count > 0 && (pods.empty() || has_unready || ready_count > wanted)) {
            return set(api, *old, at(*old, {"spec", "replicas"}), count - 1);
        }
    }
    return false;
}

bool sync_deployment(FakeApi& api, json::value& deployment) {
    if (look(deployment, {"spec", "replicas"}) == nullptr) {
        at(deployment, {"spec", "replicas"}) = 1;
    }
    const json::value* paused = look(deployment, {"spec", "paused"});
    const bool is_paused = paused != nullptr && paused->get_bool();
    bool has_changed = false;
    if (!is_paused) {
        json::value& current = current_set(api, deployment);
        has_changed =
            set(api, deployment, at(deployment, {"metadata", "annotations", revision_annotation}),
                at(current, {"metadata", "annotations", revision_annotation}));
        has_changed = roll(api, deployment, current) || has_changed;
    }
    json::value& observed = at(deployment, {"status", "observedGeneration"});
    return set(api, deployment, observed, at(deployment, {"metadata", "generation"})) ||
           has_changed;
}

// --- The controller of ReplicaSets ---------------------------------------------------------------

bool sync_replica_set(FakeApi& api, json::value& replica_set, const std::string& now) {
    const auto wanted = static_cast<std::size_t>(number_at(replica_set, {"spec", "replicas"}));
    const std::vector<json::value*> pods = pods_of_set(api, replica_set);
    if (pods.size() > wanted) {
        at(*pods.back(), {"metadata", "deletionTimestamp"}) = now;
        api.touch(*pods.back());
        return true;
    }
    if (pods.size() == wanted) {
        return false;
    }
    json::value pod = at(replica_set, {"spec", "template"});
    own(pod, replica_set, "ReplicaSet");
    at(pod, {"metadata", "generateName"}) = text_at(replica_set, {"metadata", "name"}) + "-";
    api.create(pods_path(replica_set), std::move(pod));
    return true;
}

}  // namespace

void run_controllers_for_test(FakeApi& api, const std::string& now) {
    bool has_changed = true;
    for (int round = 0; has_changed; ++round) {
        ensure(round < rounds_max, "the controllers come to an end");
        has_changed = false;
        for (const std::string& path : api.paths_of("/deployments/")) {
            has_changed = sync_deployment(api, *api.find(path)) || has_changed;
        }
        for (const std::string& path : api.paths_of("/replicasets/")) {
            has_changed = sync_replica_set(api, *api.find(path), now) || has_changed;
        }
        for (const std::string& path : api.paths_of("/pods/")) {
            has_changed = sync_pod(api, path, now) || has_changed;
        }
    }
}

}  // namespace homeostat::adapters::kubernetes
