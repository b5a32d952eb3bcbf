#!/usr/bin/env python3
"""Writes the page of figures from measurements that are made up, and reads what it claims."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

from demo_figures_page import page_of  # noqa: E402


class Runs:
    """A directory as tools/demo_figures.py leaves it."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="figures-page-")
        self.path = Path(self.directory.name)

    def demo(self, seed, ours_ms, tuned_ms, scenario="leak"):
        """None for the time of a run that did not heal."""
        ours = {"healed": ours_ms is not None, "heal_ms": ours_ms, "detect_ms": 500,
                "decide_ms": 10 * seed, "act_ms": 200, "failed_requests": 40, "remedies": ["x"]}
        tuned = {"policy": "kubernetes-tuned", "name": scenario, "healed": tuned_ms is not None,
                 "heal_ms": tuned_ms, "failed_requests": 70, "restarts": 3,
                 "instances_running": 3, "window_ms": 25_000}
        agent = {"seconds": 20, "processor_seconds": 0.2, "resident_kib_max": 15 * 1024}
        (self.path / f"demo-{scenario}-{seed}.json").write_text(json.dumps(
            {"seed": seed, "scenario": scenario, "oracle": "rules", "at_once": 2,
             "load_before": 0.5, "as_expected": ours_ms is not None, "agent": agent,
             "document": {"scenarios": [ours], "baseline": [tuned]}}))

    def blocks(self, pairs, resident_mib=15, processor_seconds=0.05):
        agent = {"seconds": 5, "processor_seconds": processor_seconds, "incidents": 0,
                 "resident_kib": resident_mib * 1024}
        lines = [json.dumps({"load_before": 0.1,
                             "with": {"p50_ms": 20, "p99_ms": with_ms, "agent": agent},
                             "without": {"p50_ms": 20, "p99_ms": without_ms, "agent": None}})
                 for with_ms, without_ms in pairs]
        (self.path / "blocks.jsonl").write_text("\n".join(lines) + "\n")

    def page(self):
        return page_of(self.path)

    def goal(self, begin):
        """The last two cells of a goal's row."""
        row = next(line for line in self.page().splitlines() if line.startswith(f"| {begin}"))
        return [cell.strip() for cell in row.split("|")[2:4]]


class Page(unittest.TestCase):
    def setUp(self):
        self.runs = Runs()
        self.addCleanup(self.runs.directory.cleanup)

    def test_what_was_not_measured_is_said_to_be_missing(self):
        for begin in ("every scenario", "never slower", "agent at most 20", "agent at most 2 %",
                      "p99"):
            self.assertEqual(self.runs.goal(begin), ["not measured", "–"])

    def test_a_run_that_ends_otherwise_than_expected_misses_the_goal_and_is_named(self):
        self.runs.demo(1, 3_000, None)
        self.assertEqual(self.runs.goal("every scenario"), ["1 of 1", "yes"])
        self.runs.demo(2, None, None)
        self.assertEqual(self.runs.goal("every scenario"),
                         ["1 of 2; not: `leak` with seed 2", "**no**"])

    def test_medians_more_than_a_second_later_than_the_tuned_restarts_miss_the_goal(self):
        for seed, ours in ((1, 3_000), (2, 3_900), (3, 9_000)):
            self.runs.demo(seed, ours, 2_800)
        measured, reached = self.runs.goal("never slower")
        self.assertIn("+1.10 s", measured)
        self.assertEqual(reached, "**no**")

    def test_a_second_later_is_still_within_the_goal(self):
        for seed in (1, 2, 3):
            self.runs.demo(seed, 3_750, 2_750)
        self.assertEqual(self.runs.goal("never slower")[1], "yes")

    def test_not_healing_where_the_tuned_restarts_do_misses_the_goal(self):
        for seed in (1, 2, 3):
            self.runs.demo(seed, None, 2_000)
        self.assertEqual(self.runs.goal("never slower")[1], "**no**")
        self.assertIn("- `leak`: Homeostat mostly not healed; as fast or faster: "
                      "kubernetes-tuned 2 s.", self.runs.page())

    def test_the_goal_says_nothing_where_the_tuned_restarts_do_not_heal(self):
        for seed in (1, 2, 3):
            self.runs.demo(seed, 3_000, None)
        self.assertEqual(self.runs.goal("never slower"), ["not measured", "–"])
        self.assertIn("| 0 of 3 within 25 s | – |", self.runs.page())

    def test_how_many_ran_side_by_side_is_said(self):
        self.runs.demo(1, 2_000, 2_000)
        self.assertIn("per seed, up to 2 scenarios side by side.", self.runs.page())

    def test_whoever_is_as_fast_is_named(self):
        self.runs.demo(1, 2_000, 2_000)
        self.assertIn("- `leak`: Homeostat 2 s; as fast or faster: kubernetes-tuned 2 s.",
                      self.runs.page())

    def test_whoever_is_slower_is_not_named(self):
        self.runs.demo(1, 2_000, 2_001)
        self.assertIn("- nowhere", self.runs.page())

    def test_a_fault_that_no_user_saw_has_no_time(self):
        self.runs.demo(1, 2_000, 2_000)
        file = self.runs.path / "demo-leak-1.json"
        unit = json.loads(file.read_text())
        unit["document"]["baseline"][0]["heal_ms"] = None
        file.write_text(json.dumps(unit))
        self.assertIn("| 1 of 1 | nobody saw it |", self.runs.page())

    def test_an_interval_above_the_goal_misses_it_and_one_around_it_shows_nothing(self):
        self.runs.blocks([(1.05 + 0.001 * (n % 3), 1.0) for n in range(20)])
        self.assertEqual(self.runs.goal("p99")[1], "**no**")
        self.runs.blocks([(0.95 + 0.15 * (n % 2), 1.0) for n in range(20)])
        self.assertIn("not shown", self.runs.goal("p99")[1])
        self.runs.blocks([(1.0 + 0.001 * (n % 3), 1.0) for n in range(20)])
        self.assertEqual(self.runs.goal("p99")[1], "yes")
        self.runs.blocks([(1.0, 1.0)] * 19)
        self.assertIn("fewer than 20 pairs", self.runs.goal("p99")[1])

    def test_an_agent_that_weighs_too_much_misses_both_goals(self):
        self.runs.blocks([(1.0, 1.0)] * 3, resident_mib=21, processor_seconds=0.11)
        self.assertEqual(self.runs.goal("agent at most 20")[1], "**no**")
        measured, reached = self.runs.goal("agent at most 2 %")
        self.assertIn("2.20 % at the worst", measured)
        self.assertEqual(reached, "**no**")


if __name__ == "__main__":
    unittest.main()
