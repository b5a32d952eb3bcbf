#pragma once

// EdgeWindows: what an edge's counters say of a service or a neighbour in one window, and how that
// differs from its ordinary days. What an agent tells its neighbours is made of these.
//
// A window lasts a second, and longer where a second has too few requests to tell anything. The
// wait in it is what an answer takes beyond its usual time; a queue at the edge is wait in any
// case.
//
// Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/sense/sense.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace homeostat::heal {

struct EdgeWindowLimits {
    Duration span_min{std::chrono::seconds{1}};
    Duration span_max{std::chrono::seconds{5}};
    std::uint64_t requests_min{20};  ///< A window of fewer is not closed before `span_max`.
    /// Slower than usual by less is the noise of a mean, and no wait.
    double excess_ms_min{20};
    /// And it has to be slower than usual by this factor, too.
    double excess_factor{1.5};
    /// A mean over few answers is long in coming; until then the one before holds.
    Duration latency_holds_for{std::chrono::seconds{10}};
};

/// One subject in one window.
struct EdgeWindow {
    Duration span{};
    std::uint64_t requests_count{0};  ///< Ended, whichever way.
    std::uint64_t arrived_count{0};   ///< Begun: the same, and by how many more are under way.
    std::uint64_t errors_count{0};
    double inflight_mean{0};           ///< Waiting or being answered.
    double queue_ms{0};                ///< Mean wait at the edge.
    double wait_ms{0};                 ///< The same, or what answers take beyond their usual time.
    std::optional<double> latency_ms;  ///< Mean, of lately where few ended; absent: not known.
    std::optional<double> usual_ms;    ///< Of an ordinary day; absent: not learnt yet.

    [[nodiscard]] double requests_per_second() const;
    [[nodiscard]] double goodput_per_second() const;
    [[nodiscard]] std::uint32_t errors_permille() const;
};

/// The usual time to answer, learnt. Follows what is usual quickly, and what is slower very slowly:
/// a fault must not become usual within an hour, a slower version has to some day.
class UsualLatency {
  public:
    void take(double latency_ms, const EdgeWindowLimits& limits);
    [[nodiscard]] std::optional<double> ms() const;

  private:
    static constexpr std::uint32_t figures_min = 3;
    std::uint32_t figures_count_{0};
    double ms_{0};
};

class EdgeWindows {
  public:
    explicit EdgeWindows(EdgeWindowLimits limits = {}) : limits_(limits) {}

    /// Takes in a reading of the edge; others are left out.
    void take(std::span<const Reading> readings, Instant now);

    /// The windows that are complete; the next ones begin now.
    [[nodiscard]] std::map<Subject, EdgeWindow> close(Instant now);

  private:
    struct Open {
        Instant since{};
        std::uint64_t requests_count{0};
        std::uint64_t errors_count{0};
        std::uint64_t under_way_before{0};  ///< When it was opened, waiting or being answered.
        std::uint64_t under_way{0};
        double waiting_sum{0};
        double inflight_sum{0};
        std::uint32_t looks_count{0};
        double latency_sum{0};
        std::uint32_t latencies_count{0};
    };

    struct Latency {
        double ms{0};
        Instant at{};
    };

    [[nodiscard]] EdgeWindow window_of(const Subject& subject, const Open& open, Instant now);

    EdgeWindowLimits limits_;
    sense::State sense_;
    std::map<Subject, Open> open_;
    std::map<Subject, UsualLatency> usual_;
    std::map<Subject, Latency> latest_;
};

}  // namespace homeostat::heal
