#include "homeostat/sim/cases/case_parts.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/cases/logs.hpp"
#include "homeostat/sim/cases/series.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace homeostat::sim::cases {

namespace {

/// Seconds from the beginning of the window.
[[nodiscard]] double since_begin(const Story& story, Tick tick) {
    return static_cast<double>(tick) * seconds_per_tick - story.begins_s();
}

/// Each replica that is there, whether it is wanted or not.
template <class F>
void for_each_replica(const Story& story, ServiceIndex service, F&& what) {
    const Topology& topology = story.setting.topology;
    const ServiceSpec& spec = topology.services[service];
    const ReplicaIndex first = topology.first_replica(service);
    for (ReplicaIndex at = first; at < first + spec.replicas_count + spec.spares_count; ++at) {
        what(at, story.world.replica(at));
    }
}

[[nodiscard]] json::array replicas_of(const Story& story, ServiceIndex service) {
    const Setting& setting = story.setting;
    json::array replicas;
    for_each_replica(story, service, [&](ReplicaIndex at, const ReplicaView& view) {
        if (!view.is_wanted) {
            return;
        }
        replicas.emplace_back(json::object{
            {"name", setting.topology.instance_of(at).text()},
            {"zone", setting.zone_of(at)},
            {"host", setting.hosts[setting.topology.host_of(at)]},
            {"version", setting.version_name(service, Artifact::deploy, view.versions.deploy)},
            {"config", setting.version_name(service, Artifact::config, view.versions.config)},
            {"in_rotation", view.rotation == Rotation::in}});
    });
    return replicas;
}

[[nodiscard]] json::array calls_of(const Story& story, ServiceIndex service) {
    const Topology& topology = story.setting.topology;
    json::array calls;
    for (const LinkSpec& link : topology.links) {
        if (link.caller != service) {
            continue;
        }
        json::object call{{"service", topology.services[link.target].name},
                          {"required", link.is_required},
                          {"fallback", link.has_circuit},
                          {"attempts", link.attempts_max},
                          {"timeout_ms", number(topology.services[link.target].timeout_ms)}};
        if (link.cache != none) {
            call["through"] = topology.caches[link.cache].name;
        }
        calls.push_back(std::move(call));
    }
    return calls;
}

[[nodiscard]] json::object edge_of(const LinkPoint& point) {
    return {{"rate", number(point.rate)},
            {"error_ratio", number(std::round(point.failing_share * 10'000) / 10'000)},
            {"p99_ms", number(point.p99_ms)}};
}

[[nodiscard]] LinkPoint recent(const Story& story, LinkIndex index) {
    constexpr std::uint32_t recent_s = 30;
    LinkPoint mean;
    for (std::uint32_t second = story.at_s - recent_s; second < story.at_s; ++second) {
        const LinkPoint& point = story.recorder.seconds().at(second).links[index];
        mean.rate += point.rate / recent_s;
        mean.failing_share += point.failing_share / recent_s;
        mean.p99_ms += point.p99_ms / recent_s;
    }
    return mean;
}

[[nodiscard]] std::string alert_place(const Story& story, const Alert& alert) {
    const bool is_cache =
        alert.kind == AlertKind::stale_copies || alert.kind == AlertKind::cache_down;
    return is_cache ? story.setting.topology.caches[alert.index].name
                    : story.setting.topology.services[alert.index].name;
}

/// Days before the case, most of them: what was rolled out before the world was looked at.
struct Ages {
    std::map<std::pair<ServiceIndex, Artifact>, double> last_s;

    [[nodiscard]] double draw(Rng& rng, ServiceIndex service, Artifact artifact) {
        double& age_s = last_s[{service, artifact}];
        // The first of a service is the oldest; a later one came when a part of its age was over.
        age_s = age_s == 0 ? draw_between(rng, 2'000, 1'200'000) : age_s * rng.unit();
        return std::round(-300 - age_s);
    }
};

[[nodiscard]] json::array change(double at_s,
                                 const std::string& service,
                                 std::string_view kind,
                                 const std::string& from,
                                 const std::string& to) {
    return {number(at_s), service, kind, from, to};
}

void add_flag_change(json::array& changes, Rng& rng, const Story& story) {
    constexpr double announced_share = 0.7;
    for (const InjectedFault& fault : story.plot.faults) {
        const double at_s = since_begin(story, fault.begins_at);
        if (fault.kind == FaultKind::bad_flag && at_s < window_s &&
            draw_chance(rng, announced_share)) {
            changes.emplace_back(change(std::floor(at_s),
                                        story.setting.topology.services[fault.service].name, "flag",
                                        "off", "on"));
        }
    }
}

[[nodiscard]] std::string_view event_reason(const Story& story, const Effect& effect) {
    const ReplicaView view = effect.kind == EffectKind::process_ended
                                 ? story.world.replica(effect.target)
                                 : ReplicaView{};
    switch (effect.kind) {
        case EffectKind::process_started:
            return "Started";
        case EffectKind::process_ended:
            // As waitpid gives it; of the last process, so an older one may be told wrong.
            return view.exit_status == 9 ? "OOMKilled" : "Killing";
        case EffectKind::version_swapped:
            return "ScalingReplicaSet";
        case EffectKind::config_swapped:
            return "ConfigMapUpdated";
        default:
            return "";
    }
}

[[nodiscard]] json::object pod_object(const Story& story,
                                      ServiceIndex service,
                                      ReplicaIndex at,
                                      const ReplicaView& view) {
    const bool is_ready = view.is_answering && view.is_reachable;
    return {{"kind", "Pod"},
            {"name", story.setting.topology.instance_of(at).text()},
            {"service", story.setting.topology.services[service].name},
            {"status",
             json::object{{"ready", is_ready},
                          {"phase", view.is_alive ? "Running" : "Failed"},
                          {"restarts", view.starts_count - 1},
                          {"started", number(std::round(since_begin(story, view.started_at)))}}}};
}

void add_hosts(json::array& objects, const Story& story) {
    const Topology& topology = story.setting.topology;
    for (HostIndex host = 0; host < topology.hosts_count(); ++host) {
        const HostView view = story.world.host(host);
        objects.emplace_back(json::object{
            {"kind", "Node"},
            {"name", story.setting.hosts[host]},
            {"status", json::object{{"ready", view.is_reachable},
                                    {"cpu_ratio", number(view.cpu_ratio)},
                                    {"clock_offset_s", number(view.clock_offset_s)}}}});
    }
}

/// Versions that the world began with, and those before them.
void add_older_changes(json::array& changes, Rng& rng, const Story& story, Ages& ages) {
    const Setting& setting = story.setting;
    for (ServiceIndex index = 0; index < setting.topology.services.size(); ++index) {
        const ServiceSpec& spec = setting.topology.services[index];
        for (const Artifact artifact : artifacts_started) {
            const std::vector<std::string>& names = setting.names[index][artifact];
            for (std::uint32_t number = 0; number < spec.older_versions[artifact]; ++number) {
                changes.emplace_back(change(ages.draw(rng, index, artifact), spec.name,
                                            to_text(artifact), names[number], names[number + 1]));
            }
        }
    }
}

}  // namespace

json::value number(double value) {
    const double short_one = rounded(value);
    const auto whole = static_cast<std::int64_t>(short_one);
    return static_cast<double>(whole) == short_one ? json::value(whole) : json::value(short_one);
}

void add_services(json::object& object, const Story& story) {
    const Topology& topology = story.setting.topology;
    json::array services;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        services.emplace_back(json::object{{"name", topology.services[index].name},
                                           {"kind", to_text(topology.services[index].kind)},
                                           {"replicas", replicas_of(story, index)},
                                           {"calls", calls_of(story, index)}});
    }
    for (CacheIndex index = 0; index < topology.caches.size(); ++index) {
        const ServiceIndex source = story.setting.link_of(index).target;
        services.emplace_back(json::object{{"name", topology.caches[index].name},
                                           {"kind", "cache"},
                                           {"source", topology.services[source].name},
                                           {"local", topology.caches[index].is_local}});
    }
    object["services"] = std::move(services);
}

void add_possible(json::object& object, const Story& story, const Possible& possible) {
    const Topology& topology = story.setting.topology;
    json::array all;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        const PossibleAtService& at = possible.services[index];
        json::object one{
            {"service", topology.services[index].name},
            {"restart", at.restarts},
            {"eject", at.ejects},
            {"fallback", at.has_fallback},
            {"replicas",
             json::object{{"now", at.running}, {"min", at.running_min}, {"max", at.running_max}}}};
        json::object previous;
        for (const Artifact artifact : artifacts_started) {
            const auto version = previous_version(story.world, index, artifact);
            if (version && at.rolls_back[artifact]) {
                previous[to_text(artifact)] = story.setting.version_name(index, artifact, *version);
            }
        }
        one["previous"] = std::move(previous);
        all.push_back(std::move(one));
    }
    for (CacheIndex index = 0; index < topology.caches.size(); ++index) {
        all.emplace_back(json::object{{"service", topology.caches[index].name},
                                      {"invalidate", possible.caches[index].invalidates},
                                      {"reroute", possible.caches[index].reroutes}});
    }
    object["possible"] = std::move(all);
}

void add_calls(json::object& object, const Story& story) {
    const Topology& topology = story.setting.topology;
    json::array calls;
    for (LinkIndex index = 0; index < topology.links.size(); ++index) {
        const LinkSpec& link = topology.links[index];
        if (link.caller == none) {
            continue;
        }
        json::object call{{"caller", topology.services[link.caller].name},
                          {"service", topology.services[link.target].name}};
        call["now"] = edge_of(recent(story, index));
        call["usual"] = edge_of(story.recorder.usual().links[index]);
        calls.push_back(std::move(call));
    }
    object["calls"] = std::move(calls);
}

void add_alerts(json::object& object, const Story& story) {
    std::vector<Alert> alerts = story.recorder.alerts();
    alerts.insert(alerts.end(), story.false_alarms.begin(), story.false_alarms.end());
    std::ranges::sort(alerts, {}, [](const Alert& alert) {
        return std::tuple(alert.fires_at, alert.kind, alert.index);
    });
    json::array all;
    for (const Alert& alert : alerts) {
        if (alert.fires_at < story.begins_s() || alert.fires_at > story.at_s) {
            continue;
        }
        const bool is_over = alert.resolved_at && *alert.resolved_at <= story.at_s;
        all.emplace_back(json::array{alert.fires_at - story.begins_s(), alert_place(story, alert),
                                     to_text(alert.kind), is_over ? "resolved" : "firing"});
    }
    object["alerts"] = std::move(all);
}

void add_changes(json::object& object, Rng& rng, const Story& story) {
    constexpr double announced_share = 0.96;
    const Tick settled = ticks_of(usual_from_s);
    json::array changes;
    Ages ages;
    add_older_changes(changes, rng, story, ages);
    for (const VersionChange& one : story.world.version_changes()) {
        const Setting& setting = story.setting;
        const double at_s = one.at < settled ? ages.draw(rng, one.service, one.artifact)
                                             : std::floor(since_begin(story, one.at));
        if (draw_chance(rng, announced_share)) {
            changes.emplace_back(change(at_s, setting.topology.services[one.service].name,
                                        to_text(one.artifact),
                                        setting.version_name(one.service, one.artifact, one.from),
                                        setting.version_name(one.service, one.artifact, one.to)));
        }
    }
    add_flag_change(changes, rng, story);
    std::ranges::sort(changes, {}, [](const json::value& one) {
        return std::pair(one.as_array().front().to_number<double>(), to_text(one));
    });
    object["changes"] = std::move(changes);
}

void add_events(json::object& object, const Story& story) {
    constexpr std::size_t events_max = 60;
    const Topology& topology = story.setting.topology;
    json::array events;
    for (const Effect& effect : story.world.effects()) {
        const std::string_view reason = event_reason(story, effect);
        if (reason.empty() || since_begin(story, effect.at) < 0 || events.size() == events_max) {
            continue;
        }
        const bool is_process =
            effect.kind == EffectKind::process_started || effect.kind == EffectKind::process_ended;
        const std::string name = is_process ? topology.instance_of(effect.target).text()
                                            : topology.services[effect.target].name;
        events.emplace_back(json::array{number(since_begin(story, effect.at)),
                                        (is_process ? "Pod/" : "Deployment/") + name, reason,
                                        fmt::format("{} {}", reason, name)});
    }
    object["events"] = std::move(events);
}

void add_objects(json::object& object, const Story& story) {
    const Topology& topology = story.setting.topology;
    json::array objects;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        const ServiceView view = story.world.service(index);
        std::uint32_t wanted = 0;
        std::uint32_t updated = 0;
        json::array pods;
        for_each_replica(story, index, [&](ReplicaIndex at, const ReplicaView& replica) {
            wanted += replica.is_wanted ? 1 : 0;
            updated += replica.is_alive && replica.versions.deploy == view.current.deploy ? 1 : 0;
            const bool is_new = since_begin(story, replica.started_at) >= 0;
            if (replica.is_wanted && (is_new || !replica.is_answering || !replica.is_reachable)) {
                pods.emplace_back(pod_object(story, index, at, replica));
            }
        });
        objects.emplace_back(json::object{
            {"kind", "Deployment"},
            {"name", topology.services[index].name},
            {"service", topology.services[index].name},
            {"spec", json::object{{"replicas", wanted},
                                  {"version", story.setting.version_name(index, Artifact::deploy,
                                                                         view.current.deploy)},
                                  {"config", story.setting.version_name(index, Artifact::config,
                                                                        view.current.config)}}},
            {"status", json::object{{"ready", view.answering_count}, {"updated", updated}}}});
        for (json::value& pod : pods) {
            objects.push_back(std::move(pod));
        }
    }
    add_hosts(objects, story);
    object["objects"] = std::move(objects);
}

void add_logs(json::object& object, Rng& rng, const Story& story, Split split) {
    json::array lines;
    for (const LogLine& line : write_logs(rng, story, split)) {
        lines.emplace_back(json::array{number(line.at_s), line.service, line.level, line.text});
    }
    object["logs"] = std::move(lines);
}

void add_series(json::object& object, Rng& rng, const Story& story) {
    json::array all;
    for (const Series& series : measure(rng, story)) {
        json::object one{{"name", series.name}, {"service", series.service}};
        if (!series.replica.empty()) {
            one["replica"] = series.replica;
        }
        one["unit"] = series.unit;
        json::array points;
        for (const auto& [second, value] : series.points) {
            points.emplace_back(json::array{second, number(value)});
        }
        one["points"] = std::move(points);
        all.push_back(std::move(one));
    }
    object["series"] = std::move(all);
}

}  // namespace homeostat::sim::cases
