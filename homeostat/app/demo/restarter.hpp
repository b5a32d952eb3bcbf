#pragma once

// Restarter: restarts what fails its liveness probe or has ended, as a kubelet does. For the demo's
// baselines; Homeostat's own remedies know nothing of it.
//
// Kinder than a kubelet in two ways: it sees an end at once and not with the next look at the
// container runtime, and a start costs no container.
//
// A thread for each instance, so that a probe that waits delays no other.

#include "homeostat/app/demo/policies.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/pidfd.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace homeostat::app::demo {

/// One instance, and how it is reached. Both functions are called from the restarter's threads.
struct RestartTarget {
    net::Endpoint endpoint;
    std::string path;                            ///< Of the health check.
    std::function<Result<os::Pidfd>()> process;  ///< ERRORS: it does not run.
    std::function<Result<void>()> start;         ///< The same version, at the same port.
};

class Restarter {
  public:
    /// Begins at once. The first probes are spread over one period: a fault comes at any time.
    Restarter(std::vector<RestartTarget> targets, Liveness liveness, Rng rng);
    /// What it has begun ends; nothing is restarted afterwards.
    ~Restarter();
    Restarter(const Restarter&) = delete;
    Restarter& operator=(const Restarter&) = delete;

    /// Once this returns, and until `release`, nothing is done to it: a deploy tool has it.
    void hold(std::size_t index);
    /// What the deploy tool leaves is a new instance, without failures or back-off from before.
    void release(std::size_t index);

    [[nodiscard]] std::uint32_t restarts_count() const { return restarts_count_; }

  private:
    struct Watch;
    void run(const std::stop_token& stop, Watch& watch);
    void step(Watch& watch);
    void start_again(Watch& watch);
    void probe(Watch& watch) const;

    Liveness liveness_;
    std::atomic<std::uint32_t> restarts_count_{0};
    std::vector<std::unique_ptr<Watch>> watches_;
    std::vector<std::jthread> threads_;  ///< The last member: they end before what they use.
};

}  // namespace homeostat::app::demo
