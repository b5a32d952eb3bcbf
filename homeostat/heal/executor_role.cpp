#include "homeostat/heal/executor_role.hpp"

#include "homeostat/base/fnv1a.hpp"
#include "homeostat/graph/stored_commit.hpp"
#include "homeostat/heal/healing_rollout.hpp"
#include "homeostat/heal/news.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr Duration turn_every = std::chrono::milliseconds{1};  ///< An append takes about as long.
constexpr std::size_t inbox_inputs_max = 64;  ///< A thread gets a handful; more is a flood.
constexpr std::size_t incidents_open_max = 64;

/// What must be on the disk before the world may learn of it, or a person rely on it.
bool needs_sync(EntryKind kind) {
    using enum EntryKind;
    switch (kind) {
        case answered:
        case opened:  // Else its number, and those of its effects, are given again one day.
        case intent:
        case outcome:
        case escalated:
        case closed:
        case suspended:
        case resumed:
        case demoted:
        case promoted:
        case good:
        case gap:
        case started:
        case dropped:
        case dimming:
        case marking:
        case undo:  // Whoever ordered it is told that it is so.
            return true;
        case proposed:
        case verdict:
        case proof:
        case held:
        case given_back:
        case change:
        case checkpoint:
        case pledge:
        case dimmed:
        case marked:
        case feed:
        case aftermath:
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

/// Says so of a step: nothing in it touches a process that is alive.
bool starts_what_has_ended(const HealingThread& before, const HealingAdvance& advance) {
    const IncidentState& state = incident_of(before, advance);
    const Remedy& remedy = state.plan ? state.plan->remedy : state.proposal.choice.remedy;
    return !state.is_undo && !state.held && is_for_one_that_ended(state.proposal.symptom, remedy) &&
           std::ranges::all_of(advance.commands, [](const HealingCommand& one) {
               const auto* perform = std::get_if<Perform>(&one.command);
               const auto* replace =
                   perform == nullptr ? nullptr : std::get_if<Replace>(&perform->request.step());
               return perform == nullptr || (replace != nullptr && replace->expected.is_none());
           });
}

bool acts(const HealingAdvance& advance) {
    return std::ranges::any_of(advance.commands, [](const HealingCommand& one) {
        return std::holds_alternative<Perform>(one.command);
    });
}

/// After this much a thread that only waits is written again, so that the ledger shows that it
/// does, and knows within bounds how many steps it took.
constexpr Duration written_again_after = std::chrono::seconds{10};

bool waits(const graph::Progress<Incident>& progress) {
    return progress.status == graph::ThreadStatus::running && !progress.tasks.empty() &&
           progress.tasks.front().status == graph::TaskStatus::waiting;
}

/// A look at the world after which the thread waits on as before: the commit that there is says
/// all that a successor needs, and it would look again first of all.
bool says_nothing_new(const HealingThread& before, const HealingAdvance& advance) {
    const graph::Progress<Incident>& after = advance.delta.progress;
    const bool waits_on = waits(before.progress) && waits(after) &&
                          before.progress.step == after.step && advance.delta.writes.empty() &&
                          advance.records.empty();
    const bool only_looks = std::ranges::all_of(advance.commands, [](const HealingCommand& one) {
        return std::holds_alternative<ReadFacts>(one.command);
    });
    return waits_on && only_looks &&
           to_json(incident_of(before)) == to_json(incident_of(before, advance));
}

/// Whoever wanted to know what became of it does not wait any more.
template <class Fate>
bool is_given_up(const std::shared_ptr<Fate>& fate) {
    return fate && fate.use_count() == 1;
}

bool is_parked(const HealingThread& thread) {
    return thread.progress.status == graph::ThreadStatus::parked;
}

/// What is in force, of unknown fate or begun and not proven is for a person to end.
bool is_half_way(const IncidentState& state) {
    const bool has_begun = state.plan && state.plan->steps_count > 0;
    return has_begun || state.held || state.pending;
}

}  // namespace

ExecutorRole::ExecutorRole(asio::any_io_executor strand,
                           ExecutorPorts ports,
                           ExecutorSettings settings,
                           std::shared_ptr<const HealingGraph> graph)
    : strand_(std::move(strand)),
      ports_(std::move(ports)),
      settings_(std::move(settings)),
      calls_(strand_, ports_.clock, settings_.notify),
      outside_(calls_, ports_.clock, ports_.confirmations, ports_.fleet),
      desk_(settings_.approvers, settings_.chance),
      graph_(
          graph ? std::move(graph)
                : std::make_shared<const HealingGraph>(healing_graph(settings_.question_for_max))) {
    around_ = Around{.guard = settings_.guard,
                     .history = &history_,
                     .drains = settings_.inventory.may_drain,
                     .drain_for_max = settings_.drain_for_max,
                     .refusal_for_max = settings_.refusal_for_max,
                     .plan_for_max = settings_.plan_for_max,
                     .rejudge_for_max = settings_.rejudge_for_max,
                     .hold_for_max = settings_.hold_for_max,
                     .boot = settings_.boot_id.empty() ? 0 : fnv1a(settings_.boot_id),
                     .approvers = &desk_.approvers()};
}

// --- threads -------------------------------------------------------------------------------------

void ExecutorRole::post(const std::string& id, Incoming incoming) {
    const auto found = slots_.find(id);
    if (found == slots_.end() || found->second->inbox.size() >= inbox_inputs_max) {
        return;
    }
    found->second->inbox.push_back(std::move(incoming));
    begin_pump(id);
}

void ExecutorRole::tell(const std::string& id, Incident::Message message) {
    post(id, {graph::Tell<Incident>{std::move(message)}});
}

void ExecutorRole::begin_pump(const std::string& id) {
    const auto found = slots_.find(id);
    if (found == slots_.end() || is_stopping_) {
        return;
    }
    Slot& slot = *found->second;
    const bool has_work = !slot.inbox.empty() || HealingGraph::has_work(slot.thread);
    if (has_work && is_running(slot.thread) && !slot.is_pumping) {
        slot.is_pumping = true;
        asio::co_spawn(strand_, pump(id), asio::detached);
    }
}

/// What a node is entered with comes before what was told meanwhile; that another process has taken
/// over comes before everything. REQUIRES: there is one.
ExecutorRole::Incoming ExecutorRole::next_input(Slot& slot) const {
    const bool is_taken_over =
        !slot.inbox.empty() && std::holds_alternative<graph::Reopen>(slot.inbox.front().input);
    if (!is_taken_over && HealingGraph::has_work(slot.thread)) {
        return {graph::Go{}};
    }
    Incoming incoming = std::move(slot.inbox.front());
    slot.inbox.pop_front();
    incoming.input = fitted_to(slot.thread, std::move(incoming.input));
    return incoming;
}

Task<void> ExecutorRole::pump(std::string id) {
    Slot& slot = *slots_.at(id);  // Only this pump ends the slot.
    while (is_running(slot.thread) && !is_stopping_) {
        if (slot.inbox.empty() && !HealingGraph::has_work(slot.thread)) {
            break;
        }
        Incoming incoming = next_input(slot);
        if (is_given_up(incoming.fate)) {
            continue;  // Whoever said it was told that it was too late.
        }
        const bool had_ledger = ledger_trouble_.empty();
        const bool has_advanced = co_await advance_once(slot, std::move(incoming));
        const bool goes_without = had_ledger && slot.is_known && !ledger_trouble_.empty() &&
                                  is_for_one_that_ended(incident_of(slot.thread).proposal);
        if (!has_advanced && goes_without) {
            reopen(slot, true);
        } else if (!has_advanced) {
            break;  // The thread stands still, and goes on from its latest commit some day.
        }
    }
    slot.is_pumping = false;
    const bool was_never_begun = !slot.is_known && !ledger_trouble_.empty();
    if (slot.thread.has_ended() || was_never_begun) {
        slots_.erase(id);
    }
}

Task<bool> ExecutorRole::keep(std::vector<Entry> entries) {
    const ports::Durability durability = durability_of(entries);
    co_return co_await append(std::move(entries), durability);
}

Task<void> ExecutorRole::take_turn() {
    while (is_advancing_) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + turn_every);
    }
    is_advancing_ = true;
}

Task<bool> ExecutorRole::advance_once(Slot& slot, Incoming incoming) {
    // One step at a time over all threads: guard must see an intent that another thread is just
    // writing, or two effects could both be "the only one".
    co_await take_turn();
    std::vector<HealingCommand> commands;
    const Instant decided_at = ports_.clock.now();
    Result<void> taken = co_await take_step(slot, std::move(incoming.input), commands);
    is_advancing_ = false;
    // What nobody waits for any more is dropped. What could not be kept did not happen.
    const bool is_durable = taken || taken.error().fault != Fault::full;
    if (incoming.fate) {
        *incoming.fate = std::move(taken);
    }
    if (!is_durable || !is_running(slot.thread)) {
        co_return is_durable;
    }
    if (const std::optional<Instant> due_at = graph_->due_at(slot.thread)) {
        asio::co_spawn(strand_, wake_later(slot.thread.id, slot.wake_generation, *due_at),
                       asio::detached);
    }
    for (HealingCommand& command : commands) {
        co_await carry_out(slot, std::move(command), decided_at);
    }
    co_return true;
}

/// ERRORS: full: it could not be kept; those of the graph, which never are that.
Task<Result<void>> ExecutorRole::take_step(Slot& slot,
                                           HealingInput input,
                                           std::vector<HealingCommand>& commands) {
    const Instant now = ports_.clock.now();
    around_.wall_now = ports_.clock.wall_now();
    Result<HealingAdvance> advance = graph_->advance(slot.thread, input, {now, around_});
    if (!advance) {
        co_return std::unexpected(advance.error());
    }
    const bool is_written_enough = slot.is_known && now < slot.written_at + written_again_after;
    if (is_written_enough && says_nothing_new(slot.thread, *advance)) {
        graph::apply_unkept(slot.thread, std::move(advance->delta));
    } else {
        const bool is_durable = co_await write_step(slot, *advance);
        if (!is_durable) {
            co_return fail(Fault::full, "no ledger, no action: " + ledger_trouble_);
        }
        graph::apply(slot.thread, std::move(advance->delta), advance->commit);
        tell_person(slot, input);
    }
    keep_form(slot.thread);
    leave_outside(slot);
    slot.is_of_this_boot = true;
    slot.wake_generation += 1;
    tell_neighbours();
    commands = std::move(advance->commands);
    co_return Result<void>{};
}

Task<bool> ExecutorRole::write_step(Slot& slot, HealingAdvance& advance) {
    const Instant at = ports_.clock.now();
    const IncidentId incident(slot.thread.id);
    std::vector<Entry> entries = std::move(advance.records);
    const graph::Progress<Incident>& progress = advance.delta.progress;
    if (progress.status == graph::ThreadStatus::parked) {
        Entry entry = record::escalated(incident, {"parked: " + progress.trouble});
        entries.push_back(std::move(entry));
    }
    std::ranges::copy(slot.unwritten, std::back_inserter(entries));
    Entry checkpoint = record::checkpoint(incident, graph::to_stored(advance.commit));
    entries.push_back(std::move(checkpoint));
    const ports::Durability durability =
        advance.needs_sync ? ports::Durability::synced : durability_of(entries);
    // The one remedy that goes on without a ledger. One that would begin just now is asked for
    // again in a moment, and gets an id that tells of it; so does an effect. Whoever answers has to
    // know that it is written.
    const bool is_answer = std::ranges::any_of(
        entries, [](const Entry& entry) { return entry.kind == EntryKind::answered; });
    const bool may_be_kept = starts_what_has_ended(slot.thread, advance) && !is_answer &&
                             (!ledger_trouble_.empty() || (slot.is_known && !acts(advance)));
    const std::vector<std::string> news = news_of(
        entries, history_, {settings_.undo_for_max, desk_.is_open()}, ports_.clock.wall_now());
    bool is_durable = false;
    if (may_be_kept) {
        is_durable = co_await append_or_keep(std::move(entries), durability);
    } else {
        is_durable = co_await append(std::move(entries), durability);
    }
    if (is_durable) {
        slot.unwritten.clear();
        slot.is_known = true;
        slot.written_at = at;
    }
    for (const std::string& text : news) {
        if (is_durable) {
            settings_.notify(text);
        }
    }
    co_return is_durable;
}

/// Of a question once it is asked, and again by each process that takes it over: twice is better
/// than never. Of a thread that cannot go on.
void ExecutorRole::tell_person(const Slot& slot, const HealingInput& input) const {
    const HealingQuestion* question = question_of(slot.thread);
    const auto* reopen = std::get_if<graph::Reopen>(&input);
    const bool is_taken_over = reopen != nullptr && !reopen->is_same_process;
    const bool is_asked = std::holds_alternative<graph::Go>(input) || is_taken_over;
    if (question != nullptr && is_asked) {
        const std::string key = desk_.is_open() ? " (a yes has to be signed: add --key FILE)" : "";
        settings_.notify(text_of(slot.thread, *question) + " " +
                         ways_to_answer(slot.thread, *question) + key);
    }
    if (is_parked(slot.thread)) {
        settings_.notify(slot.thread.id + " is parked: " + slot.thread.progress.trouble);
    }
}

Task<void> ExecutorRole::wake_later(std::string id, std::uint64_t generation, Instant at) {
    co_await ports_.clock.sleep_until(at);
    const auto found = slots_.find(id);
    if (found != slots_.end() && found->second->wake_generation == generation) {
        post(id, {graph::Tick{}});
    }
}

// --- the door ------------------------------------------------------------------------------------

Task<Result<Standing>> ExecutorRole::submit(Proposal proposal) {
    proposal = record::redacted(std::move(proposal));  // Its commit keeps it as it is.
    proposal.undoes.reset();                           // Ours to say.
    if (!ledger_trouble_.empty() && !is_for_one_that_ended(proposal)) {
        co_return fail(Fault::full, "no ledger, no action: " + ledger_trouble_);
    }
    const std::string unwitnessed = settings_.unwitnessed ? settings_.unwitnessed() : "";
    if (!unwitnessed.empty() && !is_for_one_that_ended(proposal)) {
        co_return fail(Fault::full, "no witness, no action: " + unwitnessed);
    }
    if (const std::optional<Standing> known = standing(proposal.symptom)) {
        if (!known->wants_proposal && !known->unseen) {
            co_return fail(Fault::busy, known->incident.text() + " is in hand");
        }
        tell(known->incident.text(), Proposed{std::move(proposal)});
        co_return *known;
    }
    IncidentState state;
    state.proposal = std::move(proposal);
    Result<IncidentId> begun = begin_thread(std::move(state));
    co_return begun ? Result<Standing>(Standing{*std::move(begun), false, {}})
                    : std::unexpected(begun.error());
}

Result<IncidentId> ExecutorRole::begin_thread(IncidentState state) {
    if (slots_.size() >= incidents_open_max || is_stopping_) {
        return fail(Fault::busy, "too many open incidents");
    }
    const std::string id = next_incident_id();
    state.id = IncidentId(id);
    const EdgeCounters edge_before = edge_counters_before();
    state.edge_errors_at_open = edge_before.errors_total;
    state.edge_requests_at_open = edge_before.requests_total;
    state.boot = around_.boot;
    HealingAdvance begin = graph_->start(id, {std::move(state)}, ports_.clock.now());
    auto slot = std::make_unique<Slot>();
    slot->unwritten.push_back(record::checkpoint(IncidentId(id), graph::to_stored(begin.commit)));
    graph::apply(slot->thread, std::move(begin.delta), begin.commit);
    slots_[id] = std::move(slot);
    begin_pump(id);
    return IncidentId(id);
}

Task<void> ExecutorRole::clear(Symptom symptom) {
    // Collected first: a thread that is posted to may run to its end and leave the map at once.
    std::vector<std::string> waiting;
    std::vector<std::string> parked;
    for (const auto& [id, slot] : slots_) {
        const Symptom& open = incident_of(slot->thread).proposal.symptom;
        if (open.kind != symptom.kind || open.subject != symptom.subject) {
            continue;
        }
        // A remedy in hand runs to its proof whatever the agent sees; it is not told.
        if (node::heeds_end(slot->thread) && slot->inbox.empty()) {
            waiting.push_back(id);
        } else if (is_parked(slot->thread) && !slot->was_half_way &&
                   !is_half_way(incident_of(slot->thread))) {
            parked.push_back(id);
        }
    }
    for (const std::string& id : waiting) {
        tell(id, Cleared{});
    }
    for (const std::string& id : parked) {
        if (const auto found = slots_.find(id); found != slots_.end()) {
            const std::vector<Remedy>& tried = incident_of(found->second->thread).tried;
            Entry closed = record::closed(IncidentId(id), CloseKind::passed, tried);
            (void)co_await close_as(id, std::move(closed));
        }
    }
}

/// With each start, for as long as they are.
Task<void> ExecutorRole::tell_of_parked() {
    std::vector<Entry> entries;
    for (const auto& [id, slot] : slots_) {
        if (is_parked(slot->thread)) {
            settings_.notify(id + " is parked: " + slot->thread.progress.trouble);
            std::ranges::move(slot->unwritten, std::back_inserter(entries));
            slot->unwritten.clear();
        }
    }
    if (!entries.empty()) {
        (void)co_await append_or_keep(std::move(entries), ports::Durability::synced);
    }
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

Task<void> ExecutorRole::run() {
    std::vector<Entry> entries{record::started(std::exchange(settings_.started, {}))};
    (void)co_await append_or_keep(std::move(entries), ports::Durability::synced);
    co_await tell_of_parked();
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
