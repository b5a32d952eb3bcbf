#include "homeostat/heal/edge_windows.hpp"

#include "homeostat/domain/dimmer.hpp"
#include "homeostat/heal/service_load.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const Subject fraud{SubjectKind::neighbour, "fraud"};

/// An edge that counts, looked at four times a second.
class Counting {
  public:
    double requests_rps{100};
    double errors_ratio{0};
    std::uint64_t waiting{0};
    double beginning_rps{0};  ///< Beside those that end.
    double latency_ms{5};

    /// The windows of `fraud` that are complete within `span`.
    std::vector<EdgeWindow> look_for(Duration span) {
        std::vector<EdgeWindow> closed;
        for (const Instant end = now_ + span; now_ < end;) {
            constexpr Duration step = 250ms;
            now_ += step;
            requests_ += requests_rps * to_seconds(step);
            errors_ += requests_rps * errors_ratio * to_seconds(step);
            EdgeReading reading;
            reading.subject = fraud;
            reading.counters.requests_total = static_cast<std::uint64_t>(requests_);
            reading.counters.errors_total = static_cast<std::uint64_t>(errors_);
            begun_ += beginning_rps * to_seconds(step);
            reading.counters.queue_length = waiting;
            reading.counters.sessions_now = waiting + static_cast<std::uint64_t>(begun_);
            reading.counters.latency_ms = latency_ms;
            reading.counters.latency_answers_max = 1;
            reading.at = now_;
            const std::vector<Reading> readings{reading};
            windows_.take(readings, now_);
            for (const auto& [subject, window] : windows_.close(now_)) {
                CHECK(subject == fraud);
                closed.push_back(window);
            }
        }
        return closed;
    }

  private:
    EdgeWindows windows_;
    Instant now_ = instant_of_ns(1'000'000'000);
    double requests_{0};
    double errors_{0};
    double begun_{1'000};
};

mesh::Load load_after(Counting& edge, Duration span, std::uint32_t declared_rps = 1'000) {
    return load_of(edge.look_for(span).back(), declared_rps, 20, {});
}

}  // namespace

TEST_CASE("a window has a second's requests, errors and waiting") {
    Counting edge;
    (void)edge.look_for(5s);
    edge.errors_ratio = 0.25;
    edge.waiting = 3;
    const std::vector<EdgeWindow> windows = edge.look_for(2s);
    REQUIRE(windows.size() == 2);
    CHECK(windows.back().span == 1s);
    CHECK(windows.back().requests_count == 100);
    CHECK(windows.back().errors_permille() == 250);
    CHECK(windows.back().goodput_per_second() == 75);
    CHECK(windows.back().queue_ms == doctest::Approx(30));  // Three wait, 100 leave in a second.
    CHECK(windows.back().wait_ms == doctest::Approx(30));
}

TEST_CASE("what has begun counts whether or not it has ended, and once") {
    Counting edge;
    CHECK(edge.look_for(5s).back().arrived_count == 100);
    edge.beginning_rps = 300;
    CHECK(edge.look_for(2s).back().arrived_count == 400);
    CHECK(edge.look_for(1s).back().requests_count == 100);
    edge.beginning_rps = -60;  // More end than begin.
    CHECK(edge.look_for(2s).back().arrived_count == 40);
    edge.beginning_rps = -600;  // A proxy that came anew knows of none.
    CHECK(edge.look_for(1s).back().arrived_count == 0);
}

TEST_CASE("who waits is under way, and counts once") {
    Counting edge;
    edge.waiting = 3;
    CHECK(edge.look_for(2s).back().inflight_mean == 1'003);
}

TEST_CASE("a window of few requests takes longer, and not for ever") {
    Counting edge;
    edge.requests_rps = 4;
    const std::vector<EdgeWindow> few = edge.look_for(11s);
    REQUIRE(few.size() == 2);
    CHECK(few.back().span == 5s);
    edge.requests_rps = 0;
    const std::vector<EdgeWindow> none = edge.look_for(10s);
    REQUIRE(none.size() == 2);
    CHECK(none.back().requests_count == 0);
    CHECK(none.back().errors_permille() == 0);
}

TEST_CASE("who answers more slowly than usual makes others wait, and a little is noise") {
    Counting edge;
    (void)edge.look_for(10s);
    edge.latency_ms = 20;
    CHECK(edge.look_for(2s).back().wait_ms == 0);
    edge.latency_ms = 105;
    CHECK(edge.look_for(2s).back().wait_ms == doctest::Approx(100).epsilon(0.05));
    CHECK(edge.look_for(2s).back().queue_ms == 0);
}

TEST_CASE("a fault does not become usual in minutes, and a faster answer does in seconds") {
    Counting slower;
    (void)slower.look_for(10s);
    slower.latency_ms = 200;
    CHECK(*slower.look_for(300s).back().usual_ms < 30);
    Counting faster;
    faster.latency_ms = 50;
    (void)faster.look_for(10s);
    faster.latency_ms = 5;
    CHECK(*faster.look_for(60s).back().usual_ms < 6);
}

TEST_CASE("where few answers come the last known time to answer holds, for a while") {
    Counting edge;
    (void)edge.look_for(10s);
    edge.latency_ms = 105;
    (void)edge.look_for(2s);
    edge.requests_rps = 2;
    CHECK(edge.look_for(5s).back().latency_ms);
    CHECK_FALSE(edge.look_for(15s).back().latency_ms);
}

TEST_CASE("a service says of itself what its edge shows") {
    Counting edge;
    const mesh::Load well = load_after(edge, 10s);
    CHECK(well.need == mesh::Need::none);
    CHECK(well.level == 0);
    CHECK(well.capacity_rps == 1'000);
    CHECK(well.floor_rps == 20);

    edge.latency_ms = 20;  // Four times as long for each, and nobody waits.
    const mesh::Load slow = load_after(edge, 2s);
    CHECK(slow.need == mesh::Need::keep);
    CHECK(slow.level == 1);
    CHECK(slow.capacity_rps > 200);
    CHECK(slow.capacity_rps < 300);

    edge.waiting = 10;
    edge.errors_ratio = 0.2;
    const mesh::Load struggling = load_after(edge, 2s);
    CHECK(struggling.need == mesh::Need::more);
    CHECK(struggling.level == 2);
    CHECK(struggling.capacity_rps == 80);  // What it has just served well.
    CHECK(struggling.queue_ms == 100);

    edge.errors_ratio = 0.6;
    CHECK(load_after(edge, 2s).level == 3);
    CHECK(load_after(edge, 2s, 0).capacity_rps == 0);  // Nothing is declared, so nothing is shared.
}

TEST_CASE("a rate becomes a share, above the floor") {
    CHECK(permille_over(90, 90, 20) == 0);
    CHECK(permille_over(90, 200, 20) == 550);
    CHECK(permille_over(10, 200, 20) == 900);  // The floor is not negotiable.
    CHECK(permille_over(10, 15, 20) == 0);
    for (std::uint32_t calls = 91; calls < 2'000; calls += 13) {
        const std::uint32_t permille = permille_over(90, calls, 0);
        CAPTURE(calls);
        CHECK(calls * (permille_max - permille) <= 90U * permille_max);
    }
}

}  // namespace homeostat::heal
