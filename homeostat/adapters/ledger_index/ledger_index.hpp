#pragma once

// LedgerIndex: what the segments of a ledger say, in tables, for questions over its whole life.
//
// It is never read to decide: the agent does not know of it, only commands that tell of the past
// do. The segments are the truth; the index says how far it has read them, by the number of a group
// and the chain's hash after it. Whoever feeds it compares that with the ledger and clears it where
// they differ. An index of another version, or a spoiled one, is thrown away when it is opened, so
// losing it costs time and nothing else.
//
// Its file ends in `.index`, and a file of another name is never opened: what is thrown away has to
// be ours.
//
// Blocks. Not thread-safe; one process has it at a time.

#include "homeostat/adapters/ledger_index/database.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/incident_summary.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::ledger_index {

constexpr std::string_view file_ending = ".index";
constexpr std::int64_t schema_version = 2;  ///< Of the tables; another one is thrown away.

/// How far the ledger is in the index.
struct Place {
    std::uint64_t next_index{0};   ///< Of the first group that is not.
    std::uint64_t first_index{0};  ///< Of the first one that is.
    std::string hash;              ///< Of the chain after the group before it; empty at 0.
};

/// Which incidents; what is absent or empty asks for nothing.
struct IncidentFilter {
    std::optional<WallTime> since{};  ///< Opened then or later.
    std::optional<WallTime> until{};  ///< Opened before.
    std::string service{};
    std::string symptom{};  ///< Its kind: "errors".
    std::string state{};    ///< "healed"
};

/// What became of a remedy, over the incidents that a filter names.
struct RemedyFigures {
    std::string remedy;                ///< Its kind.
    std::uint64_t incidents_count{0};  ///< In which it had an effect.
    std::uint64_t effects_count{0};    ///< Announced.
    std::uint64_t helped_count{0};     ///< Proofs.
    std::uint64_t not_helped_count{0};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("incidents_count", self.incidents_count);
        field("effects_count", self.effects_count);
        field("helped_count", self.helped_count);
        field("not_helped_count", self.not_helped_count);
    }
};

struct SymptomFigures {
    std::string symptom;  ///< Its kind.
    std::uint64_t incidents_count{0};
    std::uint64_t healed_count{0};
    std::uint64_t passed_count{0};
    std::uint64_t escalated_count{0};
    std::uint64_t open_count{0};
    std::optional<std::int64_t> closed_after_ms_median{};  ///< From opened to closed.

    static void fields(auto& self, auto&& field) {
        field("symptom", self.symptom);
        field("incidents_count", self.incidents_count);
        field("healed_count", self.healed_count);
        field("passed_count", self.passed_count);
        field("escalated_count", self.escalated_count);
        field("open_count", self.open_count);
        field("closed_after_ms_median", self.closed_after_ms_median);
    }
};

struct RuleFigures {
    std::string rule;  ///< Of guard, as it stands in its verdicts.
    std::uint64_t objections_count{0};

    static void fields(auto& self, auto&& field) {
        field("rule", self.rule);
        field("objections_count", self.objections_count);
    }
};

struct Statistics {
    std::vector<SymptomFigures> symptoms;  ///< Most incidents first.
    std::vector<RemedyFigures> remedies;   ///< Likewise.
    std::vector<RuleFigures> rules;        ///< Most objections first.

    static void fields(auto& self, auto&& field) {
        field("symptoms", self.symptoms);
        field("remedies", self.remedies);
        field("rules", self.rules);
    }
};

class LedgerIndex {
  public:
    /// The index at `path`, made if it is not there; `news` says why an old one was thrown away.
    /// ERRORS: invalid: the name does not end as it must, or a file that is no index of ours is
    /// there, which is left alone; busy; full: no room or no right.
    [[nodiscard]] static Result<LedgerIndex> open(const std::filesystem::path& path);
    /// One that goes with the process, for where no file can be kept.
    [[nodiscard]] static Result<LedgerIndex> in_memory();

    /// Deletes the file of an index that nobody has open. What stays is met when it is opened.
    static void remove(const std::filesystem::path& path);

    [[nodiscard]] const Place& place() const { return place_; }
    [[nodiscard]] const std::string& news() const { return news_; }

    /// Forgets everything.
    [[nodiscard]] Result<void> clear();
    /// Takes in a group; it is there for good after the next `commit`.
    /// REQUIRES: in order, from place().next_index on. `hash`: of the chain after it.
    [[nodiscard]] Result<void> take(const EntryGroup& group, std::string_view hash);
    [[nodiscard]] Result<void> commit();

    /// In the order of their opening.
    [[nodiscard]] Result<std::vector<IncidentSummary>> incidents(const IncidentFilter& filter);
    [[nodiscard]] Result<Statistics> statistics(const IncidentFilter& filter);

  private:
    explicit LedgerIndex(Database database) : database_(std::move(database)) {}
    [[nodiscard]] static Result<LedgerIndex> made_of(Result<Database> database);
    [[nodiscard]] static Result<IncidentSummary> parse_summary(const std::string& text);
    [[nodiscard]] Result<void> read_place();
    [[nodiscard]] Result<Statement*> statement(std::string_view sql);
    template <class... Values>
    [[nodiscard]] Result<void> write(std::string_view sql, const Values&... values);
    template <class Visit>
    [[nodiscard]] Result<void> ask(const std::string& sql,
                                   const IncidentFilter& filter,
                                   const Visit& visit);

    [[nodiscard]] Result<IncidentSummary*> summary_of(const IncidentId& incident);
    [[nodiscard]] Result<void> store(const IncidentSummary& summary);
    using Position = std::int64_t;  ///< Of an entry in its group.
    [[nodiscard]] Result<void> take_entry(const EntryGroup& group, const Entry& entry, Position at);
    [[nodiscard]] Result<void> take_decision(const EntryGroup&, const Entry&, Position at);
    [[nodiscard]] Result<void> take_close(const EntryGroup& group, const Entry& entry);
    [[nodiscard]] Result<void> take_effect(const EntryGroup& group, const Entry& entry);
    [[nodiscard]] Result<void> take_proof(const EntryGroup&, const Entry&, Position at);
    [[nodiscard]] Result<void> take_change(const EntryGroup&, const Entry&, Position at);
    [[nodiscard]] Result<void> add_symptoms(Statistics& all, const IncidentFilter& filter);

    Database database_;
    std::map<std::string_view, Statement> statements_;  ///< By their text, which is ours.
    std::map<IncidentId, IncidentSummary> fresh_;       ///< Touched since the last commit.
    Place place_;
    std::string news_;
    bool is_writing_{false};
};

}  // namespace homeostat::adapters::ledger_index
