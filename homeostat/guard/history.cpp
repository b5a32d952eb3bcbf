#include "homeostat/guard/history.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/dropped.hpp"

#include <algorithm>
#include <variant>

namespace homeostat::guard {

namespace {

struct TargetOf {
    std::string operator()(const Observe&) const { return {}; }
    std::string operator()(const Eject& remedy) const { return remedy.instance.text(); }
    std::string operator()(const Readmit& remedy) const { return remedy.instance.text(); }
    std::string operator()(const OpenCircuit& remedy) const { return remedy.neighbour.text(); }
    std::string operator()(const CloseCircuit& remedy) const { return remedy.neighbour.text(); }
    std::string operator()(const InvalidateCache& remedy) const { return remedy.cache.text(); }
    std::string operator()(const Reroute& remedy) const { return remedy.cache.text(); }
    std::string operator()(const RouteBack& remedy) const { return remedy.cache.text(); }
    std::string operator()(const Restart& remedy) const { return remedy.instance.text(); }
    std::string operator()(const RunTask& remedy) const { return remedy.of.task.text(); }
    std::string operator()(const TakeBackTask& remedy) const { return remedy.of.task.text(); }
    std::string operator()(const Resize& remedy) const { return remedy.instance.text(); }
    /// Of all instances of a service alike.
    std::string operator()(const auto& remedy) const { return remedy.service.text(); }
};

template <class Queue, class Item>
void push_bounded(Queue& queue, Item item, std::size_t count_max) {
    queue.push_back(std::move(item));
    if (queue.size() > count_max) {
        queue.erase(queue.begin());
    }
}

/// Of instants by name.
template <class Map>
void erase_oldest(Map& instants, std::size_t count_max) {
    while (instants.size() > count_max) {
        instants.erase(
            std::ranges::min_element(instants, {}, [](const auto& item) { return item.second; }));
    }
}

/// Of an intent that a later program wrote and that cannot be read as a whole.
std::optional<EffectId> effect_named_in(const json::value& body) {
    const json::value* effect =
        body.is_object() ? body.get_object().if_contains("effect") : nullptr;
    const bool is_named = effect != nullptr && effect->is_string();
    return is_named ? std::optional(EffectId(std::string(effect->get_string()))) : std::nullopt;
}

/// Who may agree to its rollback is asked while a rollout stands (ADR 34).
bool lets_stand(const IncidentMemory* memory) {
    return memory != nullptr && memory->remedy_held &&
           kind_of(*memory->remedy_held) == RemedyKind::pause_rollout;
}

bool reverts(const Remedy& remedy, const std::optional<Remedy>& done) {
    return done && inverse_of(*done) == remedy;
}

void note_use(IncidentMemory& memory, const Remedy& remedy, Instant at) {
    const RemedyUse use{kind_of(remedy), target_of(remedy), at};
    const auto found = std::ranges::find_if(memory.used, [&](const RemedyUse& one) {
        return one.kind == use.kind && one.target == use.target;
    });
    if (found != memory.used.end()) {
        found->at = std::max(found->at, at);
    } else {
        push_bounded(memory.used, use, History::effects_per_incident_max);
    }
}

/// The first effect of a remedy begins an attempt; the others belong to it.
void note_attempt(IncidentMemory& memory, const IntentBody& intent, Instant at) {
    if (!intent.is_undo) {
        note_use(memory, intent.remedy, at);
    }
    const bool goes_on = memory.remedy_in_hand && *memory.remedy_in_hand == intent.remedy &&
                         memory.is_undo_in_hand == intent.is_undo;
    if (goes_on) {
        return;
    }
    memory.remedy_in_hand = intent.remedy;
    memory.is_undo_in_hand = intent.is_undo;
    if (memory.approval) {
        memory.approval->is_used = true;
    }
    if (intent.is_undo) {
        // What is held is so still: a give-back that got stuck half-way is begun again.
        if (reverts(intent.remedy, memory.remedy_last)) {
            memory.remedy_last.reset();
            memory.effects_last.clear();
        }
        return;
    }
    if (memory.remedy_last != intent.remedy) {
        memory.effects_last.clear();
    }
    memory.remedy_last = intent.remedy;
    memory.attempts_count += 1;
}

/// An undo of a rollback swaps versions. Whoever else has swapped them first, and saw us bring the
/// instances there, wants no swap of ours.
bool is_taken_back_by_undo(const IntentBody& intent) {
    const bool swaps = std::holds_alternative<SwapVersion>(intent.step);
    return !intent.is_undo && (swaps || !std::holds_alternative<Rollback>(intent.remedy));
}

}  // namespace

std::string target_of(const Remedy& remedy) {
    return std::visit(TargetOf{}, remedy);
}

// NOLINTNEXTLINE(readability-function-size): one kind of entry after another.
void History::learn(const Entry& entry, Instant at) {
    // The ledger's own; whoever writes the others does not see it, and must count as we do.
    entries_count_ += entry.kind == EntryKind::dropped ? 0 : 1;
    switch (entry.kind) {
        case EntryKind::opened:
            remember(entry.incident, at);
            learn_symptom(entry);
            break;
        case EntryKind::proposed:
            let_go(entry.incident);
            learn_symptom(entry);
            break;
        case EntryKind::undo:
            learn_undo(entry, at);
            break;
        case EntryKind::given_back:
            learn_give_back(entry, at);
            break;
        case EntryKind::held:
            learn_held(entry);
            break;
        case EntryKind::verdict:
            learn_verdict(entry, at);
            break;
        case EntryKind::answered:
            learn_answer(entry, at);
            break;
        case EntryKind::intent:
            learn_intent(entry, at);
            break;
        case EntryKind::outcome:
            learn_outcome(entry, at);
            break;
        case EntryKind::proof:
            learn_proof(entry, at);
            break;
        case EntryKind::escalated:
            learn_escalation(entry, at);
            break;
        case EntryKind::closed:
            learn_close(entry.incident, at);
            break;
        case EntryKind::change:
            learn_change(entry, at);
            break;
        case EntryKind::started:
            lasting_.outlive();
            drains_.outlive();
            break;
        case EntryKind::suspended:
        case EntryKind::resumed:
        case EntryKind::good:
        case EntryKind::gap:
        case EntryKind::aftermath:
        case EntryKind::checkpoint:
        case EntryKind::pledge:  // Dimmers have a pace of their own (dimming.hpp).
        case EntryKind::dimming:
        case EntryKind::dimmed:
        case EntryKind::marking:  // As the marks of sources have (marking.hpp).
        case EntryKind::marked:
        case EntryKind::feed:
            break;
        case EntryKind::demoted:
        case EntryKind::promoted:
            learn_standing(entry);
            break;
        case EntryKind::dropped:
            demotions_.learn(entry);
            if (const Result<DroppedBody> body = from_json<DroppedBody>(entry.body)) {
                skip_to(body->entries_count);
            }
            break;
    }
}

void History::move_back(Duration by) {
    for (auto& [incident, memory] : incidents_) {
        memory.opened_at -= by;
        memory.closed_at -= memory.is_closed ? by : Duration{};
        for (RemedyUse& use : memory.used) {
            use.at -= by;
        }
        // How long the machine was off nobody knows: what was agreed to then may be long ago. What
        // was announced by it and came to nothing has begun nothing.
        if (memory.approval && !(memory.approval->is_used && memory.has_acted_by_leave)) {
            memory.approval.reset();
        }
    }
    for (Instant& at : effects_at_) {
        at -= by;
    }
    for (Instant& at : questions_at_) {
        at -= by;
    }
    for (ReflexRestart& restart : reflex_restarts_) {
        restart.at -= by;
    }
    for (auto& [use, since] : cool_downs_) {
        since -= by;
    }
    for (auto& [what, denial] : denials_) {
        denial.at -= by;
    }
    told_at_.clear();  // How long the machine was off nobody knows.
    lasting_.move_back(by);
    drains_.move_back(by);
    successes_.move_back(by);
}

void History::see(const Facts& facts, Instant at) {
    lasting_.see(facts, at);
    drains_.see(facts);
}

IncidentMemory& History::remember(const IncidentId& incident, Instant at) {
    const auto found = incidents_.find(incident);
    if (found != incidents_.end()) {
        return found->second;
    }
    if (incidents_.size() >= incidents_max) {
        forget_oldest_incident();
    }
    IncidentMemory& memory = incidents_[incident];
    memory.order = order_next_++;
    memory.opened_at = at;
    return memory;
}

// Closed ones first: their effects are over, and their cool-downs are remembered elsewhere.
void History::forget_oldest_incident() {
    const auto oldest = std::ranges::min_element(incidents_, {}, [](const auto& item) {
        return std::pair{!item.second.is_closed, item.second.order};
    });
    incidents_.erase(oldest);
}

void History::learn_answer(const Entry& entry, Instant at) {
    const auto found = incidents_.find(entry.incident);
    const Result<AnsweredBody> body = from_json<AnsweredBody>(entry.body);
    if (found == incidents_.end() || !body) {
        return;
    }
    if (body->says == PersonSays::agreed_in_part) {
        return;  // No leave yet, and no denial.
    }
    if (body->says == PersonSays::approved) {
        found->second.has_acted_by_leave = false;
        found->second.approval =
            Approval{body->question, body->remedy, body->preconditions, body->by, at, body->leave};
        return;
    }
    found->second.approval.reset();
    denials_[to_text(to_json(body->remedy))] = Denial{body->by, at};
    if (denials_.size() > denials_max) {
        denials_.erase(std::ranges::min_element(denials_, {},
                                                [](const auto& item) { return item.second.at; }));
    }
}

void History::learn_intent(const Entry& entry, Instant at) {
    // Counted before it is understood: an intent of a later version spends a token too.
    push_bounded(effects_at_, at, effects_max);
    IncidentMemory& memory = remember(entry.incident, at);
    memory.step_last.reset();
    const Result<IntentBody> intent = from_json<IntentBody>(entry.body);
    if (!intent) {
        // Whatever it is, it may be under way: nothing else begins before a look.
        if (std::optional<EffectId> effect = effect_named_in(entry.body)) {
            push_bounded(memory.effects, *effect, effects_per_incident_max);
            push_bounded(memory.effects_open, *std::move(effect), effects_per_incident_max);
        }
        return;
    }
    if (intent->grounds) {
        see(intent->grounds->facts, at);
    }
    lasting_.announce(entry.incident, intent->effect, intent->remedy, intent->step);
    drains_.announce(entry.incident, intent->effect, intent->step, at);
    push_bounded(memory.effects, intent->effect, effects_per_incident_max);
    push_bounded(memory.effects_open, intent->effect, effects_per_incident_max);
    memory.step_last = intent->step;
    memory.is_reflex = intent->is_reflex;
    note_attempt(memory, *intent, at);
    if (is_taken_back_by_undo(*intent)) {
        push_bounded(memory.effects_last, intent->effect, effects_per_incident_max);
    }
    const auto* replace = std::get_if<Replace>(&intent->step);
    if (replace != nullptr && intent->is_reflex) {
        push_bounded(reflex_restarts_, ReflexRestart{replace->instance, at}, effects_max);
    }
}

void History::learn_outcome(const Entry& entry, Instant at) {
    const auto found = incidents_.find(entry.incident);
    const Result<OutcomeBody> body = from_json<OutcomeBody>(entry.body);
    if (found == incidents_.end() || !body) {
        return;
    }
    IncidentMemory& memory = found->second;
    if (body->outcome.kind == OutcomeKind::done && memory.approval && memory.approval->is_used) {
        memory.has_acted_by_leave = true;
    }
    lasting_.settle(body->effect, body->outcome.kind, body->is_read_back, at);
    drains_.settle(body->effect, body->outcome.kind, body->is_read_back, at);
    // "Unknown" from an actuator leaves the effect open until the world has been read.
    if (body->outcome.kind == OutcomeKind::unknown && !body->is_read_back) {
        return;
    }
    std::erase(memory.effects_open, body->effect);
    if (body->outcome.kind == OutcomeKind::refused) {
        std::erase(memory.effects_last, body->effect);
    } else {
        learn_undone(memory, entry.incident);
    }
}

void History::learn_verdict(const Entry& entry, Instant at) {
    const Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    if (body && body->grounds) {
        see(body->grounds->facts, at);
    }
    // With anything else in force nobody is asked: a person is called instead.
    const bool is_contained = body && body->grounds && body->grounds->is_contained;
    const bool is_asked = body && body->verdict.kind == VerdictKind::question && !body->step &&
                          (!is_contained || lets_stand(find(entry.incident)));
    if (is_asked) {
        push_bounded(questions_at_, at, questions_max);
    }
    const bool is_final =
        body && body->verdict.kind != VerdictKind::permit && !body->verdict.again_at;
    if (is_final) {
        let_go(entry.incident);
    }
}

void History::learn_change(const Entry& entry, Instant at) {
    if (const Result<Change> change = from_json<Change>(entry.body)) {
        lasting_.see(*change, at);
    }
}

void History::let_go(const IncidentId& incident) {
    const auto found = incidents_.find(incident);
    if (found != incidents_.end()) {
        found->second.remedy_in_hand.reset();
        found->second.is_undo_in_hand = false;
        found->second.approval.reset();
    }
}

// A person takes over; should the incident stay open for days, its cool-downs run all the same.
void History::end_remedy(const IncidentId& incident, Instant at) {
    let_go(incident);
    const auto found = incidents_.find(incident);
    if (found != incidents_.end()) {
        start_cool_downs(found->second, at);
    }
}

void History::learn_escalation(const Entry& entry, Instant at) {
    end_remedy(entry.incident, at);
    const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body);
    if (!body || body->rule.empty() || body->is_told_already) {
        return;
    }
    told_at_[{body->rule, body->about}] = at;
    erase_oldest(told_at_, told_max);
}

void History::learn_close(const IncidentId& incident, Instant at) {
    end_remedy(incident, at);
    drains_.close(incident);
    const auto found = incidents_.find(incident);
    if (found != incidents_.end()) {
        found->second.is_closed = true;
        found->second.closed_at = at;
        if (!found->second.effects_open.empty()) {
            learn_undone(found->second, incident);  // It may have happened.
        }
        found->second.effects_open.clear();
    }
}

void History::start_cool_downs(const IncidentMemory& memory, Instant at) {
    for (const RemedyUse& use : memory.used) {
        Instant& since = cool_downs_.try_emplace({use.kind, use.target}, at).first->second;
        since = std::max(since, at);
    }
    erase_oldest(cool_downs_, cool_downs_max);
}

std::optional<Instant> History::told_at(const std::string& rule, const std::string& about) const {
    const auto found = told_at_.find({rule, about});
    return found == told_at_.end() ? std::nullopt : std::optional(found->second);
}

const IncidentMemory* History::find(const IncidentId& incident) const {
    const auto found = incidents_.find(incident);
    return found == incidents_.end() ? nullptr : &found->second;
}

std::vector<IncidentId> History::busy_incidents(const IncidentId& except) const {
    std::vector<IncidentId> busy;
    for (const auto& [incident, memory] : incidents_) {
        const bool is_busy = memory.remedy_in_hand || !memory.effects_open.empty();
        if (is_busy && incident != except) {
            busy.push_back(incident);
        }
    }
    return busy;
}

bool History::is_effect_known(const EffectId& effect) const {
    return std::ranges::any_of(incidents_, [&](const auto& item) {
        return std::ranges::find(item.second.effects, effect) != item.second.effects.end();
    });
}

std::vector<Instant> History::effects_since(Instant since) const {
    std::vector<Instant> found;
    std::ranges::copy_if(effects_at_, std::back_inserter(found),
                         [&](Instant at) { return at > since; });
    // Entries of an earlier boot are learned with the present and may stand before older ones.
    std::ranges::sort(found);
    return found;
}

std::vector<Instant> History::questions_since(Instant since) const {
    std::vector<Instant> found;
    std::ranges::copy_if(questions_at_, std::back_inserter(found),
                         [&](Instant at) { return at > since; });
    std::ranges::sort(found);
    return found;
}

std::vector<Instant> History::reflex_restarts_since(const InstanceId& instance,
                                                    Instant since) const {
    std::vector<Instant> found;
    for (const ReflexRestart& restart : reflex_restarts_) {
        if (restart.instance == instance && restart.at > since) {
            found.push_back(restart.at);
        }
    }
    std::ranges::sort(found);
    return found;
}

std::optional<Instant> History::cooling_since(RemedyKind kind, const std::string& target) const {
    const auto found = cool_downs_.find({kind, target});
    return found == cool_downs_.end() ? std::nullopt : std::optional(found->second);
}

const Denial* History::denial_of(const Remedy& remedy) const {
    const auto found = denials_.find(to_text(to_json(remedy)));
    return found == denials_.end() ? nullptr : &found->second;
}

std::optional<Instant> History::used_elsewhere_at(RemedyKind kind,
                                                  const std::string& target,
                                                  const IncidentId& except) const {
    std::optional<Instant> latest;
    for (const auto& [incident, memory] : incidents_) {
        if (memory.is_closed || incident == except) {
            continue;
        }
        for (const RemedyUse& use : memory.used) {
            if (use.kind == kind && use.target == target) {
                latest = std::max(latest.value_or(use.at), use.at);
            }
        }
    }
    return latest;
}

}  // namespace homeostat::guard
