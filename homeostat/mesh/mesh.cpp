#include "homeostat/mesh/mesh.hpp"

#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace homeostat::mesh {

namespace {

/// One step of an agent while it is being taken.
class AgentStep {
  public:
    AgentStep(Turn& turn, Instant now) : turn_(turn), self_(turn.agent), now_(now) {}

    void take(const EpochStored& /*stored*/) { self_.outbox.note_stored(); }
    void take(const Arrived& arrived);
    void take(const RouteLooked& looked) { step(looked.route, looked.looked); }
    void take(const RouteApplied& applied) { step(applied.route, applied.applied); }
    void take(const RouteFound& found) { step(found.route, found.found); }
    void take(const Condition& condition);
    void take(const Load& load);
    void take(const Intending& intending);
    void take(const Working& working) { self_.precedence.note(working.work); }
    void take(const Woken& woken);

  private:
    void hear(const Message& message, const Beacon& beacon);
    void hear(const Message& message, const RequestCapacity& request);
    void hear(const Message& message, const OutcomeReport& outcome);
    void hear(const Message& message, const CallForProposals& cfp);
    void hear(const Message& message, const Offer& offer);
    void hear(const Message& message, const Renew& renew);
    void hear(const Message& message, const Intend& intend);
    void hear(const Message& message, const Word& word);
    /// The rest belongs to a pledge, or to none that is known here.
    void hear(const Message& message, const auto& body) { pass_on(message, body.route); }

    [[nodiscard]] bool is_callee(const AgentId& agent, const RouteId& route) const;
    void pass_on(const Message& message, const RouteId& route);
    void step(const RouteId& route, const ProviderEvent& event);
    void step(Relier& relier, const ShareKey& key, const RelierEvent& event);
    void step_all();
    [[nodiscard]] Standing standing_of(const Provider& provider) const;
    [[nodiscard]] RelierStanding standing_of(const ShareKey& key) const;
    [[nodiscard]] bool is_lent_to(const ShareKey& key) const;
    [[nodiscard]] bool passes_on() const;
    [[nodiscard]] Body answer(const ShareKey& key, const RequestCapacity& request);
    void note_plan(const Relier& before, const Relier& after, const ShareKey& key);
    void send(const Saying& saying);
    void send_all(Deeds deeds);
    void send_beacons();

    Turn& turn_;
    Agent& self_;
    Instant now_;
};

void AgentStep::take(const Arrived& arrived) {
    if (!self_.outbox.is_stored()) {
        return;  // Whoever sent it knows our last life at best.
    }
    const std::expected<Message, Discard> message =
        self_.inbox.admit(arrived.bytes, self_.keyring, self_.outbox.epoch(), now_);
    if (!message) {
        turn_.discarded = message.error();
        return;
    }
    std::visit([&](const auto& body) { hear(*message, body); }, message->body);
}

void AgentStep::take(const Condition& condition) {
    self_.condition = condition;
    step_all();
}

void AgentStep::take(const Load& load) {
    self_.load = load;
    self_.ledger.note_capacity(load.capacity_rps);
    step_all();
}

void AgentStep::take(const Intending& intending) {
    std::vector<AgentId> heard;
    std::ranges::copy_if(
        self_.settings.neighbours, std::back_inserter(heard),
        [this](const AgentId& neighbour) { return self_.inbox.epoch_of(neighbour) != 0; });
    for (const Saying& saying : self_.precedence.ask(heard, intending.thread, now_)) {
        send(saying);
    }
}

void AgentStep::take(const Woken& /*woken*/) {
    self_.precedence.pass_time(now_);
    step_all();
    if (now_ >= self_.beacon_at && self_.outbox.is_stored()) {
        send_beacons();
    }
}

void AgentStep::hear(const Message& message, const Beacon& beacon) {
    constexpr std::uint32_t struggling = 2;
    for (const RouteSettings& route : self_.settings.routes) {
        if (route.callee == message.from && beacon.level >= struggling) {
            step(route.route, Hinted{});
        }
    }
}

void AgentStep::hear(const Message& message, const RequestCapacity& request) {
    send({message.from, message.thread, answer({message.from, request.route}, request)});
}

void AgentStep::hear(const Message& message, const OutcomeReport& outcome) {
    turn_.orders.emplace_back(NoteOutcome{message.from, message.thread, outcome});
}

void AgentStep::hear(const Message& message, const CallForProposals& cfp) {
    if (!self_.reliers.contains({message.from, cfp.route})) {
        send({message.from, message.thread, Refuse{cfp.route, cfp.ask, Reason::not_mine}});
        return;
    }
    pass_on(message, cfp.route);
}

void AgentStep::hear(const Message& message, const Offer& offer) {
    if (!is_callee(message.from, offer.route)) {
        send({message.from, message.thread, Refuse{offer.route, offer.pledge, Reason::not_mine}});
        return;
    }
    pass_on(message, offer.route);
}

/// What a route answers goes to its callee, who must not hear of it for the word of somebody else.
void AgentStep::hear(const Message& message, const Renew& renew) {
    if (is_callee(message.from, renew.route)) {
        pass_on(message, renew.route);
    }
}

void AgentStep::hear(const Message& message, const Intend& intend) {
    const bool is_caller = std::ranges::any_of(
        self_.settings.callers,
        [&message](const CallerSettings& one) { return one.caller == message.from; });
    const Word word = self_.precedence.answer(message.from, is_caller, intend, now_);
    send({message.from, message.thread, word});
}

void AgentStep::hear(const Message& message, const Word& word) {
    self_.precedence.hear(message.from, word, now_);
}

bool AgentStep::is_callee(const AgentId& agent, const RouteId& route) const {
    const auto found = self_.providers.find(route);
    return found != self_.providers.end() && found->second.route.callee == agent;
}

/// To the pledge in which the sender has a part: a caller's or a callee's, never both.
void AgentStep::pass_on(const Message& message, const RouteId& route) {
    const ShareKey key{message.from, route};
    const auto relier = self_.reliers.find(key);
    if (relier != self_.reliers.end()) {
        step(relier->second, key, message);
    } else {
        step(route, message);
    }
}

void AgentStep::step(const RouteId& route, const ProviderEvent& event) {
    const auto found = self_.providers.find(route);
    if (found == self_.providers.end()) {
        return;
    }
    const Standing standing = standing_of(found->second);
    ProviderTurn turn = next(std::move(found->second), event, standing, now_);
    found->second = std::move(turn.provider);
    send_all(std::move(turn.deeds));
}

void AgentStep::step(Relier& relier, const ShareKey& key, const RelierEvent& event) {
    const RelierStanding standing = standing_of(key);
    RelierTurn turn = next(relier, event, standing, now_);
    note_plan(relier, turn.relier, key);
    relier = std::move(turn.relier);
    send_all(std::move(turn.deeds));
}

void AgentStep::step_all() {
    for (const RouteSettings& route : self_.settings.routes) {
        step(route.route, Woken{});
    }
    for (auto& [key, relier] : self_.reliers) {
        step(relier, key, Reconsider{});
    }
}

Standing AgentStep::standing_of(const Provider& provider) const {
    return {.is_frozen = reason_to_freeze(self_).has_value(),
            .is_unwell = self_.condition.self_health > 0,
            .has_granted = self_.ledger.has_granted(now_),
            .callee_epoch = self_.inbox.epoch_of(provider.route.callee)};
}

/// An equal share for each caller, as far as nobody else has it.
RelierStanding AgentStep::standing_of(const ShareKey& key) const {
    const std::size_t callers_count = self_.settings.callers.size();
    const auto equal = static_cast<std::uint32_t>(self_.ledger.budget_rps() /
                                                  std::max<std::size_t>(1, callers_count));
    return {.stopped = reason_to_freeze(self_),
            .need = self_.load.need,
            .share_rps = std::min(equal, self_.ledger.free_for(key, now_))};
}

bool AgentStep::is_lent_to(const ShareKey& key) const {
    return std::ranges::any_of(self_.settings.borrowers, [&key](const BorrowerSettings& one) {
        return one.caller == key.agent && one.route == key.route;
    });
}

/// Whether traffic of ours goes to a third service, or is about to, or has just come back.
bool AgentStep::passes_on() const {
    return std::ranges::any_of(self_.providers, [](const auto& item) {
        const Provider& provider = item.second;
        const bool is_in_trouble =
            provider.phase != Phase::normal && provider.phase != Phase::suspect;
        return is_in_trouble && std::ranges::any_of(provider.route.modes, [](const auto& mode) {
                   return mode.via.has_value();
               });
    });
}

Body AgentStep::answer(const ShareKey& key, const RequestCapacity& request) {
    const auto deny = [&request](Reason reason) {
        return Deny{request.route, request.ask, reason};
    };
    if (const std::optional<Reason> reason = reason_to_freeze(self_)) {
        return deny(*reason);
    }
    if (!is_lent_to(key)) {
        return deny(Reason::not_mine);
    }
    if (passes_on()) {
        return deny(Reason::policy);  // Hop limit one.
    }
    const Duration asked = std::chrono::milliseconds{request.ttl_ms};
    const auto ttl = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::min(asked, self_.settings.limits.ttl));
    if (!self_.ledger.grant(key, request.rps, now_ + ttl, now_)) {
        return deny(Reason::no_capacity);
    }
    return Grant{request.route, request.ask, request.rps, static_cast<std::uint32_t>(ttl.count())};
}

/// What was offered is planned with from then on, and no longer than it may be counted on.
void AgentStep::note_plan(const Relier& before, const Relier& after, const ShareKey& key) {
    const bool has_asked = after.pledge != before.pledge || after.turn != before.turn;
    if (after.phase == RelierPhase::idle) {
        self_.ledger.end_plan(key);
    } else if (has_asked) {
        self_.ledger.plan(key, after.asked.rps_max, now_ + self_.settings.limits.ttl, now_);
    }
}

/// To nobody of whom we have not heard in this life: they would have to refuse it.
void AgentStep::send(const Saying& saying) {
    const std::uint64_t to_epoch = self_.inbox.epoch_of(saying.to);
    const bool is_greeting = std::holds_alternative<Beacon>(saying.body);
    if (to_epoch != 0 || is_greeting) {
        turn_.messages.push_back(
            self_.outbox.address(saying.to, to_epoch, saying.thread, saying.body, now_));
    }
}

void AgentStep::send_all(Deeds deeds) {
    for (const Saying& saying : deeds.sayings) {
        if (const auto* outcome = std::get_if<OutcomeReport>(&saying.body)) {
            turn_.orders.emplace_back(NoteOutcome{self_.settings.self, saying.thread, *outcome});
        }
        send(saying);
    }
    std::ranges::move(deeds.orders, std::back_inserter(turn_.orders));
}

void AgentStep::send_beacons() {
    const Load& load = self_.load;
    const Beacon beacon{load.level, load.queue_ms, load.inflight_count, load.floor_rps,
                        self_.condition.self_health};
    for (const AgentId& neighbour : self_.settings.neighbours) {
        send({neighbour, {}, beacon});
    }
    const Limits& limits = self_.settings.limits;
    self_.beacon_at = now_ + (load.level > 0 ? limits.beacon_every_in_need : limits.beacon_every);
}

}  // namespace

Agent::Agent(
    Settings of, Keyring keys, std::uint64_t stored_epoch, std::uint64_t jitter_seed, Instant now)
    : settings(std::move(of)),
      keyring(std::move(keys)),
      outbox(settings.self, stored_epoch),
      inbox(settings.self),
      ledger(settings.limits, now),
      precedence(settings.self, settings.limits),
      beacon_at(now) {
    const std::optional<std::string> objection = objection_to(settings);
    ensure(!objection, objection.value_or(""));
    const Rng jitter(jitter_seed);
    for (const RouteSettings& route : settings.routes) {
        providers.emplace(route.route, Provider{.route = route,
                                                .limits = settings.limits,
                                                .jitter = jitter.fork(route.route.text())});
    }
    for (const CallerSettings& caller : settings.callers) {
        reliers.emplace(ShareKey{caller.caller, caller.route},
                        Relier{.caller = caller, .limits = settings.limits});
    }
}

Turn next(Agent agent, const Event& event, Instant now) {
    Turn turn{std::move(agent), {}, {}, {}};
    AgentStep step(turn, now);
    std::visit([&step](const auto& what) { step.take(what); }, event);
    return turn;
}

Instant wake_at(const Agent& agent) {
    Instant at = std::min(agent.beacon_at, agent.precedence.wake_at().value_or(Instant::max()));
    for (const auto& [route, provider] : agent.providers) {
        at = std::min(at, wake_at(provider).value_or(at));
    }
    for (const auto& [key, relier] : agent.reliers) {
        at = std::min(at, wake_at(relier).value_or(at));
    }
    return at;
}

std::optional<Reason> reason_to_freeze(const Agent& agent) {
    constexpr std::uint32_t few = 2;  // One neighbour alone is no mass failure.
    const Limits& limits = agent.settings.limits;
    const std::uint64_t bad = agent.condition.neighbours_bad_count;
    const bool is_much_bad = bad >= few && bad * 100 > agent.settings.neighbours.size() *
                                                           limits.neighbours_bad_percent_max;
    if (agent.condition.self_health > limits.self_health_max) {
        return Reason::self_sick;
    }
    return agent.condition.is_suspended || is_much_bad ? std::optional(Reason::frozen)
                                                       : std::nullopt;
}

}  // namespace homeostat::mesh
