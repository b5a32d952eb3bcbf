#include "homeostat/adapters/ledger_index/ledger_index.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

namespace homeostat::adapters::ledger_index {

namespace {

// `position` is the number of the entry in its group: the two together name an entry. `number` is
// the order of the incidents' first entries.
constexpr const char* tables = R"(
CREATE TABLE place(next_index INTEGER NOT NULL, first_index INTEGER NOT NULL, hash TEXT NOT NULL);
INSERT INTO place VALUES(0, 0, '');
CREATE TABLE incidents(number INTEGER PRIMARY KEY, incident TEXT NOT NULL UNIQUE,
  service TEXT NOT NULL, symptom TEXT NOT NULL, state TEXT NOT NULL, opened_ms INTEGER NOT NULL,
  closed_after_ms INTEGER, summary TEXT NOT NULL);
CREATE INDEX incidents_by_opening ON incidents(opened_ms);
CREATE TABLE decisions(group_index INTEGER NOT NULL, position INTEGER NOT NULL,
  incident TEXT NOT NULL, wall_ms INTEGER NOT NULL, kind TEXT NOT NULL, remedy TEXT NOT NULL,
  answer TEXT NOT NULL, rule TEXT NOT NULL, PRIMARY KEY(group_index, position)) WITHOUT ROWID;
CREATE INDEX decisions_by_incident ON decisions(incident);
CREATE TABLE effects(effect TEXT PRIMARY KEY, incident TEXT NOT NULL, group_index INTEGER NOT NULL,
  wall_ms INTEGER NOT NULL, remedy TEXT NOT NULL, step TEXT NOT NULL, is_undo INTEGER NOT NULL,
  outcome TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX effects_by_incident ON effects(incident);
CREATE TABLE proofs(group_index INTEGER NOT NULL, position INTEGER NOT NULL, incident TEXT NOT NULL,
  wall_ms INTEGER NOT NULL, remedy TEXT NOT NULL, proof TEXT NOT NULL, strength TEXT NOT NULL,
  samples_count INTEGER NOT NULL, good_ratio REAL NOT NULL,
  PRIMARY KEY(group_index, position)) WITHOUT ROWID;
CREATE INDEX proofs_by_incident ON proofs(incident);
CREATE TABLE changes(group_index INTEGER NOT NULL, position INTEGER NOT NULL,
  wall_ms INTEGER NOT NULL, kind TEXT NOT NULL, service TEXT NOT NULL, from_version TEXT NOT NULL,
  to_version TEXT NOT NULL, is_ours INTEGER NOT NULL,
  PRIMARY KEY(group_index, position)) WITHOUT ROWID;
)";

// Marks the file as an index of ours: "HSix". SOURCE: sqlite.org/fileformat.html, 1.3.
constexpr std::int32_t application_id = 0x48536978;
constexpr std::size_t application_id_at = 68;
constexpr std::string_view sqlite_magic("SQLite format 3\0", 16);

/// False where there is a file that is no index of ours: it may be all there is of something.
bool may_be_replaced(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string head(application_id_at + sizeof(application_id), '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    if (head.empty()) {
        return true;  // Not there, or empty. What cannot be read is not opened, either.
    }
    std::uint32_t found = 0;
    for (const char byte : head.substr(std::min(application_id_at, head.size()))) {
        found = (found << 8U) | static_cast<unsigned char>(byte);
    }
    return head.starts_with(sqlite_magic) && found == std::uint32_t{application_id};
}

std::int64_t ms_of(WallTime at) {
    return at.time_since_epoch().count();
}

std::string_view kind_of_symptom(const IncidentSummary& summary) {
    return std::string_view(summary.symptom).substr(0, summary.symptom.find(' '));
}

}  // namespace

// --- Opening -------------------------------------------------------------------------------------

Result<LedgerIndex> LedgerIndex::open(const std::filesystem::path& path) {
    if (path.extension() != file_ending) {
        return fail(Fault::invalid,
                    path.string() + ": the name of an index ends in " + std::string(file_ending));
    }
    if (!may_be_replaced(path)) {
        return fail(Fault::invalid, path.string() +
                                        " is no index of ours, and is left alone; move it away, or "
                                        "name another file");
    }
    const Result<void> parent = os::make_directories(os::parent_of(path.string()));
    if (!parent) {
        return std::unexpected(parent.error());
    }
    Result<LedgerIndex> index = made_of(Database::open(path));
    if (!index && index.error().fault == Fault::corrupt) {
        const std::string why = index.error().text;
        remove(path);
        index = made_of(Database::open(path));
        if (index) {
            index->news_ = why + "; it is built anew";
        }
    }
    if (index) {
        std::error_code ignored;  // A ledger is for its owner, and so is what is made of it.
        std::filesystem::permissions(
            path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
            ignored);
    }
    return index;
}

void LedgerIndex::remove(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    std::filesystem::remove(path.string() + "-journal", ignored);
}

Result<LedgerIndex> LedgerIndex::in_memory() {
    return made_of(Database::open(":memory:"));
}

Result<LedgerIndex> LedgerIndex::made_of(Result<Database> database) {
    if (!database) {
        return std::unexpected(database.error());
    }
    LedgerIndex index(std::move(*database));
    const Result<void> read = index.read_place();
    return read ? Result<LedgerIndex>(std::move(index)) : std::unexpected(read.error());
}

Result<void> LedgerIndex::read_place() {
    const Result<Statement*> version = statement("PRAGMA user_version");
    const Result<bool> row = version ? (*version)->step() : std::unexpected(version.error());
    if (!row) {
        return std::unexpected(row.error());
    }
    const std::int64_t found = *row ? (*version)->number_at(0) : 0;
    (*version)->reset();
    const Result<Statement*> any = statement("SELECT COUNT(*) FROM sqlite_schema");
    const Result<bool> counted = any ? (*any)->step() : std::unexpected(any.error());
    if (!counted) {
        return std::unexpected(counted.error());
    }
    const bool is_new = (*any)->number_at(0) == 0;
    (*any)->reset();
    if (is_new) {
        return database_.execute(
            fmt::format("BEGIN; {} PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;",
                        tables, application_id, schema_version));
    }
    if (found != schema_version) {
        return fail(Fault::corrupt,
                    fmt::format("the index is of version {}, not {}", found, schema_version));
    }
    const Result<Statement*> place = statement("SELECT next_index, first_index, hash FROM place");
    const Result<bool> is_there = place ? (*place)->step() : std::unexpected(place.error());
    if (!is_there || !*is_there) {
        return is_there ? fail(Fault::corrupt, "the index does not say how far it goes")
                        : std::unexpected(is_there.error());
    }
    place_ = {static_cast<std::uint64_t>((*place)->number_at(0)),
              static_cast<std::uint64_t>((*place)->number_at(1)), (*place)->text_at(2)};
    (*place)->reset();
    return {};
}

// --- Writing -------------------------------------------------------------------------------------

Result<Statement*> LedgerIndex::statement(std::string_view sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) {
        return &known->second;
    }
    Result<Statement> made = database_.prepare(sql);
    if (!made) {
        return std::unexpected(made.error());
    }
    return &statements_.emplace(sql, std::move(*made)).first->second;
}

template <class... Values>
Result<void> LedgerIndex::write(std::string_view sql, const Values&... values) {
    const Result<Statement*> prepared = statement(sql);
    if (!prepared) {
        return std::unexpected(prepared.error());
    }
    ((*prepared)->with(values), ...);
    return (*prepared)->run();
}

Result<void> LedgerIndex::clear() {
    fresh_.clear();
    place_ = {};
    const std::string end = std::exchange(is_writing_, false) ? "ROLLBACK;" : "";
    return database_.execute(end +
                             "BEGIN; DELETE FROM incidents; DELETE FROM decisions; DELETE FROM "
                             "effects; DELETE FROM proofs; DELETE FROM changes; UPDATE place SET "
                             "next_index = 0, first_index = 0, hash = ''; COMMIT;");
}

Result<void> LedgerIndex::take(const EntryGroup& group, std::string_view hash) {
    ensure(group.index >= place_.next_index, "an index is fed in order");
    if (!is_writing_) {
        const Result<void> begun = database_.execute("BEGIN IMMEDIATE");
        if (!begun) {
            return begun;
        }
        is_writing_ = true;
    }
    std::int64_t position = 0;
    for (const Entry& entry : group.entries) {
        if (!entry.incident.empty()) {
            const Result<IncidentSummary*> summary = summary_of(entry.incident);
            if (!summary) {
                return std::unexpected(summary.error());
            }
            add_entry(**summary, group, entry);
        }
        const Result<void> taken = take_entry(group, entry, position++);
        if (!taken) {
            return taken;
        }
    }
    const bool is_first = place_.next_index == 0;
    place_ = {group.index + 1, is_first ? group.index : place_.first_index, std::string(hash)};
    return {};
}

Result<void> LedgerIndex::commit() {
    if (!is_writing_) {
        return {};
    }
    for (const auto& [incident, summary] : fresh_) {
        const Result<void> stored = store(summary);
        if (!stored) {
            return stored;
        }
    }
    fresh_.clear();
    const Result<void> placed = write("UPDATE place SET next_index = ?, first_index = ?, hash = ?",
                                      static_cast<std::int64_t>(place_.next_index),
                                      static_cast<std::int64_t>(place_.first_index), place_.hash);
    if (!placed) {
        return placed;
    }
    is_writing_ = false;
    return database_.execute("COMMIT");
}

Result<IncidentSummary*> LedgerIndex::summary_of(const IncidentId& incident) {
    const auto [known, is_new] = fresh_.try_emplace(incident);
    if (!is_new) {
        return &known->second;
    }
    const Result<Statement*> query = statement("SELECT summary FROM incidents WHERE incident = ?");
    if (!query) {
        return std::unexpected(query.error());
    }
    const Result<bool> row = (*query)->with(incident.text()).step();
    if (!row) {
        return std::unexpected(row.error());
    }
    if (*row) {
        Result<IncidentSummary> stored = parse_summary((*query)->text_at(0));
        (*query)->reset();
        if (!stored) {
            return std::unexpected(stored.error());
        }
        known->second = std::move(*stored);
        return &known->second;
    }
    const Result<void> begun = write(
        "INSERT INTO incidents(incident, service, symptom, state, opened_ms, summary) "
        "VALUES(?, '', '', '', 0, '')",
        incident.text());
    return begun ? Result<IncidentSummary*>(&known->second) : std::unexpected(begun.error());
}

Result<void> LedgerIndex::store(const IncidentSummary& summary) {
    return write(
        "UPDATE incidents SET service = ?, symptom = ?, state = ?, opened_ms = ?, summary = ? "
        "WHERE incident = ?",
        summary.service.text(), kind_of_symptom(summary), summary.state, ms_of(summary.opened_at),
        to_text(to_json(summary)), summary.incident.text());
}

/// A body that this version cannot read gives no row; `explain` says so of it.
Result<void> LedgerIndex::take_entry(const EntryGroup& group,
                                     const Entry& entry,
                                     Position position) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
        case EntryKind::verdict:
        case EntryKind::given_back:
            return take_decision(group, entry, position);
        case EntryKind::intent:
        case EntryKind::outcome:
            return take_effect(group, entry);
        case EntryKind::proof:
            return take_proof(group, entry, position);
        case EntryKind::change:
            return take_change(group, entry, position);
        case EntryKind::closed:
            return take_close(group, entry);
        default:
            return {};
    }
}

Result<void> LedgerIndex::take_decision(const EntryGroup& group,
                                        const Entry& entry,
                                        Position position) {
    std::optional<RemedyKind> remedy;
    std::string_view kind = "choice";
    std::string answer;
    std::string rule;
    if (entry.kind == EntryKind::verdict) {
        kind = "verdict";
        if (const Result<VerdictBody> body = from_json<VerdictBody>(entry.body)) {
            remedy = kind_of(body->remedy);
            answer = std::string(to_text(body->verdict.kind));
            rule = body->verdict.rule;
        }
    } else if (entry.kind == EntryKind::given_back) {
        kind = "give_back";
        if (const Result<GivenBackBody> body = from_json<GivenBackBody>(entry.body)) {
            remedy = kind_of(body->remedy);
            answer = body->because;
        }
    } else if (const Result<Proposal> body = from_json<Proposal>(entry.body)) {
        remedy = kind_of(body->choice.remedy);
        answer = std::string(to_text(body->choice.model_answer));
    }
    if (!remedy) {
        return {};
    }
    return write("INSERT INTO decisions VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                 static_cast<std::int64_t>(group.index), position, entry.incident.text(),
                 ms_of(group.wall_at), kind, to_text(*remedy), answer, rule);
}

/// By the clock on the wall, which goes on over a restart of the machine.
Result<void> LedgerIndex::take_close(const EntryGroup& group, const Entry& entry) {
    const auto fresh = fresh_.find(entry.incident);  // A ledger of others may name no incident.
    const WallTime opened_at = fresh == fresh_.end() ? WallTime{} : fresh->second.opened_at;
    return opened_at == WallTime{} || opened_at > group.wall_at
               ? Result<void>{}
               : write("UPDATE incidents SET closed_after_ms = ? WHERE incident = ?",
                       ms_of(group.wall_at) - ms_of(opened_at), entry.incident.text());
}

Result<void> LedgerIndex::take_effect(const EntryGroup& group, const Entry& entry) {
    if (entry.kind == EntryKind::outcome) {
        const Result<OutcomeBody> body = from_json<OutcomeBody>(entry.body);
        return body ? write("UPDATE effects SET outcome = ? WHERE effect = ?",
                            to_text(body->outcome.kind), body->effect.text())
                    : Result<void>{};
    }
    const Result<IntentBody> body = from_json<IntentBody>(entry.body);
    if (!body) {
        return {};
    }
    return write("INSERT OR REPLACE INTO effects VALUES(?, ?, ?, ?, ?, ?, ?, '')",
                 body->effect.text(), entry.incident.text(), static_cast<std::int64_t>(group.index),
                 ms_of(group.wall_at), to_text(kind_of(body->remedy)), name_of(body->step),
                 std::int64_t{body->is_undo ? 1 : 0});
}

Result<void> LedgerIndex::take_proof(const EntryGroup& group,
                                     const Entry& entry,
                                     Position position) {
    const Result<ProofBody> body = from_json<ProofBody>(entry.body);
    if (!body) {
        return {};
    }
    return write("INSERT INTO proofs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 static_cast<std::int64_t>(group.index), position, entry.incident.text(),
                 ms_of(group.wall_at), to_text(kind_of(body->remedy)), to_text(body->proof.kind),
                 to_text(body->proof.strength), std::int64_t{body->proof.samples_count},
                 body->proof.good_ratio);
}

Result<void> LedgerIndex::take_change(const EntryGroup& group,
                                      const Entry& entry,
                                      Position position) {
    const Result<Change> body = from_json<Change>(entry.body);
    if (!body) {
        return {};
    }
    return write("INSERT INTO changes VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                 static_cast<std::int64_t>(group.index), position, ms_of(group.wall_at),
                 to_text(body->kind), body->service.text(), body->from.text(), body->to.text(),
                 std::int64_t{body->is_ours ? 1 : 0});
}

Result<IncidentSummary> LedgerIndex::parse_summary(const std::string& text) {
    const Result<json::value> document = parse_json(text);
    Result<IncidentSummary> summary =
        document ? from_json<IncidentSummary>(*document) : std::unexpected(document.error());
    return summary ? std::move(summary) : fail(Fault::corrupt, summary.error().text);
}

}  // namespace homeostat::adapters::ledger_index
