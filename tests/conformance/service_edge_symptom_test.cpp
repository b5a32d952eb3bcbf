// What our own requests through a cluster's Service come to in sense and detect: the counters of
// adapters/kubernetes/own_requests.hpp are an edge's, so the same limits judge them.
//
// Time is a value here; one request ends and one reading is made each 100 ms, as ServiceEdge does.

#include "homeostat/adapters/kubernetes/own_requests.hpp"
#include "homeostat/detect/detect.hpp"
#include "homeostat/sense/sense.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>

using namespace homeostat;
using namespace std::chrono_literals;
using adapters::kubernetes::OwnRequest;
using adapters::kubernetes::OwnRequests;
using adapters::kubernetes::Readiness;

namespace {

constexpr Duration every = 100ms;
constexpr OwnRequest good{OwnRequest::End::answered, 200, 5ms};
constexpr OwnRequest bad{OwnRequest::End::answered, 500, 5ms};
constexpr OwnRequest lost{OwnRequest::End::nothing};

class Agent {
  public:
    /// One more request has ended like this, and the counters are read. Says whether the service
    /// has the symptom `errors` now.
    bool take(const OwnRequest& request, Readiness readiness = Readiness::some_ready) {
        now_ += every;
        requests_.note(request, readiness);
        EdgeReading reading;
        reading.subject = {SubjectKind::service, "payments"};
        reading.counters = requests_.counters();
        reading.at = now_;
        const std::array<Reading, 1> readings{reading};
        const std::vector<Signal> signals = sense::signals_of(sensed_, readings, now_);
        const std::vector<Symptom> present = detect::symptoms(detected_, signals, limits_, now_);
        return std::ranges::any_of(
            present, [](const Symptom& symptom) { return symptom.kind == SymptomKind::errors; });
    }
    void serve_well_for(Duration span) {
        for (Duration passed{}; passed < span; passed += every) {
            CHECK_FALSE(take(good));
        }
    }
    /// How long it took from the first bad answer until the symptom was there.
    template <class Next>
    std::optional<Duration> notices(Next next) {
        for (int count = 0; count < 100; ++count) {
            const bool is_present = next(count);
            if (is_present) {
                return (count + 1) * every;
            }
        }
        return std::nullopt;
    }

  private:
    Instant now_{1h};
    OwnRequests requests_;
    sense::State sensed_;
    detect::State detected_;
    detect::Limits limits_;
};

/// From a minute of good answers on: a 5xx at every `period`-th request.
std::optional<Duration> noticed_after(Duration served_well_for, int period) {
    Agent agent;
    agent.serve_well_for(served_well_for);
    return agent.notices([&](int count) { return agent.take(count % period == 0 ? bad : good); });
}

}  // namespace

TEST_CASE("a version that answers 5xx to every second request is noticed in 1.5 s") {
    const std::optional<Duration> span = noticed_after(60s, 2);
    REQUIRE(span);
    MESSAGE("noticed after " << to_ms(*span) << " ms");
    CHECK(*span <= 1'500ms);
    // A burst of a second is none yet.
    CHECK(*span > 1s);
}

TEST_CASE("so is one that answers 5xx to all; an agent that has just come takes longer") {
    const std::optional<Duration> all = noticed_after(60s, 1);
    REQUIRE(all);
    CHECK(*all <= 1'500ms);
    const std::optional<Duration> fresh = noticed_after(1s, 2);
    REQUIRE(fresh);
    MESSAGE("by a fresh agent after " << to_ms(*fresh) << " ms");
    CHECK(*fresh <= 3s);
}

TEST_CASE("one timeout while pods are ready is no symptom, nor are many") {
    Agent agent;
    agent.serve_well_for(60s);
    CHECK_FALSE(agent.take(lost));
    agent.serve_well_for(5s);
    CHECK_FALSE(agent.notices([&](int) { return agent.take(lost); }));
}

TEST_CASE("timeouts where the cluster says that no pod is ready are one") {
    Agent agent;
    agent.serve_well_for(60s);
    const std::optional<Duration> span =
        agent.notices([&](int) { return agent.take(lost, Readiness::none_ready); });
    REQUIRE(span);
    CHECK(*span <= 1'500ms);
}

TEST_CASE("two bad answers in a row are no symptom") {
    Agent agent;
    agent.serve_well_for(60s);
    CHECK_FALSE(agent.take(bad));
    CHECK_FALSE(agent.take(bad));
    agent.serve_well_for(10s);
}
