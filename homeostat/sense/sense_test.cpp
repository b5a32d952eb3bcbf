#include "homeostat/sense/sense.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::sense {

namespace {

using namespace std::chrono_literals;

Reading edge_reading(std::uint64_t requests, std::uint64_t errors) {
    EdgeReading reading;
    reading.subject = {SubjectKind::service, "payments"};
    reading.counters.requests_total = requests;
    reading.counters.errors_total = errors;
    return reading;
}

Reading log_reading(std::vector<std::string> lines) {
    LogReading reading;
    reading.instance = InstanceId("payments-0");
    reading.lines = std::move(lines);
    return reading;
}

std::vector<double> values_of(const std::vector<Signal>& signals, SignalKind kind) {
    std::vector<double> values;
    for (const Signal& signal : signals) {
        if (signal.kind == kind) {
            values.push_back(signal.value);
        }
    }
    return values;
}

std::vector<Signal> take(State& state, Reading reading, Instant now = Instant{1h}) {
    const std::vector<Reading> readings{std::move(reading)};
    return signals_of(state, readings, now);
}

}  // namespace

TEST_CASE("totals become deltas, the first reading gives none, and a restart counts from zero") {
    State state;
    CHECK(values_of(take(state, edge_reading(1'000, 10)), SignalKind::requests_count).empty());
    const std::vector<Signal> second = take(state, edge_reading(1'050, 12));
    CHECK(values_of(second, SignalKind::requests_count) == std::vector<double>{50});
    CHECK(values_of(second, SignalKind::errors_count) == std::vector<double>{2});
    const std::vector<Signal> restarted = take(state, edge_reading(7, 1));
    CHECK(values_of(restarted, SignalKind::requests_count) == std::vector<double>{7});
    CHECK(values_of(restarted, SignalKind::errors_count) == std::vector<double>{1});
}

TEST_CASE("an obstacle is told by its kind and its number, also when it is over") {
    State state;
    const Subject service{SubjectKind::service, "payments"};
    for (const std::uint32_t count : {2U, 0U}) {
        const std::vector<Signal> signals =
            take(state, ObstacleReading{service, Obstacle::no_room, count, Instant{1h}});
        REQUIRE(signals.size() == 1);
        CHECK(signals.front().kind == SignalKind::obstacle_count);
        CHECK(signals.front().obstacle == Obstacle::no_room);
        CHECK(signals.front().observer == Observer::process);
        CHECK(signals.front().subject == service);
        CHECK(signals.front().value == count);
    }
    const std::vector<Signal> of_edge =
        take(state, ObstacleReading{service, Obstacle::sends_to_nobody, 3, Instant{1h}});
    CHECK(of_edge.front().observer == Observer::edge);
}

TEST_CASE("a template is new after the warm-up only, once, and the text is in no signal") {
    State state;
    const Instant start{1h};
    CHECK(values_of(take(state, log_reading({"INFO ready"}), start), SignalKind::template_is_new)
              .empty());
    const std::vector<Signal> later = take(
        state, log_reading({"ERROR secret-word broke", "ERROR secret-word broke"}), start + 6s);
    CHECK(values_of(later, SignalKind::template_is_new) == std::vector<double>{1});
    CHECK(values_of(later, SignalKind::lines_count) == std::vector<double>{2});
    for (const Signal& signal : later) {
        CHECK(signal.name.empty());
        CHECK(signal.template_id.text().find("secret") == std::string::npos);
    }
    const std::vector<Signal> again =
        take(state, log_reading({"ERROR secret-word broke"}), start + 7s);
    CHECK(values_of(again, SignalKind::template_is_new).empty());
}

TEST_CASE("what lines claim goes with their count, by the operator's glosses before the shipped") {
    State state;
    const auto claimed = [&](const std::string& line) {
        return take(state, log_reading({line})).front().trouble;
    };
    CHECK(claimed("INFO ready") == std::nullopt);
    CHECK(claimed("ERROR connection refused") == Trouble::connection_refused);
    CHECK(claimed("ERROR the teapot is short and stout") == std::nullopt);
    state.lexicon.emplace(std::vector<UserGloss>{
        {.pattern = "teapot", .words = "is a teapot", .kind = GlossClass::config},
        {.pattern = "connection refused", .words = "as usual", .kind = GlossClass::client}});
    CHECK(claimed("ERROR the teapot is short and stout") == Trouble::config_error);
    CHECK(claimed("ERROR connection refused") == std::nullopt);
}

TEST_CASE("of a flood of shapes one reading finds 64, and the rest of it is overflow") {
    State state;
    std::vector<std::string> lines;
    for (char a = 'a'; a <= 'z'; ++a) {
        for (char b = 'a'; b <= 'z'; ++b) {
            lines.push_back(std::string("shape ") + a + b);
        }
    }
    const std::vector<Signal> signals = take(state, log_reading(lines));
    CHECK(state.templates.size() == 64);
    CHECK(std::ranges::any_of(signals, [](const Signal& signal) {
        return signal.template_id == overflow_template() && signal.value == 26 * 26 - 64;
    }));
}

TEST_CASE("how a process ended is said only when it is known") {
    State state;
    ProcessReading reading;
    reading.instance = InstanceId("payments-0");
    CHECK(values_of(take(state, reading), SignalKind::has_ended_well).empty());
    reading.exit_status = 0;
    CHECK(values_of(take(state, reading), SignalKind::has_ended_well) == std::vector<double>{1});
    reading.exit_status = 9;
    CHECK(values_of(take(state, reading), SignalKind::has_ended_well) == std::vector<double>{0});
}

TEST_CASE("a limit of memory and who reached it are said of the dead and the living, where known") {
    for (const bool is_alive : {true, false}) {
        State state;
        ProcessReading reading;
        reading.instance = InstanceId("payments-0");
        reading.is_alive = is_alive;
        reading.at = Instant{} + 20s;
        CHECK(values_of(take(state, reading), SignalKind::memory_limit_bytes).empty());
        CHECK(values_of(take(state, reading), SignalKind::memory_killed_seconds).empty());
        reading.memory_limit_bytes = 1000;
        reading.memory_killed_at = Instant{} + 13s;
        const std::vector<Signal> signals = take(state, reading);
        CHECK(values_of(signals, SignalKind::memory_limit_bytes) == std::vector<double>{1000});
        CHECK(values_of(signals, SignalKind::memory_killed_seconds) == std::vector<double>{7});
    }
}

TEST_CASE("a look at a cache becomes its two counts, by whoever looked") {
    State state;
    CacheReading reading;
    reading.cache = CacheId("quotes");
    reading.observer = Observer::journey;
    reading.keys_count = 5;
    reading.stale_count = 2;
    const std::vector<Signal> signals = take(state, reading);
    CHECK(values_of(signals, SignalKind::keys_count) == std::vector<double>{5});
    CHECK(values_of(signals, SignalKind::stale_count) == std::vector<double>{2});
    for (const Signal& signal : signals) {
        CHECK(signal.subject == Subject{SubjectKind::cache, "quotes"});
        CHECK(signal.observer == Observer::journey);
    }
}

TEST_CASE("an answer of a check becomes one signal about its task") {
    State state;
    for (const bool is_well : {true, false}) {
        const std::vector<Signal> signals =
            take(state, CheckReading{TaskId("purge"), is_well, instant_of_ns(7)});
        REQUIRE(signals.size() == 1);
        CHECK(signals.front().kind == SignalKind::is_well);
        CHECK(signals.front().observer == Observer::check);
        CHECK(signals.front().subject == Subject{SubjectKind::task, "purge"});
        CHECK(signals.front().value == (is_well ? 1 : 0));
        CHECK(signals.front().at == instant_of_ns(7));
    }
}

}  // namespace homeostat::sense
