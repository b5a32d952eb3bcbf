#include "homeostat/advise/before_after.hpp"

#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace homeostat::advise {

namespace {

TrialVerdict verdict_of_counts(std::uint32_t better, std::uint32_t worse) {
    return verdict_of({.measure = Measure::lost, .better_count = better, .worse_count = worse});
}

}  // namespace

TEST_CASE("a spread has the middle of an odd count and between the two middles of an even one") {
    CHECK(spread_of({0.3, 0.1, 0.2}) == Spread{0.2, 0.1, 0.3});
    CHECK(spread_of({4, 1, 2, 8}) == Spread{3, 1, 8});
    CHECK(spread_of({5}) == Spread{5, 5, 5});
}

TEST_CASE("worlds are compared pair by pair, and next to nothing counts as nothing") {
    const std::vector<double> before{0.10, 0.02, 0.05, 0.0501};
    const std::vector<double> after{0.01, 0.03, 0.0501, 0.05};
    const Measured measured = compare(Measure::lost, before, after);
    CHECK(measured.better_count == 1);
    CHECK(measured.worse_count == 1);
    CHECK(measured.before.most == 0.10);
    CHECK(measured.after.least == 0.01);
    const Measured incidents =
        compare(Measure::incidents, std::vector<double>{3, 3}, std::vector<double>{2, 3});
    CHECK(incidents.better_count == 1);
    CHECK(incidents.worse_count == 0);
}

TEST_CASE("a verdict is clear where chance alone gives it in fewer than one of forty") {
    using enum TrialVerdict;
    CHECK(verdict_of_counts(12, 0) == better);
    CHECK(verdict_of_counts(10, 2) == better);  // 79 of 4096.
    CHECK(verdict_of_counts(9, 3) == unclear);  // 299 of 4096.
    CHECK(verdict_of_counts(6, 0) == better);   // 1 of 64.
    CHECK(verdict_of_counts(5, 0) == unclear);  // 1 of 32.
    CHECK(verdict_of_counts(8, 0) == better);
    CHECK(verdict_of_counts(0, 8) == worse);
    CHECK(verdict_of_counts(2, 10) == worse);
    CHECK(verdict_of_counts(500, 500) == unclear);
    CHECK(verdict_of_counts(600, 400) == better);
    CHECK(verdict_of_counts(0, 0) == same);
}

TEST_CASE("the worlds are shaped by the configuration and by what the cause lay with") {
    Settings settings;
    settings.instances = 5;
    settings.spares = 2;
    settings.min_healthy = 2;
    settings.latency_p99_goal = std::chrono::milliseconds{250};
    settings.neighbours = {{ServiceId("rates"), "rates_b", "circuits"},
                           {ServiceId("fraud"), "fraud_b", ""}};
    settings.caches = {{CacheId("quotes"), "fx:{entry}", std::chrono::seconds{5}}};
    Advice advice{.kind = AdviceKind::timeout,
                  .ground = {CauseKind::dependency_failing, "rates"},
                  .because = {}};
    const TrialOrder order = trial_of(advice, settings);
    CHECK(order.cause == CauseKind::dependency_failing);
    CHECK(order.advice == AdviceKind::timeout);
    CHECK(order.instances == 5);
    CHECK(order.spares == 2);
    CHECK(order.min_healthy == 2);
    CHECK(order.neighbours == 2);
    CHECK(order.has_circuit);
    CHECK(order.latency_goal == std::chrono::milliseconds{250});
    advice.ground.target = "fraud";
    CHECK_FALSE(trial_of(advice, settings).has_circuit);
    advice.ground = {CauseKind::stale_copies, "quotes"};
    CHECK(trial_of(advice, settings).max_age == std::chrono::seconds{5});
}

TEST_CASE(
    "a person reads medians, their range, in how many worlds it was better, and no empty lines") {
    BeforeAfter report{.not_simulated = {},
                       .change = "none; then one",
                       .world = "made-up worlds",
                       .worlds_count = 2,
                       .world_seconds = 900,
                       .verdict = TrialVerdict::unclear,
                       .measured = {}};
    report.measured = {
        compare(Measure::failed_requests, std::vector<double>{0.05, 0.03},
                std::vector<double>{0.02, 0.01}),
        compare(Measure::wrong_answers, std::vector<double>{0, 0}, std::vector<double>{0, 0}),
        compare(Measure::incidents, std::vector<double>{3, 4}, std::vector<double>{3, 5})};
    CHECK(to_lines(report) ==
          "In the simulator, 2 pairs of worlds of 15 min, not your estate: made-up worlds.\n"
          "  none; then one.\n"
          "  Median without → with it (least–most):\n"
          "  failed requests   4.00 % → 1.50 % (1.00–2.00; before 3.00–5.00), better in 2 and "
          "worse in 0 of 2\n"
          "  incidents         3.5 → 4 (3–5; before 3–4), better in 0 and worse in 1 of 2\n"
          "  Whether it helps there is not clear.\n");
    report.not_simulated = "no such thing is there";
    CHECK(to_lines(report) == "Not simulated: no such thing is there.\n");
}

TEST_CASE("what the lab prints is read back as it was") {
    const BeforeAfter report{
        .cause = CauseKind::overload,
        .advice = AdviceKind::retry_budget,
        .not_simulated = {},
        .change = "a budget",
        .world = "a service",
        .worlds_count = 1,
        .world_seconds = 900,
        .verdict = TrialVerdict::worse,
        .measured = {compare(Measure::lost, std::vector<double>{0.1}, std::vector<double>{0.2})}};
    const Result<BeforeAfter> read = from_json<BeforeAfter>(to_json(report));
    REQUIRE(read);
    CHECK(*read == report);
}

}  // namespace homeostat::advise
