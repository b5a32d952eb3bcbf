#include "homeostat/adapters/kubernetes/task_jobs.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"
#include "homeostat/net/query_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace homeostat::adapters::kubernetes {

namespace {

/// More than one task makes in the time for which its Jobs are kept.
constexpr std::size_t jobs_listed_max = 200;

JobEnd unbegun(std::string because) {
    return {JobEndKind::unbegun, std::move(because)};
}

const JobView* find(const std::vector<JobView>& jobs, const std::string& name) {
    const auto found = std::ranges::find(jobs, name, &JobView::name);
    return found == jobs.end() ? nullptr : &*found;
}

bool is_of(const JobView& job, const JobIdentity& identity) {
    return job.effect == identity.effect && job.declaration == identity.declaration;
}

/// Nothing: it goes on.
std::optional<JobEnd> end_of(const JobView& job) {
    switch (job.state) {
        case JobState::goes_on:
            return std::nullopt;
        case JobState::complete:
            return JobEnd{JobEndKind::complete, fmt::format("the Job {} is complete", job.name)};
        case JobState::failed:
            break;
    }
    return JobEnd{JobEndKind::failed, fmt::format("the Job {} failed, {}", job.name, job.because)};
}

}  // namespace

std::string TaskJobs::name_of(const JobWanted& wanted) const {
    const std::string ledger = place_.ledger ? place_.ledger() : std::string();
    return job_name(wanted.from,
                    fmt::format("{}\n{}\n{}", ledger, wanted.effect, place_.declaration));
}

Task<Result<JobTemplate>> TaskJobs::read_template(std::string name, Instant deadline) {
    std::string path = cron_job_path(place_.name_space, name);
    Result<ApiReply> reply = co_await api_.get(std::move(path), deadline);
    const std::string what = fmt::format("CronJob {}/{}", place_.name_space, name);
    const Result<json::value> body = check_read(what, std::move(reply));
    if (!body) {
        co_return std::unexpected(body.error());
    }
    Result<JobTemplate> from = parse_job_template(*body);
    if (!from) {
        co_return fail(what, from.error());
    }
    co_return from;
}

Task<Result<std::vector<JobView>>> TaskJobs::list(Instant deadline) {
    std::string path = fmt::format(
        "{}?labelSelector={}&limit={}", jobs_path(place_.name_space),
        net::to_query_value(fmt::format("{}={},{}={}", job_service_label, place_.service.text(),
                                        job_task_label, place_.task.text())),
        jobs_listed_max);
    Result<ApiReply> reply = co_await api_.get(std::move(path), deadline);
    const Result<ObjectList> found = parse_list("Jobs of " + place_.task.text(), std::move(reply));
    if (!found) {
        co_return std::unexpected(found.error());
    }
    std::vector<JobView> jobs;
    for (const json::value& item : found->items) {
        Result<JobView> job = parse_job(item);
        if (!job) {
            co_return std::unexpected(job.error());
        }
        jobs.push_back(*std::move(job));
    }
    co_return jobs;
}

Task<Result<bool>> TaskJobs::goes_on(Instant deadline) {
    const Result<std::vector<JobView>> jobs = co_await list(deadline);
    if (!jobs) {
        co_return std::unexpected(jobs.error());
    }
    co_return std::ranges::any_of(
        *jobs, [](const JobView& job) { return job.state == JobState::goes_on; });
}

Task<JobEnd> TaskJobs::run(JobWanted wanted, Instant deadline) {
    const Result<JobTemplate> from = co_await read_template(wanted.from, deadline);
    if (!from) {
        co_return unbegun(from.error().text);
    }
    const Result<std::vector<JobView>> jobs = co_await list(deadline);
    if (!jobs) {
        co_return unbegun(jobs.error().text);
    }
    JobIdentity identity{.name_space = place_.name_space,
                         .name = name_of(wanted),
                         .service = place_.service.text(),
                         .task = place_.task.text(),
                         .declaration = place_.declaration,
                         .effect = wanted.effect};
    if (const JobView* made = find(*jobs, identity.name)) {
        if (!is_of(*made, identity)) {
            co_return unbegun(fmt::format("the Job {} is of another effect", made->name));
        }
        JobEnd found = co_await follow(std::move(identity), deadline);
        co_return found;
    }
    for (const JobView& job : *jobs) {
        if (job.state == JobState::goes_on) {
            co_return unbegun(fmt::format("the Job {} of it still goes on", job.name));
        }
    }
    json::value job = job_of(*from, identity, wanted.timeout);
    JobEnd end = co_await make(std::move(job), std::move(identity), deadline);
    co_return end;
}

Task<JobEnd> TaskJobs::make(json::value job, JobIdentity identity, Instant deadline) {
    RehearsedWrite write{
        .write = ApiWrite{.method = "POST",
                          .path = jobs_path(place_.name_space),
                          .content_type = "application/json",
                          .body = to_text(job)},
        .is_as_wanted = [&job](const ApiReply& reply) { return is_job_as_sent(reply.body, job); },
        .other = "another Job",
        .done = {}};
    Task<Outcome> making = write_rehearsed(api_, clock_, std::move(write), deadline, [](Phase) {});
    Outcome made = co_await std::move(making);
    if (made.kind == OutcomeKind::refused) {
        co_return unbegun(std::move(made.because));
    }
    JobEnd end = co_await follow(std::move(identity), deadline);
    if (end.kind == JobEndKind::unknown && made.kind == OutcomeKind::unknown) {
        end.because = fmt::format("{}; {}", made.because, end.because);
    }
    co_return end;
}

namespace {

std::string said_of(const JobView* job, const std::string& name) {
    return fmt::format("the Job {} {}", name, job == nullptr ? "is not there" : "goes on");
}

}  // namespace

/// One that is not there may be on its way yet, or was deleted: neither says how it ended.
Task<JobEnd> TaskJobs::follow(JobIdentity identity, Instant deadline) {
    std::string seen = fmt::format("the Job {} was not heard of", identity.name);
    while (clock_.now() < deadline) {
        const Result<std::vector<JobView>> jobs = co_await list(deadline);
        const JobView* job = jobs ? find(*jobs, identity.name) : nullptr;
        if (job != nullptr && !is_of(*job, identity)) {
            co_return unbegun(fmt::format("the Job {} is of another effect", job->name));
        }
        if (job != nullptr) {
            if (std::optional<JobEnd> end = end_of(*job)) {
                co_return *std::move(end);
            }
        }
        seen = jobs ? said_of(job, identity.name) : jobs.error().text;
        const Instant again_at = std::min(clock_.now() + job_look_every, deadline);
        co_await clock_.sleep_until(again_at);
    }
    co_return JobEnd{JobEndKind::unknown, std::move(seen)};
}

}  // namespace homeostat::adapters::kubernetes
