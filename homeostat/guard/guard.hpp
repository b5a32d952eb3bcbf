#pragma once

// guard: Case, Facts, now → Verdict, Permit. The front door of the stage.
//
// Nothing of a proposal is trusted: targets, versions and the fault itself are looked for in facts
// that the executor has just read, and what was done lately comes from the ledger (`History`). One
// table of rules (rules.cpp) decides; the first rule that objects is the verdict. A remedy is asked
// for as a whole by `check` and then once more for each of its steps by `Gate::ask`.
//
// A permit is made here only, for one effect, once. REQUIRES of the caller: ask first, then make
// the intent durable and let History learn it, then perform; an effect whose intent History knows
// already is never permitted again, because it may have happened.
//
// Pure.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/grounds.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/domain/verdict.hpp"
#include "homeostat/guard/dimming.hpp"
#include "homeostat/guard/history.hpp"
#include "homeostat/guard/limits.hpp"
#include "homeostat/guard/marking.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::guard {

/// What somebody wants to do, and why.
struct Case {
    IncidentId incident;
    Symptom symptom;
    Remedy remedy;  ///< What is to be performed; for an undo that is the inverse already.
    std::uint32_t attempts_count{0};  ///< Remedies of this incident before this one, undos aside.
    bool is_reflex{false};            ///< Decided without an oracle, for a process that ended.
    bool is_undo{false};              ///< Reverts the incident's last remedy, or the held one.
    /// The agent would not do it without a person. It can ask for more leave so, never for less.
    bool is_held_back{false};
    /// A stopgap of this incident is in force: its symptom was seen before, and cannot be now.
    bool is_contained{false};
    /// The edge's errors_total from the executor's own facts when the incident opened.
    std::uint64_t edge_errors_at_open{0};
    std::uint64_t edge_requests_at_open{0};  ///< And its requests_total.
    Silence silence{};                       ///< What the executor has seen of one so far.
    /// Since when guard has refused this remedy, or this step of it; absent: it did not yet.
    std::optional<Instant> refused_since{};
    /// Until when the incident heeds words of neighbours; absent: none was in the way
    /// yet, and no turn that they gave was lost.
    std::optional<Instant> heed_until{};
    /// Why what a person has agreed to is not signed as it has to be, now that it would be acted
    /// on; absent: it is, or nobody has to sign. Whoever asks has checked it: guard knows no keys.
    std::optional<std::string> leave_trouble{};
};

/// The silence of `asked`, taken further by new facts. Facts that are not complete change nothing.
/// What the edge has confirmed stays so as long as the silence lasts: once an edge sends nothing
/// more to what is dead, requests cease to fail.
[[nodiscard]] Silence silence_after(const Case& asked, const Facts& facts, const Limits& limits);

/// Whether neighbours are to be asked before it begins.
[[nodiscard]] bool heeds_neighbours(const Case& asked);

/// `heed_until` of `asked`, set by the first word in new facts that is in the way, and once.
[[nodiscard]] std::optional<Instant> heed_until_after(const Case& asked,
                                                      const Facts& facts,
                                                      Instant now);

/// Who outside has to have the decision before it begins; empty: nobody. What is taken back and
/// what starts an ended process waits for nobody outside.
[[nodiscard]] std::vector<std::string> confirmed_by(const Case& asked, const Limits& limits);

/// By these a caller knows that all other rules agree.
inline constexpr std::string_view confirmed_rule = "who has to have the decision outside has it";
inline constexpr std::string_view fleet_rule = "the fleet's budget has a place for it";

/// What is refused only because nobody outside was asked yet: whether they have the decision, or
/// for a place in the fleet's budget. All rules before agree.
[[nodiscard]] bool awaits_confirmation(const Verdict& verdict, const Facts& facts);
[[nodiscard]] bool awaits_place(const Verdict& verdict, const Facts& facts);

/// Says whether the remedy as a whole may begin. A permit here is leave to ask for its steps.
[[nodiscard]] Verdict check(const Case& asked,
                            const Facts& facts,
                            const History& history,
                            const Limits& limits,
                            Instant now);

/// How far a remedy of this kind may go now: as configured, and no further than `ask` where the
/// kind, or the other one that its plan needs leave of, is demoted.
[[nodiscard]] Autonomy autonomy_now(RemedyKind kind, const History& history, const Limits& limits);
/// The same of just this one: each task has an autonomy of its own.
[[nodiscard]] Autonomy autonomy_now(const Remedy& remedy,
                                    const History& history,
                                    const Limits& limits);

/// Who has agreed to what guard permits just now; empty: nobody had to be asked.
[[nodiscard]] std::string approver_of(const Case& asked,
                                      const History& history,
                                      const Limits& limits);

/// The only maker of permits.
class Gate {
  public:
    /// Every rule again, and whether the step belongs to the remedy and its precondition holds.
    [[nodiscard]] static std::expected<Permit, Verdict> ask(const Case& asked,
                                                            const Step& step,
                                                            EffectId effect,
                                                            const Facts& facts,
                                                            const History& history,
                                                            const Limits& limits,
                                                            Instant now);

    /// For a dimmer of the edge; spends a turn of its pace.
    [[nodiscard]] static std::expected<DimPermit, Verdict> ask(
        const Dim& dim,
        EffectId effect,
        const std::vector<DimmerLimits>& declared,
        const DimmerMatter& matter,
        DimmerPace& pace,
        Instant now);

    /// For marks of sources at the edge; one that puts marks on spends a turn of the pace.
    [[nodiscard]] static std::expected<MarkPermit, Verdict> ask(Marking marking,
                                                                EffectId effect,
                                                                const MarkLimits& limits,
                                                                const MarkMatter& matter,
                                                                MarkPace& pace,
                                                                Instant now);
};

}  // namespace homeostat::guard
