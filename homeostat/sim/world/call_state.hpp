#pragma once

// What of calls only some faults and topologies touch: who is let in, and who calls otherwise than
// its link says. Internal to the folder.
//
// Times are ms, flows are requests per tick, shares are 0 to 1.
//
// Pure. Values only.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/sim/world/fault.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <cstdint>

namespace homeostat::sim {

/// Who gets in to a service, and where to; what its answers are worth.
struct Door {
    // What faults make of it.
    bool is_expired{false};
    double connections_left{0};  ///< By a fault. Zero: as many as the service accepts.
    double lying_share{0};
    double hot_share_max{0};  ///< Of the requests, with one key.
    std::uint32_t hot_replica{0};
    Tick hot_from{0};
    // The flow.
    double closed_share{0};     ///< Of the attempts: turned away before a replica has them.
    double patience_ms{0};      ///< Of the hastiest callers. Zero: all wait until the timeout.
    double impatient_share{0};  ///< Served, but later than those wait.
    double inbound_denied{0};
    double inbound_more_work{0};  ///< Than requests have by themselves, in requests.
    double denied{0};
    double work_factor{1};  ///< Of its own time, by what is asked of it.

    static void fields(auto& self, auto&& field) {
        field(self.is_expired, self.connections_left, self.lying_share, self.hot_share_max,
              self.hot_replica, self.hot_from, self.closed_share, self.patience_ms);
        field(self.impatient_share, self.inbound_denied, self.denied, self.work_factor);
    }
    [[nodiscard]] bool is_at_rest() const {
        return !is_expired && connections_left == 0 && lying_share == 0 && hot_share_max == 0 &&
               closed_share == 0 && patience_ms == 0 && impatient_share == 0 && denied == 0 &&
               work_factor == 1;
    }
};

/// How those processes of a caller call that run one version, where they do so otherwise.
struct CallHabit {
    std::uint32_t attempts_max{0};  ///< Without a budget. Zero: as the link has it.
    double patience_ms{0};          ///< Then an attempt is given up. Zero: as the link has it.
    bool is_denied{false};          ///< The target does not know them.
    double work_factor{1};          ///< At the target.

    static void fields(auto& self, auto&& field) {
        field(self.attempts_max, self.patience_ms, self.is_denied, self.work_factor);
    }
};

struct CallChange {
    LinkIndex link{0};
    Artifact artifact{Artifact::deploy};
    std::uint32_t version{0};
    CallHabit habit;
};

/// The calls of a link, over all processes of its caller and what the target lets in.
struct CallMix {
    double hasty_share{0};  ///< Of the calls: made with `hasty_attempts_max` and `patience_ms`.
    std::uint32_t hasty_attempts_max{0};
    double patience_ms{0};
    double denied_share{0};
    double work_factor{1};

    static void fields(auto& self, auto&& field) {
        field(self.hasty_share, self.hasty_attempts_max, self.patience_ms, self.denied_share,
              self.work_factor);
    }
    friend bool operator==(const CallMix&, const CallMix&) = default;
};

/// Of the attempts on a link, before retries: a share that was refused or failed, and timed out.
struct AttemptsFate {
    double failed_share{0};
    double late_share{0};
    double attempt_ms{0};
};

}  // namespace homeostat::sim
