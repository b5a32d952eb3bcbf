#!/usr/bin/env python3
"""The arithmetic of bench/decide/note_flips.py, over cases made by hand."""

import random
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "bench/decide")]

import note_flips  # noqa: E402
from note_flips import notes  # noqa: E402


def case(*kinds, saves=None, right=(), harmful=()):
    return {"remedies": [{"remedy": kind, "is_acceptable": kind in right,
                          "is_harmful": kind in harmful} for kind in kinds],
            "saves": saves or {}}


class Wishes(unittest.TestCase):
    def made(self, told):
        return note_flips.wishes(told, random.Random(1), notes.Notes(1, held_out=True))

    def test_a_wish_is_for_another_kind_of_the_menu_that_helps_or_does_not(self):
        made = self.made(case("restart", "restart", "rollback", "scale", "escalate",
                              saves={"restart": 0.9, "rollback": 0.5, "scale": 0.4}))
        self.assertEqual(made["helps"][1], "rollback")
        self.assertEqual(made["does_not_help"][1], "scale")
        self.assertTrue(any(word in made["helps"][0] for word in notes.SUBJECTS["rollback"]))
        self.assertIn(made["about_something_else"], [(one, None, None) for one in notes.IDLE])

    def test_where_no_other_kind_helps_nothing_is_wished(self):
        self.assertEqual(set(self.made(case("restart", "scale", "escalate",
                                            saves={"restart": 1.0, "escalate": 1.0}))),
                         {"does_not_help", "rather_than", "avoid", "about_something_else"})
        self.assertEqual(set(self.made(case("observe", "escalate"))), {"about_something_else"})

    def test_a_wish_for_what_harms_is_told_apart(self):
        made = self.made(case("restart", "rollback", saves={"rollback": -0.5}))
        self.assertEqual(made["harms"][1], "rollback")
        self.assertEqual(set(made), {"harms", "avoid", "about_something_else"})

    def test_what_is_warned_of_is_what_was_chosen(self):
        made = self.made(case("restart", "rollback"))
        self.assertEqual(made["avoid"][1:], (None, "restart"))
        self.assertEqual(made["rather_than"][1:], ("rollback", "restart"))
        self.assertFalse({"avoid", "rather_than"} & set(self.made(case("escalate", "rollback"))))

    def test_words_are_none_that_were_trained(self):
        taught = notes.Notes(1)
        known = {taught.prefer("rollback") for _ in range(2000)}
        for seed in range(50):
            made = note_flips.wishes(case("restart", "rollback", saves={"rollback": 1.0}),
                                     random.Random(seed), notes.Notes(seed, held_out=True))
            self.assertNotIn(made["helps"][0], known)


class Counts(unittest.TestCase):
    def test_what_was_asked_for_and_what_else_changed_are_told_apart(self):
        before = case("restart", right=("restart",))
        outcomes = [note_flips.outcome(before, case("scale", harmful=("scale",)), "scale"),
                    note_flips.outcome(before, case("rollback"), "scale"),
                    note_flips.outcome(before, before, "scale"),
                    note_flips.outcome(before, before, None)]
        told = note_flips.counted(outcomes)
        self.assertEqual((told["n"], told["is_followed"], told["is_changed"]), (4, 0.25, 0.5))
        self.assertEqual((told["was_harmful"], told["is_harmful"]), (0, 0.25))
        self.assertEqual((told["was_acceptable"], told["is_acceptable"]), (1, 0.5))
        self.assertLess(told["followed_interval"][0], 0.25)

    def test_harm_that_a_note_asks_for_is_told_from_harm_that_it_does_not(self):
        before = case("restart")
        outcomes = [note_flips.outcome(before, case("scale", harmful=("scale",)), kind)
                    for kind in ("scale", "rollback", None)]
        self.assertEqual([one["is_harmful_unasked"] for one in outcomes], [False, True, True])

    def test_a_warning_is_heeded_by_anything_else(self):
        before = case("restart")
        told = [note_flips.outcome(before, after, None, "restart")["is_followed"]
                for after in (before, case("scale"))]
        self.assertEqual(told, [False, True])

    def test_the_median_is_of_those_who_were_asked(self):
        cases = [{"ms": {"model": ms}, "model": {}} for ms in (3, 1, 2)]
        self.assertEqual(note_flips.middle_ms([*cases, {"ms": {"model": 0}}]), 2)
        self.assertEqual(note_flips.middle_ms([]), None)

    def test_of_nothing_nothing_is_said(self):
        self.assertEqual(note_flips.counted([])["is_followed"], None)


if __name__ == "__main__":
    unittest.main()
