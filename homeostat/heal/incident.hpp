#pragma once

// Incident: the state of one thread of the healing graph, and what passes between it and the world.
//
// Everything in `IncidentState` is written with every superstep that changes it. What is not in it
// is read again: facts, the kill switch, the budget. A permit is never in it.
//
// Pure. Values only; Perform is move-only, because a Request is.

#include "homeostat/act/act.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/grounds.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/node_suspicion.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/domain/proof.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/graph/channels.hpp"
#include "homeostat/graph/turn.hpp"
#include "homeostat/guard/guard.hpp"
#include "homeostat/heal/pending_effect.hpp"
#include "homeostat/heal/person_order.hpp"
#include "homeostat/heal/question.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace homeostat::heal {

struct IncidentState {
    IncidentId id;
    Proposal proposal;  ///< The one being dealt with; a later one replaces it.
    Instant opened_at{};
    Instant node_since{};                  ///< When the present node was entered, and as much
                                           ///< later as it was suspended there.
    std::uint64_t edge_errors_at_open{0};  ///< The executor's own count, shortly before; or when
                                           ///< a person agreed last.
    std::uint64_t edge_requests_at_open{0};
    Silence silence;                         ///< As in guard::Case.
    std::optional<Instant> refused_since;    ///< Likewise.
    std::optional<Instant> heed_until{};     ///< Likewise.
    std::optional<Instant> suspended_since;  ///< As the looks at the world show; absent: released.
    std::vector<Remedy> tried;               ///< Remedies begun, in order.
    std::optional<act::Plan> plan;
    std::optional<PendingEffect> pending;
    std::uint32_t effects_count{0};
    bool is_undo{false};  ///< The plan is the inverse of the last remedy, or of the held one.
    Preconditions asked_about{};         ///< Of the latest question to a person.
    bool is_just_agreed{false};          ///< By a person: guard has not looked since.
    std::optional<act::Held> held;       ///< A temporary remedy in force, or what was left of one.
    std::vector<act::Held> held_beside;  ///< Whatever else is in force or left; each in its turn.
    bool wants_cure{false};  ///< What is held is a stopgap, and no cure was proposed yet.
    bool has_healed{false};
    bool is_cleared{false};    ///< The symptom has gone while a person was waited for.
    std::string trouble;       ///< Why a person is needed, once one is.
    std::string trouble_rule;  ///< Of guard's, if it is for that; else empty.
    bool is_untold{false};     ///< A person was told the same shortly before, and not again yet.
    std::string last_rule;     ///< Of the last refusal written, so that a wait is written once.
    /// Refused for what passes by itself, and nothing begun since: the agent is to judge anew then.
    std::optional<Instant> judge_again_at{};
    std::uint32_t judge_again_count{0};  ///< How often it was put off so, over all.
    std::uint64_t boot{0};               ///< As Around::boot: the one that its instants belong to.
    std::optional<PersonOrder> order{};  ///< A person had it opened; absent: a symptom did.
    std::optional<NodeSuspicion> suspected_node{};  ///< By the latest facts of guard or act.

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("proposal", self.proposal);
        field("opened_at", self.opened_at);
        field("node_since", self.node_since);
        field("edge_errors_at_open", self.edge_errors_at_open);
        field("edge_requests_at_open", self.edge_requests_at_open, may_be_absent);
        field("silent_since", self.silence.since);
        field("is_silence_confirmed", self.silence.is_confirmed, may_be_absent);
        field("refused_since", self.refused_since);
        field("heed_until", self.heed_until);
        field("suspended_since", self.suspended_since);
        field("tried", self.tried);
        field("plan", self.plan);
        field("pending", self.pending);
        field("effects_count", self.effects_count);
        field("is_undo", self.is_undo);
        field("asked_about", self.asked_about);
        field("is_just_agreed", self.is_just_agreed);
        field("held", self.held);
        field("held_beside", self.held_beside, may_be_absent);
        field("wants_cure", self.wants_cure);
        field("has_healed", self.has_healed);
        field("is_cleared", self.is_cleared);
        field("trouble", self.trouble);
        field("trouble_rule", self.trouble_rule);
        field("is_untold", self.is_untold, may_be_absent);
        field("last_rule", self.last_rule);
        field("judge_again_at", self.judge_again_at);
        field("judge_again_count", self.judge_again_count, may_be_absent);
        field("boot", self.boot);
        field("order", self.order);
        field("suspected_node", self.suspected_node);
    }
};

/// What a thread of the healing graph consists of.
struct IncidentChannels {
    IncidentState incident;

    static constexpr auto channels() {
        return std::tuple{graph::LastValue<&IncidentChannels::incident>{"incident"}};
    }
};

// What the world sends.
struct FactsRead {
    Result<Facts> facts;
};
struct Performed {
    EffectId effect;
    Outcome outcome;
};
struct Verified {
    Proof proof;
};
struct Proposed {
    Proposal proposal;
};
/// A person was told.
struct Notified {};
/// The agent sees the symptom no longer.
struct Cleared {};
/// Something has changed that is worth a look before the time for one has come.
struct Nudged {};

// What a node asks for. Each is answered by the message of the same trade.
struct ReadFacts {
    bool asks_neighbours{false};              ///< Whether they go first. It takes 50 ms at most.
    std::vector<std::string> confirmed_by{};  ///< Are waited for, a while, to have the decision.
    EffectId place{};                         ///< To be taken in the fleet's budget; empty: none.
};
struct Perform {
    Request request;
};
struct Verify {
    Symptom symptom;
};
/// Tell a person.
struct Notify {
    std::string text;
};

struct Approvers;

/// What nodes may read besides their own state.
struct Around {
    guard::Limits guard;
    const guard::History* history{nullptr};
    bool drains{false};           ///< There is an edge that can drain.
    Duration drain_for_max{};     ///< An old request may take this long to end.
    Duration refusal_for_max{};   ///< A refusal that may be asked again is, for this long.
    Duration plan_for_max{};      ///< A remedy that takes longer is given up.
    Duration rejudge_for_max{};   ///< How long to wait for the agent's second opinion.
    Duration hold_for_max{};      ///< A temporary remedy is given back after this at the latest.
    bool asks_neighbours{false};  ///< There are agents of neighbours to ask.
    std::uint64_t boot{0};        ///< Instants of another one mean nothing. 0: there is but one.
    /// Behind an effect's number, while the ledger takes nothing: what is only kept may be lost
    /// with this process, and its number be given again.
    std::string effect_mark{};
    const Approvers* approvers{nullptr};  ///< Null: nobody has to sign.
    WallTime wall_now{};                  ///< For what expires by the calendar.
};

/// The domain of the healing graph (graph/turn.hpp).
struct Incident {
    using State = IncidentChannels;
    using Argument = graph::Nothing;
    using Message = std::
        variant<FactsRead, Performed, Verified, Notified, Proposed, Cleared, Nudged, TakenBack>;
    using Command = std::variant<ReadFacts, Perform, Verify, Notify>;
    using Record = Entry;
    using Question = heal::Question;
    using Answer = heal::Answer;
    using Around = heal::Around;
};

}  // namespace homeostat::heal
