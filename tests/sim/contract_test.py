#!/usr/bin/env python3
"""What `homeostat simulate --json` promises to whoever calls it: its last line and its exit status.

contract_test.py HOMEOSTAT HOMEOSTAT_LAB
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import unittest

HOMEOSTAT, LAB = sys.argv[1:]
KEYS = {
    "seeds": int,
    "violations": int,
    "settled": int,
    "healed": int,
    "orders": int,
    "seeds_with_orders": int,
    "deaths": int,
    "steps": int,
    "virtual_seconds": float,
    "wall_seconds": float,
    "trace_hash": str,
}


def run(*arguments):
    return subprocess.run([HOMEOSTAT, "simulate", *arguments], capture_output=True, text=True,
                          timeout=300, check=False)


def catches(process, number):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16)
    return caught >> (number - 1) & 1 == 1


def told_by(done):
    return json.loads(done.stdout.splitlines()[-1])


class Contract(unittest.TestCase):
    def test_a_matrix_of_deaths_counts_points_recoveries_and_pairs(self):
        done = run("kills", "--scene", "restart", "--pairs", "5", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = told_by(done)
        self.assertEqual((told["scene"], told["pairs_run"], told["failures"]), ("restart", 5, 0))
        self.assertGreater(told["points"], 20)
        self.assertGreater(told["recoveries"], 10)
        self.assertGreater(told["pairs"], 10 * told["points"])
        shown = run("kills", "--scene", "restart", "--at", "3", "2").stdout
        self.assertEqual(shown.count("homeostat dies"), 2)
        self.assertIn("life 3 call 1: ", shown)

    def test_a_scene_that_there_is_not_and_no_days_are_refused(self):
        for arguments in (("kills", "--scene", "nothing"), ("healthy-days", "--days", "0")):
            self.assertEqual(run(*arguments).returncode, 2, arguments)

    def test_the_last_line_has_each_key_with_its_type(self):
        done = run("--seeds", "1..2", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = told_by(done)
        for key, kind in KEYS.items():
            self.assertIs(type(told.get(key)), kind, key)
        self.assertEqual(told["seeds"], 2)
        self.assertEqual(told["violations"], 0)
        self.assertEqual(told["settled"], 2)
        self.assertRegex(told["trace_hash"], "^[0-9a-f]{16}$")
        again = told_by(run("--seeds", "1..2", "--json"))
        for key in set(KEYS) - {"wall_seconds"}:
            self.assertEqual(told[key], again[key], key)

    def test_a_mark_that_is_missing_is_named_and_exits_with_1(self):
        done = run("--seeds", "1..1", "--require-marks", "--json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("never reached: ", done.stderr)
        self.assertEqual(told_by(done)["seeds"], 1)

    def test_arguments_that_cannot_be_used_exit_with_2(self):
        for arguments in (("--seeds", "2..1"), ("--scenario", "S7"), ("--nothing",)):
            self.assertEqual(run(*arguments).returncode, 2, arguments)

    def test_a_seed_with_its_trace_says_what_was_drawn_and_how_it_ended(self):
        done = run("--seed", "1", "--trace")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("seed 1, scenario S2"), lines[0])
        self.assertRegex(lines[-2], "the end: ")
        self.assertRegex(lines[-1], "^trace [0-9a-f]{16}$")

    def test_who_is_interrupted_tells_of_the_seeds_that_ran(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            # The program itself: `homeostat` would take the signal before it has become this.
            with subprocess.Popen(
                [LAB, "--seeds", "1..100000", "--json"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            ) as process:
                while not catches(process, number):
                    self.assertIsNone(process.poll())
                process.send_signal(number)
                told, _ = process.communicate(timeout=300)
            self.assertEqual(process.returncode, 130)
            self.assertLess(json.loads(told.splitlines()[-1])["seeds"], 100000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
