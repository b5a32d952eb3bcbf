#include "homeostat/adapters/kubernetes/permissions.hpp"

#include "homeostat/adapters/kubernetes/direct_reads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

/// Whose name an object of the row has.
enum class Named : std::uint8_t {
    any,
    deployment,
    service,
    switch_object,
    lease,
    config,
    job_template
};

struct Row {
    Use use;
    std::string_view verb;
    std::string_view group;
    std::string_view resource;
    std::string_view subresource;
    Named named;
};

// What api_paths.hpp asks for and what kubernetes_runtime.hpp writes, and nothing else. A list and
// a watch of one Deployment go by its name: RBAC counts a field selector of metadata.name as one.
constexpr std::array rows{
    Row{Use::watching, "get", "apps", "deployments", "", Named::deployment},
    Row{Use::watching, "list", "apps", "deployments", "", Named::deployment},
    Row{Use::watching, "watch", "apps", "deployments", "", Named::deployment},
    Row{Use::watching, "list", "apps", "replicasets", "", Named::any},
    Row{Use::watching, "watch", "apps", "replicasets", "", Named::any},
    Row{Use::watching, "get", "", "pods", "", Named::any},
    Row{Use::watching, "list", "", "pods", "", Named::any},
    Row{Use::watching, "watch", "", "pods", "", Named::any},
    Row{Use::obstacles, "list", "events.k8s.io", "events", "", Named::any},
    Row{Use::obstacles, "watch", "events.k8s.io", "events", "", Named::any},
    Row{Use::service, "get", "", "services", "", Named::service},
    Row{Use::service, "list", "discovery.k8s.io", "endpointslices", "", Named::any},
    Row{Use::service, "watch", "discovery.k8s.io", "endpointslices", "", Named::any},
    Row{Use::suspension, "list", "", "configmaps", "", Named::switch_object},
    Row{Use::suspension, "watch", "", "configmaps", "", Named::switch_object},
    Row{Use::lease, "get", "coordination.k8s.io", "leases", "", Named::lease},
    Row{Use::lease, "create", "coordination.k8s.io", "leases", "", Named::any},
    Row{Use::lease, "patch", "coordination.k8s.io", "leases", "", Named::lease},
    Row{Use::events, "create", "events.k8s.io", "events", "", Named::any},
    Row{Use::incidents, "list", "homeostat.dev", "incidents", "", Named::any},
    Row{Use::incidents, "create", "homeostat.dev", "incidents", "", Named::any},
    Row{Use::incidents, "patch", "homeostat.dev", "incidents", "", Named::any},
    Row{Use::incidents, "delete", "homeostat.dev", "incidents", "", Named::any},
    Row{Use::incidents, "patch", "homeostat.dev", "incidents", "status", Named::any},
    Row{Use::rollback, "patch", "apps", "deployments", "", Named::deployment},
    Row{Use::configs, "list", "", "configmaps", "", Named::config},
    Row{Use::configs, "watch", "", "configmaps", "", Named::config},
    Row{Use::revert, "patch", "", "configmaps", "", Named::config},
    Row{Use::scale, "list", "autoscaling", "horizontalpodautoscalers", "", Named::any},
    Row{Use::scale, "patch", "apps", "deployments", "scale", Named::deployment},
    Row{Use::restart, "create", "", "pods", "eviction", Named::any},
    Row{Use::resize, "patch", "", "pods", "resize", Named::any},
    Row{Use::jobs, "get", "batch", "cronjobs", "", Named::job_template},
    Row{Use::jobs, "list", "batch", "jobs", "", Named::any},
    Row{Use::jobs, "create", "batch", "jobs", "", Named::any},
};

/// Empty: any object.
std::vector<std::string> names_of(Named named, const Options& options) {
    switch (named) {
        case Named::deployment:
            return {options.deployment};
        case Named::service:
            return {options.service_object};
        case Named::switch_object:
            return {options.switch_object};
        case Named::lease:
            return {options.lease};
        case Named::config:
            return options.configs;
        case Named::job_template:
            return options.job_templates;
        case Named::any:
            break;
    }
    return {std::string()};
}

std::string full_resource(const Permission& permission) {
    return permission.subresource.empty() ? permission.resource
                                          : permission.resource + "/" + permission.subresource;
}

bool is_one_rule(const Permission& left, const Permission& right) {
    return left.group == right.group && left.name == right.name &&
           full_resource(left) == full_resource(right);
}

/// Text for YAML. What is in it comes from a configuration that holds plain names only.
std::string quoted(const std::string& text) {
    return homeostat::to_text(json::value(text));
}

/// What is not configured needs no right.
bool has_object(Use use, const Options& options) {
    switch (use) {
        case Use::service:
            return !options.service_object.empty();
        case Use::suspension:
            return !options.switch_object.empty();
        case Use::lease:
            return !options.lease.empty();
        case Use::watching:
        case Use::obstacles:
        case Use::events:
        case Use::incidents:
        case Use::rollback:
        case Use::configs:
        case Use::revert:
        case Use::restart:
            break;
        case Use::scale:
            return options.replicas_max > 0;
        case Use::resize:
            return options.memory_bytes_max > 0;
        case Use::jobs:
            return !options.job_templates.empty();
    }
    return true;
}

}  // namespace

std::vector<Permission> permissions_for(const Options& options, const std::vector<Use>& uses) {
    std::vector<Permission> permissions;
    for (const Use use : uses) {
        for (const Row& row : rows) {
            if (row.use != use || !has_object(use, options)) {
                continue;
            }
            for (const std::string& name : names_of(row.named, options)) {
                permissions.push_back({use, std::string(row.verb), std::string(row.group),
                                       std::string(row.resource), std::string(row.subresource),
                                       name});
            }
        }
    }
    return permissions;
}

std::string to_text(const Permission& permission) {
    const std::string group = permission.group.empty() ? "" : "." + permission.group;
    const std::string name = permission.name.empty() ? "" : " " + permission.name;
    return fmt::format("{} {}{}{}", permission.verb, full_resource(permission), group, name);
}

std::string role_yaml(const std::string& role,
                      const std::string& name_space,
                      const std::vector<Permission>& permissions) {
    std::string yaml = fmt::format(
        "apiVersion: rbac.authorization.k8s.io/v1\n"
        "kind: Role\n"
        "metadata:\n"
        "  name: {}\n"
        "  namespace: {}\n"
        "rules:{}\n",
        quoted(role), quoted(name_space), permissions.empty() ? " []" : "");
    std::vector<Permission> left = permissions;
    while (!left.empty()) {
        const Permission first = left.front();
        std::vector<std::string> verbs;
        for (const Permission& one : left) {
            if (is_one_rule(one, first) &&
                std::ranges::find(verbs, quoted(one.verb)) == verbs.end()) {
                verbs.push_back(quoted(one.verb));
            }
        }
        fmt::format_to(std::back_inserter(yaml), "- apiGroups: [{}]\n  resources: [{}]\n",
                       quoted(first.group), quoted(full_resource(first)));
        if (!first.name.empty()) {
            fmt::format_to(std::back_inserter(yaml), "  resourceNames: [{}]\n", quoted(first.name));
        }
        fmt::format_to(std::back_inserter(yaml), "  verbs: [{}]\n", fmt::join(verbs, ", "));
        std::erase_if(left, [&](const Permission& one) { return is_one_rule(one, first); });
    }
    return yaml;
}

std::string review_of(const Permission& permission, const std::string& name_space) {
    const json::object attributes{
        {"namespace", name_space},
        {"verb", permission.verb},
        {"group", permission.group},
        {"resource", permission.resource},
        {"subresource", permission.subresource},
        {"name", permission.name},
    };
    const json::object review{
        {"apiVersion", "authorization.k8s.io/v1"},
        {"kind", "SelfSubjectAccessReview"},
        {"spec", json::object{{"resourceAttributes", attributes}}},
    };
    return homeostat::to_text(review);
}

Result<bool> parse_review(const json::value& body) {
    const json::object* review = body.if_object();
    const json::value* status = review == nullptr ? nullptr : review->if_contains("status");
    const json::object* answer = status == nullptr ? nullptr : status->if_object();
    const json::value* allowed = answer == nullptr ? nullptr : answer->if_contains("allowed");
    if (allowed == nullptr || !allowed->is_bool()) {
        return fail(Fault::broken, "the server's answer is no access review");
    }
    return allowed->get_bool();
}

Task<Result<std::vector<Permission>>> missing_permissions(ApiClient& api,
                                                          std::string name_space,
                                                          std::vector<Permission> permissions,
                                                          Instant deadline) {
    std::vector<Permission> missing;
    for (const Permission& permission : permissions) {
        ApiWrite write;
        write.method = "POST";
        write.path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        write.content_type = "application/json";
        write.body = review_of(permission, name_space);
        Result<ApiReply> reply = co_await api.write(std::move(write), deadline);
        const Result<json::value> body = check_read("access review", std::move(reply));
        const Result<bool> is_allowed = body ? parse_review(*body) : std::unexpected(body.error());
        if (!is_allowed) {
            co_return std::unexpected(is_allowed.error());
        }
        if (!*is_allowed) {
            missing.push_back(permission);
        }
    }
    co_return missing;
}

}  // namespace homeostat::adapters::kubernetes
