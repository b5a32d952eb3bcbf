#pragma once

// OpenIncidents: what a ledger tells of the incidents that were not closed, and the threads that go
// on with them.
//
// A thread comes from its commits, and from nothing else. If they cannot be read, since an older
// program wrote them, or one with another graph, or since they do not fit together, the thread is
// parked instead: no effect of it is repeated, none is taken back, and a person is told what the
// other entries say of it.
//
// Pure. Lives as long as a ledger is read.

#include "homeostat/domain/entry.hpp"
#include "homeostat/graph/commit.hpp"
#include "homeostat/heal/healing_graph.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

struct RecoveredThread {
    HealingThread thread;
    bool is_readable{true};   ///< Else it is parked.
    bool is_told{false};      ///< The ledger says already that it is parked, and why.
    bool is_half_way{false};  ///< Something was begun and not proven, or cannot be read.
};

class OpenIncidents {
  public:
    /// Entries in the order of the ledger.
    void learn(const Entry& entry, Instant at);

    [[nodiscard]] std::map<std::string, RecoveredThread> threads(const HealingGraph& graph) const;

  private:
    struct Known {
        std::vector<graph::Commit> commits;  ///< Since the latest snapshot.
        std::string trouble;  ///< Why what follows upon them cannot be read; empty: it can.
        IncidentState state;  ///< As far as the other entries tell.
        std::string escalated_last;
        bool is_begun{false};    ///< An effect was announced, and no proof followed.
        bool is_unclear{false};  ///< What was opened, announced or held cannot be read.
    };

    static void learn_progress(Known& known, const Entry& entry);
    static void learn_commit(Known& known, const Entry& entry);
    [[nodiscard]] static RecoveredThread thread_of(const std::string& id,
                                                   const Known& known,
                                                   const HealingGraph& graph);

    std::map<std::string, Known> known_;
    std::set<std::string> closed_;
};

}  // namespace homeostat::heal
