// The oracle over the real model server with the real weights, and over everything that such a
// server can do wrong. Needs build/model (tools/model/setup.sh); without it the suite is skipped.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/os/confinement.hpp"

#include "llm_world.hpp"
#include "relay.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::conformance {

using namespace std::chrono_literals;

namespace {

constexpr Duration start_within = 40s;  // A busy machine runs this test beside others.

/// The real server, a relay in front of it, and an oracle that knows only the relay.
struct Relayed {
    explicit Relayed(World& world)
        : server(*llm::ModelServer::start(world.server())),
          relay(upstream_of(server)),
          oracle(world,
                 {.server =
                      llm::ModelPlace{net::TcpEndpoint{.host = "127.0.0.1", .port = relay.port()}},
                  .self_test_within = 20s}) {}

    llm::ModelServer server;
    Relay relay;
    Running oracle;
};

/// What /proc says of a process.
std::string told_of(std::int32_t pid, const std::string& file) {
    std::ifstream stream("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

double sum_of(const Ranking& ranking) {
    double sum = 0;
    for (const RankedKind& ranked : ranking.kinds) {
        sum += std::exp(ranked.log_probability);
    }
    return sum;
}

}  // namespace

TEST_CASE("the real model ranks exactly the permitted kinds, and only reads what is new") {
    if (is_skipped()) {
        return;
    }
    World world;
    llm::ModelServerSettings settings = world.server();
    settings.priority = llm::CpuPriority::idle;
    Running oracle(world, {.server = settings});
    REQUIRE_MESSAGE(oracle.becomes_ready(), oracle->state());
    CHECK(oracle->state() == "ready: " + model_file().stem().string());

    const Result<Ranking> all = oracle.ask(bad_deploy, 10s);
    REQUIRE_MESSAGE(all, all.error().text);
    REQUIRE(all->kinds.size() == every_kind.size());
    CHECK(sum_of(*all) == doctest::Approx(1).epsilon(1e-3));
    CHECK(all->tokens_cached_count > 50);
    CHECK(all->model.starts_with(model_file().stem().string() + " sha256:"));
    CHECK(all->prompt_digest.size() == 64);

    SUBCASE("a smaller menu is the same opinion, scaled") {
        // Once more, so that both find all of the prompt read: read in one piece with its end, a
        // token's logits round otherwise than alone.
        const Result<Ranking> again = oracle.ask(bad_deploy, 10s);
        REQUIRE(again);
        const std::vector<RemedyKind> some{RemedyKind::rollback, RemedyKind::observe};
        const Result<Ranking> two =
            world.await(oracle->rank(bad_deploy, some, world.clock().now() + 10s));
        REQUIRE(two);
        REQUIRE(two->kinds.size() == 2);
        CHECK(sum_of(*two) == doctest::Approx(1).epsilon(1e-3));
        CHECK(two->kinds[0].kind == RemedyKind::rollback);
        REQUIRE(again->kinds.back().kind == RemedyKind::rollback);
        const double odds_of_two = two->kinds[0].log_probability - two->kinds[1].log_probability;
        const double odds_of_all =
            again->kinds.back().log_probability - again->kinds[0].log_probability;
        CHECK(odds_of_two == doctest::Approx(odds_of_all).epsilon(0.02));
        const double neutral_of_two =
            two->kinds[0].neutral_log_probability - two->kinds[1].neutral_log_probability;
        const double neutral_of_all =
            again->kinds.back().neutral_log_probability - again->kinds[0].neutral_log_probability;
        CHECK(neutral_of_two == doctest::Approx(neutral_of_all));
    }
    SUBCASE("a question that comes while another is asked waits for its turn") {
        const Instant until = world.clock().now() + 10s;
        asio::co_spawn(world.executor(),
                       oracle->rank({.lines = {"something else"}}, every_kind, until),
                       asio::detached);
        const Result<Ranking> ranking = oracle.ask(bad_deploy, 10s);
        CHECK(ranking);
    }
    SUBCASE("the server runs at the lowest priority and ends with the oracle") {
        const pid_t pid = oracle->server_pid();
        CHECK(::sched_getscheduler(pid) == SCHED_IDLE);
        oracle.stop();
        CHECK(::kill(pid, 0) == -1);
    }
}

TEST_CASE(
    "a server that hangs costs one deadline, then nothing, and is used again when it is back") {
    if (is_skipped()) {
        return;
    }
    World world;
    Relayed relayed(world);
    REQUIRE_MESSAGE(relayed.oracle.becomes_ready(), relayed.oracle->state());
    relayed.relay.set(Relay::Fault::hang);
    for (int count = 0; count < 3; ++count) {
        const Instant asked_at = world.clock().now();
        const Result<Ranking> ranking = relayed.oracle.ask(bad_deploy, 200ms);
        REQUIRE_FALSE(ranking);
        CHECK(ranking.error().fault == Fault::late);
        CHECK(world.clock().now() - asked_at < 2s);
    }
    const Instant asked_at = world.clock().now();
    const Result<Ranking> ranking = relayed.oracle.ask(bad_deploy, 200ms);
    REQUIRE_FALSE(ranking);
    CHECK(ranking.error().fault == Fault::unreachable);
    CHECK(world.clock().now() - asked_at < 150ms);
    CHECK(relayed.oracle->state().starts_with("down: "));

    relayed.relay.set(Relay::Fault::none);
    REQUIRE(relayed.oracle.becomes_ready());
    CHECK(relayed.oracle.ask(bad_deploy, 10s));
}

TEST_CASE("a server that answers rubbish is refused and named") {
    if (is_skipped()) {
        return;
    }
    World world;
    Relayed relayed(world);
    REQUIRE_MESSAGE(relayed.oracle.becomes_ready(), relayed.oracle->state());

    SUBCASE("bytes of no protocol") {
        relayed.relay.set(Relay::Fault::garbage);
    }
    SUBCASE("a reply cut in the middle") {
        relayed.relay.set(Relay::Fault::cut);
    }
    SUBCASE("HTTP without JSON") {
        relayed.relay.lie("<html>busy</html>");
    }
    SUBCASE("labels that nobody permitted") {
        relayed.relay.lie(R"({"completion_probabilities":[{"top_probs":[{"id":1,"prob":0.25},)"
                          R"({"id":2,"prob":0.25},{"id":3,"prob":0.25},{"id":4,"prob":0.25}]}],)"
                          R"("timings":{"cache_n":1,"prompt_n":1}})");
    }
    SUBCASE("more than a reply can be") {
        relayed.relay.lie(std::string(200'000, '7'));
    }
    const Result<Ranking> ranking = relayed.oracle.ask(bad_deploy, 2s);
    REQUIRE_FALSE(ranking);
    CHECK(ranking.error().fault == Fault::broken);
    CHECK_FALSE(ranking.error().text.empty());

    relayed.relay.set(Relay::Fault::none);
    CHECK(relayed.oracle.becomes_ready());
    CHECK(relayed.oracle.ask(bad_deploy, 10s));
}

TEST_CASE("a server that nobody reaches is down at once and up again when it is back") {
    if (is_skipped()) {
        return;
    }
    World world;
    Relayed relayed(world);
    REQUIRE_MESSAGE(relayed.oracle.becomes_ready(), relayed.oracle->state());
    relayed.relay.set(Relay::Fault::refuse);
    const Result<Ranking> first = relayed.oracle.ask(bad_deploy, 1s);
    REQUIRE_FALSE(first);
    world.wait_until(
        [&] { return !relayed.oracle.ask(bad_deploy, 1s) && !relayed.oracle->is_ready(); }, 5s);
    CHECK_FALSE(relayed.oracle->is_ready());
    relayed.relay.set(Relay::Fault::none);
    CHECK(relayed.oracle.becomes_ready());
}

TEST_CASE("a slow answer counts if it keeps its deadline") {
    if (is_skipped()) {
        return;
    }
    World world;
    Relayed relayed(world);
    REQUIRE_MESSAGE(relayed.oracle.becomes_ready(), relayed.oracle->state());
    relayed.relay.set(Relay::Fault::delay);
    CHECK_FALSE(relayed.oracle.ask(bad_deploy, 100ms));
    const Result<Ranking> patient = relayed.oracle.ask(bad_deploy, 10s);
    REQUIRE(patient);
    CHECK(patient->took > 300ms);
}

TEST_CASE("a vocabulary in which a label is not one token is refused at the start") {
    if (is_skipped()) {
        return;
    }
    World world;
    llm::ModelServer server = *llm::ModelServer::start(world.server());
    Relay relay(upstream_of(server));
    relay.lie(R"({"tokens":[1,2,3],"model_path":"other.gguf"})");
    Running oracle(
        world,
        {.server = llm::ModelPlace{net::TcpEndpoint{.host = "127.0.0.1", .port = relay.port()}}});
    world.wait_until([&] { return oracle->state().starts_with("down: "); }, start_within);
    CHECK(oracle->state().contains("is not one token"));
    CHECK_FALSE(oracle.ask(bad_deploy, 1s));
}

TEST_CASE("a model server that dies or stops is replaced") {
    if (is_skipped()) {
        return;
    }
    World world;
    Running oracle(
        world, {.server = world.server(), .restarts = {.back_off = 50ms}, .self_test_within = 10s});
    REQUIRE_MESSAGE(oracle.becomes_ready(), oracle->state());
    const std::int32_t pid = oracle->server_pid();
    REQUIRE(pid > 0);

    SUBCASE("killed") {
        REQUIRE(::kill(pid, SIGKILL) == 0);
        world.wait_until([&] { return !oracle->is_ready(); }, 5s);
    }
    SUBCASE("stopped: it holds its socket and answers nothing") {
        REQUIRE(::kill(pid, SIGSTOP) == 0);
        for (int count = 0; count < 3; ++count) {
            CHECK_FALSE(oracle.ask(bad_deploy, 100ms));
        }
    }
    CHECK_FALSE(oracle->is_ready());
    CHECK_FALSE(oracle.ask(bad_deploy, 100ms));
    REQUIRE_MESSAGE(oracle.becomes_ready(), oracle->state());
    CHECK(oracle->restarts_count() == 1);
    CHECK(oracle->server_pid() != pid);
    CHECK(::kill(pid, 0) == -1);
    CHECK(oracle.ask(bad_deploy, 10s));
}

TEST_CASE("the real server answers within its bounds, and has nothing of ours") {
    if (is_skipped()) {
        return;
    }
    World world;
    ::setenv("HOMEOSTAT_TEST_TOKEN", "secret", 1);
    Running oracle(world, {.server = world.server()});
    const bool is_ready = oracle.becomes_ready();
    ::unsetenv("HOMEOSTAT_TEST_TOKEN");
    REQUIRE_MESSAGE(is_ready, oracle->state());
    CHECK(oracle.ask(bad_deploy, 10s));
    const std::string environment = told_of(oracle->server_pid(), "environ");
    CHECK(environment.contains("OMP_WAIT_POLICY=passive"));
    CHECK_FALSE(environment.contains("HOMEOSTAT_TEST_TOKEN"));
    CHECK_FALSE(environment.contains("HOME="));
    const std::string status = told_of(oracle->server_pid(), "status");
    CHECK(status.contains("NoNewPrivs:\t1\n"));
    CHECK((status.contains("Seccomp:\t2\n") || !os::confinement_support().network));
    CHECK(told_of(oracle->server_pid(), "oom_score_adj") == "1000\n");
}

TEST_CASE("a model server that has too little memory leaves the rules alone, within its budget") {
    if (is_skipped()) {
        return;
    }
    World world;
    llm::ModelServerSettings settings = world.server();
    settings.memory_bytes_max = std::uint64_t{64} << 20U;
    Running oracle(world, {.server = settings, .restarts = {.restarts_max = 1, .back_off = 1ms}});
    const bool is_spent = world.wait_until(
        [&] { return oracle->restarts_count() == 1 && oracle->server_pid() == 0; }, start_within);
    REQUIRE_MESSAGE(is_spent, oracle->state());
    CHECK(oracle->state().starts_with("down: "));
    CHECK(oracle->state().contains(settings.model_file.string()));
    const Result<Ranking> ranking = oracle.ask(bad_deploy, 1s);
    REQUIRE_FALSE(ranking);
    CHECK(ranking.error().fault == Fault::unreachable);
    world.wait_until([] { return false; }, 300ms);
    CHECK(world.wait_until([&] { return oracle->server_pid() == 0; }, start_within));
    CHECK(oracle->restarts_count() == 1);
}

TEST_CASE("a model file that was cut is told by the server's own last words") {
    if (is_skipped()) {
        return;
    }
    World world;
    llm::ModelServerSettings settings = world.server();
    fs::copy_file(settings.model_file, world.folder() / "cut.gguf");
    fs::resize_file(world.folder() / "cut.gguf", 50'000'000);
    settings.model_file = world.folder() / "cut.gguf";
    Running oracle(world, {.server = settings});
    world.wait_until([&] { return oracle->state().starts_with("down: "); }, start_within);
    CHECK(oracle->state().contains("cut.gguf"));
    CHECK(oracle->state().contains("status 1"));
}

}  // namespace homeostat::conformance
