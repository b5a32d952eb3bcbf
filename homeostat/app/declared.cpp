#include "homeostat/app/declared.hpp"

#include "homeostat/app/tasks.hpp"
#include "homeostat/domain/remedy.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace homeostat::app {

namespace process = adapters::process;

InstanceId instance_id(const ServiceId& service, std::size_t index) {
    return InstanceId(service.text() + "-" + std::to_string(index));
}

std::vector<process::DeclaredInstance> instances_of(const Config& config) {
    std::vector<process::DeclaredInstance> instances;
    for (std::size_t index = 0; index < config.process.ports.size(); ++index) {
        const InstanceId id = instance_id(config.service, index);
        const bool is_spare = index + config.process.spares >= config.process.ports.size();
        instances.push_back({id, config.process.ports[index], is_spare});
    }
    return instances;
}

process::Options process_options_of(const Config& config, std::string shim) {
    process::Options options;
    options.service = config.service;
    options.command = config.process.command;
    options.instances = instances_of(config);
    options.roots = {config.process.versions_root.string(), config.process.config_root.string()};
    options.run_directory = config.run_directory.string();
    options.working_directory = config.process.directory.string();
    options.shim = std::move(shim);
    options.stop_grace = config.process.stop_grace;
    return options;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one key after another.
Inventory inventory_of(const Config& config) {
    Inventory inventory;
    inventory.service = config.service;
    const std::size_t count =
        config.kubernetes ? config.kubernetes->slots : config.process.ports.size();
    for (std::size_t index = 0; index < count; ++index) {
        inventory.instances.push_back(instance_id(config.service, index));
    }
    for (const NeighbourConfig& neighbour : config.neighbours) {
        inventory.neighbours.push_back(neighbour.service);
        if (!neighbour.circuit.empty()) {
            inventory.circuits.push_back(neighbour.service);
        }
    }
    for (const CacheConfig& cache : config.caches) {
        inventory.caches.push_back(cache.name);
        if (cache.reroute) {
            inventory.routes.push_back(cache.name);
        }
    }
    for (const TaskConfig& task : config.tasks) {
        inventory.tasks.push_back({.of = adapters::task::declared(declaration_of(config, task)),
                                   .fails_max = task.check.fails_max});
    }
    // A Deployment's ReplicaSets are its versions, and its Service in front of it takes no orders.
    inventory.has_versions = config.kubernetes || !config.process.versions_root.empty();
    inventory.has_configs = config.kubernetes ? !config.kubernetes->configs.empty()
                                              : !config.process.config_root.empty();
    inventory.has_flags = config.flags.has_value();
    inventory.has_edge = config.has_edge() || (config.kubernetes && config.kubernetes->service);
    inventory.is_orchestrated = config.kubernetes.has_value();
    inventory.instances_max = config.kubernetes ? config.kubernetes->replicas_max : 0;
    inventory.may_pause =
        config.kubernetes && config.guard.autonomy_of(RemedyKind::pause_rollout) != Autonomy::watch;
    inventory.memory_bytes_max = config.kubernetes ? config.kubernetes->memory_bytes_max : 0;
    inventory.may_drain = config.has_edge();
    inventory.may_eject =
        inventory.may_drain && config.guard.autonomy_of(RemedyKind::eject) != Autonomy::watch;
    return inventory;
}

}  // namespace homeostat::app
