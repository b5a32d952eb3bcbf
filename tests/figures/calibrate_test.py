#!/usr/bin/env python3
"""models/train/calibrate.py: the program's formula, and which weight is chosen."""

import math
import random
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


def said(**shares):
    return {kind: {"log_probability": math.log(p), "neutral": math.log(1 / 3)}
            for kind, p in shares.items()}


class Notes(unittest.TestCase):
    SURE = said(restart=0.1, rollback=0.8, observe=0.1)
    UNSURE = said(restart=0.25, rollback=0.5, observe=0.25)
    PLAIN = said(restart=0.4, rollback=0.2, observe=0.4)

    def noted(self, answer, kind):
        told = case(0.5) | {"model": self.PLAIN}
        return (told, answer, kind)

    def test_what_notes_lift_is_the_programs(self):
        lifts = calibrate.lifts_by(self.SURE, self.PLAIN)
        self.assertAlmostEqual(lifts["rollback"], math.log(0.8 / 0.2))
        self.assertEqual((lifts["restart"], lifts["observe"]), (0, 0))
        self.assertEqual(set(calibrate.lifts_by(self.UNSURE, self.PLAIN).values()), {0})
        source = (Path(calibrate.ROOT) / "homeostat/decide/decide.cpp").read_text()
        for name, value in (("sure_of_note_min", calibrate.SURE_MIN),
                            ("lift_by_notes_max", calibrate.LIFT_MAX)):
            said_there = re.search(rf"constexpr double {name} = (\S+);", source)
            self.assertEqual(value, float(said_there[1]))

    def test_what_is_heard_leaves_a_person_where_it_was(self):
        # As cases/model_ranker_test.cpp has it.
        menu = case(0.5)["remedies"]
        told = calibrate.heeded(menu, [one["weight"] for one in menu],
                                {"restart": 0, "rollback": 2, "observe": 0})
        self.assertAlmostEqual(sum(told), 1)
        self.assertEqual(max(told), told[2])
        self.assertAlmostEqual(told[2], 2 * told[1])

    def test_a_weight_that_does_what_is_asked_for_is_taken(self):
        rows = [calibrate.measured_notes([self.noted(self.SURE, "rollback"),
                                          self.noted(self.UNSURE, None)], 0, one)
                for one in (0, 1)]
        self.assertEqual([row["followed"] for row in rows], [0, 1])
        self.assertEqual(calibrate.best_of_notes(rows)["lambda_notes"], 1)

    def test_none_that_harms_unasked_or_is_moved_by_idle_words_is(self):
        for kind in ("observe", None):  # The case's rollback is harmful.
            rows = [calibrate.measured_notes([self.noted(self.SURE, kind)] * 2
                                             + [self.noted(self.UNSURE, None),
                                                self.noted(self.UNSURE, "observe")], 0, one)
                    for one in (0, 1)]
            self.assertEqual(calibrate.best_of_notes(rows)["lambda_notes"], 0)

    def test_wishes_are_for_other_kinds_in_words_of_their_own(self):
        words = calibrate.Notes(1, weighs=True)
        told = calibrate.wishes(case(0.5), random.Random(1), words)
        self.assertEqual([kind is None for _, kind in told], [False, False, True])
        self.assertNotIn("restart", [kind for _, kind in told])
        known = {calibrate.Notes(seed, held_out).prefer("rollback")
                 for seed in range(300) for held_out in (False, True)}
        self.assertFalse(known & {calibrate.Notes(seed, weighs=True).prefer("rollback")
                                  for seed in range(100)})


class Bars(unittest.TestCase):
    def cases(self, harmful_count, sure=0.95, unsure=0.6):
        """A hundred choices to restart: the unsure ones harm."""
        told = []
        for at in range(100):
            one = case(unsure if at < harmful_count else sure)
            for remedy in one["remedies"]:
                remedy["is_harmful"] = at < harmful_count and remedy["remedy"] == "restart"
            told.append(one)
        return told

    def test_a_choice_is_the_loops_which_has_no_person_to_call(self):
        remedies = [candidate("escalate", 0.5), candidate("restart", 0.3, is_harmful=True),
                    candidate("observe", 0.2)]
        told = calibrate.choice_of(remedies, [0.5, 0.3, 0.2])
        self.assertEqual((told["kind"], told["is_harmful"]), ("restart", True))
        self.assertAlmostEqual(told["harm"], -0.6)

    def test_the_bar_lies_above_what_harmed_too_often(self):
        view = calibrate.plain_view(self.cases(5), 1)
        unsure, sure = -view[0]["harm"], -view[-1]["harm"]
        [bar] = calibrate.bars_of([view], 0.01, 0.1)
        self.assertTrue(unsure < bar["confidence_min"] <= sure)
        self.assertEqual((bar["remedy"], bar["n"], bar["acts"], bar["harmful"]),
                         ("restart", 100, 95, 0))

    def test_too_few_cases_permit_nothing_at_the_rate(self):
        self.assertEqual(calibrate.bars_of([calibrate.plain_view(self.cases(0)[:98], 1)],
                                           0.01, 0.1), [])

    def test_the_strictest_view_sets_the_bar(self):
        harmful = calibrate.plain_view(self.cases(5), 1)
        harmless = [one | {"is_harmful": False} for one in harmful]
        [permissive] = calibrate.bars_of([harmless], 0.01, 0.1)
        [alone] = calibrate.bars_of([harmful], 0.01, 0.1)
        [both] = calibrate.bars_of([harmless, harmful], 0.01, 0.1)
        self.assertEqual(alone["confidence_min"], both["confidence_min"])
        self.assertLess(permissive["confidence_min"], both["confidence_min"])

    def test_a_note_that_is_heard_makes_the_choice_of_its_view(self):
        one = case(0.5) | {"model": Notes.PLAIN}
        [told] = calibrate.noted_view([(one, Notes.SURE, "rollback")], 0, 2)
        [before] = calibrate.noted_view([(one, Notes.UNSURE, None)], 0, 2)
        self.assertEqual((told["kind"], before["kind"]), ("rollback", "restart"))


class Document(unittest.TestCase):
    def test_bars_are_written_where_they_were_measured(self):
        model = {"name": "m sha256:00", "prompt_digest": "aa"}
        acts = {"of_cases": 0.01, "of_choices": 0.1, "cases": 1, "cases_sha256": "00", "bars": []}
        self.assertEqual(calibrate.document_of(model, "rules", 1, 0, acts)["acts"], acts)
        self.assertNotIn("acts", calibrate.document_of(model, "rules", 1, 0))

    def test_the_weight_of_notes_is_written_where_there_is_one(self):
        model = {"name": "m sha256:00", "prompt_digest": "aa"}
        self.assertEqual(calibrate.document_of(model, "rules", 0, 2.5)["lambda_notes"], 2.5)
        self.assertNotIn("lambda_notes", calibrate.document_of(model, "rules", 0, 0))

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
