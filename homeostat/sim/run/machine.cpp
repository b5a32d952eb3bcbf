#include "homeostat/sim/run/machine.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant world_begins_at{std::chrono::hours{1}};
constexpr std::size_t requests_ticks_max = 200;  ///< 20 s.

Rules rules_of(const Options& options, const Declared& declared) {
    Rules rules;
    rules.inventory = declared.inventory;
    rules.spares = declared.spares;
    rules.min_healthy = options.limits.min_healthy;
    rules.effects_max = options.limits.effects_max;
    rules.effects_window = options.limits.effects_window;
    rules.attempts_max = options.limits.attempts_max;
    rules.cool_down = options.limits.cool_down;
    rules.is_quiet = options.is_quiet;
    rules.asks = std::ranges::all_of(options.limits.autonomy,
                                     [](const auto& one) { return one.second == Autonomy::ask; });
    return rules;
}

bool changes_disk(disk::CallKind kind) {
    return kind != disk::CallKind::read && kind != disk::CallKind::list &&
           kind != disk::CallKind::take_lock;
}

bool is_within(const std::vector<Span>& spans, Tick now) {
    return std::ranges::any_of(
        spans, [&](const Span& span) { return span.begins_at <= now && now < span.ends_at; });
}

/// What the service reads from a cache, or asks of a neighbour.
void declare(Declared& declared, const Topology& topology, const LinkSpec& link) {
    Inventory& inventory = declared.inventory;
    if (link.cache != none && !topology.caches[link.cache].is_local) {
        const CacheSpec& cache = topology.caches[link.cache];
        declared.caches.push_back({link.cache, link.target});
        inventory.caches.emplace_back(cache.name);
        if (cache.has_reroute) {
            inventory.routes.emplace_back(cache.name);
        }
    } else if (std::ranges::find(declared.neighbours, link.target) == declared.neighbours.end()) {
        const ServiceId neighbour(topology.services[link.target].name);
        declared.neighbours.push_back(link.target);
        inventory.neighbours.push_back(neighbour);
        if (link.has_circuit) {
            inventory.circuits.push_back(neighbour);
        }
    }
}

}  // namespace

Declared declared_of(const Topology& topology, ServiceIndex service, const guard::Limits& limits) {
    Declared declared;
    const ServiceSpec& spec = topology.services.at(service);
    declared.service = service;
    declared.first = topology.first_replica(service);
    declared.end = topology.first_replica(service + 1);
    Inventory& inventory = declared.inventory;
    inventory.service = ServiceId(spec.name);
    for (ReplicaIndex replica = declared.first; replica < declared.end; ++replica) {
        inventory.instances.push_back(topology.instance_of(replica));
        if (replica - declared.first >= spec.replicas_count) {
            declared.spares.insert(topology.instance_of(replica));
        }
    }
    for (const LinkSpec& link : topology.links) {
        if (link.caller == service) {
            declare(declared, topology, link);
        }
    }
    inventory.has_versions = true;
    inventory.has_configs = true;
    inventory.has_edge = true;
    inventory.may_drain = true;
    inventory.may_eject = limits.autonomy_of(RemedyKind::eject) != Autonomy::watch;
    return declared;
}

Machine::Machine(const Options& options, bool keeps_trace)
    : options_(options),
      declared_(declared_of(options.topology, options.guarded, options.limits)),
      world_(options.topology, options.seed, world_begins_at),
      referee_(rules_of(options, declared_)),
      trace_(keeps_trace),
      disk_(Rng(options.seed).fork("disk")),
      kill_points_(options.dies_before),
      ports_rng_(Rng(options.seed).fork("ports")),
      troubles_rng_(Rng(options.seed).fork("troubles")),
      death_rng_(Rng(options.seed).fork("deaths")),
      rivals_rng_(Rng(options.seed).fork("rivals")),
      now_(world_begins_at) {
    for (const InjectedFault& fault : options_.faults) {
        world_.add(fault);
        plan(world_.instant_of(fault.begins_at),
             [this, &fault] { say("fault: " + describe(fault, options_.topology)); });
    }
    for (const Span& span : options_.suspensions) {
        plan(world_.instant_of(span.begins_at), [this] { turn_switch(true); });
        plan(world_.instant_of(span.ends_at), [this] { turn_switch(false); });
    }
    if (kill_points_.is_counting()) {
        disk_.calls().ask_before([this](disk::CallKind kind) {
            return !changes_disk(kind) || kill_points_.come_to(to_text(kind));
        });
    }
    plan_disk();
    begin_rivals();
}

// --- time ----------------------------------------------------------------------------------------

void Machine::plan(Instant at, std::function<void()> happening) {
    happenings_.emplace(std::pair(at, happenings_count_++), std::move(happening));
}

std::optional<Instant> Machine::next_happening() const {
    return happenings_.empty() ? std::nullopt : std::optional(happenings_.begin()->first.first);
}

void Machine::pass_until(Instant at) {
    while (true) {
        const Instant tick_at = world_.instant_of(world_.ticks_count() + 1);
        const Instant next = std::min(tick_at, next_happening().value_or(Instant::max()));
        if (next > at) {
            break;
        }
        now_ = std::max(now_, next);
        referee_.see_time(now_);
        if (next_happening() == next) {
            auto first = happenings_.extract(happenings_.begin());
            first.mapped()();
            show_effects();
        } else {
            tick();
        }
    }
    now_ = std::max(now_, at);
    referee_.see_time(now_);
}

void Machine::tick() {
    world_.tick();
    show_effects();
    referee_.see_serving(serving_count());
    const Tick now = world_.ticks_count();
    const bool is_blind = is_on(Way::probes, TroubleKind::blind);
    referee_.see_blindness(is_blind);
    watch_disk();
    const ServiceView service = world_.service(declared_.service);
    const double failed = service.failed + service.timed_out;
    requests_.emplace_back(service.offered, failed);
    requests_all_ += service.offered;
    requests_failed_ += failed;
    referee_.see_users(service.offered, failed);
    if (requests_.size() > requests_ticks_max) {
        requests_.pop_front();
    }
    if (now % ticks_of(60) == 0) {
        trace_.mix(world_.digest());
    }
}

void Machine::show_effects() {
    const std::span<const Effect> all = world_.effects();
    for (; effects_seen_ < all.size(); ++effects_seen_) {
        const Effect& effect = all[effects_seen_];
        const bool is_ours = !effect.id.empty();
        const ProcessIdentity ended = is_ours && effect.kind == EffectKind::process_ended
                                          ? processes_[effect.target]
                                          : ProcessIdentity{};
        referee_.see_effect(effect.id, to_text(effect.kind), effect.target, ended);
        if (effect.kind == EffectKind::drained || effect.kind == EffectKind::undrained) {
            drained_by_[effect.target] = effect.id;
        }
        say(fmt::format("world: {} {}{}", to_text(effect.kind), effect.target,
                        is_ours ? " by " + effect.id.text() : ""));
    }
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        processes_[replica] = world_.process(replica);
    }
}

bool Machine::is_on(Way way, TroubleKind kind) const {
    const Tick now = world_.ticks_count();
    return std::ranges::any_of(options_.troubles, [&](const Trouble& trouble) {
        return trouble.way == way && trouble.kind == kind && trouble.begins_at <= now &&
               now < trouble.ends_at;
    });
}

bool Machine::meets(Way way, TroubleKind kind) {
    const Tick now = world_.ticks_count();
    for (const Trouble& trouble : options_.troubles) {
        const bool is_here = trouble.way == way && trouble.kind == kind &&
                             trouble.begins_at <= now && now < trouble.ends_at;
        if (is_here && draw_chance(troubles_rng_, trouble.chance)) {
            mark(way, kind);
            return true;
        }
    }
    return false;
}

void Machine::mark(Way way, TroubleKind kind) {
    trace_.reached(fmt::format("{} {}", to_text(way), to_text(kind)));
}

std::uint32_t Machine::lied_about_count() const {
    const Tick now = world_.ticks_count();
    std::uint32_t count = 0;
    for (const Trouble& trouble : options_.troubles) {
        const bool is_here =
            trouble.kind == TroubleKind::lying && trouble.begins_at <= now && now < trouble.ends_at;
        count = is_here ? std::max(count, trouble.instances_count) : count;
    }
    return count;
}

Duration Machine::draw_duration(Duration from, Duration to) {
    return Duration{ports_rng_.between(from.count(), to.count())};
}

Duration Machine::wall_ahead() {
    const Tick now = world_.ticks_count();
    for (const WallJump& jump : options_.wall_jumps) {
        if (jump.span.begins_at <= now && now < jump.span.ends_at) {
            trace_.reached(jump.ahead > Duration{} ? "wall clock ahead" : "wall clock behind");
            return jump.ahead;
        }
    }
    return {};
}

bool Machine::is_paused() const {
    return is_within(options_.pauses, world_.ticks_count());
}

// --- switch, person, deaths ----------------------------------------------------------------------

void Machine::turn_switch(bool is_engaged) {
    is_suspended_ = is_engaged;
    referee_.see_switch(is_engaged);
    say(is_engaged ? "the kill switch is engaged" : "the kill switch is released");
    trace_.reached("kill switch");
}

// --- the disk, and the machine itself ------------------------------------------------------------

void Machine::plan_disk() {
    for (const Trouble& trouble : options_.troubles) {
        if (trouble.way == Way::ledger && trouble.kind == TroubleKind::broken) {
            plan(world_.instant_of(trouble.begins_at), [this] { disk_.break_a_call(); });
        }
    }
    for (const Tick at : options_.rots_at) {
        plan(world_.instant_of(at), [this] {
            if (disk_.rot(boot_id())) {
                say("a bit of the ledger rots");
                if (disk_.is_rotten_like_a_loss()) {
                    trace_.reached("a bit rotted that only the boot tells from a power loss");
                }
                order_death();  // A life that goes on reads nothing.
            }
        });
    }
    for (const Tick at : options_.reboots_at) {
        plan(world_.instant_of(at), [this] {
            is_power_failing_ = true;
            order_death();
        });
    }
}

void Machine::watch_disk() {
    const bool is_full = is_on(Way::ledger, TroubleKind::full);
    if (is_full != is_disk_full_) {
        is_disk_full_ = is_full;
        disk_.turn_full(is_full);
        say(is_full ? "the ledger's disk is full" : "the ledger's disk has room again");
    }
}

void Machine::ledger_is_broken() {
    say("the ledger's disk has failed");
    trace_.reached("the ledger's disk failed");
    plan(now_ + seconds{death_rng_.between(10, 60)}, [this] {
        say("somebody starts homeostat again");
        order_death();
    });
}

bool Machine::end_life() {
    bool has_lost_power = std::exchange(is_power_failing_, false) ||
                          draw_chance(death_rng_, options_.power_loss_chance);
    // The next start could not tell what rotted, and would rightly go on.
    has_lost_power = has_lost_power && !disk_.is_rotten_like_a_loss();
    referee_.see_death(has_lost_power);
    if (has_lost_power) {
        reboot();
    } else {
        disk_.end_processes();
    }
    return has_lost_power;
}

void Machine::reboot() {
    disk_.lose_power();
    boots_count_ += 1;
    boot_began_at_ = now_ - boot_takes;
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        if (world_.replica(replica).is_wanted) {
            (void)world_.restart(replica, {});
        }
        (void)world_.undrain(replica, {});
    }
    for (const ServiceIndex neighbour : declared_.neighbours) {
        (void)world_.set_circuit(neighbour, false, {});
    }
    for (const GuardedCache& cache : declared_.caches) {
        (void)world_.set_route(cache.index, false, {});
    }
    show_effects();
}

void Machine::notify(const std::string& text) {
    notices_.push_back({now_, text});
    say("person is told: " + text);
    trace_.reached("person told");
    if (!is_person_coming_ && options_.person != PersonKind::absent) {
        is_person_coming_ = true;
        const bool is_slow = options_.person == PersonKind::slow;
        const Duration in =
            is_slow ? seconds{rivals_rng_.between(120, 240)} : seconds{rivals_rng_.between(10, 60)};
        plan(now_ + in, [this] { person_comes(); });
    }
}

void Machine::person_comes() {
    is_person_coming_ = false;
    trace_.reached("person came");
    if (options_.person == PersonKind::wrong) {
        const auto which = static_cast<ReplicaIndex>(
            rivals_rng_.between(declared_.first, std::int64_t{declared_.end} - 1));
        say(fmt::format("person restarts {}, which is wrong",
                        options_.topology.instance_of(which).text()));
        if (world_.replica(which).is_wanted) {
            (void)world_.restart(which, {});
        }
        plan(now_ + seconds{30}, [this] { mend(); });
        return;
    }
    mend();
}

/// What a person can do who knows everything: the cause goes, what has ended is started.
void Machine::mend() {
    say("person puts right what can be put right");
    const auto services = static_cast<ServiceIndex>(options_.topology.services.size());
    for (ServiceIndex service = 0; service < services; ++service) {
        (void)world_.set_flag(service, false, {});
    }
    for (ReplicaIndex replica = 0; replica < options_.topology.replicas_count(); ++replica) {
        const ReplicaView view = world_.replica(replica);
        if (view.is_wanted && view.is_reachable && !view.is_answering &&
            view.started_at + ticks_of(60) < world_.ticks_count()) {
            (void)world_.restart(replica, {});
        }
    }
}

void Machine::tempt_death() {
    if (!is_chaos() || death_after_ || deaths_tempted_ >= options_.deaths_max ||
        !draw_chance(death_rng_, options_.death_chance)) {
        return;
    }
    deaths_tempted_ += 1;
    death_after_ = static_cast<std::uint64_t>(death_rng_.between(0, 60));
}

std::optional<std::uint64_t> Machine::take_death() {
    const std::optional<std::uint64_t> tempted = std::exchange(death_after_, std::nullopt);
    return kill_points_.is_dead() ? std::optional<std::uint64_t>(0) : tempted;
}

// --- how it stands -------------------------------------------------------------------------------

std::uint32_t Machine::serving_count() const {
    std::uint32_t count = 0;
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        count += world_.is_serving(replica) ? 1 : 0;
    }
    return count;
}

double Machine::failing_share() const {
    double all = 0;
    double failed = 0;
    for (const auto& [offered, bad] : requests_) {
        all += offered;
        failed += bad;
    }
    return all > 0 ? failed / all : 0;
}

std::string Machine::why_not_well() const {
    if (failing_share() > failing_share_max) {
        return fmt::format("{:.0f} % of the requests fail", 100 * failing_share());
    }
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        const ReplicaView view = world_.replica(replica);
        if (view.is_wanted && !world_.is_serving(replica)) {
            return options_.topology.instance_of(replica).text() + " serves nobody";
        }
    }
    return {};
}

std::vector<std::string> Machine::residue() const {
    std::vector<std::string> found;
    for (const auto& [replica, effect] : drained_by_) {
        const ReplicaView view = world_.replica(replica);
        if (!effect.empty() && view.is_wanted && view.rotation == Rotation::draining) {
            found.push_back(options_.topology.instance_of(replica).text() + " is drained by " +
                            effect.text());
        }
    }
    return found;
}

}  // namespace homeostat::sim
