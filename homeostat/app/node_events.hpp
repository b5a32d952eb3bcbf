#pragma once

// NodeEvents: that a node is suspected, as an Event on the guarded Deployment: on the node itself
// one would need rights over the whole cluster, and no node is ours to touch.
//
// Told by the facts that verdicts rest on, so whatever becomes of the incident; of one node once an
// hour, as an Event lasts.
//
// Pure. Not thread-safe.

#include "homeostat/adapters/kubernetes/event_writer.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace homeostat::app {

class NodeEvents {
  public:
    /// What is news by now.
    [[nodiscard]] std::vector<adapters::kubernetes::ObjectEvent> learn(const EntryGroup& group);

  private:
    std::map<std::string, WallTime> told_at_;  ///< By the node; those of the last hour.
};

constexpr std::chrono::hours node_told_again_after{1};

}  // namespace homeostat::app
