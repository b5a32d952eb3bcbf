#!/usr/bin/env python3
"""Writes the page of the durable core from made-up measurements, and reads what it claims."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

from core_figures_page import page_of  # noqa: E402

ENOUGH = 5


def measured(cpu_us, wall_us, bytes_count=0):
    """Twice as many bytes on the disk."""
    return {"cpu_us": cpu_us, "wall_us": wall_us, "bytes": bytes_count,
            "disk_bytes": 2 * bytes_count, "versions": {"It": "1"}}


class Runs:
    """A directory as tools/core_figures.py leaves it."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="core-figures-page-")
        self.path = Path(self.directory.name)
        self.units = []
        self.ledger_units = []

    def memory(self, workload, ours_us, theirs_us, wall_us=None):
        self.add(workload, "memory", {"memory": measured(ours_us, wall_us or ours_us),
                                      "langgraph": measured(theirs_us, theirs_us),
                                      "neograph": measured(10, 10)})

    def ledger(self, append_ratio, verify_ratio):
        unit = {"round": len(self.ledger_units) + 1, "load_before": 0.1, "bytes_per_thread": 1_280,
                "verify/manual_time speed_ratio_p50": verify_ratio}
        for size in ("512", "8192"):
            for quantile in ("p50", "p99"):
                begin = f"append_against_floor/{size}"
                unit |= {f"{begin} floor_us_{quantile}": 100,
                         f"{begin} ledger_us_{quantile}": 100 * append_ratio,
                         f"{begin} ratio_{quantile}": append_ratio}
        self.ledger_units.append(unit)

    def sqlite(self, workload, synced_us, effects_us, theirs_us, bytes_of=(100, 10_000)):
        self.add(workload, "sqlite",
                 {"file_synced": measured(synced_us, synced_us, bytes_of[0]),
                  "file_effects": measured(effects_us, effects_us, bytes_of[0]),
                  "langgraph": measured(theirs_us, theirs_us, bytes_of[1]),
                  "neograph": measured(300, 300)})

    def incidents(self, effects_us, theirs_us):
        self.add("incidents_16", "sqlite", {"file_effects": measured(effects_us, effects_us),
                                            "langgraph": measured(theirs_us, theirs_us)})

    def refused(self, workload):
        refusal = {"refused": "a group of 9 bytes"}
        self.add(workload, "sqlite", {"file_synced": refusal, "file_effects": refusal,
                                      "langgraph": measured(1, 1), "neograph": measured(1, 1)})

    def add(self, workload, saver, ways):
        self.units.append({"round": len(self.units) + 1, "workload": workload, "saver": saver,
                           "load_before": 0.1, **ways})

    def page(self):
        (self.path / "pairs.jsonl").write_text(
            "".join(json.dumps(unit) + "\n" for unit in self.units))
        (self.path / "ledger.jsonl").write_text(
            "".join(json.dumps(unit) + "\n" for unit in self.ledger_units))
        return page_of(self.path)

    def goal_cells(self, begin):
        row = next(line for line in self.page().splitlines() if line.startswith(f"| {begin}"))
        return [cell.strip() for cell in row.split("|")[2:4]]

    def goal(self, begin, which):
        """The last two cells of a goal's row."""
        row = next(line for line in self.page().splitlines()
                   if line.startswith(f"| {begin}") and f": {which} |" in line)
        return [cell.strip() for cell in row.split("|")[2:4]]


class CorePage(unittest.TestCase):
    def setUp(self):
        self.runs = Runs()
        self.addCleanup(self.runs.directory.cleanup)

    def test_what_was_not_measured_is_said_to_be_missing(self):
        missing = [line for line in self.runs.page().splitlines()
                   if line.endswith("| not measured | – |")]
        self.assertEqual(len(missing), 8)

    def test_a_superstep_above_two_microseconds_by_one_clock_misses_the_goal(self):
        for _ in range(ENOUGH):
            self.runs.memory("heal_200", 1.2, 250, wall_us=2.1)
        self.assertEqual(self.runs.goal("at most 2 µs", "`heal_200`"),
                         ["CPU 1.2 µs, wall 2.1 µs", "**no**"])

    def test_the_worst_graph_decides_for_every_graph(self):
        for _ in range(ENOUGH):
            self.runs.memory("fan_out_100", 11, 2_200)
            self.runs.memory("heal_200", 1, 250)
        self.assertEqual(self.runs.goal("at most 2 µs", "`heal_200`")[1], "yes")
        said, is_reached = self.runs.goal("at most 2 µs", "every graph")
        self.assertIn("the worst is `fan_out_100`: CPU 11 µs", said)
        self.assertEqual(is_reached, "**no**")
        self.assertIn("`fan_out_100`: CPU 200×",
                      self.runs.goal("LangGraph with its memory", "every graph")[0])

    def test_few_rounds_show_nothing(self):
        for _ in range(ENOUGH - 1):
            self.runs.memory("heal_200", 1, 250)
        self.assertEqual(self.runs.goal("LangGraph with its memory", "`heal_200`")[1],
                         "not shown: fewer than 5 rounds")

    def test_a_ratio_that_one_round_misses_is_not_shown(self):
        for ours_us in (1, 1, 1, 1, 2.6):
            self.runs.memory("heal_200", ours_us, 250)
        self.assertEqual(self.runs.goal("LangGraph with its memory", "`heal_200`"),
                         ["CPU 250 (96.2–250)×, wall 250 (96.2–250)×",
                          "not shown: not in every round"])

    def test_a_ratio_is_of_one_round(self):
        for ours_us, theirs_us in ((1, 150), (10, 1_500), (100, 15_000), (2, 300), (3, 450)):
            self.runs.memory("heal_200", ours_us, theirs_us)
        self.assertEqual(self.runs.goal("LangGraph with its memory", "`heal_200`"),
                         ["CPU 150×, wall 150×", "yes"])

    def test_each_kind_of_durability_has_its_own_goal(self):
        for _ in range(ENOUGH):
            self.runs.sqlite("heal_200", 100, 50, 700)
        self.assertEqual(
            self.runs.goal("LangGraph with its SQLite saver at equal", "`heal_200`"),
            ["CPU 7×, wall 7×", "**no**"])
        self.assertEqual(
            self.runs.goal("LangGraph with its SQLite saver, at least 10", "`heal_200`"),
            ["CPU 14×, wall 14×", "yes"])

    def test_bytes_are_compared_by_graph(self):
        self.runs.sqlite("heal_200", 1, 1, 1, bytes_of=(100, 10_000))
        self.runs.sqlite("chain_10", 1, 1, 1, bytes_of=(100, 9_900))
        self.assertEqual(self.runs.goal("LangGraph keeps", "`heal_200`"),
                         ["commits 100×, on the disk 100×", "yes"])
        self.assertEqual(self.runs.goal("LangGraph keeps", "every graph"),
                         ["the worst is `chain_10`: commits 99×, on the disk 99×", "**no**"])
        self.assertIn("| chain_10 | 100 | 9900 | 99× | 200 | 19800 | 99× |", self.runs.page())

    def test_bytes_on_the_disk_count_as_well(self):
        self.runs.sqlite("heal_200", 1, 1, 1, bytes_of=(100, 10_000))
        self.runs.units[0]["file_synced"]["disk_bytes"] = 500
        self.assertEqual(self.runs.goal("LangGraph keeps", "`heal_200`"),
                         ["commits 100×, on the disk 40×", "**no**"])

    def test_incidents_side_by_side_have_a_goal_of_their_own(self):
        begin = "LangGraph with its SQLite saver, at least 40 times"
        self.assertEqual(self.runs.goal_cells(begin), ["not measured", "–"])
        for _ in range(ENOUGH):
            self.runs.incidents(30, 1_260)
        self.assertEqual(self.runs.goal(begin, "`incidents_16`"), ["CPU 42×, wall 42×", "yes"])
        page = self.runs.page()
        self.assertIn("| incidents_16 | LangGraph | 5 | 1260 | 1260 | 42× | 42× |", page)
        self.assertNotIn("the worst is `incidents_16`", page)

    def test_a_graph_that_our_store_refuses_misses_the_goals_of_every_graph(self):
        for _ in range(ENOUGH):
            self.runs.sqlite("heal_200", 1, 1, 1_000)
            self.runs.refused("wide_300")
        for begin in ("LangGraph with its SQLite saver at equal", "LangGraph keeps",
                      "LangGraph with its SQLite saver, at least 10"):
            self.assertEqual(self.runs.goal(begin, "`heal_200`")[1], "yes")
            said, is_reached = self.runs.goal(begin, "every graph")
            self.assertTrue(said.endswith("; `wide_300` is refused"), said)
            self.assertEqual(is_reached, "**no**")
        self.assertIn("`wide_300` is refused by our store: a group of 9 bytes.", self.runs.page())

    def test_the_ledger_is_held_to_its_floor(self):
        for ratio in (1.1, 1.1, 1.2, 1.1, 1.1):
            self.runs.ledger(ratio, 0.5)
        self.assertEqual(self.runs.goal_cells("an append"),
                         ["512 bytes 1.1 (1.1–1.2)×, 8 KiB 1.1 (1.1–1.2)×", "yes"])
        self.assertEqual(self.runs.goal_cells("verification"), ["0.5×", "**no**"])
        self.assertIn("| append of 8 KiB, p99 | 5 | 110 (110–120) | 100 | 1.1 (1.1–1.2)× |",
                      self.runs.page())
        self.assertIn("of the benchmark's `heal_1` that wait after their first action take 1280 "
                      "bytes of memory each", self.runs.page())

    def test_each_engine_has_a_row_with_its_ratio(self):
        for _ in range(2):
            self.runs.memory("heal_200", 1, 250)
        page = self.runs.page()
        self.assertIn("| heal_200 | ours | 2 | 1 | 1 |  |  |", page)
        self.assertIn("| heal_200 | LangGraph | 2 | 250 | 250 | 250× | 250× |", page)
        self.assertIn("| heal_200 | NeoGraph | 2 | 10 | 10 | 10× | 10× |", page)


if __name__ == "__main__":
    unittest.main()
