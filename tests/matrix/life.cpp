#include "life.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/heal/approvers_for_test.hpp"
#include "homeostat/heal/replay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace homeostat::matrix {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view selector = "app%3Dpay";

decide::Settings decides() {
    return {.mode = OracleMode::both,
            .calibration = decide::Calibration{"matrix", std::string(64, '0'), decide::lambda_max}};
}

Inventory inventory(const kubernetes::Options& options) {
    Inventory inventory;
    inventory.service = options.service;
    for (std::uint32_t index = 0; index < options.slots_count; ++index) {
        inventory.instances.emplace_back(fmt::format("pay-{}", index));
    }
    inventory.has_versions = true;
    inventory.has_edge = true;
    inventory.is_orchestrated = true;
    return inventory;
}

/// A person is asked for the rollback, a sink has to have its decision, and a fleet a place for it.
guard::Limits limits() {
    guard::Limits limits;
    limits.min_healthy = 2;
    limits.attempts_max = remedies_tries_max;
    limits.cool_down = 20s;
    limits.autonomy[RemedyKind::rollback] = Autonomy::ask;
    limits.confirmed_by = {{RemedyKind::rollback, {"pg"}}};
    limits.fleet = FleetLimits{
        .name = "shop", .remedies_max = 10, .window = 10min, .at_once_max = at_once_max};
    return limits;
}

kubernetes::Slots opened(Stage& stage) {
    return kubernetes::Slots::open(stage.cluster.options.service, stage.cluster.options.slots_count,
                                   stage.directory.file("slots.json"))
        .value();
}

}  // namespace

Task<Result<Ranking>> NoOpinion::rank(Evidence /*evidence*/,
                                      std::vector<RemedyKind> kinds,
                                      Instant /*deadline*/) {
    on_rank_();
    co_await clock_.sleep_until(clock_.now() + 50ms);
    Ranking ranking{.kinds = {}, .model = "matrix", .prompt_digest = std::string(64, '0')};
    for (const RemedyKind kind : kinds) {
        ranking.kinds.push_back(
            {.kind = kind, .log_probability = -2, .neutral_log_probability = -2});
    }
    co_return ranking;
}

Life::Life(Stage& stage)
    : stage_(stage),
      context_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)),
      ledger_(stage),
      api_(stage.cluster, stage.clock, stage.spoiler),
      edge_api_(stage.cluster, stage.clock, stage.spoiler),
      told_(stage.cluster, stage.clock, stage.spoiler),
      slots_(opened(stage)),
      deployments_(watch(kubernetes::deployments_path(stage.cluster.options), 1)),
      replica_sets_(watch(kubernetes::replica_sets_path(stage.cluster.options, selector), 2)),
      pods_(watch(kubernetes::pods_path(stage.cluster.options, selector), 3)),
      group_(stage.cluster.options,
             {kubernetes::seen_by(*deployments_), kubernetes::seen_by(*replica_sets_),
              kubernetes::seen_by(*pods_)},
             slots_,
             stage.clock),
      runtime_(stage.cluster.options, api_, slots_, stage.clock),
      edge_(stage.cluster, edge_api_, group_, stage.clock),
      lease_(stage.lease,
             stage.clock,
             stage.cluster.options,
             {.identity = "ours",
              .log = [&stage](const std::string& text) { stage.say("lease: " + text); }}),
      oracle_(stage.clock, [&stage] { stage.enter(Phase::ask); }),
      pods_seen_(group_, *pods_, stage.clock),
      edge_seen_(stage.cluster, stage.clock),
      edge_counted_(stage.cluster, stage.clock),
      journeys_(stage.cluster, stage.clock) {
    stage_.clock.lead_to(*context_);
    runtime_.glance_at(group_);
    listen();
}

Life::~Life() {
    stage_.clock.forget_all();
    for (auto* watch : {&deployments_, &replica_sets_, &pods_}) {
        watch->reset();  // Their timers are the context's.
    }
    context_.reset();  // Ends what waits while all that it names is there.
}

std::unique_ptr<kubernetes::ObjectWatch> Life::watch(std::string path, std::uint64_t seed) {
    kubernetes::WatchOptions options;
    options.path = std::move(path);
    return std::make_unique<kubernetes::ObjectWatch>(
        told_, told_, stage_.clock, context_->get_executor(), std::move(options), Rng(seed));
}

void Life::listen() {
    api_.on_sent = [this](const kubernetes::ApiWrite& write) {
        stage_.enter(Phase::act);
        stage_.say("write: " + write.method + " " + write.path);
    };
    api_.on_effect = [this](const kubernetes::ApiWrite& write) {
        stage_.say("effect: now of " + stage_.cluster.image_tag());
        stage_.witness.see_effect(write);
    };
    api_.on_impatience = [this] {
        stage_.witness.accuse("P22: a write to a server that has asked for patience");
    };
    journeys_.on_read = [this] { stage_.enter(Phase::verify); };
}

void Life::make_executor() {
    heal::ExecutorSettings settings;
    settings.inventory = inventory(stage_.cluster.options);
    settings.guard = limits();
    settings.started.version = "matrix";
    settings.started.service = settings.inventory.service;
    settings.started.settings = to_json(heal::DecisionSettings{settings.guard, decides()});
    settings.boot_id = "boot-1";
    settings.proof_time = 5s;
    settings.drain_for_max = 10s;
    settings.refusal_for_max = 20s;
    settings.plan_for_max = 60s;
    settings.rejudge_for_max = 10s;
    settings.question_for_max = 60s;
    settings.hold_for_max = 20s;
    settings.perform_for_max = 2s;
    settings.read_for_max = 1s;
    settings.chance = 1;
    settings.notify = [this](const std::string& text) { stage_.notify(text); };
    settings.suspended_because = [this] { return lease_.reason(); };
    const Cell& cell = stage_.spoiler.cell;
    if (cell.port == Port::approvals && cell.fault == PortFault::partial) {
        settings.approvers = heal::approvers_for_test(2);
        settings.approvers.service = settings.inventory.service;
    }
    heal::ExecutorPorts ports{stage_.clock,
                              ledger_,
                              lease_,
                              {&runtime_, &edge_},
                              {&pods_seen_, &edge_counted_, &journeys_}};
    ports.confirmations = &stage_.sink;
    ports.fleet = &stage_.budget;
    executor_ = std::make_unique<heal::ExecutorRole>(context_->get_executor(), std::move(ports),
                                                     std::move(settings));
}

void Life::make_agent() {
    heal::AgentSettings settings;
    settings.judge.inventory = inventory(stage_.cluster.options);
    settings.judge.changes = executor_->changes_before();
    settings.decide = decides();
    settings.model_for_max = 1500ms;
    settings.settle_for = 5s;
    settings.log = [this](const std::string& text) { stage_.say("log: " + text); };
    rollouts_seen_.emplace(group_, executor_->version_last_seen(Artifact::deploy), stage_.clock);
    heal::AgentPorts ports{
        stage_.clock, *executor_, &oracle_, {&pods_seen_, &*rollouts_seen_, &edge_seen_}};
    agent_ = std::make_unique<heal::AgentRole>(context_->get_executor(), std::move(ports),
                                               std::move(settings));
}

Result<void> Life::start() {
    make_executor();
    if (Result<void> recovered = executor_->recover(); !recovered) {
        return recovered;
    }
    make_agent();
    const auto begin = [this](Task<void> task) {
        asio::co_spawn(*context_, std::move(task), asio::detached);
    };
    for (kubernetes::ObjectWatch* watch : {deployments_.get(), replica_sets_.get(), pods_.get()}) {
        begin(watch->run());
    }
    begin(lease_.run());
    begin(executor_->run());
    begin(agent_->run());
    return {};
}

}  // namespace homeostat::matrix
