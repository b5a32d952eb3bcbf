// `autonomy` and `report`, from a ledger on the disk to what they print.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/review_report.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/review/story_for_test.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;
using namespace review::for_test;

constexpr const char* configuration = R"(service: payments
runtime:
  process:
    command: [./payments, "{port}"]
    ports: [8001, 8002, 8003]
    versions: { root: versions }
signals: [ { http: { path: /healthz } } ]
autonomy: { restart: act }
record: { ledger: ledger }
control: { socket: agent.sock }
)";

/// A configuration, its ledger, and the commands on both.
struct Scene {
    ledger::ScratchForTest scratch;
    std::filesystem::path config{scratch.path() / "payments.yaml"};

    Scene() { ledger::write_for_test(config, configuration); }

    void append(const std::vector<Entry>& entries) const {
        ledger::LogForTest log(ledger::options_for_test(scratch));
        REQUIRE_FALSE(log.trouble());
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        std::int64_t second = 0;
        for (const Entry& entry : entries) {
            EntryGroup group;
            group.at = Instant{std::chrono::seconds{1000 + second}};
            group.wall_at = WallTime{std::chrono::seconds{1'700'000'000 + second}};
            group.entries.push_back(entry);
            REQUIRE(log.append(group));
            second += 10;
        }
    }

    template <class Options>
    [[nodiscard]] Options options() const {
        Options options;
        options.ledger.common.config = config;
        return options;
    }

    struct Printed {
        ExitStatus status{ExitStatus::ok};
        std::string text;
    };

    template <class Command, class Options>
    [[nodiscard]] Printed run(const Command& command, const Options& options) const {
        const std::filesystem::path file = scratch.path() / "printed";
        std::fflush(stdout);
        const int kept = ::dup(STDOUT_FILENO);
        const int printed = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(printed, STDOUT_FILENO);
        const ExitStatus status = command(options);
        std::fflush(stdout);
        ::dup2(kept, STDOUT_FILENO);
        ::close(printed);
        ::close(kept);
        return {status, ledger::read_for_test(file)};
    }
};

Proposal proposal_of(const Remedy& remedy) {
    Proposal proposal;
    proposal.service = payments;
    proposal.symptom.began_at = Instant{std::chrono::seconds{999}};
    proposal.choice.remedy = remedy;
    return proposal;
}

template <class Body>
Entry entry_of(EntryKind kind, const Body& body) {
    return {kind, IncidentId("i-1"), to_json(body)};
}

/// A restart at `act` that did not help, and demoted its kind.
std::vector<Entry> failed_restart() {
    IntentBody intent;
    intent.effect = EffectId("i-1.e1");
    intent.remedy = restart_0;
    intent.step = Drain{payments_0};
    ProofBody proof{restart_0, {}};
    proof.proof.kind = ProofKind::not_helped;
    return {entry_of(EntryKind::opened, proposal_of(restart_0)),
            entry_of(EntryKind::intent, intent), entry_of(EntryKind::proof, proof),
            entry_of(EntryKind::demoted,
                     Demotion{RemedyKind::restart, IncidentId("i-1"), "12 of 20 \x1b failed"}),
            entry_of(EntryKind::closed, ClosedBody{})};
}

const json::object& of_remedy(const json::value& document, std::string_view remedy) {
    for (const json::value& one : document.at("remedies").as_array()) {
        if (one.at("remedy").as_string() == remedy) {
            return one.as_object();
        }
    }
    FAIL("there is no ", std::string(remedy));
    return document.as_object();
}

}  // namespace

TEST_CASE("`autonomy` tells what is demoted, why, and what lifts it") {
    const Scene scene;
    scene.append(failed_restart());
    const auto told = scene.run(show_autonomy, scene.options<AutonomyOptions>());
    CHECK(told.status == ExitStatus::ok);
    CAPTURE(told.text);
    for (const char* sentence :
         {"payments: 1 closed incident since 2023-11-14T22:13:20.000Z\n",
          "restart: ask, configured act\n", "  acted 1: 0 helped, 1 did not\n",
          "  DEMOTED to ask: it did not help in i-1: 12 of 20 ",
          "  for `act` it lacks: a person's word that it may act again: ",
          "homeostat autonomy promote restart --because WHY\n",
          "`ask` takes 50 agreements and 90 % of what can be told; "}) {
        CAPTURE(sentence);
        CHECK(told.text.contains(sentence));
    }
    CHECK_FALSE(told.text.contains('\x1b'));
    CHECK_FALSE(told.text.contains("guard.demote is off"));
}

TEST_CASE("`autonomy --json` has every kind, its level, evidence and what is missing") {
    const Scene scene;
    scene.append(failed_restart());
    auto options = scene.options<AutonomyOptions>();
    options.ledger.common.is_json = true;
    const json::value document = parse_json(scene.run(show_autonomy, options).text).value();
    CHECK(document.at("remedies").as_array().size() == 10);
    CHECK(document.at("thresholds").at("agreements_min").as_int64() == 50);
    const json::object& restart = of_remedy(document, "restart");
    CHECK(restart.at("configured").as_string() == "act");
    CHECK(restart.at("now").as_string() == "ask");
    CHECK(restart.at("demotion").at("incident").as_string() == "i-1");
    CHECK(restart.at("evidence").at("acted_not_helped").as_int64() == 1);
    const json::object& rollback_kind = of_remedy(document, "rollback");
    CHECK(rollback_kind.at("now").as_string() == "watch");
    CHECK(rollback_kind.at("next").as_string() == "ask");
    CHECK(rollback_kind.at("missing").as_array().size() == 1);
    CHECK_FALSE(rollback_kind.contains("setting"));
}

TEST_CASE("what was earned is told as the line to write, and stays unwritten") {
    const Scene scene;
    const ConfigReport report = load_config(scene.config);
    REQUIRE(report.config);
    Told told;
    Facts after = serving_facts();
    after.versions.deploy.current = VersionId("v1");
    for (int count = 0; count < 50; ++count) {
        told.watch(rollback, &after, "i-" + std::to_string(count));
    }
    const AutonomyReport autonomy = autonomy_report(*report.config, told.past);
    const std::string text = to_lines(autonomy);
    CAPTURE(text);
    CHECK(
        text.contains("  watched 50: a person did the same in 50, something else in 0, 0 went "
                      "alone, 0 cannot be told\n"));
    CHECK(text.contains("  it has what `ask` takes. Nothing raises it but you, in "));
    CHECK(text.contains("payments.yaml:\n    autonomy: { rollback: ask }\n"));
    CHECK(of_remedy(to_document(autonomy), "rollback").at("setting").as_string() ==
          "autonomy: { rollback: ask }");
    CHECK(ledger::read_for_test(scene.config) == configuration);
}

TEST_CASE("where demoting is off `autonomy` says so, and demotes nothing") {
    const Scene scene;
    std::string text = configuration;
    ledger::write_for_test(scene.config, text + "guard: { demote: false }\n");
    scene.append(failed_restart());
    const auto told = scene.run(show_autonomy, scene.options<AutonomyOptions>());
    CHECK(told.text.contains("restart: act\n"));
    CHECK(told.text.contains("guard.demote is off"));
}

TEST_CASE("`report` gives no number where there is nothing to compare with") {
    const Scene scene;
    scene.append(failed_restart());
    auto options = scene.options<ReportOptions>();
    options.since.clear();
    const auto told = scene.run(report_outages, options);
    CHECK(told.status == ExitStatus::ok);
    CAPTURE(told.text);
    CHECK(told.text.contains("  errors: no counterfactual, there are 1 and it takes 3\n"));
    CHECK(
        told.text.contains("No healed incident has one, so nothing is said of what was saved.\n"));
    CHECK(told.text.contains("Spent: not known of these days; the agent writes it down"));
}

TEST_CASE("`report` says what users had, what they would have had, and of how many") {
    Told told;
    told.act(rollback, ProofKind::helped, "i-1");
    for (const std::string id : {"i-2", "i-3", "i-4"}) {
        told.watch(rollback, nullptr, id);
    }
    const OutageReport report{.outages = review::outages_of(told.past, std::nullopt, std::nullopt),
                              .first_at = told.past.first_at};
    const std::string text = to_lines(report);
    CAPTURE(text);
    CHECK(text.contains("  errors: 32.0 s (n = 3)\n"));
    CHECK(
        text.contains("In the 1 of 1 healed incidents that have one users had it for 7.0 s, and "
                      "would have had it for 32.0 s.\n"));
    const std::string csv = to_csv(report);
    CHECK(csv ==
          "service,remedy,incidents,healed,passed,by_person,outage_s,outage_median_s,compared,"
          "compared_outage_s,counterfactual_s,pages_avoided,asked,approved,denied,silent,acts,"
          "failed,undone,spared\r\n"
          "payments,rollback,4,1,3,0,103.000,32.000,1,7.000,32.000,1,0,0,0,0,1,0,0,0\r\n");
    const json::object document = to_document(report);
    CHECK(document.at("total").at("pages_avoided_count").as_uint64() == 1);
    CHECK_FALSE(document.at("total").as_object().contains("service"));
    CHECK(document.at("how").at("counterfactual").is_string());
}

TEST_CASE("`report` says what the agent and its model have cost, of a core and of memory") {
    OutageReport report;
    CHECK(to_document(report).at("own_usage").is_null());
    UsageRecord hour{.from = WallTime{std::chrono::hours{1}},
                     .until = WallTime{std::chrono::hours{2}},
                     .measured_for = std::chrono::hours{1},
                     .cpu = std::chrono::seconds{18},
                     .resident_bytes_median = std::uint64_t{14} << 20U,
                     .resident_bytes_most = std::uint64_t{19} << 20U};
    report.own_usage = usage_between(std::vector{hour, hour}, std::nullopt, std::nullopt);
    CHECK(to_lines(report).contains(
        "Spent by the agent: 36.0 s of CPU in 2.0 h (0.500 % of a core), resident 14.0 MiB in the "
        "median of 2 records, 19.0 MiB at most.\n"));
    CHECK_FALSE(to_lines(report).contains("model's server:"));
    hour.model_cpu = std::chrono::seconds{72};
    hour.model_resident_bytes_most = std::uint64_t{400} << 20U;
    hour.services_count = 3;
    report.own_usage = usage_between(std::vector{hour}, std::nullopt, std::nullopt);
    const std::string text = to_lines(report);
    CHECK(text.contains("19.0 MiB at most, by one process for 3 services.\n"));
    CHECK(
        text.contains("Spent by its model's server: 72.0 s of CPU (2.000 % of a core), resident "
                      "400.0 MiB at most.\n"));
    const json::object document = to_document(report);
    CHECK(document.at("own_usage").at("cpu_s").as_double() == 18.0);
    CHECK(document.at("own_usage").at("model").at("core_ratio").as_double() ==
          doctest::Approx(0.02));
}

TEST_CASE("`report` warns by name of who says yes to everything within seconds, after 20 answers") {
    for (const int answers_count : {19, 20}) {
        CAPTURE(answers_count);
        VerdictBody asked{restart_0, std::nullopt, {.kind = VerdictKind::question}, std::nullopt};
        AnsweredBody answered;
        answered.remedy = restart_0;
        answered.says = PersonSays::approved;
        answered.by = "anna\x1b";
        std::vector<Entry> entries{entry_of(EntryKind::opened, proposal_of(restart_0))};
        for (int number = 0; number < answers_count; ++number) {
            entries.push_back(entry_of(EntryKind::verdict, asked));
            entries.push_back(entry_of(EntryKind::answered, answered));  // After ten seconds.
        }
        const Scene scene;
        scene.append(entries);
        auto options = scene.options<ReportOptions>();
        options.since.clear();
        const std::string text = scene.run(report_outages, options).text;
        CHECK_MESSAGE(text.contains("QUESTIONS ABOUT"), text);
        CHECK_MESSAGE(text.contains("WARNING: anna\\x1b said yes to 20 of 20 questions, in the "
                                    "median after 10.0 s") == (answers_count == 20),
                      text);
        options.ledger.common.is_json = true;
        const Result<json::value> document =
            parse_json(scene.run(report_outages, options).text, {});
        REQUIRE(document);
        const json::object& row = document->at("questions").as_array().at(0).as_object();
        CHECK(row.at("asked_count").as_int64() == answers_count);
        CHECK(row.at("approved_ratio").as_double() == 1.0);
        CHECK(document->at("answerers").as_array().at(0).at("is_by_habit").as_bool() ==
              (answers_count == 20));
        options.until = "2023-11-14T00:00:00Z";  // Before the first of them.
        const Result<json::value> earlier = parse_json(scene.run(report_outages, options).text, {});
        REQUIRE(earlier);
        CHECK(earlier->at("questions").as_array().empty());
    }
}

TEST_CASE("a service that a spreadsheet would run, or a terminal obey, is shown instead") {
    OutageReport report;
    report.outages.rows.push_back({.service = ServiceId("=1+1\x1b")});
    const std::string csv = to_csv(report);
    CHECK(csv.contains("\r\n'=1+1"));
    CHECK_FALSE(csv.contains('\x1b'));
    CHECK_FALSE(to_lines(report).contains('\x1b'));
}

TEST_CASE("what cannot be used ends the commands with status 2, and no agent with 3") {
    const Scene scene;
    auto report = scene.options<ReportOptions>();
    report.since = "yesterday";
    CHECK(scene.run(report_outages, report).status == ExitStatus::usage);
    report.since.clear();
    CHECK(scene.run(report_outages, report).status == ExitStatus::usage);  // There is no ledger.
    report.is_csv = report.ledger.common.is_json = true;
    CHECK(scene.run(report_outages, report).status == ExitStatus::usage);
    auto autonomy = scene.options<AutonomyOptions>();
    CHECK(scene.run(show_autonomy, autonomy).status == ExitStatus::usage);
    autonomy.remedy = "reboot";
    CHECK(scene.run(promote_remedy, autonomy).status == ExitStatus::usage);
    autonomy.remedy = "restart";
    CHECK(scene.run(promote_remedy, autonomy).status == ExitStatus::unreachable);
}

TEST_CASE("a ledger that is not intact ends both commands with status 1") {
    const Scene scene;
    scene.append(failed_restart());
    for (const auto& file :
         std::filesystem::directory_iterator(ledger::options_for_test(scene.scratch).directory)) {
        if (file.is_regular_file() && file.file_size() > 400) {
            std::string bytes = ledger::read_for_test(file.path());
            bytes[bytes.size() / 2] ^= 1;
            ledger::write_for_test(file.path(), bytes);
        }
    }
    CHECK(scene.run(show_autonomy, scene.options<AutonomyOptions>()).status ==
          ExitStatus::unexpected);
    CHECK(scene.run(report_outages, scene.options<ReportOptions>()).status ==
          ExitStatus::unexpected);
}

}  // namespace homeostat::app
