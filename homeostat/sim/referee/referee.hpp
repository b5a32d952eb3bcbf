#pragma once

// Referee: whether a history keeps our promises. Front door of the folder.
//
// It is told what arrives and what happens at the targets, when the kill switch was turned, and
// which records were durable by then, and remembers that by itself. It shares no code with the
// loop: no history, no limits of guard's, no facts. Records count only where a promise is about
// them (P1, P6, P11, P14, P15, P22, M1); what they claim of the world is never believed.
//
// Where the loop may act on a view that is a moment old, so may it before the referee: the wanted
// state counts if it held at some moment of the last `view_age_max`.
//
// Pure. Not thread-safe. Memory grows with the history.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/sim/referee/cool_downs.hpp"
#include "homeostat/sim/referee/model_run.hpp"
#include "homeostat/sim/referee/records_seen.hpp"
#include "homeostat/sim/referee/stopgaps.hpp"
#include "homeostat/sim/referee/targets.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sim {

constexpr Duration view_age_max = std::chrono::seconds{3};
/// P8: what users of the last seconds met is a second kind of observer.
constexpr Duration users_window = std::chrono::seconds{15};
constexpr double felt_share_min = 0.01;
/// P13: from the switch to the last order.
constexpr Duration switch_acts_within = std::chrono::seconds{1};
/// The clock of a new boot begins at this, though no time passes while the machine is off: to the
/// loop all that was before is older by so much.
constexpr Duration boot_takes = std::chrono::seconds{20};
/// P18: how often a rival may take a change of ours back before we keep our hands off, and the
/// window in which that counts.
constexpr std::uint32_t reverts_max = 2;
constexpr Duration reverts_window = std::chrono::minutes{10};

/// What was configured, as the referee was told.
struct Rules {
    Inventory inventory;
    std::set<InstanceId> spares;
    std::uint32_t min_healthy{1};
    std::uint32_t effects_max{30};
    Duration effects_window{std::chrono::minutes{10}};
    std::uint32_t attempts_max{3};
    Duration cool_down{std::chrono::minutes{2}};
    bool is_quiet{false};  ///< P21: nothing is ever wrong in this world.
    bool asks{false};      ///< P11: nothing may begin without a person's yes.
};

/// An order as it arrives, and the target as it was then.
struct Order {
    EffectId effect;
    Step step;
    ProcessIdentity present;  ///< Of its instance: pid 0, none is alive.
    bool is_serving{false};   ///< Its instance served users.
    bool is_version_there{true};
    VersionId version_current;  ///< Of the artifact of a swap.
};

struct Violation {
    std::string promise;  ///< "P7"
    Instant at{};
    std::string text;
};

/// How a history ended, as the world shows it and people remember it.
struct Ending {
    bool is_world_well{false};
    std::string why_not;               ///< Empty: it is well.
    bool is_person_told{false};        ///< Since the last trouble began.
    std::vector<std::string> open;     ///< Incidents that are still dealt with: "i-3 at act".
    std::vector<std::string> residue;  ///< What we have left in the world and nobody holds.
};

class Referee {
  public:
    explicit Referee(Rules rules) : rules_(std::move(rules)) {}

    void see_time(Instant now);  ///< All that follows is told in the order of time.
    /// How many instances serve users: each tick.
    void see_serving(std::uint32_t count);
    /// What users got of the guarded service: each tick.
    void see_users(double requests, double failed);
    /// A group is on its way to the ledger; it took it; all that it took is synced.
    void see_sent(const EntryGroup& group);
    void see_taken(const EntryGroup& group);
    void see_synced();
    void see_ledger(bool takes_entries);
    void see_switch(bool is_engaged);
    /// What watches the instances is blind or lies: from now on everything looks dead to it.
    void see_blindness(bool is_blind);
    void see_answer(const IncidentId& incident, bool is_yes);  ///< On its way from a person.
    void see_second_answer(const IncidentId& incident);        ///< To one question, and it counted.
    /// We were told this of a part of the world, as it is now; old: as it was a moment ago.
    void see_reading(const FactsPart& part, bool is_old = false);
    void see_order(const Order& order);
    void see_reply(const EffectId& effect) { unanswered_.erase(effect); }  ///< It was told to us.
    void see_reply_lost(const EffectId& effect);  ///< Nobody will ever tell us.
    /// `identity`: of the process that ended there, if one did.
    void see_effect(const EffectId& effect,
                    std::string_view kind,
                    std::uint32_t target,
                    const ProcessIdentity& identity);
    /// A rival took back what we had done: "scale", "version", "rotation payments-0". What we
    /// would have back ourselves is no objection of anybody's.
    void see_revert(const std::string& what);
    void see_death(bool has_lost_power = false);
    /// What a successor read from the ledger: P14.
    void see_replay(std::span<const EntryGroup> groups);
    /// What is wrong with the bytes that were acknowledged, after a recovery. Empty: nothing.
    void see_bytes_lost(const std::string& what);
    void see_end(const Ending& ending);

    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
    [[nodiscard]] std::uint64_t orders_count() const { return orders_count_; }

    static constexpr std::uint32_t groups_per_minute_max = 900;

  private:
    struct Intent {
        IntentBody body;
        IncidentId incident;
    };
    struct Revert {
        Instant at{};
        std::string what;
    };
    struct Users {
        Instant at{};
        double requests, failed;
    };

    void accuse(const char* promise, std::string text);
    void check_intent(const Order& order);
    void check_catalogue(const Order& order);
    void check_budget(const Order& order);
    void check_cool_down(const Order& order);
    void check_floor(const Order& order);
    void check_switch(const Order& order);
    void check_unknown(const Order& order);
    void check_yield(const Order& order);
    void check_leave(const Order& order);
    void learn_intent(const Entry& entry);
    void lose_sight(const Step& step);
    void check_model_run();
    [[nodiscard]] std::uint32_t serving_best() const;
    [[nodiscard]] bool is_felt_by_users() const;

    Rules rules_;
    Instant now_{};
    std::vector<Violation> violations_;
    std::map<EffectId, Intent> intents_;
    std::map<IncidentId, std::set<std::string>> remedies_;  ///< Begun, undos not counted.
    std::map<IncidentId, std::size_t> yes_count_;
    std::map<EffectId, Order> orders_;
    std::set<EffectId> stale_orders_;
    std::set<EffectId> unanswered_;
    std::deque<Instant> orders_at_;
    std::map<std::pair<EffectId, std::string>, std::uint32_t> effects_;
    std::deque<std::pair<Instant, std::uint32_t>> serving_;
    std::deque<Users> users_;  ///< Of the last seconds.
    std::optional<Instant> engaged_at_;
    std::optional<Instant> blind_since_;
    std::optional<Instant> ledger_closed_at_;
    /// Where something of unknown fate happened and nobody looked since: parts, and what of them.
    std::set<Part> unread_;
    std::set<std::string> unread_targets_;
    std::deque<Revert> reverts_;
    std::set<std::string> put_back_last_;  ///< Rotations of which our latest order was an undrain.
    RecordsSeen records_;
    CoolDowns cool_downs_;
    Stopgaps stopgaps_;
    ModelRun model_run_;
    std::vector<Entry> unsynced_intents_;
    std::deque<Instant> groups_at_;
    std::uint64_t orders_count_{0};
    bool is_flood_told_{false};
};

}  // namespace homeostat::sim
