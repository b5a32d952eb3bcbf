#pragma once

// What a demon asks for: remedies, reasons and steps, legal or not, drawn by draw(n), a number
// below n of which 0 is the ordinary case.
//
// Pure. For tests only.

#include "homeostat/guard/case_for_test.hpp"

#include <array>
#include <chrono>

namespace homeostat::guard::for_test {

template <class T, std::size_t N, class Draw>
[[nodiscard]] T pick(Draw& draw, const std::array<T, N>& choices) {
    return choices[draw(N)];
}

template <class Draw>
[[nodiscard]] InstanceId any_instance(Draw& draw) {
    return pick(draw, std::array{payments_0, payments_1, payments_2, payments_3,
                                 InstanceId("fraud-0"), InstanceId()});
}

/// As declared, or otherwise.
template <class Draw>
[[nodiscard]] DeclaredTask any_task(Draw& draw) {
    DeclaredTask task = pick(draw, std::array{purge, rebuild});
    switch (draw(8)) {
        case 4:
            task.also_for = {SymptomKind::latency, SymptomKind::instance_down};
            break;
        case 5:
            task.task = TaskId("unheard_of");
            break;
        case 6:
            task.declaration = "cccc";
            break;
        case 7:
            task.is_destructive = !task.is_destructive;
            break;
        default:
            break;
    }
    return task;
}

template <class Draw>
[[nodiscard]] Remedy any_remedy(Draw& draw) {
    switch (draw(18)) {
        case 0:
        case 1:
            return RollingRestart{pick(draw, std::array{payments, payments, ServiceId("fraud")})};
        case 2:
            return draw(2) == 0 ? Rollback{payments, pick(draw, std::array{v2, v1}),
                                           pick(draw, std::array{v1, v2, c1})}
                                : Rollback{payments, pick(draw, std::array{c2, c1}),
                                           pick(draw, std::array{c1, c2, v1}), Artifact::config};
        case 3:
            return Observe{};
        case 4:
            return Eject{any_instance(draw)};
        case 5:
            return Readmit{any_instance(draw)};
        case 6:
            return OpenCircuit{pick(draw, std::array{ServiceId("fraud"), payments})};
        case 7:
            return CloseCircuit{ServiceId("fraud")};
        case 10:
            return Reroute{pick(draw, std::array{quotes, CacheId("sessions")})};
        case 11:
            return RouteBack{quotes};
        case 12:
            return InvalidateCache{pick(draw, std::array{quotes, CacheId("sessions")})};
        case 13:
            return RunTask{any_task(draw)};
        case 14:
            return draw(4) == 0 ? Remedy{TakeBackTask{any_task(draw)}} : RunTask{any_task(draw)};
        case 16:
            return PauseRollout{pick(draw, std::array{payments, ServiceId("fraud")}),
                                pick(draw, std::array{v2, v1})};
        case 17:
            return ResumeRollout{payments, pick(draw, std::array{v2, v1})};
        case 8:
        case 9:
            return Scale{payments, 3 + draw(3), 3 + draw(3)};
        default:
            return Restart{any_instance(draw)};
    }
}

template <class Draw>
[[nodiscard]] Case any_case(Draw& draw, const Facts& facts, Instant at) {
    Case asked = case_of(any_remedy(draw));
    asked.incident = pick(draw, std::array{incident, incident, incident, incident_other});
    if (asked.symptom.kind == SymptomKind::errors || draw(8) == 7) {
        asked.symptom.kind = static_cast<SymptomKind>(draw(6));
    }
    asked.symptom.noticed_at = at - std::chrono::seconds{draw(3)};
    const bool is_counted = draw(4) == 3;
    asked.edge_errors_at_open = is_counted ? facts.edge.errors_total : 0;
    asked.edge_requests_at_open = is_counted ? facts.edge.requests_total : 0;
    if (asked.symptom.subject.kind == SubjectKind::service && draw(3) == 2) {
        asked.symptom.subject = {SubjectKind::instance, any_instance(draw).text()};
    }
    asked.is_reflex = draw(4) == 3;
    asked.is_undo = draw(8) == 7;
    asked.attempts_count = draw(8) == 7 ? 3 : 0;
    return asked;
}

template <class Draw>
[[nodiscard]] Step any_step(Draw& draw, const Facts& facts) {
    const InstanceId name = any_instance(draw);
    const InstanceFacts* target = find_instance(facts, name);
    const ProcessIdentity present = target != nullptr && target->runtime.is_alive
                                        ? target->runtime.identity
                                        : ProcessIdentity{};
    const PerArtifact<VersionFacts>& versions = facts.versions;
    switch (draw(14)) {
        case 10:
        case 11: {
            const DeclaredTask task = any_task(draw);
            return Run{task.task, task.declaration, draw(4) == 3, task.keeps_capacity};
        }
        case 13:
            return SetPaused{payments, pick(draw, std::array{v2, v1}), draw(2) == 0};
        case 8:
            return SetRoute{pick(draw, std::array{quotes, CacheId("sessions")}), draw(2) == 0};
        case 9:
            return Invalidate{pick(draw, std::array{quotes, CacheId("sessions")})};
        case 3:
            return Stop{name, present};
        case 4:
            return SwapVersion{payments, versions.config.current, pick(draw, std::array{c1, c2}),
                               Artifact::config};
        case 0:
            return Drain{name};
        case 1:
            return Undrain{name};
        case 2:
            return SwapVersion{payments, versions.deploy.current, pick(draw, std::array{v1, v2})};
        case 5:
            return SetCircuit{pick(draw, std::array{ServiceId("fraud"), payments}), draw(2) == 0};
        default:
            break;
    }
    const bool expects_life = target != nullptr && target->runtime.is_alive && draw(8) != 7;
    return Replace{name, expects_life ? target->runtime.identity : ProcessIdentity{},
                   draw(8) == 7 ? v1 : versions.deploy.current,
                   draw(8) == 7 ? c1 : versions.config.current};
}

}  // namespace homeostat::guard::for_test
