#pragma once

// OpenCases: what the ledger says of incidents that are open, or have just been closed.
//
// The executor shows where an incident stands; why it asks, what else was on the menu and who has
// answered stand in the ledger. This is a view of it like every other, kept as entries pass: bodies
// as they are, read when somebody asks. For people only; nothing is decided by it.
//
// Not thread-safe; lives on the strand of its ledger.

#include "homeostat/console/matter.hpp"
#include "homeostat/domain/ending_bodies.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies_people.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/ports/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

/// Of closed incidents that nobody has asked for yet, and of questions that are over.
constexpr std::size_t closed_cases_max = 64;
constexpr std::size_t answers_max = 256;

struct ClosedCase {
    IncidentId incident;
    ClosedBody body;
    std::uint64_t group{0};  ///< Of the ledger, in which it was closed.
    bool is_owed{false};     ///< The ledger has a call of a person for it, or a question.
    WallTime wall_at{};
};

class OpenCases {
  public:
    void learn(const EntryGroup& group);

    /// The latest proposal. Nothing: the ledger has none of an open incident of this id.
    [[nodiscard]] std::optional<Proposal> proposal_of(const IncidentId& incident) const;

    /// Which call of a person is its latest since something was proposed last, by a number that no
    /// other has. 0: none; one of which they were told shortly before is none.
    [[nodiscard]] std::uint64_t call_of(const IncidentId& incident) const;

    /// Of the ledger, as far as it is known here.
    [[nodiscard]] std::uint64_t groups_count() const { return groups_count_; }
    /// The last group that this process wrote; absent: none yet.
    [[nodiscard]] const std::optional<ports::Position>& position_last() const { return last_; }
    void note(ports::Position position) { last_ = std::move(position); }

    /// How a question was answered, if it was one of the last.
    [[nodiscard]] std::optional<console::Answered> answer_to(const std::string& question) const;

    /// Those that were closed since this was asked last. At the first time, of those that a process
    /// before us has closed, the last ones that people are owed word of.
    [[nodiscard]] std::vector<ClosedCase> take_closed();

    /// Whoever was told of what is known so far is gone, and asks for none of it.
    void forget_what_is_owed_to_nobody();

  private:
    struct Case {
        json::value proposal;
        std::uint64_t call{0};
        bool is_owed{false};  ///< See ClosedCase.
    };

    void learn(const Entry& entry, const EntryGroup& group);
    void learn_close(const Entry& entry, const EntryGroup& group);
    void keep_answer(const AnsweredBody& body);

    std::map<IncidentId, Case> open_;
    std::uint64_t calls_count_{0};
    std::uint64_t groups_count_{0};
    std::optional<ports::Position> last_;
    std::list<ClosedCase> closed_;
    std::list<std::pair<std::string, console::Answered>> answers_;
};

/// A ledger that tells of what passes: of its past, and of each group once it is in.
class ToldLedger final : public ports::Ledger {
  public:
    ToldLedger(ports::Ledger& ledger, OpenCases& cases) : ledger_(ledger), cases_(cases) {}

    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override;
    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override;

  private:
    ports::Ledger& ledger_;
    OpenCases& cases_;
};

}  // namespace homeostat::app
