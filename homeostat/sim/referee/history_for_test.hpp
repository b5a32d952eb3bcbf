#pragma once

// A history that is told to the referee a moment at a time.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/sim/referee/referee.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::sim::referee_test {

using std::chrono::seconds;

inline const InstanceId one("payments-0");
inline const InstanceId spare("payments-3");
inline const ProcessIdentity there{100, 7};

inline Rules rules() {
    Rules rules;
    rules.inventory.service = ServiceId("payments");
    rules.inventory.instances = {one, InstanceId("payments-1"), InstanceId("payments-2"), spare};
    rules.inventory.circuits = {ServiceId("fraud")};
    rules.inventory.has_versions = true;
    rules.spares = {spare};
    rules.effects_max = 3;
    return rules;
}

/// A history that is told a moment at a time. Everything in it is right unless a test spoils it.
struct History {
    explicit History(Rules told = rules()) : referee(std::move(told)) {
        pass(seconds{1});
        referee.see_serving(3);
    }

    void pass(Duration span) {
        now += span;
        referee.see_time(now);
    }

    EntryGroup group(std::vector<Entry> entries) {
        EntryGroup made;
        made.index = groups.size();
        made.at = now;
        made.entries = std::move(entries);
        groups.push_back(made);
        return made;
    }

    /// Acknowledged and synced.
    void keep(const EntryGroup& made) {
        referee.see_taken(made);
        referee.see_synced();
    }

    void intend(const std::string& effect,
                const Step& step,
                const std::string& incident = "i-1",
                const Remedy& remedy = Restart{one}) {
        IntentBody body;
        body.effect = EffectId(effect);
        body.remedy = remedy;
        body.step = step;
        intend(body, incident);
    }

    void intend(const IntentBody& body, const std::string& incident) {
        keep(group({{EntryKind::intent, IncidentId(incident), to_json(body)}}));
    }

    void end(const std::string& incident, EntryKind kind = EntryKind::closed) {
        keep(group({{kind, IncidentId(incident), {}}}));
    }

    void order(const std::string& effect, const Step& step, bool is_serving = false) {
        Order order{.effect = EffectId(effect), .step = step, .present = there};
        order.is_serving = is_serving;
        order.version_current = VersionId("v2");
        referee.see_order(order);
    }

    /// The whole of a lawful effect, up to the reply.
    void act(const std::string& effect, const Step& step, bool is_serving = false) {
        intend(effect, step);
        order(effect, step, is_serving);
        referee.see_reply(EffectId(effect));
    }

    /// But for the model's steps: most histories here are parts of one.
    [[nodiscard]] std::vector<std::string> broken() const {
        std::vector<std::string> names;
        for (const Violation& violation : referee.violations()) {
            if (violation.promise != "M1") {
                names.push_back(violation.promise);
            }
        }
        return names;
    }

    Instant now{};
    Referee referee;
    std::vector<EntryGroup> groups;
};

using Broken = std::vector<std::string>;

inline RuntimeFacts reading_of(const InstanceId& instance) {
    RuntimeFacts facts;
    facts.instances.push_back({.instance = instance});
    return facts;
}

inline const Replace restart{one, there, VersionId("v1"), {}};

}  // namespace homeostat::sim::referee_test
