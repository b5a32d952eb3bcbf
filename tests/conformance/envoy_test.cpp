// The edge port on a real Envoy: what every edge promises, what becomes of it when Envoy hangs,
// dies or starts again, and what a file that somebody else wrote does to it.

#include "homeostat/adapters/envoy/envoy_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "drain_conformance.hpp"
#include "edge_conformance.hpp"
#include "envoy_world.hpp"
#include "reading_conformance.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

class EnvoyEdge final : public EdgeWorld {
  public:
    std::vector<InstanceId> instances() override {
        return {InstanceId("payments-0"), InstanceId("payments-1")};
    }
    bool performs(const Step& step) override {
        return envoy::EnvoyActuator(world_.admin()).performs(step);
    }
    Outcome perform(Step step, Duration within) override {
        return world_.perform(std::move(step), within);
    }
    Result<EdgeFacts> read() override { return world_.read(); }
    std::optional<InstanceId> request() override {
        const Result<net::HttpResponse> reply = world_.request("/");
        return reply && reply->status == 200 ? std::optional(InstanceId(reply->body))
                                             : std::nullopt;
    }

  private:
    EnvoyWorld world_;
};

const Drain drain_0{InstanceId("payments-0")};
const Undrain undrain_0{InstanceId("payments-0")};

/// The text with every FROM as TO.
std::string with(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// As a person drains p0: by the file, under a version of their own.
std::string drained_by_hand(const std::string& text) {
    return with(with(text, R"({"endpoint":{"hostname":"p0")",
                     R"({"health_status":"DRAINING","endpoint":{"hostname":"p0")"),
                R"("start")", R"("by hand")");
}

}  // namespace

TEST_CASE("Envoy keeps what every edge promises" * doctest::skip(!has_envoy())) {
    check_edge_conformance([] { return std::make_unique<EnvoyEdge>(); });
}

TEST_CASE("Envoy keeps what every proxy promises of drains" * doctest::skip(!has_envoy())) {
    check_drain_conformance<EnvoyWorld>();
}

TEST_CASE("Envoy is read as every proxy is" * doctest::skip(!has_envoy())) {
    check_reading_conformance<EnvoyWorld>();
}

TEST_CASE("a step that is refused because Envoy is gone leaves the files as they were" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string before = world.text_of("payments.json");
    world.kill();
    CHECK(world.perform(drain_0).kind == OutcomeKind::refused);
    CHECK(world.text_of("payments.json") == before);
}

TEST_CASE("a file of ours that a hanging Envoy has not read leaves us not knowing, and is unknown" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const Result<envoy::Look> look = world.look();
    REQUIRE(look);
    world.signal(SIGSTOP);
    const std::string before = world.text_of("payments.json");
    envoy::FileChange change{.path = world.file("payments.json"),
                             .before = before,
                             .after = with(drained_by_hand(before), "by hand", "h-i-9.e1"),
                             .version = "h-i-9.e1",
                             .goal = envoy::EndpointOrder{"p0", envoy::Order::drain},
                             .rejected_total = look->clusters.front().rejected_total};
    const Outcome outcome = net::run_for_test(
        world.context,
        envoy::carry_out(world.admin(), std::move(change), net::now_for_test() + 100ms));
    CHECK(outcome.kind == OutcomeKind::unknown);
    world.signal(SIGCONT);
    world.wait_for("p0", Rotation::draining);
}

TEST_CASE("an Envoy that starts again counts from zero and still knows every drain" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    for (int round = 0; round < 4; ++round) {
        CHECK(world.request("/500"));
    }
    REQUIRE(world.perform(drain_0).kind == OutcomeKind::done);
    const Result<EdgeFacts> before = world.read();
    REQUIRE(before);
    CHECK(before->counters.errors_total == 4);
    world.kill();
    world.start();
    const Result<EdgeFacts> after = world.read();
    REQUIRE(after);
    CHECK(after->counters.errors_total == 0);
    CHECK(after->counters.requests_total == 0);
    CHECK(after->instances.front().rotation == Rotation::draining);
    CHECK(world.perform(undrain_0).kind == OutcomeKind::done);
}

TEST_CASE("what Envoy has loaded carries the effect's id, and every other byte of the file stays" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string before = world.text_of("payments.json");
    REQUIRE(world.perform(drain_0).kind == OutcomeKind::done);
    REQUIRE(world.look());
    CHECK(world.look()->clusters.front().version == "h-i-1.e1");
    REQUIRE(world.perform(undrain_0).kind == OutcomeKind::done);
    CHECK(with(with(world.text_of("payments.json"), R"(,"health_status":"HEALTHY")", ""),
               "h-i-1.e1", "start") == before + "\n");
}

TEST_CASE("what a person has drained by the file an order to drain does not make ours" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string by_hand = drained_by_hand(world.text_of("payments.json"));
    world.put("payments.json", by_hand);
    world.wait_for("p0", Rotation::draining);
    const Outcome outcome = world.perform(drain_0);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because == "somebody else has drained it already");
    CHECK(world.text_of("payments.json") == by_hand);
}

TEST_CASE("an endpoint that a person has ordered otherwise is down and left alone" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string by_hand =
        with(drained_by_hand(world.text_of("payments.json")), "DRAINING", "UNHEALTHY");
    world.put("payments.json", by_hand);
    world.wait_for("p0", Rotation::down);
    CHECK(world.perform(drain_0).kind == OutcomeKind::refused);
    CHECK(world.perform(undrain_0).kind == OutcomeKind::refused);
    CHECK(world.perform(Drain{InstanceId("payments-1")}).kind == OutcomeKind::done);
    CHECK(world.rotation_of("p0") == Rotation::down);
}

TEST_CASE("a file that somebody has edited in place is unknown, and no rename of ours enforces it" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string edited = drained_by_hand(world.text_of("payments.json"));
    world.edit("payments.json", edited);
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    CHECK(facts->instances.front().rotation == Rotation::unknown);
    CHECK(facts->instances.back().rotation == Rotation::in);
    for (const Step& step :
         {Step{drain_0}, Step{undrain_0}, Step{Drain{InstanceId("payments-1")}}}) {
        const Outcome outcome = world.perform(step);
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains("by hand"));
    }
    CHECK(world.text_of("payments.json") == edited);
    CHECK(world.rotation_of("p0") == Rotation::in);
    world.put("payments.json", edited);
    world.wait_for("p0", Rotation::draining);
    CHECK(world.read()->instances.front().rotation == Rotation::draining);
}

TEST_CASE("a file that nobody can read is refused, and every instance of it unknown" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const std::string good = world.text_of("payments.json");
    for (const std::string& text :
         {std::string("{"), std::string(), with(good, R"("hostname":"p0",)", ""),
          with(good, R"("cluster_name":"payments")", R"("cluster_name":"others")")}) {
        world.edit("payments.json", text);
        CHECK(world.perform(drain_0).kind == OutcomeKind::refused);
        const Result<EdgeFacts> facts = world.read();
        REQUIRE(facts);
        CHECK(facts->instances.front().rotation == Rotation::unknown);
        CHECK(world.text_of("payments.json") == text);
    }
}

TEST_CASE("a file that Envoy rejects is noticed, told of and taken back" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    // Envoy refuses members that it does not know, and has not seen this one: it was edited in
    // place.
    const std::string spoilt =
        with(world.text_of("payments.json"), R"("cluster_name")", R"("colour":1,"cluster_name")");
    world.edit("payments.json", spoilt);
    const Outcome outcome = world.perform(drain_0);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("rejected"));
    CHECK(world.text_of("payments.json") == spoilt);
    CHECK(world.rotation_of("p0") == Rotation::in);
    CHECK(world.request("/")->status == 200);
}

TEST_CASE("an update that is lost is put again" * doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const Result<envoy::Look> look = world.look();
    REQUIRE(look);
    const std::string before = world.text_of("payments.json");
    envoy::FileChange change{.path = world.file("payments.json"),
                             .before = before,
                             .after = with(drained_by_hand(before), "by hand", "h-i-9.e1"),
                             .version = "h-i-9.e1",
                             .goal = envoy::EndpointOrder{"p0", envoy::Order::drain},
                             .rejected_total = look->clusters.front().rejected_total};
    // A file under another name stands for a rename of which Envoy was not told: the first puts go
    // there, and from the second on to the right place.
    std::optional<Outcome> outcome;
    const std::string place = world.file("payments.json");
    std::error_code error;
    std::filesystem::create_directory(world.file("elsewhere"), error);
    std::filesystem::copy_file(place, world.file("elsewhere/payments.json"), error);
    change.path = world.file("elsewhere/payments.json");
    boost::asio::co_spawn(
        world.context, envoy::carry_out(world.admin(), std::move(change), net::now_for_test() + 5s),
        [&](std::exception_ptr, Outcome given) { outcome.emplace(std::move(given)); });
    const Instant lost_until = net::now_for_test() + 50ms;
    net::run_until_for_test(world.context, [&] { return net::now_for_test() > lost_until; });
    CHECK_FALSE(outcome);
    std::filesystem::remove_all(world.file("elsewhere"), error);
    std::filesystem::create_directory_symlink(".", world.file("elsewhere"), error);
    REQUIRE_FALSE(error);
    net::run_until_for_test(world.context, [&] { return outcome.has_value(); });
    CHECK(outcome->kind == OutcomeKind::done);
    CHECK(world.rotation_of("p0") == Rotation::draining);
}

TEST_CASE("an update that never arrives is unknown" * doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    const Result<envoy::Look> look = world.look();
    REQUIRE(look);
    const std::string before = world.text_of("payments.json");
    envoy::FileChange change{.path = world.file("nobody reads this.json"),
                             .before = before,
                             .after = with(drained_by_hand(before), "by hand", "h-i-9.e1"),
                             .version = "h-i-9.e1",
                             .goal = envoy::EndpointOrder{"p0", envoy::Order::drain},
                             .rejected_total = look->clusters.front().rejected_total};
    const Outcome outcome = net::run_for_test(
        world.context,
        envoy::carry_out(world.admin(), std::move(change), net::now_for_test() + 400ms));
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because.contains("h-i-9.e1"));
    CHECK(world.rotation_of("p0") == Rotation::in);
}

TEST_CASE("of our own file that Envoy never took nothing is taken over" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    world.edit("payments.json",
               with(drained_by_hand(world.text_of("payments.json")), "by hand", "h-i-8.e1"));
    CHECK(world.perform(Drain{InstanceId("payments-1")}).kind == OutcomeKind::done);
    CHECK(world.rotation_of("p1") == Rotation::draining);
    CHECK(world.rotation_of("p0") == Rotation::in);
    CHECK(world.read()->instances.front().rotation == Rotation::in);
}

TEST_CASE("an endpoint or cluster that Envoy does not have is refused" *
          doctest::skip(!has_envoy())) {
    EnvoyWorld world;
    envoy::Options options = world.options();
    options.endpoints.front().hostname = "p9";
    envoy::Admin no_endpoint_admin(world.context.get_executor(), options);
    envoy::EnvoyActuator no_endpoint(no_endpoint_admin);
    const Outcome outcome = net::run_for_test(
        world.context, no_endpoint.perform(request_for_test(drain_0), net::now_for_test() + 2s));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("p9"));
    const auto part = net::run_for_test(world.context, no_endpoint.read(net::now_for_test() + 2s));
    REQUIRE(part);
    CHECK(std::get<EdgeFacts>(*part).instances.front().rotation == Rotation::unknown);
    options.cluster = "stranger";
    envoy::Admin no_cluster_admin(world.context.get_executor(), options);
    envoy::EnvoyActuator no_cluster(no_cluster_admin);
    const auto nothing =
        net::run_for_test(world.context, no_cluster.read(net::now_for_test() + 2s));
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().fault == Fault::absent);
}
