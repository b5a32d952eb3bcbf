#include "homeostat/app/agent_process.hpp"

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/app/approvals_place.hpp"
#include "homeostat/app/block_sources.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/changes_door.hpp"
#include "homeostat/app/confirmation_place.hpp"
#include "homeostat/app/control_api.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/export_watch.hpp"
#include "homeostat/app/flags_place.hpp"
#include "homeostat/app/fleet_door.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/guarding.hpp"
#include "homeostat/app/healing_graphs.hpp"
#include "homeostat/app/journey.hpp"
#include "homeostat/app/judging.hpp"
#include "homeostat/app/keep.hpp"
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
#include "homeostat/app/usage_file.hpp"
#include "homeostat/app/usage_watch.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

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
class AgentProcess final : public ServiceRun {
  public:
    AgentProcess(const Config& config, ProcessRole role, ProcessPlace& place, RunNews news)
        : config_(config),
          judges_(role != ProcessRole::executor),
          place_(place),
          log_(std::move(news.log)),
          failed_(std::move(news.failed)),
          crash_loop_(std::move(news.crash_loop)) {}

    Result<void> prepare() override;
    Result<void> begin() override;
    Task<void> stop() override;

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
    [[nodiscard]] Result<void> make_neighbourhood();
    [[nodiscard]] Result<void> listen();
    [[nodiscard]] Result<void> open_metrics();
    [[nodiscard]] Result<void> open_changes_door();
    [[nodiscard]] Result<void> open_doors();
    Task<void> arrive();
    Task<void> wake_on_news();
    Task<net::HttpResponse> tell(net::HttpRequest request);

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
    ProcessPlace& place_;
    LogLine log_;
    std::function<void(Error)> failed_;
    std::string crash_loop_;  ///< Empty: none.
    asio::any_io_executor strand_{place_.executor};
    ports::Clock& clock_{place_.clock};
    std::unique_ptr<Maintenance> maintenance_;  ///< Null: no windows are configured.
    std::unique_ptr<Switches> kill_switch_;
    std::unique_ptr<adapters::segment_log::SegmentLog> ledger_;
    std::unique_ptr<CountingLedger> counted_ledger_;
    OpenCases cases_;
    ExportWatch exports_{config_, clock_, cases_, log_};
    std::function<std::string()> unwitnessed_;  ///< Why nothing new may begin; empty: it may.
    std::unique_ptr<ToldLedger> told_ledger_;
    std::unique_ptr<ConfirmationPlace> confirmations_;
    std::unique_ptr<FleetDoor> fleet_;
    std::unique_ptr<GuardedGroup> group_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<Caches> caches_;
    std::unique_ptr<Tasks> tasks_;
    std::unique_ptr<FlagsPlace> flags_;  ///< Null: none are declared.
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
    std::unique_ptr<UsageWatch> usage_;
    std::unique_ptr<ControlApi> api_;
    std::unique_ptr<net::HttpServer> server_;
    std::unique_ptr<MetricsDoor> metrics_;
    std::unique_ptr<ChangesDoor> changes_door_;
    bool is_stopping_{false};
};

Result<void> AgentProcess::prepare() {
    if (Result<void> made = make_directories_of(config_); !made) {
        return made;
    }
    kill_switch_ = std::make_unique<Switches>(config_.switch_file);
    if (Result<void> made =
            keep(Maintenance::make(config_.maintenance, clock_, log_), maintenance_);
        !made) {
        return made;
    }
    if (maintenance_) {
        kill_switch_->add({{maintenance_.get(), [this] { return maintenance_->reason(); }}});
    }
    adapters::segment_log::Options options = ledger_options_of(config_, place_.boot_id, log_);
    options.threads = place_.ledger_threads;
    auto ledger = adapters::segment_log::SegmentLog::open(std::move(options));
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
        oracle_ = oracle_of(config_, strand_, clock_, log_);
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
    return make_neighbourhood();
}

Result<std::unique_ptr<GuardedGroup>> AgentProcess::make_group() {
    if (config_.kubernetes) {
        return KubernetesGroup::make(config_, place_.clusters.link_of(config_), strand_, clock_,
                                     log_);
    }
    return ProcessGroup::make(config_, place_.boot_id, strand_, clock_, log_);
}

Result<void> AgentProcess::make_actuators() {
    if (Result<void> made = keep(make_group(), group_); !made) {
        return made;
    }
    kill_switch_->add(group_->kill_switches());
    counted_ledger_->listen(
        [this](const EntryGroup& recorded) { group_->tell(recorded, ledger_name()); });
    counted_ledger_->recall([this](const EntryGroup& recorded) { group_->recall(recorded); });
    if (Result<void> made = keep(Caches::make(config_, strand_), caches_); !made) {
        return fail("caches", made.error());
    }
    Result<void> made =
        keep(Tasks::make(config_, place_, [this] { return ledger_name(); }), tasks_);
    made = made ? keep(FlagsPlace::make(config_, strand_, clock_, log_), flags_) : made;
    return made ? keep(Edge::make(config_, strand_), edge_) : made;
}

void AgentProcess::make_telemetry() {
    group_->add_watchers(sources_, {executor_->version_last_seen(Artifact::deploy),
                                    executor_->version_last_seen(Artifact::config),
                                    executor_->version_last_seen(Artifact::flag)});
    if (!config_.changes.file.empty()) {
        add_source<process::ChangesFile>(sources_, config_.changes.file.string(), log_, clock_);
    }
    edge_->add(sources_);
    caches_->add_watchers(sources_);
    tasks_->add_watchers(sources_);
    if (flags_) {
        flags_->add_watchers(sources_, executor_->version_last_seen(Artifact::flag));
    }
}

void AgentProcess::make_verifiers() {
    group_->add_verifiers(verifiers_);
    edge_->add(verifiers_);
    if (auto probe = journey_of(config_, log_)) {
        add_source<adapters::telemetry::HttpProbe>(verifiers_, strand_, clock_, *std::move(probe));
    }
    caches_->add_provers(verifiers_);
    tasks_->add_provers(verifiers_);
}

void AgentProcess::make_executor(heal::Approvers approvers) {
    heal::ExecutorSettings settings =
        executor_settings_of(config_, place_.boot_id, decide_settings_of(config_, calibration_));
    settings.perform_for_max = group_->perform_for_max();
    settings.look_every = group_->look_every();
    settings.notify = log_;
    settings.approvers = std::move(approvers);
    unwitnessed_ = [this] { return exports_.objection(ledger_->objection()); };
    settings.unwitnessed = unwitnessed_;
    settings.suspended_because = [this] { return kill_switch_->reason(); };
    std::vector<ports::Actuator*> actuators = group_->actuators();
    if (ports::Actuator* edge = edge_->actuator()) {
        actuators.push_back(edge);
    }
    if (ports::Actuator* cache = caches_->actuator()) {
        actuators.push_back(cache);
    }
    if (flags_) {
        actuators.push_back(flags_->actuator());
    }
    std::ranges::copy(tasks_->actuators(), std::back_inserter(actuators));
    confirmations_ = std::make_unique<ConfirmationPlace>(config_, *ledger_, people_);
    heal::ExecutorPorts ports{clock_, *told_ledger_, *kill_switch_, actuators, verifiers_};
    ports.confirmations = confirmations_.get();
    if (config_.fleet) {
        fleet_ = std::make_unique<FleetDoor>(config_, clock_, strand_);
        ports.fleet = fleet_.get();
    }
    executor_ = std::make_unique<heal::ExecutorRole>(strand_, std::move(ports), std::move(settings),
                                                     place_.graphs.of(config_.question_for));
}

Result<void> AgentProcess::make_agent() {
    if (!judges_) {
        return keep(LetterDoor::make(config_, {strand_, clock_, *executor_, place_.boot_id,
                                               [this] { return group_->places(); },
                                               [this](const adapters::roles::Scope& scope) {
                                                   return group_->instances_at(scope);
                                               },
                                               log_, place_.doors}),
                    letters_);
    }
    make_telemetry();
    heal::AgentSettings settings = agent_settings_of(config_, calibration_, log_);
    settings.judge.changes = executor_->changes_before();
    agent_ = std::make_unique<heal::AgentRole>(
        strand_, heal::AgentPorts{clock_, *executor_, oracle_.get(), sources_},
        std::move(settings));
    return {};
}

AgentView AgentProcess::agent_view() {
    return agent_ ? AgentView(*agent_) : AgentView(letters_->desk(), clock_);
}

/// What is beside the loop: lists of sources, neighbours, people.
Result<void> AgentProcess::make_neighbourhood() {
    Result<void> made = keep(BlockSources::make(config_, {strand_, clock_, *kill_switch_,
                                                          *executor_, unwitnessed_, log_}),
                             block_sources_);
    if (made && config_.mesh) {
        made = keep(Pledges::make(config_, {strand_, clock_, *kill_switch_, *executor_, *edge_,
                                            unwitnessed_, log_}),
                    pledges_);
    }
    if (made && has_people(config_)) {
        const auto troubles = [this] { return exports_.troubles(agent_view().source_troubles()); };
        made = keep(People::make(config_, {strand_, clock_, *executor_, cases_, log_, troubles}),
                    people_);
    }
    usage_ = std::make_unique<UsageWatch>(
        clock_,
        UsageWatchOptions{.file = usage_file_of(config_.ledger_directory),
                          .model_pid = [this] { return oracle_ ? oracle_->server_pid() : 0; },
                          .log = log_,
                          .services_count = place_.services_count});
    return made;
}

Task<void> AgentProcess::arrive() {
    const Instant deadline = clock_.now() + start_within;
    Result<void> arrived = co_await group_->arrive(deadline);
    if (!arrived) {
        failed_(arrived.error());
        co_return;
    }
    asio::co_spawn(strand_, executor_->run(), asio::detached);
    asio::co_spawn(strand_, exports_.run(), asio::detached);
    if (!crash_loop_.empty()) {
        std::vector<Entry> entries{record::suspended({"homeostat", crash_loop_})};
        (void)co_await executor_->keep(std::move(entries));
    }
    if (agent_) {
        asio::co_spawn(strand_, agent_->run(), asio::detached);
        asio::co_spawn(strand_, wake_on_news(), asio::detached);
    } else if (Result<void> hears = letters_->listen(); !hears) {
        failed_(hears.error());
        co_return;
    }
    const auto begin_if_any = [this](auto& part) {
        if (part) {
            asio::co_spawn(strand_, part->run(), asio::detached);
        }
    };
    begin_if_any(maintenance_);
    begin_if_any(pledges_);
    begin_if_any(block_sources_);
    begin_if_any(people_);
    begin_if_any(usage_);
    begin_if_any(oracle_);  // The server of one that has failed would run on for nobody.
}

Task<void> AgentProcess::wake_on_news() {
    while (!is_stopping_) {  // A group that is stopped has no more news, and says so at once.
        ports::Telemetry* source = co_await group_->wait_for_news();
        co_await agent_->look(*source);
    }
}

Task<void> AgentProcess::stop() {
    is_stopping_ = true;
    place_.doors.close(config_.service);
    const auto end_if_any = [](auto& part) {
        if (part) {
            part->stop();
        }
    };
    end_if_any(agent_);
    executor_->stop();
    exports_.stop();
    group_->stop();
    end_if_any(shipper_);
    end_if_any(maintenance_);
    end_if_any(block_sources_);
    end_if_any(usage_);
    const Instant until = clock_.now() + stop_within;
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
    if (server_) {
        co_await server_->stop(until);
    }
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
                       .has_approvers = has_approvers(config_),
                       .figures = &counted_ledger_->figures(),
                       .pledges = pledges_ ? &pledges_->role() : nullptr,
                       .immune = block_sources_ ? &block_sources_->role() : nullptr,
                       .sinks = sink_reader_of(config_),
                       .unwitnessed = unwitnessed_,
                       .fleet = fleet_ ? &fleet_->state() : nullptr,
                       .maintenance = maintenance_.get(),
                       .shown = [this] { return group_->shown(); }});
    server_ = std::make_unique<net::HttpServer>(
        strand_, [this](net::HttpRequest request) { return api_->answer(std::move(request)); },
        net::HttpServerLimits{
            .headers_kept = {change_event_headers.begin(), change_event_headers.end()}});
    const Result<net::Endpoint> endpoint = net::unix_endpoint(config_.control_socket.string());
    return endpoint ? server_->listen(*endpoint) : std::unexpected(endpoint.error());
}

Task<net::HttpResponse> AgentProcess::tell(net::HttpRequest request) {
    if (request.path == "/readyz") {
        co_return place_.doors.readiness();
    }
    co_return co_await api_->answer(std::move(request));
}

Result<void> AgentProcess::open_metrics() {
    if (config_.metrics_listen.empty()) {
        return {};
    }
    const auto answer = [this](net::HttpRequest request) { return tell(std::move(request)); };
    if (place_.doors.is_shared_for_metrics(config_.metrics_listen)) {
        return place_.doors.open_metrics(config_.metrics_listen, config_.service, answer);
    }
    metrics_ = std::make_unique<MetricsDoor>(strand_, answer);
    return metrics_->listen(config_.metrics_listen);
}

Result<void> AgentProcess::open_changes_door() {
    if (!config_.changes.door) {
        return {};
    }
    changes_door_ = std::make_unique<ChangesDoor>(
        strand_, clock_, *config_.changes.door,
        [this](net::HttpRequest request) { return api_->take_change(std::move(request)); }, log_);
    return changes_door_->listen();
}

/// Neighbours are heard before anything of ours is promised, and links that were sent before a
/// restart are good: so these doors open first, and the roles begin behind them.
Result<void> AgentProcess::open_doors() {
    if (pledges_) {
        if (Result<void> open = pledges_->listen(); !open) {
            return open;
        }
    }
    if (people_) {
        if (Result<void> open = people_->listen(); !open) {
            return open;
        }
    }
    if (Result<void> listening = listen(); !listening) {
        return fail("control.socket", listening.error());
    }
    if (Result<void> open = open_metrics(); !open) {
        return fail("metrics.listen", open.error());
    }
    return open_changes_door();
}

Result<void> AgentProcess::begin() {
    if (Result<void> open = open_doors(); !open) {
        return open;
    }
    asio::co_spawn(strand_, arrive(), asio::detached);
    if (!config_.sinks.empty() || config_.fleet) {
        shipper_ = std::make_unique<ShipperProcess>(config_, clock_, log_);
        asio::co_spawn(strand_, shipper_->run(), asio::detached);
    }
    return {};
}

}  // namespace

std::unique_ptr<ServiceRun> make_agent_process(const Config& config,
                                               ProcessRole role,
                                               ProcessPlace& place,
                                               RunNews news) {
    return std::make_unique<AgentProcess>(config, role, place, std::move(news));
}

}  // namespace homeostat::app
