#pragma once

// ConfigWorld: a Deployment and the ConfigMap "pay-config" on a FakeApi, whose contents are the
// configuration, and the runtime that puts them back. For unit tests only.

#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/configs.hpp"
#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

struct ConfigWorld : RuntimeWorld {
    std::optional<ConfigHistory> history;
    std::unique_ptr<Configs> configs;

    const std::string maps = "/api/v1/namespaces/shop/configmaps";

    explicit ConfigWorld(std::vector<std::string> names = {"pay-config"}) {
        options.configs = std::move(names);
        for (const std::string& name : options.configs) {
            make(name);
        }
        come_with_configs();
        static_cast<void>(facts());
    }

    void come_with_configs() {
        come();
        history.emplace(
            ConfigHistory::open(options.service, options.configs, directory.file("configs.json"))
                .value());
        configs = std::make_unique<Configs>(options, std::vector<KindSeen>{}, *history, clock);
        runtime->know(*configs);
    }

    void make(const std::string& name) {
        json::value made;
        at(made, {"metadata", "name"}) = name;
        at(made, {"data", "app.yaml"}) = "pool: 20\n";
        at(made, {"binaryData", "key"}) = "AAEC";
        api.create(maps, std::move(made));
    }
    [[nodiscard]] json::value& map(const std::string& name = "pay-config") {
        return *api.find(maps + "/" + name);
    }
    /// By somebody else's hand. A moment passes.
    void edit(const std::string& text, const std::string& name = "pay-config") {
        clock.pass(std::chrono::seconds{10});
        at(map(name), {"data", "app.yaml"}) = text;
        api.touch(map(name));
        static_cast<void>(facts());
    }
    [[nodiscard]] std::string text(const std::string& name = "pay-config") {
        return text_at(map(name), {"data", "app.yaml"});
    }
    [[nodiscard]] VersionId config() { return facts().versions.config.current; }
    [[nodiscard]] SwapVersion back_to(const VersionId& version) {
        return SwapVersion{options.service, config(), version, Artifact::config};
    }
};

}  // namespace homeostat::adapters::kubernetes
