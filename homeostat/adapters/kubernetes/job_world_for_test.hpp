#pragma once

// JobWorld: a suspended CronJob at the played API server, and whatever is made of it. For tests
// only.
//
// What becomes of a Job is a test's to say, by `end`; each look at the Jobs may be its moment.

#include "homeostat/adapters/kubernetes/api_for_test.hpp"
#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/adapters/kubernetes/task_jobs.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

/// Plays what the server does with Jobs besides: a dry run is kept by nobody, and the pods'
/// template gets labels of the controller.
class JobApi final : public ApiClient {
  public:
    explicit JobApi(ports::Clock& clock) : inner(clock) {}

    Task<Result<ApiReply>> get(std::string path, Instant deadline) override {
        Result<ApiReply> reply = co_await inner.get(std::move(path), deadline);
        co_return reply;
    }

    Task<Result<ApiReply>> write(ApiWrite write, Instant deadline) override {
        writes.push_back(write);
        const bool is_dry_run = write.is_dry_run;
        const std::string collection = write.path;
        Result<ApiReply> reply = co_await inner.write(std::move(write), deadline);
        if (reply && reply->status == 201) {
            const std::string name = text_at(reply->body, {"metadata", "name"});
            at(reply->body, {"spec", "template", "metadata", "labels", "controller-uid"}) = "u-1";
            at(reply->body, {"spec", "completions"}) = 1;
            if (is_dry_run) {
                inner.remove(collection + "/" + name);
            }
            if (spoils) {
                at(reply->body, {"spec", "template", "spec", "serviceAccountName"}) = "other";
            }
        }
        co_return reply;
    }

    FakeApi inner;
    std::vector<ApiWrite> writes;
    bool spoils{false};  ///< The cluster makes another Job of it.
};

inline json::value cron_job_for_test(const std::string& name) {
    json::value cron;
    at(cron, {"kind"}) = "CronJob";
    at(cron, {"metadata", "name"}) = name;
    at(cron, {"spec", "suspend"}) = true;
    at(cron, {"spec", "schedule"}) = "0 0 31 2 *";
    at(cron, {"spec", "jobTemplate", "metadata", "labels", "team"}) = "shop";
    json::value& job = at(cron, {"spec", "jobTemplate", "spec"});
    at(job, {"backoffLimit"}) = 6;
    at(job, {"template", "spec", "restartPolicy"}) = "Never";
    at(job, {"template", "spec", "serviceAccountName"}) = "reindexer";
    json::value container;
    at(container, {"name"}) = "main";
    at(container, {"image"}) = "lab.local/reindex:v1";
    at(job, {"template", "spec", "containers"}) = json::array{std::move(container)};
    return cron;
}

struct JobWorld {
    JobWorld() { api.inner.create(cron_jobs, cron_job_for_test("reindex")); }

    /// Those of one agent's life; another one has no memory of the first.
    [[nodiscard]] TaskJobs life(const std::string& ledger = "ledger-1") {
        return TaskJobs(api, clock,
                        {.name_space = "shop",
                         .service = ServiceId{"payments"},
                         .task = TaskId{"reindex_all"},
                         .declaration = "d1",
                         .ledger = [ledger] { return ledger; }});
    }

    JobEnd run(const std::string& effect = "payments/i-7.e1",
               const std::string& ledger = "ledger-1") {
        TaskJobs jobs = life(ledger);
        return run_at_once(
            jobs.run({.from = "reindex", .effect = effect, .timeout = std::chrono::seconds{20}},
                     clock.now() + std::chrono::seconds{23}));
    }

    Result<bool> goes_on() {
        TaskJobs jobs = life();
        return run_at_once(jobs.goes_on(clock.now() + std::chrono::seconds{1}));
    }

    [[nodiscard]] std::vector<json::value*> made() { return api.inner.all(jobs_path("shop")); }

    static void end(json::value& job, const std::string& type, const std::string& reason = "") {
        json::value condition;
        at(condition, {"type"}) = type;
        at(condition, {"status"}) = "True";
        at(condition, {"reason"}) = reason;
        at(condition, {"message"}) = "said the controller";
        at(job, {"status", "conditions"}) = json::array{std::move(condition)};
    }

    /// At the look of that number, counted from the next, all Jobs there are end so.
    void end_at_look(int number, std::string type, std::string reason = "") {
        api.inner.before_get = [this, number, type = std::move(type),
                                reason = std::move(reason)](const std::string& path) mutable {
            number -= path.contains("/jobs?") ? 1 : 0;
            if (number == 0) {
                for (json::value* job : made()) {
                    end(*job, type, reason);
                }
            }
        };
    }

    static constexpr const char* cron_jobs = "/apis/batch/v1/namespaces/shop/cronjobs";

    SkippingClock clock;
    JobApi api{clock};
};

}  // namespace homeostat::adapters::kubernetes
