// What the desk lets an agent of some instances say, and what of it counts.

#include "homeostat/adapters/roles/letter_desk.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::adapters::roles {

namespace {

using namespace std::chrono_literals;

/// Where several may see a symptom all of them must have had the time to say so. Counted from the
/// first letter that was taken: a desk is made long before its door opens, behind locks and lists.
constexpr Duration all_are_heard_within = 5s;
constexpr Duration look_at_slots_every = 1s;

}  // namespace

Coverage LetterDesk::coverage_of(const Scope& scope) const {
    if (scope.is_whole()) {
        return {.is_whole = true};
    }
    return {.is_whole = false,
            .instances =
                settings_.instances_at ? settings_.instances_at(scope) : std::vector<InstanceId>{},
            .sees_ends = scope.kind == ScopeKind::instance};
}

bool LetterDesk::may_speak(const std::string& voice, const Symptom& symptom) const {
    const auto found = heard_.find(voice);
    return found != heard_.end() && coverage_of(found->second.scope).covers(symptom);
}

/// Why an agent of some instances may not say that; empty: it may.
std::string LetterDesk::objection_to(const Speaker& speaker, const Proposal& proposal) const {
    if (!speaker.covers.covers(proposal.symptom)) {
        return "it speaks of " + describe(speaker.scope) + " alone";
    }
    const auto is_beyond = [&](const Remedy& remedy) {
        const InstanceId* target = instance_of(remedy);
        const bool is_its_own = target != nullptr && speaker.covers.has(*target);
        return !speaker.covers.is_whole && !is_its_own && kind_of(remedy) != RemedyKind::observe;
    };
    const bool is_beyond_it =
        is_beyond(proposal.choice.remedy) ||
        std::ranges::any_of(proposal.menu.items, is_beyond, &MenuItem::remedy);
    return is_beyond_it ? "it offers what touches more than " + describe(speaker.scope) : "";
}

/// An opinion on an incident is wanted of who may speak of what that is about; so is a word of what
/// is seen again.
std::optional<Standing> LetterDesk::standing_for(const Speaker& speaker,
                                                 const Symptom& symptom) const {
    std::optional<Standing> standing = executor_.standing(symptom);
    const bool is_asked_for = standing && (standing->wants_proposal || standing->unseen);
    if (is_asked_for && !speaker.covers.is_whole) {
        const std::optional<Symptom> about =
            settings_.symptom_of ? settings_.symptom_of(standing->incident) : std::nullopt;
        if (!about || !speaker.covers.covers(*about)) {
            standing->wants_proposal = false;
            standing->unseen.reset();
        }
    }
    return standing;
}

/// It says so again several times a second, for as long as the incident is open.
Task<void> LetterDesk::clear(Speaker speaker, Clear said, Reply& reply) {
    if (!speaker.covers.covers(said.symptom)) {
        reply.refused =
            Refusal{Fault::refused, "it speaks of " + describe(speaker.scope) + " alone"};
        co_return;
    }
    const bool has_gone = voices_.says_gone(
        speaker.voice, said.symptom, [this](const std::string& voice, const Symptom& symptom) {
            return may_speak(voice, symptom);
        });
    const bool are_several = settings_.agents.size() > 1 || hears_some_;
    const bool are_all_heard = !are_several || clock_.now() - *heard_since_ >= all_are_heard_within;
    if (has_gone && are_all_heard) {
        co_await executor_.clear(std::move(said.symptom));
    }
}

/// Where no pod stands and none is wanted there is nothing that could be ill, and no agent that
/// could say so. Its own inventory says that, and nobody's silence.
Task<void> LetterDesk::clear_where_nobody_stands() {
    const Instant now = clock_.now();
    const bool is_time = !looked_at_slots_ || now - *looked_at_slots_ >= look_at_slots_every;
    if (!hears_some_ || !is_time) {
        co_return;
    }
    looked_at_slots_ = now;
    const std::vector<Place> places = settings_.places();
    const std::vector<Symptom> open = executor_.open_symptoms();
    for (const Symptom& symptom : open) {
        const bool is_nowhere = std::ranges::any_of(places, [&](const Place& place) {
            return symptom.subject.kind == SubjectKind::instance &&
                   place.instance.text() == symptom.subject.name && place.pod.empty() &&
                   !place.is_wanted;
        });
        if (is_nowhere) {
            co_await executor_.clear(symptom);
        }
    }
}

}  // namespace homeostat::adapters::roles
