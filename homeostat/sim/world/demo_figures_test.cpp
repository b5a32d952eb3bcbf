// The demo's scenarios once more in the model, under three policies: nobody does anything, restarts
// by a liveness probe, and Homeostat's remedy at the moment when the real one came. Who heals, and
// the order of what users lose, are as the real demo measured them.

#include "homeostat/sim/world/scenes_for_test.hpp"
#include "homeostat/sim/world/world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim {

namespace {

constexpr Tick breaks_at = ticks_of(10);
constexpr ServiceIndex fraud = 1;
constexpr ReplicaIndex instances_count = 3;

enum class Policy : std::uint8_t { nothing, restarts, homeostat };
constexpr std::array<std::string_view, 3> policy_names{"nothing", "restarts", "homeostat"};
/// As the demo watches: its window and the time that a cure has to last.
constexpr std::array<double, 3> watched_s{21, 31, 21};

/// What users lost, tick by tick, from the first bad answer on.
class Losses {
  public:
    void see(const World& world) {
        const Tally now = world.tally();
        const Tally more = now - before_;
        before_ = now;
        const double bad = more.failed + more.slow + more.misled;
        if (lost_.empty() && bad < 0.005 * more.requests) {
            return;
        }
        lost_.push_back(more.requests > 0 ? std::min(1.0, bad / more.requests) : 0);
    }
    void begin(const World& world) { before_ = world.tally(); }

    [[nodiscard]] bool has_begun() const { return !lost_.empty(); }
    [[nodiscard]] std::size_t ticks_count() const { return lost_.size(); }
    [[nodiscard]] double seconds() const {
        double all = 0;
        for (const double share : lost_) {
            all += share * seconds_per_tick;
        }
        return all;
    }
    /// Well for the last six seconds.
    [[nodiscard]] bool ends_well() const {
        const auto last = static_cast<std::ptrdiff_t>(std::min<std::size_t>(60, lost_.size()));
        double all = 0;
        std::for_each(lost_.end() - last, lost_.end(), [&](double share) { all += share; });
        return all <= 0.01 * static_cast<double>(last);
    }

  private:
    Tally before_;
    std::vector<double> lost_;
};

struct Measured {
    std::array<double, 3> lost_s;  ///< Seconds of the whole traffic that users lost, by policy.
    std::array<bool, 3> heals;
};

struct Scene {
    std::string_view name;
    void (*shape)(Topology&);  ///< Null: as the gateway is.
    std::vector<InjectedFault> faults;
    double cured_after_s{
        0};  ///< From the first bad answer until Homeostat acts: notice and decide.
    void (*cure)(World&, Losses&);  ///< Null: it does nothing.
    Measured real;
    bool is_sensor_lying{false};
};

// --- what is done --------------------------------------------------------------------------------

void pass(World& world, Losses& losses, double seconds) {
    for (Tick left = ticks_of(seconds); left > 0; --left) {
        world.tick();
        losses.see(world);
    }
}

void replace_all(World& world, Losses& losses, ServiceIndex service) {
    const ReplicaIndex first = world.topology().first_replica(service);
    for (ReplicaIndex at = first; at < first + world.topology().services[service].replicas_count;
         ++at) {
        (void)world.restart(at, effect_for_test(1));
        pass(world, losses, 0.4);
    }
}

void roll_back(World& world, Losses& losses, ServiceIndex service, Artifact artifact) {
    const bool is_config = artifact == Artifact::config;
    (void)world.swap_version(service, artifact, VersionId(is_config ? "c2" : "v2"),
                             VersionId(is_config ? "c1" : "v1"), effect_for_test(1));
    replace_all(world, losses, service);
}

/// A liveness probe each second, three in a row, and the kubelet's back-off between restarts.
class Restarts {
  public:
    explicit Restarts(bool is_lied_to) : is_lied_to_(is_lied_to) {}

    void act(World& world) {
        for (ReplicaIndex at = 0; at < instances_count; ++at) {
            Instance& one = instances_.at(at);
            if (one.starts_at && world.ticks_count() >= *one.starts_at) {
                one = {.wait = one.wait};
                (void)world.restart(at, {});
            } else if (!one.starts_at && world.ticks_count() % ticks_per_probe == 0) {
                look(world, at, one);
            }
        }
    }

  private:
    static constexpr Tick ticks_per_probe = ticks_of(1);
    static constexpr int failures_max = 3;
    struct Instance {
        int failures{0};
        std::optional<Tick> starts_at{};
        Tick wait{0};
    };

    void look(World& world, ReplicaIndex at, Instance& one) const {
        const ReplicaView view = world.replica(at);
        const bool is_well = view.is_alive && view.is_answering && !is_lied_to_;
        one.failures = is_well ? 0 : one.failures + 1;
        if (!view.is_alive || one.failures >= failures_max) {
            (void)world.stop(at, world.process(at), {});
            one.starts_at = world.ticks_count() + one.wait;
            one.wait = one.wait == 0 ? ticks_of(10) : 2 * one.wait;
        }
    }

    bool is_lied_to_;
    std::array<Instance, instances_count> instances_{};
};

Losses run(const Scene& scene, Policy policy) {
    constexpr Tick quiet_for_max = ticks_of(40);
    Topology topology = payment_gateway();
    if (scene.shape != nullptr) {
        scene.shape(topology);
    }
    World world(topology, 1);
    for (const InjectedFault& fault : scene.faults) {
        world.add(fault);
    }
    world.run(breaks_at);
    Losses losses;
    losses.begin(world);
    Restarts restarts(scene.is_sensor_lying);
    const Tick watched = ticks_of(watched_s.at(static_cast<std::size_t>(policy)));
    bool is_cured = policy != Policy::homeostat || scene.cure == nullptr;
    while (losses.ticks_count() < watched && world.ticks_count() < breaks_at + quiet_for_max) {
        world.tick();
        losses.see(world);
        if (policy == Policy::restarts) {
            restarts.act(world);
        }
        if (!is_cured && losses.ticks_count() > ticks_of(scene.cured_after_s)) {
            is_cured = true;
            scene.cure(world, losses);
        }
    }
    return losses;
}

InjectedFault fault(FaultKind kind, double strength, double ends_after_s = 1e6) {
    InjectedFault made{.kind = kind, .strength = strength, .begins_at = breaks_at};
    made.ends_at = breaks_at + ticks_of(ends_after_s);
    return made;
}

InjectedFault of_replica(InjectedFault made, std::uint32_t replica) {
    made.replica = replica;
    return made;
}

InjectedFault of_fraud(InjectedFault made) {
    made.service = fraud;
    return made;
}

/// It grows until it is full; a new process does not.
std::vector<InjectedFault> leaks() {
    std::vector<InjectedFault> all;
    for (const std::uint32_t replica : {0U, 1U, 2U}) {
        all.push_back(of_replica(fault(FaultKind::leak, 16.0 + 2 * replica, 3.9), replica));
    }
    return all;
}

void fills_at_70_mb(Topology& topology) {
    topology.services[0].memory_max_mb = 70;
}

/// As the configuration of that scene says: nothing waits longer than 200 ms, which is 8 requests.
void waits_briefly(Topology& topology) {
    topology.services[0].queue_max = 8;
}

void two_workers(Topology& topology) {
    topology.services[0].workers = 2;
    topology.traffic[0].rate_per_s = 98;
}

/// SOURCE of the sizes: app/demo/scenarios.cpp, the middle of what is drawn. Of what is real:
/// docs/figures/demo.md, medians; failed requests over the rate; restarts are `kubernetes-tuned`.
std::vector<Scene> scenes() {  // NOLINT(readability-function-size): a table.
    std::vector<InjectedFault> two = leaks();
    two.push_back(of_fraud(fault(FaultKind::bad_deploy, 0.45)));
    return {
        {"bad_config",
         waits_briefly,
         {fault(FaultKind::bad_config, 16)},
         2.03,
         [](World& world, Losses& losses) { roll_back(world, losses, 0, Artifact::config); },
         {{8.5, 12.1, 1.1}, {false, false, true}}},
        {"bad_deploy",
         nullptr,
         {fault(FaultKind::bad_deploy, 0.4)},
         1.77,
         [](World& world, Losses& losses) { roll_back(world, losses, 0, Artifact::deploy); },
         {{8.5, 13.0, 0.8}, {false, false, true}}},
        {"crash",
         nullptr,
         {of_replica(fault(FaultKind::crash, 0), 0)},
         0.1,
         [](World& world, Losses&) { (void)world.restart(0, effect_for_test(1)); },
         {{0, 0, 0}, {true, true, true}}},
        {"innocent_deploy",
         nullptr,
         {of_fraud(fault(FaultKind::failing_service, 1, 8))},
         1.79,
         [](World& world, Losses&) { (void)world.set_circuit(fraud, true, effect_for_test(1)); },
         {{8.05, 8.1, 1.8}, {true, true, true}}},
        {"leak",
         fills_at_70_mb,
         leaks(),
         2.45,
         [](World& world, Losses& losses) { replace_all(world, losses, 0); },
         {{20.5, 3.4, 3.0}, {false, true, true}}},
        {"lying_sensor",
         nullptr,
         {fault(FaultKind::innocent_deploy, 0)},
         0,
         nullptr,
         {{0, 29.4, 0}, {true, false, true}},
         true},
        {"noise",
         nullptr,
         {fault(FaultKind::failing_service, 1, 0.3)},
         0,
         nullptr,
         {{0.16, 0.16, 0.15}, {true, true, true}}},
        {"one_bad_instance",
         nullptr,
         {of_replica(fault(FaultKind::noisy_neighbour, 28), 0)},
         4.3,
         [](World& world, Losses&) { (void)world.drain(0, effect_for_test(1)); },
         {{6.7, 10.1, 1.4}, {false, false, true}}},
        {"slow_dependency",
         nullptr,
         {of_fraud(fault(FaultKind::hang, 0))},
         2.06,
         [](World& world, Losses&) { (void)world.set_circuit(fraud, true, effect_for_test(1)); },
         {{21, 30.8, 2.05}, {false, false, true}}},
        {"stale_cache",
         nullptr,
         {of_replica(fault(FaultKind::stale_writer, 0.5, 10), 0)},
         1.53,
         [](World& world, Losses&) {
             (void)world.set_route(0, true, effect_for_test(1));
             (void)world.invalidate(0, effect_for_test(2));
         },
         {{10.3, 10.3, 1.55}, {true, true, true}}},
        {"surge",
         two_workers,
         {fault(FaultKind::surge, 3)},
         2.74,
         [](World& world, Losses&) {
             (void)world.restart(3, effect_for_test(1));
             (void)world.restart(4, effect_for_test(2));
         },
         {{20.6, 30.6, 2.85}, {false, false, true}}},
        {"two_at_once",
         fills_at_70_mb,
         two,
         1.6,
         [](World& world, Losses& losses) {
             replace_all(world, losses, 0);
             pass(world, losses, 2);  // Its own agent, which has to notice first.
             roll_back(world, losses, fraud, Artifact::deploy);
         },
         {{18.1, 9.7, 3.9}, {false, false, true}}},
    };
}

/// Per second watched.
double share(double lost_s, std::size_t policy) {
    return lost_s / watched_s.at(policy);
}

/// A row of the table in the docs: per policy what the real demo lost, and the model.
std::string row_of(const Scene& scene, const Measured& here) {
    std::string row = fmt::format("| `{}` |", scene.name);
    for (std::size_t policy = 0; policy < policy_names.size(); ++policy) {
        row +=
            fmt::format(" {:.1f} | {:.1f} |", scene.real.lost_s.at(policy), here.lost_s.at(policy));
    }
    return row;
}

/// -1: the first is clearly less, 1: clearly more, 0: about the same.
int order(double one, double other) {
    const double margin = 0.25 * std::max(one, other) + 0.01;
    return one < other - margin ? -1 : one > other + margin ? 1 : 0;
}

}  // namespace

TEST_CASE("who heals a scene of the demo, and who costs users less, is as it was measured") {
    for (const Scene& scene : scenes()) {
        CAPTURE(scene.name);
        Measured here{};
        for (std::size_t policy = 0; policy < policy_names.size(); ++policy) {
            const Losses losses = run(scene, static_cast<Policy>(policy));
            here.lost_s.at(policy) = losses.seconds();
            here.heals.at(policy) = losses.ends_well();
        }
        const std::string row = row_of(scene, here);
        CAPTURE(row);  // With -s it is printed, and stands in docs/internals/simulator.md.
        for (std::size_t policy = 0; policy < policy_names.size(); ++policy) {
            CAPTURE(policy_names.at(policy));
            CHECK(here.heals.at(policy) == scene.real.heals.at(policy));
            for (std::size_t other = 0; other < policy; ++other) {
                CAPTURE(policy_names.at(other));
                const int real = order(share(scene.real.lost_s.at(policy), policy),
                                       share(scene.real.lost_s.at(other), other));
                const int modelled = order(share(here.lost_s.at(policy), policy),
                                           share(here.lost_s.at(other), other));
                CHECK(modelled == real);
            }
        }
    }
}

}  // namespace homeostat::sim
