#include "homeostat/guard/lasting.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/guard/limits.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::guard {

namespace {

constexpr std::string_view number_of_instances = "the number of instances";

std::string version_of(Artifact artifact) {
    return "the " + std::string(to_text(artifact)) + " version";
}

std::string rotation_of(const InstanceId& instance) {
    return "the rotation of " + instance.text();
}

bool adds_instances(const Remedy& remedy) {
    const auto* scale = std::get_if<Scale>(&remedy);
    return scale != nullptr && scale->to > scale->from;
}

/// Whether `facts` show that it is not, or no more, as `step` left it. Silence shows nothing.
struct IsOtherwise {
    const Facts& facts;

    bool operator()(const SwapVersion& step) const {
        const VersionId& current = facts.versions[step.artifact].current;
        return !current.empty() && current != step.to;
    }
    bool operator()(const Drain& step) const {
        const InstanceFacts* target = find_instance(facts, step.instance);
        return target != nullptr && target->rotation == Rotation::in;
    }
    bool operator()(const Replace& step) const {
        return find_spare(facts, step.instance) != nullptr;
    }
    bool operator()(const auto&) const { return false; }
};

}  // namespace

std::string lasting_part_of(const Remedy& remedy, const Step& step) {
    if (const auto* swap = std::get_if<SwapVersion>(&step)) {
        return version_of(swap->artifact);
    }
    if (const auto* drain = std::get_if<Drain>(&step)) {
        return rotation_of(drain->instance);
    }
    const bool adds = std::holds_alternative<Replace>(step) && adds_instances(remedy);
    return adds ? std::string(number_of_instances) : std::string();
}

std::string lasting_part_of(const Remedy& remedy) {
    if (const auto* rollback = std::get_if<Rollback>(&remedy)) {
        return version_of(rollback->artifact);
    }
    if (const auto* eject = std::get_if<Eject>(&remedy)) {
        return rotation_of(eject->instance);
    }
    return adds_instances(remedy) ? std::string(number_of_instances) : std::string();
}

/// A step of ours comes in the place of an earlier one like it.
void Lasting::replace_earlier(const Step& step) {
    const auto* swap = std::get_if<SwapVersion>(&step);
    std::erase_if(parts_, [&](const Part& part) {
        if (part.step.index() != step.index()) {
            return false;
        }
        return swap != nullptr ? std::get<SwapVersion>(part.step).artifact == swap->artifact
                               : *instance_of(part.step) == *instance_of(step);
    });
}

/// What was put back no longer lasts; of what was stopped nothing does.
void Lasting::end(const Step& ending) {
    std::erase_if(parts_, [&](const Part& part) {
        const InstanceId* instance = instance_of(part.step);
        const bool is_meant =
            std::holds_alternative<Stop>(ending) || std::holds_alternative<Drain>(part.step);
        return is_meant && instance != nullptr && *instance == *instance_of(ending);
    });
}

void Lasting::announce(const IncidentId& incident,
                       const EffectId& effect,
                       const Remedy& remedy,
                       const Step& step) {
    if (std::holds_alternative<Undrain>(step) || std::holds_alternative<Stop>(step)) {
        endings_.push_back({effect, step});
        if (endings_.size() > parts_max) {
            endings_.pop_front();
        }
        return;
    }
    std::string name = lasting_part_of(remedy, step);
    if (name.empty()) {
        return;
    }
    replace_earlier(step);
    parts_.push_back({std::move(name), incident, effect, step});
    if (parts_.size() > parts_max) {
        parts_.pop_front();
    }
}

void Lasting::settle(const EffectId& effect, OutcomeKind kind, bool is_read_back, Instant at) {
    const auto ending = std::ranges::find(endings_, effect, &Ending::effect);
    if (ending != endings_.end()) {
        if (kind == OutcomeKind::done) {
            end(ending->step);
        }
        if (kind != OutcomeKind::unknown || is_read_back) {
            endings_.erase(ending);
        }
        return;
    }
    const auto part = std::ranges::find(parts_, effect, &Part::effect);
    if (part == parts_.end()) {
        return;
    }
    if (kind == OutcomeKind::done) {
        part->since = at;
    } else if (kind == OutcomeKind::refused && !is_read_back) {
        parts_.erase(part);  // Whoever was asked has said so; a look may have come too early.
    } else if (is_read_back) {
        // It never happened, or somebody was faster than our look: nobody can tell the two apart.
        note_taken_back(*part, at);
    }
}

void Lasting::note_taken_back(const Part& part, Instant at) {
    taken_back_.push_back({part.name, at});
    if (taken_back_.size() > taken_back_max) {
        taken_back_.pop_front();
    }
}

void Lasting::see(const Facts& facts, Instant at) {
    std::erase_if(parts_, [&](const Part& part) {
        const bool is_taken_back =
            part.since && facts.read_at >= *part.since && std::visit(IsOtherwise{facts}, part.step);
        if (is_taken_back && at - *part.since <= taken_back_window) {
            note_taken_back(part, at);  // What stood for long has served; to change it is no fight.
        }
        return is_taken_back;
    });
}

void Lasting::see(const Change& change, Instant at) {
    const std::optional<Artifact> artifact = artifact_of(change.kind);
    if (!artifact || !change.is_first_hand || change.is_ours) {
        return;
    }
    std::erase_if(parts_, [&](const Part& part) {
        const auto* swap = std::get_if<SwapVersion>(&part.step);
        const bool is_taken_back = swap != nullptr && part.since && change.at > *part.since &&
                                   swap->artifact == *artifact && change.from == swap->to &&
                                   change.to != swap->to;
        if (is_taken_back && at - *part.since <= taken_back_window) {
            note_taken_back(part, at);  // What stood for long has served; to change it is no fight.
        }
        return is_taken_back;
    });
}

void Lasting::move_back(Duration by) {
    for (Part& part : parts_) {
        if (part.since) {
            *part.since -= by;
        }
    }
    for (TakenBack& one : taken_back_) {
        one.at -= by;
    }
}

std::uint32_t Lasting::taken_back_count(const std::string& part,
                                        const Facts& facts,
                                        Instant since) const {
    const auto before = std::ranges::count_if(
        taken_back_, [&](const TakenBack& one) { return one.part == part && one.at >= since; });
    const auto now = std::ranges::count_if(parts_, [&](const Part& one) {
        return one.name == part && one.since && *one.since >= since &&
               facts.read_at >= *one.since && std::visit(IsOtherwise{facts}, one.step);
    });
    return static_cast<std::uint32_t>(before + now);
}

std::vector<InstanceId> Lasting::drained_by(const IncidentId& incident) const {
    std::vector<InstanceId> instances;
    for (const Part& part : parts_) {
        const auto* drain = std::get_if<Drain>(&part.step);
        if (drain != nullptr && part.incident == incident) {
            instances.push_back(drain->instance);
        }
    }
    return instances;
}

}  // namespace homeostat::guard
