#include "homeostat/sim/run/lab_ports.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int ok = 200;
constexpr int unavailable = 503;

Duration of_ms(double ms) {
    return Duration{static_cast<std::int64_t>(ms * 1e6)};
}

/// Tools that watch from outside say what they like, of some instances the opposite of what is.
bool is_lied_about(Machine& machine, ReplicaIndex replica) {
    return replica < machine.declared().first + machine.lied_about_count() &&
           machine.meets(Way::probes, TroubleKind::lying);
}

/// All look dead to whoever asks them.
bool is_unseen(Machine& machine) {
    const bool is_blind = machine.is_on(Way::probes, TroubleKind::blind);
    if (is_blind) {
        machine.mark(Way::probes, TroubleKind::blind);
    }
    return is_blind;
}

EdgeReading edge_reading_of(Machine& machine, ServiceIndex service, SubjectKind kind) {
    EdgeReading reading;
    reading.subject = {kind, machine.world().topology().services[service].name};
    reading.counters = machine.world().service(service).counters;
    reading.at = machine.told_now();
    return reading;
}

}  // namespace

std::vector<Reading> read_processes(Machine& machine) {
    World& world = machine.world();
    std::vector<Reading> readings;
    for (ReplicaIndex replica = machine.declared().first; replica < machine.declared().end;
         ++replica) {
        const ReplicaView view = world.replica(replica);
        ProcessReading reading;
        reading.instance = world.topology().instance_of(replica);
        reading.at = machine.told_now();
        reading.is_wanted = view.is_wanted;
        reading.is_alive = view.is_alive;
        reading.identity = view.identity;
        reading.version = view.versions.deploy;
        reading.started_at = machine.told(world.instant_of(view.started_at));
        reading.exit_status = view.exit_status;
        if (view.is_alive) {
            reading.resident_bytes = static_cast<std::uint64_t>(view.memory_mb * 1'048'576);
            reading.cpu_total = of_ms(view.cpu_total_s * 1e3);
        }
        readings.emplace_back(std::move(reading));
    }
    return readings;
}

std::vector<Reading> read_probe(Machine& machine, ReplicaIndex replica) {
    World& world = machine.world();
    const ReplicaView view = world.replica(replica);
    if (!view.is_wanted) {
        return {};
    }
    ProbeReading reading;
    reading.observer = Observer::probe;
    reading.subject = {SubjectKind::instance, world.topology().instance_of(replica).text()};
    reading.at = machine.told_now();
    const bool answers = view.is_alive && view.is_answering && view.is_reachable;
    reading.has_answered =
        is_lied_about(machine, replica) ? !answers : answers && !is_unseen(machine);
    reading.status = reading.has_answered ? ok : 0;
    reading.latency =
        reading.has_answered ? of_ms(world.replica_latency_ms(replica, 0.5)) : Duration{seconds{1}};
    return {std::move(reading)};
}

std::vector<Reading> read_counters(Machine& machine) {
    World& world = machine.world();
    const Declared& declared = machine.declared();
    std::vector<Reading> readings;
    EdgeReading own = edge_reading_of(machine, declared.service, SubjectKind::service);
    for (ReplicaIndex replica = declared.first; replica < declared.end; ++replica) {
        const ReplicaView view = world.replica(replica);
        own.servers.push_back(
            {world.topology().instance_of(replica), view.counters, view.rotation});
    }
    readings.emplace_back(std::move(own));
    for (const ServiceIndex neighbour : declared.neighbours) {
        readings.emplace_back(edge_reading_of(machine, neighbour, SubjectKind::neighbour));
    }
    return readings;
}

/// One request of ours among those of users: it fares as a random one of theirs.
std::vector<Reading> read_journey(Machine& machine) {
    World& world = machine.world();
    const ServiceIndex service = machine.declared().service;
    const ServiceView view = world.service(service);
    ProbeReading reading;
    reading.observer = Observer::journey;
    reading.subject = {SubjectKind::service, world.topology().services[service].name};
    reading.at = machine.told_now();
    const double lot = machine.ports_rng().unit();
    const double share = machine.ports_rng().unit();
    const double all = view.served + view.failed + view.timed_out;
    const bool fails = all <= 0 ? view.in_rotation_count == 0 : lot * all < view.failed;
    const bool is_late = !fails && all > 0 && lot * all < view.failed + view.timed_out;
    reading.has_answered = !is_late;
    reading.status = is_late ? 0 : fails ? unavailable : ok;
    reading.latency = is_late ? Duration{seconds{1}}
                      : fails ? Duration{milliseconds{5}}
                              : of_ms(world.latency_ms(service, std::min(share, 0.999)));
    return {std::move(reading)};
}

std::vector<Reading> read_copies(Machine& machine, Observer observer) {
    constexpr std::uint32_t keys_count = 5;
    World& world = machine.world();
    std::vector<Reading> readings;
    for (const GuardedCache& cache : machine.declared().caches) {
        const CacheView view = world.cache(cache.index);
        CacheReading reading;
        reading.cache = CacheId(world.topology().caches[cache.index].name);
        reading.observer = observer;
        reading.at = machine.told_now();
        const bool sees_source = observer == Observer::journey && view.is_rerouted;
        if (view.is_answering || sees_source) {
            reading.keys_count = keys_count;
            reading.stale_count =
                sees_source ? 0
                            : static_cast<std::uint32_t>(std::round(view.stale_share * keys_count));
        }
        readings.emplace_back(std::move(reading));
    }
    return readings;
}

Task<Result<std::vector<Reading>>> LabSource::read(Instant deadline) {
    const Duration takes = machine_.draw_duration(milliseconds{1}, milliseconds{8});
    co_await clock_.sleep_until(clock_.now() + takes);
    if (machine_.meets(kind_.way, TroubleKind::silent)) {
        co_await clock_.sleep_until(deadline);
        co_return fail(Fault::late, "no answer by the deadline");
    }
    if (clock_.now() < listed_at_) {
        co_return fail(Fault::late, "it lists everything anew");
    }
    if (machine_.meets(kind_.way, TroubleKind::forgotten)) {
        listed_at_ = clock_.now() + machine_.draw_duration(milliseconds{200}, seconds{4});
        co_return fail(Fault::refused, "410: the version to go on from is forgotten");
    }
    if (machine_.meets(kind_.way, TroubleKind::slow)) {
        const Duration late = machine_.draw_duration(milliseconds{50}, seconds{3});
        co_await clock_.sleep_until(clock_.now() + late);
    }
    std::vector<Reading> readings = look_();
    if (machine_.meets(kind_.way, TroubleKind::dropped)) {
        readings.clear();
    }
    if (machine_.meets(kind_.way, TroubleKind::duplicated)) {
        const std::vector<Reading> again = readings;
        readings.insert(readings.end(), again.begin(), again.end());
    }
    if (machine_.meets(kind_.way, TroubleKind::reordered)) {
        std::swap(readings, held_back_);
    } else if (!held_back_.empty()) {
        readings.insert(readings.end(), held_back_.begin(), held_back_.end());
        held_back_.clear();
    }
    co_return readings;
}

}  // namespace homeostat::sim
