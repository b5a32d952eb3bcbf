#pragma once

// Stopgaps: what incidents did for now, and whether it still stands once they are closed (P19).
//
// An open circuit, a reroute and an added instance are for a while: whoever began one holds its
// incident open until it has been taken back. That the data plane ends a circuit by itself in the
// end is for the case that we are dead, or that a remedy was given up half-way and a person called;
// else it is no excuse. What is left drained the end of a history shows (Ending).
//
// Pure. Not thread-safe.

#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sim {

class Stopgaps {
  public:
    /// Something happened at a target. `remedy`: what it was a step of; null: nobody of ours did
    /// it.
    void see_effect(const IncidentId& incident,
                    const Remedy* remedy,
                    std::string_view kind,
                    std::uint32_t target);
    void escalate(const IncidentId& incident);
    void close(const IncidentId& incident) { closed_.insert(incident); }
    /// What the incidents that were closed since the last call have left: "rerouted 0 by i-3".
    /// REQUIRES: all that happened before is told.
    [[nodiscard]] std::vector<std::string> take_left();

  private:
    std::map<std::pair<std::string, std::uint32_t>, IncidentId> standing_;
    std::set<IncidentId> closed_;
};

}  // namespace homeostat::sim
