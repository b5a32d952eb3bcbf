#include "homeostat/mesh/relier.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::mesh {

namespace {

class RelierStep {
  public:
    RelierStep(Relier& self, Deeds& deeds, const RelierStanding& standing, Instant now)
        : self_(self), deeds_(deeds), standing_(standing), now_(now) {}

    void pass_time();
    void take(const Message& message);
    void take(const Reconsider& reconsider);

  private:
    void hear(const Message& message, const CallForProposals& cfp);
    void hear(const Message& message, const Accept& accept);
    void hear(const Message& message, const Release& release);
    void hear(const Message& message, const Refuse& refuse);
    /// What is not for a callee.
    void hear(const Message& /*message*/, const auto& /*body*/) {}

    [[nodiscard]] std::optional<Reason> objection_to(const CallForProposals& cfp) const;
    [[nodiscard]] const ModeSettings* find_mode(const ModeId& mode) const;
    [[nodiscard]] Terms terms_next() const;
    void renew();
    void rely(const Terms& terms);
    void stop();
    void say(Body body);

    [[nodiscard]] Instant counts_until() const {
        return self_.asked_at + reliance_for(self_.limits.ttl);
    }
    [[nodiscard]] std::uint32_t ttl_ms() const {
        const auto ttl = std::chrono::duration_cast<std::chrono::milliseconds>(self_.limits.ttl);
        return static_cast<std::uint32_t>(ttl.count());
    }

    Relier& self_;
    Deeds& deeds_;
    const RelierStanding& standing_;
    Instant now_;
};

void RelierStep::pass_time() {
    const bool is_over = (self_.phase == RelierPhase::relying && now_ >= self_.relies_until) ||
                         (self_.phase == RelierPhase::offered && now_ >= counts_until());
    if (is_over) {
        stop();
    }
}

void RelierStep::take(const Message& message) {
    std::visit([&](const auto& body) { hear(message, body); }, message.body);
}

/// An OFFER answers each call, and the one before it is not counted on any more.
void RelierStep::hear(const Message& message, const CallForProposals& cfp) {
    stop();
    self_.thread = message.thread;
    if (const std::optional<Reason> objection = objection_to(cfp)) {
        return say(Refuse{self_.caller.route, cfp.ask, *objection});
    }
    const auto known = std::ranges::find_if(
        cfp.menu, [this](const ModeId& mode) { return find_mode(mode) != nullptr; });
    const std::uint64_t rate =
        std::uint64_t{cfp.evidence.requests_count} * std::milli::den / cfp.evidence.window_ms;
    const std::uint64_t share =
        rate == 0 ? standing_.share_rps : std::min<std::uint64_t>(standing_.share_rps, rate);
    self_.pledge += 1;
    self_.turn = 0;
    self_.asked = {*known, static_cast<std::uint32_t>(share)};
    self_.asked_at = now_;
    self_.renew_at = now_ + renew_after(self_.limits.ttl);
    self_.changed_at = now_;
    self_.is_refused = false;
    self_.phase = RelierPhase::offered;
    say(Offer{self_.caller.route, cfp.ask, self_.pledge, self_.asked.mode, self_.asked.rps_max,
              ttl_ms()});
}

std::optional<Reason> RelierStep::objection_to(const CallForProposals& cfp) const {
    if (standing_.stopped) {
        return standing_.stopped;
    }
    const bool is_any_known = std::ranges::any_of(
        cfp.menu, [this](const ModeId& mode) { return find_mode(mode) != nullptr; });
    if (!is_any_known) {
        return Reason::not_mine;
    }
    return standing_.share_rps == 0 ? std::optional(Reason::no_capacity) : std::nullopt;
}

const ModeSettings* RelierStep::find_mode(const ModeId& mode) const {
    const auto found = std::ranges::find(self_.caller.modes, mode, &ModeSettings::id);
    return found == self_.caller.modes.end() ? nullptr : &*found;
}

/// Only the answer to the last question counts: of an older one it is not known when it was asked.
void RelierStep::hear(const Message& message, const Accept& accept) {
    const bool is_answer = self_.phase != RelierPhase::idle && accept.pledge == self_.pledge &&
                           accept.turn == self_.turn && counts_until() > now_;
    if (is_answer) {
        self_.thread = message.thread;
        self_.relies_until = counts_until();
        rely({accept.mode, accept.rps_max});
    }
}

/// Also for what we never counted on: the caller may go.
void RelierStep::hear(const Message& message, const Release& release) {
    if (release.pledge == self_.pledge) {
        stop();
    }
    self_.thread = message.thread;
    say(Revoke{self_.caller.route, release.pledge});
}

void RelierStep::hear(const Message& /*message*/, const Refuse& refuse) {
    if (refuse.number != self_.pledge) {
        return;
    }
    self_.is_refused = true;
    if (self_.phase == RelierPhase::offered) {
        stop();
    }
}

void RelierStep::take(const Reconsider& /*reconsider*/) {
    if (self_.phase != RelierPhase::relying) {
        return;
    }
    if (standing_.need == Need::none) {
        stop();
        return say(Revoke{self_.caller.route, self_.pledge});
    }
    if (self_.is_refused || now_ < self_.renew_at) {
        return;
    }
    self_.renew_at = now_ + renew_after(self_.limits.ttl);
    if (!standing_.stopped && standing_.share_rps > 0) {
        renew();
    }
}

void RelierStep::renew() {
    const Terms terms = terms_next();
    if (terms != self_.asked) {
        self_.asked = terms;
        self_.changed_at = now_;
    }
    self_.turn += 1;
    self_.asked_at = now_;
    if (self_.asked.rps_max > self_.relied.rps_max) {
        rely(self_.asked);  // Before the caller hears that it may send more.
    }
    say(Renew{self_.caller.route, self_.pledge, self_.turn, self_.asked.mode, self_.asked.rps_max,
              ttl_ms()});
}

/// Never more than there is; one mode deeper while it is not well, and a higher rate while it is
/// well with a quarter to spare, each once in `dwell`: what overload leaves is less than what could
/// be done without it.
Terms RelierStep::terms_next() const {
    constexpr std::uint64_t quarters = 4;
    Terms terms{self_.asked.mode, std::min(self_.asked.rps_max, standing_.share_rps)};
    const bool is_settled = now_ - self_.changed_at >= self_.limits.dwell;
    const bool has_more = quarters * standing_.share_rps >= (quarters + 1) * self_.asked.rps_max;
    if (is_settled && standing_.need == Need::keep && has_more) {
        terms.rps_max = standing_.share_rps;
    }
    const ModeSettings* present = find_mode(self_.relied.mode);
    const bool may_go_deeper = is_settled && standing_.need == Need::more && present != nullptr;
    if (may_go_deeper) {
        const auto deeper =
            std::ranges::find(self_.caller.modes, present->depth + 1, &ModeSettings::depth);
        terms.mode = deeper == self_.caller.modes.end() ? terms.mode : deeper->id;
    }
    return terms;
}

void RelierStep::rely(const Terms& terms) {
    self_.phase = RelierPhase::relying;
    self_.relied = terms;
    deeds_.orders.emplace_back(
        Rely{self_.caller.caller, self_.caller.route, terms, self_.relies_until});
}

void RelierStep::stop() {
    if (self_.phase == RelierPhase::relying) {
        deeds_.orders.emplace_back(StopRelying{self_.caller.caller, self_.caller.route});
    }
    self_.phase = RelierPhase::idle;
}

void RelierStep::say(Body body) {
    deeds_.sayings.push_back({self_.caller.caller, self_.thread, std::move(body)});
}

}  // namespace

RelierTurn next(Relier relier,
                const RelierEvent& event,
                const RelierStanding& standing,
                Instant now) {
    RelierTurn turn{std::move(relier), {}};
    RelierStep step(turn.relier, turn.deeds, standing, now);
    step.pass_time();
    std::visit([&step](const auto& what) { step.take(what); }, event);
    return turn;
}

std::optional<Instant> wake_at(const Relier& relier) {
    if (relier.phase == RelierPhase::idle) {
        return std::nullopt;
    }
    if (relier.phase == RelierPhase::offered) {
        return relier.asked_at + reliance_for(relier.limits.ttl);
    }
    return relier.is_refused ? relier.relies_until : std::min(relier.relies_until, relier.renew_at);
}

}  // namespace homeostat::mesh
