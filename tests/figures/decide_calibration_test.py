#!/usr/bin/env python3
"""tools/decide_calibration.py: what the bars promise holds of cases that were drawn alike, and
confidences say how often they are right."""

import math
import random
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import decide_calibration as calibration  # noqa: E402
import decide_scoring as scoring  # noqa: E402

RATES = {"of_cases": 0.02, "of_choices": 0.1, "of_healthy": 0.05}


def choice(kind="restart", harm=-1.0, is_harmful=False, is_acceptable=True, weight=0.5):
    return {"kind": kind, "harm": harm, "is_harmful": is_harmful, "is_acceptable": is_acceptable,
            "weight": weight, "escalate_weight": 0.2, "is_escalate_acceptable": False}


def drawn(rng, n):
    """Choices of which a third idles; the others are the more harmful, the higher they score."""
    made = []
    for _ in range(n):
        kind = rng.choice(["observe", "restart", "rollback"])
        harm = rng.gauss(-2, 1)
        chance = 0 if kind == "observe" else 1 / (1 + math.exp(-harm))
        made.append(choice(kind, harm, rng.random() < chance))
    return made


def done(choices, bars):
    harm_max = {bar["remedy"]: bar["harm_max"] for bar in bars}
    return [one for one in choices if one["harm"] <= harm_max.get(one["kind"], -math.inf)]


def healthy(n, acting=()):
    return [choice("observe", 0.0)] * n + [choice("restart", harm) for harm in acting]


class Coverage(unittest.TestCase):
    def lost_on_others(self, n, rounds=300):
        """Of each round, the share of fresh cases that the bars of n cases let end in harm."""
        rng = random.Random(7)
        shares = []
        for _ in range(rounds):
            bars = calibration.bars_of([drawn(rng, n)], [healthy(40)], RATES)
            fresh = drawn(rng, 300)
            shares.append(sum(one["is_harmful"] for one in done(fresh, bars)) / len(fresh))
        return shares

    def test_of_further_cases_no_more_than_the_rate_ends_in_harm_on_average(self):
        for n in (60, 200):
            mean = sum(self.lost_on_others(n)) / 300
            self.assertLessEqual(mean, RATES["of_cases"] + 0.002, n)  # Two standard errors.
            self.assertGreater(mean, RATES["of_cases"] / 8, n)  # Nor is all forbidden.

    def test_a_bar_that_took_what_was_seen_at_its_word_would_break_the_promise(self):
        rng = random.Random(7)
        shares = []
        for _ in range(300):
            seen = [one for one in drawn(rng, 60) if calibration.acts(one)]
            lost = sorted(one["harm"] for one in seen if one["is_harmful"])
            bar = lost[1] if len(lost) > 1 else math.inf  # One of 60 is less than the rate.
            fresh = [one for one in drawn(rng, 300) if calibration.acts(one)]
            shares.append(sum(one["is_harmful"] and one["harm"] < bar for one in fresh) / 300)
        self.assertGreater(sum(shares) / 300, RATES["of_cases"] + 0.002)


class Bars(unittest.TestCase):
    def bar(self, choices, n, rate):
        return calibration.bar_of(choices, n, rate, lambda one: one["is_harmful"])

    def test_too_few_cases_permit_nothing(self):
        self.assertIsNone(self.bar([choice()], 8, 0.1))
        self.assertEqual(self.bar([choice(harm=-1.5)], 9, 0.1), -1.5)
        self.assertEqual(calibration.bars_of([[choice()] * 48], [healthy(40)], RATES), [])

    def test_it_stands_below_the_first_case_that_is_too_many(self):
        seen = [choice(harm=score, is_harmful=score in (-2, -1)) for score in (-3, -2, -1, 0)]
        self.assertLess(self.bar(seen, 9, 0.1), -2)
        self.assertGreaterEqual(self.bar(seen, 9, 0.1), -2.0001)
        self.assertLess(self.bar(seen, 19, 0.1), -1)
        self.assertEqual(self.bar(seen, 29, 0.1), 0)

    def test_equal_scores_are_below_it_or_none_is(self):
        seen = [choice(harm=-2.0), choice(harm=-2.0, is_harmful=True)]
        self.assertLess(self.bar(seen, 9, 0.1), -2)

    def test_each_kind_has_its_own_and_none_is_above_the_shared_one(self):
        view = ([choice("eject", -3 + step / 20) for step in range(60)]
                + [choice("scale", -3 + step / 20, step >= 20) for step in range(24)])
        bars = {bar["remedy"]: bar for bar in
                calibration.bars_of([view], [healthy(40)], RATES | {"of_cases": 0.05})}
        self.assertAlmostEqual(bars["scale"]["harm_max"], -1.95, delta=0.001)  # Its second harm.
        self.assertEqual((bars["scale"]["n"], bars["scale"]["harmful"]), (24, 1))
        self.assertAlmostEqual(bars["eject"]["harm_max"], -1.85, delta=0.001)  # The fourth of all.
        self.assertEqual((bars["eject"]["n"], bars["eject"]["acts"]), (60, 23))

    def test_the_stricter_view_counts(self):
        mild = [choice("eject", -3 + step / 20) for step in range(60)]
        strict = [choice("eject", -3 + step / 20, step > 10) for step in range(60)]
        both = calibration.bars_of([mild, strict], [healthy(40)], RATES)
        self.assertEqual([bar["harm_max"] for bar in both],
                         [bar["harm_max"] for bar in
                          calibration.bars_of([strict], [healthy(40)], RATES)])
        self.assertEqual(both[0]["n"], 120)

    def test_who_acts_where_nothing_is_wrong_has_the_bar_below_that(self):
        view = [choice("eject", -3 + step / 20) for step in range(60)]
        free = calibration.bars_of([view], [healthy(40)], RATES)[0]
        bound = calibration.bars_of([view], [healthy(40, acting=[-2.0, -1.0])], RATES)[0]
        self.assertAlmostEqual(free["harm_max"], -0.05)
        self.assertAlmostEqual(bound["harm_max"], -1.0, delta=0.001)
        self.assertLess(bound["harm_max"], -1)

    def test_too_few_healthy_cases_permit_nothing(self):
        view = [choice("eject", -3 + step / 20) for step in range(60)]
        self.assertEqual(calibration.bars_of([view], [healthy(18)], RATES), [])
        self.assertTrue(calibration.bars_of([view], [healthy(19)], RATES))


class Decisions(unittest.TestCase):
    BARS = [{"remedy": "restart", "harm_max": -1.0}]

    def test_they_are_those_of_the_program(self):
        self.assertEqual(calibration.decided(choice(harm=-1.0), self.BARS), ("act", 0.5, True))
        self.assertEqual(calibration.decided(choice(harm=-0.9), self.BARS),
                         ("instead", 0.2, False))
        self.assertEqual(calibration.decided(choice("scale", -9.0), self.BARS)[0], "instead")
        self.assertEqual(calibration.decided(choice("observe", 9.0), self.BARS)[0], "observe")

    def test_a_confidence_is_reckoned_as_the_program_does(self):
        # As homeostat/cases/caution_test.cpp has it.
        sureness = {"slope": 0.5, "act": 1, "observe": 0, "escalate": -1, "instead": -2}
        self.assertAlmostEqual(calibration.confidence_of(sureness, "act", 0.6),
                               1 / (1 + math.exp(-(1 + 0.5 * math.log(0.6 / 0.4)))))
        source = (ROOT / "homeostat/cases/caution.cpp").read_text()
        edge = re.search(r"constexpr double weight_edge = (\S+);", source)
        self.assertEqual(float(edge[1]), calibration.WEIGHT_EDGE)


class Sureness(unittest.TestCase):
    def answers(self, slope, own, n=4000):
        rng = random.Random(3)
        for _ in range(n):
            of_class, weight = rng.choice(calibration.CLASSES), rng.uniform(0.02, 0.98)
            p = 1 / (1 + math.exp(-(own[of_class] + slope * calibration.log_odds(weight))))
            yield of_class, weight, rng.random() < p

    OWN = {"act": 0.8, "observe": 0.0, "escalate": -0.5, "instead": -1.5}

    def test_what_the_answers_were_drawn_by_is_found(self):
        found = calibration.sureness_of(list(self.answers(0.6, self.OWN)))
        self.assertAlmostEqual(found["slope"], 0.6, delta=0.08)
        for name, own in self.OWN.items():
            self.assertAlmostEqual(found[name], own, delta=0.2)

    def test_weights_that_overrate_themselves_are_brought_to_what_is_right(self):
        told = list(self.answers(0.6, self.OWN))
        found = calibration.sureness_of(told)
        raw = scoring.ece([(weight, is_right) for _, weight, is_right in told])
        sure = scoring.ece([(calibration.confidence_of(found, of_class, weight), is_right)
                            for of_class, weight, is_right in told])
        self.assertGreater(raw, 0.09)
        self.assertLess(sure, 0.03)

    def test_weights_that_say_the_contrary_say_nothing(self):
        found = calibration.sureness_of(list(self.answers(-0.6, self.OWN)))
        self.assertEqual(found["slope"], 0)

    def test_a_class_that_never_came_up_stays_near_even_odds(self):
        found = calibration.sureness_of([("observe", 0.5, True)] * 50)
        self.assertEqual(found["instead"], 0)
        self.assertTrue(all(abs(value) < 20 for value in found.values()))


if __name__ == "__main__":
    unittest.main()
