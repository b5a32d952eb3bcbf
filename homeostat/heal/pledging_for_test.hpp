#pragma once

// Two services whose agents can agree: payments calls fraud, both through one edge. The edge keeps
// a dimmer that ends by itself, counts like a proxy, and knows which effects were announced.
//
// Lives on one strand, in a simulated clock's time. For tests only.

#include "homeostat/heal/pledge_role.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"
#include "homeostat/mesh/names_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

using namespace std::chrono_literals;

inline const ServiceId fraud_service("fraud");
inline const mesh::AgentId payments_agent("payments");
inline const mesh::AgentId fraud_agent("fraud");
inline const mesh::RouteId fraud_route("fraud");

/// The flow of calls, and the edge in it.
class PledgedEdge final : public ports::Dimmer {
  public:
    explicit PledgedEdge(SimulatedClock& clock) : clock_(clock) {}

    double calls_rps{200};  ///< Of payments to fraud, before any is held back.
    static constexpr double fraud_usually_rps = 1'000;
    double fraud_can_rps{fraud_usually_rps};  ///< More than that waits, and fails in the end.
    double ends_ratio{1};  ///< Of the calls that begin so many end meanwhile; the others pile up.
    bool tells_latency{true};
    std::optional<double> latency_ms;  ///< Of those that are answered; else by what it can do.
    bool is_away{false};               ///< The edge answers nothing.
    bool is_silent{false};             ///< It obeys, and does not say so.
    Duration dim_takes{1ms};
    std::function<void()> before_dim;      ///< Called once an order is there.
    std::set<std::string> announced;       ///< Effects that the ledger knows of.
    std::vector<std::string> unannounced;  ///< Effects that came without.
    std::vector<Dim> orders;
    double passed_total{0};
    double ended_total{0};
    double failed_total{0};

    [[nodiscard]] std::uint32_t permille() const { return clock_.now() < until_ ? permille_ : 0; }
    [[nodiscard]] Instant ends_at() const { return until_; }
    [[nodiscard]] double passing_rps() const {
        return calls_rps * (permille_max - permille()) / permille_max;
    }

    Task<Outcome> dim(DimRequest request, Instant /*deadline*/) override {
        const Dim& wanted = request.dim();
        const std::string effect = request.effect().text();
        if (before_dim) {
            before_dim();
        }
        if (is_away) {
            co_return Outcome{OutcomeKind::refused, "nothing was sent"};
        }
        co_await clock_.sleep_until(clock_.now() + dim_takes);
        pass();
        if (!announced.contains(effect)) {
            unannounced.push_back(effect);
        }
        orders.push_back(wanted);
        permille_ = wanted.permille;
        until_ = wanted.until;
        co_return is_silent ? Outcome{OutcomeKind::unknown, "it does not answer"}
                            : Outcome{OutcomeKind::done, {}};
    }

    Task<Result<std::vector<DimmerFacts>>> read_dimmers(Instant /*deadline*/) override {
        if (is_away) {
            co_return fail(Fault::unreachable, "the edge is away");
        }
        co_return std::vector<DimmerFacts>{{fraud_service, permille(), until_}};
    }

    /// The counters of the calls to fraud, up to now.
    [[nodiscard]] EdgeCounters counters() {
        pass();
        EdgeCounters counters;
        counters.requests_total = static_cast<std::uint64_t>(ended_total);
        counters.errors_total = static_cast<std::uint64_t>(failed_total);
        counters.sessions_now = static_cast<std::uint64_t>(passed_total) - counters.requests_total;
        counters.queue_length = passing_rps() > fraud_can_rps ? 50 : 0;
        // Who can do a tenth takes ten times as long for each.
        counters.latency_ms = latency_ms.value_or(5 * fraud_usually_rps / fraud_can_rps);
        counters.latency_answers_max = tells_latency ? 1 : 0;
        return counters;
    }

  private:
    /// In small steps: the dimmer may have ended by itself in between.
    void pass() {
        constexpr Duration step = 10ms;
        while (passed_to_ < clock_.now()) {
            const Instant at = std::min(passed_to_ + step, clock_.now());
            const double held = passed_to_ < until_ ? permille_ : 0;
            const double seconds = to_seconds(at - passed_to_);
            const double passing = calls_rps * (permille_max - held) / permille_max;
            passed_total += passing * seconds;
            ended_total += passing * ends_ratio * seconds;
            failed_total += std::max(0.0, passing - fraud_can_rps) * seconds;
            passed_to_ = at;
        }
    }

    SimulatedClock& clock_;
    std::uint32_t permille_{0};
    Instant until_{};
    Instant passed_to_{clock_.now()};
};

class PledgedTelemetry final : public ports::Telemetry {
  public:
    PledgedTelemetry(PledgedEdge& edge, SimulatedClock& clock, Subject subject)
        : edge_(edge), clock_(clock), subject_(std::move(subject)) {}

    [[nodiscard]] std::string_view name() const override { return "edge"; }
    [[nodiscard]] Duration interval() const override { return 250ms; }
    Task<Result<std::vector<Reading>>> read(Instant /*deadline*/) override {
        if (edge_.is_away) {
            co_return fail(Fault::unreachable, "the edge is away");
        }
        EdgeReading reading;
        reading.subject = subject_;
        reading.counters = edge_.counters();
        reading.at = clock_.now();
        std::vector<Reading> readings{reading};
        co_return readings;
    }

  private:
    PledgedEdge& edge_;
    SimulatedClock& clock_;
    Subject subject_;
};

class Pledging;

/// Gives messages to the other agent's present life, a moment later.
class PledgedPeers final : public ports::Peers {
  public:
    PledgedPeers(Pledging& world, bool is_to_fraud) : world_(world), is_to_fraud_(is_to_fraud) {}
    void send(std::string_view neighbour, std::string message) override;

  private:
    Pledging& world_;
    bool is_to_fraud_;
};

class Pledging {
  public:
    Pledging() { start(); }

    SimulatedWorld world;  ///< Its time and its kill switch.
    SimulatedClock clock{world, context};
    SimulatedSwitch kill_switch{world};
    PledgedEdge edge{clock};
    bool is_cut{false};   ///< Nobody hears anybody.
    bool is_full{false};  ///< The ledger of payments takes nothing.
    Autonomy autonomy{Autonomy::act};
    std::uint32_t floor_rps{20};
    std::vector<Entry> entries;  ///< Of payments.
    std::uint32_t messages_count{0};

    PledgeRole& payments() { return *lives_[payments_at_]; }
    PledgeRole& fraud() { return *lives_[fraud_at_]; }

    /// Both agents, anew. What lived before says and hears nothing any more, and may end what it
    /// had begun.
    void start() {
        start_payments();
        start_fraud();
    }
    void start_payments() { payments_at_ = begin(true); }
    void start_fraud() { fraud_at_ = begin(false); }
    void end_payments() { payments().stop(); }
    void end_fraud() { fraud().stop(); }

    [[nodiscard]] const mesh::Provider& provider() {
        return payments().agent().providers.at(fraud_route);
    }
    [[nodiscard]] const mesh::Relier& relier() {
        return fraud().agent().reliers.at({payments_agent, fraud_route});
    }
    [[nodiscard]] std::size_t count(PledgeEvent event) const {
        return static_cast<std::size_t>(std::ranges::count_if(entries, [event](const Entry& entry) {
            return entry.kind == EntryKind::pledge &&
                   from_json<PledgeBody>(entry.body).value().event == event;
        }));
    }
    /// Turns of the dimmer that guard has refused.
    [[nodiscard]] std::size_t count_refused() const {
        return static_cast<std::size_t>(std::ranges::count_if(entries, [](const Entry& entry) {
            return entry.kind == EntryKind::dimmed &&
                   !from_json<DimmedBody>(entry.body).value().rule.empty();
        }));
    }
    void break_fraud() { edge.fraud_can_rps = 100; }
    void mend_fraud() { edge.fraud_can_rps = 1'000; }
    [[nodiscard]] bool run_until(const std::function<bool()>& is_done, Duration span) {
        return clock.run_until(is_done, span);
    }

  private:
    [[nodiscard]] PledgeSettings settings(bool is_payments);
    std::size_t begin(bool is_payments);
    Task<bool> keep(std::vector<Entry> added, bool is_payments);

    std::uint64_t payments_epoch_{0};
    std::uint64_t fraud_epoch_{0};
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<std::unique_ptr<PledgedPeers>> peers_;
    std::vector<std::unique_ptr<PledgeRole>> lives_;
    std::size_t payments_at_{0};
    std::size_t fraud_at_{0};
    // Last: what still waits in it goes before whatever it refers to.

  public:
    boost::asio::io_context context{1};
};

inline void PledgedPeers::send(std::string_view /*neighbour*/, std::string message) {
    if (world_.is_cut) {
        return;
    }
    world_.messages_count += 1;
    auto deliver = [](Pledging& world, bool is_to_fraud, std::string bytes) -> Task<void> {
        co_await world.clock.sleep_until(world.clock.now() + 1ms);
        PledgeRole& receiver = is_to_fraud ? world.fraud() : world.payments();
        if (receiver.is_ready()) {  // Before, nobody listens there.
            (void)receiver.hear(std::move(bytes));
        }
    };
    boost::asio::co_spawn(world_.context, deliver(world_, is_to_fraud_, std::move(message)),
                          boost::asio::detached);
}

inline PledgeSettings Pledging::settings(bool is_payments) {
    PledgeSettings settings;
    settings.service = ServiceId(is_payments ? "payments" : "fraud");
    settings.mesh.self = is_payments ? payments_agent : fraud_agent;
    settings.mesh.neighbours = {is_payments ? fraud_agent : payments_agent};
    const std::vector<mesh::ModeSettings> modes{
        {.id = mesh::ModeId("sampled"), .depth = 1, .via = {}}};
    if (is_payments) {
        settings.mesh.routes = {{fraud_route, fraud_agent, floor_rps, modes}};
        settings.neighbours = {{fraud_route, fraud_service}};
        settings.dimmers = {{.neighbour = fraud_service, .floor_rps = floor_rps}};
    } else {
        settings.mesh.callers = {{payments_agent, fraud_route, modes}};
        settings.capacity_rps = 1'000;
    }
    settings.keyring = mesh::for_test::keyring_of({payments_agent, fraud_agent});
    settings.seed = mesh::for_test::seed_of(settings.mesh.self);
    std::uint64_t& epoch = is_payments ? payments_epoch_ : fraud_epoch_;
    settings.stored_epoch = epoch++;
    settings.chance = epoch * 7 + (is_payments ? 1 : 2);
    settings.autonomy = autonomy;
    settings.log = [](const std::string&) {};
    settings.keep = [this, is_payments](std::vector<Entry> added) {
        return keep(std::move(added), is_payments);
    };
    settings.unwitnessed = [] { return std::string(); };
    return settings;
}

inline Task<bool> Pledging::keep(std::vector<Entry> added, bool is_payments) {
    co_await clock.sleep_until(clock.now() + 1ms);
    if (!is_payments) {
        co_return true;
    }
    if (is_full) {
        co_return false;
    }
    for (Entry& entry : added) {
        if (entry.kind == EntryKind::dimming) {
            edge.announced.insert(from_json<DimmingBody>(entry.body).value().effect.text());
        }
        entries.push_back(std::move(entry));
    }
    co_return true;
}

inline std::size_t Pledging::begin(bool is_payments) {
    const Subject seen = is_payments ? Subject{SubjectKind::neighbour, "fraud"}
                                     : Subject{SubjectKind::service, "fraud"};
    telemetry_.push_back(std::make_unique<PledgedTelemetry>(edge, clock, seen));
    peers_.push_back(std::make_unique<PledgedPeers>(*this, is_payments));
    lives_.push_back(std::make_unique<PledgeRole>(context.get_executor(),
                                                  PledgePorts{.clock = clock,
                                                              .kill_switch = kill_switch,
                                                              .dimmer = edge,
                                                              .edge = *telemetry_.back(),
                                                              .peers = *peers_.back()},
                                                  settings(is_payments)));
    boost::asio::co_spawn(context, lives_.back()->run(), boost::asio::detached);
    return lives_.size() - 1;
}

}  // namespace homeostat::heal
