#!/usr/bin/env python3
"""Checks the arithmetic of the figures against numbers that were worked out by hand."""

import math
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

from summaries import paired_ratio, quantile, rate_bound, spread_of  # noqa: E402


class Summaries(unittest.TestCase):
    def test_the_median_of_an_even_count_lies_between_the_middle_two(self):
        self.assertEqual(quantile([4, 1, 3, 2], 0.5), 2.5)

    def test_a_spread_has_the_extremes_and_the_quartiles(self):
        spread = spread_of([50, 10, 30, 20, 40])
        self.assertEqual((spread.count, spread.least, spread.low, spread.median, spread.high,
                          spread.most), (5, 10, 20, 30, 40, 50))

    def test_one_number_is_its_own_spread(self):
        spread = spread_of([7.0])
        self.assertEqual({spread.least, spread.low, spread.median, spread.high, spread.most}, {7.0})

    def test_nothing_has_no_spread_and_no_ratio(self):
        self.assertRaises(ValueError, spread_of, [])
        self.assertRaises(ValueError, paired_ratio, [])

    def test_a_constant_ratio_has_no_width(self):
        ratio = paired_ratio([(2.0, 1.0), (20.0, 10.0), (8.0, 4.0)])
        for value in (ratio.mean, ratio.low, ratio.high):
            self.assertAlmostEqual(value, 2.0)

    def test_twice_and_half_make_one(self):
        self.assertAlmostEqual(paired_ratio([(2, 1), (1, 2)]).mean, 1.0)

    def test_the_interval_of_a_ratio_holds_the_truth_in_most_of_200_samples(self):
        chance = random.Random(3)
        held = 0
        for sample in range(200):
            pairs = [(1.05 * math.exp(chance.gauss(0, 0.1)), math.exp(chance.gauss(0, 0.1)))
                     for _ in range(30)]
            ratio = paired_ratio(pairs, sample, resamples=400)
            held += ratio.low <= 1.05 <= ratio.high
        self.assertGreater(held, 175)
        self.assertLess(held, 200)

    def test_no_event_in_an_hour_allows_three_an_hour(self):
        self.assertAlmostEqual(rate_bound(0, 1.0), -math.log(0.05), places=6)
        self.assertAlmostEqual(rate_bound(0, 4.0), -math.log(0.05) / 4, places=6)

    def test_two_events_allow_the_rate_of_the_tables(self):
        self.assertAlmostEqual(rate_bound(2, 1.0), 6.2958, places=3)


if __name__ == "__main__":
    unittest.main()
