#include "homeostat/app/tasks.hpp"

#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/task_telemetry.hpp"
#include "homeostat/app/clusters.hpp"
#include "homeostat/app/service_run.hpp"
#include "homeostat/app/task_words.hpp"
#include "homeostat/base/named_enum.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace homeostat::app {

namespace {

using Words = std::map<std::string, std::string>;

std::vector<int> numbers_of(const std::vector<std::uint32_t>& statuses) {
    return {statuses.begin(), statuses.end()};
}

adapters::task::HttpCall call_of(const TaskHttpConfig& http,
                                 HttpMethod otherwise,
                                 const Words& words) {
    return {.method = std::string(to_text(http.method.value_or(otherwise))),
            .url = with_words(http.url, words),
            .body = with_words(http.body, words),
            .content_type = http.content_type,
            .headers_file = http.headers_file.string(),
            .authorities = http.authorities.string(),
            .statuses = numbers_of(http.statuses)};
}

/// Where programs start, and Jobs.
struct Place {
    std::string directory;
    std::string name_space;  ///< Empty: nowhere.
};

adapters::task::Action action_of(const TaskActionConfig& config,
                                 const Place& place,
                                 HttpMethod otherwise,
                                 const Words& words) {
    adapters::task::Action action;
    action.timeout = config.timeout;
    if (config.http) {
        action.call = call_of(*config.http, otherwise, words);
        return action;
    }
    if (!config.job.empty()) {
        action.call = adapters::task::JobCall{place.name_space, config.job};
        return action;
    }
    adapters::task::Command command;
    for (const std::string& word : config.command) {
        command.argv.push_back(with_words(word, words));
    }
    command.directory = place.directory;
    command.passed_on = config.environment;
    command.refused = numbers_of(config.refused);
    action.call = std::move(command);
    return action;
}

}  // namespace

adapters::task::Declaration declaration_of(const Config& config, const TaskConfig& task) {
    const Words words = values_of(task, config.service.text());
    const Place place{config.base.string(),
                      config.kubernetes ? config.kubernetes->name_space : std::string()};
    adapters::task::Declaration declaration;
    declaration.task = task.name;
    declaration.run = action_of(task.run, place, HttpMethod::post, words);
    if (task.take_back) {
        declaration.take_back = action_of(*task.take_back, place, HttpMethod::post, words);
    }
    declaration.check = action_of(task.check.action, place, HttpMethod::get, words);
    declaration.check_every = task.check.every;
    declaration.is_repeatable = task.is_repeatable;
    declaration.is_destructive = task.is_destructive;
    declaration.keeps_capacity = task.keeps_capacity;
    if (!task.also_for.empty()) {
        declaration.also_for = task.also_for;
    }
    return declaration;
}

const TaskConfig* find_task(const Config& config, const std::string& name) {
    const auto found = std::ranges::find_if(
        config.tasks, [&name](const TaskConfig& task) { return task.name.text() == name; });
    return found == config.tasks.end() ? nullptr : &*found;
}

std::string lack_of_proof(const Config& config, const TaskConfig& task) {
    return adapters::task::lack_of_proof(config.tasks_directory, task.name,
                                         digest_of(declaration_of(config, task)));
}

Result<std::unique_ptr<Tasks>> Tasks::make(const Config& config,
                                           ProcessPlace& place,
                                           std::function<std::string()> ledger) {
    JobMeans means{.api = nullptr, .clock = &place.clock, .ledger = std::move(ledger)};
    if (!job_templates_of(config).empty()) {
        const auto api = place.clusters.link_of(config).api();
        if (!api) {
            return std::unexpected(api.error());
        }
        means.api = *api;
    }
    return std::make_unique<Tasks>(config, place.executor, ProcessRole::both, means);
}

Tasks::Tasks(const Config& config,
             const boost::asio::any_io_executor& executor,
             ProcessRole role,
             const JobMeans& means) {
    for (const TaskConfig& task : config.tasks) {
        Part& part = parts_.emplace_back();
        part.declaration = declaration_of(config, task);
        part.checker = std::make_unique<adapters::task::Checker>(executor, part.declaration.check);
        if (role == ProcessRole::agent) {
            continue;
        }
        if (means.api != nullptr && makes_jobs(task)) {
            part.jobs = std::make_unique<JobMaking>(means, config, part.declaration);
        }
        part.actuator = std::make_unique<adapters::task::TaskActuator>(
            *part.checker, part.declaration,
            adapters::task::ActuatorOptions{
                .directory = config.tasks_directory,
                .service = config.service.text(),
                .destructive_allowed = config.guard.destructive_allowed,
                .jobs = part.jobs ? part.jobs->functions() : adapters::task::Jobs()});
    }
}

std::vector<ports::Actuator*> Tasks::actuators() {
    std::vector<ports::Actuator*> actuators;
    for (const Part& part : parts_) {
        if (part.actuator) {
            actuators.push_back(part.actuator.get());
        }
    }
    return actuators;
}

void Tasks::add_watchers(std::vector<ports::Telemetry*>& sources) {
    for (const Part& part : parts_) {
        telemetry_.push_back(std::make_unique<adapters::task::TaskTelemetry>(
            *part.checker, part.declaration.task, part.declaration.check_every));
        sources.push_back(telemetry_.back().get());
    }
}

void Tasks::add_provers(std::vector<ports::Telemetry*>& sources) {
    constexpr Duration prove_every = std::chrono::milliseconds{500};
    for (const Part& part : parts_) {
        telemetry_.push_back(std::make_unique<adapters::task::TaskTelemetry>(
            *part.checker, part.declaration.task, prove_every));
        sources.push_back(telemetry_.back().get());
    }
}

}  // namespace homeostat::app
