#pragma once

// Tasks: what runs the declared tasks of a service, watches over them and proves that they helped.
//
// One checker for each task, shared by all of these: a check runs once at a time, whoever asks.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/task/checker.hpp"
#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/task_actuator.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/job_making.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

/// With its words replaced and its paths absolute: just what would be run.
[[nodiscard]] adapters::task::Declaration declaration_of(const Config& config,
                                                         const TaskConfig& task);

/// Null: there is none of that name.
[[nodiscard]] const TaskConfig* find_task(const Config& config, const std::string& name);

/// Why it stays at watch whatever its autonomy, for people; empty: `remedy test` has proven it.
[[nodiscard]] std::string lack_of_proof(const Config& config, const TaskConfig& task);

struct ProcessPlace;

class Tasks {
  public:
    /// For a process that acts. `ledger`: its name. REQUIRES: where there is a task that makes
    /// Jobs, the Deployment was found. ERRORS: of the cluster's credentials.
    [[nodiscard]] static Result<std::unique_ptr<Tasks>> make(const Config& config,
                                                             ProcessPlace& place,
                                                             std::function<std::string()> ledger);

    /// A process of the agent's role alone checks them and has nothing to run them by.
    Tasks(const Config& config,
          const boost::asio::any_io_executor& executor,
          ProcessRole role = ProcessRole::both,
          const JobMeans& means = {});

    [[nodiscard]] std::vector<ports::Actuator*> actuators();

    /// For the agent: each check at its own interval. The sources live as long as this.
    void add_watchers(std::vector<ports::Telemetry*>& sources);

    /// For the executor's proofs: one check after another while they are read.
    void add_provers(std::vector<ports::Telemetry*>& sources);

  private:
    struct Part {
        adapters::task::Declaration declaration;
        std::unique_ptr<adapters::task::Checker> checker;
        std::unique_ptr<JobMaking> jobs;                         ///< Null: it makes none.
        std::unique_ptr<adapters::task::TaskActuator> actuator;  ///< Null: we only watch.
    };

    std::vector<Part> parts_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
};

}  // namespace homeostat::app
