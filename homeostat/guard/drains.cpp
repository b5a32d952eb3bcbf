#include "homeostat/guard/drains.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::guard {

void Drains::announce(const IncidentId& incident,
                      const EffectId& effect,
                      const Step& step,
                      Instant at) {
    if (const auto* stop = std::get_if<Stop>(&step)) {
        for (Order& drain : drains_) {
            drain.is_stopped = drain.is_stopped || drain.instance == stop->instance;
        }
        return;
    }
    const bool is_drain = std::holds_alternative<Drain>(step);
    if (!is_drain && !std::holds_alternative<Undrain>(step)) {
        return;
    }
    const InstanceId& instance = *instance_of(step);
    if (is_drain) {  // So it was seen in rotation: whatever was to put it there has its end.
        std::erase_if(undrains_, [&](const Order& one) { return one.instance == instance; });
    }
    std::list<Order>& orders = is_drain ? drains_ : undrains_;
    orders.push_back({instance, incident, effect, at});
    if (orders.size() > orders_max) {
        orders.pop_front();
    }
}

void Drains::settle(const EffectId& effect, OutcomeKind kind, bool is_read_back, Instant at) {
    const auto drain = std::ranges::find(drains_, effect, &Order::effect);
    if (drain != drains_.end()) {
        settle_drain(*drain, kind, is_read_back, at);
        return;
    }
    const auto undrain = std::ranges::find(undrains_, effect, &Order::effect);
    if (undrain == undrains_.end()) {
        return;
    }
    const InstanceId instance = undrain->instance;
    const auto is_of_it = [&](const Order& one) { return one.instance == instance; };
    if (kind == OutcomeKind::done) {
        std::erase_if(drains_, is_of_it);
        std::erase_if(undrains_, is_of_it);
    } else if (kind == OutcomeKind::refused && !is_read_back) {
        undrains_.erase(undrain);
    }
}

void Drains::settle_drain(Order& drain, OutcomeKind kind, bool is_read_back, Instant at) {
    const EffectId effect = drain.effect;
    const InstanceId instance = drain.instance;
    if (kind == OutcomeKind::done) {
        drain.done_at = at;
        std::erase_if(drains_, [&](const Order& one) {
            return one.instance == instance && one.effect != effect;
        });
    } else if (kind == OutcomeKind::refused && !is_read_back) {
        std::erase_if(drains_, [&](const Order& one) { return one.effect == effect; });
    } else if (is_read_back) {
        drain.looked_at = at;
    }
}

void Drains::close(const IncidentId& incident) {
    std::erase_if(drains_, [&](const Order& drain) {
        return drain.incident == incident && !drain.is_stopped;
    });
}

void Drains::outlive() {
    for (Order& drain : drains_) {
        drain.is_outlived = drain.is_outlived || !(drain.done_at || drain.looked_at);
    }
}

void Drains::see(const Facts& facts) {
    std::erase_if(drains_, [&](const Order& drain) {
        const InstanceFacts* wanted = find_instance(facts, drain.instance);
        const InstanceFacts* target =
            wanted != nullptr ? wanted : find_spare(facts, drain.instance);
        return target != nullptr && is_gone(drain, *target, facts.read_at);
    });
}

void Drains::move_back(Duration by) {
    for (std::list<Order>* orders : {&drains_, &undrains_}) {
        for (Order& order : *orders) {
            order.announced_at -= by;
            if (order.done_at) {
                *order.done_at -= by;
            }
            if (order.looked_at) {
                *order.looked_at -= by;
            }
            order.is_of_earlier_boot = true;
        }
    }
}

/// A view of before, that came late, is dated before.
bool Drains::is_gone(const Order& drain, const InstanceFacts& instance, Instant read_at) {
    const bool is_drained =
        instance.rotation == Rotation::draining || instance.rotation == Rotation::unknown;
    const Instant seen_at = instance.rotation_since.value_or(read_at) + edge_date_error;
    return !is_drained && drain.done_at && read_at >= *drain.done_at && seen_at >= *drain.done_at;
}

/// Whether the edge's date of it leaves room for this to be what drained it.
bool Drains::explains(const Order& drain, const InstanceFacts& instance) {
    if (drain.instance != instance.runtime.instance) {
        return false;
    }
    const std::optional<Instant>& since = instance.rotation_since;
    if (drain.is_of_earlier_boot) {  // It was then at the latest.
        const Instant by = drain.done_at.value_or(drain.announced_at) + effect_late_max;
        return since && *since <= by + edge_date_error;
    }
    if (drain.done_at) {
        return true;
    }
    if (!since || *since < drain.announced_at - edge_date_error) {
        return false;
    }
    if (!drain.is_outlived && !drain.looked_at) {
        return true;  // It is on its way, and we are there to see.
    }
    const Instant late = drain.announced_at + effect_late_max;
    const Instant until =
        drain.is_outlived ? late : std::max(late, *drain.looked_at + look_race_max);
    return *since <= until + edge_date_error;
}

/// We died in putting it back, and it was drained anew: what changed so much later was a person.
bool Drains::is_put_back_since(const InstanceFacts& instance) const {
    return std::ranges::any_of(undrains_, [&](const Order& undrain) {
        return undrain.instance == instance.runtime.instance && instance.rotation_since &&
               *instance.rotation_since > undrain.announced_at + effect_late_max;
    });
}

bool Drains::is_ours(const InstanceFacts& instance) const {
    const bool is_explained =
        std::ranges::any_of(drains_, [&](const Order& drain) { return explains(drain, instance); });
    return instance.rotation == Rotation::draining && is_explained && !is_put_back_since(instance);
}

}  // namespace homeostat::guard
