// What the matrix of deaths counts, and that it would notice.

#include "homeostat/sim/run/kill_matrix.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace homeostat;
using namespace homeostat::sim;

namespace {

const KillScene& scene_of(std::string_view name) {
    return *std::ranges::find(kill_scenes(), name, &KillScene::name);
}

/// From 1; 0: none.
std::uint64_t call_of(const LifeSeen& life, std::string_view begins) {
    const auto found = std::ranges::find_if(
        life.calls, [&](const std::string& call) { return call.starts_with(begins); });
    return found == life.calls.end() ? 0
                                     : static_cast<std::uint64_t>(found - life.calls.begin()) + 1;
}

SeedResult run_to(std::vector<std::uint64_t> dies_before) {
    return run_once(kill_options(scene_of("restart"), {}, std::move(dies_before)), true);
}

bool says(const SeedResult& result, std::string_view what) {
    return std::ranges::any_of(result.trace,
                               [&](const std::string& line) { return line.contains(what); });
}

}  // namespace

TEST_CASE("what a life dies before never happens, and what is on its way happens all the same") {
    const LifeSeen whole = run_to({}).lives.front();
    REQUIRE(call_of(whole, "order replace") > 0);

    SUBCASE("before the order nothing is ordered in that life") {
        const SeedResult result = run_to({call_of(whole, "order replace")});
        REQUIRE(result.lives.size() == 2);
        CHECK(result.deaths_count == 1);
        CHECK(call_of(result.lives[0], "wait for") == 0);
        CHECK(call_of(result.lives[1], "order replace") > 0);
    }
    SUBCASE("an order that has left starts the process, and is not given twice") {
        const SeedResult result = run_to({call_of(whole, "wait for replace")});
        REQUIRE(result.lives.size() == 2);
        CHECK(call_of(result.lives[0], "hear of") == 0);
        CHECK(call_of(result.lives[1], "order replace") == 0);
        CHECK(says(result, "process_started 1 by i-1.e1"));
    }
    SUBCASE("an intent that was not written is no intent for whoever comes next") {
        const SeedResult result = run_to({call_of(whole, "append intent")});
        CHECK_FALSE(result.lives[0].left ==
                    run_to({call_of(whole, "order replace")}).lives[0].left);
        CHECK(call_of(result.lives[1], "append intent") > 0);
    }
}

TEST_CASE("a second death is met in the recovery from the first, and the third life settles it") {
    const SeedResult once = run_to({call_of(run_to({}).lives.front(), "hear of replace")});
    REQUIRE(once.lives.size() == 2);
    const std::uint64_t calls = once.lives[1].calls.size();
    const SeedResult twice = run_to({once.lives[0].calls.size(), calls});
    CHECK(twice.deaths_count == 2);
    CHECK(twice.lives.size() == 3);
    CHECK(twice.lives[1].calls == once.lives[1].calls);
    CHECK(twice.is_settled);
    CHECK(twice.violations.empty());
}

TEST_CASE("counting the calls of a life changes nothing of its history") {
    Options options = kill_options(scene_of("restart"), {}, {});
    const SeedResult counted = run_once(options, false);
    options.dies_before.reset();
    const SeedResult plain = run_once(options, false);
    CHECK(plain.lives.empty());
    CHECK(plain.trace_hash == counted.trace_hash);
}

TEST_CASE("a scene in which nobody orders what it is for is a failure of the matrix") {
    KillScene idle = scene_of("restart");
    idle.orders = {"swap_version"};
    const KillReport report = run_kills(idle, {.pairs_max = 1});
    CHECK(report.points > 20);
    REQUIRE(report.failures.size() == 1);
    CHECK(report.failures.front().because == "nobody ordered any swap_version");
}
