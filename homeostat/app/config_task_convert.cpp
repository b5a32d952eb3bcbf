#include "homeostat/app/config_task_convert.hpp"

#include <optional>

namespace homeostat::app {

namespace {

using Absolute = std::function<std::filesystem::path(const std::filesystem::path&)>;

TaskActionConfig to_action(const TaskActionConfig& config,
                           const std::optional<TaskHttpSection>& http,
                           const Absolute& absolute) {
    TaskActionConfig action = config;
    if (http) {
        action.http = http->config;
        action.http->headers_file = absolute(http->config.headers_file);
        action.http->authorities = absolute(http->config.authorities);
    }
    return action;
}

/// Exit statuses are a command's.
TaskActionSection to_section(const TaskActionConfig& action) {
    TaskActionSection section{action, std::nullopt};
    if (action.http) {
        section.http = TaskHttpSection{*action.http};
    }
    if (action.command.empty()) {
        section.config.refused.clear();
    }
    return section;
}

}  // namespace

TaskConfig to_task(const TaskSection& section, const Absolute& absolute) {
    TaskConfig task = section.config;
    task.run = to_action(section.run.config, section.run.http, absolute);
    if (section.take_back) {
        task.take_back = to_action(section.take_back->config, section.take_back->http, absolute);
    }
    task.check = {.action = to_action(section.check.config, section.check.http, absolute),
                  .every = section.check.every,
                  .fails_max = section.check.fails_max};
    for (const auto& [name, parameter] : section.parameters) {
        task.parameters[name] = parameter.config;
    }
    return task;
}

TaskSection to_section(const TaskConfig& task) {
    TaskSection section;
    section.config = task;
    section.run = to_section(task.run);
    if (task.take_back) {
        section.take_back = to_section(*task.take_back);
    }
    section.check = {task.check.action, to_section(task.check.action).http, task.check.every,
                     task.check.fails_max};
    for (const auto& [name, parameter] : task.parameters) {
        section.parameters[name] = {parameter};
    }
    return section;
}

}  // namespace homeostat::app
