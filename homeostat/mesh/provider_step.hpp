#pragma once

// ProviderStep: one step of a provider while it is being taken. Part of provider.cpp and
// provider_promise.cpp; nobody else includes it.
//
// Pure. Not thread-safe; lives for one call of `next`.

#include "homeostat/mesh/provider.hpp"

namespace homeostat::mesh {

class ProviderStep {
  public:
    ProviderStep(Provider& self, Deeds& deeds, const Standing& standing, Instant now)
        : self_(self), deeds_(deeds), standing_(standing), now_(now) {}

    /// What is over ends before anything new is looked at.
    void pass_time();
    void settle_freeze();

    void take(const Message& message);
    void take(const Looked& looked);
    void take(const Hinted& hinted);
    void take(const Applied& applied);
    void take(const Found& found);
    void take(const Woken& /*woken*/) {}

  private:
    // provider.cpp: what the route shows, and what it does about it.
    [[nodiscard]] bool is_bad() const;
    [[nodiscard]] bool is_good() const;
    [[nodiscard]] bool is_relieved() const;
    [[nodiscard]] bool is_kept() const;
    [[nodiscard]] std::uint32_t windows_needed() const;
    [[nodiscard]] bool can_ask() const;
    [[nodiscard]] std::vector<ModeId> menu() const;
    void consider_asking();
    void ask_callee();
    void fall_back();
    void throttle();
    void judge_fallback();
    void judge_promise();
    void start_ramp();
    void order_ramp();
    void go_on_ramp();
    void restore();

    // provider_promise.cpp: a promise from its offer to its end.
    [[nodiscard]] const ModeSettings* find_mode(const ModeId& mode) const;
    [[nodiscard]] std::optional<AgentId> via_of(const Terms& terms) const;
    [[nodiscard]] std::uint32_t granted_rps(const AgentId& via) const;
    [[nodiscard]] std::optional<Reason> objection_to(const Terms& terms) const;
    [[nodiscard]] bool is_held(const Message& message, std::uint64_t pledge) const;
    [[nodiscard]] Terms terms_for(const Renew& renew) const;
    void hear(const Message& message, const Offer& offer);
    void hear(const Message& message, const Renew& renew);
    void hear(const Message& message, const Revoke& revoke);
    void hear(const Message& message, const Refuse& refuse);
    void hear(const Message& message, const Grant& grant);
    void hear(const Message& message, const Deny& deny);
    /// What is not for a caller.
    void hear(const Message& /*message*/, const auto& /*body*/) {}
    void begin(Promise promise);
    void request_capacity(const AgentId& via, std::uint32_t rps);
    void enter_pending();
    void enter_again(std::optional<Redirect> redirect);
    void keep_pending();
    void give_up_pending(Reason reason);
    void refuse(const Thread& thread, std::uint64_t number, Reason reason);
    void leave();
    void send_release();
    void end_promise();
    void end_grant();
    void keep_grant();

    void say(const AgentId& to, const Thread& thread, Body body);

    Provider& self_;
    Deeds& deeds_;
    const Standing& standing_;
    Instant now_;
};

/// What a window comes to. UNITS: requests/s.
[[nodiscard]] std::uint32_t rate_of(const Evidence& evidence);

}  // namespace homeostat::mesh
