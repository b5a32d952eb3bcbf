#include "homeostat/adapters/kubernetes/patient_api.hpp"

#include "homeostat/adapters/kubernetes/api_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::adapters::kubernetes {

namespace {

using namespace std::chrono_literals;

const std::string configs = "/api/v1/namespaces/shop/configmaps";

struct Patience {
    SkippingClock clock;
    FakeApi server{clock};
    PatientApi api{server, clock};
    int arrivals_count{0};

    Patience() {
        server.before_get = [this](const std::string&) { arrivals_count += 1; };
        server.before_write = [this](const ApiWrite&) { arrivals_count += 1; };
    }
    [[nodiscard]] Result<ApiReply> get() { return run_at_once(api.get(configs, clock.now() + 5s)); }
    [[nodiscard]] Result<ApiReply> write() {
        return run_at_once(api.write({.method = "POST",
                                      .path = configs,
                                      .content_type = "application/json",
                                      .body = R"({"metadata":{"generateName":"c-"}})"},
                                     clock.now() + 5s));
    }
    /// The next reply asks for so much.
    void ask_for(Duration patience) {
        ApiReply no = status_reply(429, "TooManyRequests", "later");
        no.retry_after = patience;
        server.get_troubles.emplace_back(Trouble{.answer = no});
    }
};

}  // namespace

TEST_CASE("a server that asks for patience is asked nothing until its time is over") {
    Patience world;
    world.ask_for(7s);
    REQUIRE(world.get()->status == 429);
    world.clock.pass(6'900ms);
    for (const Result<ApiReply>& reply : {world.get(), world.write()}) {
        REQUIRE_FALSE(reply);
        CHECK(reply.error().fault == Fault::unreachable);  // Nothing was sent.
        CHECK(reply.error().text.contains("has asked for patience"));
    }
    CHECK(world.arrivals_count == 1);
    world.clock.pass(100ms);
    CHECK(world.write()->is_ok());
    CHECK(world.get()->is_ok());
}

TEST_CASE("a server that says no without asking for patience is asked again at once") {
    Patience world;
    world.ask_for(0s);
    REQUIRE(world.get()->status == 429);
    CHECK(world.write()->is_ok());
}

TEST_CASE("a disruption budget that is in flux is no server that asks for patience") {
    Patience world;
    ApiReply no = status_reply(429, "TooManyRequests",
                               "Cannot evict pod as it would violate the pod's disruption budget.");
    no.retry_after = 10s;  // SOURCE: createTooManyRequestsError, registry/core/pod/storage.
    world.server.write_troubles.emplace_back(Trouble{.answer = no});
    const Result<ApiReply> reply =
        run_at_once(world.api.write({.method = "POST",
                                     .path = "/api/v1/namespaces/shop/pods/pay-1/eviction",
                                     .content_type = "application/json",
                                     .body = "{}"},
                                    world.clock.now() + 5s));
    REQUIRE(reply->status == 429);
    CHECK(world.get()->is_ok());
}

TEST_CASE("a server that asks for an hour is asked again after a minute") {
    Patience world;
    world.ask_for(1h);
    REQUIRE(world.get()->status == 429);
    world.clock.pass(patience_max - 1ms);
    CHECK_FALSE(world.get());
    world.clock.pass(1ms);
    CHECK(world.get());
}

}  // namespace homeostat::adapters::kubernetes
