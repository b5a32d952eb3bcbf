#!/usr/bin/env python3
"""Which lives a case asks for, and that what is there is not lived again. No world is started:
lives are made up here."""

import json
import sys
import tempfile
import unittest
from concurrent.futures import Future
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bench/second_world"))

import draw  # noqa: E402
import run  # noqa: E402

CURED = {"requests": 750, "lost": 20.0, "late_lost": 0.0}
LOST = {"requests": 750, "lost": 750.0, "late_lost": 300.0}
HEALTHY = {"requests": 750, "lost": 0.0, "late_lost": 0.0}


class MadeUpLives:
    """Writes what a life would have; `cure` is the name of the trial that heals."""

    def __init__(self, loss, cure=None, fails_from=10**6):
        self.loss, self.cure, self.fails_from = loss, cure, fails_from
        self.lived = []

    def submit(self, directory, name, *_):
        told = Future()
        out = directory / f"{name}.json"
        if not out.exists():
            if len(self.lived) == self.fails_from:
                told.set_result(None)
                return told
            self.lived.append(name)
            loss = CURED if name.rsplit(".", 1)[0] == self.cure else self.loss
            out.write_text(json.dumps({"loss": loss, "shown": {"id": "x"}}))
        told.set_result(json.loads(out.read_text()))
        return told


class Cases(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="second-world-run-")
        self.addCleanup(directory.cleanup)
        self.runs = Path(directory.name)
        # One that needs nothing of the machine, and has something to try.
        self.number = next(number for number in range(1, 200)
                           if draw.draw_plan(5, number)["family"] == "bad_version")
        self.plan = draw.draw_plan(5, self.number)
        self.groups = run.groups_in(self.plan)

    def make(self, lives, number=None):
        return run.Maker(lives, self.runs, 5, print).make(number or self.number)

    def test_a_case_has_a_life_for_each_trial_and_a_second_where_it_could_matter(self):
        cure = next(iter(self.groups))
        lives = MadeUpLives(LOST, cure)
        self.assertEqual(self.make(lives), "")
        first = [name for name in lives.lived if name.endswith(".1")]
        self.assertEqual(len(first), 1 + len(self.groups))
        second = {name for name in lives.lived if name.endswith(".2")}
        self.assertIn(f"{cure}.2", second)
        self.assertIn("observe.2", second)

    def test_the_cure_is_what_is_acceptable(self):
        cure = next(iter(self.groups))
        self.make(MadeUpLives(LOST, cure))
        case = run.case_in(run.made_in(self.runs)[0])
        self.assertIn(self.groups[cure][0]["remedy"],
                      {one["remedy"] for one in case["acceptable"]})
        self.assertNotIn("observe", {one["remedy"] for one in case["acceptable"]})

    def test_what_is_there_is_not_lived_again(self):
        lives = MadeUpLives(LOST, fails_from=3)
        self.assertIsNone(self.make(lives))
        self.assertEqual(run.made_in(self.runs), [])
        again = MadeUpLives(LOST)
        self.assertEqual(self.make(again), "")
        self.assertFalse(set(lives.lived) & set(again.lived))
        more = MadeUpLives(LOST)
        self.assertEqual(self.make(more), "")
        self.assertEqual(more.lived, [])

    def test_most_of_what_users_hardly_feel_is_left_out_after_one_life(self):
        plans = [draw.draw_plan(5, number) for number in range(1, 60)]
        plans = [plan for plan in plans
                 if not any(run.faults.FAMILIES[fault["family"]].needs
                            for fault in plan["faults"])]
        kept = []
        for plan in plans:
            lives = MadeUpLives(HEALTHY)
            kept.append(self.make(lives, plan["number"]) == "")
            self.assertEqual(kept[-1], plan["luck"] <= run.UNFELT_KEPT)
            self.assertEqual(kept[-1], len(lives.lived) > 1)
        self.assertGreater(sum(kept), 5)

    def test_doing_nothing_was_lived_twice_in_the_first_future(self):
        self.make(MadeUpLives(LOST))
        directory = run.made_in(self.runs)[0]
        (directory / "recorded.json").write_text(json.dumps({"loss": HEALTHY}))
        self.assertEqual(run.losses_in(directory, {})["observe"][1]["lost"], 375)
        self.assertAlmostEqual(run.noise_in(self.runs)[0]["apart_s"],
                               2 * run.noise_in(self.runs)[0]["cost_s"], 1)


if __name__ == "__main__":
    unittest.main()
