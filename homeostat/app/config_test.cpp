#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/judge_settings.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

/// Everything in this folder's repository is beside the sources.
std::filesystem::path repository() {
    return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE_MESSAGE(file, path.string());
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

/// A template of the payment gateway with something in place of each word between at signs.
std::string filled_in(const std::string& name, const std::string& without) {
    std::map<std::string, std::string> words{{"HOLD_FOR", "2m"},
                                             {"ORACLE", "both"},
                                             {"WITHOUT_MODEL", without},
                                             {"WITHOUT_MESH", without},
                                             {"REDIS_NODES", R"(address: "127.0.0.1:7001")"},
                                             {"FRAUD_KEY", std::string(64, 'a')},
                                             {"PAYMENTS_KEY", std::string(64, 'b')}};
    std::string text = bytes_of(repository() / "examples/payment_gateway" / name);
    for (std::size_t open = text.find('@'); open != std::string::npos;
         open = text.find('@', open)) {
        const std::size_t close = text.find('@', open + 1);
        const std::string word = text.substr(open + 1, close - open - 1);
        const std::string other =
            word.ends_with("_PORT") ? std::to_string(7000 + open % 1000) : "/tmp/x";
        text.replace(open, close - open + 1, words.contains(word) ? words[word] : other);
    }
    return text;
}

Config config_of(std::string_view text) {
    const ConfigReport report = parse_config(text, file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    return *report.config;
}

}  // namespace

TEST_CASE("a short configuration gets defaults, and every one of them is safe") {
    const Config config = config_of(beginning_for_test);
    CHECK(config.service == ServiceId("payments"));
    CHECK(config.process.ports == std::vector<std::uint16_t>{8001, 8002, 8003});
    CHECK(config.process.directory == "/srv/shop/");
    CHECK(config.process.versions_root.empty());
    CHECK(config.run_directory == "/srv/shop/var/payments/run");
    CHECK(config.ledger_directory == "/srv/shop/var/payments/ledger");
    CHECK(config.control_socket == "/srv/shop/var/payments/homeostat.sock");
    CHECK(config.switch_file == "/srv/shop/var/payments/suspended");
    CHECK(config.sink_file.empty());
    CHECK(config.index_file == "/srv/shop/var/payments/ledger.index");
    CHECK_FALSE(config.model);
    CHECK_FALSE(config.haproxy);
    CHECK_FALSE(config.changes.are_taken_by_http);
    for (const RemedyKind kind :
         {RemedyKind::restart, RemedyKind::rolling_restart, RemedyKind::rollback}) {
        CHECK(config.guard.autonomy_of(kind) == Autonomy::watch);
    }
    CHECK(config.guard.demotes);
    CHECK(config.digest.size() == 64);
}

TEST_CASE("every key of a whole configuration arrives where it belongs") {
    const Config config = config_of(R"(
service: payments
runtime:
  process:
    command: [./payments, --port, "{port}", --name, "{name}", --config, "{config_dir}"]
    instances: 3
    first_port: 7101
    versions: { root: payments }
    config: { root: settings }
    run: /run/payments
    stop_grace: 2s
signals:
  - http: { path: /ready, every: 250ms, timeout: 200ms }
  - prometheus: { path: /m, every: 2s }
  - logs: { from: stdout }
journey: { url: "http://127.0.0.1:7000/pay?amount=1", every: 50ms, timeout: 400ms }
edge: { haproxy: { socket: run/haproxy.sock, backend: payments, servers: "p{index}" } }
caches:
  - name: quotes
    entries: [USD, GBP]
    redis: { address: "127.0.0.1:6379", key: "fx:{entry}" }
    source: { url: "http://127.0.0.1:7402/fx?currency={entry}", field: rate_ppm }
    readers: "http://127.0.0.1:7401/fx?currency={entry}"
    max_age: 5s
    every: 250ms
    reroute: { table: reroutes, source: rates }
neighbours:
  - { service: fraud, backend: fraud }
  - { service: rates, backend: rates_v2 }
changes: [ { file: deploys.jsonl }, { http: true } ]
notes: [ "a restart takes four minutes here; prefer reroute" ]
goals: { availability: 99.5%, latency_p99: 250ms }
model:
  llama_server:
    file: models/small.gguf
    binary: llama-server
    memory_mib_max: 900
    readable: [ /srv/llama/share, wheels ]
  deadline: 80ms
  calibration: models/small.json
guard:
  cool_down: 1m
  attempts_max: 2
  min_healthy: 2
  effects_max: 12
  effects_window: 5m
  freeze_above: 40%
  back_off_first: 500ms
  back_off_max: 20s
  demote: false
  proof_time: 1h
autonomy: { restart: act, rolling_restart: ask, rollback: recommend }
record: { ledger: /var/lib/ledger, sink: ../audit.jsonl }
control: { socket: run/h.sock, switch: run/off }
oracle: model
)");
    CHECK(config.process.ports == std::vector<std::uint16_t>{7101, 7102, 7103});
    CHECK(config.process.versions_root == "/srv/shop/payments");
    CHECK(config.process.config_root == "/srv/shop/settings");
    CHECK(config.process.directory.empty());
    CHECK(config.run_directory == "/run/payments");
    CHECK(config.process.stop_grace == 2s);
    CHECK(config.http_signal->path == "/ready");
    CHECK(config.http_signal->every == 250ms);
    CHECK(config.http_signal->timeout == 200ms);
    CHECK(config.prometheus_signal->path == "/m");
    CHECK(config.prometheus_signal->every == 2s);
    CHECK(config.reads_logs);
    CHECK(config.journey->url == "http://127.0.0.1:7000/pay?amount=1");
    CHECK(config.journey->every == 50ms);
    CHECK(config.journey->timeout == 400ms);
    CHECK(config.haproxy->socket == "/srv/shop/run/haproxy.sock");
    CHECK(config.haproxy->servers == std::vector<std::string>{"p0", "p1", "p2"});
    REQUIRE(config.caches.size() == 1);
    const CacheConfig& cache = config.caches.front();
    CHECK(cache.name == CacheId("quotes"));
    CHECK(cache.entries == std::vector<std::string>{"USD", "GBP"});
    CHECK(cache.redis.address == "127.0.0.1:6379");
    CHECK(cache.redis.key == "fx:{entry}");
    CHECK(cache.source.url == "http://127.0.0.1:7402/fx?currency={entry}");
    CHECK(cache.source.field == "rate_ppm");
    CHECK(cache.readers == "http://127.0.0.1:7401/fx?currency={entry}");
    CHECK(cache.max_age == 5s);
    CHECK(cache.every == 250ms);
    REQUIRE(cache.reroute);
    CHECK(cache.reroute->table == "reroutes");
    CHECK(cache.reroute->source == "rates");
    REQUIRE(config.neighbours.size() == 2);
    CHECK(config.neighbours[1].service == ServiceId("rates"));
    CHECK(config.neighbours[1].backend == "rates_v2");
    CHECK(config.changes.file == "/srv/shop/deploys.jsonl");
    CHECK(config.changes.are_taken_by_http);
    CHECK(config.notes.size() == 1);
    CHECK(config.availability_goal == doctest::Approx(0.995));
    CHECK(config.latency_p99_goal == 250ms);
    const heal::JudgeSettings judge = judge_settings_of(config, {});
    CHECK(judge.notes == config.notes);
    CHECK(judge.detect.errors.ratio_min == doctest::Approx(0.005));
    CHECK(judge.diagnose.error_ratio_min == doctest::Approx(0.005));
    CHECK(judge.detect.slow.goal_ms == doctest::Approx(250));
    CHECK(config.model->file == "/srv/shop/models/small.gguf");
    CHECK(config.model->binary == "llama-server");
    CHECK(config.model->deadline == 80ms);
    CHECK(config.model->calibration == "/srv/shop/models/small.json");
    CHECK(config.guard.cool_down == 1min);
    CHECK(config.guard.attempts_max == 2);
    CHECK(config.guard.min_healthy == 2);
    CHECK(config.guard.effects_max == 12);
    CHECK(config.guard.effects_window == 5min);
    CHECK(config.guard.freeze_above == 0.4);
    CHECK(config.guard.back_off_first == 500ms);
    CHECK(config.guard.back_off_max == 20s);
    CHECK_FALSE(config.guard.demotes);
    CHECK(config.proof_time == 1h);
    CHECK(config.guard.autonomy_of(RemedyKind::restart) == Autonomy::act);
    CHECK(config.guard.autonomy_of(RemedyKind::rolling_restart) == Autonomy::ask);
    CHECK(config.guard.autonomy_of(RemedyKind::rollback) == Autonomy::recommend);
    CHECK(config.ledger_directory == "/var/lib/ledger");
    CHECK(config.sink_file == "/srv/audit.jsonl");
    CHECK(config.control_socket == "/srv/shop/run/h.sock");
    CHECK(config.switch_file == "/srv/shop/run/off");
    CHECK(config.oracle == OracleMode::model);

    // JSON is YAML: the values in force are a configuration again, and the same one.
    const json::value document = to_document(config);
    CHECK(to_document(config_of(to_pretty_text(document))) == document);
}

TEST_CASE("a model server that runs already is asked by the API that is named") {
    const auto model_of = [](std::string_view model) {
        return *config_of(fmt::format("{}model: {}\n", beginning_for_test, model)).model;
    };
    const ModelConfig own = model_of("{ url: \"http://127.0.0.1:8000\" }");
    CHECK(own.api == adapters::llm::ModelApi::llama);
    CHECK(own.name.empty());
    const ModelConfig openai =
        model_of("{ url: \"http://127.0.0.1:8000\", api: openai, name: google/gemma-3-1b-it }");
    CHECK(openai.api == adapters::llm::ModelApi::openai);
    CHECK(openai.name == "google/gemma-3-1b-it");
}

TEST_CASE("a file with a problem on every line is told in part") {
    std::string text(beginning_for_test);
    for (int number = 0; number < 100; ++number) {
        text += fmt::format("key{}: 1\n", number);
    }
    const ConfigReport report = parse_config(text, file_for_test);
    CHECK(report.problems.size() == 51);
    CHECK(report.problems.back().text == "and 50 more");
}

TEST_CASE("every cut of a whole file is refused or read, and never more") {
    const std::string whole = with("guard: { cool_down: 2m }\nautonomy: { restart: act }\n");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const ConfigReport report = parse_config(whole.substr(0, size), file_for_test);
        CHECK(report.config.has_value() == report.problems.empty());
    }
}

TEST_CASE("a report names file, line and column as editors understand them") {
    ConfigReport report = parse_config(with("oracle: rule\n"), file_for_test);
    CHECK(describe(report) ==
          "/srv/shop/payments.yaml:5:9: oracle: unknown value 'rule' — did you mean 'rules'? known "
          "here: rules, model, both\n");
    report = load_config("/nowhere/x.yaml");
    CHECK(describe(report) ==
          "cannot read /nowhere/x.yaml: No such file or directory (check the path) — name yours by "
          "--config FILE; README.md has a first one\n");
}

TEST_CASE("the examples are configurations") {
    for (const char* example : {"minimal", "envoy"}) {
        const ConfigReport report =
            load_config(repository() / "examples" / example / "homeostat.yaml");
        CHECK_MESSAGE(report.config, describe(report));
    }
    for (const char* name : {"homeostat.yaml.in", "homeostat_fraud.yaml.in"}) {
        for (const char* without : {"", "# "}) {
            const ConfigReport filled = parse_config(filled_in(name, without), file_for_test);
            CHECK_MESSAGE(filled.config, describe(filled));
        }
    }
}

TEST_CASE("the schema in docs/ is the one that the program prints") {
    const std::filesystem::path path = repository() / "docs/homeostat.schema.json";
    const std::string schema = to_pretty_text(config_schema());
    if (std::getenv("HOMEOSTAT_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << schema;
    }
    CHECK_MESSAGE(bytes_of(path) == schema, "HOMEOSTAT_GOLDEN=rewrite writes it anew");
}

}  // namespace homeostat::app
