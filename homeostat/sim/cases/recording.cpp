#include "homeostat/sim/cases/recording.hpp"

#include <algorithm>

namespace homeostat::sim::cases {

namespace {

// SOURCE: the rules that kube-prometheus ships and the SRE workbook's, with shorter windows: an
// agent that heals within seconds is told within seconds.
constexpr std::size_t window_s = 10;
constexpr double users_failing_share = 0.01;
constexpr double users_slow_share = 0.05;
constexpr double users_misled_share = 0.02;  ///< As checks of samples tell.
constexpr double error_ratio = 0.03;
constexpr double requests_min = 5;
constexpr double latency_factor = 3;
constexpr double latency_gain_ms = 50;
constexpr double traffic_factor = 1.6;
constexpr double memory_share = 0.85;
constexpr double stale_share = 0.05;
constexpr std::size_t down_for_s = 5;
constexpr std::uint32_t starts_max = 3;
constexpr std::size_t starts_within_s = 60;
constexpr std::uint32_t resolves_after_s = 15;

[[nodiscard]] double grown(std::uint64_t after, std::uint64_t before) {
    return static_cast<double>(after - before);
}

void add(Second& sum, const Second& second, double weight) {
    for (std::size_t at = 0; at < sum.services.size(); ++at) {
        ServicePoint& to = sum.services[at];
        const ServicePoint& from = second.services[at];
        to.rate += weight * from.rate;
        to.errors += weight * from.errors;
        to.p50_ms += weight * from.p50_ms;
        to.p99_ms += weight * from.p99_ms;
        to.waiting += weight * from.waiting;
        to.cpu += weight * from.cpu;
        to.retry_share += weight * from.retry_share;
    }
    for (std::size_t at = 0; at < sum.links.size(); ++at) {
        LinkPoint& to = sum.links[at];
        const LinkPoint& from = second.links[at];
        to.rate += weight * from.rate;
        to.failing_share += weight * from.failing_share;
        to.p99_ms += weight * from.p99_ms;
    }
    for (std::size_t at = 0; at < sum.caches.size(); ++at) {
        sum.caches[at].hit_ratio += weight * second.caches[at].hit_ratio;
    }
    sum.users.requests += weight * second.users.requests;
    sum.users.failed += weight * second.users.failed;
    sum.users.slow += weight * second.users.slow;
    sum.users.misled += weight * second.users.misled;
    sum.users.degraded += weight * second.users.degraded;
}

}  // namespace

Recorder::Recorder(const World& world)
    : service_counters_(world.topology().services.size()),
      replica_counters_(world.topology().replicas_count()),
      cpu_s_(world.topology().replicas_count()) {}

/// Its replicas, and what of them is told of the service.
void Recorder::note_replicas(const World& world, ServiceIndex index, Second& second) {
    const ServiceSpec& spec = world.topology().services[index];
    ServicePoint& point = second.services.back();
    for (std::uint32_t left = spec.replicas_count + spec.spares_count; left > 0; --left) {
        const auto at = static_cast<ReplicaIndex>(second.replicas.size());
        const ReplicaView replica = world.replica(at);
        EdgeCounters& was = replica_counters_[at];
        second.replicas.push_back(
            {.rate = grown(replica.counters.requests_total, was.requests_total),
             .errors = grown(replica.counters.errors_total, was.errors_total),
             .p99_ms = world.replica_latency_ms(at, 0.99),
             .memory_mb = replica.memory_mb,
             .is_wanted = replica.is_wanted,
             .is_answering = replica.is_answering && replica.is_reachable,
             .starts_count = replica.starts_count});
        was = replica.counters;
        point.cpu += std::max(0.0, replica.cpu_total_s - cpu_s_[at]);
        cpu_s_[at] = replica.cpu_total_s;
        if (replica.is_alive) {
            point.descriptors =
                std::max(point.descriptors, replica.open_descriptors / spec.descriptors_max);
            point.disk = std::max(point.disk, replica.disk_used_share);
            point.pool = std::max(point.pool, replica.pool_in_use);
        }
    }
}

void Recorder::pass_second(World& world) {
    const Tally before = world.tally();
    world.run(ticks_of(1));
    const Topology& topology = world.topology();
    Second second;
    second.users = world.tally() - before;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        const ServiceView view = world.service(index);
        EdgeCounters& counters = service_counters_[index];
        ServicePoint point;
        point.rate = grown(view.counters.requests_total, counters.requests_total);
        point.errors = grown(view.counters.errors_total, counters.errors_total);
        point.p50_ms = world.latency_ms(index, 0.5);
        point.p99_ms = world.latency_ms(index, 0.99);
        point.waiting = static_cast<double>(view.counters.queue_length);
        point.retry_share = view.offered > 0 ? view.retries / view.offered : 0;
        point.denied_share = view.offered > 0 ? view.denied / view.offered : 0;
        point.misled_share = view.misled_share;
        point.answering = view.answering_count;
        counters = view.counters;
        second.services.push_back(point);
        note_replicas(world, index, second);
    }
    for (LinkIndex index = 0; index < topology.links.size(); ++index) {
        const LinkView link = world.link(index);
        second.links.push_back({link.calls * ticks_per_second, link.failing_share,
                                world.link_latency_ms(index, 0.99)});
    }
    for (CacheIndex index = 0; index < topology.caches.size(); ++index) {
        const CacheView cache = world.cache(index);
        const double stale = cache.filled_share > 0 ? cache.stale_share / cache.filled_share : 0;
        second.caches.push_back({cache.hit_ratio, stale, cache.is_answering});
    }
    seconds_.push_back(std::move(second));
    if (seconds_.size() == usual_to_s) {
        usual_ = mean_of(usual_from_s, usual_to_s);
    }
    if (seconds_.size() > usual_to_s) {
        watch(world);
    }
}

Second Recorder::mean_of(std::size_t from, std::size_t to) const {
    Second mean;
    mean.services.resize(seconds_.back().services.size());
    mean.links.resize(seconds_.back().links.size());
    mean.caches.resize(seconds_.back().caches.size());
    for (std::size_t at = from; at < to; ++at) {
        add(mean, seconds_[at], 1 / static_cast<double>(to - from));
    }
    return mean;
}

void Recorder::judge(AlertKind kind, std::uint32_t index, bool is_so) {
    const auto now = static_cast<std::uint32_t>(seconds_.size());
    const auto open = std::ranges::find_if(alerts_, [&](const Alert& alert) {
        return alert.kind == kind && alert.index == index &&
               (!alert.resolved_at || *alert.resolved_at > now);
    });
    if (open == alerts_.end()) {
        if (is_so) {
            alerts_.push_back({kind, index, now, std::nullopt});
        }
        return;
    }
    if (is_so) {
        open->resolved_at.reset();
    } else if (!open->resolved_at) {
        open->resolved_at = now + resolves_after_s;  // Unless it comes back before.
    }
}

bool Recorder::is_down_for(ReplicaIndex replica, std::size_t seconds_count) const {
    return std::all_of(seconds_.end() - static_cast<std::ptrdiff_t>(seconds_count), seconds_.end(),
                       [&](const Second& second) {
                           const ReplicaPoint& point = second.replicas[replica];
                           return point.is_wanted && !point.is_answering;
                       });
}

void Recorder::judge_replicas(const World& world, ServiceIndex index) {
    const Topology& topology = world.topology();
    const ServiceSpec& spec = topology.services[index];
    const ReplicaIndex first = topology.first_replica(index);
    bool is_down = false;
    bool loops = false;
    bool is_full = false;
    const Second& then = seconds_[seconds_.size() - starts_within_s];
    for (ReplicaIndex at = first; at < first + spec.replicas_count + spec.spares_count; ++at) {
        const ReplicaPoint& point = seconds_.back().replicas[at];
        is_down = is_down || is_down_for(at, down_for_s);
        loops = loops || point.starts_count >= then.replicas[at].starts_count + starts_max;
        is_full = is_full || point.memory_mb > memory_share * spec.memory_max_mb;
    }
    judge(AlertKind::instance_down, index, is_down);
    judge(AlertKind::crash_looping, index, loops);
    judge(AlertKind::memory_high, index, is_full);
}

void Recorder::judge_service(ServiceIndex index, const ServicePoint& now) {
    const ServicePoint& usual = usual_.services[index];
    judge(AlertKind::high_error_ratio, index,
          now.rate >= requests_min && now.errors > error_ratio * now.rate);
    judge(
        AlertKind::high_latency, index,
        now.p99_ms > latency_factor * usual.p99_ms && now.p99_ms > usual.p99_ms + latency_gain_ms);
    judge(AlertKind::high_traffic, index,
          now.rate > traffic_factor * std::max(usual.rate, requests_min));
}

void Recorder::watch(const World& world) {
    const Second now = mean_of(seconds_.size() - window_s, seconds_.size());
    const double usual_slow = usual_.users.slow / std::max(1.0, usual_.users.requests);
    judge(AlertKind::users_failing, 0, now.users.failed > users_failing_share * now.users.requests);
    judge(AlertKind::users_slow, 0,
          now.users.slow > (users_slow_share + 2 * usual_slow) * now.users.requests);
    judge(AlertKind::users_misled, 0, now.users.misled > users_misled_share * now.users.requests);
    for (ServiceIndex index = 0; index < now.services.size(); ++index) {
        judge_service(index, now.services[index]);
        judge_replicas(world, index);
    }
    for (CacheIndex index = 0; index < now.caches.size(); ++index) {
        const CachePoint& cache = seconds_.back().caches[index];
        judge(AlertKind::stale_copies, index,
              cache.is_answering && cache.stale_share > stale_share);
        judge(AlertKind::cache_down, index, !cache.is_answering);
    }
}

}  // namespace homeostat::sim::cases
