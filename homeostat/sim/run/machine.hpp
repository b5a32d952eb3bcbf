#pragma once

// Machine: what outlives every process of ours: the world, the ledger's disk, the kill switch, the
// person, and the referee who watches. It may go off and on again itself; then its clock begins
// anew, and the disk has what was synced.
//
// Time is the machine's. It goes on in steps, to the next thing that waits for it; the world turns
// a tick at each 100 ms.
//
// Lives on one strand.

#include "homeostat/base/rng.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/sim/referee/referee.hpp"
#include "homeostat/sim/run/kill_points.hpp"
#include "homeostat/sim/run/ledger_disk.hpp"
#include "homeostat/sim/run/options.hpp"
#include "homeostat/sim/run/trace.hpp"
#include "homeostat/sim/world/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::sim {

constexpr Duration tick_length = std::chrono::milliseconds{100};
constexpr double failing_share_max = 0.05;  ///< Users are well below this.

struct GuardedCache {
    CacheIndex index{0};
    ServiceIndex source{0};
};

/// The part of the topology that the guarded service is declared with.
struct Declared {
    ServiceIndex service{0};
    ReplicaIndex first{0};
    ReplicaIndex end{0};
    std::vector<ServiceIndex> neighbours;
    std::vector<GuardedCache> caches;
    Inventory inventory;
    std::set<InstanceId> spares;
};

[[nodiscard]] Declared declared_of(const Topology& topology,
                                   ServiceIndex service,
                                   const guard::Limits& limits);

/// How far the ledger's groups have come: of each life what the next one may find.
struct LedgerProgress {
    std::uint64_t sent_count{0};
    std::uint64_t written_count{0};
    std::uint64_t answered_count{0};  ///< So many were acknowledged.
};

struct Notice {
    Instant at{};
    std::string text;
};

class Machine {
  public:
    Machine(const Options& options, bool keeps_trace);

    [[nodiscard]] const Options& options() const { return options_; }
    [[nodiscard]] const Declared& declared() const { return declared_; }
    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] World& world() { return world_; }
    [[nodiscard]] Referee& referee() { return referee_; }
    [[nodiscard]] Trace& trace() { return trace_; }
    [[nodiscard]] LedgerDisk& disk() { return disk_; }
    [[nodiscard]] KillPoints& kill_points() { return kill_points_; }
    [[nodiscard]] LedgerProgress& ledger() { return ledger_; }

    void say(std::string_view line) { trace_.say(now_, line); }

    /// What the clock of the present boot says then. It begins anew with each boot; what was before
    /// counts as its beginning.
    [[nodiscard]] Instant told(Instant at) const {
        return std::max(Instant{}, Instant{at - boot_began_at_});
    }
    [[nodiscard]] Instant told_now() const { return told(now_); }
    [[nodiscard]] Instant true_of(Instant told) const {
        return boot_began_at_ + told.time_since_epoch();
    }
    [[nodiscard]] std::string boot_id() const { return "boot-" + std::to_string(boots_count_); }

    /// Lets time pass; what was planned for it happens on the way.
    void pass_until(Instant at);
    void plan(Instant at, std::function<void()> happening);
    [[nodiscard]] std::optional<Instant> next_happening() const;

    /// Whether this call meets the trouble: on, and by its chance.
    [[nodiscard]] bool meets(Way way, TroubleKind kind);
    [[nodiscard]] bool is_on(Way way, TroubleKind kind) const;
    /// What is on met somebody.
    void mark(Way way, TroubleKind kind);
    /// Of so many instances, from the first on, the probes lie.
    [[nodiscard]] std::uint32_t lied_about_count() const;
    [[nodiscard]] Rng& ports_rng() { return ports_rng_; }
    [[nodiscard]] Duration draw_duration(Duration from, Duration to);

    /// Tells the referee what has happened in the world since the last time.
    void show_effects();

    void turn_switch(bool is_engaged);
    [[nodiscard]] bool is_suspended() const { return is_suspended_; }
    [[nodiscard]] Duration wall_ahead();
    [[nodiscard]] bool is_paused() const;
    [[nodiscard]] bool is_chaos() const { return world_.ticks_count() < options_.chaos_ends_at; }

    /// Tells the person.
    void notify(const std::string& text);
    [[nodiscard]] const std::vector<Notice>& notices() const { return notices_; }

    /// A moment at which a death is worth it. The driver asks how soon it is to be.
    void tempt_death();
    [[nodiscard]] std::optional<std::uint64_t> take_death();
    /// Before its next step.
    void order_death() { death_after_ = 0; }
    /// The process is dead: by itself, or because the machine went off. It is on again then, with
    /// what was synced, every process new and nothing turned at the edge. Says which.
    [[nodiscard]] bool end_life();
    /// The disk failed: nothing is written until the process is started again.
    void ledger_is_broken();

    [[nodiscard]] std::uint32_t serving_count() const;
    /// Of the guarded service's requests, since the world began.
    [[nodiscard]] double requests_all() const { return requests_all_; }
    [[nodiscard]] double requests_failed() const { return requests_failed_; }
    [[nodiscard]] Tick ticks_count() const { return world_.ticks_count(); }
    [[nodiscard]] Instant instant_of(Tick tick) const { return world_.instant_of(tick); }
    /// Of the guarded service's requests, lately.
    [[nodiscard]] double failing_share() const;
    /// Empty: it is.
    [[nodiscard]] std::string why_not_well() const;
    /// Whatever was done by us that still stands: drained instances, open circuits, routes.
    [[nodiscard]] std::vector<std::string> residue() const;

  private:
    void tick();
    void plan_disk();
    void watch_disk();
    void reboot();
    void begin_rivals();
    void every(Duration span, std::function<void()> happening);
    void scale_back();
    void want_newest();
    void put_back();
    void restart_one();
    void act_as_we_did();
    void person_comes();
    void mend();

    Options options_;
    Declared declared_;
    World world_;
    Referee referee_;
    Trace trace_;
    LedgerDisk disk_;
    KillPoints kill_points_;
    LedgerProgress ledger_;
    Rng ports_rng_;
    Rng troubles_rng_;
    Rng death_rng_;
    Rng rivals_rng_;
    Instant now_;
    Instant boot_began_at_{};
    std::uint32_t boots_count_{1};
    std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> happenings_;
    std::uint64_t happenings_count_{0};
    std::vector<Notice> notices_;
    std::deque<std::pair<double, double>> requests_;  ///< Of the last ticks: all, failed.
    double requests_all_{0};
    double requests_failed_{0};
    std::map<ReplicaIndex, ProcessIdentity> processes_;
    std::map<ReplicaIndex, EffectId> drained_by_;
    std::map<ReplicaIndex, Instant> silent_since_;  ///< As our older self saw it.
    std::optional<std::uint64_t> death_after_;
    std::uint32_t deaths_tempted_{0};
    std::size_t effects_seen_{0};
    bool is_suspended_{false};
    bool is_disk_full_{false};
    bool is_power_failing_{false};
    bool is_person_coming_{false};
};

}  // namespace homeostat::sim
