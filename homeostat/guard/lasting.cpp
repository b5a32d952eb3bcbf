#include "homeostat/guard/lasting.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/guard/limits.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace homeostat::guard {

namespace {

constexpr std::string_view number_of_instances = "the number of instances";
constexpr std::string_view pause_of_rollout = "the pause of the rollout";

std::string version_of(Artifact artifact) {
    return "the " + std::string(to_text(artifact)) + " version";
}

std::string rotation_of(const InstanceId& instance) {
    return "the rotation of " + instance.text();
}

std::string memory_of(const InstanceId& instance) {
    return "the memory of " + instance.text();
}

bool adds_instances(const Remedy& remedy) {
    const auto* scale = std::get_if<Scale>(&remedy);
    return scale != nullptr && scale->to > scale->from;
}

/// Whether `facts` show that it is not, or no more, as `step` left it. Silence shows nothing.
struct IsOtherwise {
    const Facts& facts;

    bool operator()(const SwapVersion& step) const {
        const VersionFacts& versions = facts.versions[step.artifact];
        return !versions.current.empty() && !versions.is_in_force(step.to, step.from);
    }
    bool operator()(const Drain& step) const {
        const InstanceFacts* target = find_instance(facts, step.instance);
        return target != nullptr && target->rotation == Rotation::in;
    }
    bool operator()(const Replace& step) const {
        return find_spare(facts, step.instance) != nullptr;
    }
    /// In another pod it is as its template says: nobody took anything back.
    bool operator()(const SetMemory& step) const {
        const InstanceFacts* target = find_instance(facts, step.instance);
        return target != nullptr && target->runtime.identity.pod == step.pod &&
               target->runtime.memory && target->runtime.memory->limit_bytes != step.to_bytes;
    }
    /// Of another version nobody let go on what we let stand.
    bool operator()(const SetPaused& step) const {
        return facts.rollout && facts.versions.deploy.current == step.version &&
               !facts.rollout->is_paused_by_us();
    }
    bool operator()(const auto&) const { return false; }
};

bool is_about_rollout(const Step& step) {
    return std::holds_alternative<SetPaused>(step);
}

/// Lets a rollout go on again.
bool resumes(const Step& step) {
    const auto* rollout = std::get_if<SetPaused>(&step);
    return rollout != nullptr && !rollout->is_paused;
}

}  // namespace

std::string lasting_part_of(const Remedy& remedy, const Step& step) {
    if (const auto* swap = std::get_if<SwapVersion>(&step)) {
        return version_of(swap->artifact);
    }
    if (const auto* drain = std::get_if<Drain>(&step)) {
        return rotation_of(drain->instance);
    }
    if (const auto* memory = std::get_if<SetMemory>(&step)) {
        return memory_of(memory->instance);
    }
    if (is_about_rollout(step)) {
        return resumes(step) ? std::string() : std::string(pause_of_rollout);
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
    if (const auto* resize = std::get_if<Resize>(&remedy)) {
        return memory_of(resize->instance);
    }
    if (std::holds_alternative<PauseRollout>(remedy)) {
        return std::string(pause_of_rollout);
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
        return swap != nullptr
                   ? std::get<SwapVersion>(part.step).artifact == swap->artifact
                   : is_about_rollout(step) || *instance_of(part.step) == *instance_of(step);
    });
}

/// What is put back will no longer last; of what is stopped nothing will.
bool Lasting::is_meant(const Step& ending, const Part& part) {
    if (resumes(ending)) {
        return is_about_rollout(part.step);
    }
    const InstanceId* instance = instance_of(part.step);
    const bool is_of_kind =
        std::holds_alternative<Stop>(ending) ||
        (std::holds_alternative<SetMemory>(ending) ? std::holds_alternative<SetMemory>(part.step)
                                                   : std::holds_alternative<Drain>(part.step));
    return is_of_kind && instance != nullptr && *instance == *instance_of(ending);
}

void Lasting::announce_ending(const EffectId& effect, const Step& step) {
    for (Part& part : parts_) {
        if (is_meant(step, part)) {
            part.ended_by = effect;
        }
    }
    endings_.push_back({effect, step});
    if (endings_.size() > parts_max) {
        endings_.pop_front();
    }
}

void Lasting::announce(const IncidentId& incident,
                       const EffectId& effect,
                       const Remedy& remedy,
                       const Step& step) {
    const auto* memory = std::get_if<SetMemory>(&step);
    const bool lowers = memory != nullptr && memory->to_bytes < memory->from_bytes;
    if (std::holds_alternative<Undrain>(step) || std::holds_alternative<Stop>(step) || lowers ||
        resumes(step)) {
        announce_ending(effect, step);
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

void Lasting::settle_ending(const Ending& ending, OutcomeKind kind, bool is_read_back) {
    if (kind == OutcomeKind::done) {
        std::erase_if(parts_, [&](const Part& part) { return is_meant(ending.step, part); });
    }
    if (kind == OutcomeKind::refused && !is_read_back) {
        for (Part& part : parts_) {
            part.ended_by = part.ended_by == ending.effect ? EffectId{} : part.ended_by;
        }
    }
}

void Lasting::settle(const EffectId& effect, OutcomeKind kind, bool is_read_back, Instant at) {
    const auto ending = std::ranges::find(endings_, effect, &Ending::effect);
    if (ending != endings_.end()) {
        settle_ending(*ending, kind, is_read_back);
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

void Lasting::outlive() {
    for (Part& part : parts_) {
        part.may_be_unborn = part.may_be_unborn || !part.since;
    }
}

void Lasting::note_taken_back(const Part& part, Instant at) {
    taken_back_.push_back({part.name, at, part.since || !part.may_be_unborn});
    if (taken_back_.size() > taken_back_max) {
        taken_back_.pop_front();
    }
}

bool Lasting::is_gone(const Part& part, const Facts& facts) {
    return part.since && facts.read_at >= *part.since && std::visit(IsOtherwise{facts}, part.step);
}

/// Of flags a change may be about others than those that went back: what it says is not enough.
bool Lasting::is_gone(const Part& part, const Change& change) {
    const auto* swap = std::get_if<SwapVersion>(&part.step);
    return swap != nullptr && part.since && change.at > *part.since &&
           swap->artifact == artifact_of(change.kind) && change.from == swap->to &&
           change.to != swap->to && (is_started_with(swap->artifact) || change.to == swap->from);
}

/// Of what one incident has left, one taking back is counted for all that stands by then.
void Lasting::see_gone(const auto& seen, Instant at) {
    for (Part& part : parts_) {
        // What stood for long has served; to change it is no fight.
        const bool is_fight = is_gone(part, seen) && at - *part.since <= taken_back_window;
        if (!is_fight || part.is_excused || !part.ended_by.empty()) {
            continue;
        }
        note_taken_back(part, at);
        for (Part& other : parts_) {
            const bool is_of_same = other.name == part.name && other.incident == part.incident;
            other.is_excused = other.is_excused || (is_of_same && other.since);
        }
    }
    std::erase_if(parts_, [&](const Part& part) { return is_gone(part, seen); });
}

void Lasting::see(const Facts& facts, Instant at) {
    see_gone(facts, at);
}

void Lasting::see(const Change& change, Instant at) {
    if (artifact_of(change.kind) && change.is_first_hand && !change.is_ours) {
        see_gone(change, at);
    }
}

void Lasting::move_back(Duration by) {
    for (Part& part : parts_) {
        if (part.since) {
            *part.since -= by;
        }
        // A link outlasts a reboot. An edge forgets whom it drained, and a spare is not started.
        part.is_excused = part.is_excused || !std::holds_alternative<SwapVersion>(part.step);
    }
    for (TakenBack& one : taken_back_) {
        one.at -= by;
    }
}

std::uint32_t Lasting::taken_back_count(const std::string& part,
                                        const Facts& facts,
                                        Instant since) const {
    std::size_t unborn_count = 0;
    std::size_t certain_count = 0;
    for (const TakenBack& one : taken_back_) {
        if (one.part == part && one.at >= since) {
            (one.is_certain ? certain_count : unborn_count) += 1;
        }
    }
    std::set<IncidentId> losers;  // By what the facts show and nobody has learnt yet.
    for (const Part& one : parts_) {
        const bool counts = one.name == part && !one.is_excused && one.ended_by.empty();
        if (counts && is_gone(one, facts) && *one.since >= since) {
            losers.insert(one.incident);
        }
    }
    certain_count += losers.size();
    return static_cast<std::uint32_t>(certain_count == 0 ? 0 : certain_count + unborn_count);
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
