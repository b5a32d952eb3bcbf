#pragma once

// Connection: to a PostgreSQL, made when it is needed and let go of after any error; and the schema
// with our tables in it.
//
// Blocks, but no call for longer than its deadlines where the server answers at all. Not
// thread-safe.

#include "homeostat/adapters/postgres/postgres_options.hpp"
#include "homeostat/adapters/postgres/postgres_text.hpp"
#include "homeostat/base/result.hpp"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <pqxx/pqxx>
#include <string>

namespace homeostat::adapters::postgres {

/// Where libpq and the server would wait for ever, unless the address says otherwise itself.
struct ConnectionDeadlines {
    int connect_s{5};
    int acknowledge_ms{20'000};  ///< Of what was sent, by TCP.
    int statement_ms{20'000};
    int lock_ms{5'000};
};

struct Connection {
    PostgresOptions options;
    ConnectionDeadlines deadlines{};
    std::unique_ptr<pqxx::connection> open{};
};

/// Opens it, if it is not open. ENSURES: what is committed by it is on the server's disk, whatever
/// the role or the database has by default.
void open(Connection& connection);

/// What of an error of the server's may be tried again without anybody's doing.
[[nodiscard]] Fault fault_of(const std::string& sqlstate);

/// Of a connection that could not be made, or broke.
[[nodiscard]] Fault fault_of_broken(const std::string& says);

/// Runs `work` with a connection. Whatever it throws becomes an Error, and the connection is let
/// go: what is known of it then is nothing.
template <class T, class Work>
Result<T> with_connection(Connection& connection, const Work& work) {
    const auto failed = [&](Fault fault, const char* says) {
        connection.open.reset();
        return fail(fault, fmt::format("PostgreSQL ({}): {}", connection.options.from,
                                       without_secret(says, connection.options.url)));
    };
    try {
        open(connection);
        Result<T> done = work(*connection.open);
        if (!done) {
            connection.open.reset();
        }
        return done;
    } catch (const pqxx::sql_error& error) {
        return failed(fault_of(error.sqlstate()), error.what());
    } catch (const pqxx::in_doubt_error& error) {
        return failed(Fault::late, error.what());
    } catch (const pqxx::broken_connection& error) {
        return failed(fault_of_broken(without_secret(error.what(), connection.options.url)),
                      error.what());
    } catch (const std::exception& error) {
        return failed(Fault::broken, error.what());
    }
}

void enter_schema(pqxx::transaction_base& work, const PostgresOptions& options);

[[nodiscard]] bool is_there(pqxx::transaction_base& work, const PostgresOptions& options);

/// REQUIRES: its table is there.
[[nodiscard]] int version_in(pqxx::transaction_base& work);

/// Brings the tables to this program's version. ERRORS: invalid: a newer program made them.
[[nodiscard]] Result<void> bring_up_to_date(pqxx::connection& connection,
                                            const PostgresOptions& options);

}  // namespace homeostat::adapters::postgres
