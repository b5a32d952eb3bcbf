#pragma once

// Look: every number that the causes, the evidence and the menu of one symptom are made of.
//
// What failed is counted since the symptom began; what is slow is held against its own time before
// that, and an instance against its siblings as well. A neighbour explains a symptom if it accounts
// for enough of it: of the errors their number, of slow answers the time that they took longer, all
// of them together.
//
// Overload is a queue at the edge and many more requests than usual, together: a service that
// became slow or fails has a queue as well, and a busy hour alone is no fault.
//
// What log lines claim counts where a number of another source fits it, because whoever can write
// into a log can claim any trouble.
//
// Pure. Values only.

#include "homeostat/diagnose/diagnose.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::diagnose {

/// Traffic of one subject since the symptom began.
struct Failing {
    std::uint64_t requests{0};
    std::uint64_t errors{0};
    double ratio_before{0};  ///< The share that failed before it, as far as we remember.

    [[nodiscard]] double ratio() const {
        return requests == 0
                   ? 0.0
                   : std::min(1.0, static_cast<double>(errors) / static_cast<double>(requests));
    }
};

/// Mean time to answer of one subject before the symptom began and since.
struct Pace {
    std::optional<double> before_ms;
    std::optional<double> since_ms;

    [[nodiscard]] double gain_ms() const {
        return before_ms && since_ms ? *since_ms - *before_ms : 0.0;
    }
    [[nodiscard]] std::optional<double> ratio() const {
        const bool is_known = before_ms && since_ms && *before_ms > 0;
        return is_known ? std::optional(*since_ms / *before_ms) : std::nullopt;
    }
};

struct Leak {
    InstanceId instance;
    double from_bytes{0};
    double to_bytes{0};
};

/// An instance that was ended for reaching its limit of memory, of late.
struct Starved {
    InstanceId instance;
    std::uint64_t limit_bytes{0};
};

/// What keeps some of ours from serving, by the word of whatever runs them.
struct InTheWay {
    Obstacle obstacle{Obstacle::sends_to_nobody};
    Subject subject;  ///< The service, or the one instance that it keeps from serving.
    double count{0};
};

/// What is asked of the service now, and what it has to answer it with.
struct Load {
    double rate{0};                    ///< Requests that come. UNITS: per second.
    std::optional<double> usual_rate;  ///< Absent until it is known.
    double waiting_mean{0};            ///< Over the window of `rate`.
    std::uint64_t waiting{0};          ///< Now.
    std::uint32_t at_work{0};          ///< Instances, spares that help among them.
    std::uint32_t idle{0};             ///< Spares that may be started.

    [[nodiscard]] double growth() const {
        return usual_rate && *usual_rate > 0 ? rate / *usual_rate : 0.0;
    }
};

/// What the history says of one symptom: every number that a cause or a line is made of.
struct Look {
    Failing own;
    std::vector<std::pair<InstanceId, Failing>> instances;  ///< Those in service.
    std::vector<std::pair<ServiceId, Failing>> neighbours;
    std::vector<ServiceId> explaining;  ///< Neighbours ill enough to explain it.
    Pace own_pace;
    std::vector<std::pair<ServiceId, Pace>> neighbour_paces;
    std::optional<InstanceId> slowest;  ///< The one that is slower than its siblings.
    double slow_ratio{0};  ///< Share of the answers that came from instances which became slow.
    Load load;
    bool is_overloaded{false};  ///< More comes than ever, it queues, and nothing else explains it.
    std::vector<Leak> leaks;
    std::vector<Starved> starved;
    std::vector<InstanceId> silent;
    bool has_stopped_answering{false};  ///< One of the silent had answered before.
    std::optional<double> stale_ratio;  ///< Share of the copies, where the symptom is of a cache.
    std::vector<Change> suspects;  ///< One of each artifact at most. The latest first: what came
                                   ///< before it had served without the symptom until then.
    bool is_rolling_out{false};    ///< What runs is being replaced, and serves in part.
    std::size_t new_error_templates{0};
    std::vector<Trouble> claims;  ///< What the service's log claims and numbers confirm.
    /// Tasks that are declared for such a symptom, and whose check found something to do.
    std::vector<DeclaredTask> needed_tasks;
    std::vector<InTheWay> in_the_way;     ///< Of the symptom's subject; of a service all.
    std::optional<InstanceId> ill_alone;  ///< The one that has nearly all of it; absent if spread.

    /// The change that is the likeliest to have brought it; null without any.
    [[nodiscard]] const Change* suspect() const {
        return suspects.empty() ? nullptr : &suspects.front();
    }

    [[nodiscard]] bool is_one_slow(const Symptom& symptom) const {
        return symptom.kind == SymptomKind::latency && ill_alone;
    }
};

[[nodiscard]] Look look_at(const State& state,
                           const Symptom& symptom,
                           const Inventory& inventory,
                           const Limits& limits);

[[nodiscard]] bool is_failing(const Failing& failing, const Limits& limits);

/// It takes much longer than before.
[[nodiscard]] bool is_slowed(const Pace& pace, const Limits& limits);

}  // namespace homeostat::diagnose
