#pragma once

// Rows of a status: what of the facts is told of each instance, and of each declared task's check.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::app {

struct InstanceStatus {
    InstanceId instance;
    bool is_alive{false};
    bool is_answering{false};
    Rotation rotation{Rotation::unknown};
    VersionId version;
    VersionId config;
    std::int32_t pid{0};
    std::string pod;  ///< Its uid; empty: it is a process of this machine.

    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("is_alive", self.is_alive);
        field("is_answering", self.is_answering);
        field("rotation", self.rotation);
        field("version", self.version);
        field("config", self.config);
        field("pid", self.pid);
        field("pod", self.pod);
    }
};

/// What a task's check said last. There is none while that tells nothing, after a run for instance.
struct CheckStatus {
    TaskId task;
    bool is_well{false};
    double age_s{0};  ///< Since that check began: up to its `every`, as nobody's asking begins one.

    static void fields(auto& self, auto&& field) {
        field("task", self.task);
        field("is_well", self.is_well);
        field("age_s", self.age_s);
    }
};

[[nodiscard]] std::vector<InstanceStatus> instance_statuses(const Facts& facts);
[[nodiscard]] std::vector<CheckStatus> check_statuses(const Facts& facts, Instant now);

}  // namespace homeostat::app
