#!/usr/bin/env python3
"""models/train/calibrate.py: the program's formula, and which weight is chosen."""

import math
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "models/train"))

import calibrate  # noqa: E402


def candidate(remedy, weight, is_acceptable=False, is_harmful=False):
    return {"remedy": remedy, "weight": weight, "is_acceptable": is_acceptable,
            "is_harmful": is_harmful}


def case(p_restart, right="restart", neutral=1 / 3):
    chances = {"restart": p_restart, "rollback": (1 - p_restart) / 2,
               "observe": (1 - p_restart) / 2}
    menu = [candidate("restart", 0.4), candidate("escalate", 0.2), candidate("rollback", 0.2),
            candidate("restart", 0.1), candidate("observe", 0.1)]
    for one in menu:
        one["is_acceptable"] = one["remedy"] == right
        one["is_harmful"] = one["remedy"] == "rollback"
    return {"remedies": menu,
            "model": {kind: {"log_probability": math.log(p), "neutral": math.log(neutral)}
                      for kind, p in chances.items()}}


class Weights(unittest.TestCase):
    def test_they_are_those_of_the_program(self):
        # As cases/model_ranker_test.cpp has it: 0.1, 0.8 and 0.1, a third each on nothing.
        one = case(0.1)
        one["model"]["rollback"]["log_probability"] = math.log(0.8)
        one["model"]["observe"]["log_probability"] = math.log(0.1)
        told = calibrate.weights(one, 1)
        for weight, wanted in zip(told, (0.8 * 0.12 / 0.66, 0.2, 0.8 * 0.48 / 0.66,
                                         0.8 * 0.03 / 0.66, 0.8 * 0.03 / 0.66), strict=True):
            self.assertAlmostEqual(weight, wanted)

    def test_a_word_that_counts_nothing_changes_nothing(self):
        told = calibrate.weights(case(0.9), 0)
        for weight, wanted in zip(told, (0.4, 0.2, 0.2, 0.1, 0.1), strict=True):
            self.assertAlmostEqual(weight, wanted)


    def test_the_least_weight_is_the_loops(self):
        source = (Path(calibrate.ROOT) / "homeostat/decide/decide.hpp").read_text()
        said = re.search(r"constexpr double prior_min = (\S+);", source)
        self.assertEqual(calibrate.WEIGHT_MIN, float(said[1]))


class Document(unittest.TestCase):
    def test_the_file_says_beside_whom_it_was_measured(self):
        model = {"name": "m sha256:00", "prompt_digest": "aa", "asked": 3}
        self.assertEqual(calibrate.document_of(model, "rules", 0.5),
                         {"model": "m sha256:00", "prompt_digest": "aa", "lambda": 0.5,
                          "beside": "rules"})


class Choice(unittest.TestCase):
    def best(self, cases):
        return calibrate.best_of([calibrate.measured(cases, one) for one in calibrate.LAMBDAS])

    def test_a_model_that_is_right_is_given_weight_and_one_that_is_wrong_none(self):
        self.assertEqual(self.best([case(0.98)] * 3)["lambda"], calibrate.LAMBDAS[-1])
        self.assertEqual(self.best([case(0.01)] * 3)["lambda"], 0)

    def test_one_that_is_right_half_of_the_time_is_not_trusted_whole(self):
        found = self.best([case(0.98), case(0.02), case(0.98)])["lambda"]
        self.assertTrue(0 <= found < 1)

    def test_figures_are_of_what_is_chosen(self):
        told = calibrate.measured([case(0.9), case(0.9, right="rollback")], 0)
        self.assertEqual((told["right"], told["harmful"]), (0.5, 0.0))

    def test_a_case_tells_something_where_the_model_was_asked_and_not_all_is_right(self):
        self.assertTrue(calibrate.is_telling(case(0.5)))
        self.assertFalse(calibrate.is_telling(case(0.5, right="scale")))
        self.assertFalse(calibrate.is_telling({"remedies": case(0.5)["remedies"]}))


if __name__ == "__main__":
    unittest.main()
