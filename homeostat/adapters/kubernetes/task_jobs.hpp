#pragma once

// TaskJobs: makes the Jobs of one task, one at a time, and follows each to its end.
//
// Class: read-back. The Job's name follows from the effect and the ledger, so whoever asks for the
// same effect again, we or a successor, finds the Job that is there and waits for that one. A Job
// goes on whatever becomes of us, and ends by its own deadline: the cluster keeps that, not we.
//
// The choice not taken: a watch. A Job of ours is rare, and its end may be seen half a second late.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/job_object.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Between two looks at a Job that goes on.
constexpr Duration job_look_every = std::chrono::milliseconds{500};

/// Whose Jobs they are.
struct JobsPlace {
    std::string name_space;
    ServiceId service;
    TaskId task;
    std::string declaration;  ///< Its digest.
    /// The ledger's name, which tells its effects from those of another one; empty: of no ledger,
    /// as in a test.
    std::function<std::string()> ledger;
};

struct JobWanted {
    std::string from;    ///< Name of the template.
    std::string effect;  ///< "payments/i-7.e1".
    Duration timeout{};  ///< After which the cluster ends it.
};

enum class JobEndKind : std::uint8_t {
    complete,
    failed,   ///< A pod of it has, or its time was up: what it did by then is not known.
    unbegun,  ///< No Job was made.
    unknown,  ///< It may have been made, and may go on.
};

struct JobEnd {
    JobEndKind kind{JobEndKind::unknown};
    std::string because;  ///< For people.
};

class TaskJobs {
  public:
    /// REQUIRES: both outlive it.
    TaskJobs(ApiClient& api, ports::Clock& clock, JobsPlace place)
        : api_(api), clock_(clock), place_(std::move(place)) {}

    /// Tried without effect first. Unbegun as well: another Job of the task goes on.
    Task<JobEnd> run(JobWanted wanted, Instant deadline);

    /// Whether a Job of the task has not ended. ERRORS: as of check_read; broken: an answer.
    Task<Result<bool>> goes_on(Instant deadline);

    /// Whether a Job could be made of that template. ERRORS: as of check_read; invalid: why not.
    Task<Result<JobTemplate>> read_template(std::string name, Instant deadline);

  private:
    Task<Result<std::vector<JobView>>> list(Instant deadline);
    Task<JobEnd> make(json::value job, JobIdentity identity, Instant deadline);
    Task<JobEnd> follow(JobIdentity identity, Instant deadline);
    [[nodiscard]] std::string name_of(const JobWanted& wanted) const;

    ApiClient& api_;
    ports::Clock& clock_;
    JobsPlace place_;
};

}  // namespace homeostat::adapters::kubernetes
