#include "homeostat/adapters/kubernetes/api_paths.hpp"

#include <fmt/format.h>

#include <iterator>

namespace homeostat::adapters::kubernetes {

namespace {

/// SOURCE: RFC 3986, 2.3.
bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string to_query_value(std::string_view text) {
    std::string value;
    for (const char c : text) {
        if (is_unreserved(c)) {
            value.push_back(c);
        } else {
            fmt::format_to(std::back_inserter(value), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return value;
}

std::string deployment_path(const Options& options) {
    return fmt::format("/apis/apps/v1/namespaces/{}/deployments/{}", options.name_space,
                       options.deployment);
}

std::string deployments_path(const Options& options) {
    return fmt::format("/apis/apps/v1/namespaces/{}/deployments?fieldSelector={}",
                       options.name_space, to_query_value("metadata.name=" + options.deployment));
}

std::string replica_sets_path(const Options& options, std::string_view selector) {
    return fmt::format("/apis/apps/v1/namespaces/{}/replicasets?labelSelector={}",
                       options.name_space, selector);
}

std::string pods_path(const Options& options, std::string_view selector) {
    return fmt::format("/api/v1/namespaces/{}/pods?labelSelector={}", options.name_space, selector);
}

std::string service_path(const Options& options) {
    return fmt::format("/api/v1/namespaces/{}/services/{}", options.name_space,
                       options.service_object);
}

}  // namespace homeostat::adapters::kubernetes
