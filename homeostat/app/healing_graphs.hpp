#pragma once

// HealingGraphs: what incidents run on, once for all services of a process that wait as long for a
// person. It is the same for all of them and never changes: a thread is handed to it and given
// back.
//
// Not thread-safe; lives on the strand of the services, and longer than they.

#include "homeostat/base/time.hpp"
#include "homeostat/heal/healing_graph.hpp"

#include <map>
#include <memory>

namespace homeostat::app {

class HealingGraphs {
  public:
    /// REQUIRES: above 0, as of heal::healing_graph.
    [[nodiscard]] std::shared_ptr<const heal::HealingGraph> of(Duration question_for_max) {
        std::shared_ptr<const heal::HealingGraph>& made = made_[question_for_max];
        if (!made) {
            made =
                std::make_shared<const heal::HealingGraph>(heal::healing_graph(question_for_max));
        }
        return made;
    }

  private:
    /// Owned by this and by each role that runs its incidents on it.
    std::map<Duration, std::shared_ptr<const heal::HealingGraph>> made_;
};

}  // namespace homeostat::app
