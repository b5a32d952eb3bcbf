#include "homeostat/verify/verify.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

namespace homeostat::verify {

namespace {

using std::chrono::milliseconds;

const Instant ended_at = instant_of_ns(1'000'000'000'000);
const Subject payments{SubjectKind::service, "payments"};
const Subject payments_0{SubjectKind::instance, "payments-0"};

Instant after(std::int64_t ms) {
    return ended_at + milliseconds{ms};
}

Symptom errors_by(Observer observer) {
    return {.kind = SymptomKind::errors,
            .subject = payments,
            .observer = observer,
            .value = 0.02,
            .limit = 0.005};
}

Symptom of_instance(SymptomKind kind, Observer observer) {
    return {.kind = kind, .subject = payments_0, .observer = observer, .value = 1, .limit = 1};
}

Signal signal_of(SignalKind kind, Observer observer, Subject subject, double value, Instant at) {
    Signal signal;
    signal.kind = kind;
    signal.observer = observer;
    signal.subject = std::move(subject);
    signal.value = value;
    signal.at = at;
    return signal;
}

Signal journey(bool is_good, Instant at) {
    return signal_of(SignalKind::is_answering, Observer::journey, payments, is_good ? 1 : 0, at);
}

struct Source {
    std::int64_t every_ms;
    std::function<std::vector<Signal>(Instant at)> read;
};

struct Finding {
    Proof proof;
    std::int64_t took_ms;
};

std::vector<Signal> read_at(std::int64_t ms, const std::vector<Source>& sources) {
    std::vector<Signal> signals;
    for (const Source& source : sources) {
        if (ms % source.every_ms == 0) {
            std::ranges::move(source.read(after(ms)), std::back_inserter(signals));
        }
    }
    return signals;
}

/// Lets the sources speak and asks every 50 ms, as the executor does, until it is decided.
Finding verify_with(const Symptom& symptom,
                    const std::vector<Source>& sources,
                    const Limits& limits = {}) {
    State state;
    state.ended_at = ended_at;
    for (std::int64_t ms = 50; ms <= 60'000; ms += 50) {
        // A checkpoint in between changes nothing.
        const Result<State> stored = from_json<State>(to_json(state));
        REQUIRE(stored);
        state = *stored;
        Proof proof = judge(state, symptom, read_at(ms, sources), limits, after(ms));
        if (proof.kind != ProofKind::undecided) {
            return {std::move(proof), ms};
        }
    }
    FAIL("never decided");
    return {};
}

Source journeys(std::int64_t every_ms, std::function<bool(std::int64_t ms)> is_good) {
    return {every_ms, [is_good = std::move(is_good)](Instant at) {
                return std::vector{journey(is_good((at - ended_at) / milliseconds{1}), at)};
            }};
}

/// The edge's counters: `errors` of 50 requests each quarter of a second.
Source edge(std::function<double(std::int64_t ms)> errors) {
    return {250, [errors = std::move(errors)](Instant at) {
                const double bad = errors((at - ended_at) / milliseconds{1});
                return std::vector{
                    signal_of(SignalKind::errors_count, Observer::edge, payments, bad, at),
                    signal_of(SignalKind::requests_count, Observer::edge, payments, 50, at)};
            }};
}

Source probes(std::function<bool(std::int64_t ms)> is_good) {
    return {
        500, [is_good = std::move(is_good)](Instant at) {
            return std::vector{signal_of(SignalKind::is_answering, Observer::probe, payments_0,
                                         is_good((at - ended_at) / milliseconds{1}) ? 1 : 0, at)};
        }};
}

Source process(std::function<bool(std::int64_t ms)> is_alive) {
    return {
        500, [is_alive = std::move(is_alive)](Instant at) {
            return std::vector{signal_of(SignalKind::is_alive, Observer::process, payments_0,
                                         is_alive((at - ended_at) / milliseconds{1}) ? 1 : 0, at)};
        }};
}

Source rotation(std::function<bool(std::int64_t ms)> is_in) {
    return {250, [is_in = std::move(is_in)](Instant at) {
                return std::vector{signal_of(SignalKind::is_in_rotation, Observer::edge, payments_0,
                                             is_in((at - ended_at) / milliseconds{1}) ? 1 : 0, at)};
            }};
}

bool always(std::int64_t) {
    return true;
}
bool never(std::int64_t) {
    return false;
}

}  // namespace

TEST_CASE("good requests of our own prove in 1 to 2 seconds that an errors remedy helped") {
    for (const std::int64_t every_ms : {50, 100}) {
        const Finding finding = verify_with(
            errors_by(Observer::edge), {journeys(every_ms, always), edge([](auto) { return 0; })});
        CHECK(finding.proof.kind == ProofKind::helped);
        CHECK(finding.proof.strength == ProofStrength::strong);
        CHECK(finding.proof.observers == std::vector{Observer::journey});
        CHECK(finding.proof.samples_count >= 20);
        CHECK(finding.took_ms >= 1000);
        CHECK(finding.took_ms <= 2000);
    }
}

TEST_CASE("nineteen samples are not enough and twenty over a second are") {
    State state;
    state.ended_at = ended_at;
    std::vector<Signal> signals;
    for (int count = 1; count <= 19; ++count) {
        signals.push_back(journey(true, after(count * 60)));
    }
    const Symptom symptom = errors_by(Observer::edge);
    CHECK(judge(state, symptom, signals, {}, after(1200)).kind == ProofKind::undecided);
    const std::vector last{journey(true, after(1210))};
    CHECK(judge(state, symptom, last, {}, after(1210)).kind == ProofKind::helped);

    State hurried;
    hurried.ended_at = ended_at;
    signals.clear();
    for (int count = 1; count <= 40; ++count) {
        signals.push_back(journey(true, after(count * 20)));
    }
    CHECK(judge(hurried, symptom, signals, {}, after(900)).kind == ProofKind::undecided);
}

TEST_CASE("good answers that come slowly are waited for and prove it, at twice the deadline not") {
    // A service at its limit takes 220 ms for each: nineteen in the window, however long one waits.
    for (const std::int64_t every_ms : {200, 250, 500, 750}) {
        CAPTURE(every_ms);
        const Finding slow = verify_with(errors_by(Observer::edge), {journeys(every_ms, always)});
        CHECK(slow.proof.kind == ProofKind::helped);
        CHECK(slow.proof.samples_count == 20);
        CHECK(slow.took_ms == 20 * every_ms);
    }
    const Finding rare = verify_with(errors_by(Observer::edge), {journeys(1000, always)});
    CHECK(rare.proof.kind == ProofKind::not_helped);
    CHECK(rare.proof.because == "after 16.0 s: only 16 fresh samples in 15.0 s");
    CHECK(rare.took_ms == 16'000);
}

TEST_CASE("answers that come slowly and are not all good have no more time than others") {
    const auto fails_once = [](std::int64_t ms) { return ms != 5000; };
    const Finding found = verify_with(errors_by(Observer::edge), {journeys(500, fails_once)});
    CHECK(found.proof.kind == ProofKind::not_helped);
    CHECK(found.took_ms == 8000);
}

TEST_CASE("samples from before the act ended, or from the future, say nothing") {
    State state;
    state.ended_at = ended_at;
    std::vector<Signal> signals;
    for (int count = 0; count < 100; ++count) {
        signals.push_back(journey(true, after(-20 * count)));
        signals.push_back(journey(true, after(5000 + 20 * count)));
    }
    const Proof proof = judge(state, errors_by(Observer::edge), signals, {}, after(2000));
    CHECK(proof.kind == ProofKind::undecided);
    CHECK(proof.samples_count == 0);
}

TEST_CASE("failing requests are called at once after the grace and not before it") {
    const Finding finding = verify_with(errors_by(Observer::edge), {journeys(50, never)});
    CHECK(finding.proof.kind == ProofKind::not_helped);
    CHECK(finding.took_ms >= 1500);
    CHECK(finding.took_ms <= 2600);
}

TEST_CASE("failures of old connections inside the grace do not condemn the remedy") {
    const auto after_a_second = [](std::int64_t ms) { return ms > 1000; };
    const Finding finding = verify_with(
        errors_by(Observer::edge), {journeys(50, after_a_second), edge([](auto) { return 0; })});
    CHECK(finding.proof.kind == ProofKind::helped);
}

TEST_CASE("between clearly good and clearly bad the deadline decides") {
    const auto one_in_twenty = [](std::int64_t ms) { return ms % 1000 != 0; };
    const Finding finding = verify_with(errors_by(Observer::edge), {journeys(50, one_in_twenty)});
    CHECK(finding.proof.kind == ProofKind::not_helped);
    CHECK(finding.took_ms == 8000);
    CHECK(finding.proof.good_ratio == doctest::Approx(0.95).epsilon(0.01));
}

TEST_CASE("without any sample nothing has helped") {
    const Finding finding = verify_with(errors_by(Observer::edge), {});
    CHECK(finding.proof.kind == ProofKind::not_helped);
    CHECK(finding.took_ms == 8000);
    CHECK(finding.proof.because.find("no fresh samples") != std::string::npos);
    const Finding rare = verify_with(errors_by(Observer::edge), {journeys(1000, always)});
    CHECK(rare.proof.kind == ProofKind::not_helped);
    CHECK(rare.proof.because.find("fresh samples in") != std::string::npos);
}

TEST_CASE("requests of our own do not outweigh the symptom's own measure") {
    const Finding still_bad = verify_with(errors_by(Observer::edge),
                                          {journeys(50, always), edge([](auto) { return 1; })});
    CHECK(still_bad.proof.kind == ProofKind::not_helped);
    CHECK(still_bad.proof.because.find("edge still counts") != std::string::npos);
    const auto until_two = [](std::int64_t ms) { return ms <= 2000 ? 5 : 0; };
    const Finding later =
        verify_with(errors_by(Observer::edge), {journeys(50, always), edge(until_two)});
    CHECK(later.proof.kind == ProofKind::helped);
    CHECK(later.took_ms > 2000);
    CHECK(later.took_ms <= 4000);
}

TEST_CASE("the same observer's fresh samples are a weak proof, and only if no other speaks") {
    const Finding weak = verify_with(errors_by(Observer::edge), {edge([](auto) { return 0; })});
    CHECK(weak.proof.kind == ProofKind::helped);
    CHECK(weak.proof.strength == ProofStrength::weak);
    CHECK(weak.took_ms >= 1500);
    const Finding bad = verify_with(errors_by(Observer::edge), {edge([](auto) { return 10; })});
    CHECK(bad.proof.kind == ProofKind::not_helped);
    CHECK(bad.took_ms < 8000);
    const Finding other =
        verify_with(errors_by(Observer::edge), {edge([](auto) { return 0; }), journeys(50, never)});
    CHECK(other.proof.kind == ProofKind::not_helped);
}

TEST_CASE("a fault that requests of our own found is judged by what real requests met") {
    const Finding finding = verify_with(errors_by(Observer::journey),
                                        {journeys(100, always), edge([](auto) { return 0; })});
    CHECK(finding.proof.kind == ProofKind::helped);
    CHECK(finding.proof.observers == std::vector{Observer::edge});
    CHECK(finding.proof.strength == ProofStrength::strong);
    const Finding own_bad = verify_with(errors_by(Observer::journey),
                                        {journeys(100, never), edge([](auto) { return 0; })});
    CHECK(own_bad.proof.kind == ProofKind::not_helped);
}

TEST_CASE("a latency remedy is judged by the time that requests of our own take") {
    const Symptom slow{.kind = SymptomKind::latency,
                       .subject = payments,
                       .observer = Observer::edge,
                       .value = 900,
                       .limit = 100};
    const auto journeys_of = [](double took_ms) {
        return Source{
            50, [took_ms](Instant at) {
                return std::vector{
                    signal_of(SignalKind::is_answering, Observer::journey, payments, 1, at),
                    signal_of(SignalKind::latency_ms, Observer::journey, payments, took_ms, at)};
            }};
    };
    const auto edge_mean = [](std::function<double(std::int64_t)> mean) {
        return Source{
            250, [mean = std::move(mean)](Instant at) {
                return std::vector{signal_of(SignalKind::latency_ms, Observer::edge, payments,
                                             mean((at - ended_at) / milliseconds{1}), at)};
            }};
    };
    const auto falling = [](std::int64_t ms) { return ms < 500 ? 900.0 : 20.0; };
    const auto steady = [](std::int64_t) { return 900.0; };
    const auto low = [](std::int64_t) { return 20.0; };
    CHECK(verify_with(slow, {journeys_of(20), edge_mean(falling)}).proof.kind == ProofKind::helped);
    CHECK(verify_with(slow, {journeys_of(20), edge_mean(steady)}).proof.kind ==
          ProofKind::not_helped);
    CHECK(verify_with(slow, {journeys_of(101), edge_mean(low)}).proof.kind ==
          ProofKind::not_helped);
    const Finding weak = verify_with(slow, {edge_mean(low)});
    CHECK(weak.proof.kind == ProofKind::helped);
    CHECK(weak.proof.strength == ProofStrength::weak);
}

TEST_CASE("what an instance took before it was out of rotation is not held against its ejection") {
    const Subject one{SubjectKind::instance, "payments-1"};
    const Symptom slow{.kind = SymptomKind::latency,
                       .subject = one,
                       .observer = Observer::edge,
                       .value = 700,
                       .limit = 75};
    const Source quick{100, [](Instant at) {
                           return std::vector{signal_of(SignalKind::latency_ms, Observer::journey,
                                                        payments, 20, at)};
                       }};
    const auto edge_says = [&one](bool is_in) {
        return Source{
            250, [&one, is_in](Instant at) {
                return std::vector{
                    signal_of(SignalKind::is_in_rotation, Observer::edge, one, is_in ? 1 : 0, at),
                    signal_of(SignalKind::latency_ms, Observer::edge, one, 700, at)};
            }};
    };
    CHECK(verify_with(slow, {quick, edge_says(false)}).proof.kind == ProofKind::helped);
    CHECK(verify_with(slow, {quick, edge_says(true)}).proof.kind == ProofKind::not_helped);
}

TEST_CASE("a limit for a mean is not held against each of the single times") {
    const Symptom slow{.kind = SymptomKind::latency,
                       .subject = payments,
                       .observer = Observer::edge,
                       .value = 200,
                       .limit = 70};
    const auto one_slow_in = [](std::int64_t many) {
        return Source{50, [many](Instant at) {
                          const std::int64_t turn = (at - ended_at) / milliseconds{50};
                          return std::vector{signal_of(SignalKind::latency_ms, Observer::journey,
                                                       payments, turn % many == 0 ? 100 : 20, at)};
                      }};
    };
    const Finding usual = verify_with(slow, {one_slow_in(20)});
    CHECK(usual.proof.kind == ProofKind::helped);
    CHECK(usual.proof.strength == ProofStrength::strong);
    CHECK(verify_with(slow, {one_slow_in(5)}).proof.kind == ProofKind::not_helped);
    CHECK(verify_with(slow, {one_slow_in(2)}).took_ms < 4000);
}

namespace {

const Subject quotes{SubjectKind::cache, "quotes"};
const Symptom stale_cache{
    .kind = SymptomKind::stale_cache, .subject = quotes, .observer = Observer::cache, .value = 5};

/// Looks that find so many of five copies stale.
Source looks(Observer observer, std::function<double(std::int64_t ms)> stale) {
    return {500, [observer, stale = std::move(stale)](Instant at) {
                const double bad = stale((at - ended_at) / milliseconds{1});
                return std::vector{signal_of(SignalKind::keys_count, observer, quotes, 5, at),
                                   signal_of(SignalKind::stale_count, observer, quotes, bad, at)};
            }};
}

}  // namespace

TEST_CASE("what readers get proves a remedy for a cache, whatever is in the cache meanwhile") {
    const Source wrong_cache = looks(Observer::cache, [](std::int64_t) { return 5; });
    const Finding helped =
        verify_with(stale_cache, {wrong_cache, looks(Observer::journey, [](auto) { return 0; })});
    CHECK(helped.proof.kind == ProofKind::helped);
    CHECK(helped.proof.strength == ProofStrength::strong);
    CHECK(helped.proof.observers == std::vector{Observer::journey});
    CHECK(helped.took_ms <= 2'000);
    const Source right_cache = looks(Observer::cache, [](std::int64_t) { return 0; });
    const Finding not_helped =
        verify_with(stale_cache, {right_cache, looks(Observer::journey, [](auto) { return 1; })});
    CHECK(not_helped.proof.kind == ProofKind::not_helped);
}

TEST_CASE("where nobody says what readers get the cache itself is a weak proof") {
    const Finding helped =
        verify_with(stale_cache, {looks(Observer::cache, [](std::int64_t) { return 0; })});
    CHECK(helped.proof.kind == ProofKind::helped);
    CHECK(helped.proof.strength == ProofStrength::weak);
    const Finding not_helped =
        verify_with(stale_cache, {looks(Observer::cache, [](std::int64_t) { return 5; })});
    CHECK(not_helped.proof.kind == ProofKind::not_helped);
    const Finding other_requests =
        verify_with(stale_cache, {journeys(100, [](std::int64_t) { return true; })});
    CHECK(other_requests.proof.kind == ProofKind::not_helped);
}

TEST_CASE("an instance is well once it runs, answers and is in rotation") {
    const Symptom down = of_instance(SymptomKind::instance_down, Observer::process);
    const Finding finding = verify_with(down, {process(always), probes(always), rotation(always)});
    CHECK(finding.proof.kind == ProofKind::helped);
    CHECK(finding.proof.strength == ProofStrength::strong);
    CHECK(finding.took_ms >= 1000);
    CHECK(finding.took_ms <= 2000);

    CHECK(verify_with(down, {process(never), probes(always)}).proof.kind == ProofKind::not_helped);
    CHECK(verify_with(down, {process(always), probes(never)}).proof.kind == ProofKind::not_helped);
    const Finding out = verify_with(down, {process(always), probes(always), rotation(never)});
    CHECK(out.proof.kind == ProofKind::not_helped);
    CHECK(out.took_ms == 8000);
    CHECK(verify_with(down, {}).proof.kind == ProofKind::not_helped);
}

TEST_CASE("a process that ends again is noticed at the end of the grace") {
    const Symptom down = of_instance(SymptomKind::instance_down, Observer::process);
    const auto for_a_moment = [](std::int64_t ms) { return ms < 900; };
    const Finding finding = verify_with(down, {process(for_a_moment)});
    CHECK(finding.proof.kind == ProofKind::not_helped);
    CHECK(finding.took_ms == 1500);
}

TEST_CASE("one observer alone proves an instance's recovery weakly") {
    const Symptom down = of_instance(SymptomKind::instance_down, Observer::process);
    const Finding by_process = verify_with(down, {process(always)});
    CHECK(by_process.proof.kind == ProofKind::helped);
    CHECK(by_process.proof.strength == ProofStrength::weak);
    const Symptom silent = of_instance(SymptomKind::instance_not_answering, Observer::probe);
    const Finding by_probe = verify_with(silent, {process(always), probes(always)});
    CHECK(by_probe.proof.kind == ProofKind::helped);
    CHECK(by_probe.proof.strength == ProofStrength::weak);
    const Finding by_edge = verify_with(silent, {probes(always), rotation(always)});
    CHECK(by_edge.proof.strength == ProofStrength::strong);
}

TEST_CASE("a probe that fails again starts the run of good ones anew") {
    const Symptom silent = of_instance(SymptomKind::instance_not_answering, Observer::probe);
    const auto once_more = [](std::int64_t ms) { return ms != 1500; };
    const Finding finding = verify_with(silent, {probes(once_more)});
    CHECK(finding.proof.kind == ProofKind::helped);
    CHECK(finding.took_ms == 3000);
}

TEST_CASE("a flood of signals is held within the cap") {
    State state;
    state.ended_at = ended_at;
    std::vector<Signal> signals;
    for (int count = 1; count <= 5000; ++count) {
        signals.push_back(journey(true, ended_at + std::chrono::microseconds{count * 300}));
    }
    const Proof proof = judge(state, errors_by(Observer::edge), signals, {}, after(1600));
    CHECK(state.samples.size() <= State::samples_max);
    CHECK(proof.samples_count == State::samples_max);
}

}  // namespace homeostat::verify
