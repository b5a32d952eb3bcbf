#pragma once

// What a configuration declares, in the words of those who act on it.
//
// Pure.

#include "homeostat/adapters/process/options.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/domain/inventory.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::app {

/// "payments-0".
[[nodiscard]] InstanceId instance_id(const ServiceId& service, std::size_t index);

/// Every instance of this machine in order, the spares last.
[[nodiscard]] std::vector<adapters::process::DeclaredInstance> instances_of(const Config& config);

/// How its instances are run. `shim`: the path of homeostat-shim. Whether they answer is left out:
/// only a running agent can ask.
[[nodiscard]] adapters::process::Options process_options_of(const Config& config, std::string shim);

[[nodiscard]] Inventory inventory_of(const Config& config);

}  // namespace homeostat::app
