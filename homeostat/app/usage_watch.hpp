#pragma once

// UsageWatch: measures what the agent costs, and writes an hour of it down at a time.
//
// Looks at two files of /proc each half minute. Whatever fails here is told of once.
//
// Lives on one strand.

#include "homeostat/app/own_usage.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/os/kept_path.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace homeostat::app {

struct UsageWatchOptions {
    os::KeptPath file;
    /// The model's server that we have started; 0: none.
    std::function<std::int32_t()> model_pid;
    std::function<void(const std::string&)> log;
    std::uint32_t services_count{1};  ///< That this process guards.
    Duration sample_every{std::chrono::seconds{30}};
    Duration write_every{std::chrono::hours{1}};
    Duration look_every{std::chrono::seconds{1}};  ///< For the end.
};

class UsageWatch {
  public:
    /// REQUIRES: `clock` outlives it.
    UsageWatch(ports::Clock& clock, UsageWatchOptions options);

    /// Until `stop`. Once, in a task of its own.
    Task<void> run();

    /// Writes what there is of an hour, if it is a minute.
    void stop();

  private:
    void sample();
    void write(Duration span_min);
    void note(const Result<void>& written);

    ports::Clock& clock_;
    UsageWatchOptions options_;
    UsageMeter meter_;
    std::string trouble_;  ///< Told last.
    bool is_stopping_{false};
};

}  // namespace homeostat::app
