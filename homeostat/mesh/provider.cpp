#include "homeostat/mesh/provider.hpp"

#include "homeostat/mesh/provider_step.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::mesh {

namespace {

constexpr std::uint64_t permille = 1'000;
constexpr std::uint64_t ms_per_second = 1'000;
constexpr std::array<std::uint32_t, 3> ramp_shares{10, 25, 50};  // In percent; then all of it.

Duration jittered(Duration span, std::uint32_t percent, Rng& jitter) {
    constexpr std::int64_t whole = 100;
    return span * (whole + jitter.between(-std::int64_t{percent}, percent)) / whole;
}

/// A window or a step may be late; the data plane waits for two more. It has to be able to hold
/// what lasts as long as a promise, and longer it may not.
Duration lives_of(Duration step, const Limits& limits) {
    constexpr int lives = 3;
    return std::min(lives * step, limits.ttl);
}

std::chrono::milliseconds queue_of(const Evidence& evidence) {
    return std::chrono::milliseconds{evidence.queue_ms};
}

/// Fell by a quarter at least.
bool is_lower(std::uint64_t value, std::uint64_t before) {
    constexpr std::uint64_t parts = 4;
    return before > 0 && value * parts <= before * (parts - 1);
}

std::optional<Instant> earlier(std::optional<Instant> one, std::optional<Instant> other) {
    return one && other ? std::min(*one, *other) : (one ? one : other);
}

}  // namespace

std::uint32_t rate_of(const Evidence& evidence) {
    const std::uint64_t rate =
        evidence.requests_count * ms_per_second / std::max<std::uint64_t>(1, evidence.window_ms);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(rate, rate_max));
}

ProviderTurn next(Provider provider,
                  const ProviderEvent& event,
                  const Standing& standing,
                  Instant now) {
    ProviderTurn turn{std::move(provider), {}};
    ProviderStep step(turn.provider, turn.deeds, standing, now);
    step.pass_time();
    step.settle_freeze();
    std::visit([&step](const auto& what) { step.take(what); }, event);
    return turn;
}

std::optional<Instant> wake_at(const Provider& provider) {
    std::optional<Instant> at;
    if (provider.phase == Phase::asking) {
        at = provider.ask_until;
    }
    if (provider.pending) {
        at = earlier(at, provider.pending->deadline);
    }
    if (provider.held) {
        at = earlier(at, provider.held->until);
    }
    if (provider.grant) {
        at = earlier(at, provider.grant->until);
    }
    if (provider.grant && provider.phase == Phase::degraded) {
        at = earlier(at, provider.capacity.asked_at + renew_after(provider.limits.ttl));
    }
    if (provider.phase == Phase::leaving && provider.held && provider.held->pledge != 0) {
        at = earlier(at, provider.release_at);
    }
    return provider.phase == Phase::probation ? earlier(at, provider.ramp_at) : at;
}

void ProviderStep::pass_time() {
    if (self_.pending && now_ >= self_.pending->deadline) {
        give_up_pending(Reason::late);
    }
    if (self_.phase == Phase::asking && !self_.pending && now_ >= self_.ask_until) {
        fall_back();
    }
    if (self_.held && now_ >= self_.held->until) {
        end_promise();
    }
    if (self_.grant && now_ >= self_.grant->until) {
        end_grant();
    }
    keep_grant();
    if (self_.phase == Phase::leaving && now_ >= self_.release_at) {
        send_release();
    }
    if (self_.phase == Phase::probation && now_ >= self_.ramp_at) {
        go_on_ramp();
    }
}

/// A promise that is in force is kept to its end; everything else stops.
void ProviderStep::settle_freeze() {
    if (!standing_.is_frozen) {
        self_.phase = self_.phase == Phase::frozen ? Phase::normal : self_.phase;
        return;
    }
    if (self_.held || self_.phase == Phase::frozen) {
        return;
    }
    const bool has_changed_traffic =
        self_.pending || self_.phase == Phase::probation || self_.phase == Phase::local_fallback;
    if (has_changed_traffic) {
        restore();
    }
    self_.pending.reset();
    self_.phase = Phase::frozen;
}

void ProviderStep::take(const Looked& looked) {
    self_.looked = looked.evidence;
    self_.thread = looked.thread;
    self_.held_permille = looked.held_permille;
    self_.bad_count = is_bad() ? self_.bad_count + 1 : 0;
    self_.good_count = is_good() ? self_.good_count + 1 : 0;
    switch (self_.phase) {
        case Phase::normal:
        case Phase::suspect:
        case Phase::probation:
            return consider_asking();
        case Phase::local_fallback:
            return judge_fallback();
        case Phase::degraded:
            return judge_promise();
        case Phase::asking:
        case Phase::leaving:
        case Phase::frozen:
            return;
    }
}

void ProviderStep::take(const Hinted& /*hinted*/) {
    self_.hinted_until = now_ + self_.limits.hint_for;
}

bool ProviderStep::is_bad() const {
    return self_.looked.errors_permille >= self_.limits.errors_enter_permille ||
           queue_of(self_.looked) >= self_.limits.queue_enter;
}

bool ProviderStep::is_good() const {
    return self_.looked.errors_permille <= self_.limits.errors_leave_permille &&
           queue_of(self_.looked) <= self_.limits.queue_leave;
}

bool ProviderStep::is_relieved() const {
    return is_lower(self_.looked.errors_permille, self_.looked_before.errors_permille) ||
           is_lower(self_.looked.queue_ms, self_.looked_before.queue_ms);
}

/// Our own edge may be behind while there are more calls: then it is not the promise that is bad.
bool ProviderStep::is_kept() const {
    constexpr std::uint64_t percent = 100;
    constexpr std::uint64_t percent_kept = 110;  // A share is drawn, so a rate is never just met.
    return !self_.held || rate_of(self_.looked) * percent <=
                              std::uint64_t{self_.held->terms.rps_max} * percent_kept;
}

std::uint32_t ProviderStep::windows_needed() const {
    const bool is_hinted = now_ < self_.hinted_until;
    const std::uint32_t windows = is_hinted ? 1 : self_.limits.windows_enter;
    return standing_.is_unwell ? 2 * windows : windows;
}

bool ProviderStep::can_ask() const {
    return standing_.callee_epoch != 0 && self_.flaps.permits(now_) && !menu().empty();
}

/// The mildest modes; those that need a third service only while nobody counts on us.
std::vector<ModeId> ProviderStep::menu() const {
    std::vector<ModeId> modes;
    for (const ModeSettings& mode : self_.route.modes) {
        const bool is_open = mode.depth == 1 && !(mode.via && standing_.has_granted);
        if (is_open && modes.size() < menu_count_max) {
            modes.push_back(mode.id);
        }
    }
    return modes;
}

void ProviderStep::consider_asking() {
    if (self_.bad_count == 0) {
        self_.phase = self_.phase == Phase::suspect ? Phase::normal : self_.phase;
        return;
    }
    self_.phase = self_.phase == Phase::normal ? Phase::suspect : self_.phase;
    if (self_.bad_count < windows_needed()) {
        return;
    }
    if (can_ask()) {
        ask_callee();
    } else {
        fall_back();
    }
}

void ProviderStep::ask_callee() {
    self_.phase = Phase::asking;
    self_.ask += 1;
    self_.ask_until = now_ + self_.limits.ask_deadline;
    self_.looked_before = self_.looked;
    say(self_.route.callee, self_.thread,
        CallForProposals{self_.route.route, self_.ask, menu(), self_.looked});
}

void ProviderStep::fall_back() {
    self_.phase = Phase::local_fallback;
    self_.retry_at = now_ + self_.limits.dwell;
    throttle();
}

/// SOURCE: the adaptive throttling of Google's SRE book, with K = 2. Its requests are all that were
/// wanted: by those that got through alone, each good window under it would let all through.
void ProviderStep::throttle() {
    constexpr std::uint32_t held_max = 999;  // Where nothing passes, nothing can be told.
    const std::uint64_t passed = self_.looked.requests_count;
    const std::uint64_t passing = permille - std::min(self_.held_permille, held_max);
    const std::uint64_t requests = passed * permille / passing;
    const std::uint64_t accepted = passed * (permille - self_.looked.errors_permille) / permille;
    const std::uint64_t excess = requests - std::min(requests, 2 * accepted);
    const std::uint64_t rate = std::uint64_t{rate_of(self_.looked)} * permille / passing;
    const std::uint64_t above_floor = rate - std::min<std::uint64_t>(rate, self_.route.floor_rps);
    const std::uint64_t drop_max = rate == 0 ? 0 : above_floor * permille / rate;
    const std::uint64_t drop = std::min(excess * permille / (requests + 1), drop_max);
    const Duration window = std::chrono::milliseconds{self_.looked.window_ms};
    deeds_.orders.emplace_back(Throttle{self_.route.route, static_cast<std::uint32_t>(drop),
                                        now_ + lives_of(window, self_.limits)});
}

void ProviderStep::judge_fallback() {
    if (self_.good_count >= self_.limits.windows_leave) {
        restore();
        self_.phase = Phase::normal;
        return;
    }
    throttle();
    if (self_.bad_count >= windows_needed() && now_ >= self_.retry_at && can_ask()) {
        ask_callee();
    }
}

/// A mode that did not help is not kept: whoever asked for it may have lied. One that did looks as
/// if it were not needed, and is tried without from time to time.
void ProviderStep::judge_promise() {
    self_.since_count += 1;
    const bool is_old = now_ - self_.degraded_at >= self_.limits.trial_after;
    if (is_old && self_.good_count >= self_.limits.windows_leave) {
        return leave();
    }
    const bool is_in_vain = self_.since_count >= self_.limits.windows_relief &&
                            self_.bad_count >= self_.limits.windows_relief && is_kept() &&
                            !is_relieved();
    if (is_in_vain) {
        self_.flaps.hold_down(self_.limits, now_);
        leave();
    }
}

void ProviderStep::start_ramp() {
    self_.phase = Phase::probation;
    self_.ramp_step = 0;
    order_ramp();
}

void ProviderStep::order_ramp() {
    const Duration step = self_.limits.ramp_step;
    deeds_.orders.emplace_back(Ramp{self_.route.route, ramp_shares.at(self_.ramp_step),
                                    now_ + lives_of(step, self_.limits)});
    self_.ramp_at = now_ + jittered(step, self_.limits.jitter_percent, self_.jitter);
}

/// While the last window was bad it stays where it is.
void ProviderStep::go_on_ramp() {
    self_.ramp_step += self_.bad_count == 0 ? 1 : 0;
    if (self_.ramp_step < ramp_shares.size()) {
        return order_ramp();
    }
    restore();
    self_.phase = Phase::normal;
}

void ProviderStep::restore() {
    deeds_.orders.emplace_back(Restore{self_.route.route});
}

void ProviderStep::say(const AgentId& to, const Thread& thread, Body body) {
    deeds_.sayings.push_back({to, thread, std::move(body)});
}

}  // namespace homeostat::mesh
