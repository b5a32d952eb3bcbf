// EdgeMean against the arithmetic of HAProxy itself, which is in whole numbers.

#include "homeostat/sense/edge_mean.hpp"

#include "homeostat/base/rng.hpp"
#include "homeostat/sense/sense.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace homeostat::sense {

namespace {

using namespace std::chrono_literals;

/// SOURCE: HAProxy 2.6, include/haproxy/freq_ctr.h, swrate_add_dynamic and swrate_avg.
class HaproxyMean {
  public:
    void add(std::uint64_t took_ms) {
        count_ += 1;
        sum_ += took_ms - (count_ > window ? (sum_ + window - 1) / window : 0);
    }
    [[nodiscard]] EdgeCounters counters() const {
        const std::uint64_t held = std::clamp<std::uint64_t>(count_, 1, window);
        const std::uint64_t rounded_up = (sum_ + held - 1) / held;
        return {.requests_total = count_,
                .latency_ms = static_cast<double>(rounded_up),
                .latency_answers_max = window};
    }

  private:
    static constexpr std::uint64_t window = 512;
    std::uint64_t count_{0};
    std::uint64_t sum_{0};
};

/// Traffic through one proxy, which is read every 250 ms.
struct Traffic {
    Rng rng;
    double per_second{0};
    HaproxyMean proxy;
    EdgeMean mean;
    Instant at{1h};

    /// The figures that come of `seconds` in which an answer takes `took_ms` on average.
    std::vector<double> figures(double took_ms, int seconds) {
        std::vector<double> found;
        double due = 0;
        for (int tick = 0; tick < 4 * seconds; ++tick) {
            for (due += per_second / 4; due >= 1; due -= 1) {
                proxy.add(static_cast<std::uint64_t>(std::llround(rng.exponential(took_ms))));
            }
            at += 250ms;
            if (const auto figure = interval_ms(mean, proxy.counters(), {}, at)) {
                found.push_back(*figure);
            }
        }
        return found;
    }
};

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return sum / static_cast<double>(values.size());
}

Reading reading_of(const EdgeCounters& counters, Instant at) {
    EdgeReading reading;
    reading.subject = {SubjectKind::service, "payments"};
    reading.counters = counters;
    reading.at = at;
    return reading;
}

}  // namespace

TEST_CASE("an interval is as slow as it was at once, and as quick again, at any rate") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        Traffic traffic{.rng = Rng(seed)};
        traffic.per_second = 25 + 500 * traffic.rng.unit();
        const double usual_ms = 5 + 50 * traffic.rng.unit();
        const double slow_ms = usual_ms + 100 + 400 * traffic.rng.unit();
        CAPTURE(traffic.per_second);
        for (const double took_ms : {usual_ms, slow_ms, usual_ms}) {
            std::vector<double> found = traffic.figures(took_ms, 30);
            REQUIRE(found.size() >= 6);
            found.erase(found.begin());  // It may begin before the change.
            // Of exponential times a mean of n is off by 1/sqrt(n) of itself; the rest is rounding.
            CHECK(mean_of(found) == doctest::Approx(took_ms).epsilon(0.15).scale(20));
            for (const double figure : found) {
                CHECK(std::abs(figure - took_ms) < std::max(30.0, 1.2 * took_ms));
            }
        }
    }
}

TEST_CASE("a proxy that has just started gives the plain mean of an interval") {
    HaproxyMean proxy;
    EdgeMean mean{0, 0, Instant{1h}};
    for (int count = 0; count < 100; ++count) {
        proxy.add(20);
    }
    CHECK(interval_ms(mean, proxy.counters(), {}, Instant{1h} + 1s) == doctest::Approx(20));
    for (int count = 0; count < 100; ++count) {
        proxy.add(220);
    }
    CHECK(interval_ms(mean, proxy.counters(), {}, Instant{1h} + 2s) == doctest::Approx(220));
    for (int count = 0; count < 400; ++count) {
        proxy.add(50);
    }
    // Across the count at which it begins to forget.
    CHECK(std::abs(interval_ms(mean, proxy.counters(), {}, Instant{1h} + 3s).value_or(0) - 50) < 4);
}

TEST_CASE(
    "a trickle, a proxy that started again and one that keeps its rule to itself say nothing") {
    const EdgeCounters busy{.requests_total = 10'000, .latency_ms = 20, .latency_answers_max = 512};
    EdgeCounters later = busy;
    later.latency_ms = 60;
    later.requests_total = busy.requests_total + 19;
    EdgeMean mean{10'000, 20, Instant{1h}};
    CHECK_FALSE(interval_ms(mean, later, {}, Instant{1h} + 5s));
    CHECK(mean.at == Instant{1h});
    CHECK_FALSE(interval_ms(mean, later, {}, Instant{1h} + 6s));
    CHECK(mean.at == Instant{1h} + 6s);  // From here on anew.

    mean = {10'000, 20, Instant{1h}};
    EdgeCounters again = busy;
    again.requests_total = 400;
    CHECK_FALSE(interval_ms(mean, again, {}, Instant{1h} + 1s));
    CHECK(mean.answers_total == 400);

    mean = {10'000, 20, Instant{1h}};
    later.requests_total = busy.requests_total + 500;
    later.latency_answers_max = 0;
    CHECK_FALSE(interval_ms(mean, later, {}, Instant{1h} + 1s));
}

TEST_CASE("few answers give a figure when they are slow, and only many when they are quick") {
    for (const auto& [slow_ms, answers] : {std::pair(400, 20), std::pair(10, 60)}) {
        CAPTURE(slow_ms);
        HaproxyMean proxy;
        for (int count = 0; count < 1'000; ++count) {
            proxy.add(10);
        }
        const EdgeCounters before = proxy.counters();
        EdgeMean mean{before.requests_total, before.latency_ms, Instant{1h}};
        int count = 0;
        std::optional<double> figure;
        while (!figure && count < 500) {
            proxy.add(static_cast<std::uint64_t>(slow_ms));
            ++count;
            figure = interval_ms(mean, proxy.counters(), {}, Instant{1h} + 1s);
        }
        REQUIRE(figure);
        CHECK(count >= answers - 10);
        CHECK(count <= answers + 10);
        CHECK(std::abs(*figure - slow_ms) <= std::max(10.0, 0.2 * slow_ms));
    }
}

TEST_CASE("the first reading gives no latency, and the next ones that of their interval") {
    State state;
    const auto latencies = [&](const EdgeCounters& counters, Instant at) {
        std::vector<double> values;
        const std::vector<Reading> readings{reading_of(counters, at)};
        for (const Signal& signal : signals_of(state, readings, at)) {
            if (signal.kind == SignalKind::latency_ms) {
                values.push_back(signal.value);
            }
        }
        return values;
    };
    HaproxyMean proxy;
    for (int count = 0; count < 2'000; ++count) {
        proxy.add(20);
    }
    CHECK(latencies(proxy.counters(), Instant{1h}).empty());
    for (int count = 0; count < 200; ++count) {
        proxy.add(300);
    }
    const std::vector<double> slow = latencies(proxy.counters(), Instant{1h} + 1s);
    REQUIRE(slow.size() == 1);
    CHECK(std::abs(slow.front() - 300) < 5);
    CHECK(latencies(proxy.counters(), Instant{1h} + 2s).empty());
}

}  // namespace homeostat::sense
