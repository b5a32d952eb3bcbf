#include "homeostat/adapters/ledger_index/database.hpp"

#include <sqlite3.h>

#include <optional>
#include <utility>

namespace homeostat::adapters::ledger_index {

namespace {

Fault fault_of(int status) {
    constexpr int primary_mask = 0xFF;
    switch (status & primary_mask) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Fault::busy;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR:     // A table or a column is not there: not the index that we wrote.
        case SQLITE_MISMATCH:  // A value is not what its column holds.
        case SQLITE_CONSTRAINT:
            return Fault::corrupt;
        default:
            return Fault::full;
    }
}

std::unexpected<Error> trouble(sqlite3* database, int status) {
    const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, nullptr);
    const std::string name = file == nullptr || *file == '\0' ? "index" : file;
    return fail(
        fault_of(status),
        name + ": " + (database == nullptr ? sqlite3_errstr(status) : sqlite3_errmsg(database)));
}

}  // namespace

Statement::Statement(sqlite3* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement) {}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement& Statement::with(std::int64_t value) {
    const int status = sqlite3_bind_int64(statement_.get(), ++bound_count_, value);
    status_ = status_ == SQLITE_OK ? status : status_;
    return *this;
}

Statement& Statement::with(double value) {
    const int status = sqlite3_bind_double(statement_.get(), ++bound_count_, value);
    status_ = status_ == SQLITE_OK ? status : status_;
    return *this;
}

Statement& Statement::with(std::string_view text) {
    const int status = sqlite3_bind_text64(statement_.get(), ++bound_count_, text.data(),
                                           text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    status_ = status_ == SQLITE_OK ? status : status_;
    return *this;
}

Result<bool> Statement::step() {
    const int status = status_ == SQLITE_OK ? sqlite3_step(statement_.get()) : status_;
    if (status == SQLITE_ROW) {
        return true;
    }
    std::optional<Error> error;
    if (status != SQLITE_DONE) {
        error = trouble(database_, status).error();
    }
    reset();
    return error ? Result<bool>(std::unexpected(std::move(*error))) : Result<bool>(false);
}

Result<void> Statement::run() {
    for (;;) {  // Bounded by the rows of the table.
        const Result<bool> row = step();
        if (!row) {
            return std::unexpected(row.error());
        }
        if (!*row) {
            return {};
        }
    }
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bound_count_ = 0;
    status_ = SQLITE_OK;
}

std::int64_t Statement::number_at(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text_at(int column) const {
    const unsigned char* text = sqlite3_column_text(statement_.get(), column);
    const int bytes = sqlite3_column_bytes(statement_.get(), column);
    return text == nullptr
               ? std::string()
               : std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes));
}

void Database::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::filesystem::path& path) {
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int status = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    Database database(handle);
    if (status != SQLITE_OK) {
        return trouble(handle, status);
    }
    // NORMAL: a lost index is built anew, a spoiled one would have to be noticed first.
    const Result<void> set = database.execute(
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA synchronous=NORMAL;"
        "PRAGMA trusted_schema=OFF; BEGIN IMMEDIATE; COMMIT;");
    return set ? Result<Database>(std::move(database)) : std::unexpected(set.error());
}

Result<void> Database::execute(const std::string& sql) {
    const int status = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (status != SQLITE_OK) {
        return trouble(database_.get(), status);
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int status = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                          &statement, nullptr);
    if (status != SQLITE_OK) {
        return trouble(database_.get(), status);
    }
    return Statement(database_.get(), statement);
}

}  // namespace homeostat::adapters::ledger_index
