#!/usr/bin/env python3
"""What the page of figures on Kubernetes claims of the runs it is made of."""

import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import kubernetes_figures as figures  # noqa: E402

from api_calls import calls_of, seconds_of  # noqa: E402
from guarding import CONFIG  # noqa: E402


def run(fault, policy, outage_s, is_over=True, restored_s=None):
    return {"fault": fault, "policy": policy, "outage_s": outage_s, "is_over": is_over,
            "bound_s": 60, "bad": 1, "asked": 100, "restored_s": restored_s, "load_before": 1.0}


def page_of(runs):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "program.json").write_text(json.dumps({"commit": "abc",
                                                         "sha256": "0123456789abcdef" * 4}))
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


class WhatIsBesideTheTable(unittest.TestCase):
    def test_analysis_is_told_of_where_it_was_measured(self):
        ours = run("bad_version", "homeostat", 3.0, restored_s=2.0)
        self.assertEqual(list(figures.analysis_table([ours])), [])
        theirs = run("bad_version", "analysis", 300.0, restored_s=301.0)
        told = "\n".join(figures.analysis_table([ours, theirs]))
        self.assertIn("| analysis | 301 (301–301) | 1 (1–1) | 1 |", told)
        self.assertIn("| homeostat | 2.0 (2.0–2.0) | 1 (1–1) | 1 |", told)

    def test_requests_are_told_by_what_was_asked_most(self):
        counted = run("nothing", "homeostat", 0.0) | {
            "calls": {"get pods": 2, "watch pods": 9}, "calls_s": 60.0, "resident_mib": 20.0,
            "acts": 0, "escalated": 1}
        told = "\n".join(figures.cost_table([counted, run("hang", "homeostat", 1.0)]))
        self.assertIn("| no fault | 0 (0–0) | 1 of 1 | 11 (11–11) | watch pods 9, get pods 2 | 60",
                      told)
        self.assertNotIn(figures.TOLD["hang"], told)

    def test_long_looks_are_played_in_few_rounds(self):
        faults = [fault for fault in figures.FAULTS if fault.__name__ in ("bad_version", "nothing")]
        first, tenth = ({(fault.__name__, policy) for fault, policies in
                         figures.groups_of(number, faults) for policy in policies}
                        for number in (1, 10))
        self.assertEqual({policy for fault, policy in first if fault == "nothing"}, {"homeostat"})
        self.assertIn(("bad_version", "tuned"), first)
        self.assertIn(("bad_version", "analysis"), first)
        self.assertEqual(tenth, {("bad_version", policy) for policy in (
            "homeostat", "homeostat_tuned", "analysis_tuned")})

    def test_whoever_heals_has_the_lab_alone(self):
        for number in (1, 10):
            for _, policies in figures.groups_of(number, figures.FAULTS):
                ours = [policy for policy in policies if policy.startswith("homeostat")]
                self.assertEqual(len(policies), 1 if ours else len(policies))


class TheCalls(unittest.TestCase):
    def test_are_of_one_account_and_one_time(self):
        def line(user, second, verb="get", stage="ResponseComplete"):
            return json.dumps({
                "stage": stage, "verb": verb, "requestReceivedTimestamp":
                f"2026-01-01T00:00:{second:02}.500000Z", "objectRef": {
                    "resource": "deployments", "subresource": "scale"},
                "user": {"username": f"system:serviceaccount:default:{user}"}}) + "\n"
        start = seconds_of("2026-01-01T00:00:00Z")
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as log:
            log.write(line("shop", 1) + line("shop", 9) + line("other", 2) +
                      line("shop", 3, "watch", "ResponseStarted") + line("shop", 3, "watch"))
            log.flush()
            self.assertEqual(calls_of(log.name, "shop", start, start + 5),
                             {"get deployments/scale": 1, "watch deployments/scale": 1})


class ThePage(unittest.TestCase):
    def test_has_the_faults_that_were_measured_and_no_others(self):
        told = page_of([run("hang", policy, 2.0) for policy in figures.POLICIES])
        self.assertIn(figures.TOLD["hang"], told)
        self.assertNotIn(figures.TOLD["leak"], told)

    def test_names_the_program_by_its_digest_and_the_checkout_as_what_it_is(self):
        told = page_of([run("hang", "homeostat", 1.0)])
        self.assertIn("Program: SHA-256 0123456789abcdef, first measured from a checkout at abc.",
                      told)

    def test_of_nothing_but_short_faults_is_a_page_too(self):
        for fault in figures.FEW:
            self.assertIn("Fewer than 10 rounds", page_of([run(fault, "homeostat", 1.0)]), fault)

    def test_says_what_the_agent_may(self):
        allowed = re.search(r"^autonomy: \{\{ (.*) \}\}$", CONFIG, re.MULTILINE)[1]
        self.assertIn(f"`{allowed}`", figures.HEAD)

    def test_says_of_itself_that_it_has_too_few_rounds(self):
        few = [run("hang", policy, 2.0) for policy in figures.POLICIES]
        self.assertIn("no figure to rely on", page_of(few))
        self.assertNotIn("no figure to rely on", page_of(few * figures.ROUNDS_WANTED))


class TheCommand(unittest.TestCase):
    def test_plays_every_fault_where_nobody_narrows_it(self):
        line = re.search(r"^K8S_FAULTS \?= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        self.assertEqual(line[1].split(), [fault.__name__ for fault in figures.FAULTS])


if __name__ == "__main__":
    unittest.main()
