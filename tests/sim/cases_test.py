#!/usr/bin/env python3
"""`homeostat simulate --cases` from outside: bytes, schema, splits, errors.

cases_test.py HOMEOSTAT_LAB CASE_SCHEMA
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema

LAB = sys.argv[1]
SCHEMA = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
SMALL = ["--services", "4", "--seed", "3"]


def run(*arguments):
    return subprocess.run(
        [LAB, *arguments], capture_output=True, text=True, timeout=300, check=False
    )


def lines_of(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def errors_of(case):
    return list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(case))


class Cases(unittest.TestCase):
    def test_the_same_bytes_come_however_they_are_made(self):
        lines = lines_of("--cases", "8", *SMALL)
        self.assertEqual(len(lines), 8)
        self.assertEqual(lines, lines_of("--cases", "8", "--jobs", "3", *SMALL))
        self.assertEqual(lines[4:5], lines_of("--case", "5", *SMALL))

    def test_each_case_is_as_the_schema_has_it(self):
        for line in lines_of("--cases", "12", *SMALL) + lines_of("--case", "1", "--seed", "4"):
            self.assertEqual(errors_of(json.loads(line)), [])

    def test_the_schema_refuses_what_is_wrong(self):
        line = lines_of("--case", "1", *SMALL)[0]
        for path, value in (
            (("format",), 2),
            (("at",), "180"),
            (("services",), []),
            (("extra",), 1),
            (("series", 0, "points", 0), [1, 2, 3]),
            (("logs",), [[1, "a", "loud", "b"]]),
            (("futures", 0, "verdict"), "good"),
            (("futures", 0, "price"), -1),
        ):
            case = json.loads(line)
            place = case
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
            self.assertTrue(errors_of(case), path)

    def test_a_file_and_a_summary(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "cases.jsonl")
            done = run("--cases", "6", *SMALL, "--out", str(path), "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            summary = json.loads(done.stdout)
            cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            self.assertEqual((summary["cases"], summary["bytes"]), (6, path.stat().st_size))
            self.assertEqual(sum(summary["families"].values()), 6)
            nothing = sum({"remedy": "observe"} in case["acceptable"] for case in cases)
            self.assertAlmostEqual(summary["acceptable_share_of_nothing"], nothing / 6, places=3)

    def test_families_are_listed_and_held_out_of_training(self):
        families = [json.loads(line) for line in lines_of("--list-families", "--json")]
        held_out = {family["family"] for family in families if family["held_out"]}
        self.assertTrue(held_out)
        for split, has_held_out in (("train", False), ("held-out", True), ("new-words", False)):
            for line in lines_of("--cases", "6", "--split", split, *SMALL):
                for cause in json.loads(line)["cause"]:
                    self.assertEqual(cause["kind"] in held_out, has_held_out)

    def test_what_cannot_be_used_is_said(self):
        for arguments, words in (
            (["--split", "some"], "--split some: want"),
            (["--family", "none"], "no family 'none'"),
            (["--json"], "--json needs --out"),
            (["--out", "/nowhere/cases"], "/nowhere/cases: No such file"),
        ):
            done = run("--cases", "1", *arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(words, done.stderr)
        self.assertEqual(run("--cases", "0").returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
