#pragma once

// World: a directory, real processes in it and the means to see and end them. For tests only.
//
// Every process of a world carries its directory in its environment, so a test counts what really
// runs and not what a record says; whatever is left at the end is killed.

#include "homeostat/adapters/process/options.hpp"
#include "homeostat/adapters/process/runtime.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::guard {

/// Stands in for guard's own: these tests link no guard, and only a Gate can make a Permit.
class Gate {
  public:
    static Permit permit(EffectId effect, Step step) {
        return Permit{std::move(effect), std::move(step)};
    }
};

}  // namespace homeostat::guard

namespace homeostat::adapters::process {

class RealClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] WallTime wall_now() const override;
    Task<void> sleep_until(Instant at) override;
};

/// Runs a task to its end on a loop of its own.
template <class T>
T run(Task<T> task) {
    boost::asio::io_context io;
    std::future<T> result = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
    io.run();
    return result.get();
}

class World {
  public:
    World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const InstanceId& instance() const { return options.instances.front().id; }
    [[nodiscard]] Instant soon(int seconds = 10) const {
        return clock.now() + std::chrono::seconds{seconds};
    }
    /// A runtime as a guard that has just come would make it.
    [[nodiscard]] std::unique_ptr<Runtime> runtime();
    [[nodiscard]] RuntimeInstance facts();
    [[nodiscard]] InstanceRecord record();

    Outcome replace(const std::string& effect,
                    ProcessIdentity expected,
                    const std::string& version = "");
    Outcome stop(const std::string& effect, ProcessIdentity expected);
    Outcome swap(const std::string& effect, const std::string& from, const std::string& to);

    /// Pids of this world's processes that have not ended, without the shims.
    [[nodiscard]] std::vector<std::int32_t> instances_alive() const;
    [[nodiscard]] std::vector<std::int32_t> shims_alive() const;

    void write(const std::string& name, const std::string& text) const;
    void make_version(const std::string& name) const;
    /// Points `current` at a version as a deploy tool does.
    void deploy(const std::string& version) const;

    mutable RealClock clock;
    Options options;  ///< One instance, `sleep 1000`, no versions; a test changes what matters.

  private:
    [[nodiscard]] std::vector<std::int32_t> processes(bool are_shims) const;

    std::string path_;
};

/// Does something in a process of its own, which is killed when it reaches the phase. False: it did
/// not reach it.
[[nodiscard]] bool dies_at(World& world, Phase phase, const std::function<void()>& act);

/// Waits until the condition holds; false after ten seconds.
bool eventually(const std::function<bool()>& holds);

}  // namespace homeostat::adapters::process
