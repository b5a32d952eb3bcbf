#pragma once

// What the configuration says of the readings that we take ourselves.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <chrono>
#include <string>

namespace homeostat::app {

struct HttpSignalConfig {
    std::string path{"/healthz"};
    Duration every{std::chrono::milliseconds{500}};
    Duration timeout{std::chrono::milliseconds{300}};
};

struct PrometheusSignalConfig {
    std::string path{"/metrics"};
    Duration every{std::chrono::seconds{1}};
};

struct JourneyConfig {
    std::string url;
    Duration every{std::chrono::milliseconds{100}};  ///< While a remedy is being proven.
    Duration timeout{std::chrono::milliseconds{500}};
};

}  // namespace homeostat::app
