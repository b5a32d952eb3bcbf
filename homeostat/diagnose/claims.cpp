#include "homeostat/diagnose/claims.hpp"

#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace homeostat::diagnose {

namespace {

struct Numbers {
    const Look& look;
    const Symptom& symptom;
    const Limits& limits;
};

bool waits_for_others(const Numbers& numbers) {
    const Look& look = numbers.look;
    return std::ranges::any_of(
               look.neighbours,
               [&](const auto& one) { return is_failing(one.second, numbers.limits); }) ||
           std::ranges::any_of(look.neighbour_paces, [&](const auto& one) {
               return is_slowed(one.second, numbers.limits);
           });
}

bool grows_or_ends(const Numbers& numbers) {
    return !numbers.look.leaks.empty() || numbers.symptom.kind == SymptomKind::instance_down;
}

bool waits(const Numbers& numbers) {
    return numbers.look.load.waiting > waiting_usual_max;
}

bool answers_late(const Numbers& numbers) {
    return waits(numbers) || is_slowed(numbers.look.own_pace, numbers.limits) ||
           !numbers.look.silent.empty();
}

bool has_changed(const Numbers& numbers) {
    return !numbers.look.suspects.empty();
}

bool fails(const Numbers& numbers) {
    return is_failing(numbers.look.own, numbers.limits);
}

bool has_no_number(const Numbers& /*numbers*/) {
    return false;
}

struct Row {
    Trouble trouble;
    bool (*fits)(const Numbers&);
};

constexpr auto rows = std::to_array<Row>({
    {Trouble::connection_refused, waits_for_others},
    {Trouble::timeout, waits_for_others},
    {Trouble::out_of_memory, grows_or_ends},
    {Trouble::disk_full, has_no_number},
    {Trouble::certificate, waits_for_others},
    {Trouble::credentials, waits_for_others},
    {Trouble::deadlock, answers_late},
    {Trouble::pool_exhausted, waits},
    {Trouble::descriptors_exhausted, has_no_number},
    {Trouble::overload, waits},
    {Trouble::rate_limited, waits_for_others},
    {Trouble::config_error, has_changed},
    {Trouble::exception, fails},
    {Trouble::bad_data, fails},
});
static_assert(rows.size() == troubles_count);

bool is_confirmed(const Numbers& numbers, Trouble trouble) {
    const auto row = std::ranges::find(rows, trouble, &Row::trouble);
    ensure(row != rows.end(), "every class of trouble has its row");
    return row->fits(numbers);
}

}  // namespace

std::vector<Trouble> confirmed_claims(const State& state,
                                      const Look& look,
                                      const Symptom& symptom,
                                      const Limits& limits) {
    const Numbers numbers{look, symptom, limits};
    const Instant since = symptom.began_at - limits.order_slack;
    std::vector<Trouble> claims;
    // Whoever began to look just now cannot tell what is new from what was claimed all the time.
    if (symptom.began_at - state.watched_since.value_or(symptom.began_at) < claims_apart_max) {
        return claims;
    }
    for (const auto& [trouble, claim] : state.claims) {
        if (claim.began_at >= since && is_confirmed(numbers, trouble)) {
            claims.push_back(trouble);
        }
    }
    std::ranges::sort(claims, {},
                      [&](Trouble one) { return std::pair(-state.claims.at(one).lines, one); });
    return claims;
}

}  // namespace homeostat::diagnose
