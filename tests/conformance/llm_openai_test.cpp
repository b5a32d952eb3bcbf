// The oracle over the OpenAI-compatible API of the real model server: what it says there and by its
// own API is the same model's opinion. Needs build/model; without it the suite is skipped.
//
// HOMEOSTAT_OPENAI_SERVER names another that runs, as http://127.0.0.1:8000: it is asked as well.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/net/endpoint.hpp"

#include "llm_world.hpp"
#include "relay.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace homeostat::conformance {

using namespace std::chrono_literals;

namespace {

llm::LlmSettings asked_by(llm::ModelApi api,
                          const llm::ModelServer& server,
                          std::string model = {}) {
    return {.server = llm::ModelPlace{server.endpoint(), api, std::move(model)},
            .self_test_within = 40s};
}

/// The real server, a relay in front of it, and an oracle that knows only the relay, by OpenAI's
/// API.
struct Relayed {
    explicit Relayed(World& world)
        : server(*llm::ModelServer::start(world.server())),
          relay(upstream_of(server)),
          oracle(world,
                 {.server =
                      llm::ModelPlace{net::TcpEndpoint{.host = "127.0.0.1", .port = relay.port()},
                                      llm::ModelApi::openai},
                  .self_test_within = 40s}) {}

    llm::ModelServer server;
    Relay relay;
    Running oracle;
};

double share_of(const Ranking& ranking, std::size_t index) {
    return std::exp(ranking.kinds.at(index).log_probability);
}

}  // namespace

TEST_CASE("the same server says the same by its own API and by OpenAI's") {
    if (is_skipped()) {
        return;
    }
    World world;
    const llm::ModelServer server = *llm::ModelServer::start(world.server());
    Running own(world, asked_by(llm::ModelApi::llama, server));
    REQUIRE_MESSAGE(own.becomes_ready(), own->state());
    Running other(world, asked_by(llm::ModelApi::openai, server));
    REQUIRE_MESSAGE(other.becomes_ready(), other->state());

    // Asked once before: a prompt that was read in two pieces rounds otherwise.
    (void)own.ask(bad_deploy, 10s);
    const Result<Ranking> by_own = own.ask(bad_deploy, 10s);
    REQUIRE_MESSAGE(by_own, by_own.error().text);
    const Result<Ranking> by_other = other.ask(bad_deploy, 10s);
    REQUIRE_MESSAGE(by_other, by_other.error().text);
    REQUIRE(by_other->kinds.size() == every_kind.size());
    double sum = 0;
    for (std::size_t index = 0; index < every_kind.size(); ++index) {
        CAPTURE(index);
        CHECK(by_other->kinds[index].kind == every_kind[index]);
        CHECK(by_other->kinds[index].log_probability ==
              doctest::Approx(by_own->kinds[index].log_probability).epsilon(0.05));
        CHECK(by_other->kinds[index].neutral_log_probability ==
              doctest::Approx(by_own->kinds[index].neutral_log_probability).epsilon(0.05));
        sum += std::exp(by_other->kinds[index].log_probability);
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-6));
    CHECK(by_other->model.ends_with("sha256:unknown"));
    CHECK(by_other->prompt_digest == by_own->prompt_digest);

    const std::vector<RemedyKind> some{RemedyKind::rollback, RemedyKind::observe};
    const Result<Ranking> two =
        world.await(other->rank(bad_deploy, some, world.clock().now() + 10s));
    REQUIRE_MESSAGE(two, two.error().text);
    REQUIRE(two->kinds.size() == 2);
    CHECK(two->kinds[0].kind == RemedyKind::rollback);
    CHECK(std::exp(two->kinds[0].log_probability) + std::exp(two->kinds[1].log_probability) ==
          doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("a model that the server does not have is named, with those that it has") {
    if (is_skipped()) {
        return;
    }
    World world;
    const llm::ModelServer server = *llm::ModelServer::start(world.server());
    Running oracle(world, asked_by(llm::ModelApi::openai, server, "another"));
    const bool is_told = world.wait_until(
        [&] { return oracle->state().contains("the server has no model \"another\""); }, 60s);
    CHECK_MESSAGE(is_told, oracle->state());
    CHECK(oracle->state().contains(model_file().filename().string()));
}

TEST_CASE("a deadline holds for all the questions of a menu together") {
    if (is_skipped()) {
        return;
    }
    World world;
    const llm::ModelServer server = *llm::ModelServer::start(world.server());
    Running oracle(world, asked_by(llm::ModelApi::openai, server));
    REQUIRE_MESSAGE(oracle.becomes_ready(), oracle->state());
    const Result<Ranking> late = oracle.ask({.lines = {"never asked before"}}, 1ms);
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::late);
    CHECK(oracle.ask(bad_deploy, 20s));
}

TEST_CASE("a reply that is lost between two questions of one menu leaves no half of a ranking") {
    if (is_skipped()) {
        return;
    }
    World world;
    Relayed relayed(world);
    REQUIRE_MESSAGE(relayed.oracle.becomes_ready(), relayed.oracle->state());
    const std::uint32_t asked_before = relayed.relay.requests_count();
    const Result<Ranking> whole = relayed.oracle.ask(bad_deploy, 20s);
    REQUIRE_MESSAGE(whole, whole.error().text);
    const std::uint32_t asked = relayed.relay.requests_count() - asked_before;
    REQUIRE(asked >= 1);

    for (const std::uint32_t answered : std::set<std::uint32_t>{0, asked / 2, asked - 1}) {
        CAPTURE(answered);
        relayed.relay.lose_after(answered);
        const Result<Ranking> half = relayed.oracle.ask(bad_deploy, 20s);
        REQUIRE_FALSE(half);
        CHECK(half.error().fault == Fault::broken);

        relayed.relay.set(Relay::Fault::none);
        const Result<Ranking> again = relayed.oracle.ask(bad_deploy, 20s);
        REQUIRE_MESSAGE(again, again.error().text);
        REQUIRE(again->kinds.size() == whole->kinds.size());
        for (std::size_t index = 0; index < whole->kinds.size(); ++index) {
            CHECK(share_of(*again, index) == doctest::Approx(share_of(*whole, index)).epsilon(0.1));
        }
    }
}

TEST_CASE("the server that the environment names ranks what is permitted") {
    const char* const named = std::getenv("HOMEOSTAT_OPENAI_SERVER");
    const Result<net::Address> address = net::parse_endpoint(named != nullptr ? named : "");
    if (named == nullptr) {
        return;
    }
    REQUIRE_MESSAGE(address, address.error().text);
    World world;
    const llm::LlmSettings settings{
        .server = llm::ModelPlace{address->endpoint, llm::ModelApi::openai},
        .self_test_within = 120s};
    Running oracle(world, settings);
    const bool is_ready = world.wait_until([&] { return oracle->is_ready(); }, 120s);
    REQUIRE_MESSAGE(is_ready, oracle->state());

    const Result<Ranking> all = oracle.ask(bad_deploy, 50s);
    REQUIRE_MESSAGE(all, all.error().text);
    REQUIRE(all->kinds.size() == every_kind.size());
    const std::vector<RemedyKind> some{RemedyKind::rollback, RemedyKind::observe};
    const Result<Ranking> two =
        world.await(oracle->rank(bad_deploy, some, world.clock().now() + 50s));
    REQUIRE_MESSAGE(two, two.error().text);
    REQUIRE(two->kinds.size() == 2);
    CHECK(share_of(*two, 0) + share_of(*two, 1) == doctest::Approx(1).epsilon(1e-6));
    REQUIRE(all->kinds.back().kind == RemedyKind::rollback);
    CHECK(two->kinds[0].log_probability - two->kinds[1].log_probability ==
          doctest::Approx(all->kinds.back().log_probability - all->kinds[0].log_probability)
              .epsilon(0.05));

    const Result<Ranking> late = oracle.ask({.lines = {"never asked before"}}, 1ms);
    REQUIRE_FALSE(late);
    CHECK(late.error().fault == Fault::late);
    CHECK(oracle.ask(bad_deploy, 50s));

    llm::LlmSettings other = settings;
    std::get<llm::ModelPlace>(other.server).model = "another";
    Running lost(world, other);
    const bool is_told = world.wait_until(
        [&] { return lost->state().contains("the server has no model \"another\""); }, 30s);
    CHECK_MESSAGE(is_told, lost->state());
}

}  // namespace homeostat::conformance
