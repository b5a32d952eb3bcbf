#include "homeostat/adapters/postgres/connection.hpp"

#include "homeostat/adapters/postgres/migrations.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace homeostat::adapters::postgres {

namespace {

std::string with_deadlines(const std::string& url, const ConnectionDeadlines& deadlines) {
    const std::array parameters{
        std::pair{"connect_timeout", std::to_string(deadlines.connect_s)},
        std::pair{"tcp_user_timeout", std::to_string(deadlines.acknowledge_ms)},
        std::pair{"keepalives_idle", std::string("10")},
        std::pair{"application_name", std::string("homeostat-shipper")}};
    const bool is_uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
    std::string all = url;
    for (const auto& [name, value] : parameters) {
        if (!url.contains(name)) {
            const std::string_view before = !is_uri ? " " : all.contains('?') ? "&" : "?";
            all += fmt::format("{}{}={}", before, name, value);
        }
    }
    return all;
}

/// Makes schema and table of versions, if this is the first time.
void begin_schema(pqxx::transaction_base& work, const PostgresOptions& options) {
    const bool has_schema =
        work.exec_params1("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)",
                          options.schema)[0]
            .as<bool>();
    if (!has_schema) {  // IF NOT EXISTS asks for a right that nobody needs later.
        work.exec("CREATE SCHEMA " + work.quote_name(options.schema));
    }
    enter_schema(work, options);
    if (!is_there(work, options)) {
        work.exec(
            "CREATE TABLE schema_versions (version integer PRIMARY KEY, "
            "at timestamptz NOT NULL DEFAULT now())");
    }
}

}  // namespace

void open(Connection& connection) {
    if (connection.open) {
        return;
    }
    connection.open = std::make_unique<pqxx::connection>(
        with_deadlines(connection.options.url, connection.deadlines));
    pqxx::nontransaction settings(*connection.open);
    settings.exec(
        fmt::format("SET statement_timeout = {}; SET lock_timeout = {}; "
                    "SET idle_in_transaction_session_timeout = '60s'",
                    connection.deadlines.statement_ms, connection.deadlines.lock_ms));
    // Where a role or a database has it off, COMMIT answers before anything is on a disk, and a
    // server that dies forgets what we were told. Any other word is somebody's choice of replicas.
    settings.exec(
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'");
}

Fault fault_of(const std::string& sqlstate) {
    const std::string_view kind = std::string_view(sqlstate).substr(0, 2);
    if (kind == "53" || kind == "58") {  // No room, no memory, a disk that fails.
        return Fault::full;
    }
    if (kind == "40" || kind == "55" || kind == "57") {  // Rolled back, locked, being stopped.
        return Fault::busy;
    }
    if (kind == "08") {
        return Fault::unreachable;
    }
    return sqlstate == "25006" ? Fault::busy : Fault::refused;  // A standby, not yet promoted.
}

Fault fault_of_broken(const std::string& says) {
    // A wrong password stays wrong, and asking for ever locks accounts.
    const bool is_no = says.contains("authentication failed") || says.contains("does not exist") ||
                       says.contains("cannot read");
    return is_no ? Fault::refused : Fault::unreachable;
}

void enter_schema(pqxx::transaction_base& work, const PostgresOptions& options) {
    work.exec("SET LOCAL search_path TO " + work.quote_name(options.schema));
}

bool is_there(pqxx::transaction_base& work, const PostgresOptions& options) {
    return work
        .exec_params1(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables "
            "WHERE schemaname = $1 AND tablename = 'schema_versions')",
            options.schema)[0]
        .as<bool>();
}

int version_in(pqxx::transaction_base& work) {
    return work.exec1("SELECT coalesce(max(version), 0) FROM schema_versions")[0].as<int>();
}

Result<void> bring_up_to_date(pqxx::connection& connection, const PostgresOptions& options) {
    pqxx::work work(connection);
    // Two shippers that begin at once wait for each other here; it ends with the transaction.
    work.exec_params("SELECT pg_advisory_xact_lock(hashtext('homeostat'), hashtext($1))",
                     options.schema);
    begin_schema(work, options);
    const int there = version_in(work);
    const int ours = migrations().back().version;
    if (there > ours) {
        return fail(Fault::invalid,
                    fmt::format("PostgreSQL ({}): the tables in schema {} are of version {}, and "
                                "this program knows {}; a newer homeostat-shipper made them: "
                                "install that one here as well",
                                options.from, options.schema, there, ours));
    }
    for (const Migration& migration : migrations()) {
        if (migration.version > there) {
            work.exec(std::string(migration.sql));
            work.exec_params("INSERT INTO schema_versions (version) VALUES ($1)",
                             migration.version);
        }
    }
    work.commit();
    return {};
}

}  // namespace homeostat::adapters::postgres
