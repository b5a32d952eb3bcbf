#!/usr/bin/env python3
"""What the page of figures on Kubernetes claims of the runs it is made of."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import kubernetes_figures as figures  # noqa: E402


def run(fault, policy, outage_s, is_over=True, restored_s=None):
    return {"fault": fault, "policy": policy, "outage_s": outage_s, "is_over": is_over,
            "bound_s": 60, "bad": 1, "asked": 100, "restored_s": restored_s, "load_before": 1.0}


def page_of(runs):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "program.json").write_text(json.dumps({"commit": "abc"}))
        (folder / "runs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in runs))
        return "\n".join(figures.page(folder))


class TheCells(unittest.TestCase):
    def test_tell_the_median_the_spread_and_what_was_not_over(self):
        runs = [run("hang", "tuned", seconds) for seconds in (2.0, 4.0, 9.0)]
        self.assertEqual(figures.cell(runs), "4.0 (2.0–9.0)")
        runs.append(run("hang", "tuned", 1.0, is_over=False))
        self.assertEqual(figures.cell(runs), "4.0 (2.0–9.0), 1 of 4 not in 60")
        self.assertEqual(figures.cell(runs[3:]), "not in 60 (n = 1)")
        self.assertEqual(figures.cell([]), "–")

    def test_a_version_that_nobody_rolls_back_stays(self):
        self.assertEqual(figures.restored_cell([run("bad_image", "none", 0.0)]), "not in 60")


class TheGoals(unittest.TestCase):
    def test_a_run_that_was_not_over_counts_as_its_bound(self):
        runs = [run("crash_back_off", "homeostat", 5.0),
                run("crash_back_off", "tuned", 30.0, is_over=False),
                run("crash_back_off", "default", 40.0)]
        told = "\n".join(figures.goals(runs))
        self.assertIn("than tuned liveness | 5.0 s and 60.0 s | yes |", told)
        self.assertIn("than default liveness | 5.0 s and 40.0 s | **no** |", told)

    def test_a_goal_that_is_missed_is_said_to_be(self):
        slower = [run("hang", "homeostat", 3.0), run("hang", "tuned", 2.9)]
        self.assertIn("| **no** |", "\n".join(figures.goals(slower)))
        late = [run("bad_version", "homeostat", 5.0), run("bad_version", "tuned", 0, False)]
        self.assertIn("| **no** |", "\n".join(figures.goals(late)))


class ThePage(unittest.TestCase):
    def test_has_the_faults_that_were_measured_and_no_others(self):
        told = page_of([run("hang", policy, 2.0) for policy in figures.POLICIES])
        self.assertIn(figures.TOLD["hang"], told)
        self.assertNotIn(figures.TOLD["leak"], told)
        self.assertIn("Program: abc", told)


if __name__ == "__main__":
    unittest.main()
