// What people take back: what an incident holds, and what one that is closed has done.
//
// The first is a word to its thread. The second is an incident of its own, opened by a person and
// not by a symptom: all that may go wrong on the way, a death, a full disk, a refusal of guard, is
// met where it always is.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/facts_merge.hpp"
#include "homeostat/heal/healing_rollout.hpp"
#include "homeostat/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

constexpr Duration heard_within =
    std::chrono::seconds{4};  ///< Whoever calls waits a little longer.
constexpr Duration look_every = std::chrono::milliseconds{2};
/// A form is open for so long; what was signed may not be done later either.
constexpr auto sign_within = std::chrono::minutes{5};

}  // namespace

/// What would be taken back, and all that may speak against it.
struct UndoCase {
    IncidentId incident;
    const guard::IncidentMemory* memory{nullptr};  ///< Null: nothing is remembered.
    std::vector<const IncidentState*> open;
    Duration undo_for{};
    Instant now{};
    std::string no_action{};  ///< Why nothing may be done at all; empty: it may.
};

namespace {

std::optional<Error> objection_of_memory(const UndoCase& asked) {
    const std::string& id = asked.incident.text();
    if (asked.memory == nullptr) {
        return Error{Fault::absent, "nothing is remembered of " + id + " (`homeostat incidents`)"};
    }
    const guard::IncidentMemory& memory = *asked.memory;
    const auto refuse = [&](const std::string& why) { return Error{Fault::refused, id + why}; };
    if (memory.undone_by) {
        return refuse(" was taken back already, by " + memory.undone_by->text());
    }
    if (!memory.remedy_last || memory.effects_last.empty()) {
        return refuse(
            " has left nothing to take back: it did nothing, or that was undone or given back");
    }
    if (!inverse_of(*memory.remedy_last)) {
        return refuse(" did what cannot be taken back: " + describe(*memory.remedy_last));
    }
    if (!memory.symptom || !memory.is_closed) {
        return refuse(" cannot be read as a whole by this program");
    }
    if (asked.now >= memory.closed_at + asked.undo_for) {
        return refuse(
            fmt::format(" was closed {:.0f} s ago, and is taken back for {:.0f} s after "
                        "that (guard.undo_for)",
                        to_seconds(asked.now - memory.closed_at), to_seconds(asked.undo_for)));
    }
    return std::nullopt;
}

/// REQUIRES: no objection of memory.
Remedy inverse_for(const UndoCase& asked) {
    return *inverse_of(*asked.memory->remedy_last);
}

/// Another incident has to do with what would be taken back, or with why it was done.
bool is_in_the_way(const IncidentState& other, const UndoCase& asked) {
    const std::string target = guard::target_of(inverse_for(asked));
    const auto is_there = [&](const Remedy& remedy) { return guard::target_of(remedy) == target; };
    const Symptom& symptom = other.proposal.symptom;
    const bool is_about_the_same = symptom.kind == asked.memory->symptom->kind &&
                                   symptom.subject == asked.memory->symptom->subject;
    return is_about_the_same || std::ranges::any_of(other.tried, is_there) ||
           (other.held && is_there(other.held->remedy));
}

std::optional<Error> objection_of_others(const UndoCase& asked) {
    for (const IncidentState* other : asked.open) {
        if (other->order && other->order->undoes == asked.incident) {
            return Error{
                Fault::refused,
                asked.incident.text() + " is being taken back already, by " + other->id.text()};
        }
        if (is_in_the_way(*other, asked)) {
            return Error{Fault::refused, other->id.text() +
                                             " is open and at the same: it comes "
                                             "first (`homeostat status`)"};
        }
    }
    return std::nullopt;
}

std::optional<Error> objection_to(const UndoCase& asked) {
    if (auto objection = objection_of_memory(asked)) {
        return objection;
    }
    if (auto objection = objection_of_others(asked)) {
        return objection;
    }
    return asked.no_action.empty() ? std::nullopt
                                   : std::optional(Error{Fault::full, asked.no_action});
}

bool holds_for_undo(const IncidentState& state) {
    return state.held && !state.held->is_residue;
}

/// Of its own subjects alone: a check of a task that it is not about may take seconds, by which
/// what else was read would be too old for guard.
std::vector<Subject> subjects_to_undo(const guard::History& history, const IncidentId& incident) {
    const guard::IncidentMemory* memory = history.find(incident);
    return memory != nullptr && memory->symptom
               ? subjects_of(*memory->symptom, memory->remedy_last.value_or(Observe{}))
               : std::vector<Subject>{};
}

/// A proposal that nobody has judged.
IncidentState ordered(const UndoCase& asked, const PersonOrder& order, const ServiceId& service) {
    IncidentState state;
    state.order = order;
    state.proposal.service = service;
    state.proposal.symptom = *asked.memory->symptom;
    state.proposal.choice.remedy = inverse_for(asked);
    state.proposal.judged_at = asked.now;
    state.proposal.undoes = order.undoes;
    return state;
}

/// What guard says of it now, before it has an incident of its own; each step is asked for again.
Verdict verdict_on(const UndoCase& asked,
                   const Facts& facts,
                   const guard::History& history,
                   const guard::Limits& limits) {
    const guard::Case its_case{.incident = asked.incident,
                               .symptom = *asked.memory->symptom,
                               .remedy = inverse_for(asked),
                               .is_undo = true};
    return guard::check(its_case, facts, history, limits, asked.now);
}

/// What is signed for it, by as many as have to. ERRORS: refused; busy: others have to sign, too.
Result<SignedLeave> leave_for(const UndoCase& asked,
                              const Preconditions& world,
                              const std::vector<ApprovalSignature>& signatures,
                              SignatureDesk& desk,
                              WallTime now) {
    if (signatures.empty()) {
        return fail(Fault::refused,
                    fmt::format("approvers are listed: an undo has to be signed (`homeostat undo "
                                "{} --key FILE`)",
                                asked.incident.text()));
    }
    const auto checked = desk.check(asked.incident, signatures, now);
    if (!checked) {
        return std::unexpected(checked.error());
    }
    const ApprovalForm form = desk.find(asked.incident)->form;
    if (form.preconditions != world) {
        return fail(
            Fault::refused,
            "what was signed is no longer what is there: fetch the form anew and sign that");
    }
    if (const Result<void> taken = desk.take(asked.incident, form.nonce, *checked); !taken) {
        return std::unexpected(taken.error());
    }
    SignedLeave leave = *desk.find(asked.incident);
    if (!desk.is_enough(asked.incident, {})) {
        return fail(
            Fault::busy,
            fmt::format("{} of {} have signed ({}); another approver has to, by the same "
                        "command",
                        leave.signatures.size(), desk.approvers().quorum_for(kind_of(form.remedy)),
                        names_of_signers(leave.signatures)));
    }
    desk.close(asked.incident);  // Once.
    return leave;
}

/// As a question, so that it is shown and signed like one.
QuestionView view_of(const SignedLeave& open, const SignatureDesk& desk, Instant deadline_at) {
    const ApprovalForm& form = open.form;
    QuestionView view{
        .id = form.question,
        .text = form.incident.text() + ": take it back: " + describe(form.remedy) + "?",
        .preconditions = form.preconditions,
        .deadline_at = deadline_at};
    view.to_sign = ToSignView{.text = text_of(form),
                              .quorum = desk.approvers().quorum_for(kind_of(form.remedy)),
                              .expires_at = form.expires_at};
    for (const ApprovalSignature& one : open.signatures) {
        view.to_sign->agreed.push_back(one.approver);
    }
    return view;
}

}  // namespace

/// REQUIRES: it is open.
Task<Result<void>> ExecutorRole::take_back_held(IncidentId incident, TakenBack said) {
    const std::string& id = incident.text();
    if (settings_.undo_for_max <= Duration{}) {
        co_return fail(Fault::refused, "guard.undo_for is 0s: nothing is taken back by a word");
    }
    const auto open = slots_.find(id);
    const std::string node = node_of(open->second->thread);
    const bool holds = holds_for_undo(incident_of(open->second->thread));
    if (node == "ask" && holds) {
        co_return fail(Fault::refused,
                       id + " asks a person just now: deny the question first (`homeostat deny " +
                           id + "`), then undo");
    }
    if (node != "hold" || !holds) {
        co_return fail(Fault::refused,
                       id + " is open (at " + node +
                           ") and holds nothing that could be given back: what it does is proven, "
                           "or undone, first; one that needs you ends by `homeostat close`");
    }
    const Instant until = ports_.clock.now() + heard_within;
    const auto fate = std::make_shared<ExecutorFate>();
    post(id, {graph::Tell<Incident>{std::move(said)}, fate});
    while (!*fate && fate.use_count() > 1 && ports_.clock.now() < until) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + look_every);
    }
    if (!*fate) {
        co_return fail(Fault::busy, id + " did not take it in time (`homeostat status`)");
    }
    if (!**fate) {
        co_return std::unexpected((*fate)->error());
    }
    // It may have turned to something else just before; then nobody heard it.
    const auto found = slots_.find(id);
    const IncidentState* state =
        found == slots_.end() ? nullptr : &incident_of(found->second->thread);
    const bool is_left = state != nullptr && holds_for_undo(*state) && !state->held->is_ordered &&
                         (node::lets_stand(*state) || state->held->until > ports_.clock.now());
    co_return is_left ? fail(Fault::busy, id + " has turned to something else; say it again")
                      : Result<void>();
}

UndoCase ExecutorRole::undo_case_of(const IncidentId& incident) const {
    UndoCase asked{.incident = incident,
                   .memory = history_.find(incident),
                   .open = {},
                   .undo_for = settings_.undo_for_max,
                   .now = ports_.clock.now()};
    for (const auto& [id, slot] : slots_) {
        asked.open.push_back(&incident_of(slot->thread));
    }
    const std::string unwitnessed = settings_.unwitnessed ? settings_.unwitnessed() : "";
    asked.no_action = !ledger_trouble_.empty() ? "no ledger, no action: " + ledger_trouble_
                      : !unwitnessed.empty()   ? "no witness, no action: " + unwitnessed
                                               : "";
    return asked;
}

Task<Result<QuestionView>> ExecutorRole::undo_form(IncidentId incident) {
    if (!desk_.is_open()) {
        co_return fail(Fault::absent, "nobody has to sign here: no approvals.approvers are listed");
    }
    if (slots_.contains(incident.text())) {
        co_return fail(Fault::refused, incident.text() +
                                           " is open: what it holds is given back on a word, and "
                                           "nothing of that is signed");
    }
    std::vector<Subject> about = subjects_to_undo(history_, incident);
    const Facts facts = co_await gather(false, std::move(about));
    const UndoCase asked = undo_case_of(incident);
    if (const std::optional<Error> objection = objection_to(asked)) {
        co_return std::unexpected(*objection);
    }
    const Remedy inverse = inverse_for(asked);
    const Preconditions world = preconditions_of(inverse, facts);
    const WallTime now = ports_.clock.wall_now();
    const SignedLeave* open = desk_.find(incident);
    const bool is_of_now =
        open != nullptr && open->form.preconditions == world && now <= open->form.expires_at;
    if (!is_of_now) {
        desk_.close(incident);
        desk_.ask(incident, std::string(undo_question), {inverse, world}, now + sign_within);
    }
    const Duration left = std::chrono::duration_cast<Duration>(
        desk_.find(incident)->form.expires_at - ports_.clock.wall_now());
    co_return view_of(*desk_.find(incident), desk_, ports_.clock.now() + left);
}

Task<Result<IncidentId>> ExecutorRole::undo(IncidentId incident,
                                            TakenBack said,
                                            std::vector<ApprovalSignature> signatures) {
    said.because = record::words_of_person(said.because);
    if (slots_.contains(incident.text())) {
        const Result<void> taken = co_await take_back_held(incident, std::move(said));
        co_return taken ? Result<IncidentId>(incident) : std::unexpected(taken.error());
    }
    std::vector<Subject> about = subjects_to_undo(history_, incident);
    const Facts facts = co_await gather(false, std::move(about));
    const UndoCase asked = undo_case_of(incident);
    if (const std::optional<Error> objection = objection_to(asked)) {
        co_return std::unexpected(*objection);
    }
    const Verdict verdict = verdict_on(asked, facts, history_, settings_.guard);
    if (verdict.kind != VerdictKind::permit) {
        co_return fail(Fault::refused, "guard refuses to " + describe(inverse_for(asked)) + " (" +
                                           verdict.rule + "): " + verdict.because);
    }
    const Duration left = asked.memory->closed_at + asked.undo_for - asked.now;
    PersonOrder order{
        incident, *asked.memory->remedy_last, std::move(said.by), std::move(said.because),
        ports_.clock.wall_now() + std::chrono::floor<std::chrono::milliseconds>(left)};
    if (desk_.is_open()) {
        Result<SignedLeave> leave = leave_for(asked, preconditions_of(inverse_for(asked), facts),
                                              signatures, desk_, ports_.clock.wall_now());
        if (!leave) {
            co_return std::unexpected(leave.error());
        }
        order.by = names_of_signers(leave->signatures);
        order.leave = *std::move(leave);
    }
    const Result<IncidentId> begun =
        begin_thread(ordered(asked, order, settings_.inventory.service));
    if (!begun) {
        co_return begun;
    }
    const Instant until = ports_.clock.now() + heard_within;
    auto found = slots_.find(begun->text());
    while (found != slots_.end() && !found->second->is_known && ports_.clock.now() < until) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + look_every);
        found = slots_.find(begun->text());
    }
    const bool is_settled = found == slots_.end() || found->second->is_known;
    if (!ledger_trouble_.empty()) {
        co_return fail(Fault::full, "nothing can be recorded: " + ledger_trouble_);
    }
    co_return is_settled
        ? Result<IncidentId>(*begun)
        : fail(Fault::late, "whether " + begun->text() + " is recorded is not known yet");
}

std::vector<UndoableView> ExecutorRole::undoable() const {
    std::vector<UndoableView> views;
    const Instant now = ports_.clock.now();
    for (const auto& [id, slot] : slots_) {
        const IncidentState& state = incident_of(slot->thread);
        const bool is_open_to_it = settings_.undo_for_max > Duration{};
        if (is_open_to_it && node_of(slot->thread) == "hold" && holds_for_undo(state)) {
            // No clock ends a rollout that stands: a word about it is good for as long anew.
            const Instant until = std::holds_alternative<PauseRollout>(state.held->remedy)
                                      ? std::max(state.held->until, now + settings_.undo_for_max)
                                      : state.held->until;
            views.push_back({state.id, state.held->remedy, true, until});
        }
    }
    for (const IncidentId& incident : history_.undoable_since(now - settings_.undo_for_max)) {
        const bool is_ordered = std::ranges::any_of(slots_, [&](const auto& item) {
            const IncidentState& other = incident_of(item.second->thread);
            return other.order && other.order->undoes == incident;
        });
        if (is_ordered) {
            continue;
        }
        const guard::IncidentMemory& memory = *history_.find(incident);
        const Instant until = memory.closed_at + settings_.undo_for_max;
        views.push_back({incident, *memory.remedy_last, false, until});
    }
    return views;
}

}  // namespace homeostat::heal
