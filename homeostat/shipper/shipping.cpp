#include "homeostat/shipper/shipping.hpp"

#include "homeostat/app/confirmed_file.hpp"
#include "homeostat/app/sink_states.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/interrupts.hpp"
#include "homeostat/os/lock_file.hpp"
#include "homeostat/os/proc.hpp"
#include "homeostat/shipper/courier.hpp"
#include "homeostat/shipper/fleet_clerk.hpp"
#include "homeostat/shipper/sink_making.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace homeostat::shipper {

namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 100ms;
/// At a ledger, for a sink that a remedy waits for: a stat.
constexpr auto look_every_required = 50ms;
constexpr auto states_every = 1s;       ///< Where something has changed.
constexpr auto states_at_least = 5s;    ///< So that readers see that we live.
constexpr auto batch_ends_within = 8s;  ///< After SIGTERM; less than what systemd waits.

adapters::segment_log::LedgerFiles files_of(const app::Config& config) {
    return {config.ledger_directory, os::read_boot_id().value_or(std::string())};
}

/// Writes down what the sink has confirmed: the agent waits for it.
std::function<void(const outbox::Cursor&)> confirming(std::filesystem::path file,
                                                      std::string sink) {
    return [file = std::move(file), sink = std::move(sink)](const outbox::Cursor& cursor) {
        const Result<void> written =
            app::write_confirmed(file, {cursor.next_group - 1, cursor.hash});
        if (!written) {
            spdlog::warn("sink_confirmed_not_written name={} text=\"{}\"", sink,
                         written.error().text);
        }
    };
}

/// The couriers, each with its thread while they run.
class Couriers {
  public:
    explicit Couriers(const app::Config& config) : config_(config) {
        for (const app::SinkConfig& sink : config.sinks) {
            CourierNames names{sink.name, std::string(app::kind_of(sink)), config.service.text(),
                               [](const std::string& line) { spdlog::warn("{}", line); }};
            CourierPace pace;
            if (!sink.required_for.empty()) {
                names.confirmed = confirming(app::confirmed_file_of(sink, config), sink.name);
                pace.look_every = look_every_required;
            }
            couriers_.push_back(std::make_unique<Courier>(
                std::move(names), make_sink(sink, config),
                LedgerTail(files_of(config), config.service.text()), pace));
        }
    }

    [[nodiscard]] const std::vector<std::unique_ptr<Courier>>& all() const { return couriers_; }

    /// Writes their states, if they have changed or it is time.
    void write_states() {
        const auto now = std::chrono::steady_clock::now();
        if (now - looked_at_ < states_every) {
            return;
        }
        looked_at_ = now;
        app::SinkStates states{os::read_wall_clock(), static_cast<std::int32_t>(::getpid()), {}};
        const std::optional<std::uint64_t> last = last_group();
        for (const auto& courier : couriers_) {
            states.sinks.push_back(courier->state(last, states.at));
        }
        if (states.sinks == written_ && now - written_at_ < states_at_least) {
            return;
        }
        const Result<void> done = app::write_sink_states(app::sink_states_file(config_), states);
        if (!done && written_at_ != std::chrono::steady_clock::time_point{}) {
            spdlog::warn("sink_states_not_written text=\"{}\"", done.error().text);
        }
        written_ = std::move(states.sinks);
        written_at_ = now;
    }

    void write_states_now() {
        looked_at_ = {};
        written_.clear();
        write_states();
    }

  private:
    /// Read again only once the last file has grown.
    std::optional<std::uint64_t> last_group() {
        const adapters::segment_log::LedgerFiles files = files_of(config_);
        const auto segments = adapters::segment_log::list_segments(files.disk, files.directory);
        if (!segments || segments->empty()) {
            return last_group_;
        }
        const Result<os::FileIdentity> file = os::identify_file(segments->back().string());
        if (file && file->is_same_as(last_file_) && file->bytes == last_file_.bytes) {
            return last_group_;
        }
        const Result<std::optional<std::uint64_t>> last = last_group_of(files);
        if (file && last) {
            last_file_ = *file;
            last_group_ = *last;
        }
        return last_group_;
    }

    const app::Config& config_;
    std::vector<std::unique_ptr<Courier>> couriers_;
    std::vector<app::SinkState> written_;
    std::chrono::steady_clock::time_point looked_at_{};
    std::chrono::steady_clock::time_point written_at_{};
    os::FileIdentity last_file_{};
    std::optional<std::uint64_t> last_group_;
};

Result<os::LockFile> take_place(const app::Config& config) {
    if (Result<void> made = os::make_directories(config.sinks_directory.string()); !made) {
        return std::unexpected(made.error());
    }
    return os::LockFile::take((config.sinks_directory / "lock").string(),
                              "end that process; one shipper serves all sinks of a configuration");
}

/// One that hangs in a library's call is left: whatever it was sending, the sink or its cursor file
/// tells the next start.
void await_end(const std::atomic<int>& running) {
    const auto until = std::chrono::steady_clock::now() + batch_ends_within;
    while (running > 0) {
        if (std::chrono::steady_clock::now() > until) {
            spdlog::warn("sink_left text=\"a sink does not answer; ending without it\"");
            std::fflush(nullptr);
            std::_Exit(0);
        }
        std::this_thread::sleep_for(look_every);
    }
}

/// Runs `work` for each courier on a thread of its own, until all have ended or we are told to.
template <class Work>
void run_all(Couriers& couriers, const Work& work) {
    constexpr int niceness = 10;
    ::setpriority(PRIO_PROCESS, 0, niceness);  // Nobody waits for us. A refusal changes nothing.
    os::note_interrupts();
    std::atomic<int> running{static_cast<int>(couriers.all().size())};
    std::vector<std::jthread> threads;
    for (std::size_t index = 0; index < couriers.all().size(); ++index) {
        threads.emplace_back([&couriers, &work, &running, index](const std::stop_token& stop) {
            work(*couriers.all()[index], index, stop);
            running -= 1;
        });
    }
    while (!os::is_interrupted() && work.goes_on(running)) {
        couriers.write_states();
        std::this_thread::sleep_for(look_every);
    }
    for (std::jthread& thread : threads) {
        thread.request_stop();
    }
    await_end(running);
    threads.clear();
    couriers.write_states_now();
}

struct Following {
    void operator()(Courier& courier, std::size_t /*index*/, const std::stop_token& stop) const {
        courier.run(stop);
    }
    /// A sink that is stopped is told of for as long as we run.
    [[nodiscard]] static bool goes_on(int /*running*/) { return true; }
};

struct CatchingUp {
    void operator()(Courier& courier, std::size_t index, const std::stop_token& stop) const {
        (*results)[index] = courier.catch_up(stop);
    }
    [[nodiscard]] static bool goes_on(int running) { return running > 0; }

    std::vector<Result<void>>* results;  ///< Each element is one thread's.
};

}  // namespace

Result<void> ship(const app::Config& config) {
    const Result<os::LockFile> lock = take_place(config);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    std::optional<FleetClerk> clerk;
    if (config.fleet) {
        clerk.emplace(config);
        if (const Result<void> started = clerk->start(); !started) {
            return fail("guard.fleet", started.error());
        }
    }
    Couriers couriers(config);
    spdlog::info("shipper_started sinks={} ledger=\"{}\"", config.sinks.size(),
                 config.ledger_directory.string());
    run_all(couriers, Following{});
    if (clerk && !clerk->stop()) {
        std::fflush(nullptr);
        std::_Exit(0);
    }
    return {};
}

Result<void> ship_once(const app::Config& config) {
    const Result<os::LockFile> lock = take_place(config);
    if (!lock) {
        return std::unexpected(lock.error());
    }
    Couriers couriers(config);
    std::vector<Result<void>> results(config.sinks.size());
    run_all(couriers, CatchingUp{&results});
    std::string troubles;
    for (std::size_t index = 0; index < results.size(); ++index) {
        if (!results[index]) {
            troubles += fmt::format("{}{}: {}", troubles.empty() ? "" : "\n",
                                    config.sinks[index].name, results[index].error().text);
        }
    }
    return troubles.empty() ? Result<void>{} : fail(Fault::unreachable, troubles);
}

}  // namespace homeostat::shipper
