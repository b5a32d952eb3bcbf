#include "homeostat/app/demo/restarter.hpp"

#include "homeostat/app/demo/back_off.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

namespace homeostat::app::demo {

namespace {

constexpr int look_every_ms = 20;

Instant now() {
    return os::read_boot_clock();
}

/// A connection of its own for each probe, and any status from 200 to 399, as a kubelet has it.
bool is_well(const RestartTarget& target, Duration timeout) {
    boost::asio::io_context context;
    bool is_good = false;
    net::HttpRequest request;
    request.path = target.path;
    boost::asio::co_spawn(
        context,
        net::request_once(context.get_executor(), target.endpoint, std::move(request),
                          now() + timeout),
        [&](const std::exception_ptr& thrown, const Result<net::HttpResponse>& response) {
            is_good = !thrown && response && response->status >= 200 && response->status < 400;
        });
    context.run();
    return is_good;
}

/// What is known of the process that has the place now.
struct Life {
    std::optional<os::Pidfd> process;  ///< Absent: not looked for yet, or it has ended.
    std::optional<Instant> start_at;   ///< It has ended.
    std::optional<Instant> kill_at;    ///< It was told to end.
    int failures_count{0};
};

}  // namespace

struct Restarter::Watch {
    RestartTarget target;
    std::mutex hands;  ///< Of whoever does something to the instance, or to what follows.
    bool is_held{false};
    bool is_new{false};  ///< A deploy tool has left another instance than the one known.
    Instant probe_at{};
    CrashBackOff back_off;
    Life life;
};

Restarter::Restarter(std::vector<RestartTarget> targets, Liveness liveness, Rng rng)
    : liveness_(liveness) {
    for (RestartTarget& target : targets) {
        auto watch = std::make_unique<Watch>();
        watch->target = std::move(target);
        watch->probe_at = now() + Duration{rng.between(0, liveness.period.count())};
        watches_.push_back(std::move(watch));
    }
    for (const std::unique_ptr<Watch>& watch : watches_) {
        threads_.emplace_back(
            [this, raw = watch.get()](const std::stop_token& stop) { run(stop, *raw); });
    }
}

Restarter::~Restarter() = default;

void Restarter::hold(std::size_t index) {
    Watch& watch = *watches_.at(index);
    const std::scoped_lock lock(watch.hands);
    watch.is_held = true;
}

void Restarter::release(std::size_t index) {
    Watch& watch = *watches_.at(index);
    const std::scoped_lock lock(watch.hands);
    watch.is_held = false;
    watch.is_new = true;
}

void Restarter::run(const std::stop_token& stop, Watch& watch) {
    while (!stop.stop_requested()) {
        {
            const std::scoped_lock lock(watch.hands);
            if (!watch.is_held) {
                step(watch);
            }
        }
        // Nobody but this thread touches `life`.
        const int ends = watch.life.process ? watch.life.process->fd() : -1;
        pollfd watched{ends, POLLIN, 0};
        ::poll(&watched, 1, look_every_ms);
    }
}

void Restarter::step(Watch& watch) {
    if (std::exchange(watch.is_new, false)) {
        watch.life = Life{};
        watch.back_off = CrashBackOff{};
        watch.probe_at = now();
    }
    Life& life = watch.life;
    if (life.start_at) {
        if (now() >= *life.start_at) {
            start_again(watch);
        }
        return;
    }
    if (!life.process) {
        Result<os::Pidfd> process = watch.target.process();
        if (process) {
            life.process = std::move(*process);
        }
    }
    if (!life.process || life.process->has_ended()) {
        life = Life{};
        life.start_at = watch.back_off.start_after(now());
    } else if (life.kill_at) {
        if (now() >= *life.kill_at) {
            (void)life.process->send(SIGKILL);
        }
    } else if (now() >= watch.probe_at) {
        probe(watch);
    }
}

void Restarter::start_again(Watch& watch) {
    if (watch.target.start()) {
        watch.life = Life{};
        restarts_count_ += 1;
    }  // Else with the next step: its predecessor's shim still holds the place.
}

void Restarter::probe(Watch& watch) const {
    Life& life = watch.life;
    life.failures_count = is_well(watch.target, liveness_.timeout) ? 0 : life.failures_count + 1;
    // From plan to plan, not from answer to plan: a slow answer does not stretch the period.
    watch.probe_at = std::max(watch.probe_at + liveness_.period, now());
    if (life.failures_count >= liveness_.failures_max) {
        (void)life.process->send(SIGTERM);
        life.kill_at = now() + liveness_.grace;
    }
}

}  // namespace homeostat::app::demo
