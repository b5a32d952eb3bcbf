#include "homeostat/app/config_patch.hpp"

#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/patch_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

/// What the lines of the patch say, without its head.
std::string changed_lines(const std::string& text, std::string_view path, std::string_view value) {
    const Result<std::string> patched = with_setting(text, file_for_test, path, value);
    if (!patched) {
        return patched.error().text;
    }
    CHECK(parse_config(*patched, file_for_test).config);
    const std::string diff = unified_diff("payments.yaml", text, *patched);
    CHECK(applied_for_test(text, diff) == *patched);
    std::string lines;
    for (const std::string& line : lines_for_test(diff)) {
        const bool is_changed = line.starts_with('+') || line.starts_with('-');
        const bool is_head = line.starts_with("+++") || line.starts_with("---");
        lines += is_changed && !is_head ? line : std::string();
    }
    return lines;
}

constexpr std::string_view in_blocks = R"(# The gateway.
service: payments
runtime:
  process:
    command: [./payments, --port, "{port}"]
    first_port: 8001   # and on
    instances: 5
    spares: 2
signals:
  - logs: { from: stdout }
edge:
  haproxy:
    socket: run/haproxy.sock
    backend: payments
    servers: ["p{index}"]
neighbours:
  - service: rates   # of the market
    backend: rates
  - backend: fraud
    service: fraud
  - { service: quotes, backend: quotes }
guard:
  cool_down: 10s
  attempts_max: 3
)";

}  // namespace

TEST_CASE("a value is replaced where it stands, and what is around it stays") {
    const std::string text(in_blocks);
    CHECK(changed_lines(text, "runtime.process.spares", "1") == "-    spares: 2\n+    spares: 1\n");
    CHECK(changed_lines(with("guard: { min_healthy: 1, attempts_max: 2 } # few\n"),
                        "guard.min_healthy", "2") ==
          "-guard: { min_healthy: 1, attempts_max: 2 } # few\n"
          "+guard: { min_healthy: 2, attempts_max: 2 } # few\n");
}

TEST_CASE("a key is added in the style of its section") {
    const std::string text(in_blocks);
    CHECK(changed_lines(text, "guard.min_healthy", "2") == "+  min_healthy: 2\n");
    CHECK(changed_lines(text, "neighbours[0].circuit", "circuits") == "+    circuit: circuits\n");
    CHECK(changed_lines(text, "neighbours[1].circuit", "circuits") == "+    circuit: circuits\n");
    CHECK(changed_lines(text, "neighbours[2].circuit", "circuits") ==
          "-  - { service: quotes, backend: quotes }\n"
          "+  - { circuit: circuits, service: quotes, backend: quotes }\n");
    CHECK(changed_lines(text, "signals.http", "{ path: /healthz }") ==
          "+  - http: { path: /healthz }\n");
    CHECK(changed_lines(with("guard: { attempts_max: 2 }\n"), "guard.min_healthy", "2") ==
          "-guard: { attempts_max: 2 }\n+guard: { min_healthy: 2, attempts_max: 2 }\n");
    CHECK(changed_lines(with("edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n"
                             "neighbours: [ { service: fraud, backend: fraud } ]\n"),
                        "neighbours[0].circuit", "circuits") ==
          "-neighbours: [ { service: fraud, backend: fraud } ]\n"
          "+neighbours: [ { circuit: circuits, service: fraud, backend: fraud } ]\n");
}

TEST_CASE("a section is added at the end, also of a file whose last line has none") {
    CHECK(changed_lines(with(""), "guard.min_healthy", "2") == "+guard: { min_healthy: 2 }\n");
    std::string text = with("oracle: rules");
    CHECK(changed_lines(text, "guard.min_healthy", "2").ends_with("+guard: { min_healthy: 2 }\n"));
    const std::string without_signals = R"(service: a
runtime: { process: { command: [x], ports: [1] } }
edge: { haproxy: { socket: s, backend: b, servers: p0 } }
)";
    CHECK(changed_lines(without_signals, "signals.http", "{ path: /healthz }") ==
          "+signals: [ { http: { path: /healthz } } ]\n");
}

TEST_CASE("probes are added to a list in brackets, and more instances where ports follow") {
    const std::string one = R"(service: a
runtime: { process: { command: [x, "{port}"], first_port: 80, instances: 1 } }
signals: [ { logs: { from: stdout } } ]
)";
    CHECK(changed_lines(one, "signals.http", "{ path: /healthz }") ==
          "-signals: [ { logs: { from: stdout } } ]\n"
          "+signals: [ { http: { path: /healthz } }, { logs: { from: stdout } } ]\n");
    CHECK(changed_lines(one, "runtime.process.instances", "2").contains("instances: 2"));
}

TEST_CASE("what would be no right configuration, or another one, is left to a person") {
    for (const auto& [text, path, value] :
         {std::tuple(with("guard: { min_healthy: 1 }\nautonomy: { restart: act }\n"),
                     "guard.min_healthy", "3"),
          std::tuple(with("guard: { min_healthy: \"1\" }\n"), "guard.min_healthy", "2"),
          std::tuple(with(""), "runtime.process.instances", "4"),
          std::tuple(with(""), "guard.min_healthy", "2\noracle: rules"),
          std::tuple(with(""), "neighbours[3].circuit", "circuits"),
          std::tuple(std::string("service: a\n"), "guard.min_healthy", "2")}) {
        CAPTURE(text);
        CHECK_FALSE(with_setting(text, file_for_test, path, value));
    }
}

TEST_CASE("a diff names its file and the place of its lines") {
    CHECK(
        unified_diff("a b.yaml", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n") ==
        "--- a b.yaml\t\n+++ a b.yaml\t\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    CHECK(unified_diff("a", "1\n2", "1\n2\n3\n") ==
          "--- a\n+++ a\n@@ -1,2 +1,3 @@\n 1\n-2\n\\ No newline at end of file\n+2\n+3\n");
    CHECK(unified_diff("a", "1\n1\n", "1\n1\n1\n") ==
          "--- a\n+++ a\n@@ -1,2 +1,3 @@\n 1\n 1\n+1\n");
}

}  // namespace homeostat::app
