#pragma once

// History: what Homeostat has done lately, as far as guard has to know it.
//
// It is a view of the ledger: `learn` is called with every entry, live and at replay, so that
// budgets, cool-downs and back-offs survive a restart without a file of their own. An intent counts
// from the moment it is learned; a crash before its effect loses a token and never grants one.
// Bounded: when a cap is reached the oldest memories go, and every cap lies above what the limits
// allow to happen inside a window. Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/guard/drains.hpp"
#include "homeostat/guard/lasting.hpp"
#include "homeostat/guard/successes.hpp"

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::guard {

/// What a remedy acts upon, in one word: the id of an instance, a neighbour, a cache or the
/// service.
[[nodiscard]] std::string target_of(const Remedy& remedy);

/// A remedy that an incident has begun.
struct RemedyUse {
    RemedyKind kind{};
    std::string target;
    Instant at{};  ///< Of the latest intent.
    friend bool operator==(const RemedyUse&, const RemedyUse&) = default;
};

/// A person said no.
struct Denial {
    std::string by;
    Instant at{};
    friend bool operator==(const Denial&, const Denial&) = default;
};

/// One incident as guard remembers it.
struct IncidentMemory {
    std::uint64_t order{0};  ///< Rises with each incident learned of.
    Instant opened_at{};
    std::uint32_t attempts_count{0};       ///< Remedies begun, undos not counted.
    std::optional<Symptom> symptom;        ///< Of the latest proposal; none if unreadable.
    std::optional<Remedy> remedy_last;     ///< The last one begun; none once its undo has begun.
    std::optional<Remedy> remedy_in_hand;  ///< Begun, and neither proven nor given up.
    bool is_undo_in_hand{false};
    std::optional<Remedy> remedy_held;   ///< In force until a proof follows upon its give-back.
    std::vector<EffectId> effects;       ///< Every one it ever announced.
    std::vector<EffectId> effects_last;  ///< Of `remedy_last`, to take back; none refused.
    std::vector<EffectId> effects_open;  ///< Of these, without a trustworthy outcome.
    std::optional<Step> step_last;       ///< Of the latest; none if it could not be read.
    bool is_reflex{false};               ///< And whether a reflex announced it.
    std::vector<RemedyUse> used;         ///< Each kind at each target once.
    std::optional<Approval> approval;    ///< The latest, until its remedy is let go.
    bool has_acted_by_leave{false};      ///< By that one: an effect of it was done.
    bool is_closed{false};
    Instant closed_at{};                  ///< Once it is.
    std::optional<IncidentId> undone_by;  ///< By which a person had its last remedy taken back.
    std::optional<IncidentId> undoes;     ///< A person had it opened to take that one's back.

    friend bool operator==(const IncidentMemory&, const IncidentMemory&) = default;
};

class History {
  public:
    /// Takes one ledger entry in. `at` is the entry group's instant.
    void learn(const Entry& entry, Instant at);

    /// Takes everything so far as so much earlier: instants of another boot become ones of this.
    void move_back(Duration by);

    /// Entries taken in so far: how much of the ledger this view is of.
    [[nodiscard]] std::uint64_t entries_count() const { return entries_count_; }

    /// So many entries stood before the ones that come, and the ledger keeps them no longer.
    void skip_to(std::uint64_t entries_count) {
        entries_count_ = std::max(entries_count_, entries_count);
    }

    /// Null for an incident that was never learned of, or so long ago that it is forgotten.
    [[nodiscard]] const IncidentMemory* find(const IncidentId& incident) const;
    /// The other incidents whose remedy is in hand or whose effect has no outcome, in order.
    [[nodiscard]] std::vector<IncidentId> busy_incidents(const IncidentId& except) const;
    /// The incidents that were closed after `since` and did something that has an inverse, and that
    /// nobody has taken back.
    [[nodiscard]] std::vector<IncidentId> undoable_since(Instant since) const;

    /// The other open incident that holds a remedy of this kind at this target.
    [[nodiscard]] std::optional<IncidentId> holder_of(RemedyKind kind,
                                                      const std::string& target,
                                                      const IncidentId& except) const;

    [[nodiscard]] bool is_effect_known(const EffectId& effect) const;
    /// The instants of the effects announced after `since`, oldest first.
    [[nodiscard]] std::vector<Instant> effects_since(Instant since) const;
    /// The instants of the questions that people were asked after `since`, oldest first.
    [[nodiscard]] std::vector<Instant> questions_since(Instant since) const;
    /// The instants of an instance's reflex restarts after `since`, oldest first.
    [[nodiscard]] std::vector<Instant> reflex_restarts_since(const InstanceId& instance,
                                                             Instant since) const;

    /// When the last incident that used this kind on this target ended.
    [[nodiscard]] std::optional<Instant> cooling_since(RemedyKind kind,
                                                       const std::string& target) const;
    /// When one of the other incidents that are still open last used it.
    [[nodiscard]] std::optional<Instant> used_elsewhere_at(RemedyKind kind,
                                                           const std::string& target,
                                                           const IncidentId& except) const;

    /// Who said no to just this last, and when; null: nobody did.
    [[nodiscard]] const Denial* denial_of(const Remedy& remedy) const;
    /// When a person was last told in this boot that this rule refused this (EscalatedBody::about).
    [[nodiscard]] std::optional<Instant> told_at(const std::string& rule,
                                                 const std::string& about) const;
    /// What our effects have left in the world, and what of it somebody took back.
    [[nodiscard]] const Lasting& lasting() const { return lasting_; }
    /// Which instances are drained by us.
    [[nodiscard]] const Drains& drains() const { return drains_; }
    /// Which kinds of remedies may not act alone, whatever their autonomy.
    [[nodiscard]] const Demotions& demotions() const { return demotions_; }
    /// What was proven to help lately, over incidents.
    [[nodiscard]] const Successes& successes() const { return successes_; }
    /// What a proof that it helped is of; absent: it has done nothing there.
    [[nodiscard]] std::optional<Success> success_by(const IncidentId& incident,
                                                    const Remedy& remedy,
                                                    Instant proven_at) const;

    friend bool operator==(const History&, const History&) = default;

    static constexpr std::size_t incidents_max = 128;
    static constexpr std::size_t effects_max = 4096;  ///< More are never counted, nor allowed.
    static constexpr std::size_t cool_downs_max = 512;
    static constexpr std::size_t denials_max = 512;
    static constexpr std::size_t effects_per_incident_max = 512;
    static constexpr std::size_t told_max = 256;
    static constexpr std::size_t questions_max = 128;  ///< Above any limit per hour.

  private:
    struct ReflexRestart {
        InstanceId instance;
        Instant at;
        friend bool operator==(const ReflexRestart&, const ReflexRestart&) = default;
    };

    void see(const Facts& facts, Instant at);
    IncidentMemory& remember(const IncidentId& incident, Instant at);
    void learn_answer(const Entry& entry, Instant at);
    void learn_intent(const Entry& entry, Instant at);
    void learn_outcome(const Entry& entry, Instant at);
    void learn_verdict(const Entry& entry, Instant at);
    void learn_proof(const Entry& entry, Instant at);
    void learn_held(const Entry& entry);
    void learn_give_back(const Entry& entry, Instant at);
    void learn_symptom(const Entry& entry);
    void learn_undo(const Entry& entry, Instant at);
    void learn_undone(const IncidentMemory& undoing, const IncidentId& by);
    void learn_change(const Entry& entry, Instant at);
    void learn_standing(const Entry& entry);
    void let_go(const IncidentId& incident);
    void learn_escalation(const Entry& entry, Instant at);
    void end_remedy(const IncidentId& incident, Instant at);
    void learn_close(const IncidentId& incident, Instant at);
    void start_cool_downs(const IncidentMemory& memory, Instant at);
    void forget_oldest_incident();

    std::map<IncidentId, IncidentMemory> incidents_;
    // Lists, here and in its parts: one that is empty takes nothing, where a deque takes half a
    // KiB, and a process may guard a thousand services that nothing is wrong with.
    std::list<Instant> effects_at_;
    std::list<Instant> questions_at_;
    std::list<ReflexRestart> reflex_restarts_;
    std::map<std::pair<RemedyKind, std::string>, Instant> cool_downs_;
    std::map<std::string, Denial> denials_;  ///< By the remedy's text.
    /// By rule and what it was about: when a person was last told of it.
    std::map<std::pair<std::string, std::string>, Instant> told_at_;
    Lasting lasting_;
    Drains drains_;
    Demotions demotions_;
    Successes successes_;
    std::uint64_t order_next_{0};
    std::uint64_t entries_count_{0};
};

}  // namespace homeostat::guard
