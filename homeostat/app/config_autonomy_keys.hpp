#pragma once

// The keys that say how far each remedy may go alone.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_task_keys.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/verdict.hpp"

#include <map>

namespace homeostat::app {

struct AutonomySection {
    Autonomy eject{Autonomy::watch};
    Autonomy open_circuit{Autonomy::watch};
    Autonomy invalidate_cache{Autonomy::watch};
    Autonomy reroute{Autonomy::watch};
    Autonomy restart{Autonomy::watch};
    Autonomy rolling_restart{Autonomy::watch};
    Autonomy scale{Autonomy::watch};
    Autonomy rollback{Autonomy::watch};
    Autonomy resize{Autonomy::watch};
    Autonomy pause_rollout{Autonomy::watch};
    Autonomy reduce_mode{Autonomy::watch};
    Autonomy block_source{Autonomy::watch};
    std::map<TaskId, Autonomy> tasks{};
    static void keys(auto& self, auto&& key) {
        constexpr EnumValue<Autonomy> level{};
        key(Key{"eject", "Of one slow instance from rotation, until it is well"}, level,
            self.eject);
        key(Key{"open_circuit", "Of a neighbour that fails, so that its fallback answers"}, level,
            self.open_circuit);
        key(Key{"invalidate_cache", "Of the declared entries of a cache with stale copies"}, level,
            self.invalidate_cache);
        key(Key{"reroute",
                "Of a stale cache's readers to its source, for a while; with invalidate_cache"},
            level, self.reroute);
        key(Key{"restart", "Of one instance"}, level, self.restart);
        key(Key{"rolling_restart", "Of every instance, one after another"}, level,
            self.rolling_restart);
        key(Key{"scale", "Of spares to instances, for a while"}, level, self.scale);
        key(Key{"rollback", "To the last good version"}, level, self.rollback);
        key(Key{"resize", "Of the memory of one pod that was ended for want of it"}, level,
            self.resize);
        key(Key{"pause_rollout", "Of a rollout whose new pods are ill while old ones serve"}, level,
            self.pause_rollout);
        key(Key{"reduce_mode", "What is agreed on with neighbours; act or watch"}, level,
            self.reduce_mode);
        key(Key{"block_source",
                "Of sources on lists of others; watch: they are tried, and never denied"},
            level, self.block_source);
        key(Key{"tasks", "Of each declared task by its name, docs/tasks.md"},
            MapOf<EnumValue<Autonomy>>{level, tasks_max}, self.tasks);
    }
};

}  // namespace homeostat::app
