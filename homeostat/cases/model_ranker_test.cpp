#include "homeostat/cases/model_ranker.hpp"

#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace homeostat::cases {

namespace {

constexpr double weight_min = 1e-6;

Candidate candidate(std::optional<RemedyKind> kind, std::uint32_t service, double weight) {
    return {.kind = kind, .service = service, .weight = weight};
}

/// A person, and two restarts, a rollback and to observe; as somebody has ranked them.
std::vector<Candidate> menu_ranked() {
    return {candidate(RemedyKind::restart, 1, 0.4), candidate(std::nullopt, nobody, 0.2),
            candidate(RemedyKind::rollback, 1, 0.2), candidate(RemedyKind::restart, 2, 0.1),
            candidate(RemedyKind::observe, nobody, 0.1)};
}

/// p of restart, rollback and to observe; what the model says on nothing is a third each.
Ranking ranking_of(double restart, double rollback, double observe) {
    const double third = std::log(1.0 / 3);
    return {.kinds = {{RemedyKind::restart, std::log(restart), third},
                      {RemedyKind::rollback, std::log(rollback), third},
                      {RemedyKind::observe, std::log(observe), third}}};
}

double sum_of(const std::vector<Candidate>& menu) {
    return std::accumulate(menu.begin(), menu.end(), 0.0,
                           [](double sum, const Candidate& one) { return sum + one.weight; });
}

double weight_of(const std::vector<Candidate>& menu,
                 std::optional<RemedyKind> kind,
                 std::uint32_t service) {
    for (const Candidate& one : menu) {
        if (one.kind == kind && one.service == service) {
            return one.weight;
        }
    }
    FAIL("it is not on the menu");
    return 0;
}

}  // namespace

TEST_CASE("a model is asked about each kind once, and not about a person") {
    CHECK(kinds_of(menu_ranked()) ==
          std::vector{RemedyKind::restart, RemedyKind::rollback, RemedyKind::observe});
    CHECK(kinds_of({candidate(std::nullopt, nobody, 1)}).empty());
}

TEST_CASE("alone, the model shares out among kinds and leaves targets and person as they were") {
    std::vector<Candidate> menu = menu_ranked();
    rank_by_model(menu, ranking_of(0.25, 0.7, 0.05), weight_min);
    CHECK(menu.front().kind == RemedyKind::rollback);
    CHECK(weight_of(menu, RemedyKind::rollback, 1) == doctest::Approx(0.8 * 0.7));
    CHECK(weight_of(menu, RemedyKind::restart, 1) == doctest::Approx(0.8 * 0.25 * 0.8));
    CHECK(weight_of(menu, RemedyKind::restart, 2) == doctest::Approx(0.8 * 0.25 * 0.2));
    CHECK(weight_of(menu, std::nullopt, nobody) == doctest::Approx(0.2));
    CHECK(sum_of(menu) == doctest::Approx(1));
    CHECK(menu.size() == menu_ranked().size());
}

TEST_CASE(
    "both: the model lifts a kind by what it says more than on nothing, to the power lambda") {
    std::vector<Candidate> menu = menu_ranked();
    weigh_in(menu, ranking_of(0.1, 0.8, 0.1), 1, weight_min);
    // 0.4·0.3, 0.2·2.4, 0.1·0.3 and 0.1·0.3, of what a person leaves.
    CHECK(menu.front().kind == RemedyKind::rollback);
    CHECK(weight_of(menu, RemedyKind::rollback, 1) == doctest::Approx(0.8 * 0.48 / 0.66));
    CHECK(weight_of(menu, RemedyKind::restart, 1) == doctest::Approx(0.8 * 0.12 / 0.66));
    CHECK(sum_of(menu) == doctest::Approx(1));
    std::vector<Candidate> unmoved = menu_ranked();
    weigh_in(unmoved, ranking_of(0.1, 0.8, 0.1), 0, weight_min);
    CHECK(unmoved.front().kind == RemedyKind::restart);
    CHECK(weight_of(unmoved, RemedyKind::restart, 1) == doctest::Approx(0.4));
}

TEST_CASE("what notes change orders the kinds anew, and nobody's share to a person's is changed") {
    std::vector<Candidate> menu = menu_ranked();
    heed_notes(menu,
               {{RemedyKind::restart, -1}, {RemedyKind::rollback, 2}, {RemedyKind::observe, -1}},
               weight_min);
    CHECK(menu.front().kind == RemedyKind::rollback);
    CHECK(sum_of(menu) == doctest::Approx(1));
    // 0.4 to a person's 0.2 was the heaviest, and is.
    CHECK(menu.front().weight == doctest::Approx(2 * weight_of(menu, std::nullopt, nobody)));
    CHECK(weight_of(menu, RemedyKind::restart, 1) ==
          doctest::Approx(4 * weight_of(menu, RemedyKind::restart, 2)));
}

TEST_CASE("whatever notes change, a person is first where one was, and nowhere else") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        std::vector<Candidate> menu = menu_ranked();
        double sum = 0;
        for (Candidate& one : menu) {
            one.weight = rng.unit() + 1e-3;
            sum += one.weight;
        }
        for (Candidate& one : menu) {
            one.weight /= sum;
        }
        const auto heaviest = std::ranges::max_element(menu, {}, &Candidate::weight);
        const bool was_person = !heaviest->kind;
        heed_notes(menu,
                   {{RemedyKind::restart, 6 * rng.unit() - 3},
                    {RemedyKind::rollback, 6 * rng.unit() - 3},
                    {RemedyKind::observe, 6 * rng.unit() - 3}},
                   weight_min);
        CHECK(was_person == !menu.front().kind);
        CHECK(menu.size() == menu_ranked().size());
        CHECK(sum_of(menu) == doctest::Approx(1));
    }
}

TEST_CASE("what weighs less than the least weight counts as that") {
    std::vector<Candidate> menu{candidate(RemedyKind::restart, 1, 1),
                                candidate(RemedyKind::rollback, 1, 1e-12),
                                candidate(RemedyKind::observe, nobody, 0)};
    weigh_in(menu, ranking_of(1.0 / 3, 1.0 / 3, 1.0 / 3), 1, 0.25);
    CHECK(weight_of(menu, RemedyKind::restart, 1) == doctest::Approx(1 / 1.5));
    CHECK(weight_of(menu, RemedyKind::rollback, 1) == doctest::Approx(0.25 / 1.5));
    CHECK(weight_of(menu, RemedyKind::observe, nobody) == doctest::Approx(0.25 / 1.5));
}

TEST_CASE("a kind that weighed nothing may still be lifted, and extremes stay numbers") {
    std::vector<Candidate> menu{candidate(RemedyKind::restart, 1, 1),
                                candidate(RemedyKind::rollback, 1, 0),
                                candidate(RemedyKind::observe, nobody, 0)};
    Ranking ranking = ranking_of(0.5, 0.25, 0.25);
    ranking.kinds[0].log_probability = -1e6;
    ranking.kinds[1].log_probability = 0;
    SUBCASE("alone") {
        rank_by_model(menu, ranking, weight_min);
        CHECK(menu.front().kind == RemedyKind::rollback);
    }
    SUBCASE("both") {
        weigh_in(menu, ranking, 4, weight_min);
        CHECK(menu.front().kind == RemedyKind::rollback);
    }
    CHECK(sum_of(menu) == doctest::Approx(1));
    CHECK(std::isfinite(menu.back().weight));
}

}  // namespace homeostat::cases
