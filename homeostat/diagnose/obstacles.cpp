#include "homeostat/diagnose/obstacles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <string>
#include <utility>
#include <variant>

namespace homeostat::diagnose {

namespace {

/// Those of the service first, then of its instances in order: a person reads few.
constexpr std::size_t told_max = 6;

/// "payments-1", or "3 of payments".
std::string who(const InTheWay& it) {
    return it.subject.kind == SubjectKind::instance
               ? it.subject.name
               : fmt::format("{:.0f} of {}", it.count, it.subject.name);
}

std::string words_of(const InTheWay& it) {
    using enum Obstacle;
    switch (it.obstacle) {
        case sends_to_nobody:
            return fmt::format(
                "the Service sends to nobody, although {:.0f} pods are ready: its selector or its "
                "port fits none of them; no restart mends that",
                it.count);
        case no_room:
            return who(it) + " cannot be placed: no node has room for it, or none fits";
        case quota_used_up:
            return who(it) + " cannot be made: the quota of the namespace is used up";
        case creation_refused:
            return who(it) + " cannot be made: the cluster refuses it (admission, account, limits)";
        case volume_missing:
            return who(it) + " waits for a volume that cannot be attached or mounted";
        case image_missing:
            return who(it) + " cannot start: its image cannot be had";
        case backing_off:
            return who(it) + " ends again and again, and its start is put off";
        case liveness_failing:
            return who(it) + " fails its liveness probe, so that it is started again";
        case readiness_failing:
            return who(it) + " fails its readiness probe, so that it is sent nothing";
        case startup_failing:
            return who(it) + " fails its startup probe, so that it never gets ready";
        case evicted:
            return who(it) + " was evicted, by its node or for another pod";
    }
    return {};
}

/// What is the case and not only said: as sure as the end of a process. What follows from a fault
/// of the service itself says less than what was changed.
double weight_of(Obstacle obstacle) {
    switch (obstacle) {
        case Obstacle::sends_to_nobody:
        case Obstacle::no_room:
        case Obstacle::quota_used_up:
        case Obstacle::creation_refused:
        case Obstacle::volume_missing:
        case Obstacle::image_missing:
            return 1.0;
        case Obstacle::backing_off:
        case Obstacle::liveness_failing:
        case Obstacle::readiness_failing:
        case Obstacle::startup_failing:
        case Obstacle::evicted:
            break;
    }
    return 0.3;
}

bool has_obstacle(const Look& look, Obstacle obstacle) {
    return std::ranges::find(look.in_the_way, obstacle, &InTheWay::obstacle) !=
           look.in_the_way.end();
}

bool is_without_place(const Look& look, const InstanceId& instance) {
    return std::ranges::any_of(look.in_the_way, [&](const InTheWay& it) {
        return keeps_new_ones_away(it.obstacle) &&
               it.subject == Subject{SubjectKind::instance, instance.text()};
    });
}

bool is_vain(const Remedy& remedy, const Look& look) {
    const bool is_refused = has_obstacle(look, Obstacle::creation_refused);
    const bool has_no_place =
        std::ranges::any_of(look.in_the_way, keeps_new_ones_away, &InTheWay::obstacle);
    if (const auto* scale = std::get_if<Scale>(&remedy)) {
        return has_no_place && scale->to > scale->from;
    }
    if (const auto* restart = std::get_if<Restart>(&remedy)) {
        return is_refused || is_without_place(look, restart->instance);
    }
    return is_refused && std::holds_alternative<RollingRestart>(remedy);
}

/// What was deployed last may have brought labels or ports that the Service does not know.
bool is_of_labels(const Remedy& remedy) {
    const auto* rollback = std::get_if<Rollback>(&remedy);
    return rollback != nullptr && rollback->artifact == Artifact::deploy;
}

}  // namespace

void add_obstacles(std::vector<Cause>& causes, const Look& look) {
    for (const InTheWay& it : std::views::take(look.in_the_way, told_max)) {
        const double weight = weight_of(it.obstacle);
        const auto lighter = std::ranges::find_if(
            causes, [&](const Cause& cause) { return cause.weight <= weight; });
        causes.insert(lighter, {CauseKind::obstacle, weight, words_of(it)});
    }
}

void leave_out_vain(Menu& menu, const Look& look, const Symptom& symptom) {
    const bool is_of_users =
        symptom.subject.kind == SubjectKind::service &&
        (symptom.kind == SymptomKind::errors || symptom.kind == SymptomKind::latency);
    const bool is_sent_nowhere = is_of_users && has_obstacle(look, Obstacle::sends_to_nobody);
    std::erase_if(menu.items, [&](const MenuItem& item) {
        const bool is_effect = !std::holds_alternative<Observe>(item.remedy);
        return is_effect &&
               ((is_sent_nowhere && !is_of_labels(item.remedy)) || is_vain(item.remedy, look));
    });
}

}  // namespace homeostat::diagnose
