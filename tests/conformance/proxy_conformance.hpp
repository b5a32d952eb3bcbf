#pragma once

// What holds of the switches of every real proxy that the suites start (HaproxyWorld, EnvoyWorld):
// circuits, and ways round a cache.
//
// For tests only. Each check makes worlds of its own, one for each promise.

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/run_for_test.hpp"

#include "circuit_conformance.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>

namespace homeostat::conformance {

/// What ends overrides in this world, if that is a process of its own.
template <class World>
void let_watchdog_look(World& world) {
    if constexpr (requires { world.pass(); }) {
        static_cast<void>(world.pass());
    }
}

template <class World>
class ProxyCircuit final : public CircuitWorld {
  public:
    explicit ProxyCircuit(std::chrono::milliseconds circuit_lasts)
        : world_(World::with_checks, circuit_lasts) {
        set_well(true);
    }
    ServiceId neighbour() override { return ServiceId("fraud"); }
    Outcome perform(Step step) override { return world_.perform(std::move(step)); }
    Result<EdgeFacts> read() override { return world_.read(); }
    Answered call() override {
        const Result<net::HttpResponse> reply = world_.call_fraud();
        if (!reply || reply->status != 200) {
            return Answered::by_nobody;
        }
        return reply->body == "fallback" ? Answered::by_fallback : Answered::by_neighbour;
    }
    void set_well(bool is_well) override {
        world_.p0.set_healthy(is_well);
        wait_until([&] { return circuit_in(*this).is_answering() == is_well; });
    }
    void wait_until(const std::function<bool()>& holds) override {
        net::run_until_for_test(world_.context, [&] {
            let_watchdog_look(world_);
            return holds();
        });
    }

  private:
    World world_;
};

/// Who answers a reader of the cache.
template <class World>
std::string reader_of(World& world) {
    const Result<net::HttpResponse> answer = world.read_quotes();
    return answer ? answer->body : answer.error().text;
}

template <class World>
RouteFacts route_in(World& world) {
    const Result<EdgeFacts> facts = world.read();
    REQUIRE(facts);
    REQUIRE(facts->routes.size() == 1);
    CHECK(facts->routes.front().cache == CacheId("quotes"));
    return facts->routes.front();
}

inline SetRoute to_source() {
    return {CacheId("quotes"), true};
}
inline SetRoute back_from_source() {
    return {CacheId("quotes"), false};
}

template <class World>
void check_route_conformance() {
    using namespace std::chrono_literals;
    SUBCASE("readers go to the source once they are sent there, and back once they are sent back") {
        World world;
        const std::string by_cache = reader_of(world);
        CHECK_FALSE(route_in(world).is_to_source);
        CHECK(world.perform(to_source()).kind == OutcomeKind::done);
        CHECK(route_in(world).is_to_source);
        CHECK(reader_of(world) != by_cache);
        CHECK(world.perform(to_source()).kind == OutcomeKind::done);
        CHECK(world.perform(back_from_source()).kind == OutcomeKind::done);
        CHECK_FALSE(route_in(world).is_to_source);
        CHECK(reader_of(world) == by_cache);
        CHECK(world.perform(back_from_source()).kind == OutcomeKind::done);
    }
    SUBCASE("the edge says whether the source could take the readers") {
        World world(World::with_checks);
        for (const bool is_well : {true, false, true}) {
            world.p1.set_healthy(is_well);
            net::run_until_for_test(
                world.context, [&] { return route_in(world).is_source_answering() == is_well; });
        }
    }
    SUBCASE("readers that nobody sends back go back by themselves, however much they read") {
        World world(!World::with_checks, 1s);
        const std::string by_cache = reader_of(world);
        REQUIRE(world.perform(to_source()).kind == OutcomeKind::done);
        net::run_until_for_test(world.context, [&] {
            let_watchdog_look(world);
            static_cast<void>(route_in(world));
            return reader_of(world) == by_cache;
        });
        CHECK_FALSE(route_in(world).is_to_source);
    }
    SUBCASE("a route and a circuit are turned each by itself") {
        World world;
        const std::string by_cache = reader_of(world);
        REQUIRE(world.perform(to_source()).kind == OutcomeKind::done);
        REQUIRE(world.perform(SetCircuit{ServiceId("fraud"), true}).kind == OutcomeKind::done);
        CHECK(reader_of(world) != by_cache);
        CHECK(world.call_fraud()->body == "fallback");
        REQUIRE(world.perform(back_from_source()).kind == OutcomeKind::done);
        CHECK(reader_of(world) == by_cache);
        CHECK(world.call_fraud()->body == "fallback");
    }
    SUBCASE("a cache that is not declared is refused, and nobody is sent anywhere") {
        World world;
        const std::string by_cache = reader_of(world);
        for (const char* name : {"strangers", "", "quotes;quit", "fraud"}) {
            CHECK(world.perform(SetRoute{CacheId(name), true}).kind == OutcomeKind::refused);
        }
        CHECK(reader_of(world) == by_cache);
    }
}

}  // namespace homeostat::conformance
