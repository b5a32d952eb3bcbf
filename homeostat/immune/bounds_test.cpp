// Each bound on what feeds may do, in a case in which it trips. B1 to B10 are the names of the
// bounds on docs/block_sources.md.

#include "homeostat/immune/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::immune {

using namespace std::chrono_literals;

TEST_CASE("B1: what the operator allows is never marked, whoever lists it and however") {
    for (const std::string network :
         {"198.51.100.7", "198.51.100.0/24", "198.51.100.128/25", "198.51.0.0/16"}) {
        CAPTURE(network);
        Scene scene;
        scene.hear({network});
        scene.pass_trial();
        CHECK(scene.state.suspects.empty());
        CHECK(scene.refused(Objection::allowed) == 1);
        CHECK(scene.told(FeedEvent::refused));
    }
    Scene scene;  // A /24 that holds one allowed address is not marked for the rest of it.
    scene.settings.allowed = {network_for_test("192.0.2.200")};
    scene.hear({"192.0.2.0/24", "192.0.2.192/28", "192.0.2.199"});
    scene.pass_trial();
    CHECK(scene.count_of(Mark::denied) == 1);
    CHECK(scene.mark_of("192.0.2.199") == Mark::denied);
}

TEST_CASE("B2: no entry is wider than what one customer has, and none is for reserved addresses") {
    Scene scene;
    scene.hear({"203.0.113.0/24", "203.0.112.0/23", "16.0.0.0/4", "2001:db8:1:2::/64",
                "2001:db8::/63", "2001:db8::/48", "2001:db8::/96"});
    for (const std::string network : {"0.0.0.0/0", "10.0.0.1", "127.0.0.1", "fe80::1", "::1"}) {
        scene.hear({network});
    }
    scene.pass_trial();
    CHECK(scene.count_of(Mark::denied) == 2);
    CHECK(scene.mark_of("203.0.113.0/24") == Mark::denied);
    CHECK(scene.mark_of("2001:db8:1:2::/64") == Mark::denied);
    CHECK(scene.refused(Objection::too_wide) == 4);
    CHECK(scene.refused(Objection::uneven) == 1);
    CHECK(scene.refused(Objection::reserved) == 4);
    CHECK(scene.refused(Objection::allowed) == 1);  // All there are: these, too.
}

TEST_CASE("a part of a network becomes its addresses, and is removed as it came") {
    Scene scene;
    scene.hear({"192.0.2.248/29"});
    scene.pass_trial();
    CHECK(scene.count_of(Mark::denied) == 8);
    CHECK(scene.mark_of("192.0.2.248") == Mark::denied);
    CHECK(scene.mark_of("192.0.2.255") == Mark::denied);
    FeedUpdate removal;
    removal.removed = {network_for_test("192.0.2.248/29")};
    scene.hear(removal);
    scene.obey();
    CHECK(scene.state.suspects.empty());
    CHECK(scene.state.feeds[0].sources_count == 0);
}

TEST_CASE("a removed part of a network takes its own addresses off, and nothing beside them") {
    Scene scene;
    scene.hear({"192.0.2.0/24", "192.0.2.0", "192.0.2.127", "192.0.2.128", "192.0.1.255"});
    scene.hear({"192.0.2.5"}, 1);
    FeedUpdate removal;
    removal.removed = {network_for_test("192.0.2.0/25"), network_for_test("0.0.0.0/0"),
                       network_for_test("::/0")};
    scene.hear(removal);
    scene.obey();
    CHECK(scene.state.feeds[0].sources_count == 3);
    for (const std::string kept : {"192.0.2.0/24", "192.0.2.128", "192.0.1.255", "192.0.2.5"}) {
        CHECK(scene.state.suspects.contains(network_for_test(kept)));
    }
    CHECK(scene.state.suspects.size() == 4);
}

TEST_CASE(
    "B3: a listing ends when the feed says, after a day at most, and after an hour if it says "
    "nothing") {
    struct Case {
        std::optional<Duration> lasts;
        Duration kept;
    };
    for (const Case& one : {Case{10min, 10min}, Case{48h, 24h}, Case{std::nullopt, 1h}}) {
        Scene scene;
        scene.hear(update_for_test({"192.0.2.7"}, one.lasts));
        scene.pass_trial();
        REQUIRE(scene.mark_of("192.0.2.7") == Mark::denied);
        scene.pass(one.kept - 1s - 1ns);
        scene.obey();
        CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
        scene.pass(1ns);
        const std::vector<Marking> orders = scene.obey();
        REQUIRE(orders.size() == 1);
        CHECK(orders.front().mark == Mark::none);
        CHECK(scene.state.suspects.empty());
    }
    Scene scene;  // One that is over already is none.
    scene.hear(update_for_test({"192.0.2.7"}, Duration{}));
    CHECK(scene.state.suspects.empty());
}

TEST_CASE("B4: of more than a feed may list the oldest go") {
    Scene scene;
    scene.settings.feeds[0].sources_max = 10;
    scene.hear(many_for_test(0, 6));
    scene.pass(1s);
    scene.hear(many_for_test(6, 6));
    CHECK(scene.state.feeds[0].sources_count == 10);
    CHECK(scene.refused(Objection::no_room) == 2);
    scene.obey();
    CHECK(scene.state.suspects.size() == 10);
    CHECK_FALSE(scene.state.suspects.contains(address_for_test(0)));
    CHECK_FALSE(scene.state.suspects.contains(address_for_test(1)));
    scene.hear(many_for_test(100, 50));  // Not even held in memory.
    CHECK(scene.state.suspects.size() <= 20);
}

TEST_CASE("B4: of an update of ranges only so many addresses are looked at") {
    Scene scene;
    scene.settings.limits.sources_max = 1'000;
    scene.settings.feeds[0].sources_max = 500;
    FeedUpdate update;
    for (int index = 0; index < 300; ++index) {
        update.listed.push_back({network_for_test("1.2." + std::to_string(index % 250) +
                                                  (index < 250 ? ".0" : ".128") + "/25"),
                                 "list", 4h});
    }
    scene.hear(update);
    CHECK(scene.state.suspects.size() == 500);
    CHECK(scene.state.feeds[0].sources_count == 500);
    // 16 ranges of 128 are looked at, and 284 not.
    CHECK(scene.refused(Objection::no_room) == 16 * 128 - 500 + 284);
}

TEST_CASE("B4: what is listed while nothing can be judged is let go as well") {
    Scene scene;
    scene.settings.limits.sources_max = 100;
    for (std::size_t index = 0; index < 50; ++index) {
        scene.hear(many_for_test(index * 20, 20));
        scene.pass(1s);
        let_go(scene.state, scene.settings, scene.now);
        CHECK(scene.state.suspects.size() <= 100);
    }
    scene.pass(24h);
    let_go(scene.state, scene.settings, scene.now);
    CHECK(scene.state.suspects.empty());
}

TEST_CASE("B4: of more than all feeds may list the least believed go") {
    Scene scene;
    scene.settings.limits.sources_max = 10;
    scene.hear(many_for_test(0, 6), 1);
    scene.pass(1s);
    scene.hear(many_for_test(6, 6), 0);
    scene.obey();
    CHECK(scene.state.suspects.size() == 10);
    CHECK(scene.state.feeds[0].sources_count == 6);
    CHECK(scene.state.feeds[1].sources_count == 4);
}

TEST_CASE("B5: a feed that grows by too much is only watched, until a person agrees") {
    Scene scene;
    scene.hear(many_for_test(0, 1'000));
    scene.pass_trial();
    REQUIRE(scene.count_of(Mark::denied) == 1'000);
    CHECK_FALSE(scene.told(FeedEvent::grown));
    scene.hear(many_for_test(1'000, 1));  // Within the same minute.
    CHECK(scene.told(FeedEvent::grown));
    scene.pass(1h, 1'000'000);
    scene.obey();
    scene.pass(1h, 1'000'000);
    scene.obey();
    CHECK(scene.count_of(Mark::denied) == 1'000);
    CHECK(scene.count_of(Mark::watched) == 1);
}

TEST_CASE("B5: small updates do not add up to a large one, and a fifth is allowed") {
    Scene scene;
    scene.settings.limits.growth_max = 100;
    for (std::size_t index = 0; index < 30; ++index) {
        scene.hear(many_for_test(index * 10, 10));
        scene.pass(1s);
    }
    scene.obey();
    CHECK(scene.count_of(Mark::watched) == 200);
    CHECK(scene.count_of(Mark::on_trial) == 100);
    scene.pass(1min, 1);
    scene.settings.limits.growth_max = 1;
    scene.hear(many_for_test(1'000, 60));  // Of 300.
    scene.obey();
    CHECK(scene.count_of(Mark::on_trial) == 60);
    CHECK(scene.count_of(Mark::denied) == 100);
    CHECK(scene.count_of(Mark::watched) == 200);
}

TEST_CASE("B5: a feed that grows by too much cannot lend its word to another one") {
    Scene scene;
    scene.settings.limits.growth_max = 5;
    scene.hear(many_for_test(0, 5), 1);
    scene.hear(many_for_test(0, 6), 2);
    scene.pass_trial();
    CHECK(scene.count_of(Mark::watched) == 6);
}

TEST_CASE("B6: nothing is denied before its trial is over, by time or by requests") {
    for (const bool by_requests : {false, true}) {
        Scene scene;
        scene.hear({"192.0.2.7"});
        scene.obey();
        CHECK(scene.mark_of("192.0.2.7") == Mark::on_trial);
        scene.pass(by_requests ? 1s : 60s - 1ns, 999, 5);
        scene.obey();
        CHECK(scene.mark_of("192.0.2.7") == Mark::on_trial);
        scene.pass(1ns, by_requests ? 1 : 0);
        scene.obey();
        CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
    }
}

TEST_CASE("B6: a trial under which too many requests come ends in being watched, for an hour") {
    for (const bool is_critical : {false, true}) {
        Scene scene;
        scene.hear({"192.0.2.7", "192.0.2.8"});
        scene.obey();
        scene.pass(1s, 1'000, is_critical ? 1 : 6);
        scene.counts.critical_on_trial += is_critical ? 1 : 0;
        scene.obey();
        CHECK(scene.count_of(Mark::watched) == 2);
        CHECK(scene.told(FeedEvent::trial_ended));
        scene.pass(59min, 1'000'000);
        scene.obey();
        CHECK(scene.count_of(Mark::watched) == 2);
        scene.pass(1min);
        scene.pass_trial();
        CHECK(scene.count_of(Mark::denied) == 2);
    }
}

TEST_CASE("B6: an edge that counts nothing ends no trial") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.obey();
    for (int look = 0; look < 20; ++look) {
        scene.pass(60s);
        scene.obey();
        CHECK(scene.mark_of("192.0.2.7") == Mark::on_trial);
    }
    scene.pass(1s, 1);
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
}

TEST_CASE("B6: without leave to deny, what has passed its trial is watched, and spoils no other") {
    Scene scene;
    scene.settings.may_deny = false;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    CHECK(scene.mark_of("192.0.2.7") == Mark::watched);
    scene.pass(1h, 100'000);
    scene.hear({"192.0.2.8"});
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::watched);
    CHECK(scene.mark_of("192.0.2.8") == Mark::on_trial);
    scene.counts.watched += 1'000;
    scene.pass(1s, 1'000);
    scene.obey();
    CHECK_FALSE(scene.told(FeedEvent::trial_ended));
    CHECK(scene.state.suspects.at(network_for_test("192.0.2.8")).has_passed);
}

TEST_CASE(
    "B7: once too many requests are denied, those denied last are watched and the feed is not "
    "listened to") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    scene.pass(2min, 10'000);
    scene.obey();
    scene.hear({"192.0.2.8"});
    scene.pass_trial();
    REQUIRE(scene.count_of(Mark::denied) == 2);
    scene.pass(1s, 10'000);
    scene.counts.denied += 200;
    scene.obey();
    CHECK(scene.count_of(Mark::denied) == 2);
    scene.counts.denied += 100;
    scene.obey();
    CHECK(scene.told(FeedEvent::taken_back));
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
    CHECK(scene.mark_of("192.0.2.8") == Mark::watched);
    scene.hear({"192.0.2.9"});
    CHECK(scene.refused(Objection::quarantined) == 1);
    CHECK_FALSE(wants_whole(scene.state, 0, scene.now));
    scene.pass(1h);
    CHECK(wants_whole(scene.state, 0, scene.now));
    scene.hear({"192.0.2.9"});
    scene.pass_trial();
    CHECK(scene.count_of(Mark::denied) == 3);
}

TEST_CASE("B7: if none is denied lately, all are taken back; few requests do not make a share") {
    Scene scene;
    scene.hear({"192.0.2.7", "192.0.2.8"});
    scene.pass_trial();
    scene.pass(2min, 100);
    scene.obey();
    scene.pass(1s, 10);
    scene.counts.denied += 4;
    scene.obey();
    CHECK(scene.count_of(Mark::denied) == 2);
    scene.counts.denied += 1;
    scene.obey();
    CHECK(scene.count_of(Mark::watched) == 2);
    CHECK(scene.state.taken_back_count == 1);
    // What was counted before is not counted twice.
    scene.obey();
    CHECK(scene.state.taken_back_count == 1);
}

TEST_CASE("B7: what the edge denies until it has taken marks off is not held against the others") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    scene.pass(2min, 10'000);
    scene.hear({"192.0.2.8"});
    scene.pass_trial();
    REQUIRE(scene.count_of(Mark::denied) == 2);
    scene.pass(1s, 1'000);
    scene.counts.denied += 50;
    scene.obey();
    REQUIRE(scene.state.taken_back_count == 1);
    for (int look = 0; look < 3; ++look) {
        if (look == 0) {
            scene.counts.requests += 250;
            scene.counts.denied += 50;
        }
        scene.obey();
        scene.pass(1s);
    }
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
    CHECK(scene.mark_of("192.0.2.8") == Mark::watched);
    CHECK(scene.state.taken_back_count == 1);
    CHECK_FALSE(scene.state.is_taking_back);
    scene.pass(1s, 250);  // It strikes again where that was not all.
    scene.counts.denied += 50;
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::watched);
    CHECK(scene.state.taken_back_count == 2);
}

TEST_CASE("B7: critical requests weigh more") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    scene.pass(1s, 100'000);
    scene.counts.critical += 1'000;
    scene.counts.denied += 11;
    scene.counts.critical_denied += 11;
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::watched);
}

TEST_CASE("B8: a feed that is silent, or empty all at once, makes nobody forget") {
    Scene scene;
    scene.hear({"192.0.2.7"});
    scene.pass_trial();
    for (int poll = 0; poll < 10; ++poll) {
        const std::vector<FeedBody> told = miss(scene.state, scene.settings, 0, "no answer");
        scene.news.insert(scene.news.end(), told.begin(), told.end());
    }
    CHECK(std::ranges::count(scene.news, FeedEvent::silent, &FeedBody::event) == 1);
    CHECK(wants_whole(scene.state, 0, scene.now));
    scene.hear(FeedUpdate{});
    CHECK(scene.told(FeedEvent::answers));
    CHECK_FALSE(wants_whole(scene.state, 0, scene.now));
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
}

TEST_CASE("B9: one doubtful feed is not enough to deny, two are") {
    Scene scene;
    scene.hear({"192.0.2.7"}, 1);
    scene.pass_trial();
    CHECK(scene.mark_of("192.0.2.7") == Mark::watched);
    scene.hear({"192.0.2.7"}, 2);
    scene.pass_trial();
    CHECK(scene.mark_of("192.0.2.7") == Mark::denied);
    FeedUpdate removal;
    removal.removed = {network_for_test("192.0.2.7")};
    scene.hear(removal, 1);
    scene.obey();
    CHECK(scene.mark_of("192.0.2.7") == Mark::watched);
}

TEST_CASE("B10: an order says of each source who lists it, why and until when") {
    Scene scene;
    scene.hear(update_for_test({"192.0.2.7"}, 10min));
    scene.hear(update_for_test({"192.0.2.7"}, 30min), 1);
    const std::vector<Marking> orders = scene.obey();
    REQUIRE(orders.size() == 1);
    const MarkingBody body =
        body_of(scene.state, scene.settings, orders.front(), EffectId("m1.e1"), scene.now);
    REQUIRE(body.sources.size() == 1);
    CHECK(body.sources.front().source == "192.0.2.7");
    CHECK(body.sources.front().feeds == "sure,doubtful");
    CHECK(body.sources.front().reason == "ssh-bf");
    CHECK(body.sources.front().lasts == 30min);
    CHECK(body.mark == Mark::on_trial);
}

}  // namespace homeostat::immune
