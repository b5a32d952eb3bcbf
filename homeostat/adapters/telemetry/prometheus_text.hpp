#pragma once

// The Prometheus text format (version 0.0.4), read strictly: a service's own numbers.
//
// One number is kept per name: labelled series of one name are added up, because remedies are about
// an instance as a whole and label values are text from outside, of which nothing is kept. Where a
// sum would mean nothing, the series is left out: histogram buckets (`le`) and quantiles. A name
// with a value that is no finite number, in any of its series, is left out too: absent, not zero.
//
// One bad line refuses the whole page. A page that is half understood would make names vanish and
// come back, which looks like a change of the service.
//
// SOURCE: prometheus.io/docs/instrumenting/exposition_formats. Pure. Values only.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::telemetry {

constexpr std::size_t metrics_bytes_max = std::size_t{256} << 10U;  ///< Usual pages: 5 to 100 KiB.
constexpr std::size_t metric_names_max = 500;
constexpr std::size_t metric_labels_max = 64;  ///< Per series; Prometheus itself allows 30.

/// Names in the order of their first series. ERRORS: broken, with the line and the mend.
[[nodiscard]] Result<std::vector<std::pair<std::string, double>>> parse_prometheus(
    std::string_view text);

}  // namespace homeostat::adapters::telemetry
