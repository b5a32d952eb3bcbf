#pragma once

// AgentView: what the control API knows of the agent, which is in this process or beyond the door.
//
// Refers to what it is made of, which outlives it. Lives on their strand.

#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/ports/clock.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace homeostat::app {

class AgentView {
  public:
    // NOLINTNEXTLINE(google-explicit-constructor): the role is what it is a view of.
    AgentView(heal::AgentRole& role) : agent_(&role) {}
    AgentView(adapters::roles::LetterDesk& desk, ports::Clock& clock)
        : agent_(Far{&desk, &clock}) {}

    /// What stands still in this process. Of an agent beyond the door nothing: that it is away is
    /// no fault of ours, and no reason to start us again.
    [[nodiscard]] std::vector<std::string> standstills(Instant now) const;
    [[nodiscard]] std::vector<Symptom> symptoms_now() const;
    [[nodiscard]] std::map<std::string, std::string> source_troubles() const;
    [[nodiscard]] std::vector<Change> changes() const;
    Task<Result<Change>> note(Change change);

    /// Null: the agent is here.
    [[nodiscard]] const adapters::roles::LetterDesk* desk() const;

  private:
    struct Far {
        adapters::roles::LetterDesk* desk;
        ports::Clock* clock;
    };

    std::variant<heal::AgentRole*, Far> agent_;
};

}  // namespace homeostat::app
