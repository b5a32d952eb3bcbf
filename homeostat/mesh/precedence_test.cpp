#include "homeostat/mesh/precedence.hpp"

#include "homeostat/mesh/names_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

namespace homeostat::mesh {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const AgentId ann("ann");
const AgentId ben("ben");

Precedence of(const AgentId& self) {
    return Precedence(self, Limits{});
}

/// The question that it asks, of one neighbour.
Intend asked(Precedence& self, const AgentId& neighbour, Instant at = now) {
    const std::vector<Saying> sayings = self.ask({neighbour}, thread, at);
    REQUIRE(sayings.size() == 1);
    return std::get<Intend>(sayings.front().body);
}

bool is_let_go(const Precedence& self, Instant at = now) {
    return !self.is_asking() && self.is_taking(at);
}

}  // namespace

TEST_CASE("who has no neighbours goes at once") {
    Precedence self = of(ann);
    CHECK(self.ask({}, thread, now).empty());
    CHECK(is_let_go(self));
}

TEST_CASE("who is let go by all goes at the last answer, and not before") {
    Precedence self = of(ann);
    REQUIRE(self.ask({ben, cart}, thread, now).size() == 2);
    self.hear(ben, {1, NeighbourSays::go, 0}, now);
    CHECK(self.is_asking());
    CHECK_FALSE(self.is_taking(now));
    self.hear(cart, {1, NeighbourSays::go, 0}, now);
    CHECK(is_let_go(self));
    CHECK(self.words().size() == 2);
}

TEST_CASE("nobody is waited for longer than 50 ms") {
    Precedence self = of(ann);
    (void)asked(self, ben);
    CHECK(self.wake_at() == now + milliseconds{50});
    self.pass_time(now + milliseconds{50} - Duration{1});
    CHECK(self.is_asking());
    self.pass_time(now + milliseconds{50});
    CHECK(is_let_go(self, now + milliseconds{50}));
    CHECK(self.words().empty());
}

TEST_CASE("who has slept through the end of its question is not let go by silence or old words") {
    Precedence in_time = of(ann);
    (void)asked(in_time, ben);
    in_time.pass_time(now + milliseconds{550} - Duration{1});
    CHECK(is_let_go(in_time, now + milliseconds{550}));
    Precedence late = of(ann);
    (void)asked(late, ben);
    late.pass_time(now + milliseconds{550});
    CHECK_FALSE(late.is_asking());
    CHECK_FALSE(late.is_taking(now + milliseconds{550}));
    Precedence told_late = of(ann);
    (void)asked(told_late, ben);
    told_late.hear(ben, {1, NeighbourSays::go, 0}, now + seconds{30});
    CHECK_FALSE(told_late.is_asking());
    CHECK_FALSE(told_late.is_taking(now + seconds{30}));
}

TEST_CASE("an objection that waits for a process that is a little late is heard") {
    const Instant late_at = now + milliseconds{60};
    Precedence told = of(ann);
    (void)asked(told, ben);
    told.hear(ben, {1, NeighbourSays::mine, 2'000}, late_at);
    CHECK_FALSE(told.is_asking());
    CHECK_FALSE(told.is_taking(late_at));
    REQUIRE(told.words().size() == 1);
    CHECK(told.words().front().says == NeighbourSays::mine);
    Precedence gives_way = of(ben);
    (void)asked(gives_way, ann);
    CHECK(gives_way.answer(ann, false, {9}, late_at) == Word{9, NeighbourSays::go, 0});
    CHECK_FALSE(gives_way.is_asking());
    CHECK_FALSE(gives_way.is_taking(late_at));
}

TEST_CASE("an open question from before it stood still lets nobody wait for it") {
    Precedence self = of(ann);
    (void)asked(self, ben);
    CHECK(self.answer(cart, false, {9}, now + seconds{30}) == Word{9, NeighbourSays::go, 0});
}

TEST_CASE("the first that objects is enough") {
    Precedence self = of(ann);
    REQUIRE(self.ask({ben, cart}, thread, now).size() == 2);
    self.hear(ben, {1, NeighbourSays::mine, 4'000}, now);
    CHECK_FALSE(self.is_asking());
    CHECK_FALSE(self.is_taking(now));
    CHECK(self.words() ==
          std::vector<NeighbourWord>{{ServiceId("ben"), NeighbourSays::mine, seconds{4}}});
}

TEST_CASE("an answer counts once, from who was asked, to the question that is open") {
    Precedence self = of(ann);
    (void)asked(self, ben);
    self.pass_time(now + seconds{1});
    REQUIRE(self.ask({ben, cart}, thread, now + seconds{1}).size() == 2);
    self.hear(ben, {1, NeighbourSays::wait, 2'000}, now + seconds{1});  // To the last one.
    self.hear(shop, {2, NeighbourSays::wait, 2'000}, now + seconds{1});
    self.hear(ben, {2, NeighbourSays::go, 0}, now + seconds{1});
    self.hear(ben, {2, NeighbourSays::wait, 2'000}, now + seconds{1});
    CHECK(self.is_asking());
    self.hear(cart, {2, NeighbourSays::go, 0}, now + seconds{1});
    CHECK(is_let_go(self, now + seconds{1}));
    self.hear(cart, {2, NeighbourSays::wait, 2'000}, now + seconds{1});
    CHECK(is_let_go(self, now + seconds{1}));
}

TEST_CASE("while a question is open no other is asked") {
    Precedence self = of(ann);
    (void)asked(self, ben);
    CHECK(self.ask({ben, cart}, thread, now).empty());
}

TEST_CASE("who does nothing lets everybody go") {
    Precedence self = of(ann);
    CHECK(self.answer(ben, false, {9}, now) == Word{9, NeighbourSays::go, 0});
    CHECK(self.answer(ben, true, {9}, now) == Word{9, NeighbourSays::go, 0});
}

TEST_CASE("who takes capacity away says so, and to its callers that it is its trouble") {
    Precedence self = of(ann);
    self.note(CapacityWork::taking);
    CHECK(self.answer(ben, false, {9}, now) == Word{9, NeighbourSays::wait, 2'000});
    CHECK(self.answer(ben, true, {9}, now) == Word{9, NeighbourSays::mine, 2'000});
    self.note(CapacityWork::proving);  // It serves again: only callers may still see something.
    CHECK(self.answer(ben, false, {9}, now).says == NeighbourSays::go);
    CHECK(self.answer(ben, true, {9}, now).says == NeighbourSays::mine);
    self.note(CapacityWork::none);
    CHECK(self.answer(ben, true, {9}, now).says == NeighbourSays::go);
}

TEST_CASE("who was let go and does not begin is in nobody's way after three seconds") {
    Precedence self = of(ann);
    (void)asked(self, ben);
    self.hear(ben, {1, NeighbourSays::go, 0}, now);
    self.note(CapacityWork::none);  // Of something else: what it was let do has yet to begin.
    CHECK(self.answer(cart, false, {9}, now + milliseconds{2'999}).says == NeighbourSays::wait);
    CHECK(self.answer(cart, false, {9}, now + seconds{3}).says == NeighbourSays::go);
}

TEST_CASE("who has begun what it was let do is in the way until it ends, and no longer") {
    Precedence self = of(ann);
    (void)asked(self, ben);
    self.hear(ben, {1, NeighbourSays::go, 0}, now);
    self.note(CapacityWork::taking);
    CHECK(self.answer(cart, false, {9}, now + seconds{60}).says == NeighbourSays::wait);
    self.note(CapacityWork::none);
    CHECK(self.answer(cart, false, {9}, now).says == NeighbourSays::go);
}

TEST_CASE("of two that ask at once just one goes, in whichever order they hear of each other") {
    for (const bool is_ann_first : {true, false}) {
        CAPTURE(is_ann_first);
        Precedence lower = of(ann);
        Precedence higher = of(ben);
        const Intend by_lower = asked(lower, ben);
        const Intend by_higher = asked(higher, ann);
        std::optional<Word> to_higher;
        std::optional<Word> to_lower;
        for (const bool is_now_ann : {is_ann_first, !is_ann_first}) {
            if (is_now_ann) {
                to_higher = lower.answer(ben, false, by_higher, now);
            } else {
                to_lower = higher.answer(ann, false, by_lower, now);
            }
        }
        lower.hear(ben, *to_lower, now);
        higher.hear(ann, *to_higher, now);
        CHECK(is_let_go(lower));
        CHECK_FALSE(higher.is_asking());
        CHECK_FALSE(higher.is_taking(now));
    }
}

TEST_CASE("a question that is still open gives way to a lower name also after that has let it go") {
    Precedence lower = of(ann);
    Precedence higher = of(ben);
    REQUIRE(higher.ask({ann, cart}, thread, now).size() == 2);
    higher.hear(ann, lower.answer(ben, false, {1}, now), now);
    const Word word = higher.answer(ann, false, asked(lower, ben), now);
    CHECK(word.says == NeighbourSays::go);
    lower.hear(ben, word, now);
    CHECK(is_let_go(lower));
    higher.hear(cart, {1, NeighbourSays::go, 0}, now);
    CHECK_FALSE(higher.is_taking(now));
}

TEST_CASE("who was let go by all does not give way any more") {
    Precedence lower = of(ann);
    Precedence higher = of(ben);
    (void)asked(higher, ann);
    higher.hear(ann, lower.answer(ben, false, {1}, now), now);
    const Word word = higher.answer(ann, false, asked(lower, ben), now);
    CHECK(word.says == NeighbourSays::wait);
    lower.hear(ben, word, now);
    CHECK_FALSE(lower.is_taking(now));
    CHECK(is_let_go(higher));
}

TEST_CASE("who gives way does not go, though all others let it") {
    Precedence higher = of(ben);
    REQUIRE(higher.ask({ann, cart}, thread, now).size() == 2);
    CHECK(higher.answer(ann, false, {4}, now).says == NeighbourSays::go);
    CHECK_FALSE(higher.is_asking());
    higher.hear(cart, {1, NeighbourSays::go, 0}, now);
    higher.hear(ann, {1, NeighbourSays::go, 0}, now);
    CHECK_FALSE(higher.is_taking(now));
    CHECK(higher.words().front().neighbour == ServiceId("ann"));
}

}  // namespace homeostat::mesh
