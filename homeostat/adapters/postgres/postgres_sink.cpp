#include "homeostat/adapters/postgres/postgres_sink.hpp"

#include "homeostat/adapters/postgres/connection.hpp"
#include "homeostat/adapters/postgres/migrations.hpp"
#include "homeostat/adapters/postgres/postgres_text.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <pqxx/pqxx>
#include <string_view>
#include <utility>

namespace homeostat::adapters::postgres {

struct PostgresSink::State {
    Connection to;
    std::uint64_t next_group{0};
};

namespace {

std::string rows_of(const outbox::Batch& batch) {
    std::string rows = "[";
    for (const outbox::BatchEntry& entry : batch.entries) {
        json::object row;
        row["g"] = entry.place.group;
        row["e"] = entry.place.entry;
        row["hash"] = json::value(entry.hash);
        row["at"] = json::value(to_timestamp(entry.wall_at));
        row["kind"] = json::value(entry.kind);
        row["incident"] = entry.incident.empty() ? json::value() : json::value(entry.incident);
        row["remedy"] = entry.remedy.empty() ? json::value() : json::value(entry.remedy);
        std::string text = to_text(json::value(std::move(row)));
        text.pop_back();
        rows += rows.size() > 1 ? "," : "";
        rows += text + R"(,"body":)" + entry.body + "}";
    }
    return without_nul(rows + "]");
}

constexpr const char* insert_sql =
    "INSERT INTO entries (ledger, group_index, entry_index, hash, at, service, kind, incident, "
    "remedy, body) SELECT $1, r.g, r.e, r.hash, r.at, $2, r.kind, r.incident, r.remedy, r.body "
    "FROM jsonb_to_recordset($3::jsonb) AS r(g bigint, e integer, hash text, at timestamptz, "
    "kind text, incident text, remedy text, body jsonb) ON CONFLICT DO NOTHING";

constexpr const char* other_history_sql =
    "SELECT min(n.group_index) FROM entries n JOIN jsonb_to_recordset($2::jsonb) "
    "AS r(g bigint, e integer, hash text) ON n.group_index = r.g AND n.entry_index = r.e "
    "WHERE n.ledger = $1 AND n.hash <> r.hash";

Result<void> insert(pqxx::transaction_base& work,
                    const outbox::Batch& batch,
                    const std::string& from) {
    const std::string rows = rows_of(batch);
    const auto added = work.exec_params(insert_sql, batch.ledger, batch.service, rows);
    if (added.affected_rows() == batch.entries.size()) {
        return {};
    }
    const pqxx::row other = work.exec_params1(other_history_sql, batch.ledger, rows);
    if (other[0].is_null()) {
        return {};  // They are there already, as they are here.
    }
    return fail(Fault::corrupt,
                fmt::format("PostgreSQL ({}): group {} is there with another hash: that is another "
                            "history of this ledger. Find out which of both was changed "
                            "(`homeostat verify-ledger`) before anything more is sent",
                            from, other[0].as<std::string>()));
}

Result<void> move_cursor(pqxx::transaction_base& work,
                         const outbox::Batch& batch,
                         std::uint64_t expected,
                         const std::string& from) {
    const auto moved = work.exec_params(
        "UPDATE cursors SET next_group = $3, hash = $4, service = $5, moved_at = now(), "
        "groups_missed = groups_missed + $6 WHERE ledger = $1 AND next_group = $2",
        batch.ledger, expected, batch.next_group, batch.hash, batch.service,
        batch.first_group - expected);
    if (moved.affected_rows() == 1) {
        return {};
    }
    return fail(Fault::busy, fmt::format("PostgreSQL ({}): another shipper sends this ledger as "
                                         "well; end one of both",
                                         from));
}

void add_condition(std::string& sql,
                   pqxx::transaction_base& work,
                   std::string_view condition,
                   const std::string& value) {
    if (!value.empty()) {
        sql += sql.contains(" WHERE ") ? " AND " : " WHERE ";
        sql += fmt::format("{} {}", condition, work.quote(value));
    }
}

}  // namespace

PostgresSink::PostgresSink(PostgresOptions options)
    : state_(std::make_unique<State>(Connection{std::move(options)})) {}

PostgresSink::~PostgresSink() = default;

Result<outbox::Cursor> PostgresSink::resume(const std::string& ledger, const std::string& service) {
    const PostgresOptions& options = state_->to.options;
    return with_connection<outbox::Cursor>(
        state_->to, [&](pqxx::connection& connection) -> Result<outbox::Cursor> {
            const Result<void> ready = bring_up_to_date(connection, options);
            if (!ready) {
                return std::unexpected(ready.error());
            }
            pqxx::work work(connection);
            enter_schema(work, options);
            work.exec_params(
                "INSERT INTO cursors (ledger, service, next_group, hash) "
                "VALUES ($1, $2, 0, '') ON CONFLICT DO NOTHING",
                ledger, service);
            const pqxx::row row =
                work.exec_params1("SELECT next_group, hash FROM cursors WHERE ledger = $1", ledger);
            outbox::Cursor cursor{row[0].as<std::uint64_t>(), row[1].as<std::string>()};
            work.commit();
            state_->next_group = cursor.next_group;
            return cursor;
        });
}

Result<void> PostgresSink::take(const outbox::Batch& batch) {
    return with_connection<void>(state_->to, [&](pqxx::connection& connection) -> Result<void> {
        pqxx::work work(connection);
        enter_schema(work, state_->to.options);
        // Before the rows: whoever else sends this ledger waits here, and then finds it moved on.
        Result<void> done = move_cursor(work, batch, state_->next_group, state_->to.options.from);
        if (done) {
            done = insert(work, batch, state_->to.options.from);
        }
        if (!done) {
            return done;
        }
        work.commit();
        state_->next_group = batch.next_group;
        return {};
    });
}

Result<DatabaseView> PostgresSink::look() {
    return with_connection<DatabaseView>(
        state_->to, [&](pqxx::connection& connection) -> Result<DatabaseView> {
            DatabaseView view;
            view.program_version = migrations().back().version;
            pqxx::work work(connection);
            view.server = work.exec1("SHOW server_version")[0].as<std::string>();
            if (is_there(work, state_->to.options)) {
                enter_schema(work, state_->to.options);
                view.schema_version = version_in(work);
                view.may_write = work.exec1(
                                         "SELECT has_table_privilege('entries', 'INSERT') AND "
                                         "has_table_privilege('cursors', 'UPDATE')")[0]
                                     .as<bool>();
                return view;
            }
            view.may_write =
                work.exec_params1(
                        "SELECT coalesce((SELECT has_schema_privilege(nspname, 'CREATE') FROM "
                        "pg_catalog.pg_namespace WHERE nspname = $1), "
                        "has_database_privilege(current_database(), 'CREATE'))",
                        state_->to.options.schema)[0]
                    .as<bool>();
            return view;
        });
}

Result<void> PostgresSink::decisions(const DecisionFilter& filter,
                                     const std::function<void(const std::string&)>& visit) {
    return with_connection<void>(state_->to, [&](pqxx::connection& connection) -> Result<void> {
        pqxx::work work(connection);
        if (!is_there(work, state_->to.options)) {
            return fail(Fault::absent,
                        fmt::format("PostgreSQL ({}): there are no tables of Homeostat in schema "
                                    "{}; a shipper makes them when it first connects",
                                    state_->to.options.from, state_->to.options.schema));
        }
        enter_schema(work, state_->to.options);
        std::string sql =
            "SELECT json_build_object('at', to_char(at AT TIME ZONE 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), 'service', service, 'incident', incident, "
            "'symptom', symptom, 'remedy', remedy, 'target', target, 'verdict', verdict, 'rule', "
            "rule, 'because', because, 'outcome', outcome, 'proof', proof, 'approver', approver"
            ") FROM homeostat_decisions";
        add_condition(sql, work, "at >=", filter.since);
        add_condition(sql, work, "at <", filter.until);
        add_condition(sql, work, "service =", filter.service);
        add_condition(sql, work, "remedy =", filter.remedy);
        const pqxx::result rows = work.exec(sql + " ORDER BY at, ledger, group_index, entry_index");
        for (const pqxx::row& row : rows) {
            visit(row[0].as<std::string>());
        }
        return {};
    });
}

}  // namespace homeostat::adapters::postgres
