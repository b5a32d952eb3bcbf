// The nouns as bytes: what JSON keeps of them, the binary form keeps as well.

#include "homeostat/base/binary.hpp"

#include "homeostat/domain/change.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/grounds.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/domain/step.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace homeostat {

namespace {

template <class T>
std::string bytes_of(const T& value) {
    std::string bytes;
    to_binary(value, bytes);
    return bytes;
}

/// Not every noun can be compared; what JSON tells apart is compared as JSON.
template <class T>
void check_round_trip(const T& value) {
    const std::string text = to_text(to_json(value));
    CAPTURE(text);
    const std::string bytes = bytes_of(value);
    const Result<T> read = from_binary<T>(bytes);
    REQUIRE(read);
    CHECK(to_text(to_json(*read)) == text);
    CHECK(bytes_of(*read) == bytes);
    const Result<T> of_json = from_json<T>(*parse_json(text));
    REQUIRE(of_json);
    CHECK(bytes_of(*of_json) == bytes);
}

template <class... Ts>
void check_defaults() {
    (check_round_trip(Ts{}), ...);
}

template <class Variant, std::size_t... Indexes>
void check_alternatives(std::index_sequence<Indexes...>) {
    (check_round_trip(Variant(std::in_place_index<Indexes>)), ...);
}

template <class Variant>
void check_alternatives() {
    check_alternatives<Variant>(std::make_index_sequence<std::variant_size_v<Variant>>());
}

constexpr Instant now = instant_of_ns(3'600'000'000'000);

Remedy rollback() {
    return Rollback{ServiceId("payments"), VersionId("c2"), VersionId("c1"), Artifact::config};
}

Proposal proposal() {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.symptom = {.kind = SymptomKind::latency,
                        .subject = {SubjectKind::instance, "payments-1"},
                        .observer = Observer::journey,
                        .value = 812.5,
                        .limit = 250,
                        .began_at = now - std::chrono::seconds{5},
                        .noticed_at = now};
    proposal.diagnosis.causes = {{CauseKind::unknown, 0.25, "nothing changed"}};
    proposal.diagnosis.evidence.lines = {"note: “quotes”", ""};
    proposal.diagnosis.names = {"payments", "fraud"};
    proposal.diagnosis.measured = {"payments-1 does not answer its probe"};
    proposal.menu.items = {{rollback(), 0.9, "it came with c2"}, {Observe{}, 0.1, {}}};
    proposal.choice.remedy = rollback();
    proposal.choice.confidence = 0.75;
    proposal.choice.mode = OracleMode::model;
    proposal.choice.model_answer = ModelAnswer::used;
    proposal.choice.scores = {{rollback(), 0.9, -0.1}, {Observe{}, 0.1, -2.3}};
    proposal.choice.ranking = Ranking{.kinds = {{RemedyKind::rollback, -0.2, -0.7}},
                                      .model = "m",
                                      .prompt_digest = std::string(64, 'f'),
                                      .took = std::chrono::milliseconds{740},
                                      .tokens_cached_count = 900,
                                      .tokens_fresh_count = 61};
    proposal.judged_at = now + std::chrono::milliseconds{741};
    proposal.judging_took = std::chrono::milliseconds{741};
    return proposal;
}

InstanceFacts instance_facts(const std::string& name) {
    return {.runtime = {.instance = InstanceId(name),
                        .is_alive = true,
                        .is_answering = true,
                        .identity = {.pid = 4'711, .start_ticks = 123'456'789},
                        .version = VersionId("v2"),
                        .config = VersionId("c2"),
                        .started_at = now - std::chrono::hours{1},
                        .effect = EffectId("i-7.e2"),
                        .is_spare = true,
                        .is_wanted = false},
            .rotation = Rotation::draining,
            .sessions_now = 12,
            .latency_ms = 3.5};
}

Facts facts() {
    Facts facts;
    facts.service = ServiceId("payments");
    facts.instances = {instance_facts("payments-0"), instance_facts("payments-1")};
    facts.spares = {instance_facts("payments-2")};
    facts.has_edge = true;
    facts.is_complete = true;
    facts.edge = {.requests_total = std::numeric_limits<std::uint64_t>::max(),
                  .errors_total = 31,
                  .latency_ms = 3.25};
    facts.circuits = {{.neighbour = ServiceId("fraud"), .is_open = true, .servers_count = 2}};
    facts.routes = {{.cache = CacheId("quotes"), .is_to_source = true, .answering_count = 1}};
    facts.caches = {{.cache = CacheId("quotes"), .is_answering = true, .stale_count = 5}};
    facts.versions.deploy = {.current = VersionId("v2"),
                             .present = {VersionId("v1"), VersionId("v2")},
                             .good = {VersionId("v1")}};
    facts.versions.config.current = VersionId("c2");
    facts.is_suspended = false;
    facts.read_at = now;
    return facts;
}

Grounds grounds() {
    return {.asked_at = now,
            .entries_known_count = 1'000,
            .attempts_count = 2,
            .is_undo = true,
            .is_contained = true,
            .edge_errors_at_open = 7,
            .edge_requests_at_open = 70'000,
            .silence = {.since = now - std::chrono::seconds{3}, .is_confirmed = true},
            .refused_since = now - std::chrono::seconds{1},
            .facts = facts()};
}

}  // namespace

TEST_CASE("a proposal, the facts and the grounds of a verdict are read back as themselves") {
    check_round_trip(proposal());
    check_round_trip(facts());
    check_round_trip(grounds());
    CHECK(from_binary<Proposal>(bytes_of(proposal())) == proposal());
    CHECK(from_binary<Grounds>(bytes_of(grounds())) == grounds());
}

TEST_CASE("every remedy and every step is read back as itself") {
    check_alternatives<Remedy>();
    check_alternatives<Step>();
    check_round_trip(rollback());
    check_round_trip(Step{Replace{InstanceId("payments-1"), {4'711, 9}, VersionId("v1")}});
}

TEST_CASE("every noun that has fields has a binary form") {
    check_defaults<Proposal, Standing, Facts, Grounds, HoldGrounds, Change, Verdict, Proof>();
    check_defaults<StartedBody, VerdictBody, IntentBody, OutcomeBody, ProofBody, UndoBody>();
    check_defaults<HeldBody, GivenBackBody, EscalatedBody, ClosedBody, GapBody, GoodBody>();
    check_defaults<SwitchBody, Outcome, Entry, EntryGroup>();
}

TEST_CASE("a group of entries keeps their bodies") {
    EntryGroup group;
    group.index = 3;
    group.wall_at = WallTime{std::chrono::hours{24 * 365 * 56}};
    group.boot_id = "boot";
    group.entries = {{EntryKind::verdict, IncidentId("i-7"), to_json(grounds())},
                     {EntryKind::checkpoint, {}, to_json(proposal())}};
    check_round_trip(group);
}

TEST_CASE("a refusal of facts names the instance and the field in it") {
    std::string bytes = bytes_of(facts());
    const std::size_t at = bytes.find("payments-1");
    REQUIRE(at != std::string::npos);
    bytes[at + std::string_view("payments-1").size()] = '\x02';  // is_alive
    const Result<Facts> read = from_binary<Facts>(bytes);
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == Fault::corrupt);
    CHECK(read.error().text ==
          "instances: [1]: runtime: is_alive: at byte 71: a bool is 0 or 1, not 2");
}

TEST_CASE("no beginning of a proposal's bytes is a proposal") {
    const std::string bytes = bytes_of(proposal());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(from_binary<Proposal>(std::string_view(bytes).substr(0, length)));
    }
}

TEST_CASE("bytes take a third of the room of JSON") {
    CHECK(3 * bytes_of(grounds()).size() < to_text(to_json(grounds())).size());
}

}  // namespace homeostat
