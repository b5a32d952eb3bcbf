#pragma once

// BeforeAfter: what came of a piece of advice in simulated worlds, without it and with it. What
// `homeostat-lab before-after` prints and `homeostat advise --simulate` reads.
//
// The two worlds of a pair have the same seed and the same faults, so what differs is the change
// and what follows from it. The worlds are made up; only what `TrialOrder` has is taken from the
// configuration. A verdict needs more than a few pairs of one mind: half of the worlds are better
// by chance alone.
//
// Pure.

#include "homeostat/advise/advise.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/diagnosis.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::advise {

constexpr std::uint32_t worlds_min = 8;  ///< Fewer can agree by chance.
constexpr std::uint32_t worlds_max = 1'000;

/// What is to be tried, and what of the configuration shapes the worlds.
struct TrialOrder {
    CauseKind cause{CauseKind::unknown};
    AdviceKind advice{AdviceKind::limit};
    std::uint32_t instances{3};  ///< Spares included.
    std::uint32_t spares{0};
    std::uint32_t min_healthy{1};
    std::uint32_t neighbours{1};
    bool has_circuit{false};  ///< The neighbour that the cause lies with has one.
    Duration latency_goal{std::chrono::milliseconds{500}};
    Duration max_age{std::chrono::seconds{1}};  ///< Of copies.
    std::uint32_t worlds_count{12};
    std::uint64_t seed{1};  ///< Of the first pair; the next has the next one.
};

/// Of a configuration, for one piece of advice.
[[nodiscard]] TrialOrder trial_of(const Advice& advice, const Settings& settings);

enum class Measure : std::uint8_t {
    failed_requests,  ///< Ratio of users' requests, as the next three.
    slow_answers,     ///< Good, and later than the goal.
    wrong_answers,    ///< Of stale copies.
    poorer_answers,   ///< What fallbacks took of their quality.
    lost,             ///< The sum of these four: what the verdict is made of.
    incidents,        ///< That Homeostat opened.
    people_called,    ///< How often it told a person.
};

constexpr auto names_of(std::type_identity<Measure>) {
    return std::to_array<std::string_view>({"failed_requests", "slow_answers", "wrong_answers",
                                            "poorer_answers", "lost", "incidents",
                                            "people_called"});
}

[[nodiscard]] constexpr bool is_ratio(Measure measure) {
    return measure <= Measure::lost;
}

/// Of one number over all worlds.
struct Spread {
    double median{0};
    double least{0};
    double most{0};

    static void fields(auto& self, auto&& field) {
        field("median", self.median);
        field("least", self.least);
        field("most", self.most);
    }
    friend bool operator==(const Spread&, const Spread&) = default;
};

/// REQUIRES: at least one number.
[[nodiscard]] Spread spread_of(std::vector<double> numbers);

struct Measured {
    Measure measure{Measure::failed_requests};
    Spread before;
    Spread after;
    std::uint32_t better_count{0};  ///< Worlds in which it is less after the change.
    std::uint32_t worse_count{0};   ///< More. The others differ by next to nothing.

    static void fields(auto& self, auto&& field) {
        field("measure", self.measure);
        field("before", self.before);
        field("after", self.after);
        field("better_count", self.better_count);
        field("worse_count", self.worse_count);
    }
    friend bool operator==(const Measured&, const Measured&) = default;
};

/// Pair by pair. REQUIRES: as many after as before, and at least one.
[[nodiscard]] Measured compare(Measure measure,
                               std::span<const double> before,
                               std::span<const double> after);

enum class TrialVerdict : std::uint8_t {
    better,
    worse,
    same,     ///< In no world it made a difference.
    unclear,  ///< Better in some and worse in others, as chance would have it too.
};

constexpr auto names_of(std::type_identity<TrialVerdict>) {
    return std::to_array<std::string_view>({"better", "worse", "same", "unclear"});
}

/// A sign test: clear is what chance alone gives in fewer than one of forty.
[[nodiscard]] TrialVerdict verdict_of(const Measured& measured);

struct BeforeAfter {
    CauseKind cause{CauseKind::unknown};
    AdviceKind advice{AdviceKind::limit};
    std::string not_simulated;  ///< Why. Empty: it was, and what follows is there.
    std::string change;         ///< What differs between the two worlds of a pair.
    std::string world;          ///< What the worlds are.
    std::uint32_t worlds_count{0};
    double world_seconds{0};  ///< That pass in each.
    TrialVerdict verdict{TrialVerdict::unclear};
    std::vector<Measured> measured;

    static void fields(auto& self, auto&& field) {
        field("cause", self.cause);
        field("advice", self.advice);
        field("not_simulated", self.not_simulated);
        field("change", self.change);
        field("world", self.world);
        field("worlds_count", self.worlds_count);
        field("world_seconds", self.world_seconds);
        field("verdict", self.verdict);
        field("measured", self.measured);
    }
    friend bool operator==(const BeforeAfter&, const BeforeAfter&) = default;
};

/// For people: what was tried, a line for each measure that tells something, and the verdict.
[[nodiscard]] std::string to_lines(const BeforeAfter& report);

}  // namespace homeostat::advise
