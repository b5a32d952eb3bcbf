#include "homeostat/app/services_process.hpp"

#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/agent_process.hpp"
#include "homeostat/app/healing_graphs.hpp"
#include "homeostat/app/own_start.hpp"
#include "homeostat/app/service_locks.hpp"
#include "homeostat/app/watching_process.hpp"
#include "homeostat/os/heap.hpp"
#include "homeostat/os/lock_file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Duration stop_within = 1s;  ///< What is in flight then is settled by the next start.
constexpr Duration look_again_after = 10ms;
constexpr Duration begin_apart = 5ms;  ///< A thousand services are there in five seconds.

/// What a start needs is no longer needed then, nor what one list of all objects needed.
constexpr Duration give_back_every = 30s;

/// A disk that syncs is waited for by each of its ledgers, and two disks do not wait for each
/// other.
constexpr std::size_t ledger_threads_count = 4;

/// A ledger, its copy and lock, three doors with a few readers, probes under way. Letters besides.
constexpr rlim_t descriptors_per_service = 64;
constexpr rlim_t descriptors_besides = 256;

/// Many services have more files open than a process gets by default. One has not, and what it
/// starts shall find the limit as it always was.
void raise_descriptor_limit(std::size_t services_count, std::size_t connections_max) {
    rlimit limit{};
    if (services_count < 2 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    const rlim_t wanted =
        services_count * descriptors_per_service + connections_max + descriptors_besides;
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, wanted));
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

/// False: a signal says that we are to end.
bool wait_a_moment() {
    asio::io_context context{1};
    asio::signal_set signals(context, SIGTERM, SIGINT);
    asio::steady_timer timer(context, 1s);
    bool is_ended = false;
    signals.async_wait([&](const boost::system::error_code& error, int) {
        is_ended = !error;
        timer.cancel();
    });
    timer.async_wait([&](const boost::system::error_code&) { signals.cancel(); });
    context.run();
    return !is_ended;
}

class ServicesProcess {
  public:
    ServicesProcess(const std::vector<Config>& configs,
                    ProcessRole role,
                    LogLine log,
                    std::string boot_id);

    Result<void> run();

  private:
    struct Line {
        const Config& config;
        LogLine log;
        std::optional<os::LockFile> lock{};  ///< Absent: the agent alone locks nothing.
        std::unique_ptr<OwnStart> start{};   ///< Null: as before. While the lock is held.
        std::unique_ptr<ServiceRun> run{};   ///< Null: it could not be prepared.
        std::optional<Error> failure{};
    };

    [[nodiscard]] bool lock_all();
    [[nodiscard]] Result<void> prepare(Line& line);
    [[nodiscard]] Result<void> note_start(Line& line);
    [[nodiscard]] Result<void> prepare_all();
    [[nodiscard]] bool is_everybodys_cluster_away(const Line& line);
    void fail_one(Line& line, Error error);
    [[nodiscard]] bool has_any_left() const;
    [[nodiscard]] Result<void> outcome() const;
    void begin_stop(ServiceRun& run);
    Task<void> stop_one(ServiceRun& run);
    Task<void> begin_all();
    Task<void> wait_for_signal();
    Task<void> give_back_memory();

    ProcessRole role_;
    LogLine log_;
    asio::io_context context_{1};
    adapters::system::SystemClock clock_{context_.get_executor()};
    Clusters clusters_{context_.get_executor(), clock_, log_};
    SharedDoors doors_{context_.get_executor(), [this] { return clusters_.stands_by_because(); }};
    HealingGraphs graphs_;
    ProcessPlace place_;
    std::deque<Line> lines_;
    std::size_t stopping_count_{0};
    bool is_ended_{false};  ///< By a signal, before anything began.
    bool is_stopping_{false};
};

ServicesProcess::ServicesProcess(const std::vector<Config>& configs,
                                 ProcessRole role,
                                 LogLine log,
                                 std::string boot_id)
    : role_(role),
      log_(std::move(log)),
      place_{context_.get_executor(),
             clock_,
             std::move(boot_id),
             clusters_,
             doors_,
             graphs_,
             static_cast<std::uint32_t>(configs.size())} {
    const bool is_alone = configs.size() == 1;
    if (!is_alone) {
        place_.ledger_threads = std::make_shared<asio::thread_pool>(ledger_threads_count);
    }
    for (const Config& config : configs) {
        clusters_.expect(config);
        doors_.expect(config);
        LogLine own = is_alone ? log_ : [this, &config](const std::string& text) {
            log_(config.service.text() + ": " + text);
        };
        lines_.push_back(Line{.config = config, .log = std::move(own)});
    }
}

/// False: ended meanwhile.
bool ServicesProcess::lock_all() {
    std::vector<LockWish> wishes;
    for (const Line& line : lines_) {
        wishes.push_back({line.config, line.log});
    }
    auto locks = lock_services(wishes, wait_a_moment);
    for (std::size_t index = 0; locks && index < lines_.size(); ++index) {
        Result<os::LockFile>& lock = locks->at(index);
        if (lock) {
            lines_.at(index).lock = *std::move(lock);
        } else {
            fail_one(lines_.at(index), lock.error());
        }
    }
    return locks.has_value();
}

Result<void> ServicesProcess::prepare(Line& line) {
    RunNews news{line.log, [this, &line](Error error) { fail_one(line, std::move(error)); }};
    if (role_ == ProcessRole::agent) {
        line.run = make_watching_process(line.config, place_, std::move(news));
        return line.run->prepare();
    }
    if (Result<void> noted = note_start(line); !noted) {
        return noted;
    }
    news.crash_loop = line.start->loop();
    line.run = make_agent_process(line.config, role_, place_, std::move(news));
    return line.run->prepare();
}

/// ERRORS: full: a crash loop, and the kill switch cannot be engaged.
Result<void> ServicesProcess::note_start(Line& line) {
    const Config& config = line.config;
    Result<std::unique_ptr<OwnStart>> start = OwnStart::note(
        {starts_file_of(config.ledger_directory), config.switch_file, config.crash_loop_starts},
        {place_.boot_id, clock_.now(), clock_.wall_now()});
    if (!start) {
        return std::unexpected(start.error());
    }
    line.start = *std::move(start);
    if (!line.start->loop().empty()) {
        line.log("suspended: " + line.start->loop());
    }
    if (!line.start->trouble().empty()) {
        line.log("this start is not noted, so a crash loop is not noticed by it: " +
                 line.start->trouble());
    }
    return {};
}

/// All would wait for the same server. What is one service's own (a disk, a Deployment whose
/// controller lags behind) or of one cluster among others is no reason to leave the rest.
bool ServicesProcess::is_everybodys_cluster_away(const Line& line) {
    if (!line.config.kubernetes || !clusters_.link_of(line.config).is_away()) {
        return false;
    }
    const ClusterLink* link = &clusters_.link_of(line.config);
    return std::ranges::all_of(lines_, [&](const Line& other) {
        return other.config.kubernetes && &clusters_.link_of(other.config) == link;
    });
}

/// ERRORS: where none of them can be guarded.
Result<void> ServicesProcess::prepare_all() {
    // The agent alone may write where nothing of the executor's lies, and of two with one key the
    // executor hears one.
    if (role_ != ProcessRole::agent && !lock_all()) {
        is_ended_ = true;
        return {};
    }
    for (Line& line : lines_) {
        const Result<void> prepared = line.failure ? Result<void>() : prepare(line);
        if (prepared) {
            continue;
        }
        const bool ends_all = lines_.size() == 1 || is_everybodys_cluster_away(line);
        line.run.reset();
        line.start.reset();
        line.lock.reset();
        if (ends_all) {
            return prepared;
        }
        fail_one(line, prepared.error());
    }
    return has_any_left() ? Result<void>() : outcome();
}

void ServicesProcess::fail_one(Line& line, Error error) {
    line.failure = std::move(error);
    doors_.close(line.config.service);
    if (lines_.size() > 1) {
        line.log("is not guarded: " + line.failure->text);
    }
    if (!has_any_left()) {
        context_.stop();
    } else if (line.run) {
        begin_stop(*line.run);
    }
}

bool ServicesProcess::has_any_left() const {
    return std::ranges::any_of(lines_, [](const Line& line) { return !line.failure; });
}

Result<void> ServicesProcess::outcome() const {
    std::string failures;
    std::optional<Fault> fault;
    for (const Line& line : lines_) {
        if (line.failure && lines_.size() == 1) {
            return std::unexpected(*line.failure);
        }
        if (line.failure) {
            failures += fmt::format("\n  {}: {}", line.config.service.text(), line.failure->text);
            fault = fault.value_or(line.failure->fault);
        }
    }
    return fault ? fail(*fault, "not guarded to the end:" + failures) : Result<void>();
}

void ServicesProcess::begin_stop(ServiceRun& run) {
    ++stopping_count_;
    asio::co_spawn(context_, stop_one(run), asio::detached);
}

Task<void> ServicesProcess::stop_one(ServiceRun& run) {
    co_await run.stop();
    --stopping_count_;
}

Task<void> ServicesProcess::wait_for_signal() {
    asio::signal_set signals(context_, SIGTERM, SIGINT);
    co_await signals.async_wait(asio::use_awaitable);
    log_(role_ == ProcessRole::agent ? "stopping; the executor ends what it has in hand"
                                     : "stopping; the instances go on");
    is_stopping_ = true;
    clusters_.stop();
    const Instant until = clock_.now() + stop_within;
    for (const Line& line : lines_) {
        if (line.run && !line.failure) {
            begin_stop(*line.run);
        }
    }
    co_await doors_.stop(until);
    while (stopping_count_ > 0 && clock_.now() < until) {
        co_await clock_.sleep_until(clock_.now() + look_again_after);
    }
    co_await clock_.sleep_until(std::min(until, clock_.now() + 200ms));
    context_.stop();
}

/// One after another, a little apart: what many ask at intervals they would ask all at once for
/// ever.
Task<void> ServicesProcess::begin_all() {
    clusters_.begin();
    for (Line& line : lines_) {
        if (is_stopping_) {
            co_return;
        }
        if (line.failure) {
            continue;
        }
        if (Result<void> begun = begin_or_fail(*line.run); !begun) {
            fail_one(line, begun.error());
        }
        if (lines_.size() > 1) {
            co_await clock_.sleep_until(clock_.now() + begin_apart);
        }
    }
}

/// Of many services what was needed for a moment lies between what is kept, and would stay ours.
Task<void> ServicesProcess::give_back_memory() {
    while (!is_stopping_) {
        co_await clock_.sleep_until(clock_.now() + give_back_every);
        os::give_back_freed_memory();
    }
}

Result<void> ServicesProcess::run() {
    raise_descriptor_limit(lines_.size(), doors_.letter_connections_max());
    if (Result<void> prepared = prepare_all(); !prepared) {
        return prepared;
    }
    if (is_ended_) {
        return {};
    }
    asio::co_spawn(context_, wait_for_signal(), asio::detached);
    asio::co_spawn(context_, begin_all(), asio::detached);
    asio::co_spawn(context_, give_back_memory(), asio::detached);
    context_.run();
    return outcome();
}

}  // namespace

Result<void> guard_services(const std::vector<Config>& configs,
                            ProcessRole role,
                            const LogLine& log) {
    Result<std::string> boot_id = os::read_boot_id();
    if (!boot_id) {
        return std::unexpected(boot_id.error());
    }
    ServicesProcess process(configs, role, log, *std::move(boot_id));
    return process.run();
}

}  // namespace homeostat::app
