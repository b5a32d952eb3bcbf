// One tick of the flow: users' calls go down the links in the order of the services, then the
// outcomes are reckoned. docs/internals/simulator.md says the equations in words.

#include "homeostat/sim/world/draws.hpp"
#include "homeostat/sim/world/state.hpp"

#include <algorithm>
#include <cmath>

namespace homeostat::sim {

namespace {

constexpr double load_max = 0.95;      ///< Beyond it the queue says how long one waits.
constexpr double wait_ms_max = 1e7;    ///< "For ever", where nothing is worked on.
constexpr double cut_off_ms = 200;     ///< Nobody says anything where a zone is gone.
constexpr double retransmit_ms = 200;  ///< SOURCE: Linux, TCP_RTO_MIN.
constexpr double steady_share = 0.5;   ///< Of a request's time, what never varies.
/// Of the wait with exponential times: what comes of single requests within a tick. The rest comes
/// of arrivals that differ from tick to tick. Fitted to requests served one by one, queue_test.cpp.
constexpr double random_factor = 0.2;
constexpr double noticed_per_tick = 0.3;  ///< How fast failures are answered by retries.
constexpr double queued_mb = 0.02;        ///< Per request that waits.
constexpr double tight_from = 0.9;        ///< Of the memory; above it collecting costs time.
constexpr double tight_factor = 2;        ///< So much more at the limit.

[[nodiscard]] double power(double base, std::uint32_t exponent) {
    double result = 1;
    for (; exponent > 0; exponent >>= 1U, base *= base) {
        if ((exponent & 1U) != 0) {
            result *= base;
        }
    }
    return result;
}

/// Share of the requests that meet a thing which befalls a call with `share`.
[[nodiscard]] double share_over_calls(double share, double calls_per_request) {
    if (calls_per_request <= 1) {
        return share * calls_per_request;
    }
    return 1 - power(1 - share, static_cast<std::uint32_t>(std::ceil(calls_per_request)));
}

[[nodiscard]] double day_wave(const TrafficSpec& traffic, Tick now) {
    constexpr double day_s = 86'400;
    const double at_s = traffic.day_begins_at_s + static_cast<double>(now) * seconds_per_tick;
    const double day = at_s / day_s;
    const double phase = day - std::floor(day);
    return phase < 0.5 ? 16 * phase * (0.5 - phase) : -16 * (phase - 0.5) * (1 - phase);
}

[[nodiscard]] double users_now(State& state, std::size_t index) {
    const TrafficSpec& traffic = state.topology.traffic[index];
    const double wave = 1 + traffic.swing * day_wave(traffic, state.now);
    double mean = traffic.rate_per_s * seconds_per_tick * wave * state.surges[index];
    if (traffic.burst_every_s > 0) {
        mean *= state.now % ticks_of(traffic.burst_every_s) < ticks_of(traffic.burst_for_s)
                    ? traffic.burst_factor
                    : 1;
    }
    const double drawn = mean + std::sqrt(mean) * draw_normal(state.traffic_rngs[index]);
    return std::max(0.0, drawn);
}

/// Calls enter a link: some are answered by its circuit or cache, the rest reach the target.
void send(State& state, LinkIndex index, double calls) {
    const LinkSpec& spec = state.topology.links[index];
    LinkState& link = state.links[index];
    link.calls = link.is_circuit_open ? 0 : calls;
    double misses = link.calls;
    if (spec.cache != none) {
        CacheState& cache = state.caches[spec.cache];
        const CacheSpec& cached = state.topology.caches[spec.cache];
        cache.hit_share =
            cache.is_rerouted || cache.is_lost ? 0 : cached.hit_share_max * cache.filled;
        misses *= 1 - cache.hit_share;
    }
    link.attempts = misses * (1 + link.retries_per_try);
    ServiceState& target = state.services[spec.target];
    double let_in = 1;
    if (state.are_calls_mixed) {
        let_in = 1 - link.mix.denied_share;
        target.door.inbound_denied += link.attempts * link.mix.denied_share;
        target.door.inbound_more_work += link.attempts * let_in * (link.mix.work_factor - 1);
    }
    target.inbound += link.attempts * let_in;
    target.inbound_retries += misses * link.retries_per_try * let_in;
}

/// What a request of the service waits for, and fails with, outside it.
void reckon_calls(const State& state, ServiceState& service) {
    service.calls_ms = 0;
    service.pool_ms = 0;
    service.pool_max = 0;
    double well_share = 1;
    double misled = 0;
    double degraded = 0;
    for (LinkIndex index = service.links_first; index < service.links_end; ++index) {
        const LinkSpec& spec = state.topology.links[index];
        const LinkState& link = state.links[index];
        degraded += share_over_calls(link.degraded, spec.calls_per_request);
        if (!spec.is_awaited) {
            continue;
        }
        service.calls_ms += spec.calls_per_request * link.call_ms;
        if (spec.is_required) {
            well_share *= 1 - share_over_calls(link.failing_share, spec.calls_per_request);
        }
        misled += share_over_calls(link.misled_share, spec.calls_per_request);
        if (spec.connections_max > 0) {
            service.pool_ms = std::max(spec.calls_per_request * link.call_ms, 0.1);
            service.pool_max = spec.connections_max;
        }
    }
    service.calls_failing = 1 - well_share;
    service.misled_share = std::min(1.0, misled + service.door.lying_share);
    service.degraded = std::min(1.0, degraded);
}

/// What slows a process beside its version: memory that runs out, and being new.
[[nodiscard]] double own_factor(const ReplicaState& replica, const ServiceSpec& spec, Tick now) {
    double factor = replica.time_factor;
    const double memory = spec.memory_base_mb + replica.leaked_mb + replica.queue * queued_mb;
    const double used = memory / spec.memory_max_mb;
    if (used > tight_from) {
        factor *= 1 + tight_factor * std::min(1.0, (used - tight_from) / (1 - tight_from));
    }
    if (now < replica.warm_from_at) {
        const double left =
            static_cast<double>(replica.warm_from_at - now) / (spec.warm_up_s * ticks_per_second);
        factor *= 1 + (spec.cold_factor - 1) * std::min(1.0, left);
    }
    return factor;
}

/// The requests that one replica can work on in a tick: workers, and connections where it has a
/// pool.
void reckon_rate(ReplicaState& replica,
                 const ServiceSpec& spec,
                 const ServiceState& service,
                 Tick now) {
    replica.hold_ms = spec.own_time_ms * own_factor(replica, spec, now) * service.door.work_factor +
                      service.calls_ms;
    const double workers = std::max(0.0, replica.workers - replica.wear.workers_stuck);
    replica.rate = workers * tick_ms / replica.hold_ms;
    if (service.pool_max > 0) {
        const double left = std::max(0.0, service.pool_max - replica.connections_lost);
        replica.rate = std::min(replica.rate, left * tick_ms / service.pool_ms);
    }
    if (!replica.is_answering(now)) {
        replica.rate = 0;
    }
}

/// Requests that may wait. Who looks at deadlines lets none wait that would be late for them.
[[nodiscard]] double queue_max_of(const ReplicaState& replica, const ServiceSpec& spec) {
    if (!spec.drops_expired) {
        return spec.queue_max;
    }
    const double left_ms = std::max(0.0, spec.timeout_ms - 2 * replica.hold_ms);
    return std::min(spec.queue_max, replica.rate * left_ms / tick_ms);
}

void work(ReplicaState& replica,
          const ServiceSpec& spec,
          const ServiceState& service,
          double arriving) {
    const double before = replica.queue;
    replica.worked = std::min(before + arriving, replica.rate);
    double after = before + arriving - replica.worked;
    const double excess = std::max(0.0, after - queue_max_of(replica, spec));
    after -= std::min(excess, arriving);
    replica.turned_away_share = arriving > 0 ? std::min(1.0, excess / arriving) : 0;
    replica.queue = after;
    replica.wait_ms = wait_ms_max;
    if (replica.rate > 0) {
        const double load = std::min(load_max, arriving / replica.rate);
        // One that empties on the way is met by those before that only.
        const double met_share = after > 0 ? 1 : before / std::max(before, replica.rate - arriving);
        const double queued_ms = tick_ms * 0.5 * (before + after) * met_share / replica.rate;
        const double random_ms =
            random_factor * tick_ms / replica.rate * power(load, service.wait_power) / (1 - load);
        replica.wait_ms = std::min(wait_ms_max, queued_ms + random_ms);
    }
    const double varying_ms = (1 - steady_share) * replica.hold_ms;
    const double left_ms = spec.timeout_ms - replica.wait_ms - steady_share * replica.hold_ms;
    replica.late_share = tail_after(left_ms / varying_ms);
    replica.failing_share = 1 - (1 - replica.error_share) * (1 - service.calls_failing);
}

/// Sums over the replicas of one service, by the attempts that reach each.
struct Outcome {
    double resent{0};  ///< Met a dead process and were sent to another one.
    double failed{0};
    double late{0};
    double slow{0};
    double impatient{0};
    double attempt_ms{0};
    double answer_ms{0};
    double answered{0};
    double worked{0};
};

/// Share of the admitted whose answer is in time, but later than this.
[[nodiscard]] double later_share(const ReplicaState& replica, double ms) {
    const double varying_ms = (1 - steady_share) * replica.hold_ms;
    const double left_ms = ms - replica.wait_ms - steady_share * replica.hold_ms;
    return std::max(0.0, tail_after(left_ms / varying_ms) - replica.late_share);
}

void count(ReplicaState& replica,
           const ServiceSpec& spec,
           const ServiceState& service,
           double arriving,
           Outcome& sum) {
    const double admitted = arriving * (1 - replica.turned_away_share);
    const double in_time = admitted * (1 - replica.late_share);
    const double failed = arriving - admitted + in_time * replica.failing_share;
    const double late = admitted - in_time;
    const double answer_ms = std::min(spec.timeout_ms, replica.wait_ms + replica.hold_ms);
    sum.failed += failed;
    sum.late += late;
    sum.worked += replica.worked;
    sum.answered += in_time;
    sum.answer_ms += in_time * answer_ms;
    sum.attempt_ms +=
        in_time * answer_ms + late * spec.timeout_ms + (arriving - admitted) * refusal_ms;
    if (service.slow_ms > 0) {
        sum.slow += admitted * later_share(replica, service.slow_ms) * (1 - replica.failing_share);
    }
    if (service.door.patience_ms > 0) {
        sum.impatient +=
            admitted * later_share(replica, service.door.patience_ms) * (1 - replica.failing_share);
    }
    replica.requests_total += arriving;
    replica.errors_total += failed + late;
    if (in_time > 0) {
        const double moved = std::min(1.0, in_time / edge_answers_max);
        replica.edge_mean_ms += (answer_ms - replica.edge_mean_ms) * moved;
    }
    if (replica.hold_ms > 0) {
        const double own_ms = std::max(0.0, replica.hold_ms - service.calls_ms);
        replica.cpu_total_ms += replica.worked * own_ms * spec.cpu_share;
    }
}

/// The attempts meet the replicas. Those that find a dead process are sent to another one, once.
[[nodiscard]] Outcome meet_replicas(State& state, ServiceIndex index, double arriving) {
    const ServiceSpec& spec = state.topology.services[index];
    const ServiceState& service = state.services[index];
    double dead_share = 0;
    double cut_off_share = 0;
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        const ReplicaState& replica = state.replicas[at];
        if (!replica.is_accepting(state.now)) {
            dead_share += replica.share;
            cut_off_share += replica.is_reachable ? 0 : replica.share;
        }
    }
    Outcome sum;
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        ReplicaState& replica = state.replicas[at];
        const double first = arriving * replica.share;
        replica.offered = first * (1 + dead_share);
        replica.refused = 0;
        if (!replica.is_accepting(state.now)) {
            replica.refused = replica.offered;
            replica.retries_total += first;
            replica.errors_total += first * dead_share;
            replica.requests_total += replica.offered;
            replica.worked = 0;
            replica.rate = 0;
            continue;
        }
        reckon_rate(replica, spec, service, state.now);
        work(replica, spec, service, replica.offered);
        count(replica, spec, service, replica.offered, sum);
    }
    const double refused = arriving * dead_share * dead_share;
    sum.resent = arriving * dead_share;
    sum.failed += refused;
    sum.attempt_ms += refused * refusal_ms + arriving * cut_off_share * cut_off_ms;
    return sum;
}

/// What comes in this tick passes the door.
void open_door(State& state, ServiceState& service) {
    Door& door = service.door;
    door.work_factor = service.inbound > 0 ? 1 + door.inbound_more_work / service.inbound : 1;
    door.denied = door.inbound_denied;
    door.inbound_more_work = 0;
    door.inbound_denied = 0;
    if (door.denied > 0) {
        for (ReplicaIndex at = service.first; at < service.end; ++at) {
            ReplicaState& replica = state.replicas[at];
            replica.requests_total += door.denied * replica.share;
            replica.errors_total += door.denied * replica.share;
        }
    }
}

void serve(State& state, ServiceIndex index) {
    ServiceState& service = state.services[index];
    const ServiceSpec& spec = state.topology.services[index];
    reckon_calls(state, service);
    if (state.are_calls_mixed) {
        open_door(state, service);
    }
    const double all = service.inbound;
    service.offered = all;
    service.retried = service.inbound_retries;
    service.shed = all * service.shed_share;
    // A packet that is lost twice is as good as an answer that never comes.
    const double lost = (all - service.shed) * service.loss_share * service.loss_share;
    const double arriving = all - service.shed - lost;
    double in_rotation = 0;
    for (ReplicaIndex at = service.first; at < service.end; ++at) {
        in_rotation += state.replicas[at].share;
    }
    Outcome sum = meet_replicas(state, index, arriving);
    if (in_rotation <= 0) {
        sum.failed += arriving;
    }
    service.inbound = 0;
    service.inbound_retries = 0;
    if (all > 0) {
        const double waits_ms = service.loss_share * retransmit_ms;
        service.failed_share = (sum.failed + service.shed) / all;
        service.late_share = (sum.late + lost) / all;
        service.slow_share = sum.slow / all;
        service.door.impatient_share = sum.impatient / all;
        service.served_share = std::max(0.0, 1 - service.failed_share - service.late_share);
        service.attempt_ms = (sum.attempt_ms + lost * spec.timeout_ms) / all + waits_ms;
        if (sum.answered > 0) {
            service.answer_ms = sum.answer_ms / sum.answered + waits_ms;
            const double moved = std::min(1.0, sum.answered / edge_answers_max);
            service.edge_mean_ms += (service.answer_ms - service.edge_mean_ms) * moved;
        }
    }
    service.requests_total += all + service.door.denied;
    service.errors_total += sum.failed + sum.late + lost + service.shed + service.door.denied;
    service.retries_total += service.retried + sum.resent;
    for (LinkIndex at = service.links_first; at < service.links_end; ++at) {
        send(state, at, sum.worked * state.topology.links[at].calls_per_request);
    }
}

/// Retries of a call, where a share of the attempts fails.
[[nodiscard]] double retries_of(double failing, std::uint32_t attempts_max) {
    double retries = 0;
    double chance = 1;
    for (std::uint32_t attempt = 1; attempt < attempts_max; ++attempt) {
        chance *= failing;
        retries += chance;
    }
    return retries;
}

/// What came of the calls of a link: the target's outcome, retries, circuit and cache.
void reckon_link(State& state, LinkIndex index) {
    const LinkSpec& spec = state.topology.links[index];
    LinkState& link = state.links[index];
    if (link.is_circuit_open) {
        link.call_ms = fallback_ms;
        link.failing_share = 0;
        link.misled_share = 0;
        link.degraded = 1 - spec.fallback_quality;
        link.failing_seen = 0;
        link.retries_per_try = 0;
        return;
    }
    const ServiceState& target = state.services[spec.target];
    const AttemptsFate fate =
        state.are_calls_mixed
            ? fate_of(state, index)
            : AttemptsFate{target.failed_share, target.late_share, target.attempt_ms};
    const double failing = fate.failed_share + fate.late_share;
    link.failing_seen += (failing - link.failing_seen) * noticed_per_tick;
    const double retries_before = link.retries_per_try;
    const double retries = retries_of(link.failing_seen, spec.attempts_max);
    link.retries_per_try = spec.retry_budget > 0 ? std::min(retries, spec.retry_budget) : retries;
    if (link.mix.hasty_share > 0) {
        const double hasty = retries_of(link.failing_seen, link.mix.hasty_attempts_max);
        link.retries_per_try += link.mix.hasty_share * (hasty - link.retries_per_try);
    }
    double missed = std::max(0.0, 1 - (1 - failing) * (1 + retries_before));
    double call_ms = (1 + retries_before) * fate.attempt_ms;
    double misled = target.misled_share;
    if (spec.cache != none) {
        CacheState& cache = state.caches[spec.cache];
        const double hit = cache.hit_share;
        const double able = state.topology.caches[spec.cache].hit_share_max;
        cache.misses += link.calls * able * (1 - cache.filled) * (1 - missed);
        misled = misled * (1 - hit) + (cache.filled > 0 ? hit * cache.stale / cache.filled : 0);
        missed *= 1 - hit;
        call_ms = hit * state.topology.caches[spec.cache].hit_ms + (1 - hit) * call_ms;
    }
    link.call_ms = call_ms;
    link.failing_share = missed;
    link.misled_share = misled;
    link.degraded = target.degraded * (1 - missed) +
                    (spec.is_required ? 0 : missed * (1 - spec.fallback_quality));
}

void fill(CacheState& cache, const CacheSpec& spec) {
    double fresh = cache.is_lost || cache.is_rerouted ? 0 : cache.misses / spec.keys_count;
    cache.misses = 0;
    fresh = std::min(fresh, 1 - cache.filled);
    // What is renewed in time does not grow old.
    const bool is_renewed = spec.refreshes_s > 0 && spec.refreshes_s < spec.lives_s;
    const double lives = spec.lives_s > 0 && !is_renewed ? 1 - seconds_per_tick / spec.lives_s : 1;
    const double filled_before = cache.filled * lives;
    cache.stale *= lives;
    cache.filled = filled_before;
    double renewed = 0;
    if (spec.refreshes_s > 0 && !cache.is_lost) {
        const double moved = std::min(1.0, seconds_per_tick / spec.refreshes_s);
        renewed = moved;
        cache.stale *= 1 - moved;
        cache.filled += (1 - cache.filled) * moved;
    }
    cache.filled = std::min(1.0, cache.filled + fresh);
    if (cache.is_written_wrong) {
        cache.stale = std::min(cache.filled, cache.stale + fresh + renewed);
    }
    const double kept = cache.filled > 0 ? filled_before * (1 - renewed) / cache.filled : 0;
    cache.age_s = (cache.age_s + seconds_per_tick) * std::min(1.0, kept);
}

void tally_users(State& state, const TrafficSpec& traffic) {
    const LinkState& link = state.links[traffic.link];
    const LinkSpec& spec = state.topology.links[traffic.link];
    const ServiceState& target = state.services[spec.target];
    const double good = link.calls * (1 - link.failing_share);
    // A good answer after a try that timed out is a slow one, one after a quick refusal is not.
    const AttemptsFate fate = fate_of(state, traffic.link);
    const double failing = fate.failed_share + fate.late_share;
    const double first_good = target.served_share * (1 - link.mix.denied_share);
    const double again = std::max(0.0, 1 - link.failing_share - first_good);
    const double late_before = failing > 0 ? again * fate.late_share / failing : 0;
    const double slow_first = target.served_share > 0 ? target.slow_share / target.served_share : 0;
    const double slow =
        link.calls * (late_before + (first_good + again - late_before) * slow_first);
    state.tally.requests += link.calls;
    state.tally.failed += link.calls - good;
    state.tally.slow += std::min(good, slow);
    state.tally.misled += good * target.misled_share;
    state.tally.degraded += good * target.degraded;
}

}  // namespace

void pass_flow(State& state) {
    const Topology& topology = state.topology;
    mix_calls(state);
    for (std::size_t index = 0; index < topology.traffic.size(); ++index) {
        send(state, topology.traffic[index].link, users_now(state, index));
    }
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        serve(state, index);
    }
    for (LinkIndex index = 0; index < topology.links.size(); ++index) {
        reckon_link(state, index);
    }
    for (CacheIndex index = 0; index < topology.caches.size(); ++index) {
        fill(state.caches[index], topology.caches[index]);
    }
    for (const TrafficSpec& traffic : topology.traffic) {
        tally_users(state, traffic);
    }
}

}  // namespace homeostat::sim
