#include "homeostat/guard/dimming.hpp"

#include "homeostat/guard/guard.hpp"
#include "homeostat/guard/rule_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::guard {

namespace {

struct DimmerCase {
    const Dim& dim;
    const DimmerLimits* limits;  ///< Null: no such dimmer is declared.
    const DimmerMatter& matter;
    const DimmerPace& pace;
    Instant now;
};

Answer kill_switch(const DimmerCase& asked) {
    return asked.matter.is_suspended ? Answer("Homeostat is suspended") : std::nullopt;
}

Answer recording(const DimmerCase& asked) {
    return asked.matter.is_recording ? std::nullopt : Answer("nothing can be recorded");
}

Answer declared_dimmer(const DimmerCase& asked) {
    return asked.limits != nullptr ? std::nullopt
                                   : Answer("no dimmer of that neighbour is declared");
}

Answer bounds(const DimmerCase& asked) {
    if (asked.dim.permille > permille_max) {
        return fmt::format("{} of {} cannot be held back", asked.dim.permille, permille_max);
    }
    const Duration lasts = asked.dim.until - asked.now;
    const bool has_end =
        asked.dim.permille == 0 || (lasts > Duration::zero() && lasts <= asked.limits->lasts_max);
    return has_end ? std::nullopt : Answer("it would end too late, or has ended already");
}

Answer autonomy(const DimmerCase& asked) {
    return asked.matter.autonomy == Autonomy::act
               ? std::nullopt
               : Answer(fmt::format("the autonomy is {}", to_text(asked.matter.autonomy)));
}

Answer floor(const DimmerCase& asked) {
    const std::uint32_t most = permille_above(asked.limits->floor_rps, asked.matter.calls_rps);
    return asked.dim.permille <= most
               ? std::nullopt
               : Answer(fmt::format("of {} calls a second {} have to pass, so at most {} of a "
                                    "thousand may be held back",
                                    asked.matter.calls_rps, asked.limits->floor_rps, most));
}

Answer turns(const DimmerCase& asked) {
    const std::size_t count = asked.pace.turns_lately(asked.dim.neighbour, asked.now);
    const bool is_fine = asked.dim.permille == 0 || count < asked.limits->turns_max;
    return is_fine ? std::nullopt
                   : Answer(fmt::format("it was turned {} times in the last minute", count));
}

struct DimmerRule {
    std::string_view says;
    Answer (*ask)(const DimmerCase& asked);
};

constexpr std::array rules{
    DimmerRule{"the kill switch is released", kill_switch},
    DimmerRule{"what is done can be recorded", recording},
    DimmerRule{"the dimmer is declared", declared_dimmer},
    DimmerRule{"the order is within its bounds", bounds},
    DimmerRule{"the autonomy of the mesh is act", autonomy},
    DimmerRule{"so many calls as critical requests need still pass", floor},
    DimmerRule{"the dimmer is not turned too often", turns},
};

}  // namespace

void DimmerPace::note(const ServiceId& neighbour, Instant now) {
    std::deque<Instant>& turns = turns_at_[neighbour];
    while (!turns.empty() && turns.front() <= now - window) {
        turns.pop_front();
    }
    turns.push_back(now);
}

std::size_t DimmerPace::turns_lately(const ServiceId& neighbour, Instant now) const {
    const auto found = turns_at_.find(neighbour);
    return found == turns_at_.end()
               ? 0
               : static_cast<std::size_t>(std::ranges::count_if(
                     found->second, [now](Instant at) { return at > now - window; }));
}

std::uint32_t permille_above(std::uint32_t floor_rps, std::uint32_t calls_rps) {
    if (calls_rps == 0) {
        return floor_rps == 0 ? permille_max : 0;
    }
    const std::uint64_t above = calls_rps - std::min(floor_rps, calls_rps);
    return static_cast<std::uint32_t>(above * permille_max / calls_rps);
}

Verdict check(const Dim& dim,
              const std::vector<DimmerLimits>& declared,
              const DimmerMatter& matter,
              const DimmerPace& pace,
              Instant now) {
    const auto limits = std::ranges::find(declared, dim.neighbour, &DimmerLimits::neighbour);
    const DimmerCase asked{dim, limits == declared.end() ? nullptr : &*limits, matter, pace, now};
    return walk(rules, asked);
}

// As many parameters as for a step: each is a different thing that the caller has at hand.
std::expected<DimPermit, Verdict> Gate::ask(  // NOLINT(readability-function-size): see above.
    const Dim& dim,
    EffectId effect,
    const std::vector<DimmerLimits>& declared,
    const DimmerMatter& matter,
    DimmerPace& pace,
    Instant now) {
    Verdict verdict = check(dim, declared, matter, pace, now);
    if (verdict.kind != VerdictKind::permit) {
        return std::unexpected(std::move(verdict));
    }
    pace.note(dim.neighbour, now);
    return DimPermit(std::move(effect), dim);
}

}  // namespace homeostat::guard
