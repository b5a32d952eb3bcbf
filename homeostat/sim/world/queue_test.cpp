// The reckoned wait of a queue against one whose requests are drawn and served one by one.

#include "homeostat/sim/world/draws.hpp"
#include "homeostat/sim/world/scenes_for_test.hpp"
#include "homeostat/sim/world/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace homeostat::sim {

namespace {

constexpr double own_time_ms = 20;
constexpr std::uint32_t workers = 4;

struct Measured {
    double mean_ms{0};
    double p50_ms{0};
    double p99_ms{0};
};

/// Requests one by one: each takes the worker that is free first.
[[nodiscard]] Measured one_by_one(double rate_per_s) {
    Rng rng(23);
    std::vector<double> free_at(workers);
    std::vector<double> times;
    double now_ms = 0;
    double sum_ms = 0;
    for (int number = 0; number < 100'000; ++number) {
        now_ms += draw_exponential(rng) * 1'000 / rate_per_s;
        const auto worker = std::ranges::min_element(free_at);
        const double takes_ms = own_time_ms * (0.5 + 0.5 * draw_exponential(rng));
        *worker = std::max(*worker, now_ms) + takes_ms;
        times.push_back(*worker - now_ms);
        sum_ms += times.back();
    }
    std::ranges::sort(times);
    return {sum_ms / static_cast<double>(times.size()), times[times.size() / 2],
            times[times.size() * 99 / 100]};
}

[[nodiscard]] Measured as_flow(double rate_per_s) {
    Topology topology = lone_service(rate_per_s, 0);
    topology.services[0].replicas_count = 1;
    topology.services[0].workers = workers;
    topology.services[0].own_time_ms = own_time_ms;
    World world(topology, 1);
    world.run(100);
    Measured mean;
    constexpr int looks_count = 3'000;
    for (int look = 0; look < looks_count; ++look) {
        world.run(1);
        mean.mean_ms += world.service(0).latency_mean_ms / looks_count;
        mean.p50_ms += world.latency_ms(0, 0.5) / looks_count;
        mean.p99_ms += world.latency_ms(0, 0.99) / looks_count;
    }
    return mean;
}

}  // namespace

TEST_CASE("a flow waits as its requests would one by one, up to nine tenths of the load") {
    for (const double load : {0.3, 0.6, 0.8, 0.9}) {
        CAPTURE(load);
        const double rate_per_s = load * workers * 1'000 / own_time_ms;
        const Measured requests = one_by_one(rate_per_s);
        const Measured flow = as_flow(rate_per_s);
        CHECK(flow.mean_ms == doctest::Approx(requests.mean_ms).epsilon(0.06));
        CHECK(flow.p50_ms == doctest::Approx(requests.p50_ms).epsilon(0.12));
        // The mean of many looks' p99 knows nothing of the looks' own differences.
        CHECK(flow.p99_ms == doctest::Approx(requests.p99_ms).epsilon(load > 0.85 ? 0.45 : 0.2));
    }
}

}  // namespace homeostat::sim
