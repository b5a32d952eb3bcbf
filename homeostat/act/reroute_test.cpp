// Against stale copies: the steps of the plan, what became of them, and how long it is held.

#include "homeostat/act/act.hpp"
#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <utility>

namespace homeostat::act {

namespace {

using std::chrono::seconds;

const CacheId quotes("quotes");
const Instant since = instant_of_ns(1'000'000'000'000);
const Instant now = since + seconds{5};
const Held held{Reroute{quotes}, since, since + seconds{60}};

/// Five copies are there, so many of them stale.
Facts with_cache(bool is_to_source, std::uint32_t stale) {
    Facts facts;
    facts.has_edge = true;
    facts.is_complete = true;
    facts.routes = {
        {.cache = quotes, .is_to_source = is_to_source, .servers_count = 1, .answering_count = 1}};
    facts.caches = {{.cache = quotes,
                     .is_answering = true,
                     .is_source_answering = true,
                     .keys_count = 5,
                     .present_count = 5,
                     .differing_count = stale,
                     .stale_count = stale}};
    return facts;
}

Plan plan_of(Remedy remedy, std::uint32_t invalidations_count = 0) {
    Plan plan;
    plan.remedy = std::move(remedy);
    plan.began_at = since;
    plan.invalidations_count = invalidations_count;
    return plan;
}

bool is_step(const Next& next, const Step& step) {
    const auto* found = std::get_if<Step>(&next);
    return found != nullptr && *found == step;
}

bool is_complete(const Next& next) {
    return std::holds_alternative<Complete>(next);
}

bool is_given_back(const Held& remedy, const Facts& facts) {
    return std::holds_alternative<GiveBack>(advise(remedy, facts, now));
}

}  // namespace

TEST_CASE("readers are sent to the source before their keys are dropped") {
    Plan plan = plan_of(Reroute{quotes});
    const Next first = next_step(plan, with_cache(false, 5), now);
    REQUIRE(is_step(first, SetRoute{quotes, true}));
    plan = advanced(plan, std::get<Step>(first), EffectId("i-1.e1"), now);
    const Next second = next_step(plan, with_cache(true, 5), now);
    REQUIRE(is_step(second, Invalidate{quotes}));
    plan = advanced(plan, std::get<Step>(second), EffectId("i-1.e2"), now);
    CHECK(plan.invalidations_count == 1);
    CHECK(is_complete(next_step(plan, with_cache(true, 0), now)));
}

TEST_CASE("keys that are filled wrongly again and again are not dropped for ever") {
    for (const Remedy& remedy : {Remedy{Reroute{quotes}}, Remedy{InvalidateCache{quotes}}}) {
        const Facts stale = with_cache(true, 5);
        CHECK(is_step(next_step(plan_of(remedy, invalidations_max - 1), stale, now),
                      Invalidate{quotes}));
        CHECK(is_complete(next_step(plan_of(remedy, invalidations_max), stale, now)));
    }
}

TEST_CASE("nothing is dropped that is not known to be stale") {
    Facts silent_cache = with_cache(true, 5);
    silent_cache.caches.front().is_answering = false;
    Facts silent_source = with_cache(true, 5);
    silent_source.caches.front().is_source_answering = false;
    Facts none = with_cache(true, 5);
    none.caches.clear();
    for (const Facts& facts : {with_cache(true, 0), silent_cache, silent_source, none}) {
        CHECK(is_complete(next_step(plan_of(Reroute{quotes}), facts, now)));
        CHECK(is_complete(next_step(plan_of(InvalidateCache{quotes}), facts, now)));
    }
}

TEST_CASE("a cache without a way round it is emptied, and no route is touched") {
    CHECK(is_step(next_step(plan_of(InvalidateCache{quotes}), with_cache(false, 1), now),
                  Invalidate{quotes}));
}

TEST_CASE("a route goes back once, and an edge that says nothing of it leaves us stuck") {
    CHECK(is_step(next_step(plan_of(RouteBack{quotes}), with_cache(true, 0), now),
                  SetRoute{quotes, false}));
    CHECK(is_complete(next_step(plan_of(RouteBack{quotes}), with_cache(false, 0), now)));
    Facts none = with_cache(true, 5);
    none.routes.clear();
    CHECK(std::holds_alternative<Stuck>(next_step(plan_of(Reroute{quotes}), none, now)));
    CHECK(std::holds_alternative<Stuck>(next_step(plan_of(RouteBack{quotes}), none, now)));
}

TEST_CASE("a route that has ended by itself meanwhile is not turned anew by the same plan") {
    CHECK(is_complete(next_step(plan_of(Reroute{quotes}, 1), with_cache(false, 0), now)));
}

TEST_CASE("what can be taken back of a plan against stale copies is its route") {
    CHECK(inverse_of(Reroute{quotes}) == Remedy{RouteBack{quotes}});
    CHECK_FALSE(inverse_of(RouteBack{quotes}));
    CHECK_FALSE(inverse_of(InvalidateCache{quotes}));
}

TEST_CASE("after a lost reply the world says what became of a route and of the keys") {
    const EffectId effect("i-1.e1");
    const auto kind = [&](const Step& step, const Facts& facts) {
        return resolve(step, effect, facts).kind;
    };
    for (const bool is_to_source : {false, true}) {
        const Facts facts = with_cache(is_to_source, 0);
        const bool was_turned = is_to_source;
        CHECK((kind(SetRoute{quotes, true}, facts) == OutcomeKind::done) == was_turned);
        CHECK((kind(SetRoute{quotes, false}, facts) == OutcomeKind::refused) == was_turned);
    }
    CHECK(kind(Invalidate{quotes}, with_cache(true, 0)) == OutcomeKind::done);
    CHECK(kind(Invalidate{quotes}, with_cache(true, 2)) == OutcomeKind::refused);
    Facts silent = with_cache(true, 0);
    silent.caches.front().is_answering = false;
    CHECK(kind(Invalidate{quotes}, silent) == OutcomeKind::unknown);
    silent.routes.clear();
    CHECK(kind(SetRoute{quotes, true}, silent) == OutcomeKind::unknown);
}

TEST_CASE("readers go back after three looks in a row that agree, and not before") {
    const Facts well = with_cache(true, 0);
    Facts unread = well;
    unread.is_complete = false;
    Facts late = well;  // It differs, and may yet be no more than late.
    late.caches.front().differing_count = 1;
    Facts silent = well;
    silent.caches.front().is_source_answering = false;
    Held reroute = held;
    for (const Facts& interruption : {with_cache(true, 1), unread, late, silent}) {
        reroute = looked(looked(reroute, well), well);
        CHECK_FALSE(is_given_back(reroute, well));
        reroute = looked(reroute, interruption);
        CHECK_FALSE(is_given_back(reroute, interruption));
    }
    reroute = looked(looked(looked(reroute, well), well), well);
    CHECK(is_given_back(reroute, well));
}

TEST_CASE("a route that has ended by itself is no longer held") {
    CHECK(is_given_back(held, with_cache(false, 5)));
    CHECK_FALSE(is_given_back(held, with_cache(true, 5)));
}

TEST_CASE("a plan that was written before caches were known is still read") {
    json::value written = to_json(plan_of(Reroute{quotes}));
    written.as_object().erase("invalidations_count");
    const Result<Plan> read = from_json<Plan>(written);
    REQUIRE(read);
    CHECK(read->invalidations_count == 0);
}

}  // namespace homeostat::act
