// homeostat envoy-watchdog: ends overrides at Envoy whose time is over. It knows neither agent nor
// configuration, so that nothing that befalls them can keep it from its work.

#include "homeostat/adapters/envoy/watchdog.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace homeostat::app {

namespace {

constexpr auto looks_every = std::chrono::milliseconds{250};
/// Whoever asks whether a watchdog lives holds its lock for a moment.
constexpr int takes_max = 20;

Result<adapters::envoy::Watchdog> take(const std::string& directory) {
    Result<adapters::envoy::Watchdog> watchdog = adapters::envoy::Watchdog::take(directory);
    for (int count = 1; count < takes_max && !watchdog; ++count) {
        if (watchdog.error().fault != Fault::busy) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        watchdog = adapters::envoy::Watchdog::take(directory);
    }
    return watchdog;
}

}  // namespace

ExitStatus watch_envoy(const std::filesystem::path& directory) {
    Result<adapters::envoy::Watchdog> watchdog =
        take(std::filesystem::absolute(directory).string());
    if (!watchdog) {
        fmt::print(stderr, "envoy-watchdog: {}\n", watchdog.error().text);
        return ExitStatus::usage;
    }
    fmt::print(stderr, "envoy-watchdog: watching {}\n", directory.string());
    std::string told;  // One trouble is told of once, however long it lasts.
    while (true) {
        const Result<std::vector<std::string>> ended = watchdog->pass(os::read_wall_clock());
        if (!ended && ended.error().text != told) {
            told = ended.error().text;
            fmt::print(stderr, "envoy-watchdog: nothing is ended: {}\n", told);
        }
        for (const std::string& key : ended.value_or(std::vector<std::string>{})) {
            told.clear();
            fmt::print(stderr, "envoy-watchdog: ended {}\n", key);
        }
        std::this_thread::sleep_for(looks_every);
    }
}

}  // namespace homeostat::app
