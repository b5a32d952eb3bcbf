#include "homeostat/heal/executor_role.hpp"

#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr Duration turn_every = std::chrono::milliseconds{1};  ///< An append takes about as long.
constexpr std::size_t inbox_events_max = 64;  ///< A thread gets a handful; more is a flood.
constexpr std::size_t incidents_open_max = 64;

/// What must be on the disk before the world may learn of it, or a person rely on it.
bool needs_sync(EntryKind kind) {
    using enum EntryKind;
    switch (kind) {
        case intent:
        case outcome:
        case escalated:
        case closed:
        case suspended:
        case resumed:
        case good:
        case gap:
        case started:
            return true;
        case opened:
        case proposed:
        case verdict:
        case proof:
        case undo:
        case held:
        case given_back:
        case change:
        case checkpoint:
            return false;
    }
    return true;
}

ports::Durability durability_of(const std::vector<Entry>& entries) {
    const bool is_synced =
        std::ranges::any_of(entries, [](const Entry& entry) { return needs_sync(entry.kind); });
    return is_synced ? ports::Durability::synced : ports::Durability::written;
}

/// A process has ended, and what is asked for is to start it again.
bool is_for_one_that_ended(const Symptom& symptom, const Remedy& remedy) {
    const auto* restart = std::get_if<Restart>(&remedy);
    return symptom.kind == SymptomKind::instance_down && restart != nullptr &&
           restart->instance.text() == symptom.subject.name;
}

bool is_for_one_that_ended(const Proposal& proposal) {
    return is_for_one_that_ended(proposal.symptom, proposal.choice.remedy);
}

/// Says so of a superstep: nothing in it touches a process that is alive.
bool starts_what_has_ended(const graph::Advance<Incident>& advance) {
    const IncidentState& state = advance.thread.state;
    const Remedy& remedy = state.plan ? state.plan->remedy : state.proposal.choice.remedy;
    return !state.is_undo && !state.held && is_for_one_that_ended(state.proposal.symptom, remedy) &&
           std::ranges::all_of(advance.commands, [](const Incident::Command& command) {
               const auto* perform = std::get_if<Perform>(&command);
               const auto* replace =
                   perform == nullptr ? nullptr : std::get_if<Replace>(&perform->request.step());
               return perform == nullptr || (replace != nullptr && replace->expected.pid == 0);
           });
}

/// After this much a thread that only waits is written again, so that the ledger shows that it
/// does, and knows within bounds how many steps it took.
constexpr Duration written_again_after = std::chrono::seconds{10};

/// A look at the world after which the thread waits on as before: the checkpoint that there is says
/// all that a successor needs, and it would look again first of all.
bool says_nothing_new(const HealingThread& before, const graph::Advance<Incident>& advance) {
    const HealingThread& after = advance.thread;
    const bool waits_on = before.is_entered && after.is_entered && before.node == after.node &&
                          !after.has_ended && advance.records.empty();
    const bool only_looks =
        std::ranges::all_of(advance.commands, [](const Incident::Command& command) {
            return std::holds_alternative<ReadFacts>(command);
        });
    return waits_on && only_looks && to_json(before.state) == to_json(after.state);
}

/// What an earlier look found that something else has overtaken, a proposal for instance: the node
/// that it was for has been left. Taken for an answer to the later one, it would tell of a world in
/// which the latest effect has not happened yet.
void drop_looks(std::deque<HealingEvent>& inbox) {
    std::erase_if(inbox, [](const HealingEvent& event) {
        const auto* message = std::get_if<Incident::Message>(&event);
        return message != nullptr && std::holds_alternative<FactsRead>(*message);
    });
}

/// The nodes that an incident may leave because its symptom is gone.
bool may_end(const std::string& node) {
    return node == "guard" || node == "ask" || node == "rejudge" || node == "stand_by";
}

}  // namespace

ExecutorRole::ExecutorRole(asio::any_io_executor strand,
                           ExecutorPorts ports,
                           ExecutorSettings settings)
    : strand_(std::move(strand)),
      ports_(std::move(ports)),
      settings_(std::move(settings)),
      calls_(strand_, ports_.clock, settings_.notify) {
    around_ = Around{.guard = settings_.guard,
                     .history = &history_,
                     .drains = settings_.inventory.has_edge,
                     .drain_for_max = settings_.drain_for_max,
                     .refusal_for_max = settings_.refusal_for_max,
                     .plan_for_max = settings_.plan_for_max,
                     .rejudge_for_max = settings_.rejudge_for_max,
                     .question_for_max = settings_.question_for_max,
                     .hold_for_max = settings_.hold_for_max};
}

// --- threads -------------------------------------------------------------------------------------

void ExecutorRole::post(const std::string& id, HealingEvent event) {
    const auto found = slots_.find(id);
    if (found == slots_.end() || found->second->inbox.size() >= inbox_events_max) {
        return;
    }
    found->second->inbox.push_back(std::move(event));
    begin_pump(id);
}

void ExecutorRole::begin_pump(const std::string& id) {
    const auto found = slots_.find(id);
    const bool has_work = found != slots_.end() && !found->second->inbox.empty();
    if (has_work && !found->second->is_pumping && !is_stopping_) {
        found->second->is_pumping = true;
        asio::co_spawn(strand_, pump(id), asio::detached);
    }
}

Task<void> ExecutorRole::pump(std::string id) {
    Slot& slot = *slots_.at(id);  // Only this pump ends the slot.
    while (!slot.inbox.empty() && !is_stopping_ && !slot.thread.has_ended) {
        HealingEvent event = std::move(slot.inbox.front());
        slot.inbox.pop_front();
        const bool has_advanced = co_await advance_once(slot, std::move(event));
        if (!has_advanced) {
            break;  // The thread stands still, and goes on from its checkpoint some day.
        }
    }
    slot.is_pumping = false;
    const bool was_never_begun = !slot.is_known && !ledger_trouble_.empty();
    if (slot.thread.has_ended || was_never_begun) {
        slots_.erase(id);
    }
}

Task<void> ExecutorRole::take_turn() {
    while (is_advancing_) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + turn_every);
    }
    is_advancing_ = true;
}

Task<bool> ExecutorRole::advance_once(Slot& slot, HealingEvent event) {
    // One superstep at a time over all threads: guard must see an intent that another thread is
    // just writing, or two effects could both be "the only one".
    co_await take_turn();
    std::vector<Incident::Command> commands;
    const bool is_durable = co_await take_step(slot, std::move(event), commands);
    is_advancing_ = false;
    if (!is_durable || slot.thread.has_ended) {
        co_return is_durable;
    }
    if (!slot.thread.is_entered) {
        slot.inbox.push_front(graph::Entered{});
    } else if (slot.thread.wake_at) {
        asio::co_spawn(strand_,
                       wake_later(slot.thread.id, slot.wake_generation, *slot.thread.wake_at),
                       asio::detached);
    }
    for (Incident::Command& command : commands) {
        co_await carry_out(slot, std::move(command));
    }
    co_return true;
}

Task<bool> ExecutorRole::take_step(Slot& slot,
                                   HealingEvent event,
                                   std::vector<Incident::Command>& commands) {
    const HealingContext context{ports_.clock.now(), around_};
    Result<graph::Advance<Incident>> advance = healing_graph().advance(slot.thread, event, context);
    if (!advance) {
        settings_.notify(advance.error().text);
        co_return false;
    }
    const bool is_written_enough =
        slot.is_known && context.now < slot.written_at + written_again_after;
    bool is_durable = is_written_enough && says_nothing_new(slot.thread, *advance);
    if (!is_durable) {
        is_durable = co_await write_step(slot, *advance);
    }
    if (!is_durable) {
        co_return false;
    }
    slot.thread = std::move(advance->thread);
    slot.wake_generation += 1;
    commands = std::move(advance->commands);
    co_return true;
}

Task<bool> ExecutorRole::write_step(Slot& slot, const graph::Advance<Incident>& advance) {
    const Instant at = ports_.clock.now();
    std::vector<Entry> entries = advance.records;
    Entry checkpoint = record::checkpoint(advance.thread.state.id, to_json(advance.thread));
    entries.push_back(std::move(checkpoint));
    const ports::Durability durability = durability_of(entries);
    // The one remedy that goes on without a ledger. One that would begin just now is asked for
    // again in a moment, and gets an id that tells of it.
    const bool may_be_kept =
        starts_what_has_ended(advance) && (slot.is_known || !ledger_trouble_.empty());
    bool is_durable = false;
    if (may_be_kept) {
        is_durable = co_await append_or_keep(std::move(entries), durability);
    } else {
        is_durable = co_await append(std::move(entries), durability);
    }
    if (is_durable) {
        slot.is_known = true;
        slot.written_at = at;
    }
    co_return is_durable;
}

Task<void> ExecutorRole::wake_later(std::string id, std::uint64_t generation, Instant at) {
    co_await ports_.clock.sleep_until(at);
    const auto found = slots_.find(id);
    if (found != slots_.end() && found->second->wake_generation == generation) {
        post(id, graph::Woken{});
    }
}

Task<void> ExecutorRole::carry_out(Slot& slot, Incident::Command command) {
    if (auto* perform_command = std::get_if<Perform>(&command)) {
        const EffectId effect = perform_command->request.effect();
        Outcome outcome = co_await perform(std::move(perform_command->request));
        slot.inbox.emplace_back(Performed{effect, std::move(outcome)});
    } else if (const auto* verify_command = std::get_if<Verify>(&command)) {
        Proof proof = co_await verify(verify_command->symptom);
        slot.inbox.emplace_back(Verified{std::move(proof)});
    } else if (const auto* notify = std::get_if<Notify>(&command)) {
        settings_.notify(notify->text);
        slot.inbox.emplace_back(Notified{});
    } else {
        Facts facts = co_await read_facts();
        drop_looks(slot.inbox);
        slot.inbox.emplace_back(FactsRead{std::move(facts)});
    }
}

// --- the door ------------------------------------------------------------------------------------

Task<Result<Standing>> ExecutorRole::submit(Proposal proposal) {
    if (!ledger_trouble_.empty() && !is_for_one_that_ended(proposal)) {
        co_return fail(Fault::full, "no ledger, no action: " + ledger_trouble_);
    }
    const std::string unwitnessed = settings_.unwitnessed ? settings_.unwitnessed() : "";
    if (!unwitnessed.empty() && !is_for_one_that_ended(proposal)) {
        co_return fail(Fault::full, "no witness, no action: " + unwitnessed);
    }
    if (const std::optional<Standing> known = standing(proposal.symptom)) {
        if (!known->wants_proposal) {
            co_return fail(Fault::busy, known->incident.text() + " is in hand");
        }
        post(known->incident.text(), Proposed{std::move(proposal)});
        co_return *known;
    }
    if (slots_.size() >= incidents_open_max || is_stopping_) {
        co_return fail(Fault::busy, "too many open incidents");
    }
    const std::string id = next_incident_id();
    IncidentState state;
    state.id = IncidentId(id);
    state.proposal = std::move(proposal);
    const EdgeCounters edge_before = edge_counters_before();
    state.edge_errors_at_open = edge_before.errors_total;
    state.edge_requests_at_open = edge_before.requests_total;
    auto slot = std::make_unique<Slot>();
    slot->thread = healing_graph().start(id, std::move(state));
    slots_[id] = std::move(slot);
    post(id, graph::Entered{});
    co_return Standing{IncidentId(id), false, {}};
}

Task<void> ExecutorRole::clear(Symptom symptom) {
    // Collected first: a thread that is posted to may run to its end and leave the map at once.
    std::vector<std::string> waiting;
    for (const auto& [id, slot] : slots_) {
        const Symptom& open = slot->thread.state.proposal.symptom;
        // A remedy in hand runs to its proof whatever the agent sees; it is not told.
        if (may_end(slot->thread.node) && slot->inbox.empty() && open.kind == symptom.kind &&
            open.subject == symptom.subject) {
            waiting.push_back(id);
        }
    }
    for (const std::string& id : waiting) {
        post(id, Cleared{});
    }
    co_return;
}

Task<Result<Change>> ExecutorRole::note(Change change) {
    changes_count_ += 1;
    change.id = ChangeId("change-" + std::to_string(changes_count_));
    change.is_ours = swaps_.contains(change.reference);
    std::vector<Entry> entries{record::change(change)};
    const bool is_recorded = co_await append(std::move(entries), ports::Durability::written);
    if (!is_recorded) {
        co_return fail(Fault::full, ledger_trouble_);
    }
    co_return change;
}

Task<Result<void>> ExecutorRole::flip_switch(bool engage, SwitchBody body) {
    const Result<void> flipped =
        engage ? ports_.kill_switch.engage() : ports_.kill_switch.release();
    if (!flipped) {
        co_return fail("kill switch", flipped.error());
    }
    std::vector<Entry> entries{engage ? record::suspended(body) : record::resumed(body)};
    // The switch itself is durable already; a ledger that is full must not keep it from working.
    (void)co_await append_or_keep(std::move(entries), ports::Durability::synced);
    // They look of themselves as well, but rarely once it has lasted for long.
    std::vector<std::string> suspended;
    for (const auto& [id, slot] : slots_) {
        if (!engage && slot->thread.state.suspended_since) {
            suspended.push_back(id);
        }
    }
    for (const std::string& id : suspended) {
        post(id, graph::Woken{});
    }
    co_return Result<void>{};
}

Task<void> ExecutorRole::run() {
    std::vector<Entry> entries{record::started(settings_.started)};
    (void)co_await append_or_keep(std::move(entries), ports::Durability::synced);
    std::vector<std::string> ids;
    for (const auto& [id, slot] : slots_) {
        ids.push_back(id);
    }
    for (const std::string& id : ids) {
        begin_pump(id);  // Unless a proposal came first and began it.
    }
    if (settings_.inventory.has_edge) {
        asio::co_spawn(strand_, watch_edge(), asio::detached);
    }
    asio::co_spawn(strand_, watch_ledger(), asio::detached);
    co_await prove_versions();
}

void ExecutorRole::stop() {
    if (!kept_.empty()) {
        settings_.notify(
            "what was done while the ledger took no entries is lost with this process: " +
            std::to_string(kept_.size()) + " groups of entries");
    }
    is_stopping_ = true;
}

}  // namespace homeostat::heal
