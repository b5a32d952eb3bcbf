// Marks of sources on a real Envoy: what every edge promises of them, and what becomes of an order
// when a file, the watchdog or Envoy is not as it should be.

#include "homeostat/adapters/envoy/envoy_marker.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/os/child.hpp"

#include "marked_envoy.hpp"
#include "marks_conformance.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

std::vector<Network> one(const std::string& source) {
    return {network_for_test(source)};
}

}  // namespace

TEST_CASE("Envoy keeps what every edge promises of marks" * doctest::skip(!has_envoy())) {
    check_marks_conformance<MarkedEnvoy>(4);
}

TEST_CASE("without a watchdog nobody is tried or denied, and each can be let in" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    REQUIRE(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    world.stop_watching();
    const Outcome outcome = world.mark(Mark::denied, "192.0.2.8");
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("envoy-watchdog"));
    CHECK(world.visit("192.0.2.8") == visit_ok);
    CHECK(world.mark(Mark::on_trial, "192.0.2.8").kind == OutcomeKind::refused);
    CHECK(world.visit("192.0.2.7") == visit_forbidden);
    CHECK(world.mark(Mark::watched, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.mark(Mark::none, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == visit_ok);
}

TEST_CASE("without a watchdog what has ended goes with the next order that is refused" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    REQUIRE(world.mark(Mark::denied, "192.0.2.6").kind == OutcomeKind::done);
    const Instant ends_at = net::now_for_test() + 500ms;
    REQUIRE(world.mark(Mark::denied, one("192.0.2.7"), 500ms).kind == OutcomeKind::done);
    world.stop_watching();
    net::run_until_for_test(world.context, [&] { return net::now_for_test() > ends_at + 100ms; });
    CHECK(world.visit("192.0.2.7") == visit_forbidden);
    CHECK(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::refused);
    net::run_until_for_test(world.context, [&] { return world.visit("192.0.2.7") == visit_ok; });
    CHECK(world.visit("192.0.2.6") == visit_forbidden);
}

TEST_CASE("an older file over that of the agent brings no mark back that was taken off" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    REQUIRE(world.mark(Mark::denied, "192.0.2.6").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    const std::string older = world.text();
    REQUIRE(world.mark(Mark::none, "192.0.2.7").kind == OutcomeKind::done);
    REQUIRE(os::write_file_atomically(world.path(), older));
    const Result<envoy::SourcesFile> file = envoy::SourcesFile::parse(older);
    REQUIRE(file);
    net::run_until_for_test(world.context, [&] {
        const Result<envoy::SourcesReply> reply = world.look();
        return reply && reply->version == file->version;
    });
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.visit("192.0.2.6") == visit_forbidden);
}

TEST_CASE("what is allowed loses its mark with the next order, whoever gave it" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    REQUIRE(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    REQUIRE(world.mark(Mark::denied, "203.0.113.0/24").kind == OutcomeKind::done);
    const std::vector allowed{network_for_test("192.0.2.0/28"), network_for_test("203.0.113.9")};
    CHECK(world.mark(Mark::denied, one("198.51.100.1"), 2min, allowed).kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.visit("203.0.113.9") == visit_ok);
    CHECK(world.visit("198.51.100.1") == visit_forbidden);
    CHECK(world.mark(Mark::denied, one("192.0.2.8"), 2min, allowed).kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.8") == visit_ok);
}

TEST_CASE("to renew a mark leaves Envoy's file as it is, and marks outlive Envoy" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    REQUIRE(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    const os::FileIdentity before = os::identify_file(world.path()).value();
    const os::FileIdentity ends = os::identify_file(world.ends_path()).value();
    CHECK(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(os::identify_file(world.path())->is_same_as(before));
    CHECK_FALSE(os::identify_file(world.ends_path())->is_same_as(ends));
    world.kill();
    world.start();
    CHECK(world.visit("192.0.2.7") == visit_forbidden);
}

TEST_CASE("a mark without an end is over, and one whose end is unreadable" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    for (const std::string ends : {"", "{", "{\"ends\":[]}\n"}) {
        CAPTURE(ends);
        REQUIRE(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
        CHECK(world.visit("192.0.2.7") == visit_forbidden);
        REQUIRE(os::write_file_atomically(world.ends_path(), ends));
        CHECK(world.visit("192.0.2.7") == visit_ok);
    }
}

TEST_CASE("a file that is not as we write it, or that Envoy has not taken, is left alone" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    const std::string whole = world.text();
    const auto but = [&whole](const std::string& part, const std::string& other) {
        std::string text = whole;
        return text.replace(text.find(part), part.size(), other);
    };
    struct Case {
        std::string text;
        std::string says;
    };
    for (const Case& found :
         {Case{but("start", "mine"), "is not what Envoy has"},
          Case{but("\"matcher\":", "\"rules\":{},\"matcher\":"), "not what Homeostat writes"},
          Case{but("homeostat_none\",\"action\":\"ALLOW\"", "homeostat_none\",\"action\":\"DENY\""),
               "not what Homeostat writes"},
          Case{"{", "homeostat.sources.json"}}) {
        CAPTURE(found.text);
        write_text(world.path(), found.text);
        const Outcome outcome = world.mark(Mark::denied, "192.0.2.7");
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains(found.says));
        CHECK(world.text() == found.text);
        CHECK(world.visit("192.0.2.7") == visit_ok);
    }
}

TEST_CASE("what Envoy rejects is refused, and the file is as it was" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world("grpc_web.v3.GrpcWeb", "h-m0.e1");
    const std::string before = world.text();
    const Outcome outcome = world.mark(Mark::denied, "192.0.2.7");
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("Envoy rejected"));
    CHECK(world.text() == before);
}

TEST_CASE("more than a few marks are refused by an Envoy that would fill its log with them" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    world.kill();
    world.start_with_loud_log();
    std::vector<Network> sources;
    for (std::size_t index = 0; index < 100; ++index) {
        sources.push_back(network_for_test(many_address(index)));
    }
    CHECK(world.mark(Mark::denied, sources).kind == OutcomeKind::done);
    const Outcome outcome = world.mark(Mark::denied, "192.0.2.7");
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("--component-log-level misc:error"));
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.mark(Mark::watched, many_address(0)).kind == OutcomeKind::done);
    CHECK(world.visit(many_address(0)) == visit_ok);
    CHECK(world.mark(Mark::none, sources).kind == OutcomeKind::done);
}

TEST_CASE("of an Envoy that stands still nobody says anything, and an order waits for none" *
          doctest::skip(!has_envoy())) {
    MarkedEnvoy world;
    world.signal(SIGSTOP);
    CHECK(world.mark(Mark::denied, one("192.0.2.7"), 2min, {}, 200ms).kind == OutcomeKind::refused);
    world.signal(SIGCONT);
    CHECK(world.visit("192.0.2.7") == visit_ok);
    CHECK(world.mark(Mark::denied, "192.0.2.7").kind == OutcomeKind::done);
    CHECK(world.visit("192.0.2.7") == visit_forbidden);
}
