// The callee's side, step by step.

#include "homeostat/mesh/relier.hpp"

#include "homeostat/mesh/names_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <utility>

namespace homeostat::mesh {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Payments' view of the cart's route.
struct Scene {
    Relier relier{.caller = {cart, cart_pay, payment_modes()}, .limits = {}};
    RelierStanding standing{.stopped = {}, .need = Need::keep, .share_rps = 45};
    Instant at{now};
    Deeds deeds;

    void take(const RelierEvent& event) {
        RelierTurn turn = next(std::move(relier), event, standing, at);
        relier = std::move(turn.relier);
        deeds = std::move(turn.deeds);
    }
    void hear(Body body) { take(message_of(cart, payments, std::move(body))); }
    void wait(Duration span) {
        at += span;
        take(Reconsider{});
    }
    void call() { hear(CallForProposals{cart_pay, 8, {moved, lean}, bad_window}); }
    void agree() {
        call();
        hear(Accept{cart_pay, 1, 0, moved, 45});
    }

    template <class T>
    [[nodiscard]] std::optional<T> said() const {
        const auto* body =
            deeds.sayings.empty() ? nullptr : std::get_if<T>(&deeds.sayings.front().body);
        return body == nullptr ? std::nullopt : std::optional(*body);
    }
    template <class T>
    [[nodiscard]] std::optional<T> ordered() const {
        const auto* order = deeds.orders.empty() ? nullptr : std::get_if<T>(&deeds.orders.back());
        return order == nullptr ? std::nullopt : std::optional(*order);
    }
};

}  // namespace

TEST_CASE("a call is answered with the first mode that is known here and the caller's share") {
    Scene scene;
    scene.call();
    CHECK(scene.said<Offer>() == Offer{cart_pay, 8, 1, moved, 45, 10'000});
    CHECK(scene.deeds.orders.empty());
    scene.standing.share_rps = 1'000;
    scene.call();  // Nobody is offered more than it sends.
    CHECK(scene.said<Offer>() == Offer{cart_pay, 8, 2, moved, 100, 10'000});
}

TEST_CASE("a call is refused by whoever is frozen, sick, full or does not know the modes") {
    Scene frozen;
    frozen.standing.stopped = Reason::self_sick;
    frozen.call();
    CHECK(frozen.said<Refuse>() == Refuse{cart_pay, 8, Reason::self_sick});
    Scene full;
    full.standing.share_rps = 0;
    full.call();
    CHECK(full.said<Refuse>() == Refuse{cart_pay, 8, Reason::no_capacity});
    Scene stranger;
    stranger.hear(CallForProposals{cart_pay, 8, {ModeId("off")}, bad_window});
    CHECK(stranger.said<Refuse>() == Refuse{cart_pay, 8, Reason::not_mine});
}

TEST_CASE("it counts on what is in force, from its own question and for less than the promise") {
    Scene scene;
    scene.call();
    scene.at += seconds{1};
    scene.hear(Accept{cart_pay, 1, 0, moved, 40});
    REQUIRE(scene.ordered<Rely>());
    CHECK(scene.ordered<Rely>()->terms == Terms{moved, 40});
    CHECK(scene.ordered<Rely>()->until == now + milliseconds{9'500});
    scene.at = now + milliseconds{9'500};
    scene.take(Reconsider{});
    CHECK(scene.ordered<StopRelying>());
    CHECK(scene.relier.phase == RelierPhase::idle);
}

TEST_CASE("an answer to anything but the last question is not counted on") {
    Scene scene;
    scene.call();
    scene.call();
    scene.hear(Accept{cart_pay, 1, 0, moved, 45});
    CHECK(scene.relier.phase == RelierPhase::offered);
    scene.hear(Accept{cart_pay, 2, 1, moved, 45});
    CHECK(scene.relier.phase == RelierPhase::offered);
    scene.at += milliseconds{9'500};
    scene.hear(Accept{cart_pay, 2, 0, moved, 45});
    CHECK(scene.relier.phase == RelierPhase::idle);
}

TEST_CASE(
    "it asks again three times within a promise while it needs it, and once more if told so") {
    Scene scene;
    scene.agree();
    CHECK(wake_at(scene.relier) == now + Duration{seconds{10}} / 3);
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>() == Renew{cart_pay, 1, 1, moved, 45, 10'000});
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>() == Renew{cart_pay, 1, 2, moved, 45, 10'000});
    const Instant asked = scene.at;
    scene.hear(Accept{cart_pay, 1, 1, moved, 45});  // Of the one before.
    CHECK(scene.relier.relies_until == now + milliseconds{9'500});
    scene.hear(Accept{cart_pay, 1, 2, moved, 45});
    CHECK(scene.relier.relies_until == asked + milliseconds{9'500});
    scene.hear(Refuse{cart_pay, 1, Reason::frozen});
    scene.wait(milliseconds{3'334});
    CHECK(scene.deeds.sayings.empty());
    CHECK(scene.relier.phase == RelierPhase::relying);  // The promise stands to its end.
}

TEST_CASE("it goes one mode deeper while it is not well, and not before the dwell") {
    Scene scene;
    scene.standing.need = Need::more;
    scene.agree();
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>()->mode == moved);
    scene.hear(Accept{cart_pay, 1, 1, moved, 45});
    scene.standing.share_rps = 30;
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>() == Renew{cart_pay, 1, 2, bare, 30, 10'000});
}

TEST_CASE(
    "while it is well it asks for more once it has a quarter more, and not before the dwell") {
    Scene scene;
    scene.agree();
    scene.standing.share_rps = 57;
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>()->rps_max == 45);
    scene.hear(Accept{cart_pay, 1, 1, moved, 45});
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>()->rps_max == 57);
    CHECK(scene.ordered<Rely>()->terms.rps_max == 57);  // Before the caller hears of it.
    Scene little;
    little.agree();
    little.standing.share_rps = 56;
    little.wait(milliseconds{6'668});
    CHECK(little.said<Renew>()->rps_max == 45);
    Scene struggling;
    struggling.standing.need = Need::more;
    struggling.agree();
    struggling.standing.share_rps = 90;
    struggling.wait(milliseconds{6'668});
    CHECK(struggling.said<Renew>()->rps_max == 45);
}

TEST_CASE("what it asks to be raised it does not count on any more, whatever comes of it") {
    Scene scene;
    scene.call();
    scene.hear(Accept{cart_pay, 1, 0, moved, 40});
    scene.wait(milliseconds{3'334});
    CHECK(scene.said<Renew>()->rps_max == 45);
    CHECK(scene.ordered<Rely>()->terms.rps_max == 45);
    CHECK(scene.ordered<Rely>()->until == now + milliseconds{9'500});
}

TEST_CASE("it says when it does not count on it, unasked and asked, whatever it is asked of") {
    Scene well;
    well.agree();
    well.standing.need = Need::none;
    well.wait(milliseconds{1});
    CHECK(well.said<Revoke>() == Revoke{cart_pay, 1});
    CHECK(well.ordered<StopRelying>());
    Scene asked;
    asked.agree();
    asked.hear(Release{cart_pay, 7});
    CHECK(asked.said<Revoke>() == Revoke{cart_pay, 7});
    CHECK(asked.relier.phase == RelierPhase::relying);
    asked.hear(Release{cart_pay, 1});
    CHECK(asked.said<Revoke>() == Revoke{cart_pay, 1});
    CHECK(asked.ordered<StopRelying>());
}

TEST_CASE("a new call, a refusal or silence ends an offer") {
    Scene refused;
    refused.call();
    refused.hear(Refuse{cart_pay, 2, Reason::floor});
    CHECK(refused.relier.phase == RelierPhase::offered);
    refused.hear(Refuse{cart_pay, 1, Reason::floor});
    CHECK(refused.relier.phase == RelierPhase::idle);
    Scene silent;
    silent.call();
    silent.wait(milliseconds{9'500});
    CHECK(silent.relier.phase == RelierPhase::idle);
    Scene again;
    again.agree();
    again.call();
    CHECK(again.ordered<StopRelying>());
    CHECK(again.relier.phase == RelierPhase::offered);
}

TEST_CASE("a promise is relied on for less than it lasts, by a twentieth and a tenth of a second") {
    CHECK(reliance_for(seconds{2}) == milliseconds{1'900});
    CHECK(reliance_for(seconds{10}) == milliseconds{9'500});
    CHECK(reliance_for(seconds{60}) == seconds{57});
}

}  // namespace homeostat::mesh
