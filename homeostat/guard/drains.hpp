#pragma once

// Drains: which instances are out of rotation by us, as far as the ledger and the edge's dates
// tell.
//
// A person drains an instance in the same way as we do, and the edge does not say who it was. So a
// drain is ours if its effect was answered for, until it was put back or seen to be gone. Where we
// died before the answer the edge says when its state last changed: ours began after it was
// announced, and soon. What began later, or without a date, is a person's: what cannot be told
// apart stays drained, and is told of. Who drained it within these few seconds nobody can tell, nor
// who drains once more what is drained.
//
// What is drained when its incident is closed a person has kept so; but a spare that we stopped is
// ours to use again. After a reboot an edge on this machine has begun anew: ours is only what has
// not changed since before.
//
// Bounded: the oldest go first, and are a person's then. Pure. Values only; a part of History.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>

namespace homeostat::guard {

/// An effect whose answer we did not live to hear has happened by then, or never does: the write of
/// its intent and the edge's answer take some milliseconds, a proxy that hangs seconds.
inline constexpr Duration effect_late_max = std::chrono::seconds{10};
/// The edge dates its changes by whole seconds of its own clock.
inline constexpr Duration edge_date_error = std::chrono::seconds{1};
/// Between a look that found nothing and what the edge began just then.
inline constexpr Duration look_race_max = std::chrono::seconds{2};

class Drains {
  public:
    void announce(const IncidentId& incident, const EffectId& effect, const Step& step, Instant at);
    void settle(const EffectId& effect, OutcomeKind kind, bool is_read_back, Instant at);
    void close(const IncidentId& incident);

    /// Another process of ours began: no answer of before will come.
    void outlive();

    /// The machine was started again, and the instants so far are of another boot.
    void move_back(Duration by);

    /// What these facts show to be in rotation, or out of it in another way, is drained no more.
    void see(const Facts& facts);

    /// Whether it is drained, and by us.
    [[nodiscard]] bool is_ours(const InstanceFacts& instance) const;

    friend bool operator==(const Drains&, const Drains&) = default;

    static constexpr std::size_t orders_max = 256;

  private:
    /// To drain, or to put back.
    struct Order {
        InstanceId instance;
        IncidentId incident;
        EffectId effect;
        Instant announced_at{};
        std::optional<Instant> done_at{};    ///< Answered for.
        std::optional<Instant> looked_at{};  ///< Not answered for, and not found then.
        bool is_outlived{false};             ///< We died before an answer.
        bool is_stopped{false};              ///< And its process was ended by us.
        bool is_of_earlier_boot{false};
        friend bool operator==(const Order&, const Order&) = default;
    };

    [[nodiscard]] static bool is_gone(const Order& drain,
                                      const InstanceFacts& instance,
                                      Instant read_at);
    [[nodiscard]] static bool explains(const Order& drain, const InstanceFacts& instance);
    [[nodiscard]] bool is_put_back_since(const InstanceFacts& instance) const;
    void settle_drain(Order& drain, OutcomeKind kind, bool is_read_back, Instant at);

    std::list<Order> drains_;
    std::list<Order> undrains_;  ///< Of unknown fate.
};

}  // namespace homeostat::guard
