#include "homeostat/app/agent_process.hpp"

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/process/changes_file.hpp"
#include "homeostat/adapters/process/log_telemetry.hpp"
#include "homeostat/adapters/process/process_telemetry.hpp"
#include "homeostat/adapters/process/runtime.hpp"
#include "homeostat/adapters/process/version_telemetry.hpp"
#include "homeostat/adapters/segment_log/segment_log.hpp"
#include "homeostat/adapters/system/switch_file.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"
#include "homeostat/app/arrival_news.hpp"
#include "homeostat/app/block_sources.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/control_api.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/app/judge_settings.hpp"
#include "homeostat/app/model_bounds.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/pledges.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/net/http_client.hpp"
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
    [[nodiscard]] process::Options runtime_options();
    [[nodiscard]] decide::Settings decide_settings() const {
        return {config_.oracle, calibration_, true};
    }
    [[nodiscard]] Result<void> make_actuators();
    void make_telemetry();
    void make_verifiers();
    void make_oracle();
    void make_executor();
    void make_agent();
    [[nodiscard]] Result<void> make_pledges();
    void add_probes(std::vector<ports::Telemetry*>& sources);
    void add_metrics();
    [[nodiscard]] std::function<bool()> wanted_check(
        const process::DeclaredInstance& instance) const;
    void add_journey(std::vector<ports::Telemetry*>& sources);
    [[nodiscard]] Result<void> listen();
    [[nodiscard]] Task<bool> answers(InstanceId instance, Instant deadline);
    Task<void> arrive();
    Task<void> wake_on_exit();
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
    std::unique_ptr<adapters::system::SwitchFile> kill_switch_;
    std::unique_ptr<adapters::segment_log::SegmentLog> ledger_;
    std::unique_ptr<CountingLedger> counted_ledger_;
    std::unique_ptr<process::Runtime> runtime_;
    std::unique_ptr<Edge> edge_;
    std::unique_ptr<Caches> caches_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<ports::Telemetry*> sources_;
    std::vector<ports::Telemetry*> verifiers_;
    process::ProcessTelemetry* processes_{nullptr};
    std::optional<decide::Calibration> calibration_;
    std::unique_ptr<adapters::llm::LlmOracle> oracle_;
    std::unique_ptr<heal::ExecutorRole> executor_;
    std::unique_ptr<heal::AgentRole> agent_;
    std::unique_ptr<Pledges> pledges_;
    std::unique_ptr<BlockSources> block_sources_;
    std::unique_ptr<ControlApi> api_;
    std::unique_ptr<net::HttpServer> server_;
    Result<void> arrival_{};
};

process::Options AgentProcess::runtime_options() {
    process::Options options = process_options_of(config_, shim_program().string());
    if (config_.http_signal) {
        options.answers = [this](InstanceId instance, Instant deadline) {
            return answers(std::move(instance), deadline);
        };
        options.answer_within = config_.http_signal->timeout;
    }
    return options;
}

Task<bool> AgentProcess::answers(InstanceId instance, Instant deadline) {
    for (const process::DeclaredInstance& declared : instances_of(config_)) {
        if (declared.id != instance) {
            continue;
        }
        net::HttpRequest request;
        request.path = config_.http_signal->path;
        net::Endpoint endpoint = net::TcpEndpoint{"127.0.0.1", declared.port};
        const Result<net::HttpResponse> response = co_await net::request_once(
            context_.get_executor(), std::move(endpoint), std::move(request), deadline);
        co_return response && response->status >= 200 && response->status < 300;
    }
    co_return false;
}

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
    kill_switch_ = std::make_unique<adapters::system::SwitchFile>(config_.switch_file);
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
    make_executor();
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
    return make_pledges();
}

Result<void> AgentProcess::make_actuators() {
    auto runtime = process::Runtime::make(runtime_options(), clock_);
    if (!runtime) {
        return std::unexpected(runtime.error());
    }
    runtime_ = std::move(*runtime);
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

// What the agent watches. The executor's fresh samples have sources of their own (make_verifiers):
// counters are differences between two readings, and each reader needs its own first one.
void AgentProcess::make_telemetry() {
    const process::Options options = runtime_options();
    processes_ = &add_source<process::ProcessTelemetry>(sources_, options, boot_id_,
                                                        context_.get_executor(), clock_);
    if (config_.reads_logs) {
        add_source<process::LogTelemetry>(sources_, options, clock_);
    }
    for (const Artifact artifact : artifacts_all) {
        if (!options.roots[artifact].empty()) {
            add_source<process::VersionTelemetry>(sources_, options, artifact,
                                                  executor_->version_last_seen(artifact), clock_);
        }
    }
    if (!config_.changes_file.empty()) {
        add_source<process::ChangesFile>(sources_, config_.changes_file.string(), log_, clock_);
    }
    add_probes(sources_);
    add_metrics();
    edge_->add(sources_);
    caches_->add_watchers(sources_);
}

/// Whether the instance ought to answer now; empty for those that always do.
std::function<bool()> AgentProcess::wanted_check(const process::DeclaredInstance& instance) const {
    if (!instance.is_spare) {
        return {};
    }
    return [run = process::RunDirectory(config_.process.run_directory.string()), id = instance.id,
            boot_id = boot_id_] {
        const Result<process::InstanceState> state = process::look_at(run, id, boot_id);
        return state && process::is_wanted(true, *state);
    };
}

void AgentProcess::add_metrics() {
    if (!config_.prometheus_signal) {
        return;
    }
    for (const process::DeclaredInstance& instance : instances_of(config_)) {
        adapters::telemetry::MetricsOptions metrics;
        metrics.instance = instance.id;
        metrics.address = {net::TcpEndpoint{"127.0.0.1", instance.port},
                           config_.prometheus_signal->path};
        metrics.every = config_.prometheus_signal->every;
        metrics.is_wanted = wanted_check(instance);
        add_source<adapters::telemetry::MetricsTelemetry>(sources_, context_.get_executor(), clock_,
                                                          std::move(metrics));
    }
}

void AgentProcess::add_probes(std::vector<ports::Telemetry*>& sources) {
    if (!config_.http_signal) {
        return;
    }
    for (const process::DeclaredInstance& instance : instances_of(config_)) {
        adapters::telemetry::HttpProbeOptions probe;
        probe.subject = {SubjectKind::instance, instance.id.text()};
        probe.address = {net::TcpEndpoint{"127.0.0.1", instance.port}, config_.http_signal->path};
        probe.every = config_.http_signal->every;
        probe.timeout = config_.http_signal->timeout;
        probe.is_wanted = wanted_check(instance);
        add_source<adapters::telemetry::HttpProbe>(sources, context_.get_executor(), clock_,
                                                   std::move(probe));
    }
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
    add_source<process::ProcessTelemetry>(verifiers_, runtime_options(), boot_id_,
                                          context_.get_executor(), clock_);
    add_probes(verifiers_);
    edge_->add(verifiers_);
    add_journey(verifiers_);
    caches_->add_provers(verifiers_);
}

void AgentProcess::make_executor() {
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
    settings.perform_for_max = config_.process.stop_grace + 20s;
    settings.read_for_max = 1s;
    settings.notify = log_;
    settings.unwitnessed = [this] { return ledger_->objection(); };
    std::vector<ports::Actuator*> actuators{runtime_.get()};
    if (ports::Actuator* edge = edge_->actuator()) {
        actuators.push_back(edge);
    }
    if (ports::Actuator* cache = caches_->actuator()) {
        actuators.push_back(cache);
    }
    executor_ = std::make_unique<heal::ExecutorRole>(
        context_.get_executor(),
        heal::ExecutorPorts{clock_, *counted_ledger_, *kill_switch_, actuators, verifiers_},
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
    Result<process::Arrival> arrival = co_await runtime_->adopt_or_start(deadline);
    if (!arrival) {
        arrival_ = std::unexpected(arrival.error());
        context_.stop();
        co_return;
    }
    tell(*arrival, config_.process.run_directory, log_);
    asio::co_spawn(context_, executor_->run(), asio::detached);
    asio::co_spawn(context_, agent_->run(), asio::detached);
    asio::co_spawn(context_, wake_on_exit(), asio::detached);
    if (pledges_) {
        asio::co_spawn(context_, pledges_->run(), asio::detached);
    }
    if (block_sources_) {
        asio::co_spawn(context_, block_sources_->run(), asio::detached);
    }
}

Task<void> AgentProcess::wake_on_exit() {
    while (true) {
        co_await processes_->wait_for_exit();
        co_await agent_->look(*processes_);
    }
}

Task<void> AgentProcess::wait_for_signal() {
    asio::signal_set signals(context_, SIGTERM, SIGINT);
    co_await signals.async_wait(asio::use_awaitable);
    log_("stopping; the instances go on");
    agent_->stop();
    executor_->stop();
    const Instant until = clock_.now() + stop_within;
    if (block_sources_) {
        block_sources_->stop();
    }
    if (pledges_) {
        co_await pledges_->stop(until);
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
                       .immune = block_sources_ ? &block_sources_->role() : nullptr});
    server_ = std::make_unique<net::HttpServer>(
        context_.get_executor(),
        [this](net::HttpRequest request) { return api_->answer(std::move(request)); });
    const Result<net::Endpoint> endpoint = net::unix_endpoint(config_.control_socket.string());
    return endpoint ? server_->listen(*endpoint) : std::unexpected(endpoint.error());
}

Result<void> AgentProcess::serve() {
    if (Result<void> listening = listen(); !listening) {
        return fail("control.socket", listening.error());
    }
    asio::co_spawn(context_, wait_for_signal(), asio::detached);
    asio::co_spawn(context_, arrive(), asio::detached);
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
