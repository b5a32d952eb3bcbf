// Detect, fed as the edge feeds it: counts every 250 ms, Poisson arrivals, seeded.

#include "homeostat/detect/detect.hpp"

#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

namespace homeostat::detect {

namespace {

using namespace std::chrono_literals;

constexpr Duration interval = 250ms;
const Subject service{SubjectKind::service, "payments"};
const Subject instance{SubjectKind::instance, "payments-1"};

Signal signal_of(
    SignalKind kind, Observer observer, const Subject& subject, double value, Instant at) {
    Signal signal;
    signal.kind = kind;
    signal.observer = observer;
    signal.subject = subject;
    signal.value = value;
    signal.at = at;
    return signal;
}

/// Requests of one interval: how many, and how many of them fail by `error_ratio`.
std::pair<double, double> draw(Rng& rng, double per_second, double error_ratio) {
    double requests = 0;
    double errors = 0;
    const double mean_gap = 1.0 / per_second;
    for (double at = rng.exponential(mean_gap); at < to_seconds(interval);
         at += rng.exponential(mean_gap)) {
        requests += 1;
        errors += rng.unit() < error_ratio ? 1 : 0;
    }
    return {requests, errors};
}

/// Feeds `seconds` of traffic whose error ratio is a function of the time since the start, and
/// gives the time of the first notice.
std::optional<Duration> first_notice(Rng& rng,
                                     double per_second,
                                     Duration length,
                                     const std::function<double(Duration)>& error_ratio) {
    State state;
    const Limits limits;
    for (Duration since{}; since < length; since += interval) {
        const Instant at = Instant{1h} + since + interval;
        const auto [requests, errors] = draw(rng, per_second, error_ratio(since));
        const std::vector<Signal> signals{
            signal_of(SignalKind::requests_count, Observer::edge, service, requests, at),
            signal_of(SignalKind::errors_count, Observer::edge, service, errors, at)};
        if (!symptoms(state, signals, limits, at).empty()) {
            return since + interval;
        }
    }
    return std::nullopt;
}

std::vector<Symptom> feed(State& state, SignalKind kind, double value, Instant at) {
    const Observer observer =
        kind == SignalKind::is_answering ? Observer::probe : Observer::process;
    const std::vector<Signal> signals{signal_of(kind, observer, instance, value, at)};
    return symptoms(state, signals, {}, at);
}

}  // namespace

TEST_CASE("a fault in a third of the requests is noticed within 2 s") {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Rng rng(seed);
        const auto noticed =
            first_notice(rng, 200, 10s, [](Duration since) { return since >= 5s ? 0.33 : 0.0; });
        CAPTURE(seed);
        REQUIRE(noticed);
        CHECK(*noticed - 5s <= 2s);
    }
}

TEST_CASE("a burst of 300 ms that fails every request is never noticed") {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        Rng rng(seed);
        const double per_second = 50 + 250 * rng.unit();
        const Duration burst_at = 5s + Duration(rng.between(0, 250'000'000));
        const auto noticed = first_notice(rng, per_second, 10s, [&](Duration since) {
            const Duration from = std::max(since, burst_at);
            const Duration to = std::min(since + interval, burst_at + Duration{300ms});
            return to > from ? to_seconds(to - from) / to_seconds(interval) : 0.0;
        });
        CAPTURE(seed);
        CHECK_FALSE(noticed);
    }
}

TEST_CASE("the symptom is gone two seconds after the last error, and silence does not end it") {
    State state;
    const Limits limits;
    Instant at{1h};
    const auto tick = [&](double errors) {
        at += interval;
        const std::vector<Signal> signals{
            signal_of(SignalKind::requests_count, Observer::edge, service, 50, at),
            signal_of(SignalKind::errors_count, Observer::edge, service, errors, at)};
        return symptoms(state, signals, limits, at);
    };
    for (int count = 0; count < 12; ++count) {
        (void)tick(20);
    }
    const std::vector<Symptom> present = tick(20);
    REQUIRE(present.size() == 1);
    CHECK(present[0].kind == SymptomKind::errors);
    const Instant began_at = present[0].began_at;
    at += 60s;
    REQUIRE(symptoms(state, {}, limits, at).size() == 1);
    for (int count = 0; count < 8; ++count) {  // The first is about the silence.
        const std::vector<Symptom> still = tick(0);
        REQUIRE(still.size() == 1);
        CHECK(still[0].began_at == began_at);
    }
    CHECK(tick(0).empty());
}

TEST_CASE("a crash is noticed at once") {
    State state;
    const Instant at{1h};
    (void)feed(state, SignalKind::is_alive, 1, at);
    (void)feed(state, SignalKind::is_alive, 0, at + 10ms);
    const std::vector<Symptom> present = feed(state, SignalKind::has_ended_well, 0, at + 10ms);
    REQUIRE(present.size() == 1);
    CHECK(present[0].kind == SymptomKind::instance_down);
    CHECK(feed(state, SignalKind::is_alive, 1, at + 20ms).empty());
}

TEST_CASE("a process that was asked to end has two seconds to come back, an unclear end half one") {
    State asked;
    const Instant at{1h};
    (void)feed(asked, SignalKind::is_alive, 0, at);
    CHECK(feed(asked, SignalKind::has_ended_well, 1, at).empty());
    (void)feed(asked, SignalKind::is_alive, 0, at + 1'900ms);
    CHECK(feed(asked, SignalKind::has_ended_well, 1, at + 1'900ms).empty());
    CHECK(feed(asked, SignalKind::has_ended_well, 1, at + 2'000ms).size() == 1);
    State unclear;
    CHECK(feed(unclear, SignalKind::is_alive, 0, at).empty());
    CHECK(feed(unclear, SignalKind::is_alive, 0, at + 400ms).empty());
    CHECK(feed(unclear, SignalKind::is_alive, 0, at + 500ms).size() == 1);
}

TEST_CASE(
    "three unanswered probes over more than a burst are a symptom, two or a starting process not") {
    const Instant at{1h};
    State state;
    (void)feed(state, SignalKind::uptime_seconds, 60, at);
    CHECK(feed(state, SignalKind::is_answering, 0, at).empty());
    CHECK(feed(state, SignalKind::is_answering, 0, at + 500ms).empty());
    CHECK(feed(state, SignalKind::is_answering, 0, at + 1'000ms).empty());
    CHECK(feed(state, SignalKind::is_answering, 0, at + 1'500ms).size() == 1);
    CHECK(feed(state, SignalKind::is_answering, 1, at + 2'000ms).empty());
    State starting;
    (void)feed(starting, SignalKind::uptime_seconds, 0.1, at);
    for (const Duration since : {0ms, 500ms, 1'000ms, 1'500ms, 2'000ms}) {
        CHECK(feed(starting, SignalKind::is_answering, 0, at + since).empty());
    }
}

}  // namespace homeostat::detect
