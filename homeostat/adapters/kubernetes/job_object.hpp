#pragma once

// JobObject: the Job that a task makes of a template, and what one says of itself.
//
// A template is a CronJob that is suspended: its operator has put it there, and what its pods run
// is theirs alone. The pods' template goes over as it is. What is ours is what keeps a task to one
// run: no second try of a pod, an end after the task's timeout, and a name that follows from the
// effect, so that the server itself refuses a second one. Whatever of a Job's spec could start its
// pods more often than that is refused with its template.
//
// SOURCE: batch/v1. Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// On each Job of ours: whose it is, by which all of one task are found.
constexpr std::string_view job_service_label = "homeostat.dev/service";
constexpr std::string_view job_task_label = "homeostat.dev/task";
/// And of what: the digest of the declaration. The effect stands in effect_annotation.
constexpr std::string_view job_declaration_annotation = "homeostat.dev/declaration";

/// As long as the server allows a CronJob's: the Job's is that much longer.
constexpr std::size_t job_template_name_max = 52;

/// A day for people to read its pod's log; by then a successor has long seen how it ended.
constexpr Duration job_kept_for = std::chrono::hours{24};

/// A CronJob, as far as a Job is made of it.
struct JobTemplate {
    std::string name;
    std::string uid;
    json::value metadata;  ///< Of its jobTemplate; null: none.
    json::value spec;      ///< Likewise.
};

/// ERRORS: invalid, naming the field: also one that is not suspended, whose pods are started again
/// by their kubelet, or that says what is not carried over.
[[nodiscard]] Result<JobTemplate> parse_job_template(const json::value& object);

struct JobIdentity {
    std::string name_space;
    std::string name;
    std::string service;
    std::string task;
    std::string declaration;
    std::string effect;  ///< "payments/i-7.e1".
};

/// The same for the same `key` and no other: "reindex-0123456789". REQUIRES: of a template.
[[nodiscard]] std::string job_name(std::string_view template_name, std::string_view key);

/// As it is sent. `timeout`: in whole seconds, rounded up; the template's own if that is shorter.
[[nodiscard]] json::value job_of(const JobTemplate& from,
                                 const JobIdentity& identity,
                                 Duration timeout);

/// Whether the server would make just what was sent: its owner, whose it is, its limits, and what
/// its pods run.
[[nodiscard]] bool is_job_as_sent(const json::value& job, const json::value& sent);

enum class JobState : std::uint8_t { goes_on, complete, failed };

struct JobView {
    std::string name;
    std::string effect;
    std::string declaration;
    JobState state{JobState::goes_on};
    std::string because;  ///< Of one that has failed, for people: "BackoffLimitExceeded: …".
};

/// One has ended once the server says so and no pod of it is left. ERRORS: invalid, naming the
/// field.
[[nodiscard]] Result<JobView> parse_job(const json::value& object);

}  // namespace homeostat::adapters::kubernetes
