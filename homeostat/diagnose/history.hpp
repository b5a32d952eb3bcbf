#pragma once

// History: what a diagnosis remembers of a service, its instances and its neighbours.
//
// Fixed windows and fixed maxima everywhere: text that others write can fill the list of new
// templates and nothing else, and hearsay about changes cannot push out what we saw ourselves.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/signal.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::diagnose {

constexpr std::size_t subjects_max = 256;         ///< Far above one service's inventory.
constexpr std::size_t traffic_samples_max = 256;  ///< A minute at four a second.
constexpr std::size_t memory_samples_max = 128;   ///< Thinned as it fills: always the whole life.
constexpr std::size_t new_templates_max = 64;
constexpr std::size_t changes_max = 32;

/// What the edge counted between two of its readings.
struct TrafficSample {
    Instant at{};
    std::uint64_t requests{0};
    std::uint64_t errors{0};
    std::optional<double> latency_ms;
};

struct MemorySample {
    Instant at{};
    double bytes{0};
};

/// One process of an instance, from when we first saw it.
struct ProcessHistory {
    std::optional<bool> is_alive;
    std::optional<Instant> started_at;
    std::vector<MemorySample> memory;  ///< Oldest first, of the present process only.
};

/// Whether an instance answers our probes.
struct AnswerHistory {
    bool is_answering{true};
    Instant since_at{};
    Instant last_at{};
};

/// A log template that was not known before: when, from whom and how bad. No text.
struct NewTemplate {
    TemplateId id;
    LogLevel level{LogLevel::info};
    Subject subject;
    Instant at{};
};

struct State {
    std::map<Subject, std::deque<TrafficSample>> traffic;
    std::map<Subject, ProcessHistory> processes;
    std::map<Subject, AnswerHistory> answers;
    std::deque<NewTemplate> new_templates;  ///< Oldest first.
    std::vector<Change> changes;            ///< Oldest first.
};

/// Takes one signal in.
void remember(State& state, const Signal& signal);

/// Takes a change in; one that is known already is left as it is.
void remember(State& state, const Change& change);

}  // namespace homeostat::diagnose
