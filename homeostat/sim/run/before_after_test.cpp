#include "homeostat/sim/run/before_after.hpp"

#include "homeostat/advise/rules.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/run/before_after_worlds.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace homeostat;
using namespace homeostat::sim;
using advise::AdviceKind;
using advise::BeforeAfter;
using advise::Measure;
using advise::TrialOrder;
using advise::TrialVerdict;

namespace {

/// Six that agree are clear.
TrialOrder order_of(CauseKind cause, AdviceKind advice) {
    return {.cause = cause, .advice = advice, .instances = 5, .spares = 2, .worlds_count = 6};
}

const advise::Measured& measured_of(const BeforeAfter& report, Measure measure) {
    return report.measured.at(static_cast<std::size_t>(measure));
}

}  // namespace

TEST_CASE("whatever is advised can be tried, or it says why not") {
    for (const advise::Rule& rule : advise::rules()) {
        CAPTURE(to_text(rule.cause));
        CAPTURE(to_text(rule.kind));
        const Trial* trial = find_trial(rule.cause, rule.kind);
        REQUIRE(trial != nullptr);
        CHECK((trial->shape != nullptr) == trial->not_simulated.empty());
        CHECK((trial->change != nullptr) == trial->not_simulated.empty());
        CHECK((trial->says != nullptr) == trial->not_simulated.empty());
    }
}

TEST_CASE("the two worlds of a pair have the same seed, users and faults, and one change") {
    for (const advise::Rule& rule : advise::rules()) {
        const Trial& trial = *find_trial(rule.cause, rule.kind);
        if (!trial.not_simulated.empty()) {
            continue;
        }
        CAPTURE(trial.says(order_of(rule.cause, rule.kind)));
        for (std::uint64_t seed = 1; seed <= 40; ++seed) {
            CAPTURE(seed);
            const PairedOptions pair = draw_pair(trial, order_of(rule.cause, rule.kind), seed);
            CHECK(pair.before.seed == pair.after.seed);
            CHECK(pair.before.faults == pair.after.faults);
            CHECK(pair.before.faults.size() >= trial_times);
            CHECK(pair.before.topology.traffic.front().rate_per_s ==
                  pair.after.topology.traffic.front().rate_per_s);
            CHECK(pair.before.faults ==
                  draw_pair(trial, order_of(rule.cause, rule.kind), seed).before.faults);
        }
    }
}

TEST_CASE("a second instance spares users the crashes of the first") {
    TrialOrder order = order_of(CauseKind::instance_crash, AdviceKind::replica_floor);
    order.instances = 1;
    order.spares = 0;
    const Result<BeforeAfter> report = before_and_after(order);
    REQUIRE(report);
    CHECK(report->verdict == TrialVerdict::better);
    CHECK(report->worlds_count == 6);
    CHECK(measured_of(*report, Measure::failed_requests).better_count == 6);
    CHECK(measured_of(*report, Measure::incidents).before.least >= 3);
    CHECK(measured_of(*report, Measure::wrong_answers).before.most == 0);
}

TEST_CASE("where advice does harm the report has it: a source that cannot take a cache's reads") {
    TrialOrder order = order_of(CauseKind::stale_copies, AdviceKind::ttl);
    order.max_age = std::chrono::milliseconds{1};
    const Result<BeforeAfter> report = before_and_after(order);
    REQUIRE(report);
    CHECK(report->change.contains("after 0.1 s"));
    CHECK(report->verdict == TrialVerdict::unclear);
    CHECK(measured_of(*report, Measure::wrong_answers).better_count == 6);
    CHECK(measured_of(*report, Measure::failed_requests).before.most < 0.01);
    CHECK(measured_of(*report, Measure::lost).worse_count > 0);
    CHECK(measured_of(*report, Measure::lost).after.most > 0.1);
    CHECK(measured_of(*report, Measure::lost).after.most <= 1);
    CHECK(*before_and_after(order) == *report);
}

TEST_CASE("what the simulator cannot show is not run, and what was never advised is refused") {
    const Result<BeforeAfter> probe =
        before_and_after(order_of(CauseKind::instance_fault, AdviceKind::probe));
    REQUIRE(probe);
    CHECK(probe->not_simulated.contains("by itself"));
    CHECK(probe->measured.empty());
    CHECK_FALSE(before_and_after(order_of(CauseKind::overload, AdviceKind::ttl)));
    TrialOrder order = order_of(CauseKind::overload, AdviceKind::replica_floor);
    order.spares = 0;
    CHECK(before_and_after(order).error().text.contains("no spare"));
    CHECK_FALSE(before_and_after(order_of(CauseKind::instance_crash, AdviceKind::replica_floor)));
    order = order_of(CauseKind::instance_crash, AdviceKind::disruption_budget);
    order.instances = 3;
    CHECK_FALSE(before_and_after(order));
}
