// Looks at a cache, two a second: when its copies are called stale, and when no longer.

#include "homeostat/detect/detect.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

namespace homeostat::detect {

namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 500ms;
const Subject quotes{SubjectKind::cache, "quotes"};

struct Looks {
    State state;
    Instant at{1h};

    /// What is wrong after a look that could judge so many copies, of which so many are stale.
    std::vector<Symptom> take(double keys, double stale, Observer observer = Observer::cache) {
        at += look_every;
        Signal signal;
        signal.observer = observer;
        signal.subject = quotes;
        signal.at = at;
        signal.kind = SignalKind::keys_count;
        signal.value = keys;
        std::vector<Signal> signals{signal};
        signal.kind = SignalKind::stale_count;
        signal.value = stale;
        signals.push_back(signal);
        return symptoms(state, signals, {}, at);
    }
};

}  // namespace

TEST_CASE("copies that are stale in three looks over a second are a symptom, with their number") {
    Looks looks;
    CHECK(looks.take(5, 0).empty());
    CHECK(looks.take(5, 2).empty());
    const Instant began_at = looks.at;
    CHECK(looks.take(5, 3).empty());
    const std::vector<Symptom> present = looks.take(5, 4);
    REQUIRE(present.size() == 1);
    CHECK(present.front().kind == SymptomKind::stale_cache);
    CHECK(present.front().subject == quotes);
    CHECK(present.front().observer == Observer::cache);
    CHECK(present.front().value == 4);
    CHECK(present.front().began_at == began_at);
    CHECK(present.front().noticed_at == looks.at);
}

TEST_CASE("a look that agrees begins the count anew") {
    Looks looks;
    for (int round = 0; round < 10; ++round) {
        CHECK(looks.take(5, 5).empty());
        CHECK(looks.take(5, 5).empty());
        CHECK(looks.take(5, 0).empty());
    }
}

TEST_CASE("what readers get, and a look that could judge nothing, neither begin nor end it") {
    Looks looks;
    for (int round = 0; round < 10; ++round) {
        CHECK(looks.take(5, 5, Observer::journey).empty());
        CHECK(looks.take(0, 0).empty());
    }
    for (int round = 0; round < 3; ++round) {
        static_cast<void>(looks.take(5, 5));
    }
    for (int round = 0; round < 10; ++round) {
        CHECK(looks.take(5, 0, Observer::journey).size() == 1);
        CHECK(looks.take(0, 0).size() == 1);
    }
}

TEST_CASE("it is over after three looks in a row that agree") {
    Looks looks;
    for (int round = 0; round < 3; ++round) {
        static_cast<void>(looks.take(5, 5));
    }
    CHECK(looks.take(5, 0).size() == 1);
    CHECK(looks.take(5, 0).size() == 1);
    CHECK(looks.take(5, 1).size() == 1);  // Begins the count anew.
    CHECK(looks.take(5, 0).size() == 1);
    CHECK(looks.take(5, 0).size() == 1);
    CHECK(looks.take(5, 0).empty());
}

}  // namespace homeostat::detect
