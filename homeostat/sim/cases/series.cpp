#include "homeostat/sim/cases/series.hpp"

#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace homeostat::sim::cases {

namespace {

constexpr double noise_share = 0.02;
// Chances per series, times what the case draws for all of them.
constexpr double missing_share = 0.02;
constexpr double late_share = 0.02;
constexpr double stuck_share = 0.01;
constexpr double lying_probe_share = 0.08;  ///< Per case.
constexpr double checked_share = 0.4;  ///< Of the services, such as have their answers checked.

/// A mean over the seconds before a point.
using Measure = std::function<double(const Second&)>;

class Monitor {
  public:
    Monitor(Rng& rng, const Story& story)
        : rng_(rng), story_(story), topology_(story.setting.topology) {
        const double u = rng.unit();
        trouble_ = u < 0.4 ? 0 : u < 0.8 ? 1 : 4;
    }

    void measure_users();
    void measure_service(ServiceIndex index);
    void measure_replicas(ServiceIndex index);
    void measure_cache(CacheIndex index);
    void let_a_probe_lie();
    [[nodiscard]] std::vector<Series> take() { return std::move(series_); }

  private:
    void add(Series series, std::uint32_t every_s, double noise, const Measure& of);
    [[nodiscard]] bool is_spoilt(double share) { return draw_chance(rng_, share * trouble_); }
    [[nodiscard]] double mean(std::uint32_t to_s, std::uint32_t every_s, const Measure& of) const;

    Rng& rng_;
    const Story& story_;
    const Topology& topology_;
    double trouble_{0};
    std::vector<Series> series_;
};

double Monitor::mean(std::uint32_t to_s, std::uint32_t every_s, const Measure& of) const {
    double sum = 0;
    for (std::uint32_t second = to_s - every_s; second < to_s; ++second) {
        sum += of(story_.recorder.seconds().at(story_.begins_s() + second));
    }
    return sum / every_s;
}

/// What stays the same is told once, and once more at the end.
void thin_out(Series& series) {
    auto& points = series.points;
    std::vector<std::pair<std::uint32_t, double>> kept;
    for (std::size_t at = 0; at < points.size(); ++at) {
        const bool is_end = at == 0 || at + 1 == points.size();
        if (is_end || points[at].second != kept.back().second) {
            kept.push_back(points[at]);
        }
    }
    points = std::move(kept);
}

void Monitor::add(Series series, std::uint32_t every_s, double noise, const Measure& of) {
    const bool is_missing = is_spoilt(missing_share);
    const bool is_late = is_spoilt(late_share);
    const bool is_stuck = is_spoilt(stuck_share);
    const auto spoilt_from_s = static_cast<std::uint32_t>(rng_.between(90, window_s - 15));
    for (std::uint32_t to_s = every_s; to_s <= window_s; to_s += every_s) {
        const bool is_spoilt = to_s > spoilt_from_s;
        const double noisy = 1 + noise * draw_normal(rng_);
        if (is_missing || (is_late && is_spoilt)) {
            continue;
        }
        const bool repeats = is_stuck && is_spoilt && !series.points.empty();
        const double value =
            repeats ? series.points.back().second : std::max(0.0, mean(to_s, every_s, of) * noisy);
        const bool is_ratio = series.unit == "ratio";
        series.points.emplace_back(to_s,
                                   is_ratio ? std::round(value * 1'000) / 1'000 : rounded(value));
    }
    if (!series.points.empty()) {
        thin_out(series);
        series_.push_back(std::move(series));
    }
}

[[nodiscard]] double ratio(double part, double whole) {
    return whole > 0 ? std::min(1.0, part / whole) : 0;
}

void Monitor::measure_users() {
    const std::string& gateway = topology_.services.front().name;
    add({"users_requests", gateway, "", "1/s", {}}, step_s, 0,
        [](const Second& now) { return now.users.requests; });
    add({"users_failed_ratio", gateway, "", "ratio", {}}, step_s, 0,
        [](const Second& now) { return ratio(now.users.failed, now.users.requests); });
    add({"users_wrong_ratio", gateway, "", "ratio", {}}, step_s, 0,
        [](const Second& now) { return ratio(now.users.misled, now.users.requests); });
    add({"users_slow_ratio", gateway, "", "ratio", {}}, step_s, 0,
        [](const Second& now) { return ratio(now.users.slow, now.users.requests); });
}

void Monitor::measure_service(ServiceIndex index) {
    const std::string& name = topology_.services[index].name;
    add({"requests", name, "", "1/s", {}}, step_s, 0,
        [&](const Second& now) { return now.services[index].rate; });
    add({"error_ratio", name, "", "ratio", {}}, step_s, 0, [&](const Second& now) {
        return ratio(now.services[index].errors, now.services[index].rate);
    });
    add({"latency_p99", name, "", "ms", {}}, step_s, noise_share,
        [&](const Second& now) { return now.services[index].p99_ms; });
    add({"queue_length", name, "", "requests", {}}, step_s, 0,
        [&](const Second& now) { return now.services[index].waiting; });
    add({"cpu", name, "", "cores", {}}, step_s, noise_share,
        [&](const Second& now) { return now.services[index].cpu; });
    add({"retry_ratio", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.services[index].retry_share; });
    add({"denied_ratio", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.services[index].denied_share; });
    add({"descriptors_used", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.services[index].descriptors; });
    add({"disk_used", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.services[index].disk; });
    add({"pool_in_use", name, "", "connections", {}}, replica_step_s, 0,
        [&](const Second& now) { return now.services[index].pool; });
    if (draw_chance(rng_, checked_share)) {
        add({"wrong_answers_ratio", name, "", "ratio", {}}, step_s, 0,
            [&](const Second& now) { return now.services[index].misled_share; });
    }
}

void Monitor::measure_replicas(ServiceIndex index) {
    const ServiceSpec& spec = topology_.services[index];
    const ReplicaIndex first = topology_.first_replica(index);
    const ReplicaIndex end = first + spec.replicas_count + spec.spares_count;
    for (ReplicaIndex at = first; at < end; ++at) {
        if (!story_.recorder.seconds().back().replicas[at].is_wanted) {
            continue;
        }
        const std::string replica = topology_.instance_of(at).text();
        add({"up", spec.name, replica, "ratio", {}}, step_s, 0,
            [&](const Second& now) { return now.replicas[at].is_answering ? 1 : 0; });
        add({"error_ratio", spec.name, replica, "ratio", {}}, replica_step_s, 0,
            [&](const Second& now) {
                return ratio(now.replicas[at].errors, now.replicas[at].rate);
            });
        add({"latency_p99", spec.name, replica, "ms", {}}, replica_step_s, noise_share,
            [&](const Second& now) { return now.replicas[at].p99_ms; });
        add({"memory", spec.name, replica, "MB", {}}, replica_step_s, 0,
            [&](const Second& now) { return now.replicas[at].memory_mb; });
    }
}

void Monitor::measure_cache(CacheIndex index) {
    const std::string& name = topology_.caches[index].name;
    add({"up", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.caches[index].is_answering ? 1 : 0; });
    add({"hit_ratio", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.caches[index].hit_ratio; });
    add({"stale_ratio", name, "", "ratio", {}}, step_s, 0,
        [&](const Second& now) { return now.caches[index].stale_share; });
}

void Monitor::let_a_probe_lie() {
    std::vector<Series*> probes;
    for (Series& series : series_) {
        if (series.name == "up" && !series.replica.empty()) {
            probes.push_back(&series);
        }
    }
    if (probes.empty() || !draw_chance(rng_, lying_probe_share)) {
        return;
    }
    Series& probe = *probes[rng_.next() % probes.size()];
    const auto from_s = static_cast<std::uint32_t>(rng_.between(90, window_s - 20));
    std::erase_if(probe.points, [&](const auto& point) { return point.first >= from_s; });
    probe.points.emplace_back(from_s, 0);
    probe.points.emplace_back(window_s, 0);
}

}  // namespace

double rounded(double value) {
    double magnitude = 1;
    const double size = std::abs(value);
    while (size * magnitude < 100 && magnitude < 1e9) {
        magnitude *= 10;
    }
    // What is large already has no digits after the point.
    return std::round(value * magnitude) / magnitude;
}

std::vector<Series> measure(Rng& rng, const Story& story) {
    Monitor monitor(rng, story);
    monitor.measure_users();
    const Topology& topology = story.setting.topology;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        monitor.measure_service(index);
        monitor.measure_replicas(index);
    }
    for (CacheIndex index = 0; index < topology.caches.size(); ++index) {
        monitor.measure_cache(index);
    }
    monitor.let_a_probe_lie();
    return monitor.take();
}

}  // namespace homeostat::sim::cases
