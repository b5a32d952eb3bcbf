#include "homeostat/domain/remedy.hpp"

#include <string>

namespace homeostat {

namespace {

struct InstanceOf {
    const InstanceId* operator()(const Eject& remedy) const { return &remedy.instance; }
    const InstanceId* operator()(const Readmit& remedy) const { return &remedy.instance; }
    const InstanceId* operator()(const Restart& remedy) const { return &remedy.instance; }
    const InstanceId* operator()(const Resize& remedy) const { return &remedy.instance; }
    const InstanceId* operator()(const auto&) const { return nullptr; }
};

struct TaskOf {
    const DeclaredTask* operator()(const RunTask& remedy) const { return &remedy.of; }
    const DeclaredTask* operator()(const TakeBackTask& remedy) const { return &remedy.of; }
    const DeclaredTask* operator()(const auto&) const { return nullptr; }
};

struct InverseOf {
    std::optional<Remedy> operator()(const Eject& remedy) const { return Readmit{remedy.instance}; }
    std::optional<Remedy> operator()(const OpenCircuit& remedy) const {
        return CloseCircuit{remedy.neighbour};
    }
    std::optional<Remedy> operator()(const Reroute& remedy) const {
        return RouteBack{remedy.cache};
    }
    std::optional<Remedy> operator()(const Scale& remedy) const {
        return Scale{remedy.service, remedy.to, remedy.from};
    }
    std::optional<Remedy> operator()(const Rollback& remedy) const {
        return Rollback{remedy.service, remedy.to, remedy.from, remedy.artifact};
    }
    std::optional<Remedy> operator()(const RunTask& remedy) const {
        return remedy.of.is_reversible ? std::optional<Remedy>(TakeBackTask{remedy.of})
                                       : std::nullopt;
    }
    std::optional<Remedy> operator()(const Resize& remedy) const {
        return Resize{remedy.instance, remedy.to_bytes, remedy.from_bytes};
    }
    std::optional<Remedy> operator()(const PauseRollout& remedy) const {
        return ResumeRollout{remedy.service, remedy.version};
    }
    // A process that was replaced does not come back, nor does a stale copy, and nothing needs no
    // undoing.
    std::optional<Remedy> operator()(const auto&) const { return std::nullopt; }
};

struct Describe {
    std::string operator()(const Observe&) const { return "observe"; }
    std::string operator()(const Eject& remedy) const { return "eject " + remedy.instance.text(); }
    std::string operator()(const Readmit& remedy) const {
        return "readmit " + remedy.instance.text();
    }
    std::string operator()(const OpenCircuit& remedy) const {
        return "open_circuit of " + remedy.neighbour.text();
    }
    std::string operator()(const CloseCircuit& remedy) const {
        return "close_circuit of " + remedy.neighbour.text();
    }
    std::string operator()(const InvalidateCache& remedy) const {
        return "invalidate_cache " + remedy.cache.text();
    }
    std::string operator()(const Reroute& remedy) const {
        return "reroute " + remedy.cache.text() + " to its source, and invalidate_cache";
    }
    std::string operator()(const RouteBack& remedy) const {
        return "route_back " + remedy.cache.text();
    }
    std::string operator()(const Restart& remedy) const {
        return "restart " + remedy.instance.text();
    }
    std::string operator()(const RollingRestart& remedy) const {
        return "rolling_restart " + remedy.service.text();
    }
    std::string operator()(const Scale& remedy) const {
        return "scale " + remedy.service.text() + " from " + std::to_string(remedy.from) + " to " +
               std::to_string(remedy.to);
    }
    std::string operator()(const Rollback& remedy) const {
        const std::string_view whose = whose_words(remedy.artifact);
        return "rollback " + std::string(whose) + remedy.service.text() + " from " +
               remedy.from.text() + " to " + remedy.to.text();
    }
    std::string operator()(const RunTask& remedy) const {
        return "run_task " + remedy.of.task.text();
    }
    std::string operator()(const TakeBackTask& remedy) const {
        return "take_back_task " + remedy.of.task.text();
    }
    std::string operator()(const PauseRollout& remedy) const {
        return "pause_rollout of " + remedy.version.text() + " of " + remedy.service.text();
    }
    std::string operator()(const ResumeRollout& remedy) const {
        return "resume_rollout of " + remedy.version.text() + " of " + remedy.service.text();
    }
    std::string operator()(const Resize& remedy) const {
        return "resize " + remedy.instance.text() + " from " + memory_text(remedy.from_bytes) +
               " to " + memory_text(remedy.to_bytes) + " of memory";
    }
};

}  // namespace

const InstanceId* instance_of(const Remedy& remedy) {
    return std::visit(InstanceOf{}, remedy);
}

const DeclaredTask* task_of(const Remedy& remedy) {
    return std::visit(TaskOf{}, remedy);
}

bool removes_capacity(const Remedy& remedy) {
    const DeclaredTask* task = task_of(remedy);
    const auto* rollback = std::get_if<Rollback>(&remedy);
    return traits_of(kind_of(remedy)).removes_capacity &&
           (task == nullptr || !task->keeps_capacity) &&
           (rollback == nullptr || is_started_with(rollback->artifact));
}

std::optional<Remedy> inverse_of(const Remedy& remedy) {
    return std::visit(InverseOf{}, remedy);
}

std::string describe(const Remedy& remedy) {
    return std::visit(Describe{}, remedy);
}

}  // namespace homeostat
