// The rules about a rollout that is let stand.
//
// It may stand while it is under way, what it brings is what is ill, and enough of the old serve
// on; somebody else's pause is theirs. It goes on only where we let it stand, and only while what
// it brings answers, unless something else is rolled out by now, which our pause would keep from
// coming: by the clock alone it never does (ADR 34).

#include "homeostat/guard/rules_rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace homeostat::guard {

namespace {

using Answer = std::optional<Objection>;

Answer no(std::string because) {
    return Objection{.because = std::move(because)};
}

bool is_of(const InstanceFacts& instance, const VersionId& version) {
    return instance.runtime.version == version;
}

std::uint32_t old_serving_count(const Facts& facts, const VersionId& version) {
    const auto count = std::ranges::count_if(facts.instances, [&](const InstanceFacts& instance) {
        return !is_of(instance, version) && instance.is_serving(facts.has_edge);
    });
    return static_cast<std::uint32_t>(count);
}

/// One of the old ones alone is ill: to let the rollout stand would keep it.
bool is_about_old(const Matter& matter, const VersionId& version) {
    const Subject& subject = matter.asked.symptom.subject;
    const InstanceFacts* instance = subject.kind == SubjectKind::instance
                                        ? find_instance(matter.facts, InstanceId(subject.name))
                                        : nullptr;
    return instance != nullptr && instance->runtime.is_alive && !is_of(*instance, version);
}

/// Every instance of the version lives and answers, and there is one.
bool is_answering(const Facts& facts, const VersionId& version) {
    std::size_t count = 0;
    for (const InstanceFacts& instance : facts.instances) {
        if (is_of(instance, version)) {
            count += 1;
            if (!instance.runtime.is_alive || !instance.runtime.is_answering) {
                return false;
            }
        }
    }
    return count > 0;
}

}  // namespace

Answer objection_to(const PauseRollout& remedy, const Matter& matter) {
    const Facts& facts = matter.facts;
    if (remedy.service != facts.service) {
        return no("that service is not ours");
    }
    if (!facts.rollout) {
        return no("nobody rolls out what could be let stand");
    }
    if (remedy.version.empty() || facts.versions.deploy.current != remedy.version) {
        return no("it is not the version that is rolled out");
    }
    if (is_in_hand(matter)) {
        return std::nullopt;
    }
    if (facts.rollout->is_paused) {
        return no("the rollout is paused already");
    }
    if (!facts.rollout->is_under_way) {
        return no("no rollout is under way");
    }
    if (is_about_old(matter, remedy.version)) {
        return no(matter.asked.symptom.subject.name + " is none that the rollout has brought");
    }
    const std::uint32_t old_count = old_serving_count(facts, remedy.version);
    const std::uint32_t needed = std::max(matter.limits.min_healthy, 1U);
    return old_count >= needed
               ? std::nullopt
               : std::optional(passing(fmt::format("{} of the old instances serve, at least {} "
                                                   "have to",
                                                   old_count, needed),
                                       matter));
}

Answer objection_to(const ResumeRollout& remedy, const Matter& matter) {
    if (!matter.asked.is_undo) {
        return no("nothing of ours has paused it");
    }
    if (remedy.service != matter.facts.service) {
        return no("that service is not ours");
    }
    if (matter.facts.versions.deploy.current != remedy.version) {
        return std::nullopt;  // Nothing more of it would come.
    }
    return is_answering(matter.facts, remedy.version)
               ? std::nullopt
               : std::optional(passing("not all that it has brought answer", matter));
}

Answer objection_to(const SetPaused& step, const Matter& matter) {
    const Remedy wanted = step.is_paused ? Remedy{PauseRollout{step.service, step.version}}
                                         : Remedy{ResumeRollout{step.service, step.version}};
    if (matter.asked.remedy != wanted) {
        return no("the remedy turns no such switch");
    }
    const Facts& facts = matter.facts;
    if (!facts.rollout || (step.is_paused && facts.versions.deploy.current != step.version)) {
        return no("it is not the version that is rolled out");
    }
    const bool is_other_way =
        step.is_paused ? !facts.rollout->is_paused : facts.rollout->is_paused_by_us();
    return is_other_way ? std::nullopt
                        : no(step.is_paused ? "the rollout is paused already"
                                            : "it is not paused, or not by us");
}

}  // namespace homeostat::guard
