#include "homeostat/adapters/postgres/postgres_fleet.hpp"

#include "homeostat/adapters/postgres/connection.hpp"

#include <fmt/format.h>

#include <chrono>
#include <pqxx/pqxx>
#include <utility>

namespace homeostat::adapters::postgres {

struct PostgresFleet::State {
    Connection to;
    bool is_up_to_date{false};
};

namespace {

/// Whoever asks waits for the answer before a remedy begins, three seconds in all.
constexpr ConnectionDeadlines deadlines{
    .connect_s = 2, .acknowledge_ms = 2'500, .statement_ms = 1'500, .lock_ms = 1'000};

/// Longer than any window (config_sink_keys.hpp); then a place says nothing any more.
constexpr const char* kept_for = "2 days";

template <class T, class Work>
Result<T> in_transaction(PostgresFleet::State& state, const Work& work) {
    return with_connection<T>(state.to, [&](pqxx::connection& connection) -> Result<T> {
        if (!state.is_up_to_date) {
            if (Result<void> ready = bring_up_to_date(connection, state.to.options); !ready) {
                return std::unexpected(ready.error());
            }
            state.is_up_to_date = true;
        }
        pqxx::work transaction(connection);
        // A stricter one, as a role or a database may have it by default, counts what was there
        // before the lock was had.
        transaction.exec("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
        enter_schema(transaction, state.to.options);
        Result<T> done = work(transaction);
        if (done) {
            transaction.commit();
        }
        return done;
    });
}

/// Until this transaction ends nobody else counts this fleet.
void lock_fleet(pqxx::transaction_base& work, const std::string& fleet) {
    work.exec_params("INSERT INTO fleets (name) VALUES ($1) ON CONFLICT DO NOTHING", fleet);
    work.exec_params("SELECT FROM fleets WHERE name = $1 FOR UPDATE", fleet);
}

std::int64_t seconds_of(Duration span) {
    return std::chrono::ceil<std::chrono::seconds>(span).count();
}

struct Count {
    FleetView all;
    bool is_counted{false};  ///< The place is there, and counts for the window.
    bool is_in_hand{false};  ///< It is there, and has not ended.
};

/// REQUIRES: the fleet is locked, or nothing is granted by it.
Count count(pqxx::transaction_base& work,
            const FleetAgent& agent,
            const FleetLimits& limits,
            const std::string& place) {
    const pqxx::row row = work.exec_params1(
        "SELECT count(*) FILTER (WHERE ends_at > clock_timestamp()), "
        "count(*) FILTER (WHERE began_at > clock_timestamp() - $2 * interval '1 second'), "
        "coalesce(string_agg(DISTINCT service, ', ') FILTER (WHERE ends_at > clock_timestamp()), "
        "''), coalesce(bool_or(ledger = $3 AND place = $4 AND "
        "began_at > clock_timestamp() - $2 * interval '1 second'), false), "
        "coalesce(bool_or(ledger = $3 AND place = $4 AND ends_at > clock_timestamp()), false) "
        "FROM fleet_places WHERE fleet = $1",
        limits.name, seconds_of(limits.window), agent.ledger, place);
    return {{row[0].as<std::uint64_t>(), row[1].as<std::uint64_t>(), row[2].as<std::string>()},
            row[3].as<bool>(),
            row[4].as<bool>()};
}

/// One that is granted again counts from now on: it has not begun yet (tests/models/fleet.pml).
std::uint64_t grant(pqxx::transaction_base& work, const FleetAgent& agent, const FleetAsk& ask) {
    return work
        .exec_params1(
            "INSERT INTO fleet_places (fleet, ledger, place, service, began_at, ends_at, ticket) "
            "VALUES ($1, $2, $3, $4, clock_timestamp(), "
            "clock_timestamp() + $5 * interval '1 second', nextval('fleet_tickets')) "
            "ON CONFLICT (fleet, ledger, place) DO UPDATE SET ends_at = excluded.ends_at, "
            "ticket = excluded.ticket, began_at = excluded.began_at RETURNING ticket",
            ask.limits.name, agent.ledger, ask.place.text(), agent.service,
            seconds_of(ask.holds_for))[0]
        .as<std::uint64_t>();
}

std::string in_words(const Count& found, const FleetLimits& limits) {
    return fmt::format("{} of {} are in hand{}{}, {} of {} begun within {} s",
                       found.all.in_hand_count, limits.at_once_max,
                       found.all.holders.empty() ? "" : " by ", found.all.holders,
                       found.all.begun_count, limits.remedies_max, seconds_of(limits.window));
}

}  // namespace

PostgresFleet::PostgresFleet(PostgresOptions options)
    : state_(std::make_unique<State>(Connection{std::move(options), deadlines})) {}

PostgresFleet::~PostgresFleet() = default;

Result<FleetWord> PostgresFleet::take(const FleetAgent& agent,
                                      const FleetAsk& ask,
                                      const std::function<bool()>& is_waited_for) {
    return in_transaction<FleetWord>(
        *state_, [&](pqxx::transaction_base& work) -> Result<FleetWord> {
            lock_fleet(work, ask.limits.name);
            work.exec_params(
                "DELETE FROM fleet_places WHERE fleet = $1 AND ends_at < "
                "clock_timestamp() - $2::interval",
                ask.limits.name, kept_for);
            const Count found = count(work, agent, ask.limits, ask.place.text());
            FleetWord word{.place = ask.place};
            word.because = in_words(found, ask.limits);
            const bool has_room =
                (found.is_in_hand || found.all.in_hand_count < ask.limits.at_once_max) &&
                (found.is_counted || found.all.begun_count < ask.limits.remedies_max);
            word.says = has_room ? FleetSays::granted : FleetSays::full;
            word.ticket = has_room ? grant(work, agent, ask) : 0;
            if (has_room && !is_waited_for()) {
                return fail(Fault::late, "whoever asked for a place waits no longer");
            }
            return word;
        });
}

Result<void> PostgresFleet::give_back(const FleetAgent& agent,
                                      const std::string& fleet,
                                      const FleetWord& granted,
                                      bool was_used) {
    return in_transaction<void>(*state_, [&](pqxx::transaction_base& work) -> Result<void> {
        const std::string which =
            " WHERE fleet = $1 AND ledger = $2 AND place = $3 AND ticket = $4";
        work.exec_params(
            (was_used ? "UPDATE fleet_places SET ends_at = least(ends_at, clock_timestamp())"
                      : "DELETE FROM fleet_places") +
                which,
            fleet, agent.ledger, granted.place.text(), granted.ticket);
        return {};
    });
}

Result<FleetView> PostgresFleet::look(const FleetLimits& limits) {
    return in_transaction<FleetView>(*state_,
                                     [&](pqxx::transaction_base& work) -> Result<FleetView> {
                                         return count(work, {}, limits, {}).all;
                                     });
}

}  // namespace homeostat::adapters::postgres
