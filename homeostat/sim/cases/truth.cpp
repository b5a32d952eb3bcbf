#include "homeostat/sim/cases/truth.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace homeostat::sim::cases {

namespace {

/// What users lost of the last seconds of a recording.
[[nodiscard]] double usual_cost_per_s(const Story& story) {
    return story.recorder.usual().users.cost();
}

[[nodiscard]] double cost_of(World world, const Story& story, const Trial& trial) {
    const Tick ends_at = world.ticks_count() + ticks_of(horizon_s);
    const Tick measured_from = ends_at - ticks_of(measured_last_s);
    const Tally before = world.tally();
    Tally late = before;
    carry_out(world, trial, measured_from);
    world.run(measured_from - world.ticks_count());
    late = world.tally();
    world.run(ends_at - world.ticks_count());
    const double lasting_per_s =
        std::max(0.0, (world.tally() - late).cost() / measured_last_s - usual_cost_per_s(story));
    const double goes_on =
        trial.kind == TrialKind::escalate ? person_needs_s - horizon_s : goes_on_s;
    const double lost = (world.tally() - before).cost() + lasting_per_s * goes_on;
    return lost / std::max(1.0, story.recorder.usual().users.requests);
}

/// What the one costs more than the other on average, in the same futures; both with their price.
struct Difference {
    double mean{0};
    double spread{0};
};

[[nodiscard]] Difference difference(const Tried& one, const Tried& other) {
    double sum = 0;
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (std::size_t future = 0; future < futures_count; ++future) {
        const double more = one.costs[future] - other.costs[future];
        sum += more;
        low = std::min(low, more);
        high = std::max(high, more);
    }
    return {sum / futures_count + one.price - other.price, high - low};
}

/// By more than the margin, and by more than the futures differ among each other.
[[nodiscard]] bool is_clearly_worse(const Tried& one, const Tried& other, double margin) {
    const Difference more = difference(one, other);
    return more.mean > margin && more.mean > more.spread;
}

/// Within the margin of the best of them. Whoever acts has to gain by it.
[[nodiscard]] bool is_near(const Tried& one, const Tried& best, const Tried& nothing) {
    constexpr double doubt_max = 3;  // A gamble is not acceptable because it may come out well.
    const bool gains = one.trial.kind == TrialKind::observe || one.total() < nothing.total();
    const double saved = margin_of_saving * (nothing.total() - best.total());
    const double margin = std::max(
        {margin_s, std::min(saved, margin_of_saving_max_s), margin_of_cost * best.total()});
    return gains && !is_clearly_worse(one, best, margin) &&
           difference(one, best).mean <= doubt_max * margin;
}

}  // namespace

double price_of(TrialKind kind) {
    switch (kind) {
        case TrialKind::observe:
            return 0;
        case TrialKind::eject:
        case TrialKind::open_circuit:
        case TrialKind::invalidate_cache:
        case TrialKind::reroute:
            return 1;
        case TrialKind::scale:
        case TrialKind::restart:
            return 1.5;
        case TrialKind::rolling_restart:
            return 3;
        case TrialKind::rollback:
            return 4;
        case TrialKind::escalate:
            return 15;
    }
    return 0;
}

double Tried::total() const {
    double sum = 0;
    for (const double cost : costs) {
        sum += cost;
    }
    return sum / futures_count + price;
}

std::vector<Tried> try_all(const Rng& rng, const Story& story, const std::vector<Trial>& trials) {
    std::vector<Tried> tried;
    for (const Trial& trial : trials) {
        double reach = 1;
        if (is_about_cache(trial.kind)) {
            reach = story.setting.reach[story.setting.link_of(trial.target).target];
        } else if (trial.target != none) {
            reach = story.setting.reach[trial.target];
        }
        tried.push_back({.trial = trial, .price = price_of(trial.kind) * (1 + reach) / 2});
    }
    for (std::size_t future = 0; future < futures_count; ++future) {
        World begins = story.world;
        begins.reseed(rng.fork(fmt::format("future {}", future)).next());
        for (Tried& one : tried) {
            one.costs[future] = cost_of(begins, story, one.trial);
        }
    }
    return tried;
}

void judge(std::span<Tried> tried) {
    ensure(!tried.empty() && tried.front().trial.kind == TrialKind::observe,
           "what doing nothing costs is known first");
    const Tried& nothing = tried.front();
    const Tried& best = *std::ranges::min_element(tried, {}, &Tried::total);
    const Tried* best_there = &nothing;
    for (const Tried& one : tried) {
        if (one.is_possible && one.total() < best_there->total()) {
            best_there = &one;
        }
    }
    for (Tried& one : tried) {
        const double harm = std::max(harm_s, harm_of_cost * nothing.total());
        // A needless call costs a person's time, and the service nothing.
        const bool may_harm = one.trial.kind != TrialKind::escalate;
        if (is_near(one, best, nothing)) {
            one.verdict = Verdict::acceptable;
        } else if (may_harm && is_clearly_worse(one, nothing, harm)) {
            one.verdict = Verdict::harmful;
        } else {
            one.verdict = Verdict::useless;
        }
        one.is_acceptable_there = one.is_possible && is_near(one, *best_there, nothing);
    }
}

}  // namespace homeostat::sim::cases
