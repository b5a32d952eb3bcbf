#include "homeostat/app/remedy_command.hpp"

#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/task_lock.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/job_making.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/app/task_trial.hpp"
#include "homeostat/app/task_view.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/user.hpp"
#include "homeostat/record/redact.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace task = adapters::task;

void tell(const std::string& line) {
    constexpr std::size_t line_bytes_max = 1000;
    fmt::print(stderr, "{}\n", plain(record::redact(line), line_bytes_max));
}

/// Of SIGINT or SIGTERM.
Task<void> wait_interrupt() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    static_cast<void>(co_await signals.async_wait(asio::as_tuple(asio::use_awaitable)));
}

/// False: interrupted. Whatever ran then has been ended.
Task<bool> try_until_interrupted(task::Declaration declaration,
                                 TrialOptions options,
                                 Trial& trial) {
    using asio::experimental::awaitable_operators::operator||;
    Task<void> trying = try_task(std::move(declaration), std::move(options), trial);
    Task<void> interrupt = wait_interrupt();
    const auto first = co_await (std::move(trying) || std::move(interrupt));
    co_return first.index() == 0;
}

bool agrees(const task::Declaration& declaration, const RemedyOptions& options) {
    fmt::print(stderr, "This is run for real, not tried out:\n");
    const auto show = [](std::string_view step, const task::Action& action) {
        constexpr std::size_t line_bytes_max = 1000;
        fmt::print(stderr, "  {:<10} {}\n", step,
                   plain(record::redact(describe(action)), line_bytes_max));
    };
    if (!options.breaks.empty()) {
        show("break", {.call = task::Command{.argv = {options.breaks.string()},
                                             .directory = {},
                                             .passed_on = {},
                                             .refused = {}}});
    }
    show("run", declaration.run);
    if (declaration.take_back) {
        show("take_back", *declaration.take_back);
        fmt::print(stderr, "  and, if that is needed to end well, run once more\n");
    }
    fmt::print(stderr, "Only \"yes\" runs it: ");
    std::string line;
    return std::getline(std::cin, line) && line == "yes";
}

ExitStatus refuse_usage(const std::string& text) {
    complain(text);
    return ExitStatus::usage;
}

/// Why it may not even be tested; empty: it may.
std::string objection_to(const task::Declaration& declaration,
                         const Config& config,
                         const RemedyOptions& options) {
    if (!declaration.is_destructive) {
        return {};
    }
    if (!config.guard.destructive_allowed) {
        return "the task is destructive, and guard.destructive is not set: neither a test nor the "
               "agent may run it";
    }
    return options.is_destructive
               ? ""
               : "the task is destructive: a test takes away for good what it takes away. Say "
                 "--destructive where that does no harm";
}

void print_trial(const task::Declaration& declaration, const Trial& trial, bool is_json) {
    if (!is_json) {
        fmt::print("{}: {}\n", declaration.task.text(),
                   trial.trouble.empty() ? "proven; it may leave watch (autonomy.tasks)"
                                         : "not proven: " + plain(record::redact(trial.trouble)));
        return;
    }
    json::object document;
    document["task"] = json::value(declaration.task.text());
    document["declaration"] = json::value(digest_of(declaration));
    document["is_proven"] = trial.trouble.empty();
    for (const auto& member : to_json(trial).as_object()) {
        document[member.key()] = member.value();
    }
    json::value said = std::move(document);
    record::redact(said);
    fmt::print("{}", to_pretty_text(said));
}

ExitStatus conclude(const task::Declaration& declaration,
                    const Config& config,
                    Trial& trial,
                    bool is_json) {
    if (trial.trouble.empty()) {
        const task::TaskProof proof = proof_of(
            declaration, trial, to_timestamp(os::read_wall_clock()), os::user_name(::geteuid()));
        if (const Result<void> written = task::write_proof(config.tasks_directory, proof);
            !written) {
            trial.trouble = "its proof cannot be kept: " + written.error().text;
        }
    }
    print_trial(declaration, trial, is_json);
    return trial.trouble.empty() ? ExitStatus::ok : ExitStatus::unexpected;
}

/// The variables that its commands get, and so does what brings about what it is for.
std::vector<std::string> passed_on_by(const task::Declaration& declaration) {
    std::set<std::string> names;
    for (const task::Action& action : {declaration.check, declaration.run}) {
        if (const auto* command = std::get_if<task::Command>(&action.call)) {
            names.insert(command->passed_on.begin(), command->passed_on.end());
        }
    }
    return {names.begin(), names.end()};
}

/// How a trial makes Jobs: as whoever runs it, by the same cluster as the agent.
class JobsOfTrial {
  public:
    explicit JobsOfTrial(asio::io_context& context)
        : context_(context), clock_(context.get_executor()) {}

    /// Nothing, where the task makes none. ERRORS: as of cluster_access_of; of the credentials.
    Result<void> make(const Config& config, const task::Declaration& declaration) {
        const TaskConfig* const declared = find_task(config, declaration.task.text());
        if (declared == nullptr || !makes_jobs(*declared)) {
            return {};
        }
        const auto access = cluster_access_of(*config.kubernetes);
        if (!access) {
            return std::unexpected(access.error());
        }
        auto api = adapters::kubernetes::HttpApiClient::make(context_.get_executor(), *access);
        if (!api) {
            return fail(access->told_by, api.error());
        }
        api_ = *std::move(api);
        making_.emplace(JobMeans{.api = api_.get(), .clock = &clock_}, config, declaration);
        return {};
    }

    [[nodiscard]] bool is_made() const { return making_.has_value(); }
    [[nodiscard]] task::Jobs functions() { return making_ ? making_->functions() : task::Jobs(); }

  private:
    asio::io_context& context_;
    adapters::system::SystemClock clock_;
    std::unique_ptr<adapters::kubernetes::HttpApiClient> api_;
    std::optional<JobMaking> making_;
};

ExitStatus run_trial(const task::Declaration& declaration,
                     const Config& config,
                     const RemedyOptions& options) {
    if (const Result<void> made = os::make_directories(config.tasks_directory.string()); !made) {
        return refuse_usage(made.error().text);
    }
    const Result<task::TaskLock> lock =
        task::TaskLock::take(task::lock_path(config.tasks_directory, declaration.task));
    if (!lock) {
        complain(lock.error().text);
        return ExitStatus::unexpected;
    }
    // What was proven was another program perhaps, under the same name.
    if (const Result<void> removed = task::remove_proof(config.tasks_directory, declaration.task);
        !removed) {
        complain("its proof of before cannot be removed: " + removed.error().text);
        return ExitStatus::unexpected;
    }
    std::signal(SIGCHLD, SIG_DFL);  // Or nothing would be known of what its commands end with.
    TrialOptions trying;
    trying.effect =
        fmt::format("{}/test.{}", config.service.text(), to_timestamp(os::read_wall_clock()));
    trying.held_fd = lock->fd();
    trying.tell = tell;
    if (!options.breaks.empty()) {
        trying.breaks = task::Command{
            .argv = {std::filesystem::absolute(options.breaks).lexically_normal().string()},
            .directory = config.base.string(),
            .passed_on = passed_on_by(declaration),
            .refused = {}};
    }
    Trial trial;
    asio::io_context context{1};
    JobsOfTrial jobs(context);
    if (const Result<void> made = jobs.make(config, declaration); !made) {
        return refuse_usage(made.error().text);
    }
    trying.jobs = jobs.functions();
    auto ended = asio::co_spawn(
        context, try_until_interrupted(declaration, std::move(trying), trial), asio::use_future);
    context.run();
    if (!ended.get()) {
        complain(jobs.is_made()
                     ? "interrupted: a Job of it goes on until it ends or its timeout has "
                       "passed; nothing is proven. Look for yourself, then test again"
                     : "interrupted: what ran was ended, and what it did by then is not "
                       "known; nothing is proven. Look for yourself, then test again");
        return ExitStatus::interrupted;
    }
    return conclude(declaration, config, trial, options.common.is_json);
}

}  // namespace

void add_remedy(CLI::App& app, RemedyOptions& options) {
    CLI::App* command =
        app.add_subcommand("remedy", "Tasks of your own that the agent may run: list, test");
    command->require_subcommand(1);
    const auto add_common = [&options](CLI::App& to) {
        to.add_option("-c,--config", options.common.config, "The service's configuration")
            ->capture_default_str();
        to.add_flag("--json", options.common.is_json, "Print one JSON document");
    };
    CLI::App* list = command->add_subcommand("list", "Each task, and what keeps it at watch");
    add_common(*list);
    list->footer(
        "Exit status:\n  0  told\n  2  the configuration cannot be used\n\n"
        "Example:\n  homeostat remedy list -c payments.yaml");
    CLI::App* test = command->add_subcommand(
        "test", "Run a task for real, from a state that it is for, and keep the proof");
    add_common(*test);
    test->add_option("NAME", options.task, "The task")->required();
    test->add_flag("--yes", options.is_sure, "Run it without asking");
    test->add_option("--break", options.breaks,
                     "A program, without arguments, that brings about what the task is for; "
                     "without it the check has "
                     "to say already that all is not well");
    test->add_flag("--destructive", options.is_destructive,
                   "It is destructive, and here that does no harm");
    test->footer(
        "Shown is: the check answers within its timeout; it says that all is not well, the task is "
        "run, and it says\nthat all is well; what takes it back is taken (and the task is run once "
        "more if that is needed to end well).\nWhat was proven before is void once the test "
        "begins. "
        "The proof lies beside the ledger, is for just this "
        "declaration, and is void once that changes. Until there\nis one the task stays at watch, "
        "whatever autonomy.tasks says.\n\n"
        "Exit status:\n  0    proven\n  1    not proven; it is said why\n"
        "  2    no such task, a destructive one that may not be tested, or a configuration that "
        "cannot be used\n  130  interrupted; what ran was ended, and what it did is not known\n\n"
        "Examples:\n  homeostat remedy test clean_spool -c payments.yaml\n"
        "  homeostat remedy test clean_spool --break ./fill_spool --yes --json");
}

ExitStatus list_tasks(const RemedyOptions& options) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        return refuse_usage(describe(report));
    }
    const std::vector<TaskView> views = task_views(*report.config);
    if (options.common.is_json) {
        json::object document;
        document["tasks"] = to_json(views);
        fmt::print("{}", to_pretty_text(document));
        return ExitStatus::ok;
    }
    for (const TaskView& view : views) {
        fmt::print("{}", to_lines(view));
    }
    if (views.empty()) {
        fmt::print("no task is declared; docs/tasks.md says how\n");
    }
    return ExitStatus::ok;
}

ExitStatus test_task(const RemedyOptions& options) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        return refuse_usage(describe(report));
    }
    const Config& config = *report.config;
    const TaskConfig* const found = find_task(config, options.task);
    if (found == nullptr) {
        return refuse_usage("no task '" + options.task +
                            "' is declared; `homeostat remedy list` names those that are");
    }
    const task::Declaration declaration = declaration_of(config, *found);
    if (const std::string objection = objection_to(declaration, config, options);
        !objection.empty()) {
        return refuse_usage(objection);
    }
    if (!options.is_sure && !agrees(declaration, options)) {
        complain("nothing was run");
        return ExitStatus::unexpected;
    }
    return run_trial(declaration, config, options);
}

}  // namespace homeostat::app
