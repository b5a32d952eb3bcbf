// The rules about what there is to do at all: the closed catalogue, observe, the step, and whose
// it is.

#include "homeostat/domain/proposal.hpp"
#include "homeostat/guard/rules.hpp"
#include "homeostat/guard/rules_resize.hpp"
#include "homeostat/guard/rules_rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace homeostat::guard {

namespace {

using Answer = std::optional<Objection>;

bool holds(const std::vector<VersionId>& versions, const VersionId& version) {
    return std::ranges::find(versions, version) != versions.end();
}

Answer no(std::string because) {
    return Objection{.because = std::move(because)};
}

/// Is the remedy one of ours, for a target that exists?
struct InCatalogue {
    const Matter& matter;

    Answer operator()(const Observe&) const { return std::nullopt; }

    Answer operator()(const Eject& remedy) const {
        return matter.facts.has_edge ? of_instance(remedy.instance)
                                     : no("there is no edge to take it out of");
    }

    Answer operator()(const Readmit& remedy) const {
        return matter.asked.is_undo ? of_instance(remedy.instance)
                                    : no("nothing of ours has ejected it");
    }

    // The neighbour fails all instances alike: only a symptom of the whole service speaks for it.
    Answer operator()(const OpenCircuit& remedy) const {
        return matter.asked.symptom.subject.kind == SubjectKind::service
                   ? of_circuit(remedy.neighbour)
                   : no("the symptom is about " + matter.asked.symptom.subject.name + " alone");
    }

    Answer operator()(const CloseCircuit& remedy) const {
        return matter.asked.is_undo ? of_circuit(remedy.neighbour)
                                    : no("nothing of ours has opened it");
    }

    Answer operator()(const InvalidateCache& remedy) const { return of_cache(remedy.cache); }

    Answer operator()(const Reroute& remedy) const {
        const Answer answer = of_cache(remedy.cache);
        return answer ? answer : of_route(remedy.cache);
    }

    Answer operator()(const RouteBack& remedy) const {
        return matter.asked.is_undo ? of_route(remedy.cache)
                                    : no("nothing of ours has sent its reads elsewhere");
    }

    Answer operator()(const Restart& remedy) const { return of_instance(remedy.instance); }

    Answer operator()(const RollingRestart& remedy) const { return of_service(remedy.service); }

    Answer operator()(const Scale& remedy) const {
        if (Answer answer = of_service(remedy.service)) {
            return answer;
        }
        const std::size_t count = matter.facts.instances.size();
        if (remedy.to == remedy.from) {
            return no("it changes nothing");
        }
        if (remedy.to < remedy.from && !matter.asked.is_undo) {
            return no("only what was added may be taken away again");
        }
        const auto spares_count = static_cast<std::size_t>(std::ranges::count_if(
            matter.facts.spares, [](const InstanceFacts& one) { return one.runtime.is_spare; }));
        if (remedy.to > count + spares_count) {
            return no(fmt::format("there are {} spares", spares_count));
        }
        const bool has_begun = is_in_hand(matter) || matter.asked.is_undo;
        return has_begun || count == remedy.from
                   ? std::nullopt
                   : no(fmt::format("{} instances are wanted now", count));
    }

    Answer operator()(const Rollback& remedy) const {
        const VersionFacts& versions = matter.facts.versions[remedy.artifact];
        if (Answer answer = of_service(remedy.service)) {
            return answer;
        }
        if (remedy.from.empty() || remedy.to.empty() || remedy.from == remedy.to) {
            return no("it names no two versions");
        }
        // After our own first step the current version is `to`, and the instances still lag.
        const bool is_swapped = is_in_hand(matter) && versions.is_in_force(remedy.to, remedy.from);
        if (!versions.is_in_force(remedy.from, remedy.to) && !is_swapped) {
            return no(fmt::format("the current version is {}", versions.current.text()));
        }
        if (!holds(versions.present, remedy.to)) {
            return no("the version to return to is not there");
        }
        // What an undo returns to ran until our remedy came; it need not have proven itself.
        if (!matter.asked.is_undo && !holds(versions.good, remedy.to)) {
            return no("the version to return to has not proven itself");
        }
        return std::nullopt;
    }

    Answer operator()(const RunTask& remedy) const {
        return is_declared_for(remedy.of, matter.asked.symptom)
                   ? of_task(remedy.of)
                   : no("the symptom says nothing of what " + remedy.of.task.text() + " mends");
    }

    Answer operator()(const TakeBackTask& remedy) const {
        return matter.asked.is_undo ? of_task(remedy.of) : no("nothing of ours has run it");
    }

    Answer operator()(const PauseRollout& remedy) const { return objection_to(remedy, matter); }

    Answer operator()(const ResumeRollout& remedy) const { return objection_to(remedy, matter); }

    /// Declared now as it was when it was chosen: what else it would do by now nobody has weighed.
    [[nodiscard]] Answer of_task(const DeclaredTask& task) const {
        const TaskFacts* known = find_task(matter.facts, task.task);
        if (known == nullptr) {
            return passing("there is no such task, or its check does not answer", matter);
        }
        return known->of == task ? std::nullopt : no("it is declared otherwise by now");
    }

    Answer operator()(const Resize& remedy) const {
        const Answer answer = of_instance(remedy.instance);
        return answer ? answer : objection_to(remedy, matter);
    }

    [[nodiscard]] Answer of_instance(const InstanceId& instance) const {
        if (find_instance(matter.facts, instance) == nullptr) {
            return no("there is no such instance");
        }
        // What a remedy for the whole group has left of another one is put back all the same.
        const Subject& subject = matter.asked.symptom.subject;
        if (!matter.asked.is_undo && subject.kind == SubjectKind::instance &&
            subject.name != instance.text()) {
            return no("the symptom is about " + subject.name);
        }
        return std::nullopt;
    }

    [[nodiscard]] Answer of_circuit(const ServiceId& neighbour) const {
        const bool is_there =
            matter.facts.has_edge && find_circuit(matter.facts, neighbour) != nullptr;
        return is_there ? std::nullopt : no("no circuit is declared for it, or the edge has none");
    }

    /// What a cache holds is thrown away for being stale, and for nothing else.
    [[nodiscard]] Answer of_cache(const CacheId& cache) const {
        const Symptom& symptom = matter.asked.symptom;
        if (symptom.kind != SymptomKind::stale_cache || symptom.subject.name != cache.text()) {
            return no("the symptom says nothing of the copies in " + cache.text());
        }
        return find_cache(matter.facts, cache) != nullptr ? std::nullopt
                                                          : no("no such cache is declared");
    }

    [[nodiscard]] Answer of_route(const CacheId& cache) const {
        const bool is_there = matter.facts.has_edge && find_route(matter.facts, cache) != nullptr;
        return is_there ? std::nullopt : no("no reroute is declared for it, or the edge has none");
    }

    [[nodiscard]] Answer of_service(const ServiceId& service) const {
        return service == matter.facts.service ? std::nullopt : no("that service is not ours");
    }
};

/// A reflex is one remedy for one symptom, and needs no opinion for it.
bool is_proper_reflex(const Case& asked) {
    return is_reflex(asked.symptom, asked.remedy) && !asked.is_undo;
}

/// What a remedy of this incident took out of rotation, before it was given up, may come back.
bool puts_back(const Matter& matter) {
    const auto* readmit = std::get_if<Readmit>(&matter.asked.remedy);
    if (readmit == nullptr) {
        return false;
    }
    const auto drained = matter.history.lasting().drained_by(matter.asked.incident);
    return std::ranges::find(drained, readmit->instance) != drained.end();
}

/// An undo reverts what this incident did last or what it holds, once.
bool is_proper_undo(const Matter& matter) {
    if (is_in_hand(matter) || puts_back(matter)) {
        return true;
    }
    const IncidentMemory* memory = matter.history.find(matter.asked.incident);
    const auto reverts = [&](const std::optional<Remedy>& done) {
        return done && inverse_of(*done) == matter.asked.remedy;
    };
    return memory != nullptr && (reverts(memory->remedy_last) || reverts(memory->remedy_held));
}

/// Does the step serve the remedy, and is its target as the step expects it?
struct StepFits {
    const Matter& matter;

    Answer operator()(const SwapVersion& step) const {
        const auto* remedy = std::get_if<Rollback>(&matter.asked.remedy);
        if (remedy == nullptr || step.service != remedy->service || step.from != remedy->from ||
            step.to != remedy->to || step.artifact != remedy->artifact) {
            return no("the remedy swaps no such versions");
        }
        if (!matter.facts.versions[step.artifact].is_in_force(step.from, step.to)) {
            return no("the current version is not the one to swap");
        }
        return std::nullopt;
    }

    Answer operator()(const Drain& step) const {
        const InstanceFacts* target = find_instance(matter.facts, step.instance);
        const bool is_stopped_after = takes_away() && target != nullptr && target->runtime.is_spare;
        if (!replaces() && kind_of(matter.asked.remedy) != RemedyKind::eject && !is_stopped_after) {
            return no("the remedy drains nothing");
        }
        return with_rotation(step.instance, Rotation::in, "it is not in rotation");
    }

    Answer operator()(const Undrain& step) const {
        if (!replaces() && !adds() && kind_of(matter.asked.remedy) != RemedyKind::readmit) {
            return no("the remedy gives nothing back");
        }
        return with_rotation(step.instance, Rotation::draining, "it is not drained");
    }

    Answer operator()(const Replace& step) const {
        if (!replaces() && !adds()) {
            return no("the remedy replaces nothing");
        }
        const InstanceFacts* target = target_to_start(step.instance);
        if (target == nullptr) {
            return no("the remedy is not about that instance");
        }
        const RuntimeInstance& runtime = target->runtime;
        const ProcessIdentity present = runtime.present();
        if (step.expected != present) {
            return no(fmt::format("{} is expected, {} is there", describe(step.expected),
                                  describe(present)));
        }
        const PerArtifact<VersionFacts>& versions = matter.facts.versions;
        if (step.version != versions.deploy.current || step.config != versions.config.current) {
            return no("it would not start the current version");
        }
        const auto* rollback = std::get_if<Rollback>(&matter.asked.remedy);
        if (rollback != nullptr && versions[rollback->artifact].current != rollback->to) {
            return no("the version is not swapped yet");
        }
        return std::nullopt;
    }

    Answer operator()(const SetCircuit& step) const {
        const Remedy wanted = step.is_open ? Remedy{OpenCircuit{step.neighbour}}
                                           : Remedy{CloseCircuit{step.neighbour}};
        if (matter.asked.remedy != wanted) {
            return no("the remedy turns no such switch");
        }
        const CircuitFacts* circuit = find_circuit(matter.facts, step.neighbour);
        const bool is_other_way = circuit != nullptr && circuit->is_open != step.is_open;
        return is_other_way ? std::nullopt : no("the circuit does not stand the other way");
    }

    Answer operator()(const SetRoute& step) const {
        const Remedy wanted =
            step.is_to_source ? Remedy{Reroute{step.cache}} : Remedy{RouteBack{step.cache}};
        if (matter.asked.remedy != wanted) {
            return no("the remedy turns no such route");
        }
        const RouteFacts* route = find_route(matter.facts, step.cache);
        if (route == nullptr || route->is_to_source == step.is_to_source) {
            return no("the reads do not go the other way");
        }
        return step.is_to_source && !route->is_source_answering()
                   ? no("the source does not answer its checks")
                   : std::nullopt;
    }

    Answer operator()(const Invalidate& step) const {
        const Remedy& remedy = matter.asked.remedy;
        if (remedy != Remedy{InvalidateCache{step.cache}} &&
            remedy != Remedy{Reroute{step.cache}}) {
            return no("the remedy drops no keys of that cache");
        }
        const CacheFacts* cache = find_cache(matter.facts, step.cache);
        const bool is_stale = cache != nullptr && cache->is_answering &&
                              cache->is_source_answering && cache->stale_count > 0;
        return is_stale ? std::nullopt : no("no copy in the cache is seen to be stale");
    }

    Answer operator()(const Run& step) const {
        const TaskFacts* task = find_task(matter.facts, step.task);
        const RemedyKind kind = step.is_inverse ? RemedyKind::take_back_task : RemedyKind::run_task;
        const DeclaredTask* wanted = task_of(matter.asked.remedy);
        if (task == nullptr || wanted == nullptr || kind_of(matter.asked.remedy) != kind ||
            wanted->task != step.task || wanted->declaration != step.declaration ||
            wanted->keeps_capacity != step.keeps_capacity) {
            return no("the remedy runs no such task");
        }
        if (!step.is_inverse && task->is_well) {
            return no("its check finds nothing to do for it");
        }
        // Once its first effect is announced it may have happened, whatever became of it.
        if (is_in_hand(matter) && task->of.is_destructive) {
            return no("it was run already, and what destroys is done once for one yes");
        }
        return is_in_hand(matter) && !task->of.is_repeatable
                   ? no("it was run already, and is not declared to bear it twice")
                   : std::nullopt;
    }

    Answer operator()(const SetMemory& step) const { return objection_to(step, matter); }

    Answer operator()(const SetPaused& step) const { return objection_to(step, matter); }

    /// Such a remedy also drains what it replaces, and puts it back.
    [[nodiscard]] bool replaces() const {
        const RemedyKind kind = kind_of(matter.asked.remedy);
        const auto* rollback = std::get_if<Rollback>(&matter.asked.remedy);
        return kind == RemedyKind::restart || kind == RemedyKind::rolling_restart ||
               (rollback != nullptr && is_started_with(rollback->artifact));
    }

    Answer operator()(const Stop& step) const {
        const InstanceFacts* target = target_for(step.instance);
        if (!takes_away() || target == nullptr || !target->runtime.is_spare) {
            return no("the remedy stops no such instance");
        }
        const RuntimeInstance& runtime = target->runtime;
        const ProcessIdentity present = runtime.present();
        if (step.expected != present) {
            return no(fmt::format("{} is expected, {} is there", describe(step.expected),
                                  describe(present)));
        }
        const auto& remedy = std::get<Scale>(matter.asked.remedy);
        return matter.facts.instances.size() > remedy.to
                   ? std::nullopt
                   : no("no more are wanted than the remedy leaves");
    }

    [[nodiscard]] bool takes_away() const {
        const auto* scale = std::get_if<Scale>(&matter.asked.remedy);
        return scale != nullptr && scale->to < scale->from;
    }

    [[nodiscard]] bool adds() const {
        const auto* scale = std::get_if<Scale>(&matter.asked.remedy);
        return scale != nullptr && scale->to > scale->from;
    }

    /// Of a scale: a spare, or one of those that it has started.
    [[nodiscard]] const InstanceFacts* target_to_start(const InstanceId& instance) const {
        const InstanceFacts* wanted = target_for(instance);
        const auto* scale = std::get_if<Scale>(&matter.asked.remedy);
        if (scale == nullptr) {
            return wanted;
        }
        if (wanted != nullptr) {
            return wanted->runtime.is_spare && !wanted->runtime.is_alive ? wanted : nullptr;
        }
        const bool has_room = matter.facts.instances.size() < scale->to;
        const InstanceFacts* spare = has_room ? find_spare(matter.facts, instance) : nullptr;
        return spare != nullptr && spare->runtime.is_spare ? spare : nullptr;
    }

    [[nodiscard]] Answer with_rotation(const InstanceId& instance,
                                       Rotation wanted,
                                       std::string otherwise) const {
        const InstanceFacts* target = target_for(instance);
        if (target == nullptr) {
            return no("the remedy is not about that instance");
        }
        const bool fits = matter.facts.has_edge && target->rotation == wanted;
        return fits ? std::nullopt : no(std::move(otherwise));
    }

    /// Null unless the remedy may touch the instance. That the service is ours is settled before.
    [[nodiscard]] const InstanceFacts* target_for(const InstanceId& instance) const {
        const InstanceId* named = instance_of(matter.asked.remedy);
        const bool is_named = named == nullptr || *named == instance;
        return is_named ? find_instance(matter.facts, instance) : nullptr;
    }
};

}  // namespace

namespace rule {

std::optional<Objection> catalogue(const Matter& matter) {
    if (matter.facts.instances.empty()) {
        return no("the group is empty: that means nothing, not everything");
    }
    if (matter.asked.is_reflex && !is_proper_reflex(matter.asked)) {
        return no("a reflex restarts what ended or ejects what is slow, and does nothing else");
    }
    if (matter.asked.is_undo && !is_proper_undo(matter)) {
        return no("it does not revert what this incident did last or holds");
    }
    const bool is_temporary = traits_of(kind_of(matter.asked.remedy)).is_temporary;
    if (matter.asked.is_contained && is_temporary && !matter.asked.is_undo) {
        return no("something is held already: what is temporary as well is no cure");
    }
    return std::visit(InCatalogue{matter}, matter.asked.remedy);
}

std::optional<Objection> observe(const Matter& matter) {
    if (std::holds_alternative<Observe>(matter.asked.remedy)) {
        return Objection{.kind = VerdictKind::escalation,
                         .because = "the choice is to do nothing, and the symptom is there"};
    }
    return std::nullopt;
}

std::optional<Objection> step(const Matter& matter) {
    if (matter.step == nullptr) {
        return std::nullopt;
    }
    if (matter.effect->empty() || matter.history.is_effect_known(*matter.effect)) {
        return no(fmt::format("the effect id '{}' is not a fresh one", matter.effect->text()));
    }
    return std::visit(StepFits{matter}, *matter.step);
}

std::optional<Objection> own_drain(const Matter& matter) {
    const auto* undrain = matter.step != nullptr ? std::get_if<Undrain>(matter.step) : nullptr;
    const InstanceFacts* target =
        undrain != nullptr ? find_instance(matter.facts, undrain->instance) : nullptr;
    if (target == nullptr || matter.history.drains().is_ours(*target)) {
        return std::nullopt;
    }
    return Objection{
        .kind = VerdictKind::escalation,
        .because = undrain->instance.text() + " was drained by a person, as far as can be told"};
}

}  // namespace rule
}  // namespace homeostat::guard
