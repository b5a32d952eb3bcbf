// What people take back: what an incident holds, and what one that is closed has done.
//
// The first is a word to its thread. The second is an incident of its own, opened by a person and
// not by a symptom: all that may go wrong on the way, a death, a full disk, a refusal of guard, is
// met where it always is.

#include "homeostat/heal/executor_role.hpp"
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

/// What would be taken back, and all that may speak against it.
struct Undoing {
    IncidentId incident;
    const guard::IncidentMemory* memory{nullptr};  ///< Null: nothing is remembered.
    std::vector<const IncidentState*> open;
    Duration undo_for{};
    Instant now{};
    std::string no_action{};    ///< Why nothing may be done at all; empty: it may.
    bool has_approvers{false};  ///< Who have to sign what is done on a person's word.
};

std::optional<Error> objection_of_memory(const Undoing& asked) {
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
Remedy inverse_for(const Undoing& asked) {
    return *inverse_of(*asked.memory->remedy_last);
}

/// Another incident has to do with what would be taken back, or with why it was done.
bool is_in_the_way(const IncidentState& other, const Undoing& asked) {
    const std::string target = guard::target_of(inverse_for(asked));
    const auto is_there = [&](const Remedy& remedy) { return guard::target_of(remedy) == target; };
    const Symptom& symptom = other.proposal.symptom;
    const bool is_about_the_same = symptom.kind == asked.memory->symptom->kind &&
                                   symptom.subject == asked.memory->symptom->subject;
    return is_about_the_same || std::ranges::any_of(other.tried, is_there) ||
           (other.held && is_there(other.held->remedy));
}

std::optional<Error> objection_of_others(const Undoing& asked) {
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

std::optional<Error> objection_to(const Undoing& asked) {
    if (auto objection = objection_of_memory(asked)) {
        return objection;
    }
    if (auto objection = objection_of_others(asked)) {
        return objection;
    }
    if (!asked.no_action.empty()) {
        return Error{Fault::full, asked.no_action};
    }
    if (asked.has_approvers) {
        return Error{Fault::refused,
                     "approvals.approvers have to sign what is done here, and an undo is not "
                     "signed: take " +
                         asked.incident.text() + " back by hand"};
    }
    return std::nullopt;
}

bool holds_for_undo(const IncidentState& state) {
    return state.held && !state.held->is_residue;
}

/// A proposal that nobody has judged.
IncidentState ordered(const Undoing& asked, const PersonOrder& order, const ServiceId& service) {
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
Verdict verdict_on(const Undoing& asked,
                   const Facts& facts,
                   const guard::History& history,
                   const guard::Limits& limits) {
    const guard::Case its_case{.incident = asked.incident,
                               .symptom = *asked.memory->symptom,
                               .remedy = inverse_for(asked),
                               .is_undo = true};
    return guard::check(its_case, facts, history, limits, asked.now);
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
    if (node != "hold" || !holds_for_undo(incident_of(open->second->thread))) {
        co_return fail(Fault::refused,
                       id + " is open (at " + node +
                           ") and holds nothing that could be given back: what it does is proven, "
                           "or undone, first; one that needs you ends by `homeostat close`");
    }
    const Instant until = ports_.clock.now() + heard_within;
    const auto fate = std::make_shared<Fate>();
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
    const bool is_left =
        state != nullptr && holds_for_undo(*state) && state->held->until > ports_.clock.now();
    co_return is_left ? fail(Fault::busy, id + " has turned to something else; say it again")
                      : Result<void>();
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one objection after another.
Task<Result<IncidentId>> ExecutorRole::undo(IncidentId incident,
                                            std::string by,
                                            std::string because) {
    because = record::words_of_person(because);
    if (slots_.contains(incident.text())) {
        TakenBack said{std::move(by), std::move(because)};
        const Result<void> taken = co_await take_back_held(incident, std::move(said));
        co_return taken ? Result<IncidentId>(incident) : std::unexpected(taken.error());
    }
    // Of its own subject alone: a check of a task that it is not about may take seconds, by which
    // what else was read would be too old for guard.
    const guard::IncidentMemory* memory = history_.find(incident);
    std::optional<Subject> about;
    if (memory != nullptr && memory->symptom) {
        about = memory->symptom->subject;
    }
    const Facts facts = co_await gather(false, std::move(about));
    Undoing asked{.incident = incident,
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
    asked.has_approvers = desk_.is_open();
    const std::optional<Error> objection = objection_to(asked);
    if (objection) {
        co_return std::unexpected(*objection);
    }
    const Verdict verdict = verdict_on(asked, facts, history_, settings_.guard);
    if (verdict.kind != VerdictKind::permit) {
        co_return fail(Fault::refused, "guard refuses to " + describe(inverse_for(asked)) + " (" +
                                           verdict.rule + "): " + verdict.because);
    }
    const Duration left = asked.memory->closed_at + asked.undo_for - asked.now;
    const PersonOrder order{
        incident, *asked.memory->remedy_last, std::move(by), std::move(because),
        ports_.clock.wall_now() + std::chrono::floor<std::chrono::milliseconds>(left)};
    const Result<IncidentId> begun =
        begin_thread(ordered(asked, order, settings_.inventory.service));
    if (!begun) {
        co_return begun;
    }
    const IncidentId& undoing = *begun;
    const Instant until = ports_.clock.now() + heard_within;
    auto found = slots_.find(undoing.text());
    while (found != slots_.end() && !found->second->is_known && ports_.clock.now() < until) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + look_every);
        found = slots_.find(undoing.text());
    }
    if (!ledger_trouble_.empty()) {
        co_return fail(Fault::full, "nothing can be recorded: " + ledger_trouble_);
    }
    const bool is_known = found == slots_.end() || found->second->is_known;
    co_return is_known
        ? Result<IncidentId>(undoing)
        : fail(Fault::late, "whether " + undoing.text() + " is recorded is not known yet");
}

std::vector<UndoableView> ExecutorRole::undoable() const {
    std::vector<UndoableView> views;
    const Instant now = ports_.clock.now();
    for (const auto& [id, slot] : slots_) {
        const IncidentState& state = incident_of(slot->thread);
        const bool is_open_to_it = settings_.undo_for_max > Duration{};
        if (is_open_to_it && node_of(slot->thread) == "hold" && holds_for_undo(state)) {
            views.push_back({state.id, state.held->remedy, true, state.held->until});
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
