// What counts as acceptable and as harmful, and that all remedies are tried in the same futures.

#include "homeostat/sim/cases/truth.hpp"

#include "homeostat/base/named_enum.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace homeostat::sim::cases {

namespace {

[[nodiscard]] Tried tried_for_test(TrialKind kind, std::array<double, futures_count> costs) {
    return {.trial = {.kind = kind}, .costs = costs, .price = price_of(kind), .is_possible = true};
}

/// Each remedy's verdict: "a" acceptable, "u" useless, "h" harmful.
[[nodiscard]] std::string verdicts(std::vector<Tried> tried) {
    judge(tried);
    std::string text;
    for (const Tried& one : tried) {
        text += to_text(one.verdict).front();
    }
    return text;
}

const Tried nothing_at_0 = tried_for_test(TrialKind::observe, {0, 0, 0});
const Tried nothing_at_100 = tried_for_test(TrialKind::observe, {100, 101, 99});

}  // namespace

TEST_CASE(
    "where nothing is wrong only to do nothing is acceptable, and a needless call is no harm") {
    CHECK(verdicts({nothing_at_0, tried_for_test(TrialKind::eject, {0, 0, 0}),
                    tried_for_test(TrialKind::rollback, {0, 0, 0}),
                    tried_for_test(TrialKind::escalate, {0, 0, 0})}) == "auhu");
}

TEST_CASE(
    "the gentlest cure is acceptable, and one as good; not one that disrupts more than it has to") {
    CHECK(verdicts({nothing_at_100, tried_for_test(TrialKind::restart, {3, 3, 3}),
                    tried_for_test(TrialKind::eject, {4.5, 4.5, 4.5}),
                    tried_for_test(TrialKind::rollback, {3, 3, 3}),
                    tried_for_test(TrialKind::scale, {30, 30, 30}),
                    tried_for_test(TrialKind::open_circuit, {130, 131, 129})}) == "uaauuh");
}

TEST_CASE("who acts has to gain by it, however much is lost anyway") {
    CHECK(verdicts({nothing_at_100, tried_for_test(TrialKind::eject, {99.5, 100.5, 98.5})}) ==
          "au");
}

TEST_CASE(
    "what may come out well by chance is a gamble, and what may come out badly is no harm yet") {
    CHECK(verdicts({nothing_at_100, tried_for_test(TrialKind::rollback, {5, 5, 5}),
                    tried_for_test(TrialKind::eject, {5, 5, 200})}) == "uau");
}

TEST_CASE("a cure that the menu lacks stays the measure, and the best there is told besides") {
    std::vector<Tried> tried{nothing_at_100, tried_for_test(TrialKind::rollback, {3, 3, 3}),
                             tried_for_test(TrialKind::escalate, {40, 40, 40})};
    tried[1].is_possible = false;
    judge(tried);
    CHECK(tried[1].verdict == Verdict::acceptable);
    CHECK_FALSE(tried[1].is_acceptable_there);
    CHECK(tried[2].verdict == Verdict::useless);
    CHECK(tried[2].is_acceptable_there);
}

TEST_CASE("the same remedy costs the same, and the futures differ") {
    const Story story = tell_story(Rng(8), {.family = FaultKind::bad_flag, .services_count = 3});
    const std::vector<Trial> trials(2, Trial{.kind = TrialKind::observe});
    const std::vector<Tried> tried = try_all(Rng(9), story, trials);
    CHECK(tried[0].costs == tried[1].costs);
    CHECK(tried[0].costs[0] != tried[0].costs[1]);
    CHECK(tried[0].costs[1] != tried[0].costs[2]);
    CHECK(tried[0].total() > 0);
}

}  // namespace homeostat::sim::cases
