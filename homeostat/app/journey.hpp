#pragma once

// Our own requests through the edge, as the configuration describes them.

#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/app/agent_process.hpp"
#include "homeostat/app/config.hpp"

#include <optional>

namespace homeostat::app {

/// Nothing where none is configured, or where its address is none, which `log` is told.
[[nodiscard]] std::optional<adapters::telemetry::HttpProbeOptions> journey_of(const Config& config,
                                                                              const LogLine& log);

}  // namespace homeostat::app
