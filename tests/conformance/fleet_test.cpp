// The budget of a fleet: in a real PostgreSQL, and as the tests of the loop simulate it.

#include "homeostat/adapters/postgres/connection.hpp"
#include "homeostat/adapters/postgres/postgres_fleet.hpp"
#include "homeostat/heal/simulated_outside_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"

#include "fleet_conformance.hpp"
#include "postgres_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::conformance {

namespace {

class RealBudget {
  public:
    Result<FleetWord> take(const std::string& agent,
                           const std::string& place,
                           const FleetLimits& limits,
                           Duration holds_for) {
        return fleet_.take({agent, agent}, {EffectId(place), limits, holds_for},
                           [&] { return is_waited_for; });
    }
    Result<void> give_back(const std::string& agent, const FleetWord& granted, bool was_used) {
        return fleet_.give_back({agent, agent}, "shop", granted, was_used);
    }
    /// Its clock cannot be moved, so its past is.
    void pass(Duration span) {
        const std::string seconds =
            std::to_string(std::chrono::duration_cast<std::chrono::seconds>(span).count());
        server_.ask("UPDATE homeostat.fleet_places SET began_at = began_at - interval '" + seconds +
                    " seconds', ends_at = ends_at - interval '" + seconds + " seconds'");
    }
    void cut() { server_.kill(); }
    void restore() { server_.start(); }

    bool is_waited_for{true};

  private:
    PostgresServer server_;
    adapters::postgres::PostgresFleet fleet_{
        {.url = server_.url(), .from = "a test", .schema = "homeostat"}};
};

class SimulatedBudget {
  public:
    Result<FleetWord> take(const std::string& agent,
                           const std::string& place,
                           const FleetLimits& limits,
                           Duration holds_for) {
        FleetAsk ask{EffectId(agent + "/" + place), limits, holds_for};
        Result<FleetWord> word =
            await<Result<FleetWord>>(fleet_.take(std::move(ask), Instant::max()));
        if (word) {
            word->place = EffectId(place);
        }
        return word;
    }
    Result<void> give_back(const std::string& agent, FleetWord granted, bool was_used) {
        granted.place = EffectId(agent + "/" + granted.place.text());
        return await<Result<void>>(fleet_.give_back(std::move(granted), was_used, Instant::max()));
    }
    void pass(Duration span) { clock_.run_for(span); }
    void cut() { store_.trouble = "it is away"; }
    void restore() { store_.trouble.clear(); }

  private:
    template <class T>
    T await(Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr, T value) {
            result.emplace(std::move(value));
        });
        REQUIRE(clock_.run_until([&] { return result.has_value(); }, std::chrono::minutes{1}));
        return *std::move(result);
    }

    heal::SimulatedWorld world_;
    boost::asio::io_context context_;
    heal::SimulatedClock clock_{world_, context_};
    heal::SimulatedFleetStore store_;
    heal::SimulatedFleet fleet_{store_, clock_};
};

}  // namespace

TEST_CASE("a real PostgreSQL keeps the budget of a fleet" * doctest::skip(!has_postgres())) {
    keeps_the_budget_of_a_fleet<RealBudget>();
}

TEST_CASE("a place that nobody waits for any longer is held by nobody" *
          doctest::skip(!has_postgres())) {
    RealBudget budget;
    const FleetLimits limits = limits_of(1, 1);
    budget.is_waited_for = false;
    const Result<FleetWord> late = budget.take("a", "i-1.e1", limits, 10min);
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::late);
    budget.is_waited_for = true;
    const auto other = budget.take("b", "i-1.e1", limits, 10min);
    REQUIRE(is_granted(other));
    budget.is_waited_for = false;  // That there is no room is true for whoever reads it.
    CHECK(is_full(budget.take("a", "i-1.e1", limits, 10min)));
}

TEST_CASE("what is committed is on the disk, also where a role has it otherwise by default" *
          doctest::skip(!has_postgres())) {
    PostgresServer server;
    const auto mode_of_ours = [&] {
        adapters::postgres::Connection ours{
            .options = {.url = server.url(), .from = "a test", .schema = "homeostat"}};
        adapters::postgres::open(ours);
        pqxx::nontransaction work(*ours.open);
        return work.exec1("SHOW synchronous_commit")[0].as<std::string>();
    };
    CHECK(mode_of_ours() == "on");
    server.ask("ALTER ROLE postgres SET synchronous_commit = off");
    CHECK(mode_of_ours() == "on");
    for (const std::string chosen : {"local", "remote_write", "remote_apply"}) {
        server.ask("ALTER ROLE postgres SET synchronous_commit = " + chosen);
        CHECK(mode_of_ours() == chosen);
    }
}

TEST_CASE("the simulated budget of a fleet keeps it as well") {
    keeps_the_budget_of_a_fleet<SimulatedBudget>();
}

}  // namespace homeostat::conformance
