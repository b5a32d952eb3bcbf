"""The callee and the third service: what they offer and grant, and how long they count on it."""

from __future__ import annotations

from checks import BARE, LEAN, LIMITS, LONG, MOVED, PAY, Bench, check
from scripted import BAD, THREAD, ms, must, wait_for


@check("The callee")
def each_question_is_answered_with_an_equal_share(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask()
    offer = scene.cart.expect("offer", route="cart.pay", ask=1, mode="lean", rps_max=45,
                              ttl_ms=LIMITS["ttl_ms"])
    must(offer.thread == THREAD, "an answer has another incident")
    must(scene.sut.caller()["phase"] == "offered", "it counts on what nobody has promised")
    scene.ask(scene.shop, ask=9)
    scene.shop.expect("offer", route="shop.pay", ask=9, rps_max=45)
    scene.ask(ask=2)
    again = scene.cart.expect("offer", ask=2, rps_max=45)
    must(again.body["pledge"] > offer.body["pledge"], "the number of a pledge does not rise")


@check("The callee")
def nobody_is_offered_more_than_it_sends(bench: Bench) -> None:
    scene = bench.callee()
    for ask, (requests, window_ms, rps_max) in enumerate(
            ((20, 1_000, 20), (20, 500, 40), (200, 1_000, 45), (0, 1_000, 45)), 1):
        scene.ask(ask=ask, requests_count=requests, window_ms=window_ms)
        scene.cart.expect("offer", ask=ask, rps_max=rps_max)


@check("The callee")
def the_first_mode_of_the_menu_that_it_knows_is_offered(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask(menu=("unheard_of", "bare", "lean"))
    scene.cart.expect("offer", mode="bare")


@check("The callee")
def what_it_cannot_answer_it_refuses(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask(ask=1, menu=("unheard_of",))
    scene.cart.expect("refuse", route="cart.pay", number=1, reason="not_mine")
    scene.cart.say("cfp", route="shop.pay", ask=2, menu=["lean"], evidence=BAD)
    scene.cart.expect("refuse", route="shop.pay", number=2, reason="not_mine")
    scene.sut.load(capacity_rps=0)
    scene.ask(ask=3)
    scene.cart.expect("refuse", number=3, reason="no_capacity")
    scene.sut.load()
    for ask, (condition, reason) in enumerate((({"is_suspended": True}, "frozen"),
                                               ({"neighbours_bad_count": 2}, "frozen"),
                                               ({"self_health": 4}, "self_sick")), 4):
        scene.sut.condition(**condition)
        scene.ask(ask=ask)
        scene.cart.expect("refuse", number=ask, reason=reason)
    scene.sut.condition()
    scene.ask(ask=9)
    scene.cart.expect("offer", ask=9)


@check("N1")
def only_the_answer_to_the_last_question_is_counted_on(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask()
    pledge = scene.cart.expect("offer").body["pledge"]
    for wrong_pledge, turn in ((pledge + 1, 0), (pledge, 1)):
        scene.accept(wrong_pledge, turn)
        must(scene.sut.caller()["phase"] == "offered", "it counts on an answer to nothing")
    scene.ask(ask=2)
    later = scene.cart.expect("offer").body["pledge"]
    scene.accept(pledge)
    must(scene.sut.caller()["phase"] == "offered", "it counts on the answer to an older offer")
    scene.accept(later, rps_max=40)
    caller = scene.sut.caller()
    must((caller["phase"], caller["mode"], caller["rps_max"]) == ("relying", "lean", 40),
         f"it counts on something else than what is in force: {caller}")


@check("N1")
def it_stops_counting_before_the_promise_ends(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask()
    pledge = scene.cart.expect("offer").body["pledge"]
    heard = ms()
    scene.accept(pledge)
    asked = ms()
    left = scene.sut.caller()["left_ms"]
    must(asked + left <= heard + 1_900 + 2, f"it counts on it for {left} ms after the ACCEPT")
    must(left > 1_000, f"it counts on it for {left} ms only")


@check("N1")
def silence_ends_what_it_counts_on(bench: Bench) -> None:
    scene = bench.callee()
    scene.agree()
    scene.cart.expect("renew", turn=1)  # Nobody answers.
    scene.sut.wait_caller("idle")


@check("The callee")
def an_offer_that_nobody_accepts_is_forgotten(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask()
    pledge = scene.cart.expect("offer").body["pledge"]
    scene.sut.wait_caller("idle")
    scene.accept(pledge)
    must(scene.sut.caller()["phase"] == "idle", "it counts on an ACCEPT that came too late")


@check("The callee")
def a_refusal_of_its_offer_ends_it(bench: Bench) -> None:
    scene = bench.callee()
    scene.ask()
    pledge = scene.cart.expect("offer").body["pledge"]
    scene.cart.say("refuse", route="cart.pay", number=pledge + 1, reason="floor")
    must(scene.sut.caller()["phase"] == "offered", "a REFUSE of another pledge counts")
    scene.cart.say("refuse", route="cart.pay", number=pledge, reason="floor")
    must(scene.sut.caller()["phase"] == "idle", "it still waits for an ACCEPT")


@check("RENEW")
def it_asks_again_at_a_third_while_in_need(bench: Bench) -> None:
    scene = bench.callee(LIMITS | {"ttl_ms": 3_000})
    pledge = scene.agree()
    begun = ms()
    for turn in (1, 2):
        scene.cart.expect("renew", pledge=pledge, turn=turn, ttl_ms=3_000, rps_max=45)
        scene.accept(pledge, turn)
    must(ms() - begun >= 1_900, "it asks more often than at a third of a ttl")
    left = scene.sut.caller()["left_ms"]
    must(1_000 < left <= 2_850, f"it counts on the renewed promise for {left} ms")


@check("RENEW")
def the_answer_to_an_older_renew_does_not_count(bench: Bench) -> None:
    scene = bench.callee()
    pledge = scene.agree()
    scene.cart.expect("renew", turn=1)
    left = scene.sut.caller()["left_ms"]
    scene.accept(pledge, turn=0)
    must(scene.sut.caller()["left_ms"] <= left, "an older ACCEPT has made it last")


@check("RENEW")
def a_refused_renew_is_not_repeated(bench: Bench) -> None:
    scene = bench.callee()
    pledge = scene.agree()
    scene.cart.expect("renew", turn=1)
    scene.cart.say("refuse", route="cart.pay", number=pledge, reason="late")
    must(scene.sut.caller()["phase"] == "relying", "the promise before is still one")
    scene.sut.wait_caller("idle")
    scene.fence()


@check("RENEW")
def it_asks_for_a_deeper_mode_while_not_well(bench: Bench) -> None:
    scene = bench.callee(LIMITS | {"ttl_ms": 2_100})
    pledge = scene.agree()
    modes = []
    for turn in (1, 2, 3, 4):
        renew = scene.cart.expect("renew", turn=turn, rps_max=45)
        modes.append(renew.body["mode"])
        scene.accept(pledge, turn, renew.body["mode"])
    must(modes == ["lean", "bare", "bare", "bare"],
         f"with a second between two changes and none below bare it asks for {modes}")


@check("RENEW")
def it_asks_for_no_deeper_mode_while_well(bench: Bench) -> None:
    scene = bench.callee(LIMITS | {"ttl_ms": 2_100})
    pledge = scene.agree()
    scene.sut.load(need="keep")
    for turn in (1, 2, 3):
        scene.cart.expect("renew", turn=turn, mode="lean")
        scene.accept(pledge, turn)


@check("RENEW")
def it_asks_for_a_lower_rate_at_once_and_for_a_higher_one_after_the_dwell(bench: Bench) -> None:
    scene = bench.callee()
    pledge = scene.agree()
    for turn, (capacity, rps_max) in enumerate(((60, 27), (200, 27), (200, 90)), 1):
        scene.sut.load(capacity_rps=capacity, need="keep")
        scene.cart.expect("renew", turn=turn, rps_max=rps_max)
        scene.accept(pledge, turn, rps_max=rps_max)


@check("RENEW")
def a_frozen_callee_asks_for_nothing(bench: Bench) -> None:
    scene = bench.callee()
    scene.agree()
    scene.sut.condition(is_suspended=True)
    scene.sut.wait_caller("idle")
    scene.fence()


@check("REVOKE")
def without_need_it_gives_leave(bench: Bench) -> None:
    scene = bench.callee(LONG)
    pledge = scene.agree()
    scene.sut.load(need="none")
    scene.cart.expect("revoke", route="cart.pay", pledge=pledge)
    must(scene.sut.caller()["phase"] == "idle", "it counts on what it gave leave of")


@check("RELEASE")
def a_release_is_answered_in_any_state_and_for_any_pledge(bench: Bench) -> None:
    scene = bench.callee(LONG)
    scene.fence()
    scene.ask()
    scene.cart.expect("offer")
    scene.fence()
    must(scene.sut.caller()["phase"] == "offered", "a RELEASE of another pledge ends an offer")
    scene.ask(ask=2)
    pledge = scene.cart.expect("offer").body["pledge"]
    scene.accept(pledge)
    scene.fence()
    must(scene.sut.caller()["phase"] == "relying", "a RELEASE of another pledge ends reliance")
    for _ in range(2):
        scene.cart.say("release", route="cart.pay", pledge=pledge)
        must(scene.sut.caller()["phase"] == "idle", "it counts on what was released")
        scene.cart.expect("revoke", pledge=pledge)
    scene.accept(pledge)
    must(scene.sut.caller()["phase"] == "idle", "it counts on what it gave leave of")


@check("The callee")
def who_asks_anew_is_not_counted_on(bench: Bench) -> None:
    scene = bench.callee(LONG)
    scene.agree()
    scene.ask(ask=2)
    scene.cart.expect("offer", ask=2)
    must(scene.sut.caller()["phase"] == "offered", "it still counts on the promise before")


@check("Kinds")
def what_is_not_for_a_callee_is_admitted_and_does_nothing(bench: Bench) -> None:
    scene = bench.callee(LONG)
    pledge = scene.agree()
    before = scene.sut.caller()
    for kind, members in (
            ("renew", {"pledge": pledge, "turn": 1, "mode": "lean", "rps_max": 1,
                       "ttl_ms": 2_000}),
            ("revoke", {"pledge": pledge}), ("grant", {"ask": 1, "rps": 5, "ttl_ms": 2_000}),
            ("deny", {"ask": 1, "reason": "policy"}),
            ("outcome", {"pledge": pledge, "goodput_rps": 5, "errors_permille": 1})):
        scene.cart.say(kind, route="cart.pay", **members)
    scene.fence()
    after = scene.sut.caller()
    must(after | {"left_ms": 0} == before | {"left_ms": 0}, f"it is {after}, and was {before}")


@check("Times")
def beacons_come_more_often_while_it_struggles(bench: Bench) -> None:
    scene = bench.callee(LIMITS | {"beacon_every_ms": 1_000, "beacon_every_in_need_ms": 50})
    told = {"level": 2, "queue_ms": 35, "inflight_count": 12, "floor_rps": 40}
    scene.sut.load(**told)
    scene.sut.condition(self_health=1)
    beacon = scene.cart.next(beacons=True, where=lambda heard: heard.body["level"] == 2)
    must(beacon.body == {"kind": "beacon", **told, "self_health": 1}, f"it says {beacon.body}")
    # By its own clock, and the shortest of some: a busy machine only makes them longer.
    sent = [scene.cart.next(beacons=True).sent_ms for _ in range(8)]
    shortest = min(later - before for before, later in zip(sent, sent[1:]))
    must(shortest < 500, f"{shortest} ms are between two beacons of one who struggles")


@check("The third service")
def it_grants_nothing_for_a_ttl_after_a_start(bench: Bench) -> None:
    scene = bench.third()
    scene.must_deny(scene.cart, 10, "no_capacity")
    wait_for(lambda: not scene.sut.state()["lends"], lambda: "the hold after its start never ends")
    scene.must_grant(scene.cart, 10)
    must(scene.sut.state()["lends"], "it does not know that it lends")


def lender(bench: Bench, limits: dict[str, int] = LIMITS, **settings: object):
    scene = bench.third(limits, **settings)
    wait_for(lambda: not scene.sut.state()["lends"], lambda: "the hold after its start never ends")
    return scene


@check("N2")
def what_is_granted_stays_within_90_percent(bench: Bench) -> None:
    scene = lender(bench)
    answer = scene.must_grant(scene.cart, 60)
    must(answer.thread == THREAD, "an answer has another incident")
    scene.must_deny(scene.shop, 31, "no_capacity")
    scene.must_grant(scene.shop, 30)
    scene.must_deny(scene.cart, 61, "no_capacity")


@check("The third service")
def a_grant_lasts_as_long_as_asked_and_no_longer_than_its_own_ttl(bench: Bench) -> None:
    scene = lender(bench, LIMITS | {"ttl_ms": 2_500})
    must(scene.must_grant(scene.cart, 60, 2_000).body["ttl_ms"] == 2_000, "it lasts longer")
    must(scene.must_grant(scene.shop, 20, 9_000).body["ttl_ms"] == 2_500, "it lasts too long")


@check("The third service")
def a_later_grant_does_not_make_the_first_smaller(bench: Bench) -> None:
    scene = lender(bench, LIMITS | {"ttl_ms": 4_000})
    scene.must_grant(scene.cart, 60, 4_000)
    scene.must_grant(scene.cart, 5, 4_000)
    scene.must_deny(scene.shop, 31, "no_capacity")


@check("The third service")
def what_was_granted_is_free_again_after_its_end(bench: Bench) -> None:
    scene = lender(bench)
    scene.must_grant(scene.cart, 60)
    wait_for(lambda: not scene.sut.state()["lends"], lambda: "a grant never ends")
    scene.must_grant(scene.shop, 90)


@check("The third service")
def only_declared_borrowers_are_granted_anything(bench: Bench) -> None:
    scene = lender(bench)
    scene.must_deny(scene.cart, 5, "not_mine", route="shop.pay")
    scene.must_deny(scene.shop, 5, "not_mine", route="no.such")


@check("Frozen")
def a_frozen_lender_grants_nothing(bench: Bench) -> None:
    scene = lender(bench)
    for condition, reason in (({"is_suspended": True}, "frozen"), ({"self_health": 8}, "self_sick"),
                              ({"neighbours_bad_count": 2}, "frozen")):
        scene.sut.condition(**condition)
        scene.must_deny(scene.cart, 5, reason)


@check("Hop limit one")
def who_may_redirect_in_its_trouble_grants_nothing(bench: Bench) -> None:
    via = [{"route": "vault.out", "callee": "cart", "floor_rps": 0,
            "modes": [LEAN, {"mode": "moved", "via": "shop"}]}]
    scene = lender(bench, routes=via)
    scene.sut.look(BAD, route="vault.out")
    scene.must_grant(scene.shop, 5)
    scene.sut.look(BAD, route="vault.out")
    cfp = scene.cart.expect("cfp")
    must(cfp.body["menu"] == ["lean"], f"who lends would redirect: {cfp.body['menu']}")
    scene.must_deny(scene.shop, 5, "policy")


@check("Hop limit one")
def who_only_does_with_less_goes_on_lending(bench: Bench) -> None:
    plain = [{"route": "vault.out", "callee": "cart", "floor_rps": 0, "modes": [LEAN, BARE]}]
    scene = lender(bench, routes=plain)
    scene.sut.look(BAD, route="vault.out", count=2)
    scene.cart.expect("cfp")
    scene.must_grant(scene.shop, 5)


@check("Hop limit one")
def who_lends_takes_no_mode_that_redirects(bench: Bench) -> None:
    cart, payments, vault = map(bench.neighbour, ("cart", "payments", "vault"))
    sut = bench.sut("shop", [cart, payments, vault], limits=LIMITS,
                    routes=[PAY | {"route": "shop.pay", "modes": [LEAN, MOVED]}],
                    borrowers=[{"caller": "cart", "route": "cart.pay"}])
    sut.start()
    sut.know_each_other()
    sut.load(need="none")
    wait_for(lambda: not sut.state()["lends"], lambda: "the hold after its start never ends")
    cart.say("req_cap", route="cart.pay", ask=1, rps=5, ttl_ms=2_000)
    cart.expect("grant")
    sut.look(BAD, route="shop.pay", count=2)
    cfp = payments.expect("cfp", menu=["lean"])
    payments.say("offer", route="shop.pay", ask=cfp.body["ask"], pledge=3, mode="moved",
                 rps_max=45, ttl_ms=2_000)
    payments.expect("refuse", number=3, reason="policy")
