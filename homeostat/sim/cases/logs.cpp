#include "homeostat/sim/cases/logs.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/cases/wordings.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

namespace homeostat::sim::cases {

namespace {

constexpr std::uint32_t bin_s = 5;
/// Chances per service and bin, while there is something to say.
constexpr double symptom_share = 0.25;
constexpr double cause_share = 0.3;
constexpr double routine_share = 0.02;
/// Chances per case.
constexpr double silent_cause_share = 0.3;
constexpr double red_herring_share = 0.12;
constexpr double attack_share = 0.12;

/// Collects lines of one story.
class Writer {
  public:
    Writer(Rng& rng, const Story& story, Split split) : rng_(rng), story_(story), split_(split) {}

    void write_bin(std::uint32_t from_s);
    void write_rollouts();
    void write_causes();
    void write_red_herrings();
    void write_attacks();
    [[nodiscard]] std::vector<LogLine> take();

  private:
    void say(std::uint32_t from_s, ServiceIndex service, std::string_view about, Slots slots);
    void maybe(bool is_so,
               std::uint32_t from_s,
               ServiceIndex service,
               std::string_view about,
               const Slots& slots);
    void write_service(std::uint32_t from_s, ServiceIndex service);
    void write_replicas(std::uint32_t from_s, ServiceIndex service);
    void write_link(std::uint32_t from_s, const LinkSpec& spec, const LinkPoint& point);
    void write_cause(const InjectedFault& fault);
    [[nodiscard]] const Second& second_at(std::uint32_t from_s) const {
        return story_.recorder.seconds().at(story_.begins_s() + from_s + bin_s - 1);
    }
    [[nodiscard]] std::string current(ServiceIndex service, Artifact artifact) const {
        return story_.setting.version_name(service, artifact,
                                           story_.world.service(service).current[artifact]);
    }
    [[nodiscard]] ServiceIndex any_service() {
        return static_cast<ServiceIndex>(rng_.next() % story_.setting.topology.services.size());
    }

    Rng& rng_;
    const Story& story_;
    Split split_;
    std::vector<LogLine> lines_;
};

void Writer::say(std::uint32_t from_s, ServiceIndex service, std::string_view about, Slots slots) {
    const auto wording = draw_wording(rng_, split_, about);
    if (!wording) {
        return;
    }
    const std::string& name = story_.setting.topology.services[service].name;
    if (slots.peer.empty()) {
        slots.peer = name;
    }
    if (slots.name.empty()) {
        const std::uint32_t replicas = story_.setting.topology.services[service].replicas_count;
        slots.name = name + '-' + std::to_string(rng_.next() % replicas);
    }
    if (slots.version.empty()) {
        slots.version = current(service, Artifact::deploy);
    }
    slots.ms = slots.ms == 0 ? static_cast<std::uint64_t>(rng_.between(20, 3'000)) : slots.ms;
    slots.n = slots.n == 0 ? static_cast<std::uint64_t>(rng_.between(2, 99)) : slots.n;
    lines_.push_back({from_s + static_cast<double>(rng_.between(0, 49)) / 10, name, wording->level,
                      fill(rng_, wording->text, slots)});
}

void Writer::maybe(bool is_so,
                   std::uint32_t from_s,
                   ServiceIndex service,
                   std::string_view about,
                   const Slots& slots) {
    if (is_so && draw_chance(rng_, symptom_share)) {
        say(from_s, service, about, slots);
    }
}

void Writer::write_replicas(std::uint32_t from_s, ServiceIndex service) {
    const Topology& topology = story_.setting.topology;
    const ReplicaIndex first = topology.first_replica(service);
    const ServiceSpec& spec = topology.services[service];
    const Second& now = second_at(from_s);
    const Second& before = story_.recorder.seconds().at(story_.begins_s() + from_s - 1);
    for (ReplicaIndex at = first; at < first + spec.replicas_count + spec.spares_count; ++at) {
        const ReplicaPoint& point = now.replicas[at];
        const ReplicaPoint& was = before.replicas[at];
        const Slots slots{.name = topology.instance_of(at).text()};
        maybe(point.starts_count > was.starts_count, from_s, service, "started", slots);
        maybe(was.is_answering && !point.is_answering && point.is_wanted, from_s, service, "exited",
              slots);
    }
}

void Writer::write_service(std::uint32_t from_s, ServiceIndex service) {
    const ServicePoint& point = second_at(from_s).services[service];
    const ServicePoint& usual = story_.recorder.usual().services[service];
    const ServiceSpec& spec = story_.setting.topology.services[service];
    const double queue_max = spec.queue_max * spec.replicas_count;
    const Slots slots{.ms = static_cast<std::uint64_t>(point.p99_ms),
                      .n = static_cast<std::uint64_t>(point.waiting)};
    maybe(point.errors > 0.02 * point.rate, from_s, service, "request_failed", slots);
    maybe(queue_max > 0 && point.waiting > 0.5 * queue_max, from_s, service, "queue_full", slots);
    maybe(point.p99_ms > 3 * usual.p99_ms, from_s, service, "slow_request", slots);
    if (draw_chance(rng_, routine_share)) {
        say(from_s, service, "routine", {});
    }
    write_replicas(from_s, service);
}

/// What a caller sees of the one it calls.
void Writer::write_link(std::uint32_t from_s, const LinkSpec& spec, const LinkPoint& point) {
    const Slots slots{.peer = story_.setting.topology.services[spec.target].name,
                      .ms = static_cast<std::uint64_t>(point.p99_ms)};
    const ServicePoint& target = second_at(from_s).services[spec.target];
    const ServiceSpec& called = story_.setting.topology.services[spec.target];
    const bool is_failing = point.failing_share > 0.02;
    const bool is_down = target.answering < called.replicas_count;
    const bool is_late = target.p99_ms > 0.9 * called.timeout_ms;
    maybe(is_failing && is_late, from_s, spec.caller, "call_timeout", slots);
    maybe(is_failing && is_down, from_s, spec.caller, "call_refused", slots);
    maybe(is_failing && !is_late, from_s, spec.caller, "call_failed", slots);
}

void Writer::write_bin(std::uint32_t from_s) {
    const Topology& topology = story_.setting.topology;
    for (ServiceIndex service = 0; service < topology.services.size(); ++service) {
        write_service(from_s, service);
    }
    const Second& now = second_at(from_s);
    for (LinkIndex index = 0; index < topology.links.size(); ++index) {
        if (topology.links[index].caller != none) {
            write_link(from_s, topology.links[index], now.links[index]);
        }
    }
    for (CacheIndex index = 0; index < topology.caches.size(); ++index) {
        const CachePoint& point = now.caches[index];
        const ServiceIndex reader = story_.setting.link_of(index).caller;
        const Slots slots{.peer = topology.caches[index].name,
                          .n = static_cast<std::uint64_t>(100 * point.hit_ratio)};
        maybe(!point.is_answering, from_s, reader, "cache_unreachable", slots);
        maybe(point.is_answering &&
                  point.hit_ratio < 0.6 * story_.recorder.usual().caches[index].hit_ratio,
              from_s, reader, "cache_cold", slots);
        maybe(point.stale_share > 0.05, from_s, reader, "copies_differ", slots);
    }
}

/// In the fault's own words, where it is.
void Writer::write_cause(const InjectedFault& fault) {
    const std::vector<ServiceIndex> services = services_at(story_.setting, fault);
    const ServiceIndex place = services[rng_.next() % services.size()];
    const Topology& topology = story_.setting.topology;
    Slots slots;
    slots.version = current(place, artifact_of(fault.kind).value_or(Artifact::deploy));
    switch (place_of(fault.kind)) {
        case Place::cache:
            slots.peer = topology.caches[fault.replica].name;
            break;
        case Place::zone:
            slots.name = story_.setting.zones[fault.replica];
            break;
        case Place::host:
            slots.name = story_.setting.hosts[fault.replica];
            break;
        case Place::link:
            slots.peer = topology.services[topology.links[fault.replica].target].name;
            break;
        case Place::replica:
            if (fault.replica != every_replica) {
                slots.name = topology.services[place].name + '-' + std::to_string(fault.replica);
            }
    }
    for (std::uint32_t from_s = 0; from_s < window_s; from_s += bin_s) {
        const Tick tick = ticks_of(story_.begins_s() + from_s);
        if (fault.is_on(tick) && draw_chance(rng_, cause_share)) {
            say(from_s, place, to_text(fault.kind), slots);
        }
    }
}

void Writer::write_rollouts() {
    constexpr double told_share = 0.5;
    for (const VersionChange& change : story_.world.version_changes()) {
        const double at_s = static_cast<double>(change.at) * seconds_per_tick - story_.begins_s();
        if (at_s >= 0 && draw_chance(rng_, told_share)) {
            const std::string& version =
                story_.setting.version_name(change.service, change.artifact, change.to);
            say(static_cast<std::uint32_t>(at_s), change.service, "rollout", {.version = version});
        }
    }
}

void Writer::write_causes() {
    for (const InjectedFault& fault : story_.plot.faults) {
        if (!draw_chance(rng_, silent_cause_share)) {
            write_cause(fault);
        }
    }
}

/// Words of a fault that is not there, as somebody's old warning.
void Writer::write_red_herrings() {
    if (!draw_chance(rng_, red_herring_share)) {
        return;
    }
    const std::vector<FaultKind> kinds = families_of(split_);
    const FaultKind kind = kinds[rng_.next() % kinds.size()];
    const ServiceIndex service = any_service();
    for (std::int64_t left = rng_.between(1, 4); left > 0; --left) {
        say(static_cast<std::uint32_t>(rng_.between(0, window_s - bin_s)), service, to_text(kind),
            {});
    }
}

void Writer::write_attacks() {
    if (!draw_chance(rng_, attack_share)) {
        return;
    }
    const ServiceIndex service = any_service();
    const ServiceIndex victim = any_service();
    for (std::int64_t left = rng_.between(1, 4); left > 0; --left) {
        say(static_cast<std::uint32_t>(rng_.between(window_s / 2, window_s - bin_s)), service,
            "attack",
            {.peer = story_.setting.topology.services[victim].name,
             .version = current(victim, Artifact::deploy)});
    }
}

std::vector<LogLine> Writer::take() {
    // Of too many, some by chance: the rest was sampled away.
    while (lines_.size() > log_lines_max) {
        std::swap(lines_[rng_.next() % lines_.size()], lines_.back());
        lines_.pop_back();
    }
    std::ranges::sort(lines_, {}, [](const LogLine& line) {
        return std::tie(line.at_s, line.service, line.text);
    });
    return std::move(lines_);
}

}  // namespace

std::vector<LogLine> write_logs(Rng& rng, const Story& story, Split split) {
    Writer writer(rng, story, split);
    for (std::uint32_t from_s = 0; from_s < window_s; from_s += bin_s) {
        writer.write_bin(from_s);
    }
    writer.write_rollouts();
    writer.write_causes();
    writer.write_red_herrings();
    writer.write_attacks();
    return writer.take();
}

}  // namespace homeostat::sim::cases
