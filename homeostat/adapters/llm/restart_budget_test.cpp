#include "homeostat/adapters/llm/restart_budget.hpp"

#include <doctest/doctest.h>

namespace homeostat::adapters::llm {

using namespace std::chrono_literals;

TEST_CASE("each restart in a window waits twice as long as the one before") {
    RestartBudget budget({.restarts_max = 3, .window = 10min, .back_off = 500ms});
    Instant now{1h};
    CHECK(budget.next_at(now) == now + 500ms);
    budget.spend(now);
    CHECK(budget.next_at(now) == now + 1s);
    budget.spend(now);
    CHECK(budget.next_at(now) == now + 2s);
}

TEST_CASE("no fourth restart happens before the window has room again") {
    RestartBudget budget({.restarts_max = 3, .window = 10min, .back_off = 500ms});
    const Instant start{1h};
    budget.spend(start);
    budget.spend(start + 1min);
    budget.spend(start + 2min);
    CHECK(budget.is_spent(start + 3min));
    CHECK(budget.next_at(start + 3min) == start + 10min);
    CHECK_FALSE(budget.is_spent(start + 10min));
    budget.spend(start + 10min);
    CHECK(budget.is_spent(start + 10min));
    CHECK(budget.next_at(start + 10min) == start + 11min);
}

TEST_CASE("a budget of nothing is spent from the start") {
    const RestartBudget budget({.restarts_max = 0});
    CHECK(budget.is_spent(Instant{1h}));
}

}  // namespace homeostat::adapters::llm
