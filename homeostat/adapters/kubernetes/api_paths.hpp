#pragma once

// Paths of the API server's resources, as requests and watches name them.
//
// Pure. Values only.

#include "homeostat/adapters/kubernetes/options.hpp"

#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

[[nodiscard]] std::string deployment_path(const Options& options);

/// All Deployments of that name: one, or none. A watch needs a list.
[[nodiscard]] std::string deployments_path(const Options& options);

/// `selector`: as DeploymentView has it, encoded already.
[[nodiscard]] std::string replica_sets_path(const Options& options, std::string_view selector);
[[nodiscard]] std::string pods_path(const Options& options, std::string_view selector);

/// `name`: that of a PodView, which may stand in a path.
[[nodiscard]] std::string pod_path(const Options& options, std::string_view name);

/// Of Options::service_object.
[[nodiscard]] std::string service_path(const Options& options);

/// The EndpointSlices of that Service.
[[nodiscard]] std::string slices_path(const Options& options);
/// Their label, as a selector in a query.
[[nodiscard]] std::string slices_selector(const Options& options);

/// Of Options::lease, and of all, where one is made.
[[nodiscard]] std::string lease_path(const Options& options);
[[nodiscard]] std::string leases_path(const Options& options);

/// Objects of our own kind that bear the label of that ledger, and one of them.
[[nodiscard]] std::string incidents_path(const Options& options, std::string_view ledger);
[[nodiscard]] std::string incident_path(const Options& options, std::string_view name);

/// Where Events are written.
[[nodiscard]] std::string events_path(const Options& options);

/// Of all Events of the namespace the warnings.
[[nodiscard]] std::string warnings_path(const Options& options);

/// All HorizontalPodAutoscalers of the namespace.
[[nodiscard]] std::string autoscalers_path(const Options& options);

/// All ConfigMaps of that name: one, or none. And the one.
[[nodiscard]] std::string config_maps_path(const Options& options, const std::string& name);
[[nodiscard]] std::string config_map_path(const Options& options, const std::string& name);

/// The Jobs of a namespace, and one of its CronJobs.
[[nodiscard]] std::string jobs_path(std::string_view name_space);
[[nodiscard]] std::string cron_job_path(std::string_view name_space, std::string_view name);

/// All ConfigMaps of the name in Options::switch_object: one, or none.
[[nodiscard]] std::string switches_path(const Options& options);

}  // namespace homeostat::adapters::kubernetes
