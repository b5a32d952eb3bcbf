// The rules about an instance's memory.
//
// More is for one that the executor itself sees to have reached its limit, and no more than is
// declared. Less is only what was added, while the limit is ours: what did not help, and what there
// is no room for (ADR 29).

#include "homeostat/guard/rules_resize.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace homeostat::guard {

namespace {

using Answer = std::optional<Objection>;

Answer no(std::string because) {
    return Objection{.because = std::move(because)};
}

bool is_its(const Resize& remedy, const SetMemory& step) {
    return step.from_bytes == remedy.from_bytes && step.to_bytes == remedy.to_bytes;
}

/// What there is no room for is taken back by the remedy itself.
bool is_its_way_back(const Resize& remedy, const SetMemory& step, const Matter& matter) {
    return is_in_hand(matter) && remedy.to_bytes > remedy.from_bytes &&
           step.from_bytes == remedy.to_bytes && step.to_bytes == remedy.from_bytes;
}

/// What a person or another resizer wants by now is not what the remedy has left.
Answer objection_to_less(const Resize& remedy, const MemoryFacts& memory, const Matter& matter) {
    if (!matter.asked.is_undo) {
        return no("only what was added may be taken away again");
    }
    return is_in_hand(matter) || memory.limit_bytes == remedy.from_bytes
               ? std::nullopt
               : no(memory_text(memory.limit_bytes) + " are wanted for it now");
}

}  // namespace

Answer objection_to(const Resize& remedy, const Matter& matter) {
    const auto& memory = find_instance(matter.facts, remedy.instance)->runtime.memory;
    if (!memory) {
        return no("nobody says how much memory it may use, or that is not ours to change");
    }
    if (remedy.to_bytes == remedy.from_bytes) {
        return no("it changes nothing");
    }
    if (remedy.to_bytes < remedy.from_bytes) {
        return objection_to_less(remedy, *memory, matter);
    }
    if (remedy.to_bytes > memory->limit_bytes_max) {
        return no(memory_text(memory->limit_bytes_max) + " is the most that may be asked for");
    }
    if (is_in_hand(matter) || matter.asked.is_undo) {
        return std::nullopt;
    }
    if (memory->limit_bytes != remedy.from_bytes) {
        return no(memory_text(memory->limit_bytes) + " are wanted for it now");
    }
    return memory->was_killed ? std::nullopt
                              : no("it was not ended for reaching the limit of its memory");
}

Answer objection_to(const SetMemory& step, const Matter& matter) {
    const auto* resize = std::get_if<Resize>(&matter.asked.remedy);
    if (resize == nullptr || resize->instance != step.instance ||
        (!is_its(*resize, step) && !is_its_way_back(*resize, step, matter))) {
        return no("the remedy sets no such limit");
    }
    const InstanceFacts* target = find_instance(matter.facts, step.instance);
    if (target == nullptr || step.pod.empty() || target->runtime.identity.pod != step.pod) {
        return no("another pod stands there");
    }
    const std::optional<MemoryFacts>& memory = target->runtime.memory;
    if (!memory || memory->limit_bytes != step.from_bytes) {
        return no("another limit is wanted for it");
    }
    if (step.to_bytes < step.from_bytes && memory->effect.empty()) {
        return no("the limit is somebody else's");
    }
    return !is_its(*resize, step) && memory->is_in_force ? no("there is room for it")
                                                         : std::nullopt;
}

}  // namespace homeostat::guard
