// What the executor knows: its open threads, and what it learned from the ledger. Awaits nothing.

#include "homeostat/domain/dropped.hpp"
#include "homeostat/heal/earlier_boots.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/healing_put_off.hpp"
#include "homeostat/heal/healing_rollout.hpp"
#include "homeostat/heal/open_incidents.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::heal {

namespace {

/// The agent goes on seeing a symptom for some seconds after it has ended (detect's clear_after).
constexpr Duration symptom_ends_within = std::chrono::seconds{5};

/// More than may be to blame for anything that is seen now.
constexpr std::size_t changes_before_max = 32;

bool waits_for_a_person(std::string_view node) {
    return node == "stand_by" || node == "ask" || node == "parked";
}

/// Nothing where nobody has to sign, or where the form is not made yet.
std::optional<ToSignView> to_sign(const SignatureDesk& desk, const IncidentId& incident) {
    const SignedLeave* open = desk.find(incident);
    if (open == nullptr) {
        return std::nullopt;
    }
    ToSignView view{.text = text_of(open->form),
                    .quorum = desk.approvers().quorum_for(kind_of(open->form.remedy)),
                    .expires_at = open->form.expires_at};
    for (const ApprovalSignature& one : open->signatures) {
        view.agreed.push_back(one.approver);
    }
    return view;
}

/// What was slow has ended since. To take it out of rotation ends nothing.
bool ends_what_was_slow(const Symptom& open, const Symptom& symptom) {
    return symptom.kind == SymptomKind::instance_down && open.kind != symptom.kind;
}

/// What an operator's task mends is a fault of its own: it explains no other, and no other explains
/// it. Only a process that is down may be the task's doing.
bool is_fault_of_its_own(const Symptom& open, const Symptom& symptom) {
    const bool is_of_task =
        open.kind == SymptomKind::check_failing || symptom.kind == SymptomKind::check_failing;
    return is_of_task && open.subject != symptom.subject &&
           symptom.kind != SymptomKind::instance_down;
}

/// Why what stands for a ledger's dropped beginning cannot be read; left alone where it can.
void note_unreadable(const Entry& entry, std::string& trouble) {
    const bool is_dropped = entry.kind == EntryKind::dropped;
    const Result<DroppedBody> body =
        is_dropped ? from_json<DroppedBody>(entry.body) : Result<DroppedBody>(DroppedBody{});
    trouble = body ? trouble : body.error().text;
}

}  // namespace

// --- what is known -------------------------------------------------------------------------------

/// A remedy ends processes itself: one that is down where its latest step was, is its own affair.
/// One that waits for its first, for a sink say, has ended none.
bool ExecutorRole::explains(const HealingThread& thread, const Symptom& down) const {
    const std::string node = node_of(thread);
    if (node != "act" && node != "verify") {
        return false;
    }
    const guard::IncidentMemory* memory = history_.find(IncidentId(thread.id));
    return memory != nullptr && memory->step_last &&
           may_touch(*memory->step_last, InstanceId(down.subject.name));
}

/// Of an incident that a reflex deals with: whether a symptom of the same subject is its own.
bool ExecutorRole::is_about(const HealingThread& thread, const Symptom& symptom) const {
    const Symptom& open = incident_of(thread).proposal.symptom;
    return open.subject == symptom.subject &&
           (!ends_what_was_slow(open, symptom) || explains(thread, symptom));
}

/// Whether a judged incident may be the one that the symptom belongs to.
bool ExecutorRole::may_account_for(const HealingThread& thread, const Symptom& symptom) const {
    const IncidentState& state = incident_of(thread);
    if (is_fault_of_its_own(state.proposal.symptom, symptom)) {
        return false;
    }
    const std::string node = node_of(thread);
    const bool is_for_long = ports_.clock.now() - state.node_since > symptom_ends_within;
    // What is held has helped: a symptom that is there later is another one. Only a cache stays as
    // stale as it was while its readers go round it, and what a rollout has brought so far as ill.
    const bool is_seen_on =
        symptom.kind == SymptomKind::stale_cache ||
        (node::lets_stand(state) && state.proposal.symptom.kind == symptom.kind);
    const bool is_lasting = is_seen_on && state.proposal.symptom.subject == symptom.subject;
    const bool has_helped = node == "hold" && !(state.held && state.held->is_residue);
    const bool is_old_hold = has_helped && is_for_long && !is_lasting;
    // A person was called or is asked, or guard goes on refusing. Where nothing was done for it, it
    // explains no other kind of symptom; nor does what nobody goes on with.
    const bool is_at_rest = waits_for_a_person(node) || (node == "guard" && is_for_long);
    const bool is_left_alone = is_at_rest && (state.tried.empty() || node == "parked") &&
                               state.proposal.symptom.kind != symptom.kind;
    return !is_old_hold && !is_left_alone;
}

/// Nobody goes on with it, and as far as is known nothing of it is in force or under way.
bool ExecutorRole::leaves_target_alone(const HealingThread& thread) const {
    const guard::IncidentMemory* memory = history_.find(IncidentId(thread.id));
    const bool has_effect_open = memory != nullptr && !memory->effects_open.empty();
    return node_of(thread) == "parked" && !incident_of(thread).held && !has_effect_open;
}

/// Whether an incident that a reflex deals with is the one that the symptom belongs to.
bool ExecutorRole::is_reflex_of(const HealingThread& thread, const Symptom& symptom) const {
    if (leaves_target_alone(thread)) {
        return false;  // Else a process that has ended would never be started again.
    }
    if (is_about(thread, symptom)) {
        return true;
    }
    // A crash explains errors for as long as its reflex is at work.
    const std::string node = node_of(thread);
    const bool is_at_work = !waits_for_a_person(node) && node != "hold";
    return is_at_work && !is_for_reflex(symptom, settings_.inventory);
}

const ExecutorRole::Slot* ExecutorRole::slot_for(const Symptom& symptom) const {
    const Slot* judged = nullptr;
    const bool is_urgent = is_for_reflex(symptom, settings_.inventory);
    for (const auto& [id, slot] : slots_) {
        const HealingThread& thread = slot->thread;
        if (is_for_reflex(incident_of(thread).proposal.symptom, settings_.inventory)) {
            if (is_reflex_of(thread, symptom)) {
                return slot.get();
            }
        } else if (may_account_for(thread, symptom) && (!is_urgent || explains(thread, symptom))) {
            judged = slot.get();
        }
    }
    return judged;
}

std::optional<Standing> ExecutorRole::standing(const Symptom& symptom) const {
    const Slot* slot = slot_for(symptom);
    if (slot == nullptr) {
        return std::nullopt;
    }
    Standing standing;
    const IncidentState& state = incident_of(slot->thread);
    const std::string node = node_of(slot->thread);
    standing.incident = state.id;
    // What is seen again though it had gone is judged, or the rollout that stands would go on.
    const bool is_back = node::lets_stand(state) && state.is_cleared;
    const bool wants_cure = node == "hold" && (state.wants_cure || is_back);
    standing.wants_proposal = (node == "rejudge" || wants_cure) && slot->inbox.empty();
    for (const Remedy& remedy : state.tried) {
        standing.tried.push_back(kind_of(remedy));
    }
    const auto* unseen = node == "stand_by" && slot->inbox.empty()
                             ? node::waits_to_see(state, ports_.clock.now())
                             : nullptr;
    if (unseen != nullptr) {
        standing.unseen = *unseen;
    }
    return standing;
}

std::vector<Symptom> ExecutorRole::open_symptoms() const {
    std::vector<Symptom> symptoms;
    for (const auto& [id, slot] : slots_) {
        symptoms.push_back(incident_of(slot->thread).proposal.symptom);
    }
    return symptoms;
}

std::vector<IncidentView> ExecutorRole::incidents() const {
    std::vector<IncidentView> views;
    for (const auto& [id, slot] : slots_) {
        const IncidentState& state = incident_of(slot->thread);
        const std::string& parked_because = slot->thread.progress.trouble;
        IncidentView view{state.id,
                          state.proposal.symptom,
                          node_of(slot->thread),
                          state.opened_at,
                          state.tried,
                          parked_because.empty() ? state.trouble : parked_because};
        if (const HealingQuestion* question = question_of(slot->thread)) {
            view.question = QuestionView{id_of(*question), text_of(slot->thread, *question),
                                         question->question.preconditions, question->deadline_at,
                                         to_sign(desk_, state.id)};
        }
        views.push_back(std::move(view));
    }
    return views;
}

void ExecutorRole::learn(const EntryGroup& group, Instant at) {
    for (const Entry& entry : group.entries) {
        history_.learn(entry, at);
        learn_versions(entry);
    }
}

/// Which versions are current, which are good, and which of our effects moved them.
void ExecutorRole::learn_versions(const Entry& entry) {
    if (entry.kind == EntryKind::good) {
        if (const Result<GoodBody> body = from_json<GoodBody>(entry.body)) {
            versions_good_[body->artifact].insert(body->version);
            versions_last_seen_[body->artifact] = body->version;
        }
    }
    if (entry.kind == EntryKind::change) {
        const Result<Change> change = from_json<Change>(entry.body);
        const auto artifact = change ? artifact_of(change->kind) : std::nullopt;
        if (artifact && change->is_first_hand) {
            versions_last_seen_[*artifact] = change->to;
        }
    }
    if (entry.kind == EntryKind::intent) {
        const Result<IntentBody> body = from_json<IntentBody>(entry.body);
        if (body && std::holds_alternative<SwapVersion>(body->step)) {
            swaps_.insert(body->effect.text());
        }
    }
}

/// What the ledger says of entries that it does not keep any longer.
void ExecutorRole::take_over(const CarriedOver& carried) {
    incident_last_ = std::max(incident_last_, carried.incident_last);
    changes_count_ = std::max(changes_count_, carried.changes_count);
    for (const Artifact artifact : artifacts_all) {
        const std::vector<VersionId>& good = carried.versions_good[artifact];
        versions_good_[artifact].insert(good.begin(), good.end());
        if (versions_last_seen_[artifact].empty()) {
            versions_last_seen_[artifact] = carried.versions_last_seen[artifact];
        }
    }
}

/// Of a ledger that is replayed: the latest of each kind.
void ExecutorRole::remember(const Entry& entry, bool is_of_this_boot) {
    // Of any entry: the one that opened it may be what could not be kept.
    incident_last_ = std::max(incident_last_, incident_number(entry.incident.text()));
    if (entry.kind == EntryKind::change) {
        changes_count_ += 1;
        const Result<Change> change = from_json<Change>(entry.body);
        if (change && change->is_first_hand && is_of_this_boot) {
            changes_before_.push_back(*change);
        }
        if (changes_before_.size() > changes_before_max) {
            changes_before_.erase(changes_before_.begin());
        }
    }
    if (entry.kind == EntryKind::dropped) {
        if (const Result<DroppedBody> body = from_json<DroppedBody>(entry.body)) {
            take_over(body->carried);
        }
    }
}

Result<void> ExecutorRole::recover() {
    const Instant now = ports_.clock.now();
    settings_.started.recovered_at = now;
    EarlierBoots boots(settings_.boot_id, now);
    OpenIncidents open;
    std::set<std::string> of_this_boot;  ///< The threads with a commit of it.
    std::string unreadable;              ///< Of what stands for a beginning that was dropped.
    const Result<void> replayed = ports_.ledger.replay([&](const EntryGroup& group) {
        const Instant at = boots.instant_of(group, history_);
        learn(group, at);
        const bool is_of_this_boot = group.boot_id == settings_.boot_id;
        for (const Entry& entry : group.entries) {
            remember(entry, is_of_this_boot);
            open.learn(entry, at);
            note_unreadable(entry, unreadable);
            if (is_of_this_boot && entry.kind == EntryKind::checkpoint) {
                of_this_boot.insert(entry.incident.text());
            }
        }
    });
    if (!replayed) {
        return fail("ledger", replayed.error());
    }
    if (!unreadable.empty()) {
        // Without it the numbers of incidents and effects would be given again.
        return fail(Fault::invalid,
                    "ledger: what stands for its dropped beginning cannot be read (" + unreadable +
                        "); a newer program has written it: start that");
    }
    boots.reach_present(history_);
    for (auto& [id, recovered] : open.threads(*graph_)) {
        auto slot = std::make_unique<Slot>();
        slot->is_known = true;
        slot->was_half_way = recovered.is_half_way;
        slot->thread = std::move(recovered.thread);
        if (recovered.is_readable) {
            slot->is_of_this_boot = of_this_boot.contains(id);
            reopen(*slot, false);
        } else if (!recovered.is_told) {
            slot->unwritten.push_back(
                record::escalated(IncidentId(id), {"parked: " + slot->thread.progress.trouble}));
        }
        slots_[id] = std::move(slot);
    }
    return {};
}

}  // namespace homeostat::heal
