#pragma once

// The rules behind guard's front door: what each may look at, and what it may answer.
//
// A rule answers nothing when it agrees. It never looks at what another rule looks at, except for
// `is_in_hand`: once the first effect of a remedy is announced, its own steps may cure the symptom
// or move the version, and stopping half-way would leave an instance drained.
//
// Pure.

#include "homeostat/guard/guard.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace homeostat::guard {

/// Everything that a rule may look at.
struct Matter {
    const Case& asked;
    const Step* step;        ///< Null when the remedy as a whole is asked for.
    const EffectId* effect;  ///< The id that the step would carry; null without a step.
    const Facts& facts;
    const History& history;
    const Limits& limits;
    Instant now;
};

/// The first rule that objects, or the agreement of all. Makes no permit: Gate alone does.
[[nodiscard]] Verdict verdict_on(const Matter& matter);

struct Objection {
    VerdictKind kind{VerdictKind::refusal};
    std::string because;
    std::optional<Instant> again_at{};
    bool may_pass{false};  ///< As in Verdict.
};

struct Rule {
    std::string_view says;
    std::optional<Objection> (*ask)(const Matter& matter);
};

namespace rule {

// In the order in which they are asked (rules.cpp).
[[nodiscard]] std::optional<Objection> kill_switch(const Matter& matter);
[[nodiscard]] std::optional<Objection> facts(const Matter& matter);
[[nodiscard]] std::optional<Objection> catalogue(const Matter& matter);
[[nodiscard]] std::optional<Objection> freeze(const Matter& matter);
[[nodiscard]] std::optional<Objection> observe(const Matter& matter);
[[nodiscard]] std::optional<Objection> step(const Matter& matter);
[[nodiscard]] std::optional<Objection> own_drain(const Matter& matter);
[[nodiscard]] std::optional<Objection> autonomy(const Matter& matter);
[[nodiscard]] std::optional<Objection> proven(const Matter& matter);
[[nodiscard]] std::optional<Objection> destructive(const Matter& matter);
[[nodiscard]] std::optional<Objection> symptom(const Matter& matter);
[[nodiscard]] std::optional<Objection> one_in_hand(const Matter& matter);
[[nodiscard]] std::optional<Objection> held_elsewhere(const Matter& matter);
[[nodiscard]] std::optional<Objection> taken_back(const Matter& matter);
[[nodiscard]] std::optional<Objection> cool_down(const Matter& matter);
[[nodiscard]] std::optional<Objection> attempts(const Matter& matter);
[[nodiscard]] std::optional<Objection> back_off(const Matter& matter);
[[nodiscard]] std::optional<Objection> capacity_floor(const Matter& matter);
[[nodiscard]] std::optional<Objection> budget(const Matter& matter);
[[nodiscard]] std::optional<Objection> neighbours(const Matter& matter);
[[nodiscard]] std::optional<Objection> approval(const Matter& matter);
[[nodiscard]] std::optional<Objection> confirmed(const Matter& matter);
[[nodiscard]] std::optional<Objection> fleet(const Matter& matter);

}  // namespace rule

/// The first effect of just this remedy is announced, and it is neither proven nor given up.
[[nodiscard]] bool is_in_hand(const Matter& matter);

/// Since this was refused first. What the incident took before, a slow start or a hold, is no wait
/// for what is in the way now.
[[nodiscard]] Duration waited(const Matter& matter);

/// When to ask again for what may pass by itself; nothing once we have waited long enough.
[[nodiscard]] std::optional<Instant> again_soon(const Matter& matter);

/// A refusal for what passes by itself, asked again soon.
[[nodiscard]] Objection passing(std::string because, const Matter& matter);

/// So much of the group runs and does not answer us that our probes' word is worth nothing: those
/// that have only just started, too, of which it is no sign that they are dead.
[[nodiscard]] bool is_much_silent(const Facts& facts, const Limits& limits);

}  // namespace homeostat::guard
