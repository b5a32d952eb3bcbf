#include "homeostat/app/sink_states.hpp"

#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

constexpr WallTime noon{1'732'000'000'000ms};

/// A configuration with one sink, whose directory goes away.
struct Place {
    Place() {
        std::string name = (std::filesystem::temp_directory_path() / "sinks_XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        config.sinks_directory = name;
        config.sinks.push_back({.name = "audit", .nats = NatsSinkConfig{}});
    }
    ~Place() { std::filesystem::remove_all(config.sinks_directory); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Config config;
};

}  // namespace

TEST_CASE("the states that a shipper wrote are read as they were") {
    const Place place;
    SinkState state{.name = "audit", .kind = "nats", .standing = SinkStanding::following};
    state.next_group = 17;
    state.lag_groups = 3;
    state.lag_seconds = 2;
    state.entries_sent = 40;
    REQUIRE(write_sink_states(sink_states_file(place.config), {noon, 42, {state}}));
    CHECK(sink_states_now(place.config, noon + 5s) == std::vector{state});
}

TEST_CASE("no file, an old one, one of other sinks and a spoiled one are told of, each its way") {
    const Place place;
    const auto trouble = [&](WallTime now) {
        const std::vector<SinkState> states = sink_states_now(place.config, now);
        REQUIRE(states.size() == 1);
        CHECK(states[0].name == "audit");
        CHECK(states[0].standing == SinkStanding::starting);
        return states[0].trouble;
    };
    CHECK(trouble(noon).contains("nothing of it yet"));
    SinkState state{.name = "audit", .kind = "nats", .standing = SinkStanding::following};
    const std::filesystem::path file = sink_states_file(place.config);
    REQUIRE(write_sink_states(file, {noon, 42, {state}}));
    CHECK(trouble(noon + 31s).contains("does not run"));
    state.kind = "postgres";
    REQUIRE(write_sink_states(file, {noon, 42, {state}}));
    CHECK(trouble(noon).contains("nothing of it yet"));
    REQUIRE(os::write_file_atomically(file.string(), "{\"sinks\":"));
    CHECK(trouble(noon).contains(file.string()));
}

TEST_CASE("without sinks there is nobody to ask") {
    CHECK(sink_states_now({}, noon).empty());
    CHECK_FALSE(sink_reader_of(Config{}));
}

}  // namespace homeostat::app
