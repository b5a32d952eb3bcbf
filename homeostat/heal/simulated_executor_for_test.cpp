#include "homeostat/heal/simulated_executor_for_test.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/stored_commit.hpp"
#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/open_incidents.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <variant>

namespace homeostat::heal {

Around around_for_test() {
    using std::chrono::seconds;
    Around around;
    around.drains = true;
    around.drain_for_max = seconds{2};
    around.refusal_for_max = seconds{20};
    around.plan_for_max = seconds{60};
    around.rejudge_for_max = seconds{10};
    around.hold_for_max = seconds{60};
    around.guard.min_healthy = 2;
    for (const RemedyKind kind :
         {RemedyKind::eject, RemedyKind::open_circuit, RemedyKind::invalidate_cache,
          RemedyKind::reroute, RemedyKind::restart, RemedyKind::rolling_restart, RemedyKind::scale,
          RemedyKind::rollback, RemedyKind::pause_rollout}) {
        around.guard.autonomy[kind] = Autonomy::act;
    }
    return around;
}

SimulatedExecutor::SimulatedExecutor(SimulatedWorld& world) : world_(world) {}

SimulatedExecutor::~SimulatedExecutor() = default;

void SimulatedExecutor::open(Proposal proposal) {
    is_dead_ = false;
    begin_run();
    IncidentState state;
    state.id = IncidentId("i-1");
    state.edge_errors_at_open = world_.facts().edge.errors_total;
    state.edge_requests_at_open = world_.facts().edge.requests_total;
    state.proposal = std::move(proposal);
    HealingAdvance begin = graph().start("i-1", {std::move(state)}, world_.now);
    unwritten_ = {record::checkpoint(IncidentId("i-1"), graph::to_stored(begin.commit))};
    thread_.emplace();
    graph::apply(*thread_, std::move(begin.delta), begin.commit);
    world_.pass(std::chrono::milliseconds{200});  // The fault shows in our own counters.
    crank(graph::Go{});
}

void SimulatedExecutor::write(Entry entry) {
    EntryGroup group;
    group.index = ledger.size();
    group.at = world_.now;
    group.entries.push_back(std::move(entry));
    history_.learn(group.entries.front(), group.at);
    ledger.push_back(std::move(group));
}

void SimulatedExecutor::tell(Incident::Message message) {
    crank(graph::Tell<Incident>{std::move(message)});
}

bool SimulatedExecutor::answer(AnswerKind kind, const std::string& by) {
    const HealingQuestion* question = thread_ ? question_of(*thread_) : nullptr;
    if (question == nullptr) {
        return false;
    }
    const std::string id = question->id;
    crank(graph::Reply<Incident>{{kind, id, by, ""}, id});
    return !is_dead_;
}

std::optional<Instant> SimulatedExecutor::wake_at() const {
    return is_dead_ || !thread_ ? std::nullopt : graph().due_at(*thread_);
}

bool SimulatedExecutor::wake() {
    const std::optional<Instant> at = wake_at();
    if (!at) {
        return false;
    }
    if (cure && node() == "hold" && incident().wants_cure) {
        world_.pass(std::chrono::milliseconds{200});  // The agent looks and judges meanwhile.
        tell(Proposed{*cure});
        return !is_dead_;
    }
    world_.pass(std::max(*at - world_.now, Duration{}));
    crank(graph::Tick{});
    return !is_dead_;
}

bool SimulatedExecutor::is_put_off() const {
    return thread_ && node() == "stand_by" && incident().judge_again_at;
}

bool SimulatedExecutor::is_left() const {
    return thread_ && node() == "hold" && incident().held && incident().held->is_left;
}

void SimulatedExecutor::settle() {
    constexpr int wakes_max = 2'000;
    for (int wakes = 0; !is_put_off() && !is_left() && wake(); ++wakes) {
        ensure(wakes < wakes_max, "a thread in a test settles");
    }
}

bool SimulatedExecutor::settle_at(std::string_view node) {
    while (this->node() != node && wake()) {
    }
    return this->node() == node;
}

void SimulatedExecutor::restart() {
    is_dead_ = false;
    history_ = {};
    thread_.reset();
    OpenIncidents open;
    for (const EntryGroup& group : ledger) {
        for (const Entry& entry : group.entries) {
            history_.learn(entry, group.at);
            open.learn(entry, group.at);
        }
    }
    for (auto& [id, recovered] : open.threads(graph())) {
        ensure(recovered.is_readable, "a thread of a test can be read");
        thread_ = std::move(recovered.thread);
    }
    has_ended_ = !thread_;
    begin_run();
    if (thread_) {
        crank(graph::Reopen{});
    }
}

std::vector<std::string> SimulatedExecutor::story() const {
    std::vector<std::string> lines;
    for (const EntryGroup& group : ledger) {
        for (const Entry& entry : group.entries) {
            if (entry.kind != EntryKind::checkpoint && entry.kind != EntryKind::started) {
                lines.push_back(line_for_test(entry));
            }
        }
    }
    return lines;
}

void SimulatedExecutor::begin_run() {
    StartedBody started;
    started.settings = to_json(DecisionSettings{.guard = around.guard, .decide = decide});
    started.recovered_at = world_.now;
    EntryGroup group;
    group.index = ledger.size();
    group.at = world_.now;
    group.entries = {record::started(started)};
    history_.learn(group.entries.front(), group.at);
    ledger.push_back(std::move(group));
}

bool SimulatedExecutor::dies_here() {
    is_dead_ = is_dead_ || --points_left <= 0;
    return is_dead_;
}

bool SimulatedExecutor::dies_in(const EffectId& effect, DeathIn where) {
    const auto planned = deaths_next.find(effect);
    if (planned != deaths_next.end() && planned->second == where) {
        is_dead_ = true;
        deaths_next.erase(planned);
    }
    return dies_here();
}

void SimulatedExecutor::told(const std::string& line) {
    if (on_command) {
        on_command(line);
    }
}

const HealingGraph& SimulatedExecutor::graph() {
    static const HealingGraph graph = healing_graph(question_for_max_for_test);
    return graph;
}

bool SimulatedExecutor::has_work() const {
    return !inputs_.empty() || HealingGraph::has_work(*thread_);
}

HealingInput SimulatedExecutor::next_input() {
    const bool is_taken_over =
        !inputs_.empty() && std::holds_alternative<graph::Reopen>(inputs_.front());
    if (!is_taken_over && HealingGraph::has_work(*thread_)) {
        return graph::Go{};
    }
    HealingInput input = fitted_to(*thread_, std::move(inputs_.front()));
    inputs_.pop_front();
    return input;
}

void SimulatedExecutor::crank(HealingInput first) {
    around.history = &history_;
    inputs_.clear();
    if (!std::holds_alternative<graph::Go>(first)) {
        inputs_.push_back(std::move(first));
    }
    while (!is_dead_ && !thread_->has_ended() && has_work()) {
        step(next_input());
    }
    has_ended_ = thread_->has_ended();
}

void SimulatedExecutor::step(const HealingInput& input) {
    Result<HealingAdvance> advance = graph().advance(*thread_, input, {world_.now, around});
    if (!advance) {
        return;  // Nobody waits for it any more.
    }
    ensure(advance->delta.progress.status != graph::ThreadStatus::parked,
           "a thread of a test comes to an end");
    if (!commit(*advance)) {
        return;  // No ledger, no action: the commands are dropped.
    }
    const HealingQuestion* question = question_of(*thread_);
    if (question != nullptr && !std::holds_alternative<graph::Tick>(input)) {
        told("notify " + text_of(*thread_, *question));
        notices.push_back(text_of(*thread_, *question));
    }
    for (HealingCommand& one : advance->commands) {
        if (auto reply = perform(std::move(one.command))) {
            inputs_.emplace_back(graph::Tell<Incident>{std::move(*reply), one.task, one.attempt});
        }
    }
}

bool SimulatedExecutor::commit(HealingAdvance& advance) {
    if (dies_here()) {
        return false;
    }
    EntryGroup group;
    group.index = ledger.size();
    group.at = world_.now;
    group.entries = advance.records;
    std::ranges::copy(unwritten_, std::back_inserter(group.entries));
    unwritten_.clear();
    group.entries.push_back(
        record::checkpoint(IncidentId(thread_->id), graph::to_stored(advance.commit)));
    for (const Entry& entry : group.entries) {
        history_.learn(entry, group.at);
        if (entry.kind == EntryKind::intent) {
            intents_.insert(body_for_test<IntentBody>(entry).effect);
        }
    }
    ledger.push_back(std::move(group));
    graph::apply(*thread_, std::move(advance.delta), advance.commit);
    if (on_commit) {
        on_commit(*thread_, advance.records);
    }
    return !dies_here();
}

std::optional<Incident::Message> SimulatedExecutor::perform(Incident::Command command) {
    if (is_dead_) {
        return std::nullopt;
    }
    if (const auto* perform_command = std::get_if<Perform>(&command)) {
        return perform_effect(perform_command->request);
    }
    if (std::holds_alternative<Verify>(command)) {
        Proof proof = prove();
        told("verify: " + std::string(to_text(proof.kind)));
        return Verified{std::move(proof)};
    }
    if (const auto* notify = std::get_if<Notify>(&command)) {
        notices.push_back(notify->text);
        told("notify " + notify->text);
        return Notified{};
    }
    told("read_facts");
    return facts_trouble.empty() ? FactsRead{world_.facts()}
                                 : FactsRead{fail(Fault::corrupt, facts_trouble)};
}

std::optional<Incident::Message> SimulatedExecutor::perform_effect(const Request& request) {
    const EffectId& effect = request.effect();
    if (dies_in(effect, DeathIn::before)) {
        return std::nullopt;
    }
    if (!intents_.contains(effect)) {
        broken.push_back("no durable intent of " + effect.text());
    }
    const bool has_halves = std::holds_alternative<Replace>(request.step()) ||
                            std::holds_alternative<Stop>(request.step());
    const bool stops_half_way = has_halves && dies_in(effect, DeathIn::inside);
    Outcome outcome = world_.apply(effect, request.step(), stops_half_way);
    if (world_.changes_count[effect] > 1) {
        broken.push_back("a second effect of " + effect.text());
    }
    if (is_dead_ || dies_in(effect, DeathIn::after)) {
        return std::nullopt;
    }
    told("perform " + effect.text() + ": " + std::string(to_text(outcome.kind)));
    return Performed{effect, std::move(outcome)};
}

Proof SimulatedExecutor::prove() {
    Proof proof;
    const bool is_well =
        !world_.is_failing() && !world_.is_slow() && world_.is_whole() && !world_.is_misleading();
    proof.kind = is_well ? ProofKind::helped : ProofKind::not_helped;
    if (!proofs_next.empty()) {
        proof.kind = proofs_next.front();
        proofs_next.pop_front();
    }
    return proof;
}

}  // namespace homeostat::heal
