#pragma once

// PostgresSink: the entries of ledgers as rows of a PostgreSQL, and how far each ledger is there.
//
// The rows and the cursor move in one transaction, so whoever dies when, the next one goes on
// exactly behind what is there. Two shippers of one ledger exclude each other by the cursor's row.
// A row that is there with another hash is of another history, and stops everything: it is never
// replaced.
//
// Its tables are its own schema's; it brings them to its version under a lock of the database, and
// refuses those of a newer program.
//
// Blocks, but no call for longer than its deadlines where the server answers at all; a server that
// is stopped holds the thread until TCP gives up. Not thread-safe.

#include "homeostat/adapters/postgres/postgres_options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/outbox/sink.hpp"

#include <functional>
#include <memory>
#include <string>

namespace homeostat::adapters::postgres {

/// A row of the view homeostat_decisions, as it is told to people.
struct DecisionFilter {
    std::string since{};  ///< A time of RFC 3339; empty: from the beginning.
    std::string until{};
    std::string service{};
    std::string remedy{};
};

/// What a look at the database found, for `doctor`.
struct DatabaseView {
    std::string server;      ///< Its version.
    int schema_version{0};   ///< 0: there are no tables yet.
    int program_version{0};  ///< Of the tables that this program knows.
    bool may_write{false};   ///< Into the tables, or may make them.
};

class PostgresSink final : public outbox::Sink {
  public:
    explicit PostgresSink(PostgresOptions options);
    ~PostgresSink() override;

    [[nodiscard]] Result<outbox::Cursor> resume(const std::string& ledger,
                                                const std::string& service) override;
    [[nodiscard]] Result<void> take(const outbox::Batch& batch) override;

    /// Changes nothing. ERRORS: as resume().
    [[nodiscard]] Result<DatabaseView> look();

    /// Hands every decision to `visit`, oldest first, a JSON object each. ERRORS: as resume();
    /// absent: the tables are not there.
    [[nodiscard]] Result<void> decisions(const DecisionFilter& filter,
                                         const std::function<void(const std::string&)>& visit);

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace homeostat::adapters::postgres
