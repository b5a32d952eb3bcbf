#pragma once

// Inventory: what there is to guard, from the configuration. The only source of target names.
//
// Pure. Values only.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/declared_task.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/symptom.hpp"

#include <cstdint>
#include <vector>

namespace homeostat {

struct Inventory {
    ServiceId service;
    std::vector<InstanceId> instances;  ///< In order of their index.
    std::vector<ServiceId> neighbours;
    std::vector<ServiceId> circuits;  ///< Neighbours for which the edge can answer itself.
    std::vector<CacheId> caches{};
    std::vector<CacheId> routes{};  ///< Caches whose reads the edge can send to their source.
    std::vector<WatchedTask> tasks{};
    bool has_versions{false};     ///< A deploy can be rolled back.
    bool has_configs{false};      ///< A change of the configuration can be rolled back.
    bool has_flags{false};        ///< A change of flags can be rolled back.
    bool is_orchestrated{false};  ///< Somebody else starts what has ended.
    /// `scale` goes no further. 0: to the last spare, or nowhere where they are orchestrated.
    std::uint32_t instances_max{0};
    std::uint64_t memory_bytes_max{0};  ///< `resize` goes no further. 0: nowhere.
    bool may_pause{false};  ///< A rollout can be let stand, and `pause_rollout` is not at watch.
    bool has_edge{false};
    bool may_drain{false};  ///< Its edge takes an instance out of rotation when we say so.
    bool may_eject{false};  ///< There is an edge, and `eject` stands higher than watch.

    /// The artifact has versions, so that a change of it can be rolled back.
    [[nodiscard]] bool has(Artifact artifact) const {
        switch (artifact) {
            case Artifact::deploy:
                break;
            case Artifact::config:
                return has_configs;
            case Artifact::flag:
                return has_flags;
        }
        return has_versions;
    }
};

/// A reflex answers this symptom without asking a model: a process that has ended is started
/// again, unless that is somebody else's reflex, and one slow instance among well ones gets no more
/// requests.
[[nodiscard]] inline bool is_for_reflex(const Symptom& symptom, const Inventory& inventory) {
    const bool is_one = symptom.subject.kind == SubjectKind::instance;
    const bool is_slow = symptom.kind == SymptomKind::latency && inventory.may_eject;
    const bool has_ended = symptom.kind == SymptomKind::instance_down && !inventory.is_orchestrated;
    return is_one && (has_ended || is_slow);
}

}  // namespace homeostat
