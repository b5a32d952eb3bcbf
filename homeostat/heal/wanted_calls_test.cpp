#include "homeostat/heal/wanted_calls.hpp"

#include "homeostat/base/rng.hpp"
#include "homeostat/heal/service_load.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// A dimmer, and a caller whose calls pass it.
class Calling {
  public:
    /// For so long as many have begun as `arrived` says.
    void pass(Duration span, std::uint64_t arrived) {
        now_ += span;
        EdgeWindow window;
        window.span = now_ - window_from_;
        window.arrived_count = arrived;
        calls.take(window, now_);
        window_from_ = now_;
    }
    void turn_after(Duration span, std::uint32_t permille, Duration lasts = 60s) {
        now_ += span;
        calls.turn(permille, now_ + lasts, now_);
    }

    WantedCalls calls;

  private:
    Instant now_ = instant_of_ns(1'000'000'000);
    Instant window_from_ = now_;
};

/// How many of `wanted` calls in a second a dimmer lets through.
std::uint64_t draw(Rng& rng, std::uint32_t wanted, std::uint32_t permille) {
    constexpr int steps_per_call = 8;  // That many moments in which a call may come, or not.
    std::uint64_t passed = 0;
    for (std::uint32_t moment = 0; moment < wanted * steps_per_call; ++moment) {
        const std::int64_t drawn = rng.between(0, std::int64_t{permille_max} * steps_per_call - 1);
        passed += drawn < permille_max - permille ? 1 : 0;
    }
    return passed;
}

}  // namespace

TEST_CASE("a count and a share tell how many calls there would be") {
    CHECK(calls_before(90, 0) == 90);
    CHECK(calls_before(90, 550) == 200);
    CHECK(calls_before(0, permille_max) == 0);
}

TEST_CASE("a share that was turned within a window counts for as long as it was on") {
    Calling calling;
    calling.pass(1s, 100);
    calling.turn_after(500ms, 800);
    calling.pass(500ms, 60);  // 50 before it was turned, and a fifth of them after it.
    CHECK(calling.calls.held_permille() == 400);
    CHECK(calling.calls.rps() == 100);
    calling.pass(1s, 20);
    CHECK(calling.calls.held_permille() == 800);
    CHECK(calling.calls.rps() == 100);
    CHECK(calling.calls.most_rps() == 100);
    CHECK(calling.calls.least_rps() == 100);
}

TEST_CASE("what has ended by itself holds nothing back") {
    Calling calling;
    calling.pass(1s, 100);
    calling.turn_after(0s, 500, 250ms);
    calling.pass(1s, 90);
    CHECK(calling.calls.held_permille() == 125);
    calling.pass(1s, 100);
    CHECK(calling.calls.held_permille() == 0);
}

TEST_CASE("a life that begins with calls held back knows how many there are") {
    Calling calling;
    calling.turn_after(0s, 900);
    calling.turn_after(3s, 900);
    calling.pass(1s, 40);
    CHECK(calling.calls.held_permille() == 900);
}

TEST_CASE("more calls count at once for a rate, and fewer only once that is sure") {
    Calling calling;
    calling.turn_after(0s, 850);
    for (int second = 0; second < 3; ++second) {
        calling.pass(1s, 45);
    }
    CHECK(calling.calls.most_rps() == 300);
    calling.pass(1s, 15);  // By chance, perhaps.
    CHECK(calling.calls.rps() == 100);
    CHECK(calling.calls.most_rps() > 200);
    CHECK(calling.calls.least_rps() == 100);
    calling.pass(1s, 60);
    CHECK(calling.calls.most_rps() == 400);
    CHECK(calling.calls.least_rps() == 100);
    for (int second = 0; second < 3; ++second) {
        calling.pass(1s, 15);
    }
    CHECK(calling.calls.most_rps() == 100);
}

TEST_CASE("a floor is kept by the fewest calls of three windows, and by no empty one") {
    Calling calling;
    CHECK(calling.calls.least_rps() == 0);
    calling.pass(1s, 0);
    CHECK(calling.calls.least_rps() == 0);
    for (const std::uint64_t arrived : {200U, 4'000U, 238U}) {
        calling.pass(1s, arrived);
        CHECK(calling.calls.least_rps() == 200);
    }
    calling.pass(1s, 197);
    CHECK(calling.calls.least_rps() == 197);
    calling.pass(1s, 0);
    CHECK(calling.calls.least_rps() == 197);
}

TEST_CASE("on the mean no more passes than was promised, and in no three seconds much more") {
    constexpr int seconds = 600;
    constexpr double sigmas = 5;
    struct Case {
        std::uint32_t promised_rps;
        std::uint32_t wanted_rps;
    };
    for (const auto& [promised, wanted] : {Case{61, 155}, Case{61, 300}, Case{79, 150}}) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            CAPTURE(promised);
            CAPTURE(wanted);
            CAPTURE(seed);
            Rng rng(seed);
            Calling calling;
            calling.pass(1s, wanted);
            std::uint64_t sum = 0;
            std::array<std::uint64_t, 3> latest{};
            for (std::size_t second = 0; second < seconds; ++second) {
                const std::uint32_t permille =
                    permille_over(promised, calling.calls.most_rps(), 20);
                calling.turn_after(0s, permille);
                const std::uint64_t passed = draw(rng, wanted, permille);
                calling.pass(1s, passed);
                sum += passed;
                latest.at(second % latest.size()) = passed;
                const double three = 3.0 * promised;
                CHECK(static_cast<double>(latest[0] + latest[1] + latest[2]) <=
                      three + sigmas * std::sqrt(three));
            }
            CHECK(sum <= std::uint64_t{promised} * seconds);
            CHECK(sum >= std::uint64_t{promised} * seconds * 9 / 10);
        }
    }
}

}  // namespace homeostat::heal
