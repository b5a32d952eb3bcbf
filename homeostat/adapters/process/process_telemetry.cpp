#include "homeostat/adapters/process/process_telemetry.hpp"

#include "homeostat/os/proc.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>

#include <utility>

namespace homeostat::adapters::process {

namespace asio = boost::asio;

/// A timer that never ends by itself: cancelling it is how one coroutine wakes another in Asio.
struct ProcessTelemetry::Wake {
    explicit Wake(const asio::any_io_executor& strand) : timer(strand) {}

    asio::steady_timer timer;
    bool has_exit{false};
};

struct ProcessTelemetry::Watch {
    Watch(ProcessIdentity watched, asio::posix::stream_descriptor pidfd)
        : identity(watched), descriptor(std::move(pidfd)) {}

    ProcessIdentity identity;
    asio::posix::stream_descriptor descriptor;
};

namespace {

ProcessReading reading_of(const DeclaredInstance& declared,
                          const InstanceState& state,
                          Instant now) {
    ProcessReading reading;
    reading.instance = declared.id;
    reading.is_wanted = is_wanted(declared.is_spare, state);
    reading.at = now;
    if (!state.record) {
        return reading;
    }
    reading.is_alive = state.is_alive();
    reading.identity = state.record->identity();
    reading.version = state.record->version;
    reading.started_at = state.record->started_at_ns;
    reading.exit_status = state.record->exit_status;
    if (!state.is_alive()) {
        return reading;
    }
    const Result<os::ProcessStat> stat = os::read_process_stat(state.record->pid);
    if (stat && stat->start_ticks == state.record->start_ticks) {
        reading.resident_bytes = stat->resident_pages * os::page_bytes();
        reading.cpu_total = os::duration_of_ticks(stat->cpu_ticks, os::ticks_per_second());
    }
    return reading;
}

}  // namespace

ProcessTelemetry::ProcessTelemetry(const Options& options,
                                   std::string boot_id,
                                   asio::any_io_executor strand,
                                   ports::Clock& clock)
    : run_(options.run_directory),
      instances_(options.instances),
      boot_id_(std::move(boot_id)),
      name_("processes of " + options.service.text()),
      strand_(std::move(strand)),
      clock_(clock),
      wake_(std::make_shared<Wake>(strand_)) {}

ProcessTelemetry::~ProcessTelemetry() = default;

Task<Result<std::vector<Reading>>> ProcessTelemetry::read(Instant /*deadline*/) {
    std::vector<Reading> readings;
    for (const DeclaredInstance& declared : instances_) {
        const Result<InstanceState> state = look_at(run_, declared.id, boot_id_);
        if (!state) {
            co_return std::unexpected(state.error());
        }
        readings.emplace_back(reading_of(declared, *state, clock_.now()));
        watch(declared.id, *state);
    }
    co_return readings;
}

void ProcessTelemetry::watch(const InstanceId& instance, const InstanceState& state) {
    const auto known = watches_.find(instance);
    const bool is_watched = state.is_alive() && known != watches_.end() &&
                            known->second->identity == state.record->identity();
    if (is_watched) {
        return;
    }
    if (known != watches_.end()) {
        watches_.erase(known);
    }
    // A copy, because Asio closes what it watches.
    const int copy = state.is_alive() ? ::fcntl(state.process->fd(), F_DUPFD_CLOEXEC, 0) : -1;
    if (copy < 0) {
        return;
    }
    std::unique_ptr<Watch>& watch = watches_[instance];
    watch = std::make_unique<Watch>(state.record->identity(),
                                    asio::posix::stream_descriptor{strand_, copy});
    watch->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [wake = std::weak_ptr<Wake>(wake_)](boost::system::error_code error) {
            // This object may be gone by now, and the wake with it.
            const std::shared_ptr<Wake> held = wake.lock();
            if (!error && held) {
                held->has_exit = true;
                held->timer.cancel();
            }
        });
}

Task<void> ProcessTelemetry::wait_for_exit() {
    const std::shared_ptr<Wake> wake = wake_;
    if (!wake->has_exit) {
        wake->timer.expires_at(asio::steady_timer::time_point::max());
        boost::system::error_code ignored;  // Cancelled by an exit or by the caller: both end it.
        co_await wake->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    wake->has_exit = false;
}

}  // namespace homeostat::adapters::process
