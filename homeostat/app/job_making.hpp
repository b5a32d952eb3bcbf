#pragma once

// JobMaking: the Jobs of one declared task, between the task that wants them and the cluster that
// runs them.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/task_jobs.hpp"
#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/jobs.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/ports/clock.hpp"

#include <functional>
#include <string>
#include <vector>

namespace homeostat::app {

/// The task is run, or taken back, by a Job.
[[nodiscard]] bool makes_jobs(const TaskConfig& task);

/// The CronJobs that its tasks name, each once.
[[nodiscard]] std::vector<std::string> job_templates_of(const Config& config);

/// Some task that makes Jobs may be run some day.
[[nodiscard]] bool may_make_jobs(const Config& config);

/// How Jobs are made. All of it outlives whoever makes them.
struct JobMeans {
    adapters::kubernetes::ApiClient* api{nullptr};  ///< Null: there is no cluster, or no Job.
    ports::Clock* clock{nullptr};                   ///< Null likewise.
    std::function<std::string()> ledger{};          ///< Its name; empty: of none, as in a test.
};

class JobMaking {
  public:
    /// REQUIRES: means.api, means.clock, config.kubernetes.
    JobMaking(const JobMeans& means,
              const Config& config,
              const adapters::task::Declaration& declaration);

    /// REQUIRES: this outlives them.
    [[nodiscard]] adapters::task::Jobs functions();

  private:
    Task<adapters::task::Ran> run(adapters::task::JobOrder order, Instant deadline);

    adapters::kubernetes::TaskJobs jobs_;
};

}  // namespace homeostat::app
