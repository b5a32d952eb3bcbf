// The functions of api_for_test.hpp.

#include "homeostat/adapters/kubernetes/api_for_test.hpp"

#include "homeostat/adapters/kubernetes/controllers_for_test.hpp"
#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/fnv1a.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>

namespace homeostat::adapters::kubernetes {

namespace {

std::string decoded(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        unsigned byte = 0;
        const bool is_escaped =
            text.size() >= 3 && text.front() == '%' &&
            std::from_chars(text.data() + 1, text.data() + 3, byte, 16).ec == std::errc{};
        plain.push_back(is_escaped ? static_cast<char>(byte) : text.front());
        text.remove_prefix(is_escaped ? 3 : 1);
    }
    return plain;
}

/// "app=pay,tier=web" of the labels; nothing else is understood.
bool is_selected(const json::value& object, std::string_view selector) {
    while (!selector.empty()) {
        const std::size_t end = std::min(selector.find(','), selector.size());
        const std::string_view term = selector.substr(0, end);
        const std::size_t equals = term.find('=');
        if (equals == std::string_view::npos ||
            text_at(object, {"metadata", "labels", term.substr(0, equals)}) !=
                term.substr(equals + 1)) {
            return false;
        }
        selector.remove_prefix(std::min(end + 1, selector.size()));
    }
    return true;
}

std::string selector_of(const json::value& budget) {
    std::string selector;
    for (const auto& label : look(budget, {"spec", "selector", "matchLabels"})->as_object()) {
        selector += (selector.empty() ? "" : ",") + std::string(label.key()) + "=" +
                    std::string(label.value().as_string());
    }
    return selector;
}

std::string parent_path(std::string_view path) {
    return std::string(path.substr(0, path.rfind('/')));
}

/// "/api/v1/namespaces/shop/pods" beside another collection of that namespace.
std::string collection_beside(std::string_view path,
                              std::string_view group,
                              std::string_view kind) {
    constexpr std::string_view word = "/namespaces/";
    const std::string_view behind = path.substr(path.find(word) + word.size());
    return fmt::format("/{}{}{}/{}", group, word, behind.substr(0, behind.find('/')), kind);
}

// --- Patches -------------------------------------------------------------------------------------

std::string unescaped(std::string name) {
    for (std::size_t tilde = name.find('~'); tilde != std::string::npos;
         tilde = name.find('~', tilde + 1)) {
        name.replace(tilde, 2, name.substr(tilde + 1, 1) == "1" ? "/" : "~");
    }
    return name;
}

json::value* child_of(json::value& value, const std::string& name) {
    if (value.is_array()) {
        const auto index = static_cast<std::size_t>(std::stoul(name));
        return index < value.get_array().size() ? &value.get_array()[index] : nullptr;
    }
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

/// One operation of a JSON patch. False: the server would refuse it all.
bool apply(json::value& document, const json::value& operation) {
    const std::string name(operation.at("op").as_string());
    std::string path(operation.at("path").as_string());
    json::value* parent = &document;
    while (path.rfind('/') != 0) {
        const std::size_t end = path.find('/', 1);
        parent = child_of(*parent, unescaped(path.substr(1, end - 1)));
        if (parent == nullptr) {
            return false;
        }
        path.erase(0, end);
    }
    const std::string last = unescaped(path.substr(1));
    json::value* target = child_of(*parent, last);
    if (name == "test") {
        return target != nullptr && *target == operation.at("value");
    }
    if (name == "remove") {
        return parent->is_object() && parent->get_object().erase(last) > 0;
    }
    if (name == "add" && target == nullptr && parent->is_object()) {
        target = &parent->get_object()[last];
    }
    if (target == nullptr || (name != "add" && name != "replace")) {
        return false;
    }
    *target = operation.at("value");
    return true;
}

bool apply_all(json::value& document, const json::value& operations) {
    const json::array* all = operations.if_array();
    return all != nullptr && std::ranges::all_of(*all, [&](const json::value& operation) {
               return apply(document, operation);
           });
}

ApiReply invalid_patch() {
    return status_reply(422, "Invalid",
                        "the server rejected our request due to an error in our request");
}

bool owns(const json::value& entry, std::string_view field) {
    return look(entry, {"fieldsV1", "f:spec", field}) != nullptr;
}

/// As the server keeps who set a field of spec. Of others than two nothing is kept here.
void own(json::value& deployment, std::string_view field, const std::string& manager) {
    json::value entry;
    at(entry, {"manager"}) = manager;
    at(entry, {"operation"}) = "Update";
    at(entry, {"fieldsV1", "f:spec", field}) = json::object{};
    json::array entries;
    if (const json::value* before = look(deployment, {"metadata", "managedFields"})) {
        entries = before->as_array();
    }
    for (auto at = entries.begin(); at != entries.end();) {
        at = owns(*at, field) ? entries.erase(at) : at + 1;
    }
    entries.push_back(std::move(entry));
    at(deployment, {"metadata", "managedFields"}) = std::move(entries);
}

void own_replicas(json::value& deployment, const std::string& manager) {
    own(deployment, "f:replicas", manager);
}

/// The same of the memory of a pod's first container, resized in place.
void own_memory(json::value& pod, const std::string& manager) {
    const json::value& container = at(pod, {"spec", "containers"}).get_array().at(0);
    const std::string key = fmt::format(R"(k:{{"name":"{}"}})", text_at(container, {"name"}));
    json::value entry;
    at(entry, {"manager"}) = manager;
    at(entry, {"operation"}) = "Update";
    at(entry, {"subresource"}) = "resize";
    at(entry, {"fieldsV1", "f:spec", "f:containers", key, "f:resources", "f:limits", "f:memory"}) =
        json::object{};
    at(pod, {"metadata", "managedFields"}) = json::array{std::move(entry)};
}

bool is_collection(std::string_view path) {
    return path.ends_with("/horizontalpodautoscalers") || path.ends_with("/configmaps");
}

}  // namespace

ApiReply status_reply(int status, std::string_view reason, std::string_view message) {
    ApiReply reply{.status = status};
    at(reply.body, {"kind"}) = "Status";
    at(reply.body, {"status"}) = status < 300 ? "Success" : "Failure";
    at(reply.body, {"reason"}) = reason;
    at(reply.body, {"message"}) = message;
    at(reply.body, {"code"}) = status;
    return reply;
}

// --- Requests ------------------------------------------------------------------------------------

Task<Result<ApiReply>> FakeApi::get(std::string path, Instant /*deadline*/) {
    if (before_get) {
        before_get(path);
    }
    std::optional<Trouble> trouble;
    if (!get_troubles.empty()) {
        trouble = std::move(get_troubles.front());
        get_troubles.pop_front();
    }
    if (trouble) {
        co_return std::move(trouble->answer);
    }
    co_return answer_get(path);
}

Task<Result<ApiReply>> FakeApi::write(ApiWrite write, Instant /*deadline*/) {
    if (before_write) {
        before_write(write);
    }
    std::optional<Trouble> trouble;
    if (!write_troubles.empty()) {
        trouble = std::move(write_troubles.front());
        write_troubles.pop_front();
    }
    if (trouble && !trouble->has_effect) {
        co_return std::move(trouble->answer);
    }
    Result<ApiReply> reply = carry_out(write);
    if (are_controllers_awake && !write.is_dry_run) {
        settle();
    }
    co_return trouble ? std::move(trouble->answer) : std::move(reply);
}

ApiReply FakeApi::answer_get(std::string_view path) {
    const std::size_t query = std::min(path.find('?'), path.size());
    const std::string_view bare = path.substr(0, query);
    if (const auto found = objects_.find(std::string(bare)); found != objects_.end()) {
        return ApiReply{.status = 200, .body = found->second};
    }
    constexpr std::string_view selector_key = "labelSelector=";
    if (is_collection(bare)) {
        return list(bare, "");
    }
    const std::size_t selector = path.find(selector_key, query);
    if (selector == std::string_view::npos) {
        return status_reply(404, "NotFound", fmt::format("{} not found", bare));
    }
    std::string_view wanted = path.substr(selector + selector_key.size());
    return list(bare, wanted.substr(0, wanted.find('&')));
}

ApiReply FakeApi::list(std::string_view collection, std::string_view selector) {
    ApiReply reply{.status = 200};
    json::array items;
    for (json::value* object : all(collection)) {
        if (is_selected(*object, decoded(selector))) {
            items.push_back(*object);
        }
    }
    at(reply.body, {"metadata", "resourceVersion"}) = std::to_string(revision_);
    at(reply.body, {"items"}) = std::move(items);
    return reply;
}

ApiReply FakeApi::carry_out(const ApiWrite& write) {
    const std::string path = write.path.substr(0, write.path.find('?'));
    if (write.method == "PATCH") {
        return patch(path, write);
    }
    const Result<json::value> body = parse_json(write.body.empty() ? "{}" : write.body);
    if (!body) {
        return status_reply(400, "BadRequest", body.error().text);
    }
    constexpr std::string_view eviction = "/eviction";
    if (write.method == "POST" && path.ends_with(eviction)) {
        return evict(path.substr(0, path.size() - eviction.size()), *body, write.is_dry_run);
    }
    if (write.method == "POST") {
        return create(path, *body);
    }
    return write.method == "DELETE" ? end(path, *body)
                                    : status_reply(405, "MethodNotAllowed", "not played here");
}

ApiReply FakeApi::create(const std::string& collection, json::value object) {
    std::string name = text_at(object, {"metadata", "name"});
    if (name.empty()) {
        name = text_at(object, {"metadata", "generateName"}) +
               fmt::format("{:05x}", fnv1a(std::to_string(uids_count_)) & 0xFFFFFU);
    }
    const std::string path = collection + "/" + name;
    if (objects_.contains(path)) {
        return status_reply(409, "AlreadyExists", name + " already exists");
    }
    constexpr std::string_view word = "/namespaces/";
    if (const std::size_t found = collection.find(word); found != std::string::npos) {
        const std::string behind = collection.substr(found + word.size());
        at(object, {"metadata", "namespace"}) = behind.substr(0, behind.find('/'));
    }
    at(object, {"metadata", "name"}) = name;
    at(object, {"metadata", "uid"}) = next_uid();
    at(object, {"metadata", "creationTimestamp"}) = time_text(clock_.wall_now());
    at(object, {"metadata", "generation"}) = 1;
    touch(object);
    objects_[path] = object;
    return ApiReply{.status = 201, .body = std::move(object)};
}

/// The number of a Deployment, as its subresource shows it. Who sets it owns it.
ApiReply FakeApi::patch_scale(const std::string& path, const ApiWrite& write) {
    json::value* deployment = find(path);
    if (deployment == nullptr) {
        return status_reply(404, "NotFound", path + " not found");
    }
    json::value scale;
    at(scale, {"kind"}) = "Scale";
    for (const std::string_view name : {"name", "uid", "resourceVersion"}) {
        at(scale, {"metadata", name}) = at(*deployment, {"metadata", name});
    }
    at(scale, {"spec", "replicas"}) = at(*deployment, {"spec", "replicas"});
    const Result<json::value> operations = parse_json(write.body);
    if (!operations || !apply_all(scale, *operations)) {
        return invalid_patch();
    }
    json::value patched = *deployment;
    if (at(patched, {"spec", "replicas"}) != at(scale, {"spec", "replicas"})) {
        at(patched, {"spec", "replicas"}) = at(scale, {"spec", "replicas"});
        at(patched, {"metadata", "generation"}) =
            number_at(patched, {"metadata", "generation"}) + 1;
        own_replicas(patched, write.manager.empty() ? std::string(field_manager) : write.manager);
        touch(patched);
    }
    at(scale, {"metadata", "resourceVersion"}) = at(patched, {"metadata", "resourceVersion"});
    if (!write.is_dry_run) {
        *deployment = std::move(patched);
    }
    return ApiReply{.status = 200, .body = std::move(scale)};
}

/// Of a pod nothing but resources; who sets them owns them. What the kubelet makes of it is a
/// test's to say.
ApiReply FakeApi::patch_resize(const std::string& path, const ApiWrite& write) {
    json::value* pod = find(path);
    if (pod == nullptr) {
        return status_reply(404, "NotFound", path + " not found");
    }
    const Result<json::value> operations = parse_json(write.body);
    json::value patched = *pod;
    if (!operations || !apply_all(patched, *operations)) {
        return invalid_patch();
    }
    own_memory(patched, write.manager.empty() ? std::string(field_manager) : write.manager);
    at(patched, {"metadata", "generation"}) = number_at(patched, {"metadata", "generation"}) + 1;
    if (!write.is_dry_run) {
        touch(patched);
        *pod = patched;
    }
    return ApiReply{.status = 200, .body = std::move(patched)};
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one field after another.
ApiReply FakeApi::patch(const std::string& path, const ApiWrite& write) {
    constexpr std::string_view scale = "/scale";
    constexpr std::string_view resize = "/resize";
    if (path.ends_with(resize)) {
        return patch_resize(path.substr(0, path.size() - resize.size()), write);
    }
    if (path.ends_with(scale)) {
        return patch_scale(path.substr(0, path.size() - scale.size()), write);
    }
    json::value* object = find(path);
    if (object == nullptr) {
        return status_reply(404, "NotFound", path + " not found");
    }
    const Result<json::value> operations = parse_json(write.body);
    json::value patched = *object;
    if (!operations || !apply_all(patched, *operations)) {
        return invalid_patch();
    }
    const json::value* replicas = look(patched, {"spec", "replicas"});
    const json::value* before = look(*object, {"spec", "replicas"});
    if (replicas != nullptr && (before == nullptr || *replicas != *before)) {
        own_replicas(patched, write.manager.empty() ? std::string(field_manager) : write.manager);
    }
    const json::value* paused = look(patched, {"spec", "paused"});
    if (paused != nullptr && look(*object, {"spec", "paused"}) == nullptr) {
        own(patched, "f:paused",
            write.manager.empty() ? std::string(field_manager) : write.manager);
    }
    const json::value* spec = look(patched, {"spec"});
    const json::value* spec_before = look(*object, {"spec"});
    if (spec != nullptr && spec_before != nullptr && *spec != *spec_before) {
        at(patched, {"metadata", "generation"}) =
            number_at(patched, {"metadata", "generation"}) + 1;
    }
    if (!write.is_dry_run) {
        touch(patched);
        *object = patched;
    }
    return ApiReply{.status = 200, .body = std::move(patched)};
}

namespace {

/// Whether so many others of the budget's pods are ready that this one may go.
bool leaves_enough(const json::value& budget,
                   const json::value& pod,
                   const std::vector<json::value*>& pods) {
    if (!is_selected(pod, selector_of(budget))) {
        return true;
    }
    const auto left_count = std::ranges::count_if(pods, [&](const json::value* other) {
        return other != &pod && is_selected(*other, selector_of(budget)) && is_ready(*other);
    });
    return left_count >= number_at(budget, {"spec", "minAvailable"});
}

}  // namespace

ApiReply FakeApi::evict(const std::string& path, const json::value& eviction, bool is_dry_run) {
    json::value* pod = find(path);
    if (pod == nullptr) {
        return status_reply(404, "NotFound", path + " not found");
    }
    const std::string uid = text_at(eviction, {"deleteOptions", "preconditions", "uid"});
    if (!uid.empty() && uid != text_at(*pod, {"metadata", "uid"})) {
        return status_reply(409, "Conflict", "the UID in the precondition does not match");
    }
    const std::string budgets = collection_beside(path, "apis/policy/v1", "poddisruptionbudgets");
    for (json::value* budget : all(budgets)) {
        if (!leaves_enough(*budget, *pod, all(parent_path(path)))) {
            return status_reply(
                429, "TooManyRequests",
                "Cannot evict pod as it would violate the pod's disruption budget.");
        }
    }
    if (!is_dry_run) {
        at(*pod, {"metadata", "deletionTimestamp"}) = time_text(clock_.wall_now());
        touch(*pod);
    }
    return status_reply(201, "", "");
}

ApiReply FakeApi::end(const std::string& path, const json::value& delete_options) {
    json::value* object = find(path);
    if (object == nullptr) {
        return status_reply(404, "NotFound", path + " not found");
    }
    const json::value* grace = delete_options.as_object().if_contains("gracePeriodSeconds");
    const bool is_pod = parent_path(path).ends_with("/pods");
    at(*object, {"metadata", "deletionTimestamp"}) = time_text(clock_.wall_now());
    touch(*object);
    ApiReply reply{.status = 200, .body = *object};
    if (!is_pod || (grace != nullptr && *grace == 0)) {
        remove(path);
    }
    return reply;
}

void FakeApi::settle() {
    run_controllers_for_test(*this, time_text(clock_.wall_now()));
}

// --- Objects -------------------------------------------------------------------------------------

json::value* FakeApi::find(const std::string& path) {
    const auto found = objects_.find(path);
    return found == objects_.end() ? nullptr : &found->second;
}

std::vector<json::value*> FakeApi::all(std::string_view collection) {
    std::vector<json::value*> found;
    for (auto& [path, object] : objects_) {
        if (parent_path(path) == collection) {
            found.push_back(&object);
        }
    }
    return found;
}

std::vector<std::string> FakeApi::paths_of(std::string_view part) const {
    std::vector<std::string> paths;
    for (const auto& [path, object] : objects_) {
        if (path.contains(part)) {
            paths.push_back(path);
        }
    }
    return paths;
}

void FakeApi::touch(json::value& object) {
    ++revision_;
    at(object, {"metadata", "resourceVersion"}) = std::to_string(revision_);
}

std::string FakeApi::next_uid() {
    ++uids_count_;
    return fmt::format("{:08x}-0000-4000-8000-000000000000", uids_count_);
}

std::vector<json::value*> FakeApi::owned_by(std::string_view collection, std::string_view uid) {
    std::vector<json::value*> owned = all(collection);
    std::erase_if(owned, [&](json::value* object) {
        const json::value* owners = look(*object, {"metadata", "ownerReferences"});
        return owners == nullptr || owners->get_array().empty() ||
               text_at(owners->get_array()[0], {"uid"}) != uid;
    });
    return owned;
}

}  // namespace homeostat::adapters::kubernetes
