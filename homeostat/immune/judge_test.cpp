#include "homeostat/base/rng.hpp"
#include "homeostat/immune/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace homeostat::immune {

using namespace std::chrono_literals;

TEST_CASE("a mark is renewed at half its time, and not before") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    scene.pass(60s, 1);
    CHECK(scene.obey().empty());
    scene.pass(1ns);
    const std::vector<Marking> orders = scene.obey();
    REQUIRE(orders.size() == 1);
    CHECK(orders.front().is_renewal);
    CHECK(orders.front().mark == Mark::denied);
    CHECK(orders.front().until == scene.now + scene.settings.limits.lease);
}

TEST_CASE("an edge that has started anew gets its marks again, without another trial") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    scene.hear({"192.0.2.8"});
    scene.obey();
    scene.counts = {.requests = 3};
    const std::vector<Marking> orders = scene.obey();
    CHECK(orders.size() == 2);
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
    CHECK(scene.mark_of("192.0.2.8") == Mark::on_trial);
    scene.pass(1s, 1'000);
    scene.obey();
    CHECK(scene.mark_of("192.0.2.8") == Mark::denied);
}

TEST_CASE("what was refused is ordered again, and what nobody knows counts as carried out") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    CHECK(scene.obey(OutcomeKind::refused).size() == 1);
    CHECK(scene.mark_of("192.0.2.7") == Mark::none);
    CHECK(scene.obey(OutcomeKind::unknown).size() == 1);
    CHECK(scene.mark_of("192.0.2.7") == Mark::on_trial);
    FeedUpdate removal;
    removal.removed = {network_for_test("192.0.2.7")};
    scene.hear(removal);
    CHECK(scene.obey(OutcomeKind::unknown).size() == 1);
    CHECK(scene.mark_of("192.0.2.7") == Mark::on_trial);  // It may stand there still.
    CHECK(scene.obey().size() == 1);
    CHECK(scene.state.suspects.empty());
}

TEST_CASE("under a mark that may not be there nothing is tried, and it is put on once more") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    for (int look = 0; look < 5; ++look) {
        const std::vector<Marking> orders = scene.obey(OutcomeKind::unknown);
        REQUIRE(orders.size() == 1);
        CHECK(orders.front().is_renewal == (look > 0));
        scene.pass(60s, 10'000);
    }
    CHECK(scene.state.trials.empty());
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::on_trial);
    CHECK(scene.state.trials.size() == 1);
    scene.pass(1s, 1'000);
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
}

TEST_CASE("a mark that nobody could take off is forgotten once the edge has ended it") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.obey();
    FeedUpdate removal;
    removal.removed = {network_for_test("192.0.2.7")};
    scene.hear(removal);
    scene.pass(12min);
    scene.obey(OutcomeKind::refused);
    CHECK(scene.state.suspects.size() == 1);
    scene.pass(1ns);
    CHECK(scene.obey(OutcomeKind::refused).empty());
    CHECK(scene.state.suspects.empty());
}

TEST_CASE("fifty thousand sources are ordered in pieces, and taken off before others are put on") {
    Scene scene;
    scene.settings.limits.growth_max = 50'000;
    scene.settings.feeds[0].sources_max = 50'000;
    scene.hear(many_for_test(0, 50'000));
    for (int round = 0; round < 5; ++round) {
        const std::vector<Marking> orders = scene.obey();
        CHECK(orders.size() == 10);
        for (const Marking& marking : orders) {
            CHECK(marking.sources.size() == 1'000);
        }
    }
    CHECK(scene.obey().empty());
    CHECK(scene.count_of(Mark::on_trial) == 50'000);
    FeedUpdate change = many_for_test(60'000, 1);
    change.removed = {address_for_test(0)};
    scene.hear(change);
    const std::vector<Marking> orders = scene.obey();
    REQUIRE(orders.size() == 2);
    CHECK(orders.front().mark == Mark::none);
}

TEST_CASE("sources that came one by one are renewed together") {
    Scene scene;
    for (std::size_t index = 0; index < 100; ++index) {
        scene.hear(many_for_test(index, 1));
        scene.obey();
        scene.pass(1s, 1'000);
    }
    scene.obey();
    REQUIRE(scene.count_of(Mark::denied) == 100);
    for (int minute = 0; minute < 5; ++minute) {
        std::size_t renewals = 0;
        for (int second = 0; second < 60; ++second) {
            renewals += scene.obey().size();
            scene.pass(1s, 1'000);
        }
        CHECK(renewals <= 3);
        for (const auto& [source, suspect] : scene.state.suspects) {
            CHECK(suspect.marked_until > scene.now);
        }
    }
}

namespace {

constexpr std::size_t feed_max = 40;
constexpr std::size_t all_max = 80;

/// A feed, or an edge, that says anything.
class Babble {
  public:
    explicit Babble(std::uint64_t seed) : chance_(seed) {}

    std::uint64_t below(std::uint64_t most) { return chance_.next() % most; }

    FeedUpdate update() {
        const std::size_t begin = below(200);
        FeedUpdate update = many_for_test(begin, below(30));
        update.listed.push_back({network_for_test("198.51.100.9"), "a lie", 1h});
        update.listed.push_back({network_for_test("10.0.0.1"), "a lie", 1h});
        const std::size_t gone_begin = below(200);
        const FeedUpdate gone = many_for_test(gone_begin, below(20));
        for (const Listing& one : gone.listed) {
            update.removed.push_back(one.network);
        }
        return update;
    }

    void count(Scene& scene) {
        const Duration span = std::chrono::seconds{static_cast<int>(below(90))};
        const std::uint64_t requests = below(2'000);
        scene.pass(span, requests, below(8));
        scene.counts.denied += below(12);
        if (below(20) == 0) {
            scene.counts = {};
        }
    }

  private:
    Rng chance_;
};

void check_within_bounds(const Scene& scene, const Marking& marking) {
    for (const Network& source : marking.sources) {
        CHECK(is_source(source));
        CHECK_FALSE(is_reserved(source));
        CHECK_FALSE(contains(scene.settings.allowed.front(), source));
        const Suspect& suspect = scene.state.suspects.at(source);
        CHECK(is_listed(suspect) == (marking.mark != Mark::none));
        const bool may_be_denied = suspect.has_passed && suspect.held_until <= scene.now &&
                                   is_believed(suspect, scene.settings);
        CHECK((may_be_denied || marking.mark != Mark::denied));
    }
}

void run_round(Scene& scene, Babble& babble) {
    const FeedUpdate update = babble.update();
    scene.hear(update, babble.below(3));
    babble.count(scene);
    const auto outcome = static_cast<OutcomeKind>(babble.below(3));
    const Orders orders = judge(scene.state, scene.settings, scene.counts, scene.now);
    for (const Marking& marking : orders.markings) {
        check_within_bounds(scene, marking);
        settle(scene.state, marking, outcome, scene.now);
    }
    const auto listed = std::ranges::count_if(
        scene.state.suspects, [](const auto& one) { return is_listed(one.second); });
    CHECK(static_cast<std::size_t>(listed) <= all_max);
    CHECK(scene.state.feeds[0].sources_count <= feed_max);
}

}  // namespace

TEST_CASE("whatever feeds say and edges count, nobody is denied outside of the bounds") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Babble babble(seed);
        Scene scene;
        scene.settings.feeds[0].sources_max = feed_max;
        scene.settings.limits.sources_max = all_max;
        for (int round = 0; round < 120; ++round) {
            run_round(scene, babble);
        }
    }
}

}  // namespace homeostat::immune
