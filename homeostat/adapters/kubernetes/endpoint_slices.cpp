#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"

#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// SOURCE: the API's own validation, or well above it.
constexpr std::size_t endpoints_max = 1000;
constexpr std::size_t ports_max = 20'000;
constexpr std::size_t addresses_max = 100;
constexpr std::size_t text_bytes_max = 253;

/// A condition that is not told is not false.
bool condition_or(const ObjectFields& conditions, std::string_view name, bool if_absent) {
    return conditions.find(name) == nullptr ? if_absent : conditions.flag(name);
}

bool is_in(const ObjectFields& endpoint) {
    const ObjectFields conditions = endpoint.object("conditions");
    const bool is_ready = condition_or(conditions, "ready", true);
    const bool is_serving = condition_or(conditions, "serving", is_ready);
    const bool is_terminating = condition_or(conditions, "terminating", false);
    return is_ready && is_serving && !is_terminating;
}

void add_endpoint(ServicePlaces& places, const ObjectFields& endpoint) {
    const ObjectFields target = endpoint.object("targetRef");
    std::string uid = target.text("uid", text_bytes_max);
    const bool is_pod = target.text("kind", text_bytes_max) == "Pod" && !uid.empty();
    std::vector<std::string> addresses = endpoint.texts("addresses", addresses_max, text_bytes_max);
    if (!is_in(endpoint)) {
        return;
    }
    if (is_pod) {
        places.pods.insert(std::move(uid));
    } else {
        std::ranges::move(addresses, std::inserter(places.addresses, places.addresses.end()));
    }
}

json::value* member_of(json::value& value, std::string_view name) {
    json::object* object = value.if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

bool is_of_pod(json::value& target) {
    const json::value* kind = member_of(target, "kind");
    const json::value* uid = member_of(target, "uid");
    return kind != nullptr && *kind == "Pod" && uid != nullptr && uid->is_string() &&
           !uid->get_string().empty();
}

/// Of an endpoint that is a pod's the pod alone, and else its addresses.
void trim_endpoint(json::value& endpoint) {
    json::object kept;
    json::value* target = member_of(endpoint, "targetRef");
    const bool is_pods = target != nullptr && is_of_pod(*target);
    for (const std::string_view name : {"conditions", "targetRef", "addresses"}) {
        const json::value* part = member_of(endpoint, name);
        if (part != nullptr && (name != "addresses" || !is_pods)) {
            kept.emplace(name, *part);
        }
    }
    endpoint = std::move(kept);
}

}  // namespace

Result<void> add_slice(ServicePlaces& places, const json::value& slice) {
    std::optional<Error> error;
    const ObjectFields fields(slice, "EndpointSlice", error);
    ServicePlaces found;
    for (const ObjectFields& endpoint : fields.objects("endpoints", endpoints_max)) {
        add_endpoint(found, endpoint);
    }
    const bool has_port = !fields.objects("ports", ports_max).empty();
    if (error) {
        return std::unexpected(*error);
    }
    if (has_port) {
        places.pods.merge(found.pods);
        places.addresses.merge(found.addresses);
    }
    return {};
}

void trim_slice(json::value& slice) {
    json::value* endpoints = member_of(slice, "endpoints");
    json::array* each = endpoints == nullptr ? nullptr : endpoints->if_array();
    if (each == nullptr) {
        return;
    }
    for (json::value& endpoint : *each) {
        if (endpoint.is_object()) {
            trim_endpoint(endpoint);
        }
    }
}

EndpointSlices::EndpointSlices(const Options& options,
                               KindSeen seen,
                               ports::Clock& clock,
                               std::function<void(const std::string&)> log)
    : name_("EndpointSlices of the Service " + options.service_object),
      seen_(seen),
      clock_(clock),
      log_(std::move(log)),
      parsed_(fail(Fault::late, "nothing was listed yet")) {}

const ServicePlaces* EndpointSlices::look() {
    if (const Result<void> is_heard = check_kind_heard(name_, seen_, clock_.now()); !is_heard) {
        // What was never listed, and is in no trouble, is on its way.
        if (seen_.objects->resource_version > 0 || seen_.trouble->has_value()) {
            tell(is_heard.error());
        }
        return nullptr;
    }
    if (seen_.objects->objects.empty()) {
        tell(Error{Fault::absent, name_ + ": there is none"});
        return nullptr;
    }
    if (parsed_version_ != seen_.objects->resource_version) {
        parsed_version_ = seen_.objects->resource_version;
        parsed_ = ServicePlaces{};
        for (const auto& [name, slice] : seen_.objects->objects) {
            if (const Result<void> added = add_slice(*parsed_, slice.parsed()); !added) {
                parsed_ = fail(name_ + ", " + name, added.error());
                break;
            }
        }
    }
    tell(parsed_ ? std::nullopt : std::optional(parsed_.error()));
    return parsed_ ? &*parsed_ : nullptr;
}

/// Each reason once until it is over: where slices may be listed and not watched there is none, and
/// they are not heard of, by turns.
void EndpointSlices::tell(const std::optional<Error>& trouble) {
    if (!log_) {
        return;
    }
    if (trouble && told_.insert(trouble->fault).second) {
        log_(trouble->text + "; who is in rotation is taken from the pods' readiness");
    } else if (!trouble && !std::exchange(told_, {}).empty()) {
        log_(name_ + ": told again");
    }
}

}  // namespace homeostat::adapters::kubernetes
