"""What is thrown away, lives and sequences, and the way over HTTP."""

from __future__ import annotations

from typing import Any

from checks import LIMITS, LONG, PAY, Bench, CallerScene, check
from scripted import BAD, THREAD, Neighbour, ms, must, resigned
from wire import Message, seal, sign_text, text_of


class Thrown:
    """A caller in a mode. Whatever is thrown away is a REVOKE of its promise: taken, it would end
    it."""

    def __init__(self, bench: Bench):
        self.scene: CallerScene = bench.caller(LONG)
        self.pledge = self.scene.agree()
        self.counts = self.scene.sut.state()["discarded"]

    def revoke(self, **members: Any) -> Message:
        return self.scene.payments.message("revoke", route="cart.pay", pledge=self.pledge,
                                           **members)

    def must_discard(self, line: bytes, why: str, by: Neighbour | None = None) -> None:
        status, told = (by or self.scene.payments).post(line)
        must((status, told) == (413 if why == "oversized" else 400, why),
             f"{why} was due for {line!r}, and it answers {status} {told!r}")
        self.counts[why] += 1
        state = self.scene.sut.state()
        must(state["discarded"] == self.counts,
             f"one more {why} was to be counted: {self.counts}, and it counts"
             f" {state['discarded']}")
        must(state["routes"]["cart.pay"]["phase"] == "degraded", f"{why} has ended a promise")

    def must_take(self, line: bytes) -> None:
        answer = self.scene.payments.post(line)
        must(answer == (202, ""), f"it was to be admitted: {answer}")
        must(self.scene.sut.state()["discarded"] == self.counts, "what was admitted is counted")
        self.scene.payments.expect("outcome", pledge=self.pledge)


@check("What is thrown away")
def more_than_1024_bytes_are_oversized(bench: Bench) -> None:
    thrown = Thrown(bench)
    thrown.must_discard(b"x" * 1_025, "oversized")
    line = seal(thrown.revoke(), thrown.scene.payments.key)
    thrown.must_discard(line[:-1] + b" " * (1_024 - len(line)) + b"}", "malformed")
    thrown.must_discard(line[:-1] + b" " * (1_025 - len(line)) + b"}", "oversized")
    thrown.must_take(line)


@check("A message")
def only_one_byte_form_is_read(bench: Bench) -> None:
    thrown = Thrown(bench)
    key = thrown.scene.payments.key
    cases = [
        (b'{"v":1', b'{ "v":1'), (b'"v":1', b'"v":1.0'), (b'"v":1', b'"v":01'),
        (b'"v":1', b'"v":1e0'), (b'"v":1', b'"v":"1"'), (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":0'), (b'"v":1,', b''), (b'"v":1,', b'"v":1,"extra":1,'),
        (b'"v":1,"from":"payments"', b'"from":"payments","v":1'),
        (b'"v":1,', b'"v":1,"v":1,'), (b'"payments"', b'"p\\u0061yments"'),
        (b'"valid_ms":60000', b'"valid_ms":60001'), (b'"valid_ms":60000', b'"valid_ms":0'),
        (b'"valid_ms":60000', b'"valid_ms":-1'), (b'"to":"cart"', b'"to":"payments"'),
        (b'"to":"cart"', b'"to":".cart"'), (b'"to":"cart"', b'"to":"c/rt"'),
        (b'"to":"cart"', b'"to":""'), (b'"to":"cart"', b'"to":"' + b"c" * 65 + b'"'),
        (b'"incident":"i-7"', b'"incident":""'), (b'"00-0af', b'"01-0af'),
        (b'"00-0af', b'"00-0AF'), (b'"revoke"', b'"revoked"'),
        (b'"kind":"revoke","route":"cart.pay"', b'"route":"cart.pay","kind":"revoke"'),
        (b'"pledge":', b'"extra":1,"pledge":'), (b'"pledge":1', b'"pledge":0'),
        (b'"pledge":1', b'"pledge":9007199254740992'), (b'"pledge":1', b'"pledge":null'),
        (b'"body":{', b'"body":{"body":{'), (b'}}', b'}'),
        (b'{"v":1', b'[{"v":1'), (b'{"v":1', b'\xff{"v":1'), (b'{"v":1', b'{"v":1,"\x00":1')]
    for old, new in cases:
        message = thrown.revoke()
        must(old in text_of(message.as_object()), f"the case {old!r} changes nothing")
        thrown.must_discard(resigned(message, key, lambda text: text.replace(old, new, 1)),
                            "malformed")
    line = seal(thrown.revoke(), key)
    for broken in (b"", b"{}", b"[" * 1_024, line + b"\n", b" " + line, line[:-1],
                   line.replace(b'"signature"', b'"Signature"'),
                   line[:-131] + line[-131:].upper(), line[:-3] + b'"}'):
        thrown.must_discard(broken, "malformed")
    thrown.must_take(line)


@check("A message")
def a_beacon_has_no_incident_and_everything_else_has_one(bench: Bench) -> None:
    thrown = Thrown(bench)
    payments = thrown.scene.payments
    beacon = {"level": 0, "queue_ms": 0, "inflight_count": 0, "floor_rps": 0, "self_health": 0}
    for message in (payments.message("beacon", envelope_thread=thrown.revoke().thread, **beacon),
                    thrown.revoke(envelope_to_epoch=0)):
        thrown.must_discard(sign_text(text_of(message.as_object()), payments.key), "malformed")
    greeting = payments.message("beacon", envelope_to_epoch=0, **beacon)
    must(payments.post(seal(greeting, payments.key)) == (202, ""), "a greeting is not admitted")


@check("What is thrown away")
def a_higher_version_is_unknown_whatever_else_it_has(bench: Bench) -> None:
    thrown = Thrown(bench)
    key = thrown.scene.payments.key
    for new in (b'"v":2', b'"v":2,"future":[{}]', b'"v":9007199254740991'):
        thrown.must_discard(
            resigned(thrown.revoke(), key, lambda text: text.replace(b'"v":1', new, 1)),
            "version_unknown")


@check("What is thrown away")
def whoever_is_no_neighbour_is_sender_unknown(bench: Bench) -> None:
    thrown = Thrown(bench)
    for sender in ("mallory", "Payments"):
        thrown.must_discard(seal(thrown.revoke(envelope_sender=sender),
                                 thrown.scene.payments.key), "sender_unknown")


@check("What is thrown away")
def a_signature_that_does_not_fit_is_forged(bench: Bench) -> None:
    thrown = Thrown(bench)
    payments, vault = thrown.scene.payments, thrown.scene.vault
    thrown.must_discard(seal(thrown.revoke(), vault.key), "forged")
    line = seal(thrown.revoke(), payments.key)
    thrown.must_discard(line.replace(b'"cart.pay"', b'"cart.paz"'), "forged")
    thrown.must_discard(line[:-3] + (b'0"}' if line[-3:-2] != b"0" else b'1"}'), "forged")
    text = text_of(thrown.revoke().as_object())
    unlabelled = text[:-1] + b',"signature":"%s"}' % payments.key.sign(text).hex().encode()
    thrown.must_discard(unlabelled, "forged")
    thrown.must_take(line)


@check("What is thrown away")
def what_is_meant_for_somebody_else_is_misaddressed(bench: Bench) -> None:
    thrown = Thrown(bench)
    thrown.must_discard(seal(thrown.revoke(envelope_to="vault"), thrown.scene.payments.key),
                        "misaddressed")


@check("What is thrown away")
def what_is_meant_for_or_comes_from_another_life_is_stale(bench: Bench) -> None:
    thrown = Thrown(bench)
    payments = thrown.scene.payments
    for epoch in (payments.server_epoch + 1, 2**53 - 1):
        thrown.must_discard(seal(thrown.revoke(envelope_to_epoch=epoch), payments.key),
                            "stale_epoch")
    payments.epoch = 5
    payments.greet()
    thrown.must_discard(seal(thrown.revoke(envelope_epoch=4), payments.key), "stale_epoch")


@check("What is thrown away")
def what_is_doubled_or_overtaken_is_replayed(bench: Bench) -> None:
    thrown = Thrown(bench)
    payments = thrown.scene.payments
    overtaken = seal(thrown.revoke(), payments.key)
    payments.greet()
    thrown.must_discard(payments.last, "replayed")
    thrown.must_discard(overtaken, "replayed")
    thrown.must_take(seal(thrown.revoke(), payments.key))


@check("What is thrown away")
def a_sequence_begins_anew_with_an_epoch(bench: Bench) -> None:
    scene = bench.caller(LONG)
    scene.payments.epoch, scene.payments.sequence = 2, 0
    scene.payments.greet()
    scene.payments.fence()


@check("Late without a common clock")
def a_message_is_late_by_the_fastest_of_its_sender(bench: Bench) -> None:
    thrown = Thrown(bench)
    payments = thrown.scene.payments
    # Its clock is a million seconds from anybody's, and that alone is nothing.
    payments.epoch = 2
    now = int(ms()) + 10**9
    revoke = thrown.revoke
    beacon = {"level": 0, "queue_ms": 0, "inflight_count": 0, "floor_rps": 0, "self_health": 0}
    fast = payments.message("beacon", envelope_sent_ms=now + 5_000, **beacon)
    must(payments.post(seal(fast, payments.key)) == (202, ""), "the first of a life is not late")
    # Five seconds slower than that one, but for the moments that the test takes.
    thrown.must_discard(seal(revoke(envelope_sent_ms=now, envelope_valid_ms=2_000), payments.key),
                        "late")
    slow = payments.message("beacon", envelope_sent_ms=now, envelope_valid_ms=60_000, **beacon)
    must(payments.post(seal(slow, payments.key)) == (202, ""), "it was valid for longer")


@check("Nothing is stored but the epoch")
def an_epoch_rises_with_each_start(bench: Bench) -> None:
    scene = bench.caller()
    first = scene.payments.server_epoch
    old = scene.payments.message("revoke", route="cart.pay", pledge=1)
    for life in (1, 2):
        scene.sut.kill()
        scene.sut.start()
        scene.payments.next(beacons=True, where=lambda heard: heard.epoch == first + life)
    must(scene.sut.state()["epoch"] == first + 2, "an epoch has not risen by one a start")
    answer = scene.payments.post(seal(old, scene.payments.key))
    must(answer == (400, "stale_epoch"), f"what was meant for the first life: {answer}")


@check("Nothing is stored but the epoch")
def it_greets_and_says_nothing_else_before_it_is_greeted(bench: Bench) -> None:
    payments, vault = bench.neighbour("payments"), bench.neighbour("vault")
    sut = bench.sut("cart", [payments, vault], routes=[PAY], limits=LIMITS)
    sut.start()
    greeting = payments.next(beacons=True)
    must(greeting.to_epoch == 0, f"to_epoch of a greeting is {greeting.to_epoch}")
    sut.look(BAD, count=2)
    must(sut.route()["phase"] == "local_fallback", "with nobody to ask it helps itself")
    payments.greet()
    payments.fence()
    payments.next(beacons=True, where=lambda heard: heard.to_epoch == payments.epoch)


@check("Over HTTP")
def all_that_is_said_comes_over_one_kept_connection(bench: Bench) -> None:
    scene = bench.caller()
    for _ in range(20):
        scene.payments.fence()
    must(scene.payments.connections == 1,
         f"it has made {scene.payments.connections} connections to one neighbour")


@check("Over HTTP")
def a_message_is_posted_as_json(bench: Bench) -> None:
    scene = bench.caller()
    scene.payments.fence()
    must(scene.payments.content_types == {"application/json"},
         f"the content types are {scene.payments.content_types}")


@check("A message")
def what_it_says_rises_in_sequence_and_tells_its_life(bench: Bench) -> None:
    scene = bench.caller()
    cfp = scene.ask()
    scene.offer(cfp)
    accept = scene.payments.expect("accept")
    must(cfp.sequence < accept.sequence and cfp.sent_ms <= accept.sent_ms, "they do not rise")
    for message in (cfp, accept):
        must(message.epoch == scene.sut.state()["epoch"]
             and message.to_epoch == scene.payments.epoch, "it tells other lives")
        must(message.thread == THREAD, "it belongs to another incident")
