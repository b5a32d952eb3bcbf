#pragma once

// Two services whose agents can agree: payments calls fraud, both through one edge. The edge keeps
// a dimmer that ends by itself, counts like a proxy, and knows which effects were announced.
//
// Lives on one strand, in a simulated clock's time. For tests only.

#include "homeostat/heal/pledge_role.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"

#include <boost/asio/io_context.hpp>

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
    [[nodiscard]] double passing_rps() const;

    Task<Outcome> dim(DimRequest request, Instant /*deadline*/) override;

    Task<Result<std::vector<DimmerFacts>>> read_dimmers(Instant /*deadline*/) override;

    /// The counters of the calls to fraud, up to now.
    [[nodiscard]] EdgeCounters counters();

  private:
    /// In small steps: the dimmer may have ended by itself in between.
    void pass();

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
    Task<Result<std::vector<Reading>>> read(Instant /*deadline*/) override;

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
    Pledging();
    ~Pledging();
    Pledging(const Pledging&) = delete;
    Pledging& operator=(const Pledging&) = delete;

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
    void start();
    void start_payments() { payments_at_ = begin(true); }
    void start_fraud() { fraud_at_ = begin(false); }
    void end_payments() { payments().stop(); }
    void end_fraud() { fraud().stop(); }

    [[nodiscard]] const mesh::Provider& provider();
    [[nodiscard]] const mesh::Relier& relier();
    [[nodiscard]] std::size_t count(PledgeEvent event) const;
    /// Turns of the dimmer that guard has refused.
    [[nodiscard]] std::size_t count_refused() const;
    void break_fraud() { edge.fraud_can_rps = 100; }
    void mend_fraud() { edge.fraud_can_rps = 1'000; }
    [[nodiscard]] bool run_until(const std::function<bool()>& is_done, Duration span);

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

}  // namespace homeostat::heal
