#include "homeostat/adapters/process/stop.hpp"

#include "homeostat/adapters/process/wait.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>

namespace homeostat::adapters::process {

namespace {

using std::chrono::seconds;

// A killed process that is still there after this is stuck in the kernel (a dead disk).
constexpr Duration die_within = seconds{2};
// The shim has one small file to write.
constexpr Duration shim_ends_within = seconds{1};
// A busy disk needs longer for it, and nobody waits for the place yet.
constexpr Duration status_written_within = seconds{5};

}  // namespace

Task<bool> see_off(const os::Pidfd& process,
                   Duration grace,
                   Instant deadline,
                   ports::Clock& clock) {
    const Instant patience_ends_at = std::min(clock.now() + grace, deadline);
    bool has_ended = co_await wait_readable(process.fd(), patience_ends_at, clock);
    if (has_ended || clock.now() >= deadline) {
        co_return has_ended;
    }
    static_cast<void>(process.send(SIGKILL));
    const Instant death_by = std::min(clock.now() + die_within, deadline);
    has_ended = co_await wait_readable(process.fd(), death_by, clock);
    co_return has_ended;
}

Task<void> see_off_shim(InstanceRecord record, Instant deadline, ports::Clock& clock) {
    const Result<os::Pidfd> shim = os::Pidfd::open(record.shim_pid, record.shim_start_ticks);
    if (!shim) {
        co_return;
    }
    const Instant patience_ends_at = std::min(clock.now() + shim_ends_within, deadline);
    const bool has_ended = co_await wait_readable(shim->fd(), patience_ends_at, clock);
    if (has_ended) {
        co_return;
    }
    static_cast<void>(shim->send(SIGKILL));
    const Instant death_by = std::min(clock.now() + die_within, deadline);
    static_cast<void>(co_await wait_readable(shim->fd(), death_by, clock));
}

Task<void> wait_for_status(InstanceRecord record, Instant deadline, ports::Clock& clock) {
    const Result<os::Pidfd> shim = os::Pidfd::open(record.shim_pid, record.shim_start_ticks);
    if (!shim) {
        co_return;
    }
    const Instant patience_ends_at = std::min(clock.now() + status_written_within, deadline);
    static_cast<void>(co_await wait_readable(shim->fd(), patience_ends_at, clock));
}

}  // namespace homeostat::adapters::process
