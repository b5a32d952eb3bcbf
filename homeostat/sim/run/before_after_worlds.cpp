#include "homeostat/sim/run/before_after_worlds.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/run/chaos.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace homeostat::sim {

namespace {

using advise::AdviceKind;
using advise::TrialOrder;

constexpr ServiceIndex own = 0;
constexpr ServiceIndex neighbour = 1;  ///< The first, with which the cause lies.
constexpr std::uint32_t neighbours_max = 4;
constexpr double first_s = 60;         ///< The cause comes, after all has settled.
constexpr double again_after_s = 270;  ///< Longer than the cool-down of a remedy.
/// SOURCE: the budget of Envoy's default, and of what `advise` proposes.
constexpr double retry_budget = 0.2;

double ms_of(Duration span) {
    return to_seconds(span) * 1'000;
}

double goal_ms(const TrialOrder& order) {
    return std::max(1.0, ms_of(order.latency_goal));
}

std::uint32_t instances_of(const TrialOrder& order) {
    return std::max(order.instances, 1U);
}

std::uint32_t spares_of(const TrialOrder& order) {
    return std::min(order.spares, instances_of(order) - 1);
}

// --- The world that all have in common -----------------------------------------------------------

void add_neighbours(Rng& rng, Topology& topology, const TrialOrder& order) {
    const std::uint32_t count = std::clamp(order.neighbours, 1U, neighbours_max);
    for (std::uint32_t index = 0; index < count; ++index) {
        ServiceSpec spec{.name = fmt::format("neighbour{}", index + 1), .replicas_count = 2};
        spec.own_time_ms = goal_ms(order) * draw_between(rng, 0.01, 0.05);
        spec.timeout_ms = goal_ms(order) * draw_between(rng, 1, 4);
        topology.services.push_back(spec);
        LinkSpec link{.caller = own, .target = index + 1};
        link.calls_per_request = draw_between(rng, 0.4, 1);
        link.attempts_max = static_cast<std::uint32_t>(rng.between(1, 3));
        link.retry_budget = draw_chance(rng, 0.5) ? 0.1 : 0;
        // The one with which the cause lies took the service with it: that is known.
        link.is_required = index == 0 || draw_chance(rng, 0.7);
        link.has_circuit = index == 0 ? order.has_circuit : draw_chance(rng, 0.5);
        topology.links.push_back(link);
    }
}

/// Workers for `per_s` requests of `hold_ms` each, so that they are busy for a share of the time.
std::uint32_t workers_for(double per_s, double hold_ms, double load, std::uint32_t replicas_count) {
    const double busy = per_s * hold_ms / 1'000;
    return static_cast<std::uint32_t>(std::max(4.0, std::ceil(busy / load / replicas_count)));
}

/// As many users as the service carries with some room, neighbours that carry its calls.
void size_for_users(Rng& rng, Topology& topology, double load) {
    ServiceSpec& service = topology.services[own];
    double hold_ms = service.own_time_ms;
    for (const LinkSpec& link : topology.links) {
        hold_ms += link.calls_per_request * topology.services[link.target].own_time_ms;
    }
    const double per_s = load * service.workers * service.replicas_count * 1'000 / hold_ms;
    for (const LinkSpec& link : topology.links) {
        ServiceSpec& called = topology.services[link.target];
        called.workers = workers_for(per_s * link.calls_per_request, called.own_time_ms,
                                     draw_between(rng, 0.3, 0.6), called.replicas_count);
        called.queue_max = called.workers * draw_between(rng, 2, 20);
        called.descriptors_max = std::max(1'024.0, 4.0 * called.workers);
    }
    const auto users = static_cast<LinkIndex>(topology.links.size());
    LinkSpec link{.caller = none, .target = own};
    link.attempts_max = static_cast<std::uint32_t>(rng.between(1, 3));
    link.retry_budget = draw_chance(rng, 0.5) ? 0.1 : 0;
    topology.links.push_back(link);
    topology.traffic.push_back({.link = users, .rate_per_s = per_s});
}

LinkSpec& users_link(Options& options) {
    return options.topology.links.back();
}

LinkSpec& neighbour_link(Options& options) {
    return options.topology.links[options.topology.find_link(own, neighbour)];
}

ServiceSpec& service_of(Options& options) {
    return options.topology.services[own];
}

Options draw_world(Rng& rng, const TrialOrder& order, std::uint64_t seed) {
    Options options;
    options.seed = seed;
    options.scenario = "before_after";
    ServiceSpec service{.name = "service"};
    service.spares_count = spares_of(order);
    service.replicas_count = instances_of(order) - service.spares_count;
    service.workers = static_cast<std::uint32_t>(rng.between(8, 32));
    service.own_time_ms = goal_ms(order) * draw_between(rng, 0.02, 0.1);
    service.timeout_ms = goal_ms(order) * draw_between(rng, 2, 6);
    service.queue_max = service.workers * draw_between(rng, 2, 20);
    service.start_s = draw_between(rng, 1, 8);
    options.topology.services.push_back(service);
    add_neighbours(rng, options.topology, order);
    size_for_users(rng, options.topology, draw_between(rng, 0.4, 0.75));
    options.topology.traffic.front().slow_ms = goal_ms(order);
    options.limits.min_healthy = order.min_healthy;
    for (std::size_t kind = 0; kind < static_cast<std::size_t>(RemedyKind::run_task); ++kind) {
        options.limits.autonomy[static_cast<RemedyKind>(kind)] = Autonomy::act;
    }
    options.person = PersonKind::slow;
    options.chaos_ends_at = ticks_of(trial_seconds);
    options.ends_at = ticks_of(trial_seconds);
    return options;
}

// --- The causes ----------------------------------------------------------------------------------

/// Each time the cause comes, for so long.
struct Times {
    double least_s{60};
    double most_s{150};
};

void add_each_time(Rng& rng, Options& options, InjectedFault fault, Times lasts) {
    for (std::uint32_t time = 0; time < trial_times; ++time) {
        fault.begins_at = draw_ticks(rng, first_s, first_s + 20) + ticks_of(again_after_s) * time;
        fault.ends_at = fault.begins_at + draw_ticks(rng, lasts.least_s, lasts.most_s);
        options.faults.push_back(fault);
    }
}

std::uint32_t draw_instance(Rng& rng, const Options& options) {
    const std::int64_t count = options.topology.services[own].replicas_count;
    return static_cast<std::uint32_t>(rng.between(0, count - 1));
}

/// Neither is short of workers while calls take long, so that answers are late and do not fail.
InjectedFault make_late(Rng& rng, Options& options, const TrialOrder& order) {
    for (const ServiceIndex index : {own, neighbour}) {
        ServiceSpec& service = options.topology.services[index];
        service.workers *= 100;
        service.descriptors_max = std::max(1'024.0, 4.0 * service.workers);
        service.timeout_ms = goal_ms(order) * 8;
    }
    const double usual_ms = options.topology.services[neighbour].own_time_ms;
    return {.kind = FaultKind::slow_service,
            .service = neighbour,
            .strength = goal_ms(order) * draw_between(rng, 0.8, 2.5) / usual_ms};
}

/// It answers with errors, or late, or not at all: who is guarded learns of each in another way.
void let_neighbour_fail(Rng& rng, Options& options, const TrialOrder& order) {
    ServiceSpec& spec = options.topology.services[neighbour];
    InjectedFault fault{.kind = FaultKind::failing_service,
                        .service = neighbour,
                        .strength = draw_between(rng, 0.3, 0.95)};
    const std::int64_t way = rng.between(0, 2);
    if (way == 1) {
        fault = make_late(rng, options, order);
    } else if (way == 2) {
        spec.restarts_itself_after_s = 2;
        // What ends before it has started answers nobody.
        fault = {.kind = FaultKind::crash_loop, .service = neighbour, .strength = spec.start_s / 2};
    }
    add_each_time(rng, options, fault, {});
}

void let_neighbour_crawl(Rng& rng, Options& options, const TrialOrder& order) {
    options.topology.services[neighbour].timeout_ms =
        std::max(draw_between(rng, 5'000, 30'000), 2 * goal_ms(order));
    add_each_time(rng, options,
                  {.kind = FaultKind::slow_service,
                   .service = neighbour,
                   .strength = draw_between(rng, 5, 60)},
                  {});
}

void let_instance_crash(Rng& rng, Options& options, const TrialOrder&) {
    for (std::uint32_t time = 0; time < trial_times; ++time) {
        options.faults.push_back(
            {.kind = FaultKind::crash,
             .service = own,
             .replica = draw_instance(rng, options),
             .begins_at = draw_ticks(rng, first_s, first_s + 20) + ticks_of(again_after_s) * time});
    }
}

/// While something bad that was rolled out is rolled back, another instance ends by itself. Three
/// deploys in ten minutes would be one too many to roll back.
void let_instance_crash_in_rollback(Rng& rng, Options& options, const TrialOrder&) {
    constexpr double rollout_again_after_s = 310;
    const double starts_s = draw_between(rng, 3, 12);
    service_of(options).start_s = starts_s;
    for (std::uint32_t time = 0; time < trial_times; ++time) {
        const Tick at =
            draw_ticks(rng, first_s, first_s + 20) + ticks_of(rollout_again_after_s) * time;
        const bool is_config = time % 2 == 1;
        options.faults.push_back({.kind = is_config ? FaultKind::bad_config : FaultKind::bad_deploy,
                                  .service = own,
                                  .strength = is_config ? usual_strength(FaultKind::bad_config)
                                                        : draw_between(rng, 0.1, 0.5),
                                  .begins_at = at});
        options.faults.push_back({.kind = FaultKind::crash,
                                  .service = own,
                                  .replica = draw_instance(rng, options),
                                  .begins_at = at + draw_ticks(rng, 5, 10 + 2 * starts_s)});
    }
}

void let_users_surge(Rng& rng, Options& options, const TrialOrder&) {
    add_each_time(
        rng, options,
        {.kind = FaultKind::surge, .service = own, .strength = draw_between(rng, 1.5, 2.8)}, {});
}

/// So much may wait that who is last in the queue has given up before it is their turn.
void let_queue_grow(Rng& rng, Options& options, const TrialOrder& order) {
    ServiceSpec& service = service_of(options);
    const double waits_ms = service.timeout_ms * draw_between(rng, 0.5, 3);
    service.queue_max = std::ceil(service.workers * waits_ms / service.own_time_ms);
    let_users_surge(rng, options, order);
}

/// What is wrong is over after half a minute at most; what tried again in the meantime may stay.
void let_callers_try_again(Rng& rng, Options& options, const TrialOrder&) {
    ServiceSpec& service = service_of(options);
    service.queue_max = std::ceil(service.workers * service.timeout_ms *
                                  draw_between(rng, 0.1, 1.2) / service.own_time_ms);
    users_link(options).attempts_max = static_cast<std::uint32_t>(rng.between(2, 3));
    users_link(options).retry_budget = 0;
    add_each_time(rng, options,
                  {.kind = FaultKind::slow_service,
                   .service = neighbour,
                   .strength = draw_between(rng, 5, 40)},
                  {10, 30});
}

/// Copies that never end by themselves; the source carries between a third and all of the reads.
void let_copies_be_wrong(Rng& rng, Options& options, const TrialOrder&) {
    Topology& topology = options.topology;
    LinkSpec& link = neighbour_link(options);
    const double reads_per_s = topology.traffic.front().rate_per_s * link.calls_per_request;
    const double reads_of_key_per_s = draw_between(rng, 0.05, 3);
    topology.caches.push_back({.name = "copies",
                               .keys_count = std::max(5.0, reads_per_s / reads_of_key_per_s),
                               .lives_s = 0,
                               .has_reroute = false});
    link.cache = 0;
    ServiceSpec& source = topology.services[neighbour];
    source.workers =
        workers_for(reads_per_s * draw_between(rng, 0.35, 1), source.own_time_ms, 0.7, 2);
    for (std::uint32_t time = 0; time < trial_times; ++time) {
        options.faults.push_back(
            {.kind = FaultKind::stale_copies,
             .replica = 0,
             .strength = draw_between(rng, 0.2, 0.8),
             .begins_at = draw_ticks(rng, first_s, first_s + 20) + ticks_of(again_after_s) * time});
    }
}

// --- The changes ---------------------------------------------------------------------------------

void add_circuit(Options& options, const TrialOrder&) {
    neighbour_link(options).has_circuit = true;
}

std::string says_circuit(const TrialOrder&) {
    return "no circuit for the neighbour; then one with a fallback, whose answers are worth 70 %";
}

void bound_calls(Options& options, const TrialOrder& order) {
    options.topology.services[neighbour].timeout_ms = goal_ms(order);
}

std::string says_timeout(const TrialOrder& order) {
    return fmt::format(
        "calls wait 5 to 30 s for the neighbour, and twice the goal at least; then {:.0f} ms",
        goal_ms(order));
}

void run_one_more(Options& options, const TrialOrder&) {
    service_of(options).replicas_count += 1;
}

std::string says_second(const TrialOrder&) {
    return "one instance; then two";
}

void run_one_spare(Options& options, const TrialOrder& order) {
    service_of(options).spares_count -= 1;
    run_one_more(options, order);
}

std::string says_one_spare(const TrialOrder& order) {
    const std::uint32_t regular = instances_of(order) - spares_of(order);
    return fmt::format("{} instances and {} spares; then {} and {}", regular, spares_of(order),
                       regular + 1, spares_of(order) - 1);
}

std::uint32_t all_but_one(const TrialOrder& order) {
    return instances_of(order) - spares_of(order) - 1;
}

void keep_serving(Options& options, const TrialOrder& order) {
    options.limits.min_healthy = all_but_one(order);
}

std::string says_keep_serving(const TrialOrder& order) {
    return fmt::format("{} must go on serving while something is done; then {}", order.min_healthy,
                       all_but_one(order));
}

void bound_queue(Options& options, const TrialOrder& order) {
    ServiceSpec& service = service_of(options);
    service.queue_max =
        std::min(service.queue_max, service.workers * goal_ms(order) / 2 / service.own_time_ms);
}

std::string says_queue(const TrialOrder& order) {
    return fmt::format("the queue holds more than callers wait for; then {:.0f} ms of work at most",
                       goal_ms(order) / 2);
}

void bound_retries(Options& options, const TrialOrder&) {
    users_link(options).retry_budget = retry_budget;
}

std::string says_retries(const TrialOrder&) {
    return "callers try up to two or three times; then with one retry for five calls at most";
}

/// The world's time has no finer grain than a tick.
double copies_live_s(const TrialOrder& order) {
    return std::max(seconds_per_tick, to_seconds(order.max_age));
}

void end_copies(Options& options, const TrialOrder& order) {
    options.topology.caches.front().lives_s = copies_live_s(order);
}

std::string says_ttl(const TrialOrder& order) {
    return fmt::format("copies never end by themselves; then after {:.1f} s", copies_live_s(order));
}

constexpr std::string_view edge_has_looked =
    "the simulated edge looks at each instance by itself, so what a probe of ours adds cannot be "
    "told there";

constexpr std::array trials{
    Trial{.cause = CauseKind::memory_leak,
          .advice = AdviceKind::probe,
          .not_simulated = edge_has_looked},
    Trial{CauseKind::dependency_failing, AdviceKind::breaker, let_neighbour_fail, add_circuit,
          says_circuit},
    Trial{CauseKind::dependency_failing, AdviceKind::timeout, let_neighbour_crawl, bound_calls,
          says_timeout},
    Trial{.cause = CauseKind::instance_fault,
          .advice = AdviceKind::probe,
          .not_simulated = edge_has_looked},
    Trial{CauseKind::instance_crash, AdviceKind::replica_floor, let_instance_crash, run_one_more,
          says_second},
    Trial{CauseKind::instance_crash, AdviceKind::disruption_budget, let_instance_crash_in_rollback,
          keep_serving, says_keep_serving},
    Trial{CauseKind::overload, AdviceKind::replica_floor, let_users_surge, run_one_spare,
          says_one_spare},
    Trial{CauseKind::overload, AdviceKind::limit, let_queue_grow, bound_queue, says_queue},
    Trial{CauseKind::overload, AdviceKind::retry_budget, let_callers_try_again, bound_retries,
          says_retries},
    Trial{CauseKind::stale_copies, AdviceKind::ttl, let_copies_be_wrong, end_copies, says_ttl},
};

}  // namespace

const Trial* find_trial(CauseKind cause, AdviceKind advice) {
    const auto* const found = std::ranges::find_if(
        trials, [&](const Trial& trial) { return trial.cause == cause && trial.advice == advice; });
    return found == trials.end() ? nullptr : found;
}

PairedOptions draw_pair(const Trial& trial, const TrialOrder& order, std::uint64_t seed) {
    ensure(trial.shape != nullptr, "a trial that can be simulated is drawn");
    Rng rng = Rng(seed).fork("before_after");
    PairedOptions pair;
    pair.before = draw_world(rng, order, seed);
    trial.shape(rng, pair.before, order);
    pair.after = pair.before;
    trial.change(pair.after, order);
    ensure(check(pair.before.topology).has_value() && check(pair.after.topology).has_value(),
           "a trial makes worlds that there can be");
    return pair;
}

std::string describe_worlds(const TrialOrder& order) {
    const std::uint32_t regular = instances_of(order) - spares_of(order);
    return fmt::format(
        "made-up worlds with {} instance{}, {} spare{}, {} neighbour{} and a load of 40 to 75 %; "
        "the cause comes {} times in each, and Homeostat guards it with every remedy at act",
        regular, regular == 1 ? "" : "s", spares_of(order), spares_of(order) == 1 ? "" : "s",
        std::clamp(order.neighbours, 1U, neighbours_max),
        std::clamp(order.neighbours, 1U, neighbours_max) == 1 ? "" : "s", trial_times);
}

}  // namespace homeostat::sim
