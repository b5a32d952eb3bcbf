#pragma once

// Lease: which of several agents of one Deployment acts.
//
// A lock it is not: who believes to hold it may be wrong for as long as clocks and networks please.
// So it only keeps a second agent from doing anything as a rule; that two who act do no harm is a
// matter of what they write, each under its own precondition. It is asked as a kill switch is:
// while another agent holds the Lease ours is engaged.
//
// Whoever holds it acts until `act_for` after it last asked for a renewal that was granted, and
// nobody takes it before it has gone without one for `lasts_for`, counted from when they saw the
// last: no clock of another machine is compared with ours. A holder that ends gives it back.
//
// SOURCE: coordination.k8s.io/v1, and how client-go's leaderelection counts.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/kill_switch.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace homeostat::adapters::kubernetes {

struct LeaseLimits {
    Duration lasts_for{std::chrono::seconds{30}};
    Duration act_for{std::chrono::seconds{20}};       ///< Less: an effect takes a while, too.
    Duration renew_every{std::chrono::seconds{10}};   ///< A tenth of a request a second.
    Duration retry_every{std::chrono::seconds{2}};    ///< So that one lost renewal costs nothing.
    Duration look_every{std::chrono::seconds{5}};     ///< Of who waits for it.
    Duration answer_within{std::chrono::seconds{5}};  ///< For one request.
};

/// Longest that an effect may take which begins while the Lease is held: what begins at the last
/// moment of that is sent before anybody else may take it.
[[nodiscard]] Duration effect_for_max(const LeaseLimits& limits);

struct LeaseSettings {
    std::string identity;                         ///< Ours, the same after a restart.
    std::function<void(const std::string&)> log;  ///< Told when who holds it changes.
    LeaseLimits limits{};
};

/// What the server says of it.
struct LeaseView {
    std::string holder;  ///< Empty: nobody.
    std::string resource_version;
    std::int64_t transitions{0};
};

/// ERRORS: invalid, naming the field.
[[nodiscard]] Result<LeaseView> parse_lease(const json::value& object);

enum class LeaseStep : std::uint8_t { create, take, renew, wait };

/// What to do by what was seen, and whether we hold it. Pure.
class LeaseTerms {
  public:
    LeaseTerms(std::string identity, LeaseLimits limits)
        : identity_(std::move(identity)), limits_(limits) {}

    /// `seen`: nothing: there is no such Lease.
    [[nodiscard]] LeaseStep next(const std::optional<LeaseView>& seen, Instant now);

    /// The server granted what was asked for at `asked_at`.
    void grant(Instant asked_at) { granted_at_ = asked_at; }
    /// Somebody else has it, or it was given back.
    void lose() { granted_at_.reset(); }

    [[nodiscard]] bool is_held(Instant now) const {
        return granted_at_ && now - *granted_at_ < limits_.act_for;
    }

  private:
    std::string identity_;
    LeaseLimits limits_;
    std::optional<Instant> granted_at_;
    std::string version_seen_;
    Instant seen_since_{};  ///< When `version_seen_` was first seen.
};

class Lease final : public ports::KillSwitch {
  public:
    /// `place.lease` names it. REQUIRES: the first three outlive it.
    Lease(ApiClient& api, ports::Clock& clock, const Options& place, LeaseSettings settings);

    /// Takes and renews it until stop(), then gives it back. Once, in a task of its own.
    Task<void> run();
    void stop() { is_stopping_ = true; }

    [[nodiscard]] bool is_engaged() const override { return !terms_.is_held(clock_.now()); }
    /// Whoever holds it and why we do not; empty: we do.
    [[nodiscard]] std::string reason() const;

    /// ERRORS: refused: it is no switch of people's.
    Result<void> engage() override;
    /// Nothing: agents settle it among themselves.
    Result<void> release() override { return {}; }

  private:
    Task<Result<void>> look();
    Task<Result<void>> write(LeaseStep step);
    Task<void> give_back();
    [[nodiscard]] Duration pause() const;
    [[nodiscard]] ApiWrite write_of(LeaseStep step) const;
    [[nodiscard]] json::object spec_of(LeaseStep step) const;
    [[nodiscard]] Result<void> take(const ApiReply& reply);
    void tell();

    ApiClient& api_;
    ports::Clock& clock_;
    const Options& place_;
    LeaseSettings settings_;
    LeaseTerms terms_;
    std::optional<LeaseView> seen_;  ///< Nothing: not looked at yet, or there is none.
    bool is_seen_{false};            ///< It is what the server holds, as far as we know.
    std::string trouble_;            ///< Of the last request; empty: it went well.
    std::string told_;               ///< What the log was told last.
    bool is_stopping_{false};
};

}  // namespace homeostat::adapters::kubernetes
