#include "homeostat/app/agent_process.hpp"

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/app/approvals_place.hpp"
#include "homeostat/app/block_sources.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/chance.hpp"
#include "homeostat/app/control_api.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/judge_settings.hpp"
#include "homeostat/app/kubernetes_group.hpp"
#include "homeostat/app/metrics_door.hpp"
#include "homeostat/app/model_bounds.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/open_cases.hpp"
#include "homeostat/app/people.hpp"
#include "homeostat/app/pledges.hpp"
#include "homeostat/app/process_group.hpp"
#include "homeostat/app/shipper_process.hpp"
#include "homeostat/app/switches.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/proc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

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
    AgentProcess(const Config& config, LogLine log) : config_(config), log_(std::move(log)) {}

    Result<void> prepare();
    Result<void> serve();

  private:
    [[nodiscard]] decide::Settings decide_settings() const {
        return {config_.oracle, calibration_, true};
    }
    [[nodiscard]] Result<std::unique_ptr<GuardedGroup>> make_group();
    [[nodiscard]] Result<void> make_actuators();
    void make_telemetry();
    void make_verifiers();
    void make_oracle();
    void make_executor(heal::Approvers approvers);
    void make_agent();
    [[nodiscard]] Result<void> make_pledges();
    [[nodiscard]] Result<void> make_people();
    void add_journey(std::vector<ports::Telemetry*>& sources);
    [[nodiscard]] Result<void> listen();
    [[nodiscard]] Result<void> open_metrics();
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
    LogLine log_;
    asio::io_context context_{1};
    adapters::system::SystemClock clock_{context_.get_executor()};
    std::string boot_id_;
    std::unique_ptr<Switches> kill_switch_;
    std::unique_ptr<adapters::segment_log::SegmentLog> ledger_;
    std::unique_ptr<CountingLedger> counted_ledger_;
    OpenCases cases_;
    std::unique_ptr<ToldLedger> told_ledger_;
    std::unique_ptr<GuardedGroup> group_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<Caches> caches_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<ports::Telemetry*> sources_;
    std::vector<ports::Telemetry*> verifiers_;
    std::optional<decide::Calibration> calibration_;
    std::unique_ptr<adapters::llm::LlmOracle> oracle_;
    std::unique_ptr<heal::ExecutorRole> executor_;
    std::unique_ptr<heal::AgentRole> agent_;
    std::unique_ptr<Pledges> pledges_;
    std::unique_ptr<People> people_;
    std::unique_ptr<BlockSources> block_sources_;
    std::unique_ptr<ShipperProcess> shipper_;
    std::unique_ptr<ControlApi> api_;
    std::unique_ptr<net::HttpServer> server_;
    std::unique_ptr<MetricsDoor> metrics_;
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
    adapters::segment_log::Options options;
    options.directory = config_.ledger_directory;
    options.boot_id = boot_id_;
    options.sink = config_.sink_file;
    options.keep = config_.keep;
    options.on_news = [log = log_](std::string_view news) { log(std::string(news)); };
    if (!config_.witness_files.empty()) {
        options.heads = adapters::segment_log::HeadOptions{.key = config_.key_file,
                                                           .witnesses = config_.witness_files,
                                                           .pace = config_.head_pace,
                                                           .clock_for_test = {},
                                                           .disk_probe_for_test = {}};
    }
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
    make_oracle();
    auto approvers = approvers_of(config_);
    if (!approvers) {
        return std::unexpected(approvers.error());
    }
    make_executor(*std::move(approvers));
    if (Result<void> recovered = executor_->recover(); !recovered) {
        return recovered;
    }
    make_telemetry();
    make_agent();
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
    counted_ledger_->listen([this](const EntryGroup& recorded) { group_->tell(recorded); });
    auto caches = Caches::make(config_, context_.get_executor());
    if (!caches) {
        return fail("caches", caches.error());
    }
    caches_ = std::move(*caches);
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
    if (!config_.changes_file.empty()) {
        add_source<process::ChangesFile>(sources_, config_.changes_file.string(), log_, clock_);
    }
    edge_->add(sources_);
    caches_->add_watchers(sources_);
}

void AgentProcess::add_journey(std::vector<ports::Telemetry*>& sources) {
    if (!config_.journey) {
        return;
    }
    const Result<net::Address> address = net::parse_endpoint(config_.journey->url);
    if (!address) {
        log_("journey: " + address.error().text);
        return;
    }
    adapters::telemetry::HttpProbeOptions probe;
    probe.observer = Observer::journey;
    probe.subject = {SubjectKind::service, config_.service.text()};
    probe.address = *address;
    probe.every = config_.journey->every;
    probe.timeout = config_.journey->timeout;
    add_source<adapters::telemetry::HttpProbe>(sources, context_.get_executor(), clock_,
                                               std::move(probe));
}

void AgentProcess::make_verifiers() {
    group_->add_verifiers(verifiers_);
    edge_->add(verifiers_);
    add_journey(verifiers_);
    caches_->add_provers(verifiers_);
}

void AgentProcess::make_executor(heal::Approvers approvers) {
    heal::ExecutorSettings settings;
    settings.inventory = inventory_of(config_);
    settings.guard = config_.guard;
    settings.started = StartedBody{std::string(program_version), config_.digest, config_.service,
                                   static_cast<std::int32_t>(::getpid())};
    settings.started.settings = to_json(heal::DecisionSettings{config_.guard, decide_settings()});
    settings.boot_id = boot_id_;
    settings.proof_time = config_.proof_time;
    settings.drain_for_max = 10s;
    settings.refusal_for_max = 60s;
    settings.plan_for_max = 180s;
    settings.rejudge_for_max = 15s;
    settings.question_for_max = config_.question_for;
    settings.hold_for_max = config_.hold_for;
    settings.perform_for_max = group_->perform_for_max();
    settings.read_for_max = 1s;
    settings.look_every = group_->look_every();
    settings.notify = log_;
    settings.approvers = std::move(approvers);
    settings.chance = draw_chance();
    settings.unwitnessed = [this] { return ledger_->objection(); };
    std::vector<ports::Actuator*> actuators = group_->actuators();
    if (ports::Actuator* edge = edge_->actuator()) {
        actuators.push_back(edge);
    }
    if (ports::Actuator* cache = caches_->actuator()) {
        actuators.push_back(cache);
    }
    executor_ = std::make_unique<heal::ExecutorRole>(
        context_.get_executor(),
        heal::ExecutorPorts{clock_, *told_ledger_, *kill_switch_, actuators, verifiers_},
        std::move(settings));
}

void AgentProcess::make_agent() {
    heal::AgentSettings settings;
    settings.judge = judge_settings_of(config_, inventory_of(config_));
    settings.judge.changes = executor_->changes_before();
    settings.decide = decide_settings();
    settings.model_for_max = config_.model ? config_.model->deadline : Duration::zero();
    settings.settle_for = 5s;
    settings.log = log_;
    agent_ = std::make_unique<heal::AgentRole>(
        context_.get_executor(), heal::AgentPorts{clock_, *executor_, oracle_.get(), sources_},
        std::move(settings));
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

void AgentProcess::make_oracle() {
    if (!config_.model || config_.oracle == OracleMode::rules) {
        return;
    }
    Result<adapters::llm::LlmSettings> settings = llm_settings_of(config_);
    if (!settings) {
        log_("model: " + settings.error().text);
        return;
    }
    if (auto* ours = std::get_if<adapters::llm::ModelServerSettings>(&settings->server)) {
        ours->cgroup = divided_cgroup(log_);
    }
    oracle_ = std::make_unique<adapters::llm::LlmOracle>(context_.get_executor(), clock_,
                                                         *std::move(settings));
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
    asio::co_spawn(context_, agent_->run(), asio::detached);
    asio::co_spawn(context_, wake_on_news(), asio::detached);
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
    agent_->stop();
    executor_->stop();
    group_->stop();
    if (shipper_) {
        shipper_->stop();
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
    co_await server_->stop(until);
    co_await clock_.sleep_until(std::min(until, clock_.now() + 200ms));
    context_.stop();
}

Result<void> AgentProcess::listen() {
    api_ = std::make_unique<ControlApi>(
        ControlContext{.agent = *agent_,
                       .executor = *executor_,
                       .clock = clock_,
                       .kill_switch = *kill_switch_,
                       .oracle = oracle_.get(),
                       .service = config_.service,
                       .takes_changes = config_.takes_changes_by_http,
                       .figures = &counted_ledger_->figures(),
                       .pledges = pledges_ ? &pledges_->role() : nullptr,
                       .immune = block_sources_ ? &block_sources_->role() : nullptr,
                       .sinks = sink_reader_of(config_)});
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

Result<void> AgentProcess::serve() {
    if (Result<void> listening = listen(); !listening) {
        return fail("control.socket", listening.error());
    }
    if (Result<void> open = open_metrics(); !open) {
        return fail("metrics.listen", open.error());
    }
    asio::co_spawn(context_, wait_for_signal(), asio::detached);
    asio::co_spawn(context_, arrive(), asio::detached);
    if (!config_.sinks.empty()) {
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

Result<void> guard_service(const Config& config, const LogLine& log) {
    AgentProcess agent(config, log);
    if (Result<void> prepared = agent.prepare(); !prepared) {
        return prepared;
    }
    return agent.serve();
}

}  // namespace homeostat::app
