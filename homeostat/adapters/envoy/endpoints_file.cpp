#include "homeostat/adapters/envoy/endpoints_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

std::unexpected<Error> invalid(std::string_view what) {
    return fail(Fault::invalid, fmt::format("the endpoints file: {}", what));
}

json::value* member_of(json::value& parent, std::string_view name) {
    return parent.is_object() ? parent.get_object().if_contains(name) : nullptr;
}

json::array* list_in(json::value& parent, std::string_view name) {
    json::value* member = member_of(parent, name);
    return member == nullptr ? nullptr : member->if_array();
}

std::optional<std::string> text_in(json::value& parent, std::string_view name) {
    json::value* member = member_of(parent, name);
    if (member == nullptr || !member->is_string()) {
        return std::nullopt;
    }
    return std::string(member->get_string());
}

/// The one ClusterLoadAssignment. REQUIRES: a document that parse has taken, or is taking.
Result<json::value*> assignment_in(json::value& document) {
    json::array* resources = list_in(document, "resources");
    if (resources == nullptr || resources->size() != 1 || !resources->front().is_object()) {
        return invalid("'resources' is not a list of one ClusterLoadAssignment");
    }
    return &resources->front();
}

/// Members under other names could say the same a second time (Envoy reads healthStatus, too).
bool has_only_known_members(const json::object& endpoint) {
    constexpr std::array<std::string_view, 5> known{"endpoint", "endpoint_name", "health_status",
                                                    "metadata", "load_balancing_weight"};
    return std::ranges::all_of(endpoint, [&](const auto& member) {
        return std::ranges::find(known, std::string_view(member.key())) != known.end();
    });
}

Result<EndpointOrder> read_endpoint(json::value& value) {
    if (!value.is_object() || !has_only_known_members(value.get_object())) {
        return invalid(
            "an endpoint has a member that we do not know: write `endpoint`, "
            "`health_status`, `load_balancing_weight` and `metadata` only");
    }
    json::value* endpoint = member_of(value, "endpoint");
    std::optional<std::string> hostname =
        endpoint == nullptr ? std::nullopt : text_in(*endpoint, "hostname");
    if (!hostname || hostname->empty()) {
        return invalid(
            "an endpoint has no hostname: add \"hostname\" beside its address, by which "
            "edge.envoy.endpoints names it");
    }
    EndpointOrder order{*std::move(hostname), Order::serve};
    if (json::value* health = member_of(value, "health_status")) {
        const Result<Order> read = health->is_string()
                                       ? order_of(std::string_view(health->get_string()))
                                       : Result<Order>(invalid("a health_status is no word"));
        if (!read) {
            return std::unexpected(Error{Fault::invalid, read.error().text});
        }
        order.order = *read;
    }
    return order;
}

/// Calls `visit` with every endpoint. ERRORS: invalid: a list that is none.
template <class Visit>
Result<void> for_each_endpoint(json::value& document, Visit visit) {
    const Result<json::value*> assignment = assignment_in(document);
    if (!assignment) {
        return std::unexpected(assignment.error());
    }
    json::array* localities = list_in(**assignment, "endpoints");
    if (localities == nullptr) {
        return invalid("'endpoints' is no list");
    }
    for (json::value& locality : *localities) {
        json::array* endpoints = list_in(locality, "lb_endpoints");
        if (endpoints == nullptr) {
            return invalid("'lb_endpoints' is no list");
        }
        for (json::value& endpoint : *endpoints) {
            if (Result<void> visited = visit(endpoint); !visited) {
                return visited;
            }
        }
    }
    return {};
}

Result<void> check_head(json::value& document, std::string_view cluster) {
    const Result<json::value*> assignment = assignment_in(document);
    if (!assignment) {
        return std::unexpected(assignment.error());
    }
    if (text_in(**assignment, "cluster_name") != cluster) {
        return invalid(fmt::format("its cluster_name is not '{}'", cluster));
    }
    if (json::value* version = member_of(document, "version_info");
        version != nullptr && !version->is_string()) {
        return invalid("its version_info is no text");
    }
    return {};
}

}  // namespace

Result<EndpointsFile> EndpointsFile::parse(std::string_view text, std::string_view cluster) {
    Result<json::value> document = parse_json(text, endpoints_file_limits);
    if (!document) {
        return invalid(document.error().text);
    }
    EndpointsFile file(*std::move(document));
    if (Result<void> checked = check_head(file.document_, cluster); !checked) {
        return std::unexpected(checked.error());
    }
    file.version_ = text_in(file.document_, "version_info").value_or("");
    std::set<std::string> names;
    const Result<void> visited =
        for_each_endpoint(file.document_, [&](json::value& value) -> Result<void> {
            Result<EndpointOrder> endpoint = read_endpoint(value);
            if (!endpoint) {
                return std::unexpected(endpoint.error());
            }
            if (!names.insert(endpoint->hostname).second) {
                return invalid("a hostname stands twice: each endpoint has its own");
            }
            file.endpoints_.push_back(*std::move(endpoint));
            return {};
        });
    if (!visited) {
        return std::unexpected(visited.error());
    }
    if (file.endpoints_.empty()) {
        return invalid("it has no endpoint");
    }
    return file;
}

std::string EndpointsFile::render(std::string_view version,
                                  const std::vector<EndpointOrder>& orders) const {
    json::value document = document_;
    document.get_object()["version_info"] = version;
    const Result<void> visited =
        for_each_endpoint(document, [&](json::value& value) -> Result<void> {
            const Result<EndpointOrder> endpoint = read_endpoint(value);
            const auto wanted = std::ranges::find(
                orders, endpoint ? endpoint->hostname : std::string(), &EndpointOrder::hostname);
            if (endpoint && wanted != orders.end() && wanted->order != Order::other &&
                endpoint->order != wanted->order) {
                value.get_object()["health_status"] =
                    wanted->order == Order::drain ? "DRAINING" : "HEALTHY";
            }
            return {};
        });
    static_cast<void>(visited);  // It is a document that parse has taken.
    return to_text(document) + "\n";
}

}  // namespace homeostat::adapters::envoy
