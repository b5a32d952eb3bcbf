#pragma once

// Person: says yes to what they are asked, by a way that may have the fault of a cell.
//
// Lives on the strand of one process.

#include "homeostat/domain/ids.hpp"
#include "homeostat/heal/executor_settings.hpp"

#include "life.hpp"
#include "stage.hpp"

#include <set>
#include <string>

namespace homeostat::matrix {

class Person {
  public:
    Person(Stage& stage, Life& life) : stage_(stage), life_(life) {}

    /// Looks at what is asked, for ever.
    Task<void> look();

  private:
    Task<void> answer(IncidentId incident, heal::QuestionView question);
    /// What would be an answer of somebody, to nothing that is asked.
    Task<void> say_astray();
    Task<bool> say(IncidentId incident, heal::Answer answer);
    [[nodiscard]] Duration thinks_for(const heal::QuestionView& question) const;
    [[nodiscard]] heal::Answer yes_to(const heal::QuestionView& question,
                                      std::uint32_t signers_count) const;

    Stage& stage_;
    Life& life_;
    std::set<std::string> seen_;
    std::string answered_{"0123456789abcdef"};  ///< A question of before.
};

}  // namespace homeostat::matrix
