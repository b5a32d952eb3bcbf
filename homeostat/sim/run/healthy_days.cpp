#include "homeostat/sim/run/healthy_days.hpp"

#include "homeostat/base/rng.hpp"

namespace homeostat::sim {

Options healthy_day(std::uint64_t seed) {
    Rng rng = Rng(seed).fork("healthy day");
    Options options;
    options.seed = seed;
    options.scenario = "healthy day";
    options.topology = draw_estate(rng, 8);
    options.guarded = static_cast<ServiceIndex>(
        rng.between(0, static_cast<std::int64_t>(options.topology.services.size()) - 1));
    for (std::size_t kind = 0; kind < static_cast<std::size_t>(RemedyKind::run_task); ++kind) {
        options.limits.autonomy[static_cast<RemedyKind>(kind)] = Autonomy::act;
    }
    options.model = static_cast<ModelKind>(rng.between(0, 5));
    options.is_quiet = true;
    options.ends_at = ticks_of(day_s);
    options.chaos_ends_at = options.ends_at;
    return options;
}

void add_day(HealthyDays& days, const SeedResult& day) {
    const auto reached = [&](const char* mark) -> std::uint64_t {
        const auto found = day.marks.find(mark);
        return found == day.marks.end() ? 0 : found->second;
    };
    days.days += 1;
    days.orders += day.orders_count;
    days.incidents += reached("entry opened");
    days.told += day.final_state.is_person_told ? 1 : 0;
    days.violations += day.violations.size();
}

}  // namespace homeostat::sim
