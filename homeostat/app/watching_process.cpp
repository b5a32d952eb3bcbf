#include "homeostat/app/watching_process.hpp"

#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/roles/executor_changes.hpp"
#include "homeostat/adapters/roles/remote_executor.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/judging.hpp"
#include "homeostat/app/kubernetes_group.hpp"
#include "homeostat/app/letter_door.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/process_group.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/app/watching_api.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace roles = adapters::roles;
using namespace std::chrono_literals;

/// What the ledger knows of versions comes with the first reply: a deploy of while nobody watched
/// is told from none by it. Without one we watch all the same.
constexpr Duration first_reply_within = 3s;
constexpr Duration knock_again_after = 200ms;
constexpr Duration stop_within = 1s;

/// Without what an executor does in a cluster besides acting: who acts is for executors to settle,
/// what people read there is what they write, and the switch stops what begins there.
Config as_watched(Config config) {
    if (config.kubernetes) {
        config.kubernetes->lease.clear();
        config.kubernetes->switch_object.clear();
        config.kubernetes->writes_events = false;
        config.kubernetes->writes_incidents = false;
    }
    return config;
}

/// Where /proc hides the processes of others from us, each of them would look dead.
Result<void> check_sight(const Config& config) {
    struct stat status{};
    const bool are_ours =
        ::stat(config.run_directory.c_str(), &status) == 0 && status.st_uid == ::geteuid();
    if (are_ours || os::read_process_stat(1)) {
        return {};
    }
    return fail(Fault::refused,
                "/proc hides the processes of other users here, so that each instance would look "
                "dead; write ProtectProc=default into the agent's unit, or mount /proc without "
                "hidepid");
}

class WatchingProcess {
  public:
    WatchingProcess(const Config& config, std::function<void(const std::string&)> log)
        : config_(config), watched_(as_watched(config)), log_(std::move(log)) {}

    Result<void> prepare();
    Result<void> serve();

  private:
    [[nodiscard]] Result<void> make_remote();
    [[nodiscard]] Result<void> make_group();
    [[nodiscard]] Result<void> listen();
    [[nodiscard]] std::vector<std::string> troubles() const;
    void make_sources();
    void make_agent();
    Task<net::HttpResponse> answer(net::HttpRequest request);
    Task<void> watch();
    Task<void> wake_on_news();
    Task<void> wait_for_signal();

    template <class T, class... Arguments>
    void add_source(Arguments&&... arguments) {
        auto source = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        sources_.push_back(source.get());
        telemetry_.push_back(std::move(source));
    }

    const Config& config_;
    Config watched_;
    std::function<void(const std::string&)> log_;
    asio::io_context context_{1};
    adapters::system::SystemClock clock_{context_.get_executor()};
    std::string boot_id_;
    std::unique_ptr<GuardedGroup> group_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<Caches> caches_;
    std::unique_ptr<Tasks> tasks_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<ports::Telemetry*> sources_;
    std::optional<decide::Calibration> calibration_;
    std::unique_ptr<adapters::llm::LlmOracle> oracle_;
    std::unique_ptr<roles::RemoteExecutor> executor_;
    std::unique_ptr<heal::AgentRole> agent_;
    std::unique_ptr<net::HttpServer> server_;
    Result<void> arrival_{};
    bool is_stopping_{false};
};

Result<void> WatchingProcess::prepare() {
    if (!config_.roles) {
        return fail(Fault::invalid,
                    "roles: where the executor is is not said; add roles: { agents: [ … ] }, "
                    "docs/roles.md");
    }
    const Result<std::string> boot_id = os::read_boot_id();
    if (!boot_id) {
        return std::unexpected(boot_id.error());
    }
    boot_id_ = *boot_id;
    if (Result<void> made = make_group(); !made) {
        return made;
    }
    if (Result<void> made = make_remote(); !made) {
        return made;
    }
    auto calibration = calibration_of(config_, log_);
    if (!calibration) {
        return std::unexpected(calibration.error());
    }
    calibration_ = *std::move(calibration);
    oracle_ = oracle_of(config_, context_.get_executor(), clock_, log_);
    return {};
}

Result<void> WatchingProcess::make_remote() {
    const Result<net::Endpoint> endpoint = executor_endpoint_of(config_);
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    const Result<mesh::SigningSeed> seed = read_or_make_key(config_.roles->key_file);
    if (!seed) {
        return fail("roles.key", seed.error());
    }
    roles::RemoteSettings settings;
    settings.service = config_.service;
    settings.seed = *seed;
    settings.boot_id = boot_id_;
    settings.troubles = [this] { return troubles(); };
    settings.follow = [this](const std::vector<roles::Place>& places) { group_->follow(places); };
    settings.log = log_;
    executor_ = std::make_unique<roles::RemoteExecutor>(context_.get_executor(), *endpoint, clock_,
                                                        std::move(settings));
    return {};
}

Result<void> WatchingProcess::make_group() {
    const asio::any_io_executor executor = context_.get_executor();
    if (watched_.kubernetes) {
        auto group = KubernetesGroup::make(watched_, executor, clock_, log_, ProcessRole::agent);
        if (!group) {
            return std::unexpected(group.error());
        }
        group_ = *std::move(group);
    } else {
        if (Result<void> seen = check_sight(config_); !seen) {
            return seen;
        }
        group_ = ProcessGroup::watched(config_, boot_id_, executor, clock_, log_);
    }
    auto caches = Caches::make(config_, executor, ProcessRole::agent);
    if (!caches) {
        return fail("caches", caches.error());
    }
    caches_ = std::move(*caches);
    tasks_ = std::make_unique<Tasks>(config_, executor, ProcessRole::agent);
    auto edge = Edge::make(config_, executor, ProcessRole::agent);
    if (!edge) {
        return std::unexpected(edge.error());
    }
    edge_ = std::move(*edge);
    return {};
}

void WatchingProcess::make_sources() {
    group_->add_watchers(sources_, executor_->versions_seen());
    if (!config_.changes.file.empty()) {
        add_source<adapters::process::ChangesFile>(config_.changes.file.string(), log_, clock_);
    }
    add_source<roles::ExecutorChanges>(*executor_);
    edge_->add(sources_);
    caches_->add_watchers(sources_);
    tasks_->add_watchers(sources_);
}

void WatchingProcess::make_agent() {
    agent_ = std::make_unique<heal::AgentRole>(
        context_.get_executor(), heal::AgentPorts{clock_, *executor_, oracle_.get(), sources_},
        agent_settings_of(config_, calibration_, log_));
}

/// For whoever asks the executor how its agent is.
std::vector<std::string> WatchingProcess::troubles() const {
    std::vector<std::string> found;
    if (agent_) {
        found = agent_->standstills(clock_.now());
        for (const auto& [source, trouble] : agent_->source_troubles()) {
            found.push_back(fmt::format("{} does not answer: {}", source, trouble));
        }
    }
    return found;
}

Task<net::HttpResponse> WatchingProcess::answer(net::HttpRequest request) {
    const WatchingContext context{.agent = agent_.get(),
                                  .executor = *executor_,
                                  .clock = clock_,
                                  .oracle = oracle_.get(),
                                  .service = config_.service};
    co_return answer_of_agent(context, request);
}

Result<void> WatchingProcess::listen() {
    const std::string directory = config_.roles->agent_socket.parent_path().string();
    if (const Result<void> made = os::make_directories(directory); !made) {
        return std::unexpected(made.error());
    }
    server_ = std::make_unique<net::HttpServer>(
        context_.get_executor(),
        [this](net::HttpRequest request) { return answer(std::move(request)); });
    const Result<net::Endpoint> endpoint = net::unix_endpoint(config_.roles->agent_socket.string());
    return endpoint ? server_->listen(*endpoint) : std::unexpected(endpoint.error());
}

Task<void> WatchingProcess::watch() {
    const Instant deadline = clock_.now() + first_reply_within;
    bool answers = co_await executor_->look();
    while (!answers && clock_.now() < deadline && !is_stopping_) {
        co_await clock_.sleep_until(clock_.now() + knock_again_after);
        answers = co_await executor_->look();
    }
    Result<void> arrived = co_await group_->arrive(deadline);
    if (!arrived) {
        arrival_ = std::move(arrived);
        context_.stop();
        co_return;
    }
    make_sources();
    make_agent();
    asio::co_spawn(context_, executor_->run(), asio::detached);
    asio::co_spawn(context_, agent_->run(), asio::detached);
    asio::co_spawn(context_, wake_on_news(), asio::detached);
}

Task<void> WatchingProcess::wake_on_news() {
    while (!is_stopping_) {
        ports::Telemetry* source = co_await group_->wait_for_news();
        co_await agent_->look(*source);
    }
}

Task<void> WatchingProcess::wait_for_signal() {
    asio::signal_set signals(context_, SIGTERM, SIGINT);
    co_await signals.async_wait(asio::use_awaitable);
    log_("stopping; the executor ends what it has in hand");
    is_stopping_ = true;
    if (agent_) {
        agent_->stop();
    }
    executor_->stop();
    group_->stop();
    const Instant until = clock_.now() + stop_within;
    co_await server_->stop(until);
    context_.stop();
}

Result<void> WatchingProcess::serve() {
    if (Result<void> listening = listen(); !listening) {
        return fail("roles.agent_socket", listening.error());
    }
    asio::co_spawn(context_, wait_for_signal(), asio::detached);
    asio::co_spawn(context_, watch(), asio::detached);
    if (oracle_) {
        asio::co_spawn(context_, oracle_->run(), asio::detached);
    }
    context_.run();
    return arrival_;
}

}  // namespace

Result<void> watch_service(const Config& config,
                           const std::function<void(const std::string&)>& log) {
    WatchingProcess watching(config, log);
    if (Result<void> prepared = watching.prepare(); !prepared) {
        return prepared;
    }
    return watching.serve();
}

}  // namespace homeostat::app
