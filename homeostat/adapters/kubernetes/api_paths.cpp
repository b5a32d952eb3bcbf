#include "homeostat/adapters/kubernetes/api_paths.hpp"

#include "homeostat/adapters/kubernetes/incident_object.hpp"
#include "homeostat/net/query_value.hpp"

#include <fmt/format.h>

namespace homeostat::adapters::kubernetes {

std::string deployment_path(const Options& options) {
    return fmt::format("/apis/apps/v1/namespaces/{}/deployments/{}", options.name_space,
                       options.deployment);
}

std::string deployments_path(const Options& options) {
    return fmt::format("/apis/apps/v1/namespaces/{}/deployments?fieldSelector={}",
                       options.name_space,
                       net::to_query_value("metadata.name=" + options.deployment));
}

std::string replica_sets_path(const Options& options, std::string_view selector) {
    return fmt::format("/apis/apps/v1/namespaces/{}/replicasets?labelSelector={}",
                       options.name_space, selector);
}

std::string pods_path(const Options& options, std::string_view selector) {
    return fmt::format("/api/v1/namespaces/{}/pods?labelSelector={}", options.name_space, selector);
}

std::string pod_path(const Options& options, std::string_view name) {
    return fmt::format("/api/v1/namespaces/{}/pods/{}", options.name_space, name);
}

std::string service_path(const Options& options) {
    return fmt::format("/api/v1/namespaces/{}/services/{}", options.name_space,
                       options.service_object);
}

std::string slices_selector(const Options& options) {
    return "kubernetes.io/service-name=" + options.service_object;
}

std::string slices_path(const Options& options) {
    return fmt::format("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices?labelSelector={}",
                       options.name_space, slices_selector(options));
}

std::string leases_path(const Options& options) {
    return fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases", options.name_space);
}

std::string lease_path(const Options& options) {
    return leases_path(options) + "/" + options.lease;
}

std::string incidents_path(const Options& options, std::string_view ledger) {
    return fmt::format("/apis/{}/{}/namespaces/{}/incidents?labelSelector={}&limit=500",
                       incident_group, incident_version, options.name_space,
                       net::to_query_value(fmt::format("{}={}", ledger_label, ledger)));
}

std::string incident_path(const Options& options, std::string_view name) {
    return fmt::format("/apis/{}/{}/namespaces/{}/incidents/{}", incident_group, incident_version,
                       options.name_space, name);
}

std::string events_path(const Options& options) {
    return fmt::format("/apis/events.k8s.io/v1/namespaces/{}/events", options.name_space);
}

std::string warnings_path(const Options& options) {
    return events_path(options) + "?fieldSelector=" + net::to_query_value("type=Warning");
}

std::string autoscalers_path(const Options& options) {
    return fmt::format("/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
                       options.name_space);
}

std::string config_maps_path(const Options& options, const std::string& name) {
    return fmt::format("/api/v1/namespaces/{}/configmaps?fieldSelector={}", options.name_space,
                       net::to_query_value("metadata.name=" + name));
}

std::string config_map_path(const Options& options, const std::string& name) {
    return fmt::format("/api/v1/namespaces/{}/configmaps/{}", options.name_space, name);
}

std::string jobs_path(std::string_view name_space) {
    return fmt::format("/apis/batch/v1/namespaces/{}/jobs", name_space);
}

std::string cron_job_path(std::string_view name_space, std::string_view name) {
    return fmt::format("/apis/batch/v1/namespaces/{}/cronjobs/{}", name_space, name);
}

std::string switches_path(const Options& options) {
    return config_maps_path(options, options.switch_object);
}

}  // namespace homeostat::adapters::kubernetes
