"""The caller: what it asks for and when, what it takes, what it keeps, how it comes back."""

from __future__ import annotations

from checks import BARE, DEEP, LEAN, LIMITS, LONG, MOVED, PAY, Bench, CallerScene, check
from scripted import BAD, GOOD, THREAD, ms, must, wait_for

ON_TRIAL = {"trial_after_ms": 0}  # A caller leaves as soon as it sees five good windows.


@check("Own evidence")
def a_caller_asks_after_two_bad_windows(bench: Bench) -> None:
    scene = bench.caller()
    scene.sut.look(BAD)
    must(scene.sut.route()["phase"] == "suspect", "one bad window makes it suspect")
    scene.payments.fence()
    scene.sut.look(BAD)
    cfp = scene.payments.expect("cfp", route="cart.pay", evidence=BAD)
    must(cfp.thread == THREAD, "it belongs to the incident of its evidence")


@check("Own evidence")
def a_window_that_is_not_bad_clears_a_suspect(bench: Bench) -> None:
    scene = bench.caller()
    for evidence in (GOOD, GOOD | {"errors_permille": 99, "queue_ms": 19}):
        scene.sut.look(BAD)
        scene.sut.look(evidence)
        must(scene.sut.route()["phase"] == "normal", f"it is still suspect after {evidence}")
    scene.payments.fence()


@check("Own evidence")
def a_window_is_bad_at_10_percent_errors_or_20_ms(bench: Bench) -> None:
    for evidence in (GOOD | {"errors_permille": 100}, GOOD | {"queue_ms": 20}):
        scene = bench.caller()
        scene.sut.look(evidence, count=2)
        scene.payments.expect("cfp")


@check("Own evidence")
def a_beacon_of_a_struggling_callee_makes_one_window_enough(bench: Bench) -> None:
    scene = bench.caller(LIMITS | {"hint_for_ms": 60_000})
    for level, by in ((1, scene.payments), (3, scene.vault)):
        by.greet(level)
        scene.sut.look(BAD)
        must(scene.sut.route()["phase"] == "suspect", f"level {level} of {by.name} is a hint")
        scene.sut.look(GOOD)
    scene.payments.greet(level=2)
    must(scene.sut.route()["phase"] == "normal", "a hint alone has started something")
    scene.sut.look(BAD)
    scene.payments.expect("cfp")


@check("Frozen")
def an_unwell_agent_looks_twice_as_long(bench: Bench) -> None:
    scene = bench.caller()
    scene.sut.condition(self_health=3)
    scene.sut.look(BAD, count=3)
    scene.payments.fence()
    scene.sut.look(BAD)
    scene.payments.expect("cfp")


@check("An offer fits")
def a_first_mode_is_one_of_depth_1_best_first(bench: Bench) -> None:
    plain = [LEAN, BARE, {"mode": "a"}, {"mode": "b"}, {"mode": "c"}, {"mode": "d"}]
    scene = bench.caller(routes=[PAY | {"modes": plain}])
    must(scene.ask().body["menu"] == ["lean", "a", "b", "c"], "the menu is another one")


@check("Hop limit one")
def nothing_is_redirected_for_a_ttl_after_a_start(bench: Bench) -> None:
    scene = bench.caller(LONG)
    must(scene.sut.state()["lends"], "its last life may have granted something")
    cfp = scene.ask()
    must(cfp.body["menu"] == ["lean"], f"it offers to redirect: {cfp.body['menu']}")
    scene.offer(cfp, mode="moved")
    scene.payments.expect("refuse", number=scene.pledge, reason="policy")


@check("N7")
def a_question_without_an_answer_ends_in_the_local_fallback(bench: Bench) -> None:
    defaults = {key: value for key, value in LIMITS.items() if key != "ask_deadline_ms"}
    scene = bench.caller(defaults)
    before = ms()
    cfp = scene.ask()
    scene.sut.wait_phase("local_fallback")
    # The standard says 50 ms; the rest is for a machine that does something else meanwhile.
    must(ms() - before < 1_000, f"it waited for {ms() - before:.0f} ms")
    must(scene.sut.route()["data_plane"]["mode"] is None, "silence is no agreement")
    scene.offer(cfp)
    scene.payments.expect("refuse", number=scene.pledge, reason="late")
    must(scene.sut.route()["phase"] == "local_fallback", "it takes an offer that is late")


@check("Local fallback")
def the_local_fallback_drops_by_the_formula_and_keeps_the_floor(bench: Bench) -> None:
    for errors, drop in ((300, 0), (700, 396), (1_000, 900)):
        scene = bench.caller()
        scene.sut.look(BAD, errors_permille=errors, queue_ms=50, count=2)
        cfp = scene.payments.expect("cfp")
        scene.payments.say("refuse", route="cart.pay", number=cfp.body["ask"] + 1,
                           reason="no_capacity")
        must(scene.sut.route()["phase"] == "asking", "a REFUSE of another question counts")
        scene.payments.say("refuse", route="cart.pay", number=cfp.body["ask"],
                           reason="no_capacity")
        must(scene.sut.route()["phase"] == "local_fallback", "REFUSE ends in the fallback")
        dropped = scene.sut.route()["data_plane"]["drop_permille"]
        must(dropped == drop, f"of {errors} permille errors it drops {dropped}, not {drop}")


@check("Local fallback")
def a_fallback_ends_after_five_good_windows_or_asks_again(bench: Bench) -> None:
    scene = bench.caller()
    cfp = scene.ask()
    scene.payments.say("refuse", route="cart.pay", number=cfp.body["ask"], reason="frozen")
    scene.sut.look(BAD, count=3)
    scene.payments.fence()  # Not before it has waited for the time between two changes.

    def asks() -> bool:
        scene.sut.look(BAD)
        return scene.sut.route()["phase"] == "asking"
    wait_for(asks, lambda: "it never asks again")
    again = scene.payments.expect("cfp")
    must(again.body["ask"] > cfp.body["ask"], "the number of a question does not rise")
    scene.payments.say("refuse", route="cart.pay", number=again.body["ask"], reason="frozen")
    scene.sut.look(GOOD, count=4)
    must(scene.sut.route()["phase"] == "local_fallback", "four good windows are enough")
    scene.sut.look(GOOD)
    must(scene.sut.route()["phase"] == "normal", "five good windows are not enough")


@check("An offer fits")
def an_offer_that_does_not_fit_is_refused(bench: Bench) -> None:
    ttl = LIMITS["ttl_ms"]
    for mode, rps_max, ttl_ms, reason in (
            ("unheard_of", 45, ttl, "not_mine"), ("lean", 9, ttl, "floor"),
            ("bare", 45, ttl, "policy"), ("lean", 45, ttl + 1, "policy")):
        scene = bench.caller()
        scene.offer(scene.ask(), mode, rps_max, ttl_ms)
        scene.payments.expect("refuse", number=scene.pledge, reason=reason)
        route = scene.sut.route()
        must(route["phase"] == "local_fallback" and route["promise"] is None
             and route["data_plane"]["mode"] is None, f"it took what it refused: {route}")


@check("An offer fits")
def an_offer_at_the_floor_fits(bench: Bench) -> None:
    scene = bench.caller()
    scene.offer(scene.ask(), "lean", 10)
    scene.payments.expect("accept", rps_max=10)


@check("An offer fits")
def an_offer_that_nobody_asked_for_is_refused_as_late(bench: Bench) -> None:
    scene = bench.caller()
    scene.payments.say("offer", route="cart.pay", ask=1, pledge=4, mode="lean", rps_max=45,
                       ttl_ms=2_000)
    scene.payments.expect("refuse", number=4, reason="late")
    cfp = scene.ask()
    scene.payments.say("offer", route="cart.pay", ask=cfp.body["ask"] + 1, pledge=5, mode="lean",
                       rps_max=45, ttl_ms=2_000)
    scene.payments.expect("refuse", number=5, reason="late")
    must(scene.sut.route()["phase"] == "asking", "it still waits for the answer")


@check("Kinds")
def who_is_not_the_callee_moves_nothing_and_is_not_passed_on(bench: Bench) -> None:
    scene = bench.caller(LONG)
    cfp = scene.ask()
    scene.vault.say("offer", route="cart.pay", ask=cfp.body["ask"], pledge=8, mode="lean",
                    rps_max=45, ttl_ms=2_000)
    scene.vault.expect("refuse", number=8, reason="not_mine")
    scene.vault.say("refuse", route="cart.pay", number=cfp.body["ask"], reason="frozen")
    scene.vault.fence()
    must(scene.sut.route()["phase"] == "asking", "somebody else has ended the question")
    scene.offer(cfp)
    scene.payments.expect("accept")
    with scene.unchanged():
        for kind, members in (("revoke", {}), ("release", {}),
                              ("renew", {"turn": 1, "mode": "lean", "rps_max": 45,
                                         "ttl_ms": 2_000})):
            scene.vault.say(kind, route="cart.pay", pledge=scene.pledge, **members)


@check("The promise")
def a_mode_is_in_force_before_it_is_promised(bench: Bench) -> None:
    scene = bench.caller()
    scene.sut.data_plane("silent")
    scene.offer(scene.ask())
    scene.payments.fence()
    scene.sut.wait_phase("local_fallback")
    scene.payments.expect("refuse", number=scene.pledge, reason="late")
    must(scene.sut.route()["promise"] is None, "it promises what it does not know to be in force")


@check("The promise")
def a_mode_that_the_data_plane_refuses_is_refused(bench: Bench) -> None:
    scene = bench.caller()
    scene.sut.data_plane("refuse")
    scene.offer(scene.ask())
    scene.payments.expect("refuse", number=scene.pledge, reason="policy")
    must(scene.sut.route()["phase"] == "local_fallback", "without a mode it helps itself")


@check("The promise")
def a_promise_lasts_a_ttl_from_the_arrival_of_the_offer(bench: Bench) -> None:
    scene = bench.caller()
    cfp = scene.ask()
    sent = ms()
    scene.offer(cfp)
    arrived = ms()
    scene.payments.expect("accept")
    asked = ms()
    route = scene.sut.route()
    answered = ms()
    ttl = LIMITS["ttl_ms"]
    for left in (route["promise"]["left_ms"], route["data_plane"]["left_ms"]):
        must(asked + left <= arrived + ttl + 2, "it lasts longer than it was offered for")
        must(answered + left >= sent + ttl - 2, "it ends before the callee may stop counting on it")
    must(route["data_plane"]["mode"] == "lean" and route["data_plane"]["rps_max"] == 45,
         f"what is in force is not what was accepted: {route}")


@check("N3")
def a_promise_ends_by_itself_and_the_way_back_begins(bench: Bench) -> None:
    scene = bench.caller()
    pledge = scene.agree()
    scene.payments.expect("outcome", pledge=pledge, goodput_rps=70, errors_permille=300)
    route = scene.sut.route()
    must(route["promise"] is None and route["data_plane"]["mode"] is None,
         f"a mode has outlived its promise: {route}")
    scene.sut.look(GOOD)
    scene.sut.wait_phase("normal")
    must(scene.sut.route()["data_plane"]["share_percent"] == 100, "not all of it came back")


@check("RENEW")
def a_renew_makes_a_promise_last(bench: Bench) -> None:
    scene = bench.caller()
    pledge = scene.agree()
    ttl = LIMITS["ttl_ms"]
    for turn in (1, 2, 5):
        wait_for(lambda: scene.sut.route()["promise"]["left_ms"] < ttl - 200,
                 lambda: "its time does not pass")
        scene.renew(pledge, turn)
        scene.payments.expect("accept", pledge=pledge, turn=turn, mode="lean", rps_max=45)
        route = scene.sut.route()
        must(route["promise"]["turn"] == turn, "it has another turn")
        must(min(route["promise"]["left_ms"], route["data_plane"]["left_ms"]) > ttl - 200,
             "it does not last longer than before")


@check("RENEW")
def a_renew_that_is_overtaken_or_of_another_pledge_is_not_taken(bench: Bench) -> None:
    scene = bench.caller(LONG)
    pledge = scene.agree()
    scene.renew(pledge, 2)
    scene.payments.expect("accept", turn=2)
    with scene.unchanged():
        scene.renew(pledge, 2)
        scene.renew(pledge, 1)
    scene.renew(pledge + 1, 3)
    scene.payments.expect("refuse", number=pledge + 1, reason="late")


@check("RENEW")
def a_shorter_renew_does_not_shorten_a_promise_and_a_longer_one_is_cut(bench: Bench) -> None:
    scene = bench.caller(LIMITS | {"ttl_ms": 20_000})
    pledge = scene.agree()
    scene.renew(pledge, 1, ttl_ms=2_000)
    scene.payments.expect("accept", turn=1)
    must(scene.sut.route()["promise"]["left_ms"] > 10_000, "a RENEW has made it shorter")
    scene.renew(pledge, 2, ttl_ms=60_000)
    scene.payments.expect("accept", turn=2)
    must(scene.sut.route()["promise"]["left_ms"] <= 20_000, "it lasts longer than its own ttl")


@check("RENEW")
def other_terms_are_taken_only_after_the_time_between_two_changes(bench: Bench) -> None:
    scene = bench.caller(LONG)
    pledge = scene.agree()
    scene.renew(pledge, 1, mode="bare", rps_max=30)
    scene.payments.expect("accept", turn=1, mode="lean", rps_max=45)
    turn = 1

    def is_taken() -> bool:
        nonlocal turn
        turn += 1
        scene.renew(pledge, turn, mode="bare", rps_max=30)
        return scene.payments.expect("accept", turn=turn).body["mode"] == "bare"
    wait_for(is_taken, lambda: "it never takes other terms")
    plane = scene.sut.route()["data_plane"]
    must((plane["mode"], plane["rps_max"]) == ("bare", 30), f"what is in force is {plane}")


@check("RENEW")
def terms_that_do_not_fit_leave_those_in_force(bench: Bench) -> None:
    scene = bench.caller(LONG | {"dwell_ms": 400, "ask_deadline_ms": 399})
    pledge = scene.agree()
    wait_for(lambda: scene.sut.route()["promise"]["left_ms"] < LONG["ttl_ms"] - 600,
             lambda: "its time does not pass")
    for turn, (mode, rps_max) in enumerate((("deep", 45), ("lean", 9), ("bare", 9),
                                            ("unheard_of", 45)), 1):
        scene.renew(pledge, turn, mode, rps_max)
        scene.payments.expect("accept", turn=turn, mode="lean", rps_max=45)


@check("On trial")
def good_windows_alone_end_nothing(bench: Bench) -> None:
    scene = bench.caller(LONG)
    scene.agree()
    with scene.unchanged():
        scene.sut.look(GOOD, count=9)


@check("On trial")
def after_a_time_five_good_windows_ask_for_leave(bench: Bench) -> None:
    scene = bench.caller(LONG | {"trial_after_ms": 1_500})
    scene.agree()
    agreed = ms()

    def leaves() -> bool:
        scene.sut.look(GOOD)
        return scene.sut.route()["phase"] == "leaving"
    wait_for(leaves, lambda: "it never gives the mode back")
    must(ms() - agreed >= 1_400, "it gives the mode back before its time")
    scene.payments.expect("release")


@check("Leaving early")
def who_leaves_asks_for_leave_and_revoke_gives_it(bench: Bench) -> None:
    scene = bench.caller(LONG | ON_TRIAL)
    pledge = scene.agree()
    scene.sut.look(GOOD, count=4)
    scene.payments.fence()
    scene.sut.look(GOOD)
    scene.payments.expect("release", pledge=pledge)
    scene.payments.expect("release", pledge=pledge)
    must(scene.is_in_mode() and scene.sut.route()["phase"] == "leaving",
         "it has left a mode on which somebody counts")
    scene.revoke(pledge)
    scene.sut.wait_phase("normal")
    must(not scene.is_in_mode(), "it has leave, and stays in the mode")
    told = scene.payments.next(where=lambda heard: heard.kind != "release")
    must(told.kind == "outcome" and told.body["goodput_rps"] == 100, f"it says {told.body}")


@check("Leaving early")
def a_promise_that_is_being_left_is_not_renewed(bench: Bench) -> None:
    scene = bench.caller(LONG | ON_TRIAL | {"release_again_after_ms": 60_000})
    pledge = scene.agree()
    scene.sut.look(GOOD, count=5)
    scene.payments.expect("release", pledge=pledge)
    scene.renew(pledge, 1)
    scene.payments.expect("refuse", number=pledge, reason="late")
    must(scene.is_in_mode(), "it has left before its end")


@check("Leaving early")
def without_an_answer_a_mode_is_kept_to_its_end(bench: Bench) -> None:
    scene = bench.caller(LIMITS | ON_TRIAL)
    pledge = scene.agree()
    left = scene.sut.route()["promise"]["left_ms"]
    begun = ms()
    scene.sut.look(GOOD, count=5)
    scene.payments.expect("release", pledge=pledge)
    told = scene.payments.next(where=lambda heard: heard.kind != "release")
    must(told.kind == "outcome", f"it says {told.body}")
    must(ms() - begun >= left - 5, "it left before the end of its promise")


@check("REVOKE")
def a_revoke_ends_the_promise_that_it_names_and_no_other(bench: Bench) -> None:
    scene = bench.caller(LONG)
    pledge = scene.agree()
    with scene.unchanged():
        scene.revoke(pledge + 1)
    scene.payments.epoch = 2
    scene.payments.sequence = 0
    scene.payments.greet()
    with scene.unchanged():
        scene.revoke(pledge)  # A number counts within the life that gave it.
    must(scene.is_in_mode(), "the word of another life has ended it")


@check("No relief")
def a_mode_that_does_not_help_is_given_back(bench: Bench) -> None:
    scene = bench.caller(LONG)
    pledge = scene.agree()
    scene.sut.look(BAD, errors_permille=226, queue_ms=38, requests_count=49)
    scene.payments.fence()
    scene.sut.look(BAD, errors_permille=226, queue_ms=38, requests_count=49)
    scene.payments.expect("release", pledge=pledge)
    scene.revoke(pledge)
    scene.payments.next()
    scene.sut.look(BAD, count=2)
    scene.sut.wait_phase("local_fallback")
    scene.payments.fence()  # It does not ask again for a minute.


@check("No relief")
def one_bad_window_among_others_is_no_proof(bench: Bench) -> None:
    scene = bench.caller(LONG)
    scene.agree()
    with scene.unchanged():
        for evidence in (BAD, GOOD, BAD, GOOD, BAD):
            scene.sut.look(evidence, requests_count=45)


@check("No relief")
def who_sends_more_than_it_promised_learns_nothing(bench: Bench) -> None:
    scene = bench.caller(LONG)
    scene.agree()
    with scene.unchanged():
        scene.sut.look(BAD, count=4, requests_count=50)


@check("No relief")
def a_mode_that_helps_by_a_quarter_is_kept(bench: Bench) -> None:
    for relief in ({"errors_permille": 225}, {"queue_ms": 37}):
        scene = bench.caller(LONG)
        scene.agree()
        with scene.unchanged():
            scene.sut.look(BAD, count=4, requests_count=45, **relief)


@check("Slow up")
def traffic_comes_back_in_four_steps(bench: Bench) -> None:
    scene = bench.caller(LONG | {"ramp_step_ms": 400})
    pledge = scene.agree()
    scene.sut.look(GOOD)
    scene.revoke(pledge)

    def share() -> int:
        return scene.sut.route()["data_plane"]["share_percent"]
    must(share() == 10, f"it begins with {share()} %")
    for percent in (25, 50, 100):
        seen = wait_for(lambda: share() != (percent // 2 if percent != 25 else 10) and share(),
                        lambda: f"it stays before {percent} %")
        must(seen == percent, f"{percent} % was due, and it is {seen} %")
    scene.sut.wait_phase("normal")


@check("Slow up")
def a_step_is_repeated_while_the_last_window_was_bad(bench: Bench) -> None:
    scene = bench.caller(LONG)
    pledge = scene.agree()
    scene.revoke(pledge)
    scene.payments.expect("outcome")
    # The window before was bad: many steps later it is still the first one.
    until = ms() + 10 * LONG["ramp_step_ms"]
    wait_for(lambda: ms() > until, lambda: "time does not pass")
    route = scene.sut.route()
    must(route["phase"] == "probation" and route["data_plane"]["share_percent"] == 10,
         f"it goes on although the last window was bad: {route}")


@check("Flap damping")
def the_third_change_in_a_minute_is_the_last(bench: Bench) -> None:
    scene = bench.caller(LONG)
    for _ in range(3):
        pledge = scene.agree()
        scene.revoke(pledge)
        scene.payments.expect("outcome", pledge=pledge)
    scene.sut.look(BAD, count=2)
    scene.sut.wait_phase("local_fallback")
    scene.payments.fence()


@check("Flap damping")
def a_hold_down_ends(bench: Bench) -> None:
    scene = bench.caller(LONG | {"hold_down_ms": 300})
    for _ in range(3):
        pledge = scene.agree()
        scene.revoke(pledge)
        scene.payments.expect("outcome", pledge=pledge)

    def asks() -> bool:
        scene.sut.look(BAD)
        return scene.sut.route()["phase"] == "asking"
    wait_for(asks, lambda: "it never asks again")


@check("Frozen")
def a_frozen_caller_asks_nobody(bench: Bench) -> None:
    for condition in ({"is_suspended": True}, {"self_health": 4}, {"neighbours_bad_count": 2}):
        scene = bench.caller()
        scene.sut.condition(**condition)
        must(scene.sut.route()["phase"] == "frozen", f"{condition} does not freeze it")
        scene.sut.look(BAD, count=3)
        scene.payments.fence()
        scene.sut.condition()
        scene.sut.look(BAD, count=2)
        scene.payments.expect("cfp")


@check("Frozen")
def one_bad_neighbour_freezes_nothing(bench: Bench) -> None:
    scene = bench.caller()
    scene.sut.condition(neighbours_bad_count=1)
    scene.ask()


@check("N9")
def a_frozen_caller_enters_no_mode_and_keeps_the_one_it_promised(bench: Bench) -> None:
    scene = bench.caller(LONG)
    cfp = scene.ask()
    scene.sut.condition(is_suspended=True)
    scene.offer(cfp)
    scene.payments.expect("refuse", number=scene.pledge)
    must(not scene.is_in_mode(), "it enters a mode while frozen")
    scene.sut.condition()
    pledge = scene.agree()
    scene.sut.condition(is_suspended=True)
    must(scene.is_in_mode(), "it has left a mode on which somebody counts")
    scene.renew(pledge, 1)
    scene.payments.expect("refuse", number=pledge, reason="frozen")
    scene.revoke(pledge)
    must(scene.sut.route()["phase"] == "frozen" and not scene.is_in_mode(),
         "it has leave, and stays in the mode")


@check("The caller, after a restart")
def a_mode_that_is_found_is_kept_for_a_ttl(bench: Bench) -> None:
    scene = bench.caller()
    scene.agree()
    scene.sut.kill()
    scene.sut.start(found=[{"route": "cart.pay", "mode": "lean", "rps_max": 45, "left_ms": 1_000}])
    asked = ms()
    route = scene.sut.route()
    must(route["phase"] == "leaving" and route["data_plane"]["mode"] == "lean"
         and route["data_plane"]["rps_max"] == 45, f"it does not keep what it found: {route}")
    must(route["data_plane"]["left_ms"] > 1_000, "the data plane ends it before a ttl is over")
    must(asked + route["promise"]["left_ms"] <= ms() + LIMITS["ttl_ms"], "it is kept for longer")
    scene.sut.know_each_other()
    scene.payments.fence()  # It knows no pledge, so it can release none.
    scene.sut.look(GOOD)
    scene.sut.wait_phase("normal")
    must(not scene.is_in_mode(), "a mode stays on for good")


def moved(bench: Bench, limits: dict[str, int], **evidence: int) -> CallerScene:
    """An offer that moves traffic to the third service was made."""
    scene = bench.caller(limits, routes=[PAY | {"modes": [MOVED, LEAN, BARE, DEEP]}])
    scene.vault.greet()
    wait_for(lambda: not scene.sut.state()["lends"], lambda: "the hold after its start never ends")
    scene.sut.look(BAD, count=2, **evidence)
    cfp = scene.payments.expect("cfp")
    must(cfp.body["menu"] == ["moved", "lean"], f"the menu is {cfp.body['menu']}")
    scene.offer(cfp, mode="moved")
    return scene


@check("Capacity first")
def only_a_grant_lets_traffic_move(bench: Bench) -> None:
    scene = moved(bench, LIMITS)
    ask = scene.vault.expect("req_cap", route="cart.pay", rps=55, ttl_ms=2_000)
    asked = ms()
    must(not scene.is_in_mode(), "it moves traffic without a grant")
    for number, rps, by in ((ask.body["ask"] + 1, 55, scene.vault),
                            (ask.body["ask"], 54, scene.vault),
                            (ask.body["ask"], 55, scene.payments)):
        by.say("grant", route="cart.pay", ask=number, rps=rps, ttl_ms=2_000)
        must(not scene.is_in_mode(), "it moves traffic by a grant that is none")
    scene.vault.say("grant", route="cart.pay", ask=ask.body["ask"], rps=55, ttl_ms=2_000)
    scene.payments.expect("accept", mode="moved", rps_max=45)
    looked = ms()
    redirect = scene.sut.route()["data_plane"]["redirect"]
    must((redirect["via"], redirect["rps"]) == ("vault", 55), f"it moves {redirect}")
    must(looked + redirect["left_ms"] <= asked + 1_900 + 2, "it counts on all of the grant")


@check("Capacity first")
def a_deny_ends_in_the_local_fallback(bench: Bench) -> None:
    scene = moved(bench, LIMITS)
    ask = scene.vault.expect("req_cap")
    scene.vault.say("deny", route="cart.pay", ask=ask.body["ask"], reason="no_capacity")
    scene.payments.expect("refuse", number=scene.pledge, reason="no_capacity")
    must(scene.sut.route()["phase"] == "local_fallback", "it does not help itself")


@check("Capacity first")
def a_grant_that_does_not_come_is_not_waited_for(bench: Bench) -> None:
    scene = moved(bench, LIMITS)
    scene.vault.expect("req_cap")
    scene.payments.expect("refuse", number=scene.pledge, reason="late")
    must(scene.sut.route()["phase"] == "local_fallback", "it does not help itself")


@check("Capacity first")
def nothing_to_move_needs_no_grant(bench: Bench) -> None:
    scene = moved(bench, LIMITS, requests_count=45)
    scene.payments.expect("accept", mode="moved")
    must(scene.sut.route()["data_plane"]["redirect"] is None, "it moves what nobody granted")


@check("Capacity first")
def a_grant_is_asked_for_again_and_what_was_moved_is_shed_at_its_end(bench: Bench) -> None:
    scene = moved(bench, LIMITS | {"ttl_ms": 3_000})
    ask = scene.vault.expect("req_cap")
    scene.vault.say("grant", route="cart.pay", ask=ask.body["ask"], rps=55, ttl_ms=2_000)
    scene.payments.expect("accept")
    again = scene.vault.expect("req_cap", rps=55)
    must(again.body["ask"] > ask.body["ask"], "the number of a question does not rise")

    def is_shed() -> bool:
        plane = scene.sut.route()["data_plane"]
        return plane["mode"] == "moved" and plane["redirect"] is None
    wait_for(is_shed, lambda: f"what was moved is not shed: {scene.sut.route()}")
    must(scene.sut.route()["promise"] is not None, "the promise to the callee does not stay")


@check("Capacity first")
def a_grant_that_comes_again_lasts(bench: Bench) -> None:
    scene = moved(bench, LIMITS | {"ttl_ms": 3_000})
    for _ in range(2):
        ask = scene.vault.expect("req_cap", rps=55)
        scene.vault.say("grant", route="cart.pay", ask=ask.body["ask"], rps=55, ttl_ms=3_000)
    wait_for(lambda: scene.sut.route()["grant"]["left_ms"] > 2_000,
             lambda: "it does not count on the later grant")
    must(scene.sut.route()["data_plane"]["redirect"]["left_ms"] > 1_500,
         "the data plane has not heard of the later grant")
