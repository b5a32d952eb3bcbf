#include "homeostat/app/agent_process.hpp"

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/app/approvals_place.hpp"
#include "homeostat/app/block_sources.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/changes_door.hpp"
#include "homeostat/app/confirmation_place.hpp"
#include "homeostat/app/control_api.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/fleet_door.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/guarding.hpp"
#include "homeostat/app/journey.hpp"
#include "homeostat/app/judging.hpp"
#include "homeostat/app/kubernetes_group.hpp"
#include "homeostat/app/letter_door.hpp"
#include "homeostat/app/maintenance.hpp"
#include "homeostat/app/metrics_door.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/open_cases.hpp"
#include "homeostat/app/people.hpp"
#include "homeostat/app/pledges.hpp"
#include "homeostat/app/process_group.hpp"
#include "homeostat/app/shipper_process.hpp"
#include "homeostat/app/switches.hpp"
#include "homeostat/app/tasks.hpp"
#include "homeostat/app/watching_process.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <memory>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace process = adapters::process;
using namespace std::chrono_literals;

constexpr Duration start_within = 20s;
constexpr Duration stop_within = 1s;  ///< What is in flight then is settled by the next start.

/// Everything that lives as long as the agent, in the order in which it is made.
class AgentProcess {
  public:
    AgentProcess(const Config& config, ProcessRole role, LogLine log)
        : config_(config), judges_(role != ProcessRole::executor), log_(std::move(log)) {}

    Result<void> prepare();
    Result<void> serve();

  private:
    [[nodiscard]] Result<std::unique_ptr<GuardedGroup>> make_group();
    [[nodiscard]] Result<void> make_actuators();
    [[nodiscard]] std::string ledger_name() const {
        return ledger_->name().empty() ? counted_ledger_->name_begun() : ledger_->name();
    }
    void make_telemetry();
    void make_verifiers();
    void make_executor(heal::Approvers approvers);
    [[nodiscard]] Result<void> make_agent();
    [[nodiscard]] AgentView agent_view();
    [[nodiscard]] Result<void> make_pledges();
    [[nodiscard]] Result<void> make_people();
    [[nodiscard]] Result<void> listen();
    [[nodiscard]] Result<void> open_metrics();
    [[nodiscard]] Result<void> open_changes_door();
    Task<void> arrive();
    Task<void> wake_on_news();
    Task<void> wait_for_signal();

    template <class T, class... Arguments>
    T& add_source(std::vector<ports::Telemetry*>& sources, Arguments&&... arguments) {
        auto source = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        T& made = *source;
        sources.push_back(&made);
        telemetry_.push_back(std::move(source));
        return made;
    }

    const Config& config_;
    bool judges_;  ///< Else an agent does that is a process of its own.
    LogLine log_;
    asio::io_context context_{1};
    adapters::system::SystemClock clock_{context_.get_executor()};
    std::string boot_id_;
    std::unique_ptr<Maintenance> maintenance_;  ///< Null: no windows are configured.
    std::unique_ptr<Switches> kill_switch_;
    std::unique_ptr<adapters::segment_log::SegmentLog> ledger_;
    std::unique_ptr<CountingLedger> counted_ledger_;
    OpenCases cases_;
    std::unique_ptr<ToldLedger> told_ledger_;
    std::unique_ptr<ConfirmationPlace> confirmations_;
    std::unique_ptr<FleetDoor> fleet_;
    std::unique_ptr<GuardedGroup> group_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<Caches> caches_;
    std::unique_ptr<Tasks> tasks_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<ports::Telemetry*> sources_;
    std::vector<ports::Telemetry*> verifiers_;
    std::optional<decide::Calibration> calibration_;
    std::unique_ptr<adapters::llm::LlmOracle> oracle_;
    std::unique_ptr<heal::ExecutorRole> executor_;
    std::unique_ptr<heal::AgentRole> agent_;  ///< Or:
    std::unique_ptr<LetterDoor> letters_;     ///< Where agents of other processes are heard.
    std::unique_ptr<Pledges> pledges_;
    std::unique_ptr<People> people_;
    std::unique_ptr<BlockSources> block_sources_;
    std::unique_ptr<ShipperProcess> shipper_;
    std::unique_ptr<ControlApi> api_;
    std::unique_ptr<net::HttpServer> server_;
    std::unique_ptr<MetricsDoor> metrics_;
    std::unique_ptr<ChangesDoor> changes_door_;
    Result<void> arrival_{};
    bool is_stopping_{false};
};

Result<void> AgentProcess::prepare() {
    const Result<std::string> boot_id = os::read_boot_id();
    if (!boot_id) {
        return std::unexpected(boot_id.error());
    }
    boot_id_ = *boot_id;
    for (const auto& [key, directory] :
         {std::pair{"control.switch", config_.switch_file.parent_path()},
          std::pair{"control.socket", config_.control_socket.parent_path()}}) {
        if (const Result<void> made = os::make_directories(directory.string()); !made) {
            return fail(key, made.error());
        }
    }
    kill_switch_ = std::make_unique<Switches>(config_.switch_file);
    auto maintenance = Maintenance::make(config_.maintenance, clock_, log_);
    if (!maintenance) {
        return std::unexpected(maintenance.error());
    }
    maintenance_ = *std::move(maintenance);
    if (maintenance_) {
        kill_switch_->add({{maintenance_.get(), [this] { return maintenance_->reason(); }}});
    }
    auto ledger =
        adapters::segment_log::SegmentLog::open(ledger_options_of(config_, boot_id_, log_));
    if (!ledger) {
        return fail("record.ledger", ledger.error());
    }
    ledger_ = std::move(*ledger);
    counted_ledger_ = std::make_unique<CountingLedger>(*ledger_);
    told_ledger_ = std::make_unique<ToldLedger>(*counted_ledger_, cases_);
    if (Result<void> made = make_actuators(); !made) {
        return made;
    }
    make_verifiers();
    auto calibration = calibration_of(config_, log_);
    if (!calibration) {
        return std::unexpected(calibration.error());
    }
    calibration_ = *std::move(calibration);
    if (judges_) {
        oracle_ = oracle_of(config_, context_.get_executor(), clock_, log_);
    }
    auto approvers = approvers_of(config_);
    if (!approvers) {
        return std::unexpected(approvers.error());
    }
    make_executor(*std::move(approvers));
    if (Result<void> recovered = executor_->recover(); !recovered) {
        return recovered;
    }
    if (Result<void> made = make_agent(); !made) {
        return made;
    }
    auto sources =
        BlockSources::make(config_, {context_.get_executor(), clock_, *kill_switch_, *executor_,
                                     [this] { return ledger_->objection(); }, log_});
    if (!sources) {
        return std::unexpected(sources.error());
    }
    block_sources_ = *std::move(sources);
    if (Result<void> made = make_pledges(); !made) {
        return made;
    }
    return make_people();
}

Result<std::unique_ptr<GuardedGroup>> AgentProcess::make_group() {
    const asio::any_io_executor executor = context_.get_executor();
    if (config_.kubernetes) {
        return KubernetesGroup::make(config_, executor, clock_, log_);
    }
    return ProcessGroup::make(config_, boot_id_, executor, clock_, log_);
}

Result<void> AgentProcess::make_actuators() {
    auto group = make_group();
    if (!group) {
        return std::unexpected(group.error());
    }
    group_ = *std::move(group);
    kill_switch_->add(group_->kill_switches());
    counted_ledger_->listen(
        [this](const EntryGroup& recorded) { group_->tell(recorded, ledger_name()); });
    counted_ledger_->recall([this](const EntryGroup& recorded) { group_->recall(recorded); });
    auto caches = Caches::make(config_, context_.get_executor());
    if (!caches) {
        return fail("caches", caches.error());
    }
    caches_ = std::move(*caches);
    tasks_ = std::make_unique<Tasks>(config_, context_.get_executor());
    auto edge = Edge::make(config_, context_.get_executor());
    if (!edge) {
        return std::unexpected(edge.error());
    }
    edge_ = std::move(*edge);
    return {};
}

void AgentProcess::make_telemetry() {
    group_->add_watchers(sources_, {executor_->version_last_seen(Artifact::deploy),
                                    executor_->version_last_seen(Artifact::config)});
    if (!config_.changes.file.empty()) {
        add_source<process::ChangesFile>(sources_, config_.changes.file.string(), log_, clock_);
    }
    edge_->add(sources_);
    caches_->add_watchers(sources_);
    tasks_->add_watchers(sources_);
}

void AgentProcess::make_verifiers() {
    group_->add_verifiers(verifiers_);
    edge_->add(verifiers_);
    if (auto probe = journey_of(config_, log_)) {
        add_source<adapters::telemetry::HttpProbe>(verifiers_, context_.get_executor(), clock_,
                                                   *std::move(probe));
    }
    caches_->add_provers(verifiers_);
    tasks_->add_provers(verifiers_);
}

void AgentProcess::make_executor(heal::Approvers approvers) {
    heal::ExecutorSettings settings =
        executor_settings_of(config_, boot_id_, decide_settings_of(config_, calibration_));
    settings.perform_for_max = group_->perform_for_max();
    settings.look_every = group_->look_every();
    settings.notify = log_;
    settings.approvers = std::move(approvers);
    settings.unwitnessed = [this] { return ledger_->objection(); };
    settings.suspended_because = [this] { return kill_switch_->reason(); };
    std::vector<ports::Actuator*> actuators = group_->actuators();
    if (ports::Actuator* edge = edge_->actuator()) {
        actuators.push_back(edge);
    }
    if (ports::Actuator* cache = caches_->actuator()) {
        actuators.push_back(cache);
    }
    std::ranges::copy(tasks_->actuators(), std::back_inserter(actuators));
    confirmations_ = std::make_unique<ConfirmationPlace>(config_, *ledger_);
    heal::ExecutorPorts ports{clock_, *told_ledger_, *kill_switch_, actuators, verifiers_};
    ports.confirmations = confirmations_.get();
    if (config_.fleet) {
        fleet_ = std::make_unique<FleetDoor>(config_, clock_, context_.get_executor());
        ports.fleet = fleet_.get();
    }
    executor_ = std::make_unique<heal::ExecutorRole>(context_.get_executor(), std::move(ports),
                                                     std::move(settings));
}

Result<void> AgentProcess::make_agent() {
    if (!judges_) {
        auto letters =
            LetterDoor::make(config_, {context_.get_executor(), clock_, *executor_, boot_id_,
                                       [this] { return group_->places(); }, log_});
        if (!letters) {
            return std::unexpected(letters.error());
        }
        letters_ = *std::move(letters);
        return {};
    }
    make_telemetry();
    heal::AgentSettings settings = agent_settings_of(config_, calibration_, log_);
    settings.judge.changes = executor_->changes_before();
    agent_ = std::make_unique<heal::AgentRole>(
        context_.get_executor(), heal::AgentPorts{clock_, *executor_, oracle_.get(), sources_},
        std::move(settings));
    return {};
}

AgentView AgentProcess::agent_view() {
    return agent_ ? AgentView(*agent_) : AgentView(letters_->desk(), clock_);
}

/// A neighbour is heard before anything of ours is promised: so the door opens at once, and the
/// role begins with the others.
Result<void> AgentProcess::make_pledges() {
    if (!config_.mesh) {
        return {};
    }
    auto pledges =
        Pledges::make(config_, {context_.get_executor(), clock_, *kill_switch_, *executor_, *edge_,
                                [this] { return ledger_->objection(); }, log_});
    if (!pledges) {
        return std::unexpected(pledges.error());
    }
    pledges_ = *std::move(pledges);
    return pledges_->listen();
}

/// The page is served at once: links that were sent before a restart are good.
Result<void> AgentProcess::make_people() {
    if (!has_people(config_)) {
        return {};
    }
    auto people =
        People::make(config_, {context_.get_executor(), clock_, *executor_, cases_, log_});
    if (!people) {
        return std::unexpected(people.error());
    }
    people_ = *std::move(people);
    return people_->listen();
}

Task<void> AgentProcess::arrive() {
    const Instant deadline = clock_.now() + start_within;
    Result<void> arrived = co_await group_->arrive(deadline);
    if (!arrived) {
        arrival_ = std::move(arrived);
        context_.stop();
        co_return;
    }
    asio::co_spawn(context_, executor_->run(), asio::detached);
    if (agent_) {
        asio::co_spawn(context_, agent_->run(), asio::detached);
        asio::co_spawn(context_, wake_on_news(), asio::detached);
    } else if (Result<void> hears = letters_->listen(); !hears) {
        arrival_ = std::move(hears);
        context_.stop();
        co_return;
    }
    if (maintenance_) {
        asio::co_spawn(context_, maintenance_->run(), asio::detached);
    }
    if (pledges_) {
        asio::co_spawn(context_, pledges_->run(), asio::detached);
    }
    if (block_sources_) {
        asio::co_spawn(context_, block_sources_->run(), asio::detached);
    }
    if (people_) {
        asio::co_spawn(context_, people_->run(), asio::detached);
    }
}

Task<void> AgentProcess::wake_on_news() {
    // A group that is stopped has no more news, and says so at once.
    while (!is_stopping_) {
        ports::Telemetry* source = co_await group_->wait_for_news();
        co_await agent_->look(*source);
    }
}

Task<void> AgentProcess::wait_for_signal() {
    asio::signal_set signals(context_, SIGTERM, SIGINT);
    co_await signals.async_wait(asio::use_awaitable);
    log_("stopping; the instances go on");
    is_stopping_ = true;
    if (agent_) {
        agent_->stop();
    }
    executor_->stop();
    group_->stop();
    if (shipper_) {
        shipper_->stop();
    }
    if (maintenance_) {
        maintenance_->stop();
    }
    const Instant until = clock_.now() + stop_within;
    if (block_sources_) {
        block_sources_->stop();
    }
    if (pledges_) {
        co_await pledges_->stop(until);
    }
    if (people_) {
        co_await people_->stop(until);
    }
    if (metrics_) {
        co_await metrics_->stop(until);
    }
    if (changes_door_) {
        co_await changes_door_->stop(until);
    }
    if (letters_) {
        co_await letters_->stop(until);
    }
    co_await server_->stop(until);
    co_await clock_.sleep_until(std::min(until, clock_.now() + 200ms));
    context_.stop();
}

Result<void> AgentProcess::listen() {
    api_ = std::make_unique<ControlApi>(
        ControlContext{.agent = agent_view(),
                       .executor = *executor_,
                       .clock = clock_,
                       .kill_switch = *kill_switch_,
                       .oracle = oracle_.get(),
                       .service = config_.service,
                       .takes_changes = config_.changes.are_taken_by_http,
                       .figures = &counted_ledger_->figures(),
                       .pledges = pledges_ ? &pledges_->role() : nullptr,
                       .immune = block_sources_ ? &block_sources_->role() : nullptr,
                       .sinks = sink_reader_of(config_),
                       .fleet = fleet_ ? &fleet_->state() : nullptr,
                       .maintenance = maintenance_.get(),
                       .shown = [this] { return group_->shown(); }});
    server_ = std::make_unique<net::HttpServer>(
        context_.get_executor(),
        [this](net::HttpRequest request) { return api_->answer(std::move(request)); },
        net::HttpServerLimits{
            .headers_kept = {change_event_headers.begin(), change_event_headers.end()}});
    const Result<net::Endpoint> endpoint = net::unix_endpoint(config_.control_socket.string());
    return endpoint ? server_->listen(*endpoint) : std::unexpected(endpoint.error());
}

Result<void> AgentProcess::open_metrics() {
    if (config_.metrics_listen.empty()) {
        return {};
    }
    metrics_ = std::make_unique<MetricsDoor>(
        context_.get_executor(),
        [this](net::HttpRequest request) { return api_->answer(std::move(request)); });
    return metrics_->listen(config_.metrics_listen);
}

Result<void> AgentProcess::open_changes_door() {
    if (!config_.changes.door) {
        return {};
    }
    changes_door_ = std::make_unique<ChangesDoor>(
        context_.get_executor(), clock_, *config_.changes.door,
        [this](net::HttpRequest request) { return api_->take_change(std::move(request)); }, log_);
    return changes_door_->listen();
}

Result<void> AgentProcess::serve() {
    if (Result<void> listening = listen(); !listening) {
        return fail("control.socket", listening.error());
    }
    if (Result<void> open = open_metrics(); !open) {
        return fail("metrics.listen", open.error());
    }
    if (Result<void> open = open_changes_door(); !open) {
        return open;
    }
    asio::co_spawn(context_, wait_for_signal(), asio::detached);
    asio::co_spawn(context_, arrive(), asio::detached);
    if (!config_.sinks.empty() || config_.fleet) {
        shipper_ = std::make_unique<ShipperProcess>(config_, clock_, log_);
        asio::co_spawn(context_, shipper_->run(), asio::detached);
    }
    if (oracle_) {
        asio::co_spawn(context_, oracle_->run(), asio::detached);
    }
    context_.run();
    return arrival_;
}

}  // namespace

Result<void> guard_service(const Config& config, ProcessRole role, const LogLine& log) {
    if (role == ProcessRole::agent) {
        return watch_service(config, log);
    }
    AgentProcess agent(config, role, log);
    if (Result<void> prepared = agent.prepare(); !prepared) {
        return prepared;
    }
    return agent.serve();
}

}  // namespace homeostat::app
