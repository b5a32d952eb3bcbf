#!/usr/bin/env python3
"""The rules of others that an overload is played under, and what its page claims of the seconds."""

import asyncio
import sys
import unittest
from argparse import Namespace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "bench/overload")]

import overload_figures as figures  # noqa: E402
from admission import AdmissionLevel, ClientThrottle  # noqa: E402
from callee import QUEUE_MAX, Callee  # noqa: E402
from caller import schedule  # noqa: E402
from edges import cluster_parts, envoy_config, filled_in  # noqa: E402


class TheThrottle(unittest.TestCase):
    def asked(self, count, accepted):
        throttle = ClientThrottle(window_s=10)
        for _ in range(count):
            throttle.note_asked(1.0)
        for _ in range(accepted):
            throttle.note_accepted(1.0)
        return throttle

    def test_drops_nothing_while_half_is_accepted(self):
        self.assertEqual(self.asked(10, 5).drop_chance(2.0), 0.0)

    def test_drops_by_the_formula_of_the_book(self):
        self.assertAlmostEqual(self.asked(10, 2).drop_chance(2.0), (10 - 2 * 2) / 11)

    def test_forgets_what_is_older_than_its_window(self):
        self.assertEqual(self.asked(10, 0).drop_chance(11.0), 0.0)


class TheLevel(unittest.TestCase):
    def next_level(self, level, wait_s, each=10):
        """After one window in which as many came of each priority."""
        for user in range(AdmissionLevel.USERS):
            for _ in range(each):
                level.admits(user, 0.5)
        level.note_wait(wait_s)
        level.admits(0, 1.5)
        return level.level

    def test_admits_a_twentieth_less_after_a_window_of_waiting(self):
        level = AdmissionLevel(now=0.0)
        self.assertEqual(self.next_level(level, wait_s=0.021), int(128 * 0.95) - 1)
        self.assertFalse(level.admits(127, 1.6))
        self.assertTrue(level.admits(0, 1.6))

    def test_admits_a_hundredth_more_after_a_window_without(self):
        level = AdmissionLevel(now=0.0)
        level.level = 99  # A hundred of 128.
        self.assertEqual(self.next_level(level, wait_s=0.0), 100)

    def test_never_shuts_everybody_out(self):
        level = AdmissionLevel(now=0.0)
        level.level = 0
        self.assertEqual(self.next_level(level, wait_s=1.0), 0)


class TheWorld(unittest.TestCase):
    def test_calls_come_at_the_same_moments_under_every_policy(self):
        self.assertEqual(list(schedule(3, 100, 5)), list(schedule(3, 100, 5)))
        self.assertNotEqual(list(schedule(3, 100, 5)), list(schedule(4, 100, 5)))

    def test_a_full_queue_says_no(self):
        said = []

        async def ask_too_often():
            callee = Callee(Namespace(port=1, slots=2, ms=60_000, dagor=False))
            for _ in range(2 + QUEUE_MAX + 1):
                callee.check(0, lambda status, _: said.append(status))

        asyncio.run(ask_too_often())
        self.assertEqual(said, [503])

    def test_each_envoy_differs_by_its_policy_alone(self):
        words = {"DIR": "x", "INSTANCES": 2, "SLOTS": 2, "TRY_MS": 250, "EDGE_PORT": 1,
                 "CALLEE_0_PORT": 2, "CALLEE_1_PORT": 3}
        plain = envoy_config("nothing", words)
        for policy in ("client_throttle", "dagor"):
            self.assertEqual(envoy_config(policy, words), plain)
        for policy in ("envoy_outlier", "envoy_breaker", "envoy_adaptive"):
            self.assertNotEqual(envoy_config(policy, words), plain)
        limits = cluster_parts("envoy_breaker", 4)["circuit_breakers"]["thresholds"]
        self.assertEqual(limits, [{"max_requests": 8}])

    def test_a_template_with_a_word_missing_is_refused(self):
        with self.assertRaises(ValueError):
            filled_in("haproxy.cfg.in", {"DIR": "x"})


def second(number, answer, fallback=0, nothing=0):
    return {"second": number, "answer": answer, "fallback": fallback, "nothing": nothing,
            "tries": answer + 3 * nothing, "nothing_took_s": 0.8 * nothing}


def seconds(during, after, came=260):
    """Of a world with so many full answers in each second of the fault and after it."""
    ends = figures.SETTLE_S + figures.FAULT_S
    return [second(number, came if number < figures.SETTLE_S else
                   during if number < ends else after,
                   nothing=0 if number < figures.SETTLE_S else
                   came - (during if number < ends else after))
            for number in range(ends + figures.AFTER_S)]


def unit(policy, during, after=260, seed=1, events=()):
    return {"play": "overload", "policy": policy, "fault": "slower", "seed": seed,
            "load_before": 1.0, "lanes": 4, "is_real_time": False,
            "figures": {"seconds": seconds(during, after), "lateness_s": [0.001, 0.01],
                        "held_permille_at_end": 0, "events": list(events), "passed_at_s": []}}


class ThePage(unittest.TestCase):
    def test_what_the_callee_could_do_is_the_ideal(self):
        those = figures.goodput(seconds(during=200, after=260))
        self.assertEqual((those["during"], those["after"], those["well_after_s"]), (1.0, 1.0, 0))

    def test_who_never_gets_well_is_said_so(self):
        those = figures.goodput(seconds(during=0, after=0))
        self.assertEqual(those["well_after_s"], figures.AFTER_S)
        self.assertAlmostEqual(those["nothing_took_s"], 0.8)
        self.assertIn("not in", figures.seconds_cell([figures.AFTER_S], figures.AFTER_S))

    def test_a_goal_that_is_missed_in_one_round_is_missed(self):
        rounds = [unit("homeostat", 195), unit("homeostat", 150, seed=2)]
        (_, _, is_reached), *_ = figures.overload_goals(rounds)
        self.assertFalse(is_reached)
        (_, _, is_reached), *_ = figures.overload_goals(rounds[:1])
        self.assertTrue(is_reached)

    def test_says_which_simpler_policy_is_better(self):
        units = [unit("homeostat", 120), unit("envoy_breaker", 190), unit("nothing", 0, after=0)]
        better, worse = figures.said_plainly([(policy, those) for _, policy, those
                                              in figures.goodputs(units)])
        self.assertIn("circuit breaker, set by hand", better)
        self.assertIn("nothing: Envoy", worse)
        page = "\n".join(figures.overload_page(units, {"commit": "c0ffee"}))
        self.assertIn("c0ffee", page)
        self.assertNotIn("Half of the slots", page)  # Not measured here.

    def test_a_promise_that_lets_more_pass_than_it_says_is_broken(self):
        events = [{"at_s": 0.0, "event": "promised", "rps_max": 10},
                  {"at_s": 11.0, "event": "returned", "rps_max": 0}]
        one = unit("homeostat", 120, events=events)
        one["figures"]["passed_at_s"] = [1 + index / 20 for index in range(200)]  # 20 a second.
        agents = figures.agents_of([one])
        self.assertEqual((agents["shares"], agents["broken"]), ([2.0], 1))
        self.assertEqual(figures.mode_changes(one["figures"]), 2)

    def test_a_mode_that_outlives_its_agents_is_counted(self):
        killed = {"play": "killed", "policy": "homeostat", "fault": "slower", "seed": 1,
                  "load_before": 1.0,
                  "figures": {"was_on": True, "is_off": False, "off_after_s": 20.0}}
        wanted, measured, is_reached = list(figures.overload_goals([killed]))[-1]
        self.assertIn("killed", wanted)
        self.assertEqual((measured, is_reached), ("1 of 1", False))

    def test_a_world_whose_calls_came_late_is_none(self):
        self.assertFalse(figures.is_punctual({"lateness_s": [0.2, 1.0]}))
        self.assertTrue(figures.is_punctual({"lateness_s": [0.002, 1.0]}))


if __name__ == "__main__":
    unittest.main()
