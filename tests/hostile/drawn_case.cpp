#include "drawn_case.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::hostile {

namespace {

using namespace cases;

constexpr double at_s = 180;

bool is_so(Rng& rng, double chance) {
    return rng.unit() < chance;
}

template <std::size_t N>
std::string one_of(const std::array<std::string_view, N>& words, Rng& rng) {
    return std::string(words.at(static_cast<std::size_t>(rng.between(0, N - 1))));
}

Series step_series(
    std::string_view name, const std::string& service, double before, double after, Rng& rng) {
    constexpr int step_s = 15;
    Series series{.name = std::string(name), .service = service, .unit = "ratio"};
    for (int time_s = step_s; time_s <= at_s; time_s += step_s) {
        const double value = time_s > at_s - 4 * step_s ? after : before;
        series.points.push_back({static_cast<double>(time_s), value * (0.95 + 0.1 * rng.unit())});
    }
    return series;
}

/// Draws one case, part by part.
class Drawing {
  public:
    explicit Drawing(Rng& rng) : rng_(rng) {}

    Shown run() {
        shown_.id = "drawn";
        shown_.at_s = at_s;
        const std::int64_t count = rng_.between(2, 5);
        for (std::int64_t index = 0; index < count; ++index) {
            add_service("s" + std::to_string(index));
        }
        for (std::size_t index = 1; index < shown_.services.size(); ++index) {
            const auto caller =
                static_cast<std::size_t>(rng_.between(0, static_cast<std::int64_t>(index) - 1));
            add_call(shown_.services[caller], shown_.services[index].name);
        }
        shown_.services.front().kind = "gateway";
        shown_.series.push_back(step_series("users_failed_ratio", "s0", 0,
                                            is_so(rng_, 0.6) ? rng_.unit() / 3 : 0, rng_));
        return std::move(shown_);
    }

  private:
    void add_service(const std::string& name);
    void add_call(Service& caller, const std::string& target);
    void add_possible(const std::string& name, std::uint32_t replicas);
    void add_series(const Service& service);
    void add_lines(const Service& service);

    Rng& rng_;
    Shown shown_;
};

void Drawing::add_service(const std::string& name) {
    constexpr auto kinds =
        std::to_array<std::string_view>({"service", "service", "database", "queue", "cache"});
    Service service{.name = name, .kind = one_of(kinds, rng_), .source = "s0"};
    const auto count = static_cast<std::uint32_t>(rng_.between(1, 3));
    for (std::uint32_t index = 0; index < count; ++index) {
        service.replicas.push_back({.name = name + "-" + std::to_string(index),
                                    .zone = "z" + std::to_string(index),
                                    .host = "h" + std::to_string(rng_.between(0, 2)),
                                    .version = is_so(rng_, 0.5) ? "v2" : "v1",
                                    .config = "c1",
                                    .is_in_rotation = is_so(rng_, 0.9)});
    }
    add_possible(name, count);
    add_series(service);
    add_lines(service);
    shown_.services.push_back(std::move(service));
}

void Drawing::add_call(Service& caller, const std::string& target) {
    caller.calls.push_back({.service = target, .is_required = is_so(rng_, 0.8), .through = "s1"});
    const double errors = is_so(rng_, 0.4) ? rng_.unit() : 0;
    shown_.calls.push_back(
        {caller.name, target, {100, errors, 20}, EdgeNumbers{100, 0, is_so(rng_, 0.3) ? 4.0 : 20}});
}

void Drawing::add_possible(const std::string& name, std::uint32_t replicas) {
    shown_.possible.push_back({.service = name,
                               .can_restart = is_so(rng_, 0.7),
                               .can_eject = is_so(rng_, 0.7),
                               .has_fallback = is_so(rng_, 0.4),
                               .replicas = ReplicaBounds{replicas, 1, replicas + 1},
                               .previous = {{"deploy", "v1"}},
                               .can_invalidate = is_so(rng_, 0.2),
                               .can_reroute = is_so(rng_, 0.2)});
}

void Drawing::add_series(const Service& service) {
    const auto add = [&](std::string_view metric, double before, double after) {
        const double now = is_so(rng_, 0.3) ? after : before;
        shown_.series.push_back(step_series(metric, service.name, before, now, rng_));
    };
    add("error_ratio", 0, rng_.unit());
    add("latency_p99", 20, 300 * rng_.unit());
    add("requests", 100, 250);
    add("queue_length", 0, 90);
    add("disk_used", 0.4, 0.99);
    for (const Replica& replica : service.replicas) {
        Series up = step_series("up", service.name, 1, is_so(rng_, 0.1) ? 0 : 1, rng_);
        up.replica = replica.name;
        shown_.series.push_back(std::move(up));
    }
}

void Drawing::add_lines(const Service& service) {
    constexpr auto texts = std::to_array<std::string_view>(
        {"GET / 200 4ms", "connection refused", "disk full", "out of memory", "started"});
    constexpr auto levels = std::to_array<std::string_view>({"info", "warn", "error"});
    const std::string& name = service.name;
    for (std::int64_t left = rng_.between(1, 6); left > 0; --left) {
        shown_.logs.push_back(
            {at_s * rng_.unit(), name, one_of(levels, rng_), one_of(texts, rng_)});
    }
    shown_.changes.push_back({is_so(rng_, 0.4) ? at_s - 60 : at_s - 50'000, name,
                              is_so(rng_, 0.7) ? "deploy" : "config", "v1", "v2"});
    shown_.alerts.push_back(
        {170, name, "high_error_ratio", is_so(rng_, 0.3) ? "firing" : "resolved"});
    shown_.events.push_back({170, "Pod/" + name + "-0", "Unhealthy", "probe failed"});
    shown_.objects.push_back(
        {.kind = "Pod",
         .name = name + "-0",
         .service = name,
         .spec = json::object{{"version", "v2"}},
         .status = json::object{
             {"ready", is_so(rng_, 0.9)}, {"phase", "Running"}, {"restarts", rng_.between(0, 3)}}});
}

}  // namespace

cases::Shown drawn_case(Rng& rng) {
    return Drawing(rng).run();
}

}  // namespace homeostat::hostile
