#include "homeostat/adapters/kubernetes/objects.hpp"

#include "homeostat/adapters/kubernetes/field_owner.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/adapters/kubernetes/opt_out.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// What the API server itself allows, or well above what it ever writes.
constexpr std::size_t object_name_bytes_max = 253;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t label_key_bytes_max = 317;
constexpr std::size_t resource_version_bytes_max = 20;
constexpr std::size_t address_bytes_max = 45;
constexpr std::size_t image_bytes_max = 1024;
constexpr std::size_t annotation_bytes_max = std::size_t{256} << 10U;
constexpr std::size_t message_bytes_max = std::size_t{32} << 10U;
constexpr std::size_t owners_max = 64;
constexpr std::size_t conditions_max = 256;
constexpr std::size_t containers_max = 256;
constexpr std::size_t selector_terms_max = 64;
constexpr std::size_t reason_bytes_max = 64;
constexpr std::size_t tag_bytes_max = 40;
constexpr std::size_t digest_bytes_kept = 12;
// Ten bytes as it is made today; with the tag it has to fit into a name.
constexpr std::size_t hash_bytes_max = 20;
constexpr auto count_max = std::uint64_t{std::numeric_limits<std::int32_t>::max()};
constexpr auto generation_max = std::uint64_t{std::numeric_limits<std::int64_t>::max()};

constexpr std::string_view hash_label = "pod-template-hash";
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";

bool is_small_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// A name as it may stand in a path: a DNS subdomain.
bool is_object_name(std::string_view text) {
    const auto is_allowed = [](char c) { return is_small_or_digit(c) || c == '-' || c == '.'; };
    return !text.empty() && text.size() <= object_name_bytes_max &&
           is_small_or_digit(text.front()) && std::ranges::all_of(text, is_allowed);
}

/// A label's key or value as it may stand in a query.
bool is_label_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return is_small_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
               c == '/';
    });
}

/// An address as it may stand in a URL; empty: none.
bool is_address(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
               c == '.' || c == ':';
    });
}

std::string plain_reason(std::string_view text) {
    std::string plain(text.substr(0, reason_bytes_max));
    const auto is_plain = [](char c) { return is_small_or_digit(c) || (c >= 'A' && c <= 'Z'); };
    std::ranges::replace_if(plain, std::not_fn(is_plain), '_');
    return plain;
}

/// Name, uid and resourceVersion, which every stored object has.
struct Identity {
    std::string name;
    std::string uid;
    std::string resource_version;
};

Identity read_identity(const ObjectFields& metadata) {
    Identity identity{metadata.text("name", object_name_bytes_max),
                      metadata.text("uid", name_bytes_max),
                      metadata.text("resourceVersion", resource_version_bytes_max)};
    if (!is_object_name(identity.name)) {
        metadata.refuse("name", "is no name of an object");
    }
    if (!is_plain_name(identity.uid)) {
        metadata.refuse("uid", "is no uid");
    }
    if (!std::ranges::all_of(identity.resource_version,
                             [](char c) { return c >= '0' && c <= '9'; })) {
        metadata.refuse("resourceVersion", "is no number");
    }
    return identity;
}

/// The uid of what controls the object, if it is of that kind.
std::string read_owner(const ObjectFields& metadata, std::string_view kind) {
    std::string owner;
    for (const ObjectFields& reference : metadata.objects("ownerReferences", owners_max)) {
        const bool is_controller = reference.flag("controller");
        const std::string its_kind = reference.text("kind", name_bytes_max);
        std::string uid = reference.text("uid", name_bytes_max);
        if (is_controller && its_kind == kind) {
            owner = std::move(uid);
        }
    }
    return owner;
}

std::string read_hash(const ObjectFields& metadata) {
    std::string hash = metadata.object("labels").text(hash_label, label_bytes_max);
    if (!hash.empty() && !is_plain_name(hash)) {
        metadata.refuse("labels", "pod-template-hash is no plain name");
    }
    return hash;
}

/// Zero: the annotation is not there.
std::uint64_t read_revision(const ObjectFields& metadata) {
    const ObjectFields annotations = metadata.object("annotations");
    const std::string text = annotations.text(revision_annotation, annotation_bytes_max);
    std::uint64_t revision = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (!text.empty() && (error != std::errc{} || end != text.data() + text.size())) {
        annotations.refuse(revision_annotation, "is no number");
        return 0;
    }
    return revision;
}

// --- Pods ----------------------------------------------------------------------------------------

/// A container that waits for this comes by itself: it is being pulled or created. All others name
/// a failure after which the kubelet tries again.
bool is_failure(std::string_view reason) {
    return reason.ends_with("BackOff") || reason.ends_with("Error") || reason.starts_with("Err") ||
           reason == "InvalidImageName" || reason == "RegistryUnavailable";
}

const ObjectFields* find_status(const std::vector<ObjectFields>& statuses,
                                std::string_view container) {
    const auto found = std::ranges::find_if(statuses, [&](const ObjectFields& status) {
        return status.text("name", name_bytes_max) == container;
    });
    return found == statuses.end() ? nullptr : &*found;
}

std::string read_waiting_reason(const ObjectFields& state) {
    return state.object("waiting").text("reason", message_bytes_max);
}

/// The kubelet starts at once what ends for the first time, or after ten minutes. Else it waits:
/// ten seconds, and longer each time. It says so (CrashLoopBackOff) when it next comes round to the
/// pod, which may be when the wait is over.
bool is_start_put_off(const ObjectFields& ended, std::uint32_t restarts_count) {
    const std::optional<WallTime> started_at = ended.time("startedAt");
    const std::optional<WallTime> finished_at = ended.time("finishedAt");
    const bool has_lived_long =
        started_at && finished_at && *finished_at - *started_at >= std::chrono::minutes{10};
    return restarts_count > 0 && !has_lived_long;
}

void read_container(const ObjectFields& status, PodView& pod) {
    const ObjectFields state = status.object("state");
    const ObjectFields last = status.object("lastState");
    const bool is_running = state.find("running") != nullptr;
    const bool has_ended = state.find("terminated") != nullptr;
    const ObjectFields ended = has_ended ? state.object("terminated") : last.object("terminated");
    const std::string reason = read_waiting_reason(state);
    pod.restarts_count = static_cast<std::uint32_t>(status.number("restartCount", count_max));
    pod.exit_code = ended.signed_number("exitCode");
    pod.started_at = state.object("running").time("startedAt");
    pod.waiting_reason = plain_reason(reason);
    if (is_running) {
        pod.life = ContainerLife::running;
    } else if (is_failure(reason) || (has_ended && is_start_put_off(ended, pod.restarts_count))) {
        pod.life = ContainerLife::backing_off;
    } else if (has_ended || last.find("terminated") != nullptr) {
        pod.life = ContainerLife::restarting;
    }
}

/// An init container that cannot get through holds up the one that we guard.
void read_init_containers(const ObjectFields& status, PodView& pod) {
    for (const ObjectFields& init : status.objects("initContainerStatuses", containers_max)) {
        const std::string reason = read_waiting_reason(init.object("state"));
        if (pod.life == ContainerLife::coming && is_failure(reason)) {
            pod.life = ContainerLife::backing_off;
            pod.waiting_reason = plain_reason(reason);
        }
    }
}

/// Ready, and whether it was so since the container was started: a pod that never was has the
/// condition from its own start on, or from the end of the container before.
void read_readiness(const ObjectFields& status, PodView& pod) {
    for (const ObjectFields& condition : status.objects("conditions", conditions_max)) {
        if (condition.text("type", object_name_bytes_max + name_bytes_max) != "Ready") {
            continue;
        }
        const std::optional<WallTime> changed_at = condition.time("lastTransitionTime");
        pod.is_ready = condition.text("status", name_bytes_max) == "True";
        pod.was_ready = pod.is_ready || (pod.started_at && changed_at > pod.started_at);
    }
}

/// By its own conditions, as no right to read nodes is ours. Who watches over nodes takes the
/// condition Ready of all pods of one that is silent, and that alone; its kubelet, which would have
/// taken ContainersReady along, is not heard. A pod with further gates may be unready by one of
/// them. That a pod is deleted for a taint (DisruptionTarget) says nothing: people taint as well.
bool is_node_lost(const ObjectFields& spec, const ObjectFields& status) {
    std::string ready;
    std::string containers_ready;
    for (const ObjectFields& condition : status.objects("conditions", conditions_max)) {
        const std::string type = condition.text("type", object_name_bytes_max + name_bytes_max);
        std::string* const kept = type == "Ready"             ? &ready
                                  : type == "ContainersReady" ? &containers_ready
                                                              : nullptr;
        if (kept != nullptr) {
            *kept = condition.text("status", name_bytes_max);
        }
    }
    const bool is_taken_over = ready == "False" && containers_ready == "True" &&
                               spec.objects("readinessGates", conditions_max).empty();
    return is_taken_over || ready == "Unknown" ||
           status.text("reason", object_name_bytes_max) == "NodeLost";
}

// --- Templates and selectors ---------------------------------------------------------------------

/// The template without the label that the controller adds: as the Deployment has it.
json::value without_hash(json::value pod_template) {
    json::object* fields = pod_template.if_object();
    for (const std::string_view name : {"metadata", "labels"}) {
        json::value* next = fields == nullptr ? nullptr : fields->if_contains(name);
        fields = next == nullptr ? nullptr : next->if_object();
    }
    if (fields != nullptr) {
        fields->erase(hash_label);
    }
    return pod_template;
}

/// Empty: the template has no such container.
std::string read_image(const ObjectFields& pod_template, std::string_view container) {
    const std::vector<ObjectFields> containers =
        pod_template.object("spec").objects("containers", containers_max);
    const auto found = std::ranges::find_if(containers, [&](const ObjectFields& one) {
        return container.empty() || one.text("name", name_bytes_max) == container;
    });
    return found == containers.end() ? std::string() : found->text("image", image_bytes_max);
}

json::value read_template(const ObjectFields& spec) {
    const json::value* found = spec.find("template");
    if (found == nullptr || !found->is_object()) {
        spec.refuse("template", "is missing, or no object");
        return {};
    }
    return *found;
}

/// "tier in (a,b)", with spaces as a query has them.
std::string read_expression(const ObjectFields& expression) {
    std::string key = expression.text("key", label_key_bytes_max);
    const std::string operation = expression.text("operator", name_bytes_max);
    const std::vector<std::string> values =
        expression.texts("values", selector_terms_max, label_bytes_max);
    if (key.empty() || !is_label_text(key) || !std::ranges::all_of(values, is_label_text)) {
        expression.refuse("key", "or a value is no label");
        return {};
    }
    if (operation == "Exists") {
        return key;
    }
    if (operation == "DoesNotExist") {
        return "!" + key;
    }
    if ((operation != "In" && operation != "NotIn") || values.empty()) {
        expression.refuse("operator", "is none that we know");
        return {};
    }
    const std::string_view word = operation == "In" ? "in" : "notin";
    return fmt::format("{}%20{}%20({})", key, word, fmt::join(values, ","));
}

/// REQUIRES of the server: no empty one, which would select everything.
std::string read_selector(const ObjectFields& spec) {
    const ObjectFields selector = spec.object("selector");
    std::vector<std::string> terms;
    const ObjectFields labels = selector.object("matchLabels");
    for (const std::string_view key : labels.names()) {
        const std::string value = labels.text(key, label_bytes_max);
        if (!is_label_text(key) || !is_label_text(value)) {
            selector.refuse("matchLabels", "has something that is no label");
        }
        terms.push_back(fmt::format("{}={}", key, value));
    }
    for (const ObjectFields& one : selector.objects("matchExpressions", selector_terms_max)) {
        terms.push_back(read_expression(one));
    }
    if (terms.empty() || terms.size() > selector_terms_max) {
        spec.refuse("selector", "has no term, or too many");
    }
    return fmt::format("{}", fmt::join(terms, ","));
}

template <class View>
Result<View> checked(View view, std::optional<Error> error) {
    if (error) {
        return std::unexpected(*std::move(error));
    }
    return view;
}

/// What an image is called beside its repository.
std::string tag_of(std::string_view image) {
    const std::size_t at = image.find('@');
    const std::string_view digest = at == std::string_view::npos ? "" : image.substr(at + 1);
    const std::string_view rest = image.substr(0, at);
    const std::size_t colon = rest.rfind(':');
    const std::size_t slash = rest.rfind('/');
    const bool has_tag =
        colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
    const std::string_view hex = digest.substr(std::min(digest.find(':') + 1, digest.size()));
    const std::string_view tag = has_tag          ? rest.substr(colon + 1, tag_bytes_max)
                                 : digest.empty() ? "latest"
                                                  : hex.substr(0, digest_bytes_kept);
    return !image.empty() && is_plain_name(tag) ? std::string(tag) : "image";
}

}  // namespace

Result<PodView> parse_pod(const json::value& object, std::string_view container) {
    std::optional<Error> error;
    const ObjectFields root(object, "pod", error);
    const ObjectFields metadata = root.object("metadata");
    const ObjectFields spec = root.object("spec");
    const ObjectFields status = root.object("status");
    Identity identity = read_identity(metadata);
    PodView pod;
    pod.name = std::move(identity.name);
    pod.uid = std::move(identity.uid);
    pod.resource_version = std::move(identity.resource_version);
    pod.template_hash = read_hash(metadata);
    pod.owner_uid = read_owner(metadata, "ReplicaSet");
    pod.is_deleting = metadata.time("deletionTimestamp").has_value();
    pod.created_at = metadata.time("creationTimestamp").value_or(WallTime{});
    pod.node = spec.text("nodeName", object_name_bytes_max);
    pod.ip = status.text("podIP", address_bytes_max);
    if (!is_address(pod.ip)) {
        status.refuse("podIP", "is no address");
    }
    const std::string phase = status.text("phase", name_bytes_max);
    pod.has_ended = phase == "Succeeded" || phase == "Failed";
    // Statuses are sorted by name, so the first container is told by spec alone.
    std::string name(container);
    for (const ObjectFields& one : spec.objects("containers", containers_max)) {
        std::string its_name = one.text("name", name_bytes_max);
        name = name.empty() ? std::move(its_name) : name;
    }
    const std::vector<ObjectFields> statuses = status.objects("containerStatuses", containers_max);
    if (const ObjectFields* guarded = find_status(statuses, name)) {
        read_container(*guarded, pod);
    }
    read_init_containers(status, pod);
    read_readiness(status, pod);
    pod.is_node_lost = !pod.node.empty() && is_node_lost(spec, status);
    pod.memory = parse_pod_memory(object, name);
    return checked(std::move(pod), std::move(error));
}

Result<ReplicaSetView> parse_replica_set(const json::value& object, std::string_view container) {
    std::optional<Error> error;
    const ObjectFields root(object, "replicaset", error);
    const ObjectFields metadata = root.object("metadata");
    const ObjectFields spec = root.object("spec");
    Identity identity = read_identity(metadata);
    ReplicaSetView view;
    view.name = std::move(identity.name);
    view.uid = std::move(identity.uid);
    view.owner_uid = read_owner(metadata, "Deployment");
    view.template_hash = read_hash(metadata);
    if (view.template_hash.size() > hash_bytes_max ||
        (view.template_hash.empty() && !view.owner_uid.empty())) {
        metadata.refuse("labels", "there is no pod-template-hash, or none that can be");
    }
    view.revision = read_revision(metadata);
    view.replicas = static_cast<std::uint32_t>(spec.number("replicas", count_max, 1));
    view.image = read_image(spec.object("template"), container);
    view.pod_template = without_hash(read_template(spec));
    view.created_at = metadata.time("creationTimestamp").value_or(WallTime{});
    return checked(std::move(view), std::move(error));
}

Result<DeploymentView> parse_deployment(const json::value& object) {
    std::optional<Error> error;
    const ObjectFields root(object, "deployment", error);
    const ObjectFields metadata = root.object("metadata");
    const ObjectFields spec = root.object("spec");
    Identity identity = read_identity(metadata);
    DeploymentView view;
    view.name = std::move(identity.name);
    view.uid = std::move(identity.uid);
    view.resource_version = std::move(identity.resource_version);
    view.generation = metadata.number("generation", generation_max);
    view.observed_generation = root.object("status").number("observedGeneration", generation_max);
    view.revision = read_revision(metadata);
    view.replicas = static_cast<std::uint32_t>(spec.number("replicas", count_max, 1));
    view.replicas_manager = owner_of(object, "f:replicas");
    view.is_paused = spec.flag("paused");
    view.paused_manager = owner_of(object, "f:paused");
    view.selector = read_selector(spec);
    view.effect = metadata.object("annotations").text(effect_annotation, annotation_bytes_max);
    const json::value* const ignored = metadata.object("annotations").find(ignore_annotation);
    view.is_ignored = ignored != nullptr && *ignored != json::value("false");
    view.pod_template = read_template(spec);
    return checked(std::move(view), std::move(error));
}

VersionId version_of(const ReplicaSetView& replica_set) {
    return VersionId{fmt::format("{}-{}", tag_of(replica_set.image), replica_set.template_hash)};
}

const ReplicaSetView* current_of(const DeploymentView& deployment,
                                 const std::vector<ReplicaSetView>& replica_sets) {
    const ReplicaSetView* current = nullptr;
    for (const ReplicaSetView& one : replica_sets) {
        const bool is_it = one.owner_uid == deployment.uid && !deployment.uid.empty() &&
                           one.pod_template == deployment.pod_template;
        // Of two alike the controller takes the older.
        if (is_it && (current == nullptr || one.created_at < current->created_at)) {
            current = &one;
        }
    }
    return current;
}

std::vector<ReplicaSetView> replica_sets_of(const DeploymentView& deployment,
                                            std::vector<ReplicaSetView> replica_sets) {
    std::erase_if(replica_sets, [&](const ReplicaSetView& one) {
        return deployment.uid.empty() || one.owner_uid != deployment.uid;
    });
    return replica_sets;
}

std::vector<PodView> pods_of(const std::vector<ReplicaSetView>& replica_sets,
                             std::vector<PodView> pods) {
    std::erase_if(pods, [&](const PodView& pod) {
        return pod.owner_uid.empty() ||
               std::ranges::find(replica_sets, pod.owner_uid, &ReplicaSetView::uid) ==
                   replica_sets.end();
    });
    return pods;
}

EffectId effect_of(const DeploymentView& deployment, const VersionId& current) {
    const std::string_view mark = deployment.effect;
    const std::size_t first = std::min(mark.find(' '), mark.size());
    const std::size_t last = std::min(mark.rfind(' '), mark.size());
    const std::string_view effect = mark.substr(0, first);
    const std::string_view to = mark.substr(std::min(last + 1, mark.size()));
    const bool is_ours = first < last && is_plain_name(effect) && to == current.text();
    return is_ours ? EffectId{std::string(effect)} : EffectId{};
}

}  // namespace homeostat::adapters::kubernetes
