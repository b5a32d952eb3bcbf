#include "homeostat/app/demo/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

Result<void> bad_deploy(World& world, Rng& rng) {
    const double share = 0.15 + 0.45 * rng.unit();
    Result<void> armed = world.switch_fault(
        fmt::format(R"({{"service":"payments","version":"v2","error_share":{:.2f}}})", share));
    return armed ? world.deploy("payments", "v2") : armed;
}

/// One worker of 25 ms a payment carries 40 a second; each instance is sent 67.
Result<void> bad_config(World& world, Rng& rng) {
    return world.change_config("c2",
                               {{"workers", 1}, {"queue_wait_ms_max", rng.between(100, 300)}});
}

Result<void> leak(World& world, Rng& rng) {
    for (int index = 0; index < 3; ++index) {
        const Result<void> armed = world.switch_fault(
            fmt::format(R"({{"service":"payments","instance":"payments-{}","leak_mb_per_s":{},)"
                        R"("stall_at_mb":{},"present_only":true}})",
                        index, rng.between(14, 22), rng.between(60, 80)));
        if (!armed) {
            return armed;
        }
    }
    return {};
}

Result<void> innocent_deploy(World& world, Rng&) {
    Result<void> deployed = world.deploy("payments", "v2");
    return deployed ? world.switch_fault(R"({"service":"fraud","fail":true})") : deployed;
}

/// The new version is well and its health check is broken: that is what it looks like to a prober.
Result<void> lying_sensor(World& world, Rng&) {
    Result<void> deployed = world.deploy("payments", "v2");
    return deployed ? world.switch_fault(R"({"service":"payments","healthz_lies":true})")
                    : deployed;
}

/// While the instances of payments fill up, a bad version of fraud comes in.
Result<void> two_at_once(World& world, Rng& rng) {
    Result<void> leaks = leak(world, rng);
    if (!leaks) {
        return leaks;
    }
    const double share = 0.3 + 0.3 * rng.unit();
    Result<void> armed = world.switch_fault(
        fmt::format(R"({{"service":"fraud","version":"v2","error_share":{:.2f}}})", share));
    return armed ? world.deploy("fraud", "v2") : armed;
}

/// The only scenario in which somebody looks after fraud.
void shape_two_at_once(WorldOptions& options, Rng&) {
    options.guards_fraud = true;
}

Result<void> slow_dependency(World& world, Rng&) {
    return world.switch_fault(R"({"service":"fraud","hang":true})");
}

/// Four calls at once of 68 ms each are 59 a second for an instance of fraud, which needs 100.
Result<void> weak_dependency(World& world, Rng& rng) {
    return world.switch_fault(
        fmt::format(R"({{"service":"fraud","slow_ms":{}}})", rng.between(55, 75)));
}

void shape_weak_alone(WorldOptions& options, Rng&) {
    options.fraud_maxconn = 4;
}

void shape_weak_agreeing(WorldOptions& options, Rng&) {
    options.fraud_maxconn = 4;
    options.guards_fraud = true;
    options.agrees = true;
}

/// The refresher of the cache writes rates of old again and again; then it is well by itself.
Result<void> stale_cache(World& world, Rng& rng) {
    return world.switch_fault(
        fmt::format(R"({{"service":"quotes","stale_percent":{},"stale_ms":{}}})", rng.between(2, 9),
                    rng.between(8'000, 12'000)));
}

/// Eight answers at once of 60 ms each are 133 a second, which users alone would ask for and more.
/// A tenth of that stays free, or those who ask wait for each other.
constexpr int slow_source_wait_ms = 60;
constexpr std::uint64_t slow_source_reads_max = 120;

/// Copies on all three nodes are of old, and whoever ought to renew them has stopped. They would be
/// believed for the rest of their lives.
Result<void> stale_cluster_cache(World& world, Rng& rng) {
    return world.switch_fault(fmt::format(
        R"({{"service":"quotes","stale_percent":{},"renewal_off":true}})", rng.between(2, 9)));
}

/// So many readers are let through to the source in a second. The agent asks as well: when it
/// proves a remedy it looks at five entries ten times a second.
constexpr int slow_source_readers_max = 50;

void shape_stale_cluster(WorldOptions& options, Rng&) {
    options.has_redis_cluster = true;
    options.cache_s = 60;
    options.rates_wait_ms = slow_source_wait_ms;
    options.source_reads_max = slow_source_readers_max;
}

Result<void> clear(World& world) {
    return world.switch_fault(R"({"clear":true})");
}

Result<void> noise(World& world, Rng&) {
    return world.switch_fault(R"({"service":"payments","burst_ms":300})");
}

Result<void> crash(World& world, Rng& rng) {
    return world.kill_instance(static_cast<int>(rng.between(0, 2)));
}

Result<void> one_bad_instance(World& world, Rng& rng) {
    return world.switch_fault(
        fmt::format(R"({{"service":"payments","instance":"payments-{}","slow_ms":{},)"
                    R"("present_only":true}})",
                    rng.between(0, 2), rng.between(550, 850)));
}

/// Two workers of 25 ms a payment carry 80 a second: three instances 240, and five 400.
void shape_surge(WorldOptions& options, Rng& rng) {
    options.requests_per_second = static_cast<int>(rng.between(96, 100));
    options.payments_workers = 2;
    options.hold_for = "6s";  // The way back is to be seen.
}

Result<void> surge(World& world, Rng&) {
    return world.begin_surge(2 * world.requests_per_second());
}

Result<void> end_surge(World& world) {
    world.end_surge();
    return {};
}

}  // namespace

const std::vector<Scenario>& scenarios() {  // NOLINT(readability-function-size): a table.
    static const std::vector<Scenario> all{
        {"bad_deploy",
         "version v2 of payments answers 503 to a share of requests",
         Wanted::cure,
         {"rollback"},
         {},
         30s,
         bad_deploy,
         {}},
        {"bad_config",
         "configuration c2 of payments leaves one worker to each instance",
         Wanted::cure,
         {"rollback"},
         {"restart", "rolling_restart"},
         30s,
         bad_config,
         {}},
        {"leak",
         "payments instances leak memory, then stall",
         Wanted::cure,
         {"rolling_restart"},
         {"rollback"},
         40s,
         leak,
         {}},
        {"innocent_deploy",
         "a healthy deploy ends while the service `fraud` fails",
         Wanted::no_harm,
         {},
         {"rollback", "restart", "rolling_restart"},
         8s,
         innocent_deploy,
         clear},
        {"noise",
         "a burst of 300 ms that passes by itself",
         Wanted::nothing,
         {},
         {"rollback", "restart", "rolling_restart"},
         6s,
         noise,
         {}},
        {"crash",
         "one payments instance is killed",
         Wanted::cure,
         {"restart"},
         {"rollback", "rolling_restart"},
         20s,
         crash,
         {}},
        {"one_bad_instance",
         "one of three payments instances answers slowly",
         Wanted::cure,
         {"eject", "restart"},
         {"rollback", "rolling_restart"},
         30s,
         one_bad_instance,
         {}},
        {"lying_sensor",
         "after a healthy deploy every /healthz of payments says 503 while users are served",
         Wanted::person,
         {},
         {"rollback", "restart", "rolling_restart", "eject"},
         8s,
         lying_sensor,
         {}},
        {"two_at_once",
         "payments leaks while version v2 of fraud, which has its own agent, answers 503",
         Wanted::cure,
         {"rolling_restart"},
         {},
         40s,
         two_at_once,
         {},
         shape_two_at_once,
         {"rollback"}},
        {"slow_dependency",
         "every instance of the service `fraud` hangs",
         Wanted::relief,
         {"open_circuit", "close_circuit"},
         {"rollback", "restart", "rolling_restart"},
         30s,
         slow_dependency,
         clear},
        {"slow_dependency_negotiated",
         "`fraud` can do half of what is asked of it; its agent and that of payments agree on it",
         Wanted::agreement,
         {},
         {"open_circuit", "rollback", "restart", "rolling_restart"},
         20s,
         weak_dependency,
         clear,
         shape_weak_agreeing},
        {"slow_dependency_alone",
         "the same, and nobody to agree with: no rule fits, a person is called",
         Wanted::no_harm,
         {},
         {"rollback", "restart", "rolling_restart"},
         12s,
         weak_dependency,
         clear,
         shape_weak_alone},
        {"stale_cache",
         "the cache of rates goes on being filled with old ones",
         Wanted::cure,
         {"reroute", "invalidate_cache", "route_back"},
         {"rollback", "restart", "rolling_restart"},
         25s,
         stale_cache,
         {}},
        {"stale_cluster_cache",
         "nobody renews what the three nodes of a cluster keep of rates; the source is slow",
         Wanted::cure,
         {"reroute", "invalidate_cache", "route_back"},
         {"open_circuit", "rollback", "restart", "rolling_restart"},
         25s,
         stale_cluster_cache,
         {},
         shape_stale_cluster,
         {},
         slow_source_reads_max},
        {"surge",
         "three times the requests come, and they queue",
         Wanted::cure,
         {"scale"},
         {"eject", "restart", "rolling_restart", "rollback"},
         40s,
         surge,
         end_surge,
         shape_surge},
    };
    return all;
}

const Scenario* find_scenario(std::string_view name) {
    const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
    return found == scenarios().end() ? nullptr : &*found;
}

}  // namespace homeostat::app::demo
