#include "homeostat/app/job_making.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace task = adapters::task;
namespace kubernetes = adapters::kubernetes;

namespace {

std::vector<std::string> templates_of(const TaskConfig& task) {
    std::vector<std::string> names;
    if (!task.run.job.empty()) {
        names.push_back(task.run.job);
    }
    if (task.take_back && !task.take_back->job.empty()) {
        names.push_back(task.take_back->job);
    }
    return names;
}

task::Ran ran_of(kubernetes::JobEnd end) {
    using enum kubernetes::JobEndKind;
    task::Ran ran;
    ran.because = std::move(end.because);
    ran.status = end.kind == failed ? 1 : 0;
    switch (end.kind) {
        case complete:
        case failed:
            ran.kind = task::RanKind::answered;
            break;
        case unbegun:
            ran.kind = task::RanKind::not_begun;
            break;
        case unknown:
            ran.kind = task::RanKind::lost;
            break;
    }
    return ran;
}

}  // namespace

bool makes_jobs(const TaskConfig& task) {
    return !templates_of(task).empty();
}

std::vector<std::string> job_templates_of(const Config& config) {
    std::vector<std::string> names;
    for (const TaskConfig& task : config.tasks) {
        for (std::string& name : templates_of(task)) {
            if (std::ranges::find(names, name) == names.end()) {
                names.push_back(std::move(name));
            }
        }
    }
    return names;
}

bool may_make_jobs(const Config& config) {
    return std::ranges::any_of(config.tasks, [&](const TaskConfig& task) {
        const auto level = config.guard.tasks.find(task.name);
        return makes_jobs(task) && level != config.guard.tasks.end() &&
               level->second >= Autonomy::ask;
    });
}

JobMaking::JobMaking(const JobMeans& means,
                     const Config& config,
                     const task::Declaration& declaration)
    : jobs_(*means.api,
            *means.clock,
            {.name_space = config.kubernetes->name_space,
             .service = config.service,
             .task = declaration.task,
             .declaration = digest_of(declaration),
             .ledger = means.ledger}) {}

task::Jobs JobMaking::functions() {
    return {.run = [this](task::JobOrder order,
                          Instant deadline) { return run(std::move(order), deadline); },
            .goes_on = [this](Instant deadline) { return jobs_.goes_on(deadline); }};
}

Task<task::Ran> JobMaking::run(task::JobOrder order, Instant deadline) {
    kubernetes::JobWanted wanted{
        .from = order.call.from, .effect = order.effect, .timeout = order.timeout};
    kubernetes::JobEnd end = co_await jobs_.run(std::move(wanted), deadline);
    task::Ran ran = ran_of(std::move(end));
    co_return ran;
}

}  // namespace homeostat::app
