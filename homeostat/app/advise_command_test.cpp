// The command from a ledger on the disk to what it prints.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/app/advice_report.hpp"
#include "homeostat/app/advise_trials.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/patch_for_test.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

constexpr const char* configuration = R"(service: payments
runtime:
  process: { command: [./payments, "{port}"], ports: [8001, 8002, 8003] }
edge: { haproxy: { socket: haproxy.sock, backend: payments, servers: "p{index}" } }
neighbours:
  - service: fraud
    backend: fraud_b
signals: [ { http: { path: /healthz } } ]
record: { ledger: ledger }
)";

constexpr const char* golden =
    R"({
  "service": "payments",
  "times_min": 2,
  "incidents_count": 3,
  "unexplained_count": 0,
  "strange_count": 0,
  "advice": [
    {
      "advice": "breaker",
      "cause": "dependency_failing",
      "target": "fraud",
      "times": 2,
      "first_at": "2023-11-14T22:13:20.000Z",
      "last_at": "2023-11-14T22:14:20.000Z",
      "incidents": [
        "i-1",
        "i-2"
      ],
      "because": "fraud fails and takes us with it; with a circuit and a fallback the edge )"
    R"(can answer for it meanwhile",
      "setting": {
        "path": "neighbours[0].circuit",
        "value": "circuits"
      },
      "patch": "--- payments.yaml\n+++ payments.yaml\n@@ -4,6 +4,7 @@\n edge: { haproxy: { )"
    R"(socket: haproxy.sock, backend: payments, servers: \"p{index}\" } }\n neighbours:\n   )"
    R"(- service: fraud\n+    circuit: circuits\n     backend: fraud_b\n signals: [ { http: )"
    R"({ path: /healthz } } ]\n record: { ledger: ledger }\n",
      "snippet": {
        "place": "haproxy.cfg",
        "text": "# In the frontend through which calls reach fraud_b. The answer is yours )"
    R"(to choose: what\n# callers can live with while fraud_b is down.\nhttp-request return )"
    R"(status 200 content-type application/json string 'YOUR FALLBACK' if { )"
    R"(str(fraud_b),table_gpt0(circuits) gt 0 }\n# Once in the file:\nbackend circuits\n    )"
    R"(stick-table type string len 65 size 100 expire 150s store gpt0\n# In backend )"
    R"(fraud_b, and `check` behind each server. The circuit is opened while fewer than\n# )"
    R"(half of them answer their checks, or against slowness. One that answers errors at )"
    R"(once\n# is left alone unless its check fails as well: PATH has to try what fails. And )"
    R"(from then\n# on a server whose check fails gets no calls at all: PATH must not fail for )"
    R"(less.\noption httpchk GET /PATH\n"
      }
    }
  ],
  "silent": []
}
)";

std::vector<EntryGroup> incident_at(std::int64_t ms, const std::string& id, const Cause& cause) {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.diagnosis.causes = {cause};
    std::vector<EntryGroup> groups(2);
    groups[0].entries = {{EntryKind::opened, IncidentId(id), to_json(proposal)}};
    groups[1].entries = {{EntryKind::closed, IncidentId(id), to_json(ClosedBody{})}};
    for (EntryGroup& group : groups) {
        group.at = Instant{std::chrono::milliseconds{ms}};
        group.wall_at = WallTime{std::chrono::milliseconds{1'700'000'000'000 + ms}};
        ms += 1'000;
    }
    return groups;
}

Cause fraud_failing() {
    return {CauseKind::dependency_failing, 0.9, ill_neighbour_words("fraud")};
}

/// A configuration, its ledger, and the command on both.
struct Scene {
    ledger::ScratchForTest scratch;
    AdviseOptions options{};

    Scene() {
        options.since.clear();
        options.ledger.common.config = scratch.path() / "payments.yaml";
        ledger::write_for_test(options.ledger.common.config, configuration);
    }

    void append(const std::vector<EntryGroup>& groups) const {
        ledger::LogForTest log(ledger::options_for_test(scratch));
        REQUIRE_FALSE(log.trouble());
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        for (const EntryGroup& group : groups) {
            REQUIRE(log.append(group));
        }
    }

    /// What it prints; empty unless it ends well.
    [[nodiscard]] std::string print() const {
        const std::filesystem::path file = scratch.path() / "printed";
        std::fflush(stdout);
        const int kept = ::dup(STDOUT_FILENO);
        const int printed = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(printed, STDOUT_FILENO);
        const ExitStatus status = advise_structure(options);
        std::fflush(stdout);
        ::dup2(kept, STDOUT_FILENO);
        ::close(printed);
        ::close(kept);
        return status == ExitStatus::ok ? ledger::read_for_test(file) : std::string();
    }
};

/// A neighbour that failed twice, and a crash.
Scene& with_incidents(Scene& scene) {
    scene.append(incident_at(0, "i-1", fraud_failing()));
    scene.append(incident_at(60'000, "i-2", fraud_failing()));
    scene.append(incident_at(90'000, "i-3", {CauseKind::instance_crash, 1.0, ""}));
    return scene;
}

}  // namespace

TEST_CASE("a neighbour that failed twice gets a circuit, with a patch that applies") {
    Scene scene;
    with_incidents(scene);
    scene.options.ledger.common.is_json = true;
    const std::string printed = scene.print();
    CHECK(printed == golden);
    const json::value document = parse_json(printed).value();
    const json::object& advice = document.at("advice").as_array().at(0).as_object();
    const std::string after =
        applied_for_test(configuration, std::string(advice.at("patch").as_string()));
    const ConfigReport report = parse_config(after, scene.options.ledger.common.config);
    REQUIRE(report.config);
    CHECK(report.config->neighbours.at(0).circuit == "circuits");
    CHECK(ledger::read_for_test(scene.options.ledger.common.config) == configuration);
}

TEST_CASE("a person reads causes, incidents, patch and lines for other files") {
    Scene scene;
    const std::string text = with_incidents(scene).print();
    CAPTURE(text);
    for (const char* sentence :
         {"breaker: dependency_failing of fraud came twice, 2023-11-14T22:13:20.000Z to ",
          ": i-1, i-2\n", "\n@@ -4,6 +4,7 @@\n", "\n+    circuit: circuits\n",
          "And in haproxy.cfg:\n", "3 closed incidents of payments were looked at\n",
          "Nothing was changed, and what would come of a change was not tried; --simulate "}) {
        CAPTURE(sentence);
        CHECK(text.contains(sentence));
    }
}

TEST_CASE("--simulate says of each advice what came of it in worlds that are made up") {
    Scene scene;
    with_incidents(scene).options.is_simulated = true;
    scene.options.worlds = 8;
    scene.options.ledger.common.is_json = true;
    const json::value document = parse_json(scene.print()).value();
    const json::value& advice = document.at("advice").as_array().at(0);
    const Result<advise::BeforeAfter> tried =
        from_json<advise::BeforeAfter>(advice.at("simulated"));
    REQUIRE(tried);
    CHECK(tried->advice == advise::AdviceKind::breaker);
    CHECK(tried->worlds_count == 8);
    CHECK(tried->world.contains("with 3 instances, 0 spares, 1 neighbour "));
    const advise::Measured& lost =
        tried->measured.at(static_cast<std::size_t>(advise::Measure::lost));
    CHECK(lost.better_count > 0);
    CHECK(lost.worse_count == 0);
    CHECK(tried->measured.at(0).after.median < tried->measured.at(0).before.median);
}

TEST_CASE("a person reads below an advice what came of it in the simulator, and that it did harm") {
    const ConfigReport config = parse_config(configuration, "payments.yaml");
    REQUIRE(config.config);
    advise::Findings findings;
    findings.advice.push_back({.kind = advise::AdviceKind::ttl,
                               .ground = {.cause = CauseKind::stale_copies,
                                          .target = "quotes",
                                          .incidents = {advise::PastIncident{}}},
                               .because = "copies outlive"});
    advise::BeforeAfter tried{.advice = advise::AdviceKind::ttl,
                              .not_simulated = {},
                              .change = "never; then after 1 s",
                              .world = "made-up worlds",
                              .worlds_count = 8,
                              .world_seconds = 900,
                              .verdict = advise::TrialVerdict::worse,
                              .measured = {}};
    const AdviceReport report{findings, *config.config, configuration, {}, 2, {tried}};
    const std::string text = to_lines(report);
    CAPTURE(text);
    CHECK(
        text.contains("\n  In the simulator, 8 pairs of worlds of 15 min, not your estate: made-"));
    CHECK(text.contains("\n    It makes things WORSE there.\n"));
    CHECK(text.ends_with("Nothing was changed. The simulated worlds are not your estate.\n"));
}

TEST_CASE("a lab that is not there, ends ill or says what is no report is told apart") {
    const ledger::ScratchForTest scratch;
    const std::filesystem::path lab = scratch.path() / "lab";
    const advise::TrialOrder order{.cause = CauseKind::memory_leak,
                                   .advice = advise::AdviceKind::probe};
    const Result<advise::BeforeAfter> none = try_advice(lab, order);
    CHECK(none.error().fault == Fault::absent);
    CHECK(none.error().text.contains("has to lie beside homeostat"));
    const auto says = [&](const std::string& script) {
        ledger::write_for_test(lab, "#!/bin/sh\n" + script + "\n");
        std::filesystem::permissions(lab, std::filesystem::perms::owner_all);
        return try_advice(lab, order);
    };
    const std::string report =
        to_text(to_json(advise::BeforeAfter{.cause = CauseKind::memory_leak,
                                            .advice = advise::AdviceKind::probe,
                                            .not_simulated = "it looks by itself",
                                            .change = {},
                                            .world = {},
                                            .measured = {}}));
    const Result<advise::BeforeAfter> told = says("echo '" + report + "'");
    REQUIRE(told);
    CHECK(told->not_simulated == "it looks by itself");
    CHECK(says("echo '" + report + "'; exit 1").error().text.contains("exited with status 1"));
    CHECK(says("exit 0").error().fault == Fault::broken);
    CHECK(says("echo '{}'").error().fault == Fault::broken);
    CHECK(says("head -c 70000 /dev/zero").error().text.contains("more than a report"));
    std::string other = report;
    other.replace(other.find("probe"), 5, "limit");
    CHECK(says("echo '" + other + "'").error().text.contains("no report of this advice"));
}

TEST_CASE("where nothing came often enough it says so and ends well") {
    Scene scene;
    with_incidents(scene).options.times = 3;
    CHECK(scene.print() ==
          "nothing to advise: 3 closed incidents of payments were looked at, and no cause of "
          "theirs came 3 times\n");
    scene.options.times = 2;
    scene.options.since = "2023-11-14T22:14:00Z";
    CHECK(
        scene.print().starts_with("nothing to advise: 2 closed incidents of payments since "
                                  "2023-11-14T22:14:00.000Z were looked at"));
}

TEST_CASE("what came again and has no rule is told, with why") {
    Scene scene;
    scene.append(incident_at(0, "i-1", {CauseKind::bad_deploy, 0.9, ""}));
    scene.append(incident_at(1'000'000, "i-2\033[2J", {CauseKind::bad_deploy, 0.9, ""}));
    const std::string text = scene.print();
    CAPTURE(text);
    CHECK(text.contains("no advice: bad_deploy of payments came twice"));
    CHECK(text.contains("\n  no change of structure that we know of is against it.\n"));
    CHECK(text.contains("nothing to advise: 2 closed incidents"));
    CHECK_FALSE(text.contains('\033'));
}

TEST_CASE("a setting that no line alone can make is left to a person") {
    Scene scene;
    std::string text(configuration);
    text.replace(text.find(", 8002, 8003"), std::string(", 8002, 8003").size(), "");
    ledger::write_for_test(scene.options.ledger.common.config, text);
    scene.append(incident_at(0, "i-1", {CauseKind::instance_crash, 1.0, ""}));
    scene.append(incident_at(9'000, "i-2", {CauseKind::instance_crash, 1.0, ""}));
    const std::string printed = scene.print();
    CAPTURE(printed);
    CHECK(printed.contains("runtime.process.instances: 2\n  No patch of that line alone"));
    CHECK_FALSE(printed.contains("@@"));
}

TEST_CASE("a ledger that is absent or damaged, and a time that is none, are refused") {
    Scene scene;
    CHECK(advise_structure(scene.options) == ExitStatus::usage);
    with_incidents(scene);
    scene.options.since = "yesterday";
    CHECK(advise_structure(scene.options) == ExitStatus::usage);
    scene.options.since.clear();
    std::string bytes = ledger::read_for_test(scene.scratch.segment(0));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ledger::write_for_test(scene.scratch.segment(0), bytes);
    CHECK(advise_structure(scene.options) == ExitStatus::unexpected);
    scene.options.ledger.common.config = scene.scratch.path() / "none.yaml";
    CHECK(advise_structure(scene.options) == ExitStatus::usage);
}

}  // namespace homeostat::app
