#pragma once

// Diagnose: why the symptom is there, and what the rules would offer against it. Front door of the
// stage.
//
// The menu is made of numbers and first-hand changes only: what a log line, a metric's name or the
// reference of a change says cannot add, remove, reorder or re-weigh an entry (promise P9). Log
// templates speak in the causes and the measured lines alone, as counts and levels, where a person
// reads them; no byte and no number of theirs is in the evidence, which a model reads.
//
// Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/diagnose/history.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/menu.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/domain/symptom.hpp"

#include <cstdint>
#include <span>

namespace homeostat::diagnose {

struct Limits {
    /// A deploy or a configuration is suspected for so long. Most bad ones show within minutes;
    /// later faults have other causes more often than not. Zero: no change is ever suspected.
    Duration change_suspect_for{std::chrono::minutes{10}};
    /// How far a symptom may seem to begin before its cause: sampling and clocks. Zero: strict
    /// order.
    Duration order_slack{std::chrono::seconds{3}};
    /// Share of a subject's requests that must fail before it counts as failing: five times what a
    /// goal of 99.9 % allows. Zero: any error counts.
    double error_ratio_min{0.005};
    /// And so many errors. Zero: the share alone decides.
    std::uint64_t errors_min{4};
    /// Share of our errors that a neighbour's must reach to explain them. Zero: any neighbour's.
    double explained_ratio_min{0.5};
    /// Answers so many times slower than before the symptom are slow. Zero: always.
    double latency_factor_min{3};
    /// And by at least so much. UNITS: ms. Zero: the factor alone decides.
    double latency_gain_ms_min{50};
    /// Share of the errors that one instance must have for the fault to be its own. Zero: any.
    double concentration_min{0.8};
    /// Resident memory against its level shortly after the process began. Zero: any.
    double memory_growth_min{1.5};
    /// And so much more. UNITS: bytes. Zero: the factor alone decides.
    std::uint64_t memory_gain_bytes_min{std::uint64_t{32} << 20U};
    /// Share of the whole climb that one step may have: more is a jump (a cache was loaded), not a
    /// leak. One: jumps count too.
    double memory_jump_ratio_max{0.6};
    /// That a process was ended for reaching its limit of memory explains a symptom of so much
    /// later: one that serves for longer in between is ill of something else. Zero: nothing.
    Duration memory_killed_for{std::chrono::minutes{5}};
    /// What comes and what waits is measured over the last so long: longer than a burst of 300 ms
    /// with its tail, shorter than a queue with a deadline needs to cost answers. Zero: the last
    /// sample alone.
    Duration load_window{std::chrono::seconds{2}};
    /// So many wait on average while more is asked than can be answered. Zero: nobody has to wait.
    double waiting_min{5};
    /// And so many times the usual requests come. Well over the hours of a day; twice would miss a
    /// service that is half busy. Zero: any number.
    double rate_factor_min{1.5};
    /// Seen before that is known. Zero: from the first sample that teaches on.
    Duration learn_rate_for_min{std::chrono::seconds{2}};
};

struct Finding {
    Diagnosis diagnosis;
    Menu menu;
};

/// Remembers what the signals say, within fixed windows.
void observe(State& state, std::span<const Signal> signals, Instant now);

/// Remembers a change; the oldest hearsay makes room first.
void note(State& state, const Change& change);

/// Explains `symptom` and offers remedies against it. `tried` are the kinds that did not help in
/// this incident, in order.
/// ENSURES: at least one cause; `observe` is on the menu; priors sum to 1; nothing that was tried,
/// and nothing as disruptive as the last that was, is offered.
[[nodiscard]] Finding diagnose(const State& state,
                               const Symptom& symptom,
                               const Inventory& inventory,
                               std::span<const RemedyKind> tried,
                               const Limits& limits);

}  // namespace homeostat::diagnose
