#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/run/lab_ports.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;

Ranking ranking_of(const std::vector<RemedyKind>& kinds) {
    Ranking ranking;
    ranking.model = lab_model_name();
    ranking.prompt_digest = lab_prompt_digest();
    for (const RemedyKind kind : kinds) {
        ranking.kinds.push_back(
            {.kind = kind, .log_probability = -2, .neutral_log_probability = -2});
    }
    return ranking;
}

/// What disrupts most is certain, the rest as good as impossible.
void rank_worst(Ranking& ranking) {
    const auto worst = std::ranges::max_element(ranking.kinds, {}, [](const RankedKind& ranked) {
        return traits_of(ranked.kind).disruption;
    });
    for (RankedKind& ranked : ranking.kinds) {
        ranked.log_probability = -20;
    }
    worst->log_probability = 0;
}

void rank_at_random(Ranking& ranking, Rng& rng) {
    for (RankedKind& ranked : ranking.kinds) {
        ranked.log_probability = draw_between(rng, -6, -0.1);
    }
}

}  // namespace

std::string lab_model_name() {
    return "lab";
}

std::string lab_prompt_digest() {
    return std::string(64, '0');
}

Task<Result<Ranking>> LabOracle::rank(Evidence /*evidence*/,
                                      std::vector<RemedyKind> kinds,
                                      Instant deadline) {
    const ModelKind kind = machine_.options().model;
    Rng& rng = machine_.ports_rng();
    machine_.trace().reached("model asked: " + std::string(to_text(kind)));
    const Duration takes = kind == ModelKind::slow
                               ? machine_.draw_duration(milliseconds{200}, milliseconds{4'000})
                               : machine_.draw_duration(milliseconds{20}, milliseconds{300});
    if (kind == ModelKind::slow && clock_.now() + takes >= deadline && draw_chance(rng, 0.5)) {
        co_await clock_.sleep_until(deadline);
        co_return fail(Fault::late, "the model did not answer in time");
    }
    co_await clock_.sleep_until(clock_.now() + takes);
    if (kind == ModelKind::dead) {
        co_return fail(Fault::unreachable, "nobody listens there");
    }
    Ranking ranking = ranking_of(kinds);
    switch (kind) {
        case ModelKind::demon:
            rank_worst(ranking);
            break;
        case ModelKind::garbage:
            if (draw_chance(rng, 0.5)) {
                co_return fail(Fault::broken, "not a ranking");
            }
            ranking.kinds.front().kind = RemedyKind::route_back;
            ranking.kinds.push_back(ranking.kinds.front());
            break;
        default:
            rank_at_random(ranking, rng);
            break;
    }
    co_return ranking;
}

}  // namespace homeostat::sim
