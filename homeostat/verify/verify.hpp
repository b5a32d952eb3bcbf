#pragma once

// verify: Symptom, Signals, now → Proof. The front door of the stage.
//
// A remedy is judged by signals that did not choose it. For a service: requests of our own through
// the edge first, then the edge's counters, then probes; the first of these that says anything
// decides alone. Only where none does do fresh samples of the observer that raised the symptom
// count, and the proof is weak. In any case the symptom's own measure must not be bad any more: of
// slow answers, the edge's mean since the one before, unless the slow one gets no requests any
// more. Of a cache: what its readers get, then what it holds. Of a declared task: its check, since
// nothing else sees what it mends, and that nobody else sees users in trouble. For one instance: it
// runs, answers and, as far as an edge says, is in rotation.
//
// Samples from before the act ended say nothing; samples that are missing say nothing good. A
// running process is no proof that requests are answered, so the process table decides about
// instances only.
//
// Pure. Not thread-safe; one State belongs to one incident.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/proof.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/domain/symptom.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace homeostat::verify {

struct Limits {
    std::uint32_t samples_min{20};  ///< At a request every 50–100 ms that is one to two seconds.
    std::uint32_t checks_min{3};    ///< Of a task, in a row: one may be chance.
    std::uint32_t instance_samples_min{3};  ///< Probes of one instance come about twice a second.
    Duration span_min{std::chrono::seconds{1}};  ///< From the first to the last of them.
    Duration window{std::chrono::seconds{4}};    ///< Older ones count where these are too few.
    Duration own_window{std::chrono::milliseconds{1500}};  ///< The same for the symptom's measure.
    std::uint32_t own_requests_min{10};  ///< Fewer requests say nothing about a ratio.
    double good_ratio_min{0.99};         ///< "Helped" from here on.
    double bad_ratio_max{0.90};          ///< "Not helped" at once below this.
    /// Of single answers, so many may be over a limit that is for their mean: at a third of it, one
    /// in twenty is; at the limit itself, one in three. Twice as many are "not helped" at once.
    double slow_ratio_max{0.15};
    Duration grace{std::chrono::milliseconds{1500}};     ///< Old connections may still fail.
    Duration deadline{std::chrono::seconds{8}};          ///< Then it is "not helped".
    Duration deadline_of_few{std::chrono::seconds{16}};  ///< The same where all is good, but slow.
};

/// One observation, reduced to what the judgement needs.
struct Sample {
    Instant at{};
    Observer observer{Observer::probe};
    std::uint64_t all_count{0};
    std::uint64_t bad_count{0};

    static void fields(auto& self, auto&& field) {
        field("at", self.at);
        field("observer", self.observer);
        field("all_count", self.all_count);
        field("bad_count", self.bad_count);
    }
    friend bool operator==(const Sample&, const Sample&) = default;
};

struct State {
    Instant ended_at{};            ///< When the act ended. Set by the caller; the rest is judge's.
    std::vector<Sample> samples;   ///< In the order of arrival, at most samples_max.
    std::optional<bool> is_alive;  ///< Instance symptoms: the process table's latest word.
    std::optional<bool> is_in_rotation;  ///< And the edge's, of the instance.
    std::optional<double> mean_ms;       ///< Slow answers: the edge's latest word.

    static constexpr std::size_t samples_max = 1024;

    static void fields(auto& self, auto&& field) {
        field("ended_at", self.ended_at);
        field("samples", self.samples);
        field("is_alive", self.is_alive);
        field("is_in_rotation", self.is_in_rotation);
        field("mean_ms", self.mean_ms);
    }
    friend bool operator==(const State&, const State&) = default;
};

/// Takes in the signals that are new since the last call and says what is known by `now`.
[[nodiscard]] Proof judge(State& state,
                          const Symptom& symptom,
                          std::span<const Signal> signals,
                          const Limits& limits,
                          Instant now);

}  // namespace homeostat::verify
