// The oracle over the OpenAI-compatible API of the real model server: what it says there and by its
// own API is the same model's opinion. Needs build/model; without it the suite is skipped.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/adapters/system/system_clock.hpp"

#include "llm_world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace homeostat::conformance {

using namespace std::chrono_literals;

namespace {

bool is_skipped() {
    const bool has_model = fs::exists(model_directory() / "llama-server") && !model_file().empty();
    if (!has_model) {
        std::puts("SKIPPED: no model in build/model; run tools/model/setup.sh");
    }
    return !has_model;
}

llm::LlmSettings asked_by(llm::ModelApi api,
                          const llm::ModelServer& server,
                          std::string model = {}) {
    return {.server = llm::ModelPlace{server.endpoint(), api, std::move(model)},
            .self_test_within = 40s};
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

}  // namespace homeostat::conformance
