#include "homeostat/app/task_view.hpp"

#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/task_lock.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/record/redact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::size_t line_bytes_max = 1000;

Autonomy autonomy_of(const Config& config, const TaskId& task) {
    const auto found = config.guard.tasks.find(task);
    return found == config.guard.tasks.end() ? Autonomy::watch : found->second;
}

/// A demotion lowers what could act alone, where one counts at all.
void add_demotion(TaskView& view, const Config& config, const Demotions& demotions) {
    const TaskId task(view.task);
    const Demotion* demotion = demotions.against(RemedyKind::run_task, &task);
    // What came back after each run is asked about, whatever else the task may do alone.
    const Demotion* relapse = demotions.find(RemedyKind::run_task, task);
    demotion = demotion == nullptr ? relapse : demotion;
    if (!config.guard.demotes || demotion == nullptr || view.now != Autonomy::act) {
        return;
    }
    view.now = Autonomy::ask;
    view.missing.push_back(
        fmt::format("{}, so that it asks — `homeostat autonomy promote run_task{} --because WHY`",
                    plain(why(*demotion)), demotion->task ? " --task " + view.task : ""));
}

TaskView view_of(const Config& config, const TaskConfig& task) {
    const adapters::task::Declaration declaration = declaration_of(config, task);
    TaskView view;
    view.task = task.name.text();
    view.configured = autonomy_of(config, task.name);
    view.now = view.configured;
    view.is_under_way = adapters::task::TaskLock::is_held(
        adapters::task::lock_path(config.tasks_directory, task.name));
    view.is_destructive = task.is_destructive;
    view.is_repeatable = task.is_repeatable;
    view.keeps_capacity = task.keeps_capacity;
    view.also_for = task.also_for;
    view.run = record::redact(describe(declaration.run));
    view.take_back = declaration.take_back ? record::redact(describe(*declaration.take_back)) : "";
    view.check = record::redact(describe(declaration.check));
    if (const std::string lack = lack_of_proof(config, task); !lack.empty()) {
        view.missing.push_back(
            fmt::format("{} — `homeostat remedy test {}`", lack, task.name.text()));
    }
    if (task.is_destructive && !config.guard.destructive_allowed) {
        view.missing.emplace_back("it is destructive — guard: { destructive: true } allows that");
    }
    if (!view.missing.empty()) {
        view.now = std::min(view.now, Autonomy::watch);
    }
    return view;
}

}  // namespace

std::vector<TaskView> task_views(const Config& config, const Demotions& demotions) {
    std::vector<TaskView> views;
    for (const TaskConfig& task : config.tasks) {
        views.push_back(view_of(config, task));
        add_demotion(views.back(), config, demotions);
    }
    return views;
}

std::string to_lines(const TaskView& view) {
    std::string flags = view.is_destructive ? "destructive" : "not destructive";
    flags += view.is_repeatable ? ", repeatable" : "";
    flags += view.keeps_capacity ? ", keeps capacity" : "";
    std::string text = fmt::format("{}: {}{} ({})\n", view.task, to_text(view.now),
                                   view.now == view.configured
                                       ? std::string()
                                       : fmt::format(", configured {}", to_text(view.configured)),
                                   flags);
    for (const std::string& missing : view.missing) {
        text += "  lacks      " + plain(missing, line_bytes_max) + "\n";
    }
    text += view.is_under_way ? "  under way  an action of it, or what one has started\n" : "";
    text += "  check      " + plain(view.check, line_bytes_max) + "\n";
    for (const SymptomKind kind : view.also_for) {
        text += fmt::format("  also for   {}\n", to_text(kind));
    }
    text += "  run        " + plain(view.run, line_bytes_max) + "\n";
    if (!view.take_back.empty()) {
        text += "  take back  " + plain(view.take_back, line_bytes_max) + "\n";
    }
    return text;
}

std::string to_lines(const std::vector<TaskView>& views) {
    std::string text = views.empty() ? "" : "\ndeclared tasks (docs/tasks.md):\n";
    for (const TaskView& view : views) {
        text += to_lines(view);
    }
    return text;
}

std::string lines_of_lacking(const std::vector<TaskView>& views) {
    std::string text;
    for (const TaskView& view : views) {
        for (const std::string& missing : view.missing) {
            text += fmt::format("task {} stays at {}: {}\n", view.task, to_text(view.now),
                                plain(missing, line_bytes_max));
        }
        text += view.is_under_way
                    ? fmt::format("task {}: an action of it, or what one has started, still runs\n",
                                  view.task)
                    : "";
    }
    return text;
}

}  // namespace homeostat::app
