#include "homeostat/app/doctor_tasks.hpp"

#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/task_jobs.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/task/http_peer.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/app/task_view.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace kubernetes = adapters::kubernetes;
namespace task = adapters::task;

constexpr Duration answer_within = std::chrono::seconds{5};

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

Task<void> read(kubernetes::TaskJobs& jobs,
                std::string name,
                Result<kubernetes::JobTemplate>& from) {
    from = co_await jobs.read_template(std::move(name), os::read_boot_clock() + answer_within);
}

/// Whether its template is there and one that a Job may be made of. None is made.
std::optional<Check> fault_of_template(const Config& config,
                                       const std::string& name,
                                       const task::JobCall& call) {
    const auto access = cluster_access_of(*config.kubernetes);
    if (!access) {
        return std::nullopt;  // Told of as the cluster's.
    }
    asio::io_context context{1};
    adapters::system::SystemClock clock(context.get_executor());
    const auto api = kubernetes::HttpApiClient::make(context.get_executor(), *access);
    if (!api) {
        return std::nullopt;
    }
    kubernetes::TaskJobs jobs(**api, clock, {.name_space = call.name_space});
    Result<kubernetes::JobTemplate> from =
        fail(Fault::late, "the cluster was not heard of in time");
    asio::co_spawn(context, read(jobs, call.from, from), asio::detached);
    context.run();
    if (!from) {
        return ill(name, from.error().text,
                   "correct the CronJob that the task's job names (docs/tasks.md)");
    }
    return std::nullopt;
}

/// Nothing without a cluster to ask.
std::optional<Check> fault_of(const std::string& /*name*/, const task::JobCall& /*call*/) {
    return std::nullopt;
}

std::vector<task::JobCall> jobs_of(const task::Declaration& declaration) {
    std::vector<task::JobCall> jobs;
    if (const auto* job = std::get_if<task::JobCall>(&declaration.run.call)) {
        jobs.push_back(*job);
    }
    const bool is_undone_by_job =
        declaration.take_back && std::holds_alternative<task::JobCall>(declaration.take_back->call);
    if (is_undone_by_job) {
        jobs.push_back(std::get<task::JobCall>(declaration.take_back->call));
    }
    return jobs;
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
    for (const task::JobCall& call : jobs_of(declaration)) {
        if (std::optional<Check> fault = fault_of_template(config, name_of(declaration), call)) {
            return *std::move(fault);
        }
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
