#pragma once

// Database, Statement: as much of SQLite as an index needs, with its errors as ours.
//
// One connection to a file, held exclusively while it is open: Debian 12's SQLite (3.40.1) can
// reset a write-ahead log under a second connection that still reads from it, so there is no such
// log here and no second connection; whoever comes meanwhile gets `busy`. The rollback journal is
// the mode that needs neither shared memory nor a second file that outlives a clean end.
//
// Blocks. Not thread-safe.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace homeostat::adapters::ledger_index {

class Statement {
  public:
    Statement(sqlite3* database, sqlite3_stmt* statement);

    /// Gives the next `?` its value, counted from the first.
    Statement& with(std::int64_t value);
    Statement& with(double value);
    Statement& with(std::string_view text);

    /// True: a row is there to be read. At the end the statement is ready for new values.
    [[nodiscard]] Result<bool> step();
    /// Steps to the end.
    [[nodiscard]] Result<void> run();
    /// Before the end was reached: ready for new values.
    void reset();

    [[nodiscard]] std::int64_t number_at(int column) const;
    [[nodiscard]] std::string text_at(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bound_count_{0};
    int status_{0};  ///< The first that was not well since the last reset.
};

class Database {
  public:
    /// ERRORS: busy: another has it; corrupt: it is no database, or a spoiled one; full: no room or
    /// no right; the text names the file.
    [[nodiscard]] static Result<Database> open(const std::filesystem::path& path);

    /// Several statements without values, each ended by a semicolon.
    [[nodiscard]] Result<void> execute(const std::string& sql);
    /// REQUIRES: `sql` is one statement that fits the tables.
    [[nodiscard]] Result<Statement> prepare(std::string_view sql);

  private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    explicit Database(sqlite3* database) : database_(database) {}
    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace homeostat::adapters::ledger_index
