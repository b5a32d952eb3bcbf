#include "homeostat/app/doctor_tasks.hpp"

#include "homeostat/adapters/task/http_peer.hpp"
#include "homeostat/app/task_view.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/os/child.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace homeostat::app {

namespace {

namespace task = adapters::task;

std::string name_of(const task::Declaration& declaration) {
    return "task " + declaration.task.text();
}

/// Whoever may write the program, or replace it, may have the agent do anything.
bool is_writable_by_all(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        return false;
    }
    const bool is_sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    return (status.st_mode & S_IWOTH) != 0 && !is_sticky;
}

std::optional<Check> fault_of(const std::string& name, const task::Command& command) {
    const Result<std::string> program = os::find_program(command.argv.front(), command.directory);
    if (!program) {
        return ill(name, program.error().text, "install it, or correct the task's command");
    }
    const std::filesystem::path path = *program;
    for (const std::string& part : {path.string(), path.parent_path().string()}) {
        if (is_writable_by_all(part)) {
            return ill(name, part + " may be written by everybody",
                       "chmod o-w " + part + ", then look at what is in it");
        }
    }
    for (const std::string& variable : command.passed_on) {
        if (std::getenv(variable.c_str()) == nullptr) {
            return note(name, variable + " is not set here",
                        "the agent needs it in its own environment");
        }
    }
    return std::nullopt;
}

/// Whom it would ask. That is not done: a call may be the effect itself.
std::optional<Check> fault_of(const std::string& name, const task::HttpCall& call) {
    const Result<task::HttpPeer> peer = task::peer_of(call);
    if (!peer) {
        return ill(name, peer.error().text, "correct the task's http");
    }
    return std::nullopt;
}

std::optional<Check> fault_of(const task::Declaration& declaration) {
    std::vector<task::Action> actions{declaration.check, declaration.run};
    if (declaration.take_back) {
        actions.push_back(*declaration.take_back);
    }
    for (const task::Action& action : actions) {
        std::optional<Check> fault = std::visit(
            [&](const auto& call) { return fault_of(name_of(declaration), call); }, action.call);
        if (fault) {
            return fault;
        }
    }
    return std::nullopt;
}

Check check_task(const Config& config, const TaskConfig& declared, const TaskView& view) {
    const task::Declaration declaration = declaration_of(config, declared);
    if (std::optional<Check> fault = fault_of(declaration)) {
        return *std::move(fault);
    }
    if (!view.missing.empty()) {
        return note(name_of(declaration), "stays at watch", view.missing.front());
    }
    return well(name_of(declaration), "what it names is there, and it is proven");
}

}  // namespace

std::vector<Check> check_declared_tasks(const Config& config) {
    const std::vector<TaskView> views = task_views(config);
    std::vector<Check> checks;
    for (std::size_t index = 0; index < views.size(); ++index) {
        checks.push_back(check_task(config, config.tasks[index], views[index]));
    }
    return checks;
}

}  // namespace homeostat::app
