// What is usual, over simulated hours of services that fail a little every day.

#include "homeostat/base/rng.hpp"
#include "homeostat/detect/detect.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::detect {

namespace {

using namespace std::chrono_literals;

constexpr Duration interval = 250ms;
constexpr std::array usual_ratios{0.0, 0.0001, 0.001, 0.005};
constexpr std::array rates{20.0, 200.0, 1000.0};

double poisson(Rng& rng, double mean) {
    double count = 0;
    for (double sum = rng.exponential(1); sum < mean; sum += rng.exponential(1)) {
        count += 1;
    }
    return count;
}

/// A service behind an edge that is read four times a second.
class Traffic {
  public:
    Traffic(std::uint64_t seed, double per_second) : rng_(seed), per_second_(per_second) {}

    /// Goes on from the past of another one, with chances of its own.
    Traffic(const Traffic& past, std::uint64_t seed) : Traffic(past) { rng_ = Rng(seed); }

    /// One interval in which so many fail. Gives whether a symptom is present then.
    bool pass(double error_ratio) {
        at_ += interval;
        const double load = 0.7 + 0.6 * rng_.unit();
        const double requests = std::round(per_second_ * to_seconds(interval) * load);
        signals_[0] = signal_of(SignalKind::requests_count, requests);
        signals_[1] = signal_of(SignalKind::errors_count, poisson(rng_, requests * error_ratio));
        return !symptoms(state_, signals_, limits_, at_).empty();
    }

    /// The time of the first notice within `length`.
    std::optional<Duration> first_notice(Duration length, double error_ratio) {
        for (Duration since = interval; since <= length; since += interval) {
            if (pass(error_ratio)) {
                return since;
            }
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] Signal signal_of(SignalKind kind, double value) const {
        Signal signal;
        signal.kind = kind;
        signal.observer = Observer::edge;
        signal.subject = {SubjectKind::service, "payments"};
        signal.value = value;
        signal.at = at_;
        return signal;
    }

    Rng rng_;
    double per_second_;
    Instant at_{1h};
    Limits limits_;
    State state_;
    std::vector<Signal> signals_{2};
};

/// The usual shares and rates at which `length` of ordinary days made an alarm.
std::vector<std::pair<double, double>> false_alarms(Duration length) {
    std::vector<std::pair<double, double>> alarms;
    for (const double ratio : usual_ratios) {
        for (const double rate : rates) {
            Traffic traffic(static_cast<std::uint64_t>(rate + 1e6 * ratio), rate);
            if (traffic.first_notice(length, ratio)) {
                alarms.emplace_back(ratio, rate);
            }
        }
    }
    return alarms;
}

}  // namespace

TEST_CASE("errors that a service has every day are never noticed in 1,008 simulated hours") {
    CHECK(false_alarms(84h) == std::vector<std::pair<double, double>>{});
}

TEST_CASE("503s on 2 % of 200 requests per second are noticed within 3 s in 99 of 100 runs") {
    Traffic ordinary(1, 200);
    REQUIRE_FALSE(ordinary.first_notice(15min, 0));
    constexpr std::uint32_t runs_count = 2'000;
    std::uint32_t in_time_count = 0;
    for (std::uint64_t seed = 0; seed < runs_count; ++seed) {
        Traffic traffic(ordinary, seed);
        REQUIRE_FALSE(traffic.first_notice(5s, 0));
        in_time_count += traffic.first_notice(3s, 0.02) ? 1 : 0;
    }
    CHECK(in_time_count >= runs_count * 99 / 100);
}

TEST_CASE("a rise to 3 % or twenty times what is usual is noticed within 8 s at any usual share") {
    for (const double usual : {0.0001, 0.001, 0.005}) {
        CAPTURE(usual);
        Traffic ordinary(2, 200);
        REQUIRE_FALSE(ordinary.first_notice(30min, usual));
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            CAPTURE(seed);
            Traffic traffic(ordinary, seed);
            REQUIRE(traffic.first_notice(8s, std::max(0.03, 20 * usual)));
        }
    }
}

TEST_CASE("a rise is gone once the errors are back at what is usual, and it taught nothing") {
    Traffic traffic(3, 1'000);
    REQUIRE_FALSE(traffic.first_notice(10min, 0.005));
    for (int round = 0; round < 3; ++round) {
        REQUIRE(traffic.first_notice(3s, 0.1));
        for (int count = 0; count < 4 * 300; ++count) {
            REQUIRE(traffic.pass(0.1));  // Five minutes, and still a symptom.
        }
        bool is_present = true;
        for (int count = 0; count < 4 * 20 && is_present; ++count) {
            is_present = traffic.pass(0.005);
        }
        CHECK_FALSE(is_present);
        REQUIRE_FALSE(traffic.first_notice(60s, 0.005));
    }
}

TEST_CASE("an agent that starts into a fault does not learn it") {
    for (const double ratio : {0.05, 0.1, 0.5}) {
        CAPTURE(ratio);
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            CAPTURE(seed);
            Traffic traffic(seed, 200);
            REQUIRE(traffic.first_notice(1min, ratio));
        }
    }
}

TEST_CASE("what was counted while nobody looked is not learnt") {
    ErrorWindow window;
    const Instant begin{1h};
    add_sample(window, 10, begin);
    add_sample(window, 1'000, begin + 43s);
    window.samples.back().errors = 70;
    forget_before(window, begin + 100s, {});
    CHECK(window.samples.empty());
    CHECK(window.usual.requests == 10);
    CHECK(window.usual.errors == 0);
}

TEST_CASE("bursts that nobody acts on do not make a lasting fault usual") {
    Traffic traffic(4, 200);
    for (int burst = 0; burst < 20; ++burst) {
        REQUIRE_FALSE(traffic.first_notice(60s, 0));
        REQUIRE_FALSE(traffic.pass(1));
    }
    REQUIRE_FALSE(traffic.first_notice(60s, 0));
    CHECK(traffic.first_notice(5s, 0.03));
}

TEST_CASE("the chance of a count is that of the negative binomial") {
    // 20 errors in 20,000 requests: shape 20.5, p = 600 / 20,700. By hand: P(K >= 5) = 0.000606.
    const UsualErrors usual{20, 20'000};
    UsualErrorLimits limits;
    limits.chance_max = 6.1e-4;
    CHECK(is_unusual(usual, 5, 600, limits));
    limits.chance_max = 6e-4;
    CHECK_FALSE(is_unusual(usual, 5, 600, limits));
    CHECK_FALSE(is_unusual(usual, 0, 600, limits));
    CHECK_FALSE(is_unusual(usual, 0, 0, limits));
}

}  // namespace homeostat::detect
