#!/usr/bin/env python3
"""What the tree is taught, and what of it is written down, without lightgbm."""

import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/adapter", "bench/decide", "tools")]

from adapter_files import run_where_gguf_is  # noqa: E402

run_where_gguf_is()  # Where numpy is.

import numpy  # noqa: E402

import export_tree  # noqa: E402
from rankers import menu_loss, shares_of  # noqa: E402


def case(*remedies):
    """remedies: "right", "harmful" or anything else."""
    return {"remedies": [{"is_acceptable": one == "right", "is_harmful": one == "harmful"}
                         for one in remedies]}


class MenuLoss(unittest.TestCase):
    SIZES = [3, 2, 4]
    TARGET = numpy.array([1, 0, 0, 0, 0, 0.5, 0, 0.5, 0])  # Of the second nothing is right.
    IS_HARMFUL = numpy.array([0, 1, 0, 1, 0, 0, 1, 0, 1.0])

    def value(self, scores, harm_weight):
        total, at = 0.0, 0
        for size in self.SIZES:
            its = slice(at, at + size)
            p = numpy.exp(scores[its]) / numpy.exp(scores[its]).sum()
            total -= (self.TARGET[its] * numpy.log(p)).sum()
            total += harm_weight * (p * self.IS_HARMFUL[its]).sum()
            at += size
        return total

    def test_the_gradient_is_the_slope_of_the_loss(self):
        scores = numpy.random.default_rng(1).normal(size=9)
        for harm_weight in (0, 2):
            gradient, hessian = menu_loss(self.SIZES, self.TARGET, self.IS_HARMFUL,
                                          harm_weight)(scores, None)
            for index in range(9):
                step = numpy.zeros(9)
                step[index] = 1e-5
                slope = (self.value(scores + step, harm_weight) -
                         self.value(scores - step, harm_weight)) / 2e-5
                self.assertAlmostEqual(gradient[index], slope, places=6)
            self.assertGreater(hessian.min(), 0)

    def test_what_is_harmful_sinks_where_nothing_is_right(self):
        gradient, _ = menu_loss([2], numpy.zeros(2), numpy.array([1.0, 0]), 2)(numpy.zeros(2), None)
        self.assertGreater(gradient[0], 0)
        self.assertAlmostEqual(gradient.sum(), 0)

    def test_without_a_weight_of_harm_nothing_is_learnt_there(self):
        gradient, _ = menu_loss([2], numpy.zeros(2), numpy.array([1.0, 0]), 0)(numpy.zeros(2), None)
        self.assertEqual(gradient.tolist(), [0, 0])

    def test_what_is_right_shares_the_whole(self):
        self.assertEqual(shares_of(case("right", "harmful", "right")).tolist(), [0.5, 0, 0.5])
        self.assertEqual(shares_of(case("", "harmful")).tolist(), [0, 0])


class WrittenDown(unittest.TestCase):
    LEFT, RIGHT = {"leaf_value": -0.25}, {"leaf_value": 0.12345678}
    TREE = {"split_feature": 1, "threshold": 0.34999999, "decision_type": "<=",
            "left_child": LEFT, "right_child": RIGHT}
    COLUMNS = numpy.array([[0.0, 0, 0], [0.1, 0.3, 0.4]])  # Sorted, a row each column.

    def document(self):
        return {"trees": [export_tree.arrays_of(self.TREE, self.COLUMNS)]}

    def test_a_threshold_is_short_and_parts_the_same_rows(self):
        for threshold, column in ((0.34999999, [0.1, 0.3, 0.4]), (1234.5678, [1234.5, 1234.6]),
                                  (-1e-9, [-1, 0.0]), (7, [1, 2])):
            short = export_tree.short_threshold(threshold, numpy.array(column))
            self.assertEqual([one <= threshold for one in column],
                             [one <= short for one in column])
        self.assertEqual(export_tree.short_threshold(0.34999999, self.COLUMNS[1]), 0.35)

    def test_a_row_goes_where_the_tree_sends_it(self):
        document = self.document()
        self.assertEqual(export_tree.score_of(document, [9, 0.3]), -0.25)
        self.assertEqual(export_tree.score_of(document, [9, 0.4]), 0.123457)

    def test_children_stand_after_their_parents(self):
        tree = self.document()["trees"][0]
        self.assertEqual((tree["feature"], tree["left"], tree["right"]),
                         ([1, -1, -1], [1, 0, 0], [2, 0, 0]))

    def test_a_decision_that_the_program_does_not_know_is_refused(self):
        with self.assertRaisesRegex(ValueError, "'==' cannot be written down"):
            export_tree.arrays_of(self.TREE | {"decision_type": "=="}, self.COLUMNS)

    def test_a_rounding_that_moves_a_score_is_refused(self):
        row = {"remedy": "observe", "features": [0, 0.4], "weight": 0}
        document = self.document()

        class Exact:
            def scores(self, case):
                return numpy.array([0.2 for _ in case["remedies"]])
        with self.assertRaisesRegex(ValueError, "c-1: a score is"):
            export_tree.check(Exact(), document, [{"id": "c-1", "remedies": [row]}])

    def test_its_text_is_read_back_and_has_a_line_a_tree(self):
        document = {"format": 1, "temperature": 0.9} | self.document()
        text = export_tree.text_of(document)
        self.assertEqual(json.loads(text), document)
        self.assertEqual(text.count("\n"), 5)


class Temperature(unittest.TestCase):
    def test_who_is_too_sure_and_wrong_is_surprised_less_when_warm(self):
        cases, scores = [case("right", ""), case("", "right")], [numpy.array([3.0, 0])] * 2
        losses = [export_tree.likelihood_loss(cases, scores, one) for one in (0.5, 1, 4)]
        self.assertEqual(losses, sorted(losses, reverse=True))

    def test_weights_sum_to_one_whatever_the_scores(self):
        weights = export_tree.weights_of(numpy.array([1e4, 0, -1e4]), 0.5)
        self.assertAlmostEqual(weights.sum(), 1)


if __name__ == "__main__":
    unittest.main()
