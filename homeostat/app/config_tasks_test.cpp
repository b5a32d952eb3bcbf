// Tasks of the operator's own: what a configuration may say of them, what it may not, and what is
// run in the end.

#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/job_making.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/app/task_view.hpp"
#include "homeostat/app/task_words.hpp"
#include "homeostat/app/tasks.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::app {

namespace {

constexpr std::string_view whole = R"(tasks:
  - name: clean
    check: { command: [./spool, check], every: 2s, timeout: 1s, fails_max: 4 }
    run: { command: [./spool, archive, --keep, "{keep}", "--of={service}"], environment: KEY }
    take_back:
      http: { url: "http://127.0.0.1:80/back/{zone}", body: '{"z": "{zone}"}',
              content_type: application/json, headers_file: token, statuses: [202, 204] }
      timeout: 5s
    parameters:
      keep: { integer: 10, from: 0, to: 100 }
      zone: { one_of: [east, west], value: west }
    destructive: false
    repeatable: true
    keeps_capacity: true
autonomy: { tasks: { clean: act } }
)";

Config config_of(std::string_view rest) {
    const ConfigReport report = parse_config(with(rest), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    return *report.config;
}

}  // namespace

TEST_CASE("a task is run as it is written, with its words replaced and its paths absolute") {
    const Config config = config_of(whole);
    REQUIRE(config.tasks.size() == 1);
    const auto declaration = declaration_of(config, config.tasks[0]);
    const auto& run = std::get<adapters::task::Command>(declaration.run.call);
    CHECK(run.argv ==
          std::vector<std::string>{"./spool", "archive", "--keep", "10", "--of=payments"});
    CHECK(run.directory == "/srv/shop");
    CHECK(run.passed_on == std::vector<std::string>{"KEY"});
    CHECK(run.refused == std::vector<int>{75});
    const auto& back = std::get<adapters::task::HttpCall>(declaration.take_back->call);
    CHECK(back.method == "POST");
    CHECK(back.url == "http://127.0.0.1:80/back/west");
    CHECK(back.body == R"({"z": "west"})");
    CHECK(back.headers_file == "/srv/shop/token");
    CHECK(back.statuses == std::vector<int>{202, 204});
    CHECK(declaration.take_back->timeout == std::chrono::seconds{5});
    CHECK(declaration.check.timeout == std::chrono::seconds{1});
    const Inventory inventory = inventory_of(config);
    REQUIRE(inventory.tasks.size() == 1);
    CHECK(inventory.tasks[0].fails_max == 4);
    CHECK(inventory.tasks[0].of == declared(declaration));
    CHECK(config.guard.tasks.at(TaskId("clean")) == Autonomy::act);
    CHECK_FALSE(config.guard.destructive_allowed);
    CHECK(config.tasks_directory == "/srv/shop/var/payments/ledger.tasks");
}

TEST_CASE("tasks are written again as they were read") {
    const Config config = config_of(whole);
    const ConfigReport again = parse_config(to_text(to_document(config)), file_for_test);
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(to_document(*again.config) == to_document(config));
    CHECK(digest_of(declaration_of(*again.config, again.config->tasks[0])) ==
          digest_of(declaration_of(config, config.tasks[0])));
}

TEST_CASE("a declaration is the same however the way to its file was written") {
    const Config config = config_of(whole);
    for (const char* const file : {"/srv/shop/./payments.yaml", "/srv/shop/../shop/payments.yaml",
                                   "/srv//shop/payments.yaml"}) {
        const ConfigReport again = parse_config(with(whole), file);
        REQUIRE(again.config);
        CHECK(digest_of(declaration_of(*again.config, again.config->tasks[0])) ==
              digest_of(declaration_of(config, config.tasks[0])));
    }
}

TEST_CASE(
    "what a task is for besides its own check is part of what was declared, if there is such") {
    const Config plain = config_of(whole);
    const Config also =
        config_of(fmt::format("{}", std::string(whole).replace(whole.find("    repeatable"), 0,
                                                               "    for: [errors, latency]\n")));
    const auto before = declaration_of(plain, plain.tasks[0]);
    const auto after = declaration_of(also, also.tasks[0]);
    CHECK(declared(after).also_for ==
          std::vector<SymptomKind>{SymptomKind::errors, SymptomKind::latency});
    CHECK(digest_of(before) != digest_of(after));
    // Proofs of declarations without the key, from before there was one, hold on.
    CHECK_FALSE(to_text(to_json(before)).contains("also_for"));
    const ConfigReport again = parse_config(to_text(to_document(also)), file_for_test);
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(again.config->tasks[0].also_for == also.tasks[0].also_for);
    CHECK(to_lines(task_views(also)[0]).contains("also for   errors\n  also for   latency\n"));
    const std::string one =
        "tasks: [ { name: a, check: { command: [c] }, run: { command: [x] }, "
        "destructive: false, for: stale_cache } ]\n";
    CHECK(config_of(one).tasks[0].also_for == std::vector<SymptomKind>{SymptomKind::stale_cache});
}

TEST_CASE("a declared task is at watch, and stays there until it is proven") {
    const std::vector<TaskView> views = task_views(config_of(whole));
    REQUIRE(views.size() == 1);
    CHECK(views[0].configured == Autonomy::act);
    CHECK(views[0].now == Autonomy::watch);
    CHECK(views[0].missing.size() == 1);
    CHECK(to_lines(views[0]).contains("homeostat remedy test clean"));
    CHECK(lines_of_lacking(views) ==
          "task clean stays at watch: it was never tested — `homeostat remedy test clean`\n");
}

TEST_CASE("a task that cannot be meant is refused at its place, with its mend") {
    struct Case {
        std::string_view task;
        std::string_view says;
    };
    constexpr std::string_view sound = "name: a, check: { command: [c] }, destructive: false";
    for (const Case& each : {
             Case{"run: { command: [x] }, for: [errors, instance_down]",
                  "'instance_down' — known here: errors, latency"},
             Case{"run: { command: [x] }, for: erors", "did you mean 'errors'"},
             Case{"run: { command: [x] }, take_back: { }", "neither command nor http"},
             Case{"run: { command: [x], http: { url: \"http://127.0.0.1/\" } }", "keep one"},
             Case{"run: { command: x }", "a list"},
             Case{"run: { command: [x], timeout: 121s }", "tasks[0].run.timeout"},
             Case{"run: { command: [x], refused: [0] }", "1 to 255"},
             Case{"run: { command: [x], every: 5s }", "unknown key 'every'"},
             Case{"run: { command: [\"{kep}\"] }, parameters: { keep: { integer: 1, from: 0, "
                  "to: 2 } }",
                  "did you mean 'keep'"},
             Case{"run: { command: [x] }, parameters: { keep: { integer: 1, from: 0, to: 2 } }",
                  "no word has {keep}"},
             Case{"run: { command: [\"{keep}\"] }, parameters: { keep: { integer: 3, from: 0, "
                  "to: 2 } }",
                  "3 is not within 0 and 2"},
             Case{"run: { command: [\"{keep}\"] }, parameters: { keep: { integer: 3 } }",
                  "write integer, from and to"},
             Case{"run: { command: [\"{keep}\"] }, parameters: { keep: { one_of: [x], value: y } }",
                  "'y' is none of one_of"},
             Case{"run: { command: [\"{keep}\"] }, parameters: { keep: { value: y, integer: 1 } }",
                  "a number or a word"},
             Case{"run: { command: [\"{service}\"] }, parameters: { service: { integer: 1, from: "
                  "0, to: 2 } }",
                  "the service's own name"},
             Case{"run: { command: [x] }, parameters: { Keep: { integer: 1, from: 0, to: 2 } }",
                  "small letters"},
             Case{"run: { http: { url: \"https://x.example/\" } }", "authorities: FILE"},
             Case{"run: { http: { url: \"http://192.0.2.7/\", headers_file: f } }", "https://"},
             Case{"run: { http: { url: \"http://169.254.169.254/x\" } }", "is never asked"},
             Case{"run: { http: { url: \"http://127.0.0.1/\", body: x } }", "content_type"},
             Case{"run: { http: { url: \"http://127.0.0.1/\", method: SEND } }", "POST"},
             Case{"run: { http: { url: \"http://127.0.0.1/\" }, environment: X }", "a command"},
         }) {
        const std::string text = fmt::format("tasks: [ {{ {}, {} }} ]\n", sound, each.task);
        const std::string problems = problems_of(with(text));
        CAPTURE(each.task);
        CHECK_MESSAGE(problems.contains(each.says), problems);
        CHECK_MESSAGE(problems.starts_with("5:"), problems);
    }
    CHECK(problems_of(with("tasks: [ { name: a, check: { command: [c] }, run: { command: [x] } } "
                           "]\n"))
              .contains("destructive: missing"));
}

TEST_CASE("tasks and what else a configuration says may not contradict each other") {
    const std::string task =
        "tasks: [ { name: a, check: { command: [c] }, run: { command: [x] }, destructive: ";
    CHECK(
        problems_of(with(task + "true } ]\nautonomy: { tasks: { a: act } }\n")).starts_with("6:"));
    CHECK(problems_of(with(task + "true } ]\nautonomy: { tasks: { a: act } }\n"))
              .contains("write ask"));
    CHECK(problems_of(with(task + "true } ]\nautonomy: { tasks: { a: ask } }\n")).empty());
    CHECK(problems_of(with(task + "false } ]\nautonomy: { tasks: { b: ask } }\n"))
              .contains("autonomy.tasks.b: no task of that name"));
    CHECK(problems_of(with(task + "false } ]\nautonomy: { tasks: { } }\n")).contains("1 to 16"));
    CHECK(problems_of(with(task + "false } ]\nautonomy: { tasks: { a: ask } }\n"
                                  "guard: { min_healthy: 3 }\n"))
              .contains("keeps_capacity: true"));
    CHECK(problems_of(with(task + "false, keeps_capacity: true } ]\n"
                                  "autonomy: { tasks: { a: ask } }\nguard: { min_healthy: 3 }\n"))
              .empty());
    const std::string one =
        "{ name: a, check: { command: [c] }, run: { command: [x] }, destructive: false }";
    CHECK(problems_of(with(fmt::format("tasks: [ {0}, {0} ]\n", one))).contains("a second task"));
}

namespace {

/// A Deployment is guarded; `tasks` begins on line 5.
std::string in_cluster(std::string_view tasks) {
    return fmt::format(
        "service: payments\nruntime: {{ kubernetes: {{ namespace: shop, deployment: payments }} "
        "}}\n"
        "signals: [ {{ http: {{ path: /healthz }} }} ]\n\n{}",
        tasks);
}

constexpr std::string_view by_job = R"(tasks:
  - name: reindex_all
    check: { http: { url: "http://127.0.0.1:80/index" } }
    run: { job: reindex, timeout: 90s }
    take_back: { job: reindex-back }
    destructive: false
    keeps_capacity: true
)";

Config cluster_config_of(const std::string& text) {
    const ConfigReport report = parse_config(text, file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    return *report.config;
}

std::size_t rights_of_jobs_in(const Config& config) {
    return static_cast<std::size_t>(
        std::ranges::count(kubernetes_uses_of(config), adapters::kubernetes::Use::jobs));
}

}  // namespace

TEST_CASE("a task that makes Jobs names their templates, in the namespace that is guarded") {
    const Config config = cluster_config_of(in_cluster(by_job));
    const auto declaration = declaration_of(config, config.tasks[0]);
    const auto& run = std::get<adapters::task::JobCall>(declaration.run.call);
    CHECK(run.name_space == "shop");
    CHECK(run.from == "reindex");
    CHECK(declaration.run.timeout == std::chrono::seconds{90});
    CHECK(describe(declaration.run) == "Job of shop/reindex");
    CHECK(std::get<adapters::task::JobCall>(declaration.take_back->call).from == "reindex-back");
    CHECK(job_templates_of(config) == std::vector<std::string>{"reindex", "reindex-back"});
    const std::string written = to_text(to_document(config));
    CHECK(written.contains(R"("job":"reindex",)"));
    CHECK(written.contains(R"("job":"reindex-back",)"));
    CHECK_FALSE(written.contains("refused"));  // Exit statuses are a command's.
    std::string other(by_job);
    other.replace(other.find("job: reindex,"), 13, "job: another,");
    const Config changed = cluster_config_of(in_cluster(other));
    CHECK(digest_of(declaration_of(changed, changed.tasks[0])) != digest_of(declaration));
}

TEST_CASE("a right to make Jobs is asked for where a task that makes them may be run, only") {
    const std::string text = in_cluster(by_job);
    CHECK(rights_of_jobs_in(cluster_config_of(text)) == 0);
    for (const auto& [level, count] : {std::pair{"recommend", 0U}, {"ask", 1U}, {"act", 1U}}) {
        CHECK(rights_of_jobs_in(cluster_config_of(fmt::format(
                  "{}autonomy: {{ tasks: {{ reindex_all: {} }} }}\n", text, level))) == count);
    }
    const std::string other =
        "tasks: [ { name: a, check: { command: [c] }, run: { command: [x] }, "
        "destructive: false, keeps_capacity: true } ]\n"
        "autonomy: { tasks: { a: act } }\n";
    CHECK(rights_of_jobs_in(cluster_config_of(in_cluster(other))) == 0);
}

TEST_CASE("a Job that cannot be meant is refused at its place, with its mend") {
    CHECK(problems_of(with("tasks: [ { name: a, check: { command: [c] }, run: { job: reindex }, "
                           "destructive: false } ]\n"))
              .contains("here is none"));
    struct Case {
        std::string_view task;
        std::string_view says;
    };
    for (const Case& each : {
             Case{"name: a, check: { job: c }, run: { job: x }", "unknown key 'job'"},
             Case{"name: a, check: { command: [c] }, run: { job: x, command: [y] }",
                  "a job, and something else"},
             Case{"name: a, check: { command: [c] }, run: { job: x, refused: [7] }",
                  "it is for a command"},
             Case{"name: a, check: { command: [c] }, run: { job: x, environment: K }",
                  "it is for a command"},
             Case{"name: a, check: { command: [c] }, run: { job: x, timeout: 500ms }",
                  "less than 1s"},
             Case{"name: a, check: { command: [c] }, run: { job: \"a/b\" }", "run.job"},
             Case{"name: a_, check: { command: [c] }, run: { job: x }", "as labels"},
             Case{"name: a, check: { command: [c] }, run: { }", "nor job"},
         }) {
        const std::string problems = problems_of(
            in_cluster(fmt::format("tasks: [ {{ {}, destructive: false }} ]\n", each.task)));
        CHECK_MESSAGE(problems.contains(each.says), problems);
        CHECK_MESSAGE(problems.starts_with("5:"), problems);
    }
    const std::string longest(53, 'a');
    CHECK(problems_of(in_cluster(fmt::format("tasks: [ {{ name: a, check: {{ command: [c] }}, run: "
                                             "{{ job: {} }}, destructive: false }} ]\n",
                                             longest)))
              .contains("run.job"));
}

TEST_CASE("a word of a task is replaced once, and a value is not looked into") {
    const std::map<std::string, std::string> values{{"a", "{b}"}, {"b", "c"}};
    CHECK(with_words("{a}{b}", values) == "{b}c");
    CHECK(with_words("{\"x\": {}, {A} {a", values) == "{\"x\": {}, {A} {a");
    CHECK(words_in("{a} {\"x\"} {b_c} {} {B}") == std::vector<std::string>{"a", "b_c"});
}

}  // namespace homeostat::app
