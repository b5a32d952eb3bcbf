#include "homeostat/mesh/provider_step.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::mesh {

void ProviderStep::take(const Message& message) {
    std::visit([&](const auto& body) { hear(message, body); }, message.body);
}

const ModeSettings* ProviderStep::find_mode(const ModeId& mode) const {
    const auto found = std::ranges::find(self_.route.modes, mode, &ModeSettings::id);
    return found == self_.route.modes.end() ? nullptr : &*found;
}

std::optional<AgentId> ProviderStep::via_of(const Terms& terms) const {
    const ModeSettings* mode = find_mode(terms.mode);
    return mode == nullptr ? std::nullopt : mode->via;
}

std::uint32_t ProviderStep::granted_rps(const AgentId& via) const {
    return self_.grant && self_.grant->via == via ? self_.grant->rps : 0;
}

/// What the catalogue, the floor and the hop limit say. Nobody's message moves any of them.
std::optional<Reason> ProviderStep::objection_to(const Terms& terms) const {
    const ModeSettings* wanted = find_mode(terms.mode);
    const ModeSettings* present = self_.held ? find_mode(self_.held->terms.mode) : nullptr;
    const std::uint32_t depth_max = (present == nullptr ? 0 : present->depth) + 1;
    if (wanted == nullptr) {
        return Reason::not_mine;
    }
    if (terms.rps_max < self_.route.floor_rps) {
        return Reason::floor;
    }
    if (wanted->depth > depth_max || (wanted->via && standing_.has_granted)) {
        return Reason::policy;
    }
    return std::nullopt;
}

void ProviderStep::hear(const Message& message, const Offer& offer) {
    const bool is_answer = message.from == self_.route.callee && self_.phase == Phase::asking &&
                           !self_.pending && offer.ask == self_.ask;
    if (!is_answer) {
        return refuse(message.thread, offer.pledge, Reason::late);
    }
    const Duration ttl = std::chrono::milliseconds{offer.ttl_ms};
    const Terms terms{offer.mode, offer.rps_max};
    std::optional<Reason> objection = objection_to(terms);
    if (!objection && ttl > self_.limits.ttl) {
        objection = Reason::policy;
    }
    if (objection) {
        refuse(message.thread, offer.pledge, *objection);
        return fall_back();
    }
    begin({message.epoch, offer.pledge, 0, terms, now_ + ttl, message.thread});
}

bool ProviderStep::is_held(const Message& message, std::uint64_t pledge) const {
    return self_.held && message.from == self_.route.callee &&
           self_.held->callee_epoch == message.epoch && self_.held->pledge == pledge;
}

void ProviderStep::hear(const Message& message, const Renew& renew) {
    if (!is_held(message, renew.pledge) || self_.phase != Phase::degraded) {
        return refuse(message.thread, renew.pledge, Reason::late);
    }
    if (standing_.is_frozen) {
        return refuse(message.thread, renew.pledge, Reason::frozen);
    }
    if (self_.pending || renew.turn <= self_.held->turn) {
        return;
    }
    const Duration ttl =
        std::min<Duration>(self_.limits.ttl, std::chrono::milliseconds{renew.ttl_ms});
    const Instant until = std::max(self_.held->until, now_ + ttl);
    begin({message.epoch, renew.pledge, renew.turn, terms_for(renew), until, message.thread});
}

/// Those that it asks for where they may change now, else the ones in force.
Terms ProviderStep::terms_for(const Renew& renew) const {
    const Terms wanted{renew.mode, renew.rps_max};
    const bool may_change = now_ - self_.changed_at >= self_.limits.dwell &&
                            self_.flaps.permits(now_) && !objection_to(wanted);
    return may_change ? wanted : self_.held->terms;
}

void ProviderStep::hear(const Message& message, const Revoke& revoke) {
    if (is_held(message, revoke.pledge)) {
        end_promise();
    }
}

void ProviderStep::hear(const Message& message, const Refuse& refuse) {
    const bool is_answer = message.from == self_.route.callee && self_.phase == Phase::asking &&
                           !self_.pending && refuse.number == self_.ask;
    if (is_answer) {
        fall_back();
    }
}

/// Capacity counts from when we asked for it, and for less than was granted.
void ProviderStep::hear(const Message& message, const Grant& grant) {
    const CapacityAsk& asked = self_.capacity;
    const Duration ttl =
        std::min<Duration>(self_.limits.ttl, std::chrono::milliseconds{grant.ttl_ms});
    const Instant until = asked.asked_at + reliance_for(ttl);
    const bool is_answer = message.from == asked.via && grant.ask == asked.ask &&
                           grant.rps >= asked.rps && until > now_;
    const bool is_awaited = self_.pending && !self_.pending->order;
    if (!is_answer || !(is_awaited || self_.held)) {
        return;
    }
    self_.grant = HeldGrant{asked.via, asked.rps, until};
    if (is_awaited) {
        enter_pending();
    } else if (!self_.pending && via_of(self_.held->terms) == asked.via) {
        enter_again(Redirect{asked.via, asked.rps, until});
    }
}

void ProviderStep::hear(const Message& message, const Deny& deny) {
    const bool is_answer = message.from == self_.capacity.via && deny.ask == self_.capacity.ask;
    if (is_answer && self_.pending && !self_.pending->order) {
        give_up_pending(Reason::no_capacity);
    }
}

/// Capacity first where traffic is to move; then the mode; then the promise.
void ProviderStep::begin(Promise promise) {
    const std::optional<AgentId> via = via_of(promise.terms);
    const bool is_same = self_.held && self_.held->terms == promise.terms;
    std::uint32_t redirect_rps = 0;
    if (via) {
        const std::uint32_t rate = rate_of(self_.looked);
        const std::uint32_t excess = rate - std::min(rate, promise.terms.rps_max);
        redirect_rps = is_same ? granted_rps(*via) : excess;
    }
    const Instant deadline =
        self_.phase == Phase::asking ? self_.ask_until : now_ + self_.limits.renew_deadline;
    self_.pending = Pending{std::move(promise), std::nullopt, redirect_rps, deadline};
    if (via && redirect_rps > granted_rps(*via)) {
        request_capacity(*via, redirect_rps);
    } else {
        enter_pending();
    }
}

void ProviderStep::request_capacity(const AgentId& via, std::uint32_t rps) {
    const auto ttl = std::chrono::duration_cast<std::chrono::milliseconds>(self_.limits.ttl);
    self_.capacity = {via, self_.capacity.ask + 1, rps, now_};
    const Thread& thread = self_.pending ? self_.pending->promise.thread : self_.held->thread;
    say(via, thread,
        RequestCapacity{self_.route.route, self_.capacity.ask, rps,
                        static_cast<std::uint32_t>(ttl.count())});
}

void ProviderStep::enter_pending() {
    const Promise& promise = self_.pending->promise;
    std::optional<Redirect> redirect;
    if (self_.pending->redirect_rps > 0) {
        redirect = Redirect{self_.grant->via, self_.pending->redirect_rps, self_.grant->until};
    }
    self_.pending->order = ++self_.order;
    deeds_.orders.emplace_back(EnterMode{self_.route.route, self_.order, promise.terms,
                                         std::move(redirect), promise.until});
}

/// The same promise, with another redirect.
void ProviderStep::enter_again(std::optional<Redirect> redirect) {
    deeds_.orders.emplace_back(EnterMode{self_.route.route, ++self_.order, self_.held->terms,
                                         std::move(redirect), self_.held->until});
}

void ProviderStep::take(const Applied& applied) {
    const bool is_pending = self_.pending && self_.pending->order == applied.number;
    if (is_pending && applied.is_in_force) {
        keep_pending();
    } else if (is_pending) {
        give_up_pending(Reason::policy);
    } else if (self_.held && applied.number == self_.order && !applied.is_in_force) {
        leave();
    }
}

void ProviderStep::keep_pending() {
    const Promise& promise = self_.pending->promise;
    const bool is_change = !self_.held || self_.held->terms != promise.terms;
    if (is_change) {
        self_.flaps.note_change(self_.limits, now_);
        self_.changed_at = now_;
    }
    self_.held = promise;
    self_.pending.reset();
    if (self_.phase == Phase::leaving) {
        return;  // It is kept, and not said: nobody is to count on it for longer.
    }
    if (self_.phase == Phase::asking) {
        self_.phase = Phase::degraded;
        self_.degraded_at = now_;
        self_.since_count = 0;
        self_.good_count = 0;
    }
    const Terms& terms = self_.held->terms;
    say(self_.route.callee, self_.held->thread,
        Accept{self_.route.route, self_.held->pledge, self_.held->turn, terms.mode, terms.rps_max});
}

/// Nothing was promised by it. What an order without an answer has done is not known: at first it
/// is undone, later the promise before it is given back.
void ProviderStep::give_up_pending(Reason reason) {
    const bool is_ordered = self_.pending->order.has_value();
    refuse(self_.pending->promise.thread, self_.pending->promise.pledge, reason);
    self_.pending.reset();
    if (self_.phase == Phase::asking) {
        if (is_ordered) {
            restore();
        }
        fall_back();
    } else if (is_ordered) {
        leave();
    }
}

void ProviderStep::refuse(const Thread& thread, std::uint64_t number, Reason reason) {
    say(self_.route.callee, thread, Refuse{self_.route.route, number, reason});
}

void ProviderStep::leave() {
    if (self_.phase != Phase::leaving) {
        self_.phase = Phase::leaving;
        send_release();
    }
}

void ProviderStep::send_release() {
    if (self_.held && self_.held->pledge != 0) {
        self_.release_at = now_ + self_.limits.release_again_after;
        say(self_.route.callee, self_.held->thread, Release{self_.route.route, self_.held->pledge});
    }
}

/// The mode is left in steps; what went to a third service does not come back there first.
void ProviderStep::end_promise() {
    if (self_.held->pledge != 0) {
        constexpr std::uint32_t permille = 1'000;
        const std::uint64_t good =
            std::uint64_t{rate_of(self_.looked)} * (permille - self_.looked.errors_permille);
        say(self_.route.callee, self_.held->thread,
            OutcomeReport{self_.route.route, self_.held->pledge,
                          static_cast<std::uint32_t>(good / permille),
                          self_.looked.errors_permille});
    }
    self_.held.reset();
    self_.pending.reset();
    self_.grant.reset();
    if (standing_.is_frozen) {
        restore();
        self_.phase = Phase::frozen;
    } else {
        start_ramp();
    }
}

void ProviderStep::end_grant() {
    const AgentId via = self_.grant->via;
    self_.grant.reset();
    if (self_.held && !self_.pending && via_of(self_.held->terms) == via) {
        enter_again(std::nullopt);
    }
}

void ProviderStep::keep_grant() {
    const bool is_due = self_.grant && self_.held && self_.phase == Phase::degraded &&
                        !self_.pending &&
                        now_ >= self_.capacity.asked_at + renew_after(self_.limits.ttl);
    if (is_due) {
        request_capacity(self_.grant->via, self_.grant->rps);
    }
}

/// What the data plane is in somebody may count on: one whole promise from now.
void ProviderStep::take(const Found& found) {
    self_.phase = Phase::leaving;
    self_.held = Promise{0, 0, 0, found.terms, now_ + self_.limits.ttl, {}};
    self_.changed_at = now_;
    enter_again(std::nullopt);
}

}  // namespace homeostat::mesh
