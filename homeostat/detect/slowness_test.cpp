// Slowness, fed as sense feeds it: means of an interval's answers, four times a second or fewer.

#include "homeostat/base/rng.hpp"
#include "homeostat/detect/detect.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::detect {

namespace {

using namespace std::chrono_literals;

const Subject service{SubjectKind::service, "payments"};
constexpr std::size_t instances_count = 3;

Subject instance(std::size_t index) {
    return {SubjectKind::instance, "payments-" + std::to_string(index)};
}

/// Three instances behind an edge, each with its own mean time to answer.
struct World {
    State state;
    Limits limits;
    Instant at{1h};
    Rng rng{1};
    std::array<double, instances_count> mean_ms{20, 20, 20};
    std::uint64_t answers{50};  ///< Of one instance between two figures.
    Duration interval{250ms};

    /// The mean of many answers whose times have a long tail.
    double figure(double of_ms) {
        constexpr double spread = 1.2;
        double sum = 0;
        for (std::uint64_t count = 0; count < answers; ++count) {
            double normal = -6;
            for (int part = 0; part < 12; ++part) {
                normal += rng.unit();
            }
            sum += of_ms * std::exp(spread * normal - spread * spread / 2);
        }
        return sum / static_cast<double>(answers);
    }
    /// On a machine that is short of everything each figure of each instance is slow or is not, as
    /// it falls.
    std::vector<Symptom> waver(double slow_share, double factor) {
        at += interval;
        std::vector<Signal> signals;
        for (std::size_t index = 0; index < instances_count; ++index) {
            const bool is_slow = rng.unit() < slow_share;
            signals.push_back(of_edge(instance(index), mean_ms[index] * (is_slow ? factor : 1.0)));
        }
        return symptoms(state, signals, limits, at);
    }
    [[nodiscard]] Signal of_edge(const Subject& subject, double value) const {
        Signal signal;
        signal.kind = SignalKind::latency_ms;
        signal.observer = Observer::edge;
        signal.subject = subject;
        signal.value = value;
        signal.at = at;
        return signal;
    }
    std::vector<Symptom> pass() {
        at += interval;
        std::vector<Signal> signals;
        const auto say = [&](const Subject& subject, double value) {
            signals.push_back(of_edge(subject, value));
        };
        double sum = 0;
        for (std::size_t index = 0; index < instances_count; ++index) {
            const double value = figure(mean_ms[index]);
            say(instance(index), value);
            sum += value;
        }
        say(service, sum / instances_count);
        return symptoms(state, signals, limits, at);
    }
    /// The first symptom within `length`, and how long it took.
    std::optional<Symptom> first_symptom(Duration length) {
        for (const Instant end = at + length; at < end;) {
            const std::vector<Symptom> present = pass();
            if (!present.empty()) {
                return present.front();
            }
        }
        return std::nullopt;
    }
    void slow_all(double factor) {
        for (double& mean : mean_ms) {
            mean *= factor;
        }
    }
};

}  // namespace

TEST_CASE("a service that answers six times slower than usual is noticed within 5 s") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        CAPTURE(seed);
        World world;
        world.rng = Rng(seed);
        REQUIRE_FALSE(world.first_symptom(30s));
        world.slow_all(6);
        const Instant slow_at = world.at;
        const auto symptom = world.first_symptom(5s);
        REQUIRE(symptom);
        CHECK(symptom->kind == SymptomKind::latency);
        CHECK(symptom->subject == service);
        CHECK(symptom->began_at >= slow_at);
        CHECK(symptom->value > symptom->limit);
    }
}

TEST_CASE("times with a long tail are never noticed in 12 simulated hours, at any rate") {
    for (const std::uint64_t answers : {5U, 20U, 100U}) {
        for (const double usual_ms : {2.0, 30.0, 300.0}) {
            CAPTURE(answers);
            CAPTURE(usual_ms);
            World world;
            world.answers = answers;
            world.interval = 2s;
            world.mean_ms.fill(usual_ms);
            CHECK_FALSE(world.first_symptom(80min));
        }
    }
}

TEST_CASE("a few slow milliseconds, a burst and a service that is always slow are no symptoms") {
    World quick;
    quick.mean_ms.fill(1);
    REQUIRE_FALSE(quick.first_symptom(30s));
    quick.slow_all(10);
    CHECK_FALSE(quick.first_symptom(30s));

    World bursting;
    REQUIRE_FALSE(bursting.first_symptom(30s));
    for (int burst = 0; burst < 20; ++burst) {
        bursting.slow_all(30);
        REQUIRE_FALSE(bursting.first_symptom(1s));
        bursting.slow_all(1.0 / 30);
        REQUIRE_FALSE(bursting.first_symptom(5s));
    }

    World slow;
    slow.mean_ms.fill(2'000);
    slow.answers = 400;
    CHECK_FALSE(slow.first_symptom(5min));
}

TEST_CASE("the goal is the limit where three times the usual time would be over it") {
    World world;
    world.answers = 400;
    world.mean_ms.fill(300);
    REQUIRE_FALSE(world.first_symptom(30s));
    world.mean_ms.fill(700);
    const auto symptom = world.first_symptom(5s);
    REQUIRE(symptom);
    CHECK(symptom->limit == doctest::Approx(500));

    World without;
    without.limits.slow.goal_ms = 0;
    without.answers = 400;
    without.mean_ms.fill(300);
    REQUIRE_FALSE(without.first_symptom(30s));
    without.mean_ms.fill(700);
    CHECK_FALSE(without.first_symptom(30s));
}

TEST_CASE("one instance slower than its siblings is the only symptom, and its own") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        CAPTURE(seed);
        World world;
        world.rng = Rng(seed);
        REQUIRE_FALSE(world.first_symptom(30s));
        world.mean_ms[1] = 110;  // The service's mean rises to 2.5 times its usual.
        const auto symptom = world.first_symptom(8s);
        REQUIRE(symptom);
        CHECK(symptom->kind == SymptomKind::latency);
        CHECK(symptom->subject == instance(1));
        for (int count = 0; count < 40; ++count) {
            REQUIRE(world.pass().size() == 1);
        }
    }
}

TEST_CASE("one instance so slow that the service is slow as well is still the only symptom") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        CAPTURE(seed);
        World world;
        world.rng = Rng(seed);
        REQUIRE_FALSE(world.first_symptom(30s));
        world.mean_ms[1] = 700;
        const auto symptom = world.first_symptom(8s);
        REQUIRE(symptom);
        CHECK(symptom->subject == instance(1));
        for (int count = 0; count < 40; ++count) {
            REQUIRE(world.pass().size() == 1);
        }
    }
}

TEST_CASE("of instances that are slow by turns, one is called slow by itself once in 5,000 times") {
    World world;
    world.interval = 1s;  // Four figures last for 3 s.
    REQUIRE_FALSE(world.first_symptom(30s));
    constexpr std::uint64_t figures_count = 300'000;
    std::uint64_t begun_count = 0;
    std::vector<Symptom> before;
    for (std::uint64_t count = 0; count < figures_count / instances_count; ++count) {
        const std::vector<Symptom> present = world.waver(1.0 / 3, 10);
        begun_count += !present.empty() && before.empty() ? 1 : 0;
        before = present;
    }
    CHECK(begun_count <= figures_count / 5'000);
}

TEST_CASE("one instance that is slower by itself stands out where all of them waver") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        CAPTURE(seed);
        World world;
        world.rng = Rng(seed);
        REQUIRE_FALSE(world.first_symptom(30s));
        world.mean_ms[1] = 900;
        std::vector<Symptom> present;
        for (int count = 0; count < 32 && present.empty(); ++count) {
            present = world.waver(1.0 / 3, 2.5);
        }
        REQUIRE(present.size() == 1);
        CHECK(present.front().subject == instance(1));
    }
}

TEST_CASE("four slow figures are not enough to tell one from its siblings, eight are") {
    const auto figures = [](int count, double ms) {
        Figures made;
        for (int index = 0; index < count; ++index) {
            keep(made, {Instant{1h} + index * 250ms, ms});
        }
        return made;
    };
    const Figures four = figures(4, 200);
    const Figures eight = figures(8, 200);
    const Figures four_well = figures(4, 20);
    const Figures eight_well = figures(8, 20);
    const std::vector<const Figures*> two_of_four{&four_well, &four_well};
    const std::vector<const Figures*> one_of_eight{&eight_well};
    CHECK(chance_of_rank(four, two_of_four, Instant{1h}) == doctest::Approx(1.0 / 495));
    CHECK(chance_of_rank(eight, one_of_eight, Instant{1h}) == doctest::Approx(1.0 / 12'870));
    CHECK(chance_of_rank(four, {}, Instant{1h}) == 1);
    CHECK(chance_of_rank(four, two_of_four, Instant{2h}) == 1);
    CHECK(chance_of_rank(four_well, two_of_four, Instant{1h}) == 1);
}

TEST_CASE("a sibling that was as slow begins the comparison anew") {
    Figures own;
    Figures sibling;
    for (int index = 0; index < 8; ++index) {
        keep(own, {Instant{1h} + index * 250ms, 200});
        keep(sibling, {Instant{1h} + index * 250ms, index == 3 ? 200.0 : 20.0});
    }
    const std::vector<const Figures*> siblings{&sibling};
    CHECK(chance_of_rank(own, siblings, Instant{1h}) == doctest::Approx(1.0 / 126));
}

TEST_CASE("another process in its place is not slow because the one before it was") {
    World world;
    REQUIRE_FALSE(world.first_symptom(30s));
    world.mean_ms[1] = 700;
    REQUIRE(world.first_symptom(8s));
    const auto is_told_at_uptime = [&](double seconds) {
        Signal uptime;
        uptime.kind = SignalKind::uptime_seconds;
        uptime.observer = Observer::process;
        uptime.subject = instance(1);
        uptime.value = seconds;
        uptime.at = world.at;
        const std::vector<Symptom> present =
            symptoms(world.state, std::vector{uptime}, world.limits, world.at);
        return std::ranges::find(present, instance(1), &Symptom::subject) != present.end();
    };
    CHECK(is_told_at_uptime(3'000));
    CHECK(is_told_at_uptime(3'000));
    CHECK_FALSE(is_told_at_uptime(1));
}

TEST_CASE("instances that are slow together are no slower than their siblings") {
    World world;
    REQUIRE_FALSE(world.first_symptom(30s));
    world.slow_all(10);
    const auto symptom = world.first_symptom(8s);
    REQUIRE(symptom);
    for (int count = 0; count < 80; ++count) {
        const std::vector<Symptom> present = world.pass();
        REQUIRE(present.size() == 1);
        CHECK(present.front().subject == service);
    }
}

TEST_CASE("times that waver about the limit begin one symptom, which ends once they are usual") {
    World world;
    world.answers = 400;
    REQUIRE_FALSE(world.first_symptom(30s));
    world.mean_ms.fill(120);
    const auto symptom = world.first_symptom(8s);
    REQUIRE(symptom);
    for (int count = 0; count < 200; ++count) {
        world.mean_ms.fill(count % 12 < 6 ? 60 : 80);  // The limit is 70.
        const std::vector<Symptom> present = world.pass();
        REQUIRE(present.size() == 1);
        CHECK(present.front().began_at == symptom->began_at);
    }
    world.mean_ms.fill(20);
    int ticks = 0;
    while (!world.pass().empty() && ticks < 40) {
        ++ticks;
    }
    CHECK(ticks >= 6);
    CHECK(ticks <= 12);
    CHECK_FALSE(world.first_symptom(30s));
}

TEST_CASE("silence neither begins nor ends slowness") {
    World world;
    REQUIRE_FALSE(world.first_symptom(30s));
    world.slow_all(10);
    for (int count = 0; count < 3; ++count) {
        REQUIRE(world.pass().empty());
    }
    world.at += 60s;
    CHECK(world.pass().empty());
    REQUIRE(world.first_symptom(8s));
    world.at += 60s;
    CHECK(symptoms(world.state, {}, world.limits, world.at).size() == 1);
}

}  // namespace homeostat::detect
