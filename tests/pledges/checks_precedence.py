"""Who goes first of neighbours that would take capacity away."""

from __future__ import annotations

from typing import Any

from checks import LIMITS, Bench, check
from scripted import THREAD, Neighbour, Sut, must, wait_for

RULE = "Who goes first"


def intend(sut: Sut) -> None:
    sut.tell("intend", {"incident": THREAD.incident, "traceparent": THREAD.traceparent})


def work(sut: Sut, what: str) -> None:
    sut.tell("working", {"work": what})


def state(sut: Sut) -> dict[str, Any]:
    return sut.state()["precedence"]


def must_say(neighbour: Neighbour, says: str, ask: int = 1) -> None:
    """The answer to a neighbour that is about to."""
    neighbour.say("intend", ask=ask)
    word = neighbour.expect("word", ask=ask)
    lasts_ms = 0 if says == "go" else 2_000
    must(word.body["says"] == says and word.body["lasts_ms"] == lasts_ms,
         f"{says} for {lasts_ms} ms was due, and it says {word.body}")
    must(word.thread == THREAD, "an answer has another incident")


def settled(sut: Sut) -> dict[str, Any]:
    return wait_for(lambda: None if state(sut)["is_asking"] else state(sut),
                    lambda: "a question stays open")


@check(RULE)
def every_neighbour_is_asked_and_the_last_that_lets_it_go_lets_it_go(bench: Bench) -> None:
    scene = bench.caller()
    intend(scene.sut)
    asked = scene.payments.expect("intend")
    must(asked.thread == THREAD, "a question has another incident")
    scene.vault.expect("intend", ask=asked.body["ask"])
    scene.payments.say("word", ask=asked.body["ask"], says="go", lasts_ms=0)
    must(state(scene.sut)["is_asking"], "one that lets it go is not all")
    must(not state(scene.sut)["is_taking"], "it goes before all have answered")
    scene.vault.say("word", ask=asked.body["ask"], says="go", lasts_ms=0)
    must(settled(scene.sut)["is_taking"], "all let it go, and it does not")


@check(RULE)
def nobody_is_waited_for_beyond_the_deadline(bench: Bench) -> None:
    scene = bench.caller(LIMITS | {"ask_deadline_ms": 50})
    intend(scene.sut)
    scene.payments.expect("intend")
    found = settled(scene.sut)
    must(found["is_taking"] and not found["words"], f"silence is in the way: {found}")


@check(RULE)
def one_that_objects_is_enough(bench: Bench) -> None:
    scene = bench.caller()
    intend(scene.sut)
    ask = scene.payments.expect("intend").body["ask"]
    scene.payments.say("word", ask=ask, says="mine", lasts_ms=4_000)
    found = settled(scene.sut)
    must(not found["is_taking"], "it goes against a word")
    must(found["words"] == [{"neighbour": "payments", "says": "mine", "lasts_ms": 4_000}],
         f"the word was to be kept, and there are {found['words']}")
    scene.vault.expect("intend")
    scene.vault.say("word", ask=ask, says="go", lasts_ms=0)
    must(not state(scene.sut)["is_taking"], "it goes by an answer that comes after")


@check(RULE)
def a_word_counts_to_the_question_that_is_open_only(bench: Bench) -> None:
    scene = bench.caller()
    intend(scene.sut)
    ask = scene.payments.expect("intend").body["ask"]
    scene.payments.say("word", ask=ask + 1, says="wait", lasts_ms=2_000)
    must(state(scene.sut)["is_asking"], "an answer to another question ends this one")
    scene.payments.say("word", ask=ask, says="go", lasts_ms=0)
    scene.payments.say("word", ask=ask, says="wait", lasts_ms=2_000)
    must(state(scene.sut)["is_asking"], "a second answer counts")


@check(RULE)
def who_does_nothing_lets_everybody_go(bench: Bench) -> None:
    scene = bench.callee()
    must_say(scene.cart, "go")
    scene.sut.condition(is_suspended=True)
    must_say(scene.cart, "go", 2)


@check(RULE)
def who_takes_capacity_away_says_so_and_to_a_caller_that_it_is_its_trouble(bench: Bench) -> None:
    callee = bench.callee()
    work(callee.sut, "taking")
    must_say(callee.cart, "mine")
    work(callee.sut, "proving")
    must_say(callee.cart, "mine", 2)
    work(callee.sut, "none")
    must_say(callee.cart, "go", 3)


@check(RULE)
def to_who_is_no_caller_only_what_is_under_way_is_in_the_way(bench: Bench) -> None:
    caller = bench.caller()
    work(caller.sut, "taking")
    must_say(caller.payments, "wait")
    work(caller.sut, "proving")
    must_say(caller.payments, "go", 2)


@check(RULE)
def of_two_that_ask_at_once_the_lower_name_goes_first(bench: Bench) -> None:
    caller = bench.caller()  # cart, beside payments.
    intend(caller.sut)
    caller.payments.expect("intend")
    must_say(caller.payments, "wait")
    must(state(caller.sut)["is_asking"], "who goes first gives way")
    callee = bench.callee()  # payments, beside cart.
    intend(callee.sut)
    callee.cart.expect("intend")
    must_say(callee.cart, "go")
    found = settled(callee.sut)
    must(not found["is_taking"], "who has given way goes as well")
    must(found["words"][0]["neighbour"] == "cart", f"it waits for {found['words']}")


@check(RULE)
def an_open_question_gives_way_to_a_lower_name_that_has_let_it_go_before(bench: Bench) -> None:
    scene = bench.callee()
    intend(scene.sut)
    ask = scene.cart.expect("intend").body["ask"]
    scene.cart.say("word", ask=ask, says="go", lasts_ms=0)
    must_say(scene.cart, "go")
    must(not settled(scene.sut)["is_taking"], "who has given way goes as well")


@check(RULE)
def who_was_let_go_and_does_not_begin_is_soon_in_nobodys_way(bench: Bench) -> None:
    scene = bench.callee(LIMITS | {"leave_for_ms": 200})
    intend(scene.sut)
    for one in (scene.cart, scene.shop):
        one.say("word", ask=one.expect("intend").body["ask"], says="go", lasts_ms=0)
    must(settled(scene.sut)["is_taking"], "all let it go, and it does not")
    wait_for(lambda: not state(scene.sut)["is_taking"], lambda: "its leave does not end")
    must_say(scene.cart, "go")
