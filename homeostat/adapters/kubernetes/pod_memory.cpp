#include "homeostat/adapters/kubernetes/pod_memory.hpp"

#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/adapters/kubernetes/quantity.hpp"
#include "homeostat/base/id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t containers_max = 256;
constexpr std::size_t conditions_max = 256;
constexpr std::size_t policies_max = 32;
constexpr std::size_t managers_max = 256;
constexpr std::size_t manager_bytes_max = 128;
constexpr std::size_t word_bytes_max = 317;

std::string memory_in(const ObjectFields& resources, std::string_view what) {
    return resources.object(what).text("memory", quantity_bytes_max);
}

bool restarts_for_memory(const ObjectFields& container) {
    return std::ranges::any_of(
        container.objects("resizePolicy", policies_max), [](const ObjectFields& policy) {
            return policy.text("resourceName", word_bytes_max) == "memory" &&
                   policy.text("restartPolicy", word_bytes_max) != "NotRequired";
        });
}

/// What the kubelet says of a change that is wanted.
struct Pending {
    bool is_any{false};
    bool is_for_ever{false};
};

Pending pending_of(const ObjectFields& status) {
    Pending pending;
    for (const ObjectFields& condition : status.objects("conditions", conditions_max)) {
        const std::string type = condition.text("type", word_bytes_max);
        const bool is_true = condition.text("status", word_bytes_max) == "True";
        const bool is_pending = type == "PodResizePending" && is_true;
        pending.is_any = pending.is_any || is_pending || (type == "PodResizeInProgress" && is_true);
        pending.is_for_ever =
            pending.is_for_ever ||
            (is_pending && condition.text("reason", word_bytes_max) == "Infeasible");
    }
    return pending;
}

/// When the container ended for reaching the limit, the last time that it ended at all.
std::optional<WallTime> killed_at(const ObjectFields& status) {
    const ObjectFields state = status.object("state");
    const bool has_ended = state.find("terminated") != nullptr;
    const ObjectFields ended =
        has_ended ? state.object("terminated") : status.object("lastState").object("terminated");
    return ended.text("reason", word_bytes_max) == "OOMKilled" ? ended.time("finishedAt")
                                                               : std::nullopt;
}

const json::value* member_of(const json::value* value, std::string_view name) {
    const json::object* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

/// The entry speaks of the container's limit of memory.
bool owns_limit(const json::value& entry, std::string_view container_key) {
    const json::value* at = member_of(&entry, "fieldsV1");
    for (const std::string_view name :
         {std::string_view("f:spec"), std::string_view("f:containers"), container_key,
          std::string_view("f:resources"), std::string_view("f:limits"),
          std::string_view("f:memory")}) {
        at = member_of(at, name);
    }
    return at != nullptr;
}

/// As of spec.replicas (objects.cpp): nothing is an error here, and several are nobody. What a
/// template brought was written with the pod itself, and all else through the subresource.
void read_manager(const json::value& pod, PodMemory& memory) {
    const json::value* entries = member_of(member_of(&pod, "metadata"), "managedFields");
    const json::array* all = entries == nullptr ? nullptr : entries->if_array();
    if (all == nullptr || all->size() > managers_max) {
        return;
    }
    const std::string key = fmt::format(R"(k:{{"name":"{}"}})", memory.container);
    std::string manager;
    std::size_t owners_count = 0;
    for (const json::value& entry : *all) {
        if (!owns_limit(entry, key)) {
            continue;
        }
        owners_count += 1;
        const json::value* through = member_of(&entry, "subresource");
        if (through != nullptr && *through == json::value("resize")) {
            std::optional<Error> ignored;
            memory.was_resized = true;
            memory.set_at = ObjectFields(entry, "managedFields", ignored).time("time");
        }
        const json::value* name = member_of(&entry, "manager");
        const auto* text = name == nullptr ? nullptr : name->if_string();
        manager = text == nullptr ? std::string() : std::string(*text).substr(0, manager_bytes_max);
    }
    std::ranges::replace_if(manager, [](char c) { return c < ' ' || c > '~'; }, '_');
    memory.manager = owners_count == 1 ? manager : std::string();
}

void read_status(const ObjectFields& status, PodMemory& memory) {
    const Pending pending = pending_of(status);
    memory.is_refused = pending.is_for_ever;
    for (const ObjectFields& one : status.objects("containerStatuses", containers_max)) {
        if (one.text("name", word_bytes_max) != memory.container) {
            continue;
        }
        const Result<std::uint64_t> now =
            parse_memory(memory_in(one.object("resources"), "limits"));
        memory.is_in_force = !pending.is_any && now && *now == memory.limit_bytes;
        memory.killed_at = killed_at(one);
    }
}

}  // namespace

std::optional<PodMemory> parse_pod_memory(const json::value& pod, std::string_view container) {
    std::optional<Error> error;
    const ObjectFields root(pod, "pod", error);
    const std::vector<ObjectFields> containers =
        root.object("spec").objects("containers", containers_max);
    const auto found = std::ranges::find_if(containers, [&](const ObjectFields& one) {
        return container.empty() || one.text("name", word_bytes_max) == container;
    });
    if (found == containers.end()) {
        return std::nullopt;
    }
    PodMemory memory;
    memory.container = found->text("name", word_bytes_max);
    memory.index = static_cast<std::size_t>(found - containers.begin());
    memory.limit = memory_in(found->object("resources"), "limits");
    memory.request = memory_in(found->object("resources"), "requests");
    memory.restarts = restarts_for_memory(*found);
    const Result<std::uint64_t> limit = parse_memory(memory.limit);
    const Result<std::uint64_t> request =
        memory.request.empty() ? Result<std::uint64_t>(0) : parse_memory(memory.request);
    if (!limit || *limit == 0 || !request) {
        return std::nullopt;
    }
    memory.limit_bytes = *limit;
    memory.request_bytes = *request;
    read_status(root.object("status"), memory);
    read_manager(pod, memory);
    return error ? std::nullopt : std::optional(std::move(memory));
}

}  // namespace homeostat::adapters::kubernetes
