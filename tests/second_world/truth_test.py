#!/usr/bin/env python3
"""Verdicts of the second world from losses made up here, and its prices beside the simulator's."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench/second_world"))

import truth  # noqa: E402

RATE = 50.0


def tried(kind, *costs, chance=0.0):
    remedy = {"remedy": kind, "role": "payments"}
    return {"remedy": remedy, "price": truth.price_of(remedy), "costs": dict(enumerate(costs, 1)),
            "chances": dict.fromkeys(range(1, len(costs) + 1), chance)}


def verdicts(*those):
    truth.judge(those)
    return [one["verdict"] for one in those]


class Losses(unittest.TestCase):
    def test_only_what_was_due_after_the_moment_counts(self):
        requests = [(99.9, 0.1, "error"), (100.0, 0.1, "error"), (101.0, 0.1, "good"),
                    (100.0 + truth.HORIZON_S, 0.1, "error")]
        seen = truth.loss_of(requests, 100.0)
        self.assertEqual((seen["requests"], seen["lost"], seen["late_lost"]), (2, 1, 0))

    def test_slow_and_wrong_answers_are_lost_as_failed_ones_are(self):
        requests = [(14.0, 0.1, verdict) for verdict in ("slow", "wrong", "error", "good")]
        self.assertEqual(truth.loss_of(requests, 0.0)["late_lost"], 3)

    def test_a_good_answer_by_a_fallback_lacks_something(self):
        seen = truth.loss_of([(1.0, 0.1, "good"), (1.0, 0.1, "error")], 0.0, degraded=0.3)
        self.assertAlmostEqual(seen["lost"], 1.3)

    def test_what_lasts_is_reckoned_to_go_on_and_shorter_if_a_person_was_called(self):
        loss = {"requests": 750, "lost": 750.0, "late_lost": 300.0 + truth.CHANCE_REQUESTS}
        self.assertAlmostEqual(truth.cost_of(loss, RATE), 15 + truth.WHOLE_S - truth.HORIZON_S)
        self.assertAlmostEqual(truth.cost_of(loss, RATE, True),
                               15 + truth.PERSON_NEEDS_S - truth.HORIZON_S)

    def test_two_late_requests_are_chance(self):
        self.assertEqual(truth.cost_of({"requests": 9, "lost": 2.0, "late_lost": 2.0}, RATE), 0.04)


class Verdicts(unittest.TestCase):
    def test_the_cure_is_acceptable_and_what_makes_it_worse_is_harmful(self):
        self.assertEqual(verdicts(tried("observe", 100, 104), tried("restart", 3, 4),
                                  tried("rollback", 200, 205), tried("scale", 99, 102)),
                         ["acceptable" if one == 1 else "harmful" if one == 2 else "useless"
                          for one in range(4)])

    def test_where_nothing_is_lost_only_to_do_nothing_is_acceptable(self):
        self.assertEqual(verdicts(tried("observe", 0, 0), tried("restart", 0, 0),
                                  tried("eject", 0, 0)), ["acceptable", "useless", "useless"])

    def test_what_futures_differ_by_is_no_harm(self):
        self.assertEqual(verdicts(tried("observe", 10, 60), tried("eject", 40, 36))[1], "useless")

    def test_what_may_be_chance_is_neither_a_gain_nor_harm(self):
        for chance, verdict in ((1, "acceptable"), (40, "useless")):
            those = tried("observe", 100, 104), tried("restart", 70, 66, chance=chance)
            self.assertEqual(verdicts(*those)[1], verdict)
        for chance, verdict in ((1, "harmful"), (40, "useless")):
            those = tried("observe", 100, 104), tried("restart", 140, 136, chance=chance)
            self.assertEqual(verdicts(*those)[1], verdict)

    def test_between_a_call_and_nothing_there_is_no_chance(self):
        those = tried("observe", 400, chance=50), tried("escalate", 160, chance=50)
        self.assertEqual(truth.chance_between(*those), 0)

    def test_if_all_or_none_is_lost_there_is_no_chance(self):
        loss = {"requests": 750, "lost": 0.0, "late_lost": 0.0}
        self.assertEqual(truth.chance_of(loss, RATE), 0)
        self.assertEqual(truth.chance_of(loss | {"late_lost": 300.0}, RATE), 0)
        self.assertGreater(truth.chance_of(loss | {"late_lost": 150.0}, RATE), 10)

    def test_a_call_is_never_harmful(self):
        self.assertEqual(verdicts(tried("observe", 0, 0), tried("escalate", 0, 0))[1], "useless")

    def test_what_was_tried_in_one_future_is_held_against_that_one(self):
        self.assertEqual(truth.difference(tried("eject", 7), tried("observe", 5, 90))[0], 2 + 1)

    def test_what_may_be_a_cure_or_looks_harmful_is_tried_again_and_nothing_else(self):
        those = [tried("observe", 100), tried("restart", 3), tried("rollback", 300),
                 tried("eject", 4), tried("scale", 60), tried("reroute", 100)]
        again = [truth.needs_another_look(one, those) for one in those]
        self.assertEqual(again, [False, True, True, True, False, False])


class Simulator(unittest.TestCase):
    def test_margins_and_prices_are_those_of_the_simulator(self):
        header = (ROOT / "homeostat/sim/cases/truth.hpp").read_text()
        numbers = {name: float(value) for name, value in
                   re.findall(r"constexpr double (\w+) = ([\d.]+);", header)}
        self.assertEqual([truth.MARGIN_S, truth.MARGIN_OF_SAVING, truth.MARGIN_OF_SAVING_MAX_S,
                          truth.MARGIN_OF_COST, truth.HARM_S, truth.HARM_OF_COST],
                         [numbers[name] for name in
                          ("margin_s", "margin_of_saving", "margin_of_saving_max_s",
                           "margin_of_cost", "harm_s", "harm_of_cost")])
        self.assertEqual(truth.WHOLE_S, numbers["horizon_s"] + numbers["goes_on_s"])
        self.assertEqual(truth.PERSON_NEEDS_S, numbers["person_needs_s"])
        source = (ROOT / "homeostat/sim/cases/truth.cpp").read_text()
        prices = {}
        kinds = []
        for line in source[source.index("switch (kind)"):].splitlines():
            if told := re.search(r"case TrialKind::(\w+):", line):
                kinds.append(told[1])
            elif told := re.search(r"return ([\d.]+);", line):
                prices |= dict.fromkeys(kinds, float(told[1]))
                kinds = []
        self.assertEqual(prices, truth.PRICES)


if __name__ == "__main__":
    unittest.main()
