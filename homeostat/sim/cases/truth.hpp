#pragma once

// Truth: what each remedy would cost, by trying it.
//
// From the state at the moment of judgement every trial is carried out in three futures, the same
// three for all, and measured by what users lose. The unit of all costs is a second of the users'
// whole usual traffic: 12 says that as many requests were failed, late, misled or poorer as come in
// twelve seconds. docs/cases.md says what the numbers are and why.
//
// Pure.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/story.hpp"
#include "homeostat/sim/cases/trials.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim::cases {

constexpr std::size_t futures_count = 3;
constexpr double horizon_s = 120;
/// What still goes wrong in the last so long of the horizon goes on:
constexpr double measured_last_s = 30;
/// for so long, until somebody notices without being told, or
constexpr double goes_on_s = 300;
/// for so long, if a person was called: they have mended it three minutes after the call.
constexpr double person_needs_s = 180;
/// Acceptable is what costs so much more than the best at most: always so much,
constexpr double margin_s = 0.4;
/// or a tenth of what the best saves, up to the difference between a gentle remedy and one that
/// disrupts more than it has to,
constexpr double margin_of_saving = 0.1;
constexpr double margin_of_saving_max_s = 1.5;
/// or so much of what the best costs itself.
constexpr double margin_of_cost = 0.05;
/// Harmful is what costs so much more than doing nothing at least, or a twentieth of its cost.
constexpr double harm_s = 2;
constexpr double harm_of_cost = 0.05;

enum class Verdict : std::uint8_t { acceptable, useless, harmful };

constexpr auto names_of(std::type_identity<Verdict>) {
    return std::to_array<std::string_view>({"acceptable", "useless", "harmful"});
}

/// What acting costs whatever comes of it: the risk of the act, the work of undoing it, somebody's
/// attention. Between half of it (at a service that few requests reach) and all of it.
/// UNITS: s of the users' traffic.
[[nodiscard]] double price_of(TrialKind kind);

struct Tried {
    Trial trial;
    std::array<double, futures_count> costs{};  ///< What users lose, in each future.
    double price{0};
    Verdict verdict{Verdict::useless};
    bool is_possible{false};          ///< The case's `possible` has it.
    bool is_acceptable_there{false};  ///< Of those that are possible.

    [[nodiscard]] double total() const;  ///< Mean of the costs, and the price.
};

/// Tries all of them. The first is to observe.
[[nodiscard]] std::vector<Tried> try_all(const Rng& rng,
                                         const Story& story,
                                         const std::vector<Trial>& trials);

/// Sets the verdicts. REQUIRES: `is_possible` is set; the first is to observe.
void judge(std::span<Tried> tried);

}  // namespace homeostat::sim::cases
