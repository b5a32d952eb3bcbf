#include "homeostat/domain/demotion.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/dropped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace homeostat {

namespace {

auto place_of(const Demotion& one) {
    return std::tie(one.remedy, one.task, one.relapse);
}

bool is_of_same_kind(const Demotion& one, const Demotion& other) {
    return one.remedy == other.remedy && one.task == other.task;
}

bool has(const std::vector<Demotion>& all, const Demotion& demotion) {
    return std::ranges::any_of(
        all, [&](const Demotion& one) { return place_of(one) == place_of(demotion); });
}

/// One relapse too many of a kind stands for all of the kind.
Demotion as_counted(Demotion demotion, const std::vector<Demotion>& all) {
    const auto count = std::ranges::count_if(
        all, [&](const Demotion& one) { return one.relapse && is_of_same_kind(one, demotion); });
    if (demotion.relapse && static_cast<std::size_t>(count) >= Demotions::relapses_max) {
        demotion.relapse.reset();
    }
    return demotion;
}

}  // namespace

Demotion demotion_for(const Remedy& remedy, IncidentId incident, std::string because) {
    Demotion demotion{
        .remedy = kind_of(remedy), .incident = std::move(incident), .because = std::move(because)};
    if (const DeclaredTask* task = task_of(remedy)) {
        demotion.task = task->task;
    }
    return demotion;
}

std::string describe(const Demotion& demotion) {
    std::string text(to_text(demotion.remedy));
    if (demotion.task) {
        text += " " + demotion.task->text();
    } else if (demotion.relapse) {
        text += " of " + demotion.relapse->target;
    }
    if (demotion.relapse) {
        text += fmt::format(" against {}", to_text(demotion.relapse->symptom));
    }
    return text;
}

std::string why(const Demotion& demotion) {
    if (!demotion.by.empty()) {
        return fmt::format("{} took it back in {}", demotion.by, demotion.incident.text());
    }
    return demotion.relapse
               ? fmt::format("{}, the last time in {}", demotion.because, demotion.incident.text())
               : fmt::format("it did not help in {}", demotion.incident.text());
}

void Demotions::learn(const Entry& entry) {
    if (entry.kind == EntryKind::demoted) {
        Result<Demotion> body = from_json<Demotion>(entry.body);
        if (!body || has(all, *body)) {
            return;
        }
        Demotion demotion = as_counted(std::move(*body), all);
        if (!has(all, demotion)) {
            const auto place = std::ranges::find_if(
                all, [&](const Demotion& one) { return place_of(demotion) < place_of(one); });
            all.insert(place, std::move(demotion));
        }
    } else if (entry.kind == EntryKind::promoted) {
        if (const Result<PromotedBody> body = from_json<PromotedBody>(entry.body)) {
            std::erase_if(all, [&](const Demotion& one) {
                return one.remedy == body->remedy && (!body->task || one.task == body->task);
            });
        }
    } else if (entry.kind == EntryKind::dropped) {
        // It knows of every entry before it, kept or not.
        if (Result<DroppedBody> body = from_json<DroppedBody>(entry.body)) {
            all = std::move(body->carried.demotions.all);
        }
    }
}

const Demotion* Demotions::find(RemedyKind kind, const std::optional<TaskId>& task) const {
    const auto found = std::ranges::find_if(all, [&](const Demotion& one) {
        return one.remedy == kind && (!task || one.task == task);
    });
    return found == all.end() ? nullptr : &*found;
}

const Demotion* Demotions::against(RemedyKind kind,
                                   const TaskId* task,
                                   const Relapse* relapse) const {
    const auto found = std::ranges::find_if(all, [&](const Demotion& one) {
        const bool is_of_it = !one.relapse || (relapse != nullptr && *one.relapse == *relapse);
        return one.remedy == kind && is_of_it &&
               (!one.task || (task != nullptr && *one.task == *task));
    });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace homeostat
