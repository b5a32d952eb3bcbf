#pragma once

// Sense: readings in, signals out. Front door of the stage.
//
// Totals become deltas per interval, log lines become template ids; nothing is judged here. A total
// that went down means that its source started again: the new total is then the delta. The first
// reading of a source gives no delta, because what it counted before is not ours to report. The
// edge's trailing mean of latency becomes the mean of an interval (edge_mean.hpp). The text of a
// log line ends here: a signal carries its template's id, level, count and class of trouble, never
// a word.
//
// Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/sense/edge_mean.hpp"
#include "homeostat/sense/gloss.hpp"
#include "homeostat/sense/template_table.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace homeostat::sense {

struct Limits {
    /// How long after the first reading a template not seen before is no news: a fresh start meets
    /// every template for the first time. Longer than a service takes to write one of each of its
    /// usual lines under traffic. Zero: every first line is new.
    Duration warm_up{std::chrono::seconds{5}};
    TemplateLimits templates;
    /// Services, instances and neighbours whose totals are kept; readings of further ones give no
    /// deltas. Far above one service's inventory. Zero: no deltas at all.
    std::size_t subjects_max{256};
    /// Named numbers taken from one metrics reading; the rest is left out. Zero: none.
    std::size_t metrics_max{256};
    EdgeMeanLimits edge_mean;
};

/// The totals of one edge subject when we last looked.
struct EdgeTotals {
    std::uint64_t requests_total{0};
    std::uint64_t errors_total{0};
    std::uint64_t retries_total{0};
    EdgeMean mean;
};

/// What one instance's process had used when we last looked.
struct ProcessTotals {
    ProcessIdentity identity;
    Duration cpu_total{};
    Instant at{};
};

struct State {
    Limits limits;
    std::map<Subject, EdgeTotals> edge;             ///< At most subjects_max.
    std::map<InstanceId, ProcessTotals> processes;  ///< At most subjects_max.
    TemplateTable templates;
    std::optional<Lexicon> lexicon;   ///< With the operator's glosses; absent: the shipped one.
    std::optional<Instant> first_at;  ///< When the first readings came.
};

/// Turns everything that was read since the last call into signals, in the order of the readings.
/// ENSURES: a value is finite; text from outside is in no signal but a metric's name, cut to 64
/// bytes. A change gives no signal: it is noted as it is.
[[nodiscard]] std::vector<Signal> signals_of(State& state,
                                             std::span<const Reading> readings,
                                             Instant now);

}  // namespace homeostat::sense
