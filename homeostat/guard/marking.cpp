#include "homeostat/guard/marking.hpp"

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

struct MarkCase {
    const Marking& marking;
    const MarkLimits& limits;
    const MarkMatter& matter;
    const MarkPace& pace;
    Instant now;
};

bool puts_on(const MarkCase& asked) {
    return asked.marking.mark != Mark::none;
}

Answer kill_switch(const MarkCase& asked) {
    return asked.matter.is_suspended ? Answer("Homeostat is suspended") : std::nullopt;
}

Answer recording(const MarkCase& asked) {
    return asked.matter.is_recording ? std::nullopt : Answer("nothing can be recorded");
}

Answer declared_tables(const MarkCase& asked) {
    return asked.limits.is_declared ? std::nullopt : Answer("no tables for marks are declared");
}

Answer bounds(const MarkCase& asked) {
    const std::size_t count = asked.marking.sources.size();
    if (count == 0 || count > asked.limits.order_sources_max) {
        return fmt::format("{} sources in one order", count);
    }
    const Duration lasts = asked.marking.until - asked.now;
    const bool has_end =
        !puts_on(asked) || (lasts > Duration::zero() && lasts <= asked.limits.lasts_max);
    return has_end ? std::nullopt : Answer("it would end too late, or has ended already");
}

Answer autonomy(const MarkCase& asked) {
    const bool is_fine =
        asked.marking.mark != Mark::denied || asked.matter.autonomy == Autonomy::act;
    return is_fine ? std::nullopt
                   : Answer(fmt::format("the autonomy is {}", to_text(asked.matter.autonomy)));
}

Answer allowed(const MarkCase& asked) {
    for (const Network& source : asked.marking.sources) {
        const bool is_allowed = std::ranges::any_of(
            asked.limits.allowed, [&source](const Network& one) { return overlap(one, source); });
        if (puts_on(asked) && (is_allowed || is_reserved(source))) {
            return fmt::format("{} is {}", to_text(source),
                               is_allowed ? "allowed" : "nobody's out there");
        }
    }
    return std::nullopt;
}

Answer width(const MarkCase& asked) {
    const auto wide = std::ranges::find_if_not(asked.marking.sources, is_source);
    return wide == asked.marking.sources.end()
               ? std::nullopt
               : Answer(fmt::format("{} is neither an address nor one customer's network",
                                    to_text(*wide)));
}

Answer room(const MarkCase& asked) {
    const std::size_t count = asked.matter.marked_count + asked.marking.sources.size();
    return !puts_on(asked) || count <= asked.limits.sources_max
               ? std::nullopt
               : Answer(fmt::format("{} sources would have a mark", count));
}

Answer pace(const MarkCase& asked) {
    const std::size_t count = asked.pace.orders_lately(asked.now);
    const bool is_fine =
        !puts_on(asked) || asked.marking.is_renewal || count < asked.limits.orders_max;
    return is_fine ? std::nullopt
                   : Answer(fmt::format("{} orders were given in the last minute", count));
}

struct MarkRule {
    std::string_view says;
    Answer (*ask)(const MarkCase& asked);
};

constexpr std::array rules{
    MarkRule{"the kill switch is released", kill_switch},
    MarkRule{"what is done can be recorded", recording},
    MarkRule{"the edge has tables for marks", declared_tables},
    MarkRule{"the order is within its bounds", bounds},
    MarkRule{"to deny, the autonomy of block_source is act", autonomy},
    MarkRule{"nobody is marked who is allowed", allowed},
    MarkRule{"no mark is for more than one customer", width},
    MarkRule{"not too many sources have a mark", room},
    MarkRule{"marks are not put on too often", pace},
};

}  // namespace

void MarkPace::note(Instant now) {
    while (!orders_at_.empty() && orders_at_.front() <= now - window) {
        orders_at_.pop_front();
    }
    orders_at_.push_back(now);
}

std::size_t MarkPace::orders_lately(Instant now) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(orders_at_, [now](Instant at) { return at > now - window; }));
}

Verdict check(const Marking& marking,
              const MarkLimits& limits,
              const MarkMatter& matter,
              const MarkPace& pace,
              Instant now) {
    const MarkCase asked{marking, limits, matter, pace, now};
    return walk(rules, asked);
}

// As many parameters as for a step: each is a different thing that the caller has at hand.
std::expected<MarkPermit, Verdict> Gate::ask(  // NOLINT(readability-function-size): see above.
    Marking marking,
    EffectId effect,
    const MarkLimits& limits,
    const MarkMatter& matter,
    MarkPace& pace,
    Instant now) {
    Verdict verdict = check(marking, limits, matter, pace, now);
    if (verdict.kind != VerdictKind::permit) {
        return std::unexpected(std::move(verdict));
    }
    if (marking.mark != Mark::none && !marking.is_renewal) {
        pace.note(now);
    }
    return MarkPermit(std::move(effect), std::move(marking));
}

}  // namespace homeostat::guard
