#!/usr/bin/env python3
"""The Python core of the pledge protocol: its byte form, its inbox, flap damping, and N1 to N10 in
a simulated world. What a server of it does is in conformance.py."""

import json
import unittest
from pathlib import Path
from unittest import mock

import settings
from callee import Capacity
from caller import CallerRoute, FlapDamping
from cryptography.hazmat.primitives.asymmetric.ed25519 import (Ed25519PrivateKey,
                                                               Ed25519PublicKey)
from precedence import Precedence
from settings import Effects, Limits, Route, Settings, reliance_ms, settings_of
from simulated_world import HARD, SETTLED_MS, TROUBLE_MS, Broken, Faults, World
from wire import (DISCARDS, KINDS, Discarded, Inbox, Message, Thread, open_line, seal, sign_text,
                  text_of)

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {"cart": KEY.public_key()}


def beacon(sequence: int = 1, sent_ms: int = 1_000, epoch: int = 3, to_epoch: int = 5,
           valid_ms: int = 50) -> Message:
    return Message("cart", "payments", epoch, to_epoch, sequence, sent_ms, valid_ms, Thread(),
                   {"kind": "beacon", "level": 0, "queue_ms": 0, "inflight_count": 0,
                    "floor_rps": 0, "self_health": 0})


class Bytes(unittest.TestCase):
    def examples(self):
        """One of each kind, as the C++ writes them: the seed of its fuzzer."""
        lines = (ROOT / "fuzz/seeds/pledge_message/every_kind.txt").read_bytes().splitlines()
        self.assertEqual([json.loads(line)["body"]["kind"] for line in lines], list(KINDS))
        return lines

    def test_what_the_other_implementation_writes_reads_and_is_written_alike(self):
        for text in self.examples():
            message = open_line(sign_text(text, KEY), KEYS)
            self.assertEqual(text_of(message.as_object()), text)
            self.assertEqual(seal(message, KEY), sign_text(text, KEY))

    def test_any_bit_that_is_turned_is_noticed(self):
        line = sign_text(self.examples()[4], KEY)
        for at in range(len(line)):
            turned = bytearray(line)
            turned[at] ^= 1
            with self.assertRaises(Discarded, msg=f"byte {at}"):
                open_line(bytes(turned), KEYS)

    def test_whatever_is_cut_is_no_message(self):
        line = sign_text(self.examples()[4], KEY)
        for size in range(len(line)):
            with self.assertRaises(Discarded):
                open_line(line[:size], KEYS)

    def test_the_longest_message_fits(self):
        name, number = "n" * 64, 2**53 - 1
        body = {"kind": "cfp", "route": name, "ask": number,
                "menu": [letter * 24 for letter in "abcd"],
                "evidence": {"errors_permille": 1_000, "p95_ms": 600_000, "queue_ms": 600_000,
                             "window_ms": 600_000, "requests_count": 10**8}}
        thread = Thread(name, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        message = Message("a" * 64, "b" * 64, number, number, number, number, 60_000, thread, body)
        self.assertLessEqual(len(seal(message, KEY)), 1_024)

    def test_nothing_out_of_bounds_is_sealed(self):
        with self.assertRaises(ValueError):
            seal(beacon(sequence=0), KEY)

    def test_a_signature_is_that_of_rfc_8032(self):
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
        key.verify(bytes.fromhex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e"
            "39701cf9b46bd25bf5f0595bbe24655141438e7a100b"), b"")


class InboxTest(unittest.TestCase):
    def setUp(self):
        self.inbox = Inbox("payments", KEYS)

    def admit(self, message, now=10**6):
        return self.inbox.admit(seal(message, KEY), 5, now)

    def must_discard(self, why, message, now=10**6):
        before = self.inbox.heard.copy()
        with self.assertRaises(Discarded) as raised:
            self.admit(message, now)
        self.assertEqual(raised.exception.why, why)
        self.assertEqual(self.inbox.heard, before)
        self.assertEqual(sum(self.inbox.discarded.values()), 1)
        self.inbox.discarded.clear()

    def test_lives_and_sequences(self):
        self.admit(beacon(sequence=7))
        self.must_discard("replayed", beacon(sequence=7))
        self.must_discard("stale_epoch", beacon(sequence=8, epoch=2))
        self.must_discard("stale_epoch", beacon(sequence=8, to_epoch=4))
        self.admit(beacon(sequence=8, to_epoch=0))
        self.admit(beacon(sequence=1, epoch=4))
        self.assertEqual(self.inbox.epoch_of("cart"), 4)
        self.assertEqual(self.inbox.epoch_of("vault"), 0)

    def test_late_is_by_the_fastest_message(self):
        self.admit(beacon(1, sent_ms=1_000), now=10**6)
        self.must_discard("late", beacon(2, sent_ms=2_000), now=10**6 + 1_061)
        self.admit(beacon(2, sent_ms=2_000), now=10**6 + 1_060)  # 50 and a hundredth of 1,060.
        self.admit(beacon(3, sent_ms=3_000), now=10**6 + 1_900)  # A faster one: it is the bar.
        self.must_discard("late", beacon(4, sent_ms=3_100), now=10**6 + 2_052)

    def test_the_bar_rises_by_a_hundredth_of_the_time(self):
        self.admit(beacon(1, sent_ms=1_000), now=10**6)
        slow = beacon(2, sent_ms=101_000)  # Of a clock that goes slower by a hundredth.
        self.admit(slow, now=10**6 + 101_000)

    def test_each_reason_has_a_count(self):
        self.assertEqual(set(DISCARDS), {"oversized", "malformed", "version_unknown",
                                         "sender_unknown", "forged", "misaddressed",
                                         "stale_epoch", "replayed", "late"})


class FlapDampingTest(unittest.TestCase):
    def test_the_third_change_in_a_minute_is_followed_by_a_minute(self):
        flaps = FlapDamping(Limits())
        for at in (0, 30_000, 61_000):  # The first is over a minute ago.
            flaps.note_change(at)
        self.assertTrue(flaps.permits(61_000))
        flaps.note_change(62_000)
        self.assertFalse(flaps.permits(121_999))
        self.assertTrue(flaps.permits(122_000))

    def test_each_hold_down_is_twice_as_long_up_to_ten_minutes(self):
        flaps = FlapDamping(Limits())
        spans = []
        now = 0
        for _ in range(6):
            flaps.hold_down(now)
            spans.append((flaps.held_until - now) // 60_000)
            now = flaps.held_until
        self.assertEqual(spans, [1, 2, 4, 8, 10, 10])
        flaps.hold_down(now + 600_000)
        self.assertEqual(flaps.held_until - now, 660_000)


class PrecedenceTest(unittest.TestCase):
    def asking(self, name: str, other: str) -> Precedence:
        precedence = Precedence(name, Limits())
        precedence.ask([other], Thread(), 0, Effects())
        return precedence

    def test_an_objection_that_waits_for_who_is_a_little_late_is_heard(self):
        told = self.asking("ann", "ben")
        told.heard("ben", {"ask": 1, "says": "mine", "lasts_ms": 2_000}, 60)
        self.assertFalse(told.is_taking(60))
        self.assertEqual([one.says for one in told.answers], ["mine"])
        gives_way = self.asking("ben", "ann")
        self.assertEqual(gives_way.answer("ann", False, {"ask": 9}, 60)["says"], "go")
        self.assertIsNone(gives_way.until)
        self.assertFalse(gives_way.is_taking(60))

    def test_a_question_that_was_slept_through_lets_nobody_wait_and_nobody_go(self):
        precedence = self.asking("ann", "ben")
        self.assertEqual(precedence.answer("cart", False, {"ask": 9}, 30_000)["says"], "go")
        late = self.asking("ann", "ben")
        late.heard("ben", {"ask": 1, "says": "go", "lasts_ms": 0}, 30_000)
        self.assertFalse(late.is_taking(30_000))


class Configuration(unittest.TestCase):
    def value(self, **changes):
        return {"self": "cart", "signing_seed": "00" * 32, "epoch_file": "e",
                "neighbours": []} | changes

    def test_it_reads_what_the_interface_specifies(self):
        read = settings_of(self.value(
            routes=[{"route": "r", "callee": "c", "floor_rps": 1, "modes": [{"mode": "m"}]}],
            limits={"ttl_ms": 2_000}))
        self.assertIsInstance(read, Settings)
        self.assertEqual(read.routes, (Route("r", "c", 1, (settings.Mode("m"),)),))
        self.assertEqual(read.limits.renew_after_ms, 666)

    def test_it_does_not_start_with_what_it_does_not_know(self):
        for changes in ({"unknown": 1}, {"limits": {"ttl": 1}}, {"limits": {"ttl_ms": 1_999}},
                        {"limits": {"ask_deadline_ms": 5_000}}, {"signing_seed": "00"}):
            with self.subTest(changes), self.assertRaises((ValueError, TypeError)):
                settings_of(self.value(**changes))

    def test_reliance_is_shorter_than_a_promise(self):
        self.assertEqual([reliance_ms(ttl) for ttl in (2_000, 10_000, 60_000)],
                         [1_900, 9_500, 57_000])


class Invariants(unittest.TestCase):
    """N1 to N10. A world stops at the first that is broken, with its seed."""

    def world(self, seed, demon=None, faults=None):
        world = World(seed, demon)
        world.faults = faults or (HARD if seed % 3 else Faults(loss=3, deaths=2))
        world.start()
        world.run_for(TROUBLE_MS)
        world.end_faults()
        world.run_for(SETTLED_MS)
        return world

    def test_they_hold_whatever_network_clocks_data_planes_and_deaths_do(self):
        seen = None
        for seed in (0, 3, 4, 5, 6):
            with self.subTest(seed=seed):
                world = self.world(seed)
                self.assertTrue(world.is_settled(), "N10: somebody is not back to normal")
                seen = world.seen if seen is None else seen + world.seen
        for what in ("accept", "renew", "release", "revoke", "grant", "deny", "refuse", "modes",
                     "redirects", "throttles", "changes", "deaths", "pauses", "replayed",
                     "forged", "late", "stale_epoch", "malformed", "outcome", "reliances"):
            # A world in which nothing happens proves nothing.
            self.assertGreater(seen[what], 0, what)

    def test_they_hold_beside_a_demon(self):
        for seed, demon in ((0, "vault"), (1, "payments"), (3, "cart")):
            with self.subTest(seed=seed):
                self.assertGreater(self.world(seed, demon).seen["refuse"], 0)

    def test_without_faults_all_agree_and_return_to_normal(self):
        world = self.world(1, faults=Faults(loss=0))
        self.assertGreater(world.seen["accept"], 0)
        self.assertTrue(world.is_settled())

    def test_the_referee_sees_who_leaves_without_leave(self):
        with mock.patch.object(CallerRoute, "_release", CallerRoute._end_promise):
            with self.assertRaisesRegex(Broken, "N1"):
                self.world(1, faults=Faults(loss=0))

    def test_the_referee_sees_who_moves_more_than_is_granted(self):
        with mock.patch.object(Capacity, "grants", lambda *_: True):
            with self.assertRaisesRegex(Broken, "N2"):
                self.world(6, faults=Faults(loss=0))


if __name__ == "__main__":
    unittest.main()
