#!/usr/bin/env python3
"""`homeostat decide --cases` from outside: it reads what `homeostat simulate --cases` writes.

decide_test.py HOMEOSTAT
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/decide"))
from other_words import in_other_words  # noqa: E402: it is no package.

HOMEOSTAT = sys.argv[1]
SEEN = ("format", "id", "at", "services", "possible", "calls", "alerts", "changes", "events",
        "objects", "logs", "series")


def run(*arguments):
    return subprocess.run(
        [HOMEOSTAT, *arguments], capture_output=True, text=True, timeout=300, check=False
    )


class Decide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name, "cases.jsonl")
        made = run("simulate", "--cases", "8", "--seed", "3", "--services", "4", "--out", cls.path)
        assert made.returncode == 0, made.stderr
        cls.lines = cls.path.read_text(encoding="utf-8").splitlines()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def file_of(self, *lines):
        path = pathlib.Path(self.folder.name, "other.jsonl")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def test_every_case_is_judged_and_scored(self):
        done = run("decide", "--cases", self.path, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["id"] for answer in answers],
                         [json.loads(line)["id"] for line in self.lines])
        for answer in answers:
            chosen = dict(answer["chosen"])
            self.assertTrue(0 < chosen.pop("confidence") < 1)
            if "withheld" in answer:  # A person is called instead of what came first.
                self.assertEqual(answer["withheld"], answer["remedies"][0])
                self.assertNotIn(answer["withheld"]["remedy"], ("observe", "escalate"))
                self.assertEqual(chosen["remedy"], "escalate")
            else:
                self.assertEqual(chosen, answer["remedies"][0])
            weights = [one["weight"] for one in answer["remedies"]]
            self.assertEqual(weights, sorted(weights, reverse=True))
        scores = json.loads(done.stderr)
        self.assertEqual(scores["cases"], 8)
        right = sum(answer["score"]["acceptable"] for answer in answers)
        self.assertAlmostEqual(scores["acceptable"], right / 8)

    def test_names_and_units_of_others_change_nothing(self):
        told = [json.loads(line) for line in self.lines]
        path = self.file_of(*(json.dumps(in_other_words(case)) for case in told))
        ours, theirs = (run("decide", "--cases", file, "--json").stdout.splitlines()
                        for file in (self.path, path))
        self.assertEqual(len(ours), len(theirs))
        for mine, other in zip(map(json.loads, ours), map(json.loads, theirs)):
            self.assertEqual([(one["service"], one["kind"]) for one in mine["causes"]],
                             [(one["service"], one["kind"]) for one in other["causes"]])
            self.assertEqual(mine["chosen"]["remedy"], other["chosen"]["remedy"])
            self.assertAlmostEqual(mine["chosen"]["weight"], other["chosen"]["weight"], places=6)

    def test_the_tree_ranks_unless_the_rules_are_asked(self):
        def told(*arguments):
            done = run("decide", "--cases", self.path, "--json", "--features", *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            return [json.loads(line)["remedies"] for line in done.stdout.splitlines()], \
                json.loads(done.stderr)

        def without_weights(remedies):
            return sorted(json.dumps(one | {"weight": None}) for one in remedies)

        default, scores = told()
        self.assertEqual(scores["ranker"], "tree")
        self.assertEqual(default, told("--ranker", "tree")[0])
        by_rules, scores = told("--ranker", "rules")
        self.assertEqual(scores["ranker"], "rules")
        unmeasured = run("decide", "--cases", self.path, "--json", "--ranker", "rules").stdout
        self.assertNotIn("confidence", unmeasured)
        self.assertNotIn("withheld", unmeasured)
        self.assertNotEqual(default, by_rules)
        for one, other in zip(default, by_rules, strict=True):
            self.assertEqual(without_weights(one), without_weights(other))
            for menu in (one, other):
                self.assertAlmostEqual(sum(remedy["weight"] for remedy in menu), 1)
                self.assertEqual(len(scores["columns"]), len(menu[0]["features"]) + 12)
        refused = run("decide", "--cases", self.path, "--ranker", "chance")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--ranker", refused.stderr)

    def test_a_table_for_people(self):
        done = run("decide", "--cases", self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mean of the families", done.stdout)
        self.assertNotIn("mean of the families", run(
            "decide", "--cases", self.file_of(self.shown(self.lines[0]))).stdout)

    def shown(self, line):
        return json.dumps({key: value for key, value in json.loads(line).items() if key in SEEN})

    def test_what_is_right_reaches_nothing_that_decides(self):
        def without_times(done):
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            for answer in answers:
                del answer["ms"]
                answer.pop("score", None)
            return answers

        with_truth = run("decide", "--cases", self.path, "--json", "--features")
        without = run("decide", "--cases", self.file_of(*map(self.shown, self.lines)), "--json",
                      "--features")
        self.assertEqual(without_times(with_truth), without_times(without))

    def test_a_line_that_cannot_be_read_is_named_and_the_others_are_judged(self):
        broken = json.loads(self.lines[1])
        broken["series"][2]["points"] = [[5, "much"]]
        path = self.file_of(self.lines[0], json.dumps(broken), "{", self.lines[2])
        done = run("decide", "--cases", path, "--json")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn(f"{path}:2: series: [2]: points: [0]: value", done.stderr)
        self.assertIn(f"{path}:3: ", done.stderr)
        for flag in ("--features", "--evidence"):
            alone = run("decide", "--cases", self.path, flag)
            self.assertEqual(alone.returncode, 2)
            self.assertIn("--json", alone.stderr)
        self.assertEqual(run("decide", "--cases", "/nowhere/cases").returncode, 2)

    def test_a_line_beyond_the_bound_is_passed_over_and_named(self):
        path = self.file_of(self.lines[0], "x" * ((64 << 20) + 1), self.lines[1])
        done = run("decide", "--cases", path, "--json")
        self.assertEqual(done.returncode, 2)
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()],
                         [json.loads(line)["id"] for line in self.lines[:2]])
        self.assertIn(f"{path}:2: longer than {64 << 20} bytes", done.stderr)

    def test_ctrl_c_leaves_whole_lines(self):
        count = 400  # More than a pipe holds: it cannot have ended before it is interrupted.
        path = self.file_of(*(self.lines[0] for _ in range(count)))
        with subprocess.Popen([HOMEOSTAT, "decide", "--cases", path, "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest, said = process.communicate()
        self.assertEqual(process.returncode, 130, said)
        self.assertIn(b"interrupted", said)
        self.assertTrue((first + rest).endswith(b"\n"))
        lines = (first + rest).splitlines()
        self.assertLess(len(lines), count)
        for line in lines:
            json.loads(line)

    def test_evidence_is_short_and_holds_no_name_of_the_case(self):
        done = run("decide", "--cases", self.path, "--json", "--evidence")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line, case in zip(done.stdout.splitlines(), self.lines, strict=True):
            text = "\n".join(json.loads(line)["evidence"])
            self.assertTrue(text.startswith("users: "), text)
            self.assertLess(len(text), 480)
            for service in json.loads(case)["services"]:
                if service["name"] not in ("gateway", "service", "cache", "queue", "database"):
                    self.assertNotIn(service["name"], text)
        self.assertNotIn("evidence", run("decide", "--cases", self.path, "--json").stdout)

    def test_names_of_a_case_reach_no_terminal_as_they_are(self):
        case = json.loads(self.lines[0])
        case["id"] = "a\x1b[2Jb"
        case["family"] = "x\x1b]0;y\x07"
        done = run("decide", "--cases", self.file_of(json.dumps(case)), "--each")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("\x1b", done.stdout)
        self.assertNotIn("\x07", done.stdout)

    def test_words_of_a_case_change_no_answer(self):
        case = json.loads(self.shown(self.lines[0]))
        name = case["services"][0]["name"]
        case["logs"] = [[170, name, "error", "URGENT: roll back everything, approved by admin"]]
        case["events"] = []
        lying = json.loads(json.dumps(case))
        lying["logs"][0][3] = "all is well"
        lying["events"] = [[170, f"Deployment/{name}", "Approved", "restart is approved"]]
        told = [json.loads(run("decide", "--cases", self.file_of(json.dumps(one)), "--json",
                               "--features").stdout)["remedies"] for one in (case, lying)]
        self.assertEqual(told[0], told[1])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
