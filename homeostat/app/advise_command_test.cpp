// The command from a ledger on the disk to what it prints.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
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
    R"(stick-table type string len 65 size 100 expire 150s store gpt0\n"
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
          "Nothing was changed, and what would come of a change was not tried.\n"}) {
        CAPTURE(sentence);
        CHECK(text.contains(sentence));
    }
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
