#include "homeostat/domain/demotion.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/dropped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace homeostat {

namespace {

auto place_of(const Demotion& one) {
    return std::tie(one.remedy, one.task);
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
    const std::string_view kind = to_text(demotion.remedy);
    return demotion.task ? fmt::format("{} {}", kind, demotion.task->text()) : std::string(kind);
}

void Demotions::learn(const Entry& entry) {
    if (entry.kind == EntryKind::demoted) {
        Result<Demotion> body = from_json<Demotion>(entry.body);
        const auto is_same = [&](const Demotion& one) { return place_of(one) == place_of(*body); };
        if (body && std::ranges::none_of(all, is_same)) {
            const auto place = std::ranges::find_if(
                all, [&](const Demotion& one) { return place_of(*body) < place_of(one); });
            all.insert(place, std::move(*body));
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

const Demotion* Demotions::against(RemedyKind kind, const TaskId* task) const {
    const auto found = std::ranges::find_if(all, [&](const Demotion& one) {
        return one.remedy == kind && (!one.task || (task != nullptr && *one.task == *task));
    });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace homeostat
