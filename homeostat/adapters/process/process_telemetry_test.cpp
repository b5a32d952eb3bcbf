#include "homeostat/adapters/process/process_telemetry.hpp"

#include "homeostat/adapters/process/log_telemetry.hpp"
#include "homeostat/adapters/process/world_for_test.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <doctest/doctest.h>

#include <signal.h>
#include <unistd.h>

#include <string>

namespace homeostat::adapters::process {

namespace asio = boost::asio;

namespace {

/// A telemetry and the loop that it lives on.
struct Sensed {
    World world;
    asio::io_context io;

    ProcessTelemetry telemetry() {
        return ProcessTelemetry{world.options, os::read_boot_id().value(), io.get_executor(),
                                world.clock};
    }
    template <class T>
    T on_loop(Task<T> task) {
        std::future<T> result = asio::co_spawn(io, std::move(task), asio::use_future);
        io.restart();
        while (result.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
            io.run_one();
        }
        return result.get();
    }
    ProcessReading read(ProcessTelemetry& telemetry) {
        const auto readings = on_loop(telemetry.read(Instant::max()));
        REQUIRE(readings.has_value());
        REQUIRE(readings->size() == 1);
        return std::get<ProcessReading>(readings->front());
    }
};

/// True if an exit was noticed before the time was up.
Task<bool> notices_exit(ProcessTelemetry* telemetry, RealClock* clock, Duration within) {
    using asio::experimental::awaitable_operators::operator||;
    Task<void> exit = telemetry->wait_for_exit();
    Task<void> sleep = clock->sleep_until(clock->now() + within);
    const auto first = co_await (std::move(exit) || std::move(sleep));
    co_return first.index() == 0;
}

}  // namespace

TEST_CASE("a reading tells the process, its size and its age") {
    Sensed sensed;
    ProcessTelemetry telemetry = sensed.telemetry();
    CHECK(!sensed.read(telemetry).is_alive);
    const Instant before = sensed.world.clock.now();
    REQUIRE(sensed.world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    const ProcessReading reading = sensed.read(telemetry);
    CHECK(reading.is_alive);
    CHECK(reading.identity == sensed.world.record().identity());
    CHECK(reading.resident_bytes > 100'000);
    CHECK(reading.started_at > before);
    CHECK(!reading.exit_status);
}

TEST_CASE("an exit wakes the waiter at once, and only one that came since the last read") {
    Sensed sensed;
    REQUIRE(sensed.world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    ProcessTelemetry telemetry = sensed.telemetry();
    const ProcessReading alive = sensed.read(telemetry);
    constexpr Duration moment = std::chrono::milliseconds{50};
    CHECK(!sensed.on_loop(notices_exit(&telemetry, &sensed.world.clock, moment)));

    ::kill(alive.identity.pid, SIGKILL);
    const Instant killed_at = sensed.world.clock.now();
    CHECK(sensed.on_loop(notices_exit(&telemetry, &sensed.world.clock, std::chrono::seconds{5})));
    MESSAGE("noticed after " << to_ms(sensed.world.clock.now() - killed_at) << " ms");
    CHECK(!sensed.read(telemetry).is_alive);
    CHECK(!sensed.on_loop(notices_exit(&telemetry, &sensed.world.clock, moment)));
    CHECK(eventually([&] { return sensed.read(telemetry).exit_status == SIGKILL; }));
}

TEST_CASE("an exit between a read and the wait is not missed, nor is one of a successor") {
    Sensed sensed;
    REQUIRE(sensed.world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    ProcessTelemetry telemetry = sensed.telemetry();
    for (const char* effect : {"i-1.e2", "i-1.e3"}) {
        const ProcessReading alive = sensed.read(telemetry);
        REQUIRE(alive.is_alive);
        ::kill(alive.identity.pid, SIGKILL);
        CHECK(eventually([&] { return sensed.world.instances_alive().empty(); }));
        CHECK(
            sensed.on_loop(notices_exit(&telemetry, &sensed.world.clock, std::chrono::seconds{5})));
        REQUIRE(sensed.world.replace(effect, {}).kind == OutcomeKind::done);
    }
}

TEST_CASE("what an instance writes on both outputs is read, through rotations too") {
    World world;
    world.options.log_bytes_max = 20'000;
    world.options.command = {
        "/bin/sh", "-c",
        "i=0; while [ $i -lt 1500 ]; do i=$((i+1)); echo line $i of the log; "
        "[ $((i % 2)) = 0 ] || echo odd $i >&2; [ $((i % 10)) = 0 ] && sleep 0.01; done; "
        "echo last; sleep 1000"};
    LogTelemetry telemetry{world.options, world.clock};
    REQUIRE(world.replace("i-1.e1", {}).kind == OutcomeKind::done);
    std::size_t lines_count = 0;
    std::uint64_t dropped_count = 0;
    std::string last;
    const auto read_on = [&] {
        const auto readings = run(telemetry.read(Instant::max()));
        REQUIRE(readings.has_value());
        for (const Reading& reading : *readings) {
            const auto& log = std::get<LogReading>(reading);
            lines_count += log.lines.size();
            dropped_count += log.lines_dropped_count;
            last = log.lines.empty() ? last : log.lines.back();
        }
        return last == "last";
    };
    CHECK(eventually(read_on));
    // One line may fall between copy and cut at each rotation (shim/instance_log.hpp).
    CHECK(lines_count + dropped_count >= 2251 - 4);
    CHECK(lines_count <= 2251);
}

}  // namespace homeostat::adapters::process
