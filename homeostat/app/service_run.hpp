#pragma once

// ServiceRun: one service in a process that may guard several, from its start to its end.
//
// Each has all that it would have alone: ledger, doors, budgets, switches. What they share is the
// thread, the strand, the clock, and of a cluster what is the same for all (clusters.hpp). A run
// that fails says so and is left as it is: the others go on.

#include "homeostat/app/clusters.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/shared_doors.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace homeostat::app {

class HealingGraphs;

using LogLine = std::function<void(const std::string&)>;

/// What all services of a process have in common. All of it outlives them.
struct ProcessPlace {
    boost::asio::any_io_executor executor;
    ports::Clock& clock;
    std::string boot_id;
    Clusters& clusters;
    SharedDoors& doors;
    HealingGraphs& graphs;
    std::uint32_t services_count{1};
    /// For the ledgers of several services; null: the one has a thread of its own. Owned by the
    /// process and by each ledger.
    std::shared_ptr<boost::asio::thread_pool> ledger_threads{};
};

/// What a run tells its process.
struct RunNews {
    LogLine log;                        ///< For a person who watches.
    std::function<void(Error)> failed;  ///< It guards nothing any more, and why. Once at most.
    std::string crash_loop{};  ///< By which its start engaged the kill switch; empty: none.
};

class ServiceRun {
  public:
    virtual ~ServiceRun() = default;

    /// Makes all that there is, and begins nothing: may be destroyed after a failure. Blocks.
    /// ERRORS: what keeps the service from being guarded.
    [[nodiscard]] virtual Result<void> prepare() = 0;

    /// Opens its doors and begins. After prepare(). ERRORS: of a door, with its key.
    [[nodiscard]] virtual Result<void> begin() = 0;

    /// Ends what it does within a second or so, whatever it had begun. Once.
    virtual Task<void> stop() = 0;
};

/// Begins it. ERRORS: as of begin(); broken: it threw. The others go on, so nothing may escape.
[[nodiscard]] Result<void> begin_or_fail(ServiceRun& run);

}  // namespace homeostat::app
