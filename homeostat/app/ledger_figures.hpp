#pragma once

// LedgerFigures: what the ledger holds, counted; the counters of GET /metrics are these.
//
// A view of the ledger like every other: counted from its first entry on, so that a restart of the
// agent loses nothing and the numbers agree with `verify-ledger`. Only what was appended counts.
//
// Not thread-safe; lives on the strand of its ledger.

#include "homeostat/app/prometheus_page.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/proof.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/ports/ledger.hpp"
#include "homeostat/review/askings.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::app {

/// Guard has a dozen rules. A ledger that names more was not written by a guard of ours; the rest
/// is counted as "other".
constexpr std::size_t rules_max = 32;

struct LedgerFigures {
    std::uint64_t records{0};
    std::uint64_t incidents{0};
    std::uint64_t escalations{0};
    std::set<IncidentId> handed_over;  ///< Escalated, and neither proposed for nor proven since.
    std::map<std::pair<RemedyKind, ProofKind>, std::uint64_t> remedies;
    std::map<std::string, std::uint64_t> refusals;  ///< By the rule that decided.
    /// Questions by what they came to, "yes", "no" or "none".
    std::map<std::pair<RemedyKind, std::string_view>, std::uint64_t> questions;
    std::map<RemedyKind, DurationCounts> answers;  ///< From a question to its yes or no.
    review::Askings askings;
    DurationCounts decisions;  ///< From noticing to choice.
    DurationCounts models;     ///< Answers of the model that came in time.

    void count(const EntryGroup& group);
};

/// A ledger that counts what passes.
class CountingLedger final : public ports::Ledger {
  public:
    explicit CountingLedger(ports::Ledger& ledger) : ledger_(ledger) {}

    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override;
    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override;

    [[nodiscard]] const LedgerFigures& figures() const { return figures_; }

    /// The hash of the first group, which is the ledger's name; empty: it was not appended by us.
    [[nodiscard]] const std::string& name_begun() const { return name_begun_; }

    /// Told of each group from now on, once it was appended. Must not wait.
    void listen(std::function<void(const EntryGroup&)> listener) {
        listener_ = std::move(listener);
    }
    /// Likewise of each that is replayed.
    void recall(std::function<void(const EntryGroup&)> listener) {
        recaller_ = std::move(listener);
    }

  private:
    ports::Ledger& ledger_;
    LedgerFigures figures_;
    std::string name_begun_;
    std::function<void(const EntryGroup&)> listener_;
    std::function<void(const EntryGroup&)> recaller_;
};

}  // namespace homeostat::app
