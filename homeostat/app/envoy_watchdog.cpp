// homeostat envoy-watchdog: ends overrides and marks at Envoy whose time is over. It knows neither
// agent nor configuration, so that nothing that befalls them can keep it from its work.

#include "homeostat/adapters/envoy/sources_watchdog.hpp"
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

namespace envoy = adapters::envoy;

constexpr auto looks_every = std::chrono::milliseconds{250};
/// Whoever asks whether a watchdog lives holds its lock for a moment.
constexpr int takes_max = 20;

template <class Watchdog>
Result<Watchdog> take(const std::string& directory) {
    Result<Watchdog> watchdog = Watchdog::take(directory);
    for (int count = 1; count < takes_max && !watchdog; ++count) {
        if (watchdog.error().fault != Fault::busy) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        watchdog = Watchdog::take(directory);
    }
    return watchdog;
}

/// What of one kind of file was troubling last: one trouble is told of once, however long it lasts.
class Told {
  public:
    void note(const Error& error) {
        if (error.text != text_) {
            text_ = error.text;
            fmt::print(stderr, "envoy-watchdog: nothing is ended: {}\n", text_);
        }
    }
    void clear() { text_.clear(); }

  private:
    std::string text_;
};

void end_overrides(envoy::Watchdog& watchdog, WallTime now, Told& told) {
    const Result<std::vector<std::string>> ended = watchdog.pass(now);
    if (!ended) {
        told.note(ended.error());
        return;
    }
    told.clear();
    for (const std::string& key : *ended) {
        fmt::print(stderr, "envoy-watchdog: ended {}\n", key);
    }
}

void end_marks(envoy::SourcesWatchdog& watchdog, WallTime now, Told& told) {
    const Result<std::size_t> ended = watchdog.pass(now);
    if (!ended) {
        told.note(ended.error());
        return;
    }
    told.clear();
    if (*ended > 0) {
        fmt::print(stderr, "envoy-watchdog: marks ended: {}\n", *ended);
    }
}

}  // namespace

ExitStatus watch_envoy(const std::filesystem::path& directory) {
    const std::string path = std::filesystem::absolute(directory).string();
    Result<envoy::Watchdog> overrides = take<envoy::Watchdog>(path);
    Result<envoy::SourcesWatchdog> marks =
        overrides ? take<envoy::SourcesWatchdog>(path) : std::unexpected(overrides.error());
    if (!marks) {
        fmt::print(stderr, "envoy-watchdog: {}\n", marks.error().text);
        return ExitStatus::usage;
    }
    fmt::print(stderr, "envoy-watchdog: watching {}\n", directory.string());
    Told of_overrides;
    Told of_marks;
    while (true) {
        const WallTime now = os::read_wall_clock();
        end_overrides(*overrides, now, of_overrides);
        end_marks(*marks, now, of_marks);
        std::this_thread::sleep_for(looks_every);
    }
}

}  // namespace homeostat::app
