#pragma once

// Detect: signals in, the symptoms that are present now out. Front door of the stage.
//
// Level-triggered: each call says what is wrong now, with the same `began_at` for as long as it
// lasts. Silence is neither health nor illness: without signals a symptom neither begins nor ends.
// A burst of errors that passes within `burst_max` is no symptom, however violent; a single error
// is none either; nor are as many as the service has every day, or answers as slow as its usual
// ones. error_window.hpp and slowness.hpp have the arithmetic.
//
// A slow instance makes its service slow, and failing requests are slow ones: of a service, slow
// answers begin no second symptom while another of these is present.
//
// When every instance stops answering at once, all of it is reported: that the observer may be the
// one who is ill is for guard to consider.
//
// Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/detect/error_window.hpp"
#include "homeostat/detect/outlier.hpp"
#include "homeostat/detect/presence.hpp"
#include "homeostat/detect/slowness.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/domain/symptom.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace homeostat::detect {

struct Limits {
    ErrorLimits errors;
    SlowLimits slow;
    /// One instance is slow by itself only where figures as they fall would put it above its
    /// siblings with a smaller chance: of 5,000 figures at which such a row may begin, on a service
    /// that wavers by more than what is slow, one does. A larger one would call a loaded machine an
    /// ill instance; a smaller one would wait for more figures than 3 s have. One: any row.
    double outlier_chance_max{2e-4};
    /// Probes of one instance that must stay unanswered in a row. Zero: one is enough.
    std::uint32_t probes_unanswered_min{3};
    /// And for so long from the first to the last of them: longer than a burst of 300 ms with its
    /// tail of slow answers, which takes up to a second. Zero: the count alone decides.
    Duration unanswered_for_min{std::chrono::milliseconds{1'200}};
    /// A process younger than this may still be starting: its silence is no symptom. Zero: any
    /// process has to answer at once.
    Duration start_grace{std::chrono::seconds{3}};
    /// A process that ended with status 0 was asked to: whoever did may be starting it again, as a
    /// deploy does. Longer than such a gap, shorter than anybody should wait. Zero: at once.
    Duration restart_grace{std::chrono::seconds{2}};
    /// Errors are gone after so long with no more of them than are usual. Long enough that 2 % of
    /// 200 requests per second leave no such gap by chance (e^-8). Zero: the first good signal.
    Duration clear_after{std::chrono::seconds{2}};
    /// Looks at a cache in a row that find stale copies; as many without one end it. Zero: one is
    /// enough.
    std::uint32_t stale_looks_min{3};
    /// And so long from the first to the last of them: a cache that is being filled anew is not
    /// stale. Zero: the count alone decides.
    Duration stale_for_min{std::chrono::milliseconds{800}};
    /// Failed checks in a row that begin a symptom, by task; one that is well ends it. A task that
    /// is missing here has none.
    std::map<TaskId, std::uint32_t> checks_failed_min{};
    /// Subjects watched; signals of further ones are ignored. Zero: nothing is ever noticed.
    std::size_t subjects_max{256};
};

/// The guarded service as its users meet it.
struct ServiceWatch {
    ErrorWindow errors;
    Presence errors_presence;
    SlowWatch slow;
};

struct InstanceWatch {
    Streak probes_unanswered;
    std::optional<bool> is_alive;        ///< As the kernel last said.
    std::optional<Instant> ended_at;     ///< When it was first seen dead; absent while it lives.
    std::optional<bool> has_ended_well;  ///< With status 0; absent while that is not known.
    std::optional<Instant> started_at;
    Presence down_presence;
    Presence unanswered_presence;
    SlowWatch slow;
    Figures figures;  ///< Of how slowly it answered.
};

struct CacheWatch {
    Streak stale;
    double keys_count{0};             ///< Of the look that the next `stale_count` belongs to.
    std::uint32_t agreeing_count{0};  ///< Looks in a row that found nothing stale.
    Presence presence;
};

/// A declared task, by its check.
struct CheckWatch {
    Streak failed;
    Presence presence;
};

struct State {
    std::map<Subject, ServiceWatch> services;    ///< At most subjects_max.
    std::map<Subject, InstanceWatch> instances;  ///< At most subjects_max.
    std::map<Subject, CacheWatch> caches;        ///< At most subjects_max.
    std::map<Subject, CheckWatch> checks;        ///< Likewise.
};

/// Takes the signals in and says what is wrong now, ordered by kind and subject.
/// REQUIRES: signals of one subject and observer come in the order of their time.
[[nodiscard]] std::vector<Symptom> symptoms(State& state,
                                            std::span<const Signal> signals,
                                            const Limits& limits,
                                            Instant now);

}  // namespace homeostat::detect
