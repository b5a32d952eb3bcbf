#pragma once

// JoinedMetrics: the pages of several services as one page for a Prometheus.
//
// Each family stands once, with the samples of all services under it, each under the label
// `service`. What a page says of the process itself is the same on all and taken once, as it is.
//
// Of pages that we wrote ourselves (metrics.hpp). Pure.

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

/// The service's name, and its page.
using ServicePage = std::pair<std::string, std::string>;

[[nodiscard]] std::string join_metrics(const std::vector<ServicePage>& pages);

}  // namespace homeostat::app
