// The caller's side, step by step.

#include "homeostat/mesh/provider.hpp"

#include "homeostat/mesh/names_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <utility>

namespace homeostat::mesh {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t payments_epoch = 3;

/// The cart's route to payments, at `at`, with what its last step wanted done.
struct Scene {
    Provider provider{.route = route_of(cart_pay), .limits = {}, .jitter = Rng(1)};
    Standing standing{.callee_epoch = payments_epoch};
    Instant at{now};
    Deeds deeds;

    void take(const ProviderEvent& event) {
        ProviderTurn turn = next(std::move(provider), event, standing, at);
        provider = std::move(turn.provider);
        deeds = std::move(turn.deeds);
    }
    void hear(const AgentId& from, Body body) { take(message_of(from, cart, std::move(body))); }
    void look(const Evidence& evidence, int windows = 1) {
        for (int window = 0; window < windows; ++window) {
            at += seconds{1};
            take(Looked{evidence, thread});
        }
    }
    void wait(Duration span) {
        at += span;
        take(Woken{});
    }
    /// Payments offers what it was asked for, and the data plane obeys.
    void agree(const ModeId& mode = lean, std::uint32_t rps_max = 45) {
        look(bad_window, 2);
        hear(payments, Offer{cart_pay, provider.ask, 4, mode, rps_max, 10'000});
        obey();
    }
    void obey() { take(Applied{provider.order, true}); }

    template <class T>
    [[nodiscard]] std::optional<T> said() const {
        for (const Saying& saying : deeds.sayings) {
            if (const auto* body = std::get_if<T>(&saying.body)) {
                return *body;
            }
        }
        return std::nullopt;
    }
    template <class T>
    [[nodiscard]] std::optional<T> ordered() const {
        for (const Order& order : deeds.orders) {
            if (const auto* found = std::get_if<T>(&order)) {
                return *found;
            }
        }
        return std::nullopt;
    }
};

}  // namespace

TEST_CASE("two bad windows make a caller ask, one is a hiccup") {
    Scene scene;
    scene.look(bad_window);
    CHECK(scene.provider.phase == Phase::suspect);
    scene.look(good_window);
    CHECK(scene.provider.phase == Phase::normal);
    scene.look(bad_window, 2);
    CHECK(scene.provider.phase == Phase::asking);  // With the mildest modes.
    CHECK(scene.said<CallForProposals>() ==
          CallForProposals{cart_pay, 1, {lean, moved}, bad_window});
}

TEST_CASE("a callee's hint makes one window enough, and is forgotten after two") {
    Scene scene;
    scene.take(Hinted{});
    CHECK(scene.provider.phase == Phase::normal);
    scene.look(bad_window);
    CHECK(scene.provider.phase == Phase::asking);
    Scene later;
    later.take(Hinted{});
    later.at += seconds{1};
    later.look(bad_window);
    CHECK(later.provider.phase == Phase::suspect);
}

TEST_CASE("an agent that is unwell looks twice as long") {
    Scene scene;
    scene.standing.is_unwell = true;
    scene.look(bad_window, 3);
    CHECK(scene.provider.phase == Phase::suspect);
    scene.look(bad_window);
    CHECK(scene.provider.phase == Phase::asking);
}

TEST_CASE("a promise is made once the mode was read back, and not before") {
    Scene scene;
    scene.look(bad_window, 2);
    scene.at += milliseconds{3};
    scene.hear(payments, Offer{cart_pay, 1, 4, lean, 45, 10'000});
    const auto order = scene.ordered<EnterMode>();
    REQUIRE(order);
    CHECK(order->terms == Terms{lean, 45});
    CHECK(order->until == scene.at + seconds{10});
    CHECK_FALSE(order->redirect);
    CHECK_FALSE(scene.said<Accept>());
    scene.obey();
    CHECK(scene.provider.phase == Phase::degraded);
    CHECK(scene.said<Accept>() == Accept{cart_pay, 4, 0, lean, 45});
}

TEST_CASE("without an answer within 50 ms the route helps itself, and asks again later") {
    Scene scene;
    scene.look(bad_window, 2);
    CHECK(wake_at(scene.provider) == scene.at + milliseconds{50});
    scene.wait(milliseconds{50});
    CHECK(scene.provider.phase == Phase::local_fallback);
    CHECK(scene.ordered<Throttle>());
    scene.hear(payments, Offer{cart_pay, 1, 4, lean, 45, 10'000});
    CHECK(scene.said<Refuse>() == Refuse{cart_pay, 4, Reason::late});
    scene.look(evidence_of(800), 4);
    CHECK(scene.provider.phase == Phase::local_fallback);
    scene.look(evidence_of(800));
    CHECK(scene.provider.phase == Phase::asking);
}

TEST_CASE("with nobody to ask, a refusal, or too many changes the route helps itself at once") {
    Scene lonely;
    lonely.standing.callee_epoch = 0;
    lonely.look(bad_window, 2);
    CHECK(lonely.provider.phase == Phase::local_fallback);
    Scene refused;
    refused.look(bad_window, 2);
    refused.hear(payments, Refuse{cart_pay, 2, Reason::no_capacity});
    CHECK(refused.provider.phase == Phase::asking);  // Of another question.
    refused.hear(payments, Refuse{cart_pay, 1, Reason::no_capacity});
    CHECK(refused.provider.phase == Phase::local_fallback);
    Scene flapping;
    flapping.provider.flaps.hold_down({}, now);
    flapping.look(bad_window, 2);
    CHECK(flapping.provider.phase == Phase::local_fallback);
}

TEST_CASE("the fallback drops what the throttle of the SRE book drops, down to the floor") {
    Scene scene;
    scene.standing.callee_epoch = 0;
    scene.look(evidence_of(800), 2);  // 20 of 100 are accepted.
    CHECK(scene.ordered<Throttle>()->drop_permille == 60 * 1000 / 101);
    scene.provider.route.floor_rps = 70;
    scene.look(evidence_of(800));
    CHECK(scene.ordered<Throttle>()->drop_permille == 300);
    scene.look(evidence_of(200));
    CHECK(scene.ordered<Throttle>()->drop_permille == 0);
    scene.look(good_window, 5);
    CHECK(scene.provider.phase == Phase::normal);
    CHECK(scene.ordered<Restore>());
}

TEST_CASE("a good window under the throttle is no reason to let all through at once") {
    Scene scene;
    scene.standing.callee_epoch = 0;
    scene.look(evidence_of(990), 2);  // 1 of 100 is accepted.
    const std::uint32_t dropped = scene.ordered<Throttle>()->drop_permille;
    REQUIRE(dropped == 900);  // Down to the floor.
    Evidence few = good_window;
    few.requests_count = 10;
    scene.take(Looked{few, thread, dropped});
    CHECK(scene.ordered<Throttle>()->drop_permille == 80 * 1000 / 101);  // Twice those accepted.
    scene.take(Looked{good_window, thread, 0});  // The data plane has ended it by itself.
    CHECK(scene.ordered<Throttle>()->drop_permille == 0);
    few.requests_count = 0;
    scene.take(Looked{few, thread, 1'000});
    CHECK(scene.ordered<Throttle>()->drop_permille == 0);
}

TEST_CASE("no order without a promise lasts longer than a promise: an edge may not hold it") {
    Scene scene;
    scene.standing.callee_epoch = 0;
    Evidence slow_window = evidence_of(800);
    scene.look(slow_window, 2);
    CHECK(scene.ordered<Throttle>()->until == scene.at + seconds{3});  // Windows of a second.
    slow_window.window_ms = 5'000;
    scene.look(slow_window);
    CHECK(scene.ordered<Throttle>()->until == scene.at + seconds{10});
    Scene brief;
    brief.provider.limits.ttl = seconds{2};
    brief.look(bad_window, 2);
    brief.hear(payments, Offer{cart_pay, brief.provider.ask, 4, lean, 45, 2'000});
    brief.obey();
    brief.wait(seconds{2});
    REQUIRE(brief.ordered<Ramp>());
    CHECK(brief.ordered<Ramp>()->until == brief.at + seconds{2});
}

TEST_CASE("an offer is refused for what it asks, and nothing is entered") {
    struct Case {
        Offer offer;
        Reason reason;
    };
    for (const Case& one : {
             Case{{cart_pay, 1, 4, lean, 9, 10'000}, Reason::floor},
             Case{{cart_pay, 1, 4, lean, 0, 10'000}, Reason::floor},
             Case{{cart_pay, 1, 4, bare, 45, 10'000}, Reason::policy},  // Two steps at once.
             Case{{cart_pay, 1, 4, lean, 45, 10'001}, Reason::policy},  // Too long a promise.
             Case{{cart_pay, 1, 4, ModeId("off"), 45, 10'000}, Reason::not_mine},
             Case{{cart_pay, 2, 4, lean, 45, 10'000}, Reason::late},
         }) {
        Scene scene;
        scene.look(bad_window, 2);
        scene.hear(payments, one.offer);
        CHECK(scene.said<Refuse>() == Refuse{cart_pay, 4, one.reason});
        CHECK_FALSE(scene.ordered<EnterMode>());
        CHECK(scene.provider.phase ==
              (one.reason == Reason::late ? Phase::asking : Phase::local_fallback));
    }
    Scene stranger;
    stranger.look(bad_window, 2);
    stranger.hear(vault, Offer{cart_pay, 1, 4, lean, 45, 10'000});
    CHECK(stranger.provider.phase == Phase::asking);
}

TEST_CASE("an order that fails or is not answered in time promises nothing and is undone") {
    Scene failed;
    failed.look(bad_window, 2);
    failed.hear(payments, Offer{cart_pay, 1, 4, lean, 45, 10'000});
    failed.take(Applied{failed.provider.order, false});
    Scene silent;
    silent.look(bad_window, 2);
    silent.hear(payments, Offer{cart_pay, 1, 4, lean, 45, 10'000});
    silent.wait(milliseconds{50});
    for (const Scene* scene : {&failed, &silent}) {
        CHECK(scene->said<Refuse>());
        CHECK(scene->ordered<Restore>());
        CHECK(scene->provider.phase == Phase::local_fallback);
    }
    silent.take(Applied{silent.provider.order, true});
    CHECK_FALSE(silent.said<Accept>());
}

TEST_CASE("traffic is moved only within a grant, and no longer than it lasts here") {
    Scene scene;
    scene.look(bad_window, 2);
    scene.hear(payments, Offer{cart_pay, 1, 4, moved, 45, 10'000});
    CHECK_FALSE(scene.ordered<EnterMode>());
    CHECK(scene.said<RequestCapacity>() == RequestCapacity{cart_pay, 1, 55, 10'000});
    const Instant asked = scene.at;
    scene.at += milliseconds{2};
    scene.hear(vault, Grant{cart_pay, 1, 54, 10'000});  // Less than was asked for.
    scene.hear(shop, Grant{cart_pay, 1, 55, 10'000});   // Of somebody else.
    scene.hear(vault, Grant{cart_pay, 2, 55, 10'000});  // Of another question.
    CHECK_FALSE(scene.ordered<EnterMode>());
    scene.hear(vault, Grant{cart_pay, 1, 55, 10'000});
    REQUIRE(scene.ordered<EnterMode>());
    CHECK(scene.ordered<EnterMode>()->redirect == Redirect{vault, 55, asked + milliseconds{9'500}});
    scene.obey();
    CHECK(scene.provider.phase == Phase::degraded);
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<RequestCapacity>() == RequestCapacity{cart_pay, 2, 55, 10'000});
    scene.at = asked + milliseconds{9'500};
    scene.take(Woken{});
    REQUIRE(scene.ordered<EnterMode>());
    CHECK_FALSE(scene.ordered<EnterMode>()->redirect);  // The promise to payments stays.
}

TEST_CASE("a denial ends the question, and who lends does not redirect") {
    Scene denied;
    denied.look(bad_window, 2);
    denied.hear(payments, Offer{cart_pay, 1, 4, moved, 45, 10'000});
    denied.hear(vault, Deny{cart_pay, 1, Reason::no_capacity});
    CHECK(denied.said<Refuse>() == Refuse{cart_pay, 4, Reason::no_capacity});
    CHECK(denied.provider.phase == Phase::local_fallback);
    Scene lending;
    lending.standing.has_granted = true;
    lending.look(bad_window, 2);
    CHECK(lending.said<CallForProposals>()->menu == std::vector{lean});
    lending.hear(payments, Offer{cart_pay, 1, 4, moved, 45, 10'000});
    CHECK(lending.said<Refuse>() == Refuse{cart_pay, 4, Reason::policy});
}

TEST_CASE("a renewal promises anew from now, and other terms only after the dwell") {
    Scene scene;
    scene.agree();
    scene.at += seconds{3};
    scene.hear(payments, Renew{cart_pay, 4, 1, bare, 20, 10'000});
    CHECK(scene.ordered<EnterMode>()->terms == Terms{lean, 45});
    CHECK(scene.ordered<EnterMode>()->until == scene.at + seconds{10});
    CHECK_FALSE(scene.said<Accept>());
    scene.obey();
    CHECK(scene.said<Accept>() == Accept{cart_pay, 4, 1, lean, 45});
    scene.hear(payments, Renew{cart_pay, 4, 1, lean, 45, 10'000});  // Again.
    CHECK(scene.deeds.orders.empty());
    scene.at += seconds{2};
    scene.hear(payments, Renew{cart_pay, 4, 2, bare, 20, 10'000});
    scene.obey();
    CHECK(scene.said<Accept>() == Accept{cart_pay, 4, 2, bare, 20});
    scene.at += seconds{5};
    scene.hear(payments, Renew{cart_pay, 4, 3, bare, 0, 10'000});  // Below the floor.
    scene.obey();
    CHECK(scene.said<Accept>() == Accept{cart_pay, 4, 3, bare, 20});
}

TEST_CASE("a promise is left when the callee does not count on it, or when it is over") {
    Scene revoked;
    revoked.agree();
    revoked.hear(payments, Revoke{cart_pay, 5});
    CHECK(revoked.provider.phase == Phase::degraded);
    revoked.hear(payments, Revoke{cart_pay, 4});
    CHECK(revoked.provider.phase == Phase::probation);
    CHECK(revoked.said<OutcomeReport>() == OutcomeReport{cart_pay, 4, 70, 300});
    Scene over;
    over.agree();
    over.wait(seconds{10} - milliseconds{1});
    CHECK(over.provider.phase == Phase::degraded);
    over.wait(milliseconds{1});
    CHECK(over.provider.phase == Phase::probation);
}

TEST_CASE("good windows alone end nothing: they may be the mode's own doing") {
    Scene scene;
    scene.agree();
    scene.look(good_window, 9);
    CHECK(scene.provider.phase == Phase::degraded);
    CHECK_FALSE(scene.said<Release>());
}

TEST_CASE("after a minute, and not before, a mode is given back to see whether it is needed") {
    Scene scene;
    scene.provider.limits.ttl = seconds{60};
    scene.agree();
    const Instant begun_at = scene.at;
    // Renewed again and again by a callee that is never well.
    std::uint64_t turn = 0;
    while (scene.provider.phase == Phase::degraded && scene.at - begun_at < minutes{3}) {
        scene.look(good_window);
        if (scene.provider.phase == Phase::degraded) {
            CHECK(scene.at - begun_at < minutes{1});
            scene.hear(payments, Renew{cart_pay, 4, ++turn, lean, 45, 10'000});
            scene.take(Applied{scene.provider.order, true});
        }
    }
    CHECK(scene.provider.phase == Phase::leaving);
    CHECK(scene.at - begun_at == minutes{1});
    CHECK(scene.said<Release>() == Release{cart_pay, 4});
}

TEST_CASE("who would leave early asks, again and again, and stays until the answer") {
    Scene scene;
    scene.provider.limits.trial_after = seconds{0};
    scene.agree();
    scene.look(good_window, 5);
    CHECK(scene.provider.phase == Phase::leaving);
    CHECK(scene.said<Release>() == Release{cart_pay, 4});
    CHECK(scene.deeds.orders.empty());
    scene.wait(seconds{1});
    CHECK(scene.said<Release>());
    scene.hear(payments, Renew{cart_pay, 4, 1, lean, 45, 10'000});
    CHECK(scene.deeds.orders.empty());
    scene.hear(payments, Revoke{cart_pay, 4});
    CHECK(scene.provider.phase == Phase::probation);
}

TEST_CASE(
    "a mode that does not help within two windows is left, and nothing is asked for a while") {
    Evidence kept = bad_window;
    kept.requests_count = 45;
    Scene scene;
    scene.agree();
    scene.look(kept);
    CHECK(scene.provider.phase == Phase::degraded);
    scene.look(kept);
    CHECK(scene.provider.phase == Phase::leaving);
    CHECK_FALSE(scene.provider.flaps.permits(scene.at));
    Scene surged;  // One bad window later on is no sign that it never helped.
    surged.agree();
    surged.look(good_window);
    surged.look(kept);
    CHECK(surged.provider.phase == Phase::degraded);
    surged.look(kept);
    CHECK(surged.provider.phase == Phase::leaving);
    Scene behind;  // Our own edge lets more through than was promised.
    behind.agree();
    behind.look(bad_window, 4);
    CHECK(behind.provider.phase == Phase::degraded);
    Scene helped;
    helped.agree();
    Evidence relieved = evidence_of(200, 30);
    relieved.requests_count = 45;
    helped.look(relieved, 3);
    CHECK(helped.provider.phase == Phase::degraded);
}

TEST_CASE("the way back takes four steps of about a second, and waits while it is bad") {
    Scene scene;
    scene.agree();
    scene.hear(payments, Revoke{cart_pay, 4});
    CHECK(scene.ordered<Ramp>()->share_percent == 10);
    scene.look(good_window);
    for (const std::uint32_t share : {25U, 50U}) {
        scene.at = scene.provider.ramp_at - milliseconds{1};
        scene.take(Woken{});
        CHECK(scene.deeds.orders.empty());
        scene.wait(milliseconds{1});
        CHECK(scene.ordered<Ramp>()->share_percent == share);
    }
    scene.take(Looked{bad_window, thread});
    scene.at = scene.provider.ramp_at;
    scene.take(Woken{});
    CHECK(scene.provider.phase == Phase::probation);
    scene.take(Looked{good_window, thread});
    scene.at = scene.provider.ramp_at;
    scene.take(Woken{});
    CHECK(scene.ordered<Restore>());
    CHECK(scene.provider.phase == Phase::normal);
}

TEST_CASE("the steps back of two routes differ, and of one seed do not") {
    const auto first_step = [](std::uint64_t seed) {
        Scene scene;
        scene.provider.jitter = Rng(seed);
        scene.agree();
        scene.hear(payments, Revoke{cart_pay, 4});
        return scene.provider.ramp_at - scene.at;
    };
    CHECK(first_step(1) == first_step(1));
    CHECK(first_step(1) != first_step(2));
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        CHECK(first_step(seed) >= milliseconds{800});
        CHECK(first_step(seed) <= milliseconds{1200});
    }
}

TEST_CASE("frozen, nothing new begins, and a promise in force is kept to its end") {
    Scene idle;
    idle.standing.is_frozen = true;
    idle.look(bad_window, 5);
    CHECK(idle.provider.phase == Phase::frozen);
    CHECK(idle.deeds.sayings.empty());
    idle.standing.is_frozen = false;
    idle.look(bad_window);
    CHECK(idle.provider.phase == Phase::asking);
    Scene holding;
    holding.agree();
    holding.standing.is_frozen = true;
    holding.hear(payments, Renew{cart_pay, 4, 1, lean, 45, 10'000});
    CHECK(holding.said<Refuse>() == Refuse{cart_pay, 4, Reason::frozen});
    CHECK(holding.provider.phase == Phase::degraded);
    holding.wait(seconds{10});
    CHECK(holding.ordered<Restore>());
    CHECK(holding.provider.phase == Phase::frozen);
}

TEST_CASE("what is found in the data plane after a start is kept for a whole promise") {
    Scene scene;
    scene.take(Found{{lean, 45}});
    CHECK(scene.ordered<EnterMode>()->until == now + seconds{10});
    scene.hear(payments, Renew{cart_pay, 4, 1, lean, 45, 10'000});
    CHECK(scene.said<Refuse>() == Refuse{cart_pay, 4, Reason::late});
    scene.wait(seconds{9});
    CHECK(scene.deeds.sayings.empty());
    scene.wait(seconds{1});
    CHECK(scene.provider.phase == Phase::probation);
    CHECK_FALSE(scene.said<OutcomeReport>());
}

}  // namespace homeostat::mesh
