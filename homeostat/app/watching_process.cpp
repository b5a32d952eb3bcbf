#include "homeostat/app/watching_process.hpp"

#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/roles/executor_changes.hpp"
#include "homeostat/adapters/roles/remote_executor.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/flags_place.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/judging.hpp"
#include "homeostat/app/kubernetes_group.hpp"
#include "homeostat/app/letter_door.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/process_group.hpp"
#include "homeostat/app/scoped_pods.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/app/watching_api.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
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
constexpr Duration arrive_within = 20s;  ///< As the executor's, to which the cluster is the same.
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
        ::stat(config.run_directory.string().c_str(), &status) == 0 && status.st_uid == ::geteuid();
    if (are_ours || os::read_process_stat(1)) {
        return {};
    }
    return fail(Fault::refused,
                "/proc hides the processes of other users here, so that each instance would look "
                "dead; write ProtectProc=default into the agent's unit, or mount /proc without "
                "hidepid");
}

class WatchingProcess final : public ServiceRun {
  public:
    WatchingProcess(const Config& config, ProcessPlace& place, RunNews news)
        : config_(config),
          watched_(as_watched(config)),
          place_(place),
          log_(std::move(news.log)),
          failed_(std::move(news.failed)) {}

    Result<void> prepare() override;
    Result<void> begin() override;
    Task<void> stop() override;

  private:
    [[nodiscard]] Result<void> make_remote();
    [[nodiscard]] Result<void> make_group();
    [[nodiscard]] Result<void> listen();
    [[nodiscard]] std::vector<std::string> troubles() const;
    [[nodiscard]] bool sees_whole() const { return config_.roles->scope.is_whole(); }
    [[nodiscard]] Result<void> make_surroundings();
    void make_sources();
    void make_agent();
    Task<net::HttpResponse> answer(net::HttpRequest request);
    Task<void> watch();
    Task<void> wake_on_news();

    template <class T, class... Arguments>
    void add_source(Arguments&&... arguments) {
        auto source = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        sources_.push_back(source.get());
        telemetry_.push_back(std::move(source));
    }

    const Config& config_;
    Config watched_;
    ProcessPlace& place_;
    LogLine log_;
    std::function<void(Error)> failed_;
    asio::any_io_executor strand_{place_.executor};
    ports::Clock& clock_{place_.clock};
    std::unique_ptr<GuardedGroup> group_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<Caches> caches_;
    std::unique_ptr<Tasks> tasks_;
    std::unique_ptr<FlagsPlace> flags_;  ///< Null: none are declared.
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<ports::Telemetry*> sources_;
    std::optional<decide::Calibration> calibration_;
    std::unique_ptr<adapters::llm::LlmOracle> oracle_;
    std::unique_ptr<roles::RemoteExecutor> executor_;
    std::unique_ptr<heal::AgentRole> agent_;
    std::unique_ptr<net::HttpServer> server_;
    bool is_stopping_{false};
};

Result<void> WatchingProcess::prepare() {
    if (!config_.roles) {
        return fail(Fault::invalid,
                    "roles: where the executor is is not said; add roles: { agents: [ … ] }, "
                    "docs/roles.md");
    }
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
    // Beside one instance there is one remedy to choose. A model in each pod would be dear.
    if (sees_whole()) {
        oracle_ = oracle_of(config_, strand_, clock_, log_, ProcessRole::agent);
    }
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
    settings.scope = config_.roles->scope;
    settings.seed = *seed;
    settings.boot_id = place_.boot_id;
    settings.has_seen_well = [this](const Symptom& symptom) {
        return group_->has_seen_well(symptom);
    };
    settings.troubles = [this] { return troubles(); };
    settings.follow = [this](const std::vector<roles::Place>& places) { group_->follow(places); };
    settings.log = log_;
    executor_ =
        std::make_unique<roles::RemoteExecutor>(strand_, *endpoint, clock_, std::move(settings));
    return {};
}

Result<void> WatchingProcess::make_group() {
    const asio::any_io_executor executor = strand_;
    if (watched_.kubernetes && !sees_whole()) {
        auto group = ScopedPods::make(watched_, executor, clock_);
        if (!group) {
            return std::unexpected(group.error());
        }
        group_ = *std::move(group);
    } else if (watched_.kubernetes) {
        auto group = KubernetesGroup::make(watched_, place_.clusters.link_of(watched_), executor,
                                           clock_, log_, ProcessRole::agent);
        if (!group) {
            return std::unexpected(group.error());
        }
        group_ = *std::move(group);
    } else {
        if (Result<void> seen = check_sight(config_); !seen) {
            return seen;
        }
        group_ = ProcessGroup::watched(config_, place_.boot_id, executor, clock_, log_);
    }
    return sees_whole() ? make_surroundings() : Result<void>{};
}

/// What belongs to the whole, and to no instance.
Result<void> WatchingProcess::make_surroundings() {
    const asio::any_io_executor executor = strand_;
    auto caches = Caches::make(config_, executor, ProcessRole::agent);
    if (!caches) {
        return fail("caches", caches.error());
    }
    caches_ = std::move(*caches);
    tasks_ = std::make_unique<Tasks>(config_, executor, ProcessRole::agent);
    auto flags = FlagsPlace::make(config_, executor, clock_, log_, ProcessRole::agent);
    if (!flags) {
        return std::unexpected(flags.error());
    }
    flags_ = *std::move(flags);
    auto edge = Edge::make(config_, executor, ProcessRole::agent);
    if (!edge) {
        return std::unexpected(edge.error());
    }
    edge_ = std::move(*edge);
    return {};
}

void WatchingProcess::make_sources() {
    group_->add_watchers(sources_, executor_->versions_seen());
    add_source<roles::ExecutorChanges>(*executor_);
    if (!sees_whole()) {
        return;
    }
    if (!config_.changes.file.empty()) {
        add_source<adapters::process::ChangesFile>(config_.changes.file.string(), log_, clock_);
    }
    edge_->add(sources_);
    caches_->add_watchers(sources_);
    tasks_->add_watchers(sources_);
    if (flags_) {
        flags_->add_watchers(sources_, executor_->versions_seen().flag);
    }
}

void WatchingProcess::make_agent() {
    heal::AgentSettings settings = agent_settings_of(config_, calibration_, log_);
    if (!sees_whole()) {
        settings.judge.is_of_some = true;
        settings.decide.mode = OracleMode::rules;
    }
    agent_ = std::make_unique<heal::AgentRole>(
        strand_, heal::AgentPorts{clock_, *executor_, oracle_.get(), sources_},
        std::move(settings));
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
                                  .service = config_.service,
                                  .scope = config_.roles->scope};
    co_return answer_of_agent(context, request);
}

Result<void> WatchingProcess::listen() {
    const std::string directory = config_.roles->agent_socket.parent_path().string();
    if (const Result<void> made = os::make_directories(directory); !made) {
        return std::unexpected(made.error());
    }
    server_ = std::make_unique<net::HttpServer>(
        strand_, [this](net::HttpRequest request) { return answer(std::move(request)); });
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
    // An executor that was silent has used up its own time, and none of the first list's.
    Result<void> arrived = co_await group_->arrive(clock_.now() + arrive_within);
    if (!arrived) {
        failed_(arrived.error());
        co_return;
    }
    make_sources();
    make_agent();
    asio::co_spawn(strand_, executor_->run(), asio::detached);
    asio::co_spawn(strand_, agent_->run(), asio::detached);
    asio::co_spawn(strand_, wake_on_news(), asio::detached);
    if (oracle_) {  // The server of one that has failed would run on for nobody.
        asio::co_spawn(strand_, oracle_->run(), asio::detached);
    }
}

Task<void> WatchingProcess::wake_on_news() {
    while (!is_stopping_) {
        ports::Telemetry* source = co_await group_->wait_for_news();
        co_await agent_->look(*source);
    }
}

Task<void> WatchingProcess::stop() {
    is_stopping_ = true;
    if (agent_) {
        agent_->stop();
    }
    executor_->stop();
    group_->stop();
    if (server_) {
        co_await server_->stop(clock_.now() + stop_within);
    }
}

Result<void> WatchingProcess::begin() {
    if (Result<void> listening = listen(); !listening) {
        return fail("roles.agent_socket", listening.error());
    }
    asio::co_spawn(strand_, watch(), asio::detached);
    return {};
}

}  // namespace

std::unique_ptr<ServiceRun> make_watching_process(const Config& config,
                                                  ProcessPlace& place,
                                                  RunNews news) {
    return std::make_unique<WatchingProcess>(config, place, std::move(news));
}

}  // namespace homeostat::app
