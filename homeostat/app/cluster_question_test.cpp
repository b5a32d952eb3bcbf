#include "homeostat/app/cluster_question.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace homeostat::app {

namespace {

namespace kubernetes = adapters::kubernetes;
using kubernetes::ApiReply;
using namespace std::chrono_literals;

constexpr std::size_t gets_max = 1000;  // More than fit in the time there is.

/// A server that says the same of the Deployment each time, and something of the Service.
struct QuestionWorld {
    kubernetes::WaitedClock clock;
    kubernetes::ScriptedApi api;
    kubernetes::Options options;
    Result<ApiReply> deployment{ApiReply{.status = 200, .body = kubernetes::deployment_object({})}};
    std::size_t services_ill_count{0};  ///< So many answers about the Service are a 503.

    QuestionWorld() {
        options.name_space = "shop";
        options.deployment = "payments";
        options.service_object = "payments";
        api.on_get = [this](const std::string& path) { return answer(path); };
    }
    Result<ApiReply> answer(const std::string& path) {
        REQUIRE(api.paths_asked.size() < gets_max);
        if (!path.contains("/services/")) {
            return deployment;
        }
        if (services_ill_count > 0) {
            --services_ill_count;
            return ApiReply{.status = 503};
        }
        return ApiReply{.status = 200, .body = json::value(json::object())};
    }
    ClusterAnswer ask() {
        ClusterAnswer told;
        boost::asio::io_context context;
        net::run_for_test(context, ask_cluster(api, clock, options, clock.now() + 15s, told));
        return told;
    }
};

}  // namespace

TEST_CASE("a server that answers nothing, or has no time for anybody, was not heard") {
    QuestionWorld world;
    const auto silent = std::to_array<Result<ApiReply>>(
        {fail(Fault::unreachable, "refused"), fail(Fault::late, "no answer"),
         ApiReply{.status = 503}, ApiReply{.status = 429}});
    for (const Result<ApiReply>& one : silent) {
        world.api.paths_asked.clear();
        world.deployment = one;
        const ClusterAnswer told = world.ask();
        CHECK_FALSE(told.is_heard);
        REQUIRE_FALSE(told.deployment);
        CHECK(may_pass(told.deployment.error()));
        CHECK(world.api.paths_asked.size() > 10);
    }
}

TEST_CASE("a Deployment whose controller lags behind is late, and its server was heard") {
    QuestionWorld world;
    world.deployment = ApiReply{
        .status = 200,
        .body = kubernetes::deployment_object({.generation = 5, .observed_generation = 4})};
    const ClusterAnswer told = world.ask();
    REQUIRE_FALSE(told.deployment);
    CHECK(told.deployment.error().fault == Fault::late);
    CHECK(told.is_heard);
}

TEST_CASE("the Service is asked for again where the server had no time for it once") {
    QuestionWorld world;
    world.services_ill_count = 3;
    const ClusterAnswer told = world.ask();
    CHECK(told.deployment);
    CHECK(told.service);
    CHECK(world.api.paths_asked.size() == 5);
}

TEST_CASE("a Service that is ill for good is an error of one service, and the server was heard") {
    QuestionWorld world;
    world.services_ill_count = gets_max;
    const ClusterAnswer told = world.ask();
    REQUIRE_FALSE(told.service);
    CHECK(told.service.error().text.contains("the Service payments"));
    CHECK(told.is_heard);
}

TEST_CASE("what is refused is not asked for again") {
    QuestionWorld world;
    world.deployment = ApiReply{.status = 403};
    const ClusterAnswer told = world.ask();
    CHECK_FALSE(told.deployment);
    CHECK(told.is_heard);
    CHECK(world.api.paths_asked.size() == 1);
}

}  // namespace homeostat::app
