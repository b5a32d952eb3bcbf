#include "homeostat/sim/cases/case_text.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/cases/case_parts.hpp"

#include <fmt/format.h>

#include <utility>

namespace homeostat::sim::cases {

namespace {

/// A remedy at its target, as the lists of a case name it.
[[nodiscard]] json::object remedy_object(const Story& story, const Trial& trial) {
    const Topology& topology = story.setting.topology;
    json::object object{{"remedy", to_text(trial.kind)}};
    if (trial.target == none) {
        return object;
    }
    object["service"] = is_about_cache(trial.kind) ? topology.caches[trial.target].name
                                                   : topology.services[trial.target].name;
    if (!trial.replicas.empty()) {
        json::array names;
        for (const ReplicaIndex replica : trial.replicas) {
            names.emplace_back(topology.instance_of(replica).text());
        }
        object["replicas"] = std::move(names);
    }
    if (trial.kind == TrialKind::rollback) {
        object["artifact"] = to_text(trial.artifact);
        object["to"] = story.setting.version_name(trial.target, trial.artifact, trial.to);
    } else if (trial.kind == TrialKind::scale) {
        object["to"] = trial.replicas_count;
    }
    return object;
}

template <class F>
[[nodiscard]] json::array remedies_if(const CaseParts& parts, F&& is_wanted) {
    json::array remedies;
    for (const Tried& one : parts.tried) {
        if (is_wanted(one)) {
            remedies.emplace_back(remedy_object(parts.story, one.trial));
        }
    }
    return remedies;
}

[[nodiscard]] json::array futures_of(const CaseParts& parts) {
    json::array futures;
    for (const Tried& one : parts.tried) {
        json::object object = remedy_object(parts.story, one.trial);
        json::array costs;
        for (const double cost : one.costs) {
            costs.push_back(number(cost));
        }
        object["costs"] = std::move(costs);
        object["price"] = number(one.price);
        object["verdict"] = to_text(one.verdict);
        object["possible"] = one.is_possible;
        futures.push_back(std::move(object));
    }
    return futures;
}

void add_place(json::object& cause, const Setting& setting, const InjectedFault& fault) {
    const Topology& topology = setting.topology;
    switch (place_of(fault.kind)) {
        case Place::cache:
            cause["service"] = topology.caches[fault.replica].name;
            return;
        case Place::zone:
            cause["zone"] = setting.zones[fault.replica];
            return;
        case Place::host:
            cause["host"] = setting.hosts[fault.replica];
            return;
        case Place::link:
            cause["service"] = topology.services[fault.service].name;
            cause["calls"] = topology.services[topology.links[fault.replica].target].name;
            return;
        case Place::replica:
            cause["service"] = topology.services[fault.service].name;
            if (fault.replica != every_replica) {
                const ReplicaIndex replica = topology.first_replica(fault.service) + fault.replica;
                cause["replica"] = topology.instance_of(replica).text();
            }
    }
}

[[nodiscard]] json::array causes_of(const Story& story) {
    json::array causes;
    for (const InjectedFault& fault : story.plot.faults) {
        json::object cause{{"kind", to_text(fault.kind)}};
        add_place(cause, story.setting, fault);
        const double begins_s = static_cast<double>(fault.begins_at) * seconds_per_tick;
        cause["since"] = number(begins_s - story.begins_s());
        if (fault.ends_at != never) {
            const double ends_s = static_cast<double>(fault.ends_at) * seconds_per_tick;
            cause["until"] = number(ends_s - story.begins_s());
        }
        causes.push_back(std::move(cause));
    }
    return causes;
}

}  // namespace

std::string case_text(const CaseOrder& order, const Rng& rng, const CaseParts& parts) {
    const Story& story = parts.story;
    json::object object;
    object["format"] = format_version;
    object["id"] = fmt::format("{}-{}-{}", to_text(order.split), order.seed, order.number);
    object["at"] = window_s;
    Rng text_rng = rng;
    add_services(object, story);
    add_possible(object, story, parts.possible);
    add_calls(object, story);
    add_alerts(object, story);
    add_changes(object, text_rng, story);
    add_events(object, story);
    add_objects(object, story);
    add_logs(object, text_rng, story, order.split);
    add_series(object, text_rng, story);
    object["family"] = story.plot.theme.family();
    object["flavour"] = to_text(story.plot.theme.flavour);
    object["cause"] = causes_of(story);
    object["acceptable"] =
        remedies_if(parts, [](const Tried& one) { return one.verdict == Verdict::acceptable; });
    object["acceptable_on_menu"] =
        remedies_if(parts, [](const Tried& one) { return one.is_acceptable_there; });
    object["harmful"] =
        remedies_if(parts, [](const Tried& one) { return one.verdict == Verdict::harmful; });
    object["cures_off_menu"] = remedies_if(parts, [](const Tried& one) {
        return one.verdict == Verdict::acceptable && !one.is_possible;
    });
    object["menu_size"] = parts.menu_size;
    object["futures"] = futures_of(parts);
    return to_text(json::value(std::move(object)));
}

}  // namespace homeostat::sim::cases
