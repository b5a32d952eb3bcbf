#!/usr/bin/env python3
"""What .ci/run makes of a demo and of ctest's report: nothing that is missing passes unnoticed."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
sys.path.insert(0, str(TOOLS))

import clang_tidy  # noqa: E402
from check_demo import troubles_of  # noqa: E402

REPORT = """<testsuite tests="4" failures="1" disabled="0" skipped="1">
<testcase name="unit.guard"><system-out>all well</system-out></testcase>
<testcase name="crash.doctor"><system-out>a disk that is full
SKIPPED: this user may not mount
SKIPPED: this user may not mount
ok</system-out></testcase>
<testcase name="conformance.llm" status="notrun"><skipped message="matched"/>
<system-out>SKIPPED: no model in build/model</system-out></testcase>
<testcase name="crash.demo" status="fail"><failure message=""/><system-out>an agent starts
SKIPPED is said in passing</system-out>
</testcase>
</testsuite>
"""


def demo(**model_ms):
    return {"scenarios": [{"name": name, "model_ms": ms} for name, ms in model_ms.items()]}


class CheckDemo(unittest.TestCase):
    def test_one_answer_of_the_model_is_enough(self):
        self.assertEqual(list(troubles_of(demo(crash=None, leak=88.4), ["leak", "crash"])), [])

    def test_a_demo_that_no_model_answered_is_refused(self):
        for nothing in (None, True):
            trouble, = troubles_of(demo(crash=None, leak=nothing), ["crash", "leak"])
            self.assertIn("no model answered in any scenario", trouble)

    def test_a_scenario_that_is_missing_strange_or_played_twice_is_named(self):
        document = demo(crash=1, surge=1)
        document["scenarios"].append(document["scenarios"][0])
        self.assertEqual(sorted(troubles_of(document, ["crash", "leak"])), [
            "crash was played 2 times, not once", "leak was played 0 times, not once",
            "surge is no scenario of the demo"])

    def test_as_a_program_it_is_green_only_without_troubles(self):
        with tempfile.TemporaryDirectory(prefix="ci-") as directory:
            document = Path(directory) / "demo.json"
            for text, status in ((json.dumps(demo(crash=9)), 0), (json.dumps(demo(leak=9)), 1),
                                 ("", 1)):
                document.write_text(text)
                done = subprocess.run([TOOLS / "check_demo.py", document, "crash"],
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, status, done.stdout + done.stderr)
                self.assertEqual(bool(done.stdout + done.stderr), status != 0)


    READY = "t info model_ready name=m\n"
    LATE = "t warning model_failed fault=late in_a_row=1\n"

    def late(self, *logs):
        """(exit status, what was noted as not tested) of a demo that no model answered."""
        with tempfile.TemporaryDirectory(prefix="ci-") as name:
            directory = Path(name)
            (directory / "demo.json").write_text(json.dumps(demo(crash=None)))
            for number, log in enumerate(logs):
                (directory / f"kept/{number}").mkdir(parents=True)
                (directory / f"kept/{number}/agent.log").write_text(log)
            done = subprocess.run([TOOLS / "check_demo.py", directory / "demo.json", "--kept",
                                   directory / "kept", "--skipped", directory / "skipped", "--",
                                   "crash"], capture_output=True, text=True)
            skipped = directory / "skipped"
            return done.returncode, skipped.read_text() if skipped.exists() else ""

    def test_a_model_that_was_late_each_time_is_no_failure_and_is_named(self):
        ready, late = self.READY, self.LATE
        status, noted = self.late(ready + late, ready)
        self.assertEqual(status, 0)
        self.assertIn("none of its answers was tested", noted)

    def test_a_model_that_is_gone_broken_or_was_never_asked_is_a_failure(self):
        ready, late = self.READY, self.LATE
        broken = late.replace("late", "broken")
        for logs in ((), ("",), (ready,), (late,), (ready + late, late), (ready + late + broken,)):
            self.assertEqual(self.late(*logs), (1, ""), logs)


class InTime(unittest.TestCase):
    """The function `in_time` of .ci/run, cut out of it."""

    def run_in_time(self, seconds_max, command, said=""):
        """(exit status, counts, what was noted as not tested). said: by ctest until then."""
        script = (TOOLS.parent / ".ci/run").read_text()
        begin = script.index("in_time() {")
        function = script[begin:script.index("\n}\n", begin) + 2]
        with tempfile.TemporaryDirectory(prefix="ci-") as name:
            directory = Path(name)
            (directory / "build/check").mkdir(parents=True)
            (directory / "build/check/asan.log").write_text(said)
            done = subprocess.run(
                ["bash", "-uc", f"SECONDS=0; seconds_max={seconds_max}; counts=counts; "
                                f"skipped=skipped; {function}; run() {{ $within {command}; }}; "
                                "in_time asan run"], cwd=directory, capture_output=True, text=True)
            counts, skipped = directory / "counts", directory / "skipped"
            return (done.returncode, counts.read_text() if counts.exists() else "",
                    skipped.read_text() if skipped.exists() else "")

    def test_what_is_through_in_time_passes_or_fails_by_itself(self):
        self.assertEqual(self.run_in_time(60, "true"), (0, "", ""))
        self.assertEqual(self.run_in_time(60, "false"), (1, "", ""))

    def test_what_is_not_through_is_named_and_counts_as_nothing(self):
        for seconds_max in (-1, 0, 1):
            status, counts, skipped = self.run_in_time(seconds_max, "sleep 30")
            self.assertEqual((status, counts), (0, "0 0\n"))
            self.assertIn("asan: not through", skipped)

    PASSED = " 1/3 Test #1: unit.guard ......................   Passed    7.00 sec\n"
    NOT_MADE = " 2/3 Test #2: conformance.llm .................***Skipped   0.02 sec\n"
    FAILED = " 3/3 Test #3: crash.kill_points ...............***Failed  164.49 sec\n"

    def test_what_passed_before_the_time_was_up_counts(self):
        status, counts, skipped = self.run_in_time(1, "sleep 30", self.PASSED + self.NOT_MADE)
        self.assertEqual((status, counts), (0, "1 0\n"))
        self.assertIn("asan: not through", skipped)

    def test_what_failed_before_the_time_was_up_has_failed(self):
        for failed in (self.FAILED, self.FAILED.replace("Failed", "Timeout")):
            status, counts, _ = self.run_in_time(1, "sleep 30", self.PASSED + failed)
            self.assertEqual((status, counts), (1, "1 1\n"))


class WhatIsMade(unittest.TestCase):
    """Makefile: what .ci/run asks it for, and what it makes of a ctest that does not start."""

    def test_every_target_that_ci_asks_for_is_one(self):
        script, makefile = ((ROOT / name).read_text() for name in (".ci/run", "Makefile"))
        asked = set(re.findall(r"\brun_tests ([\w-]+)", script))
        asked |= set(re.findall(r"\bmake --no-print-directory ([\w-]+)", script))
        self.assertLessEqual({"build", "test", "asan", "tsan", "fuzz", "models"}, asked)
        targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", makefile, re.MULTILINE))
        self.assertEqual(asked - targets, set())

    def test_a_ctest_that_does_not_start_is_told_by_no_report_of_before(self):
        with tempfile.TemporaryDirectory(prefix="ci-") as name:
            here = Path(name)
            program = "#!/bin/sh\nexit {}\n"
            for path, text in (("Makefile", (ROOT / "Makefile").read_text()),
                               ("tools/test_report.py", (TOOLS / "test_report.py").read_text()),
                               ("tools/setup.sh", program.format(0)),
                               ("tools/requirements-envoy.txt", ""),
                               ("tools/requirements-medallion.txt", ""),
                               ("lab/kubernetes/build.sh", program.format(0)),
                               ("bin/cmake", program.format(0)), ("bin/ctest", program.format(8)),
                               ("build/release/cluster.xml", REPORT)):
                (here / path).parent.mkdir(parents=True, exist_ok=True)
                (here / path).write_text(text)
                (here / path).chmod(0o755)
            done = subprocess.run(["make", "test-k8s"], cwd=here, capture_output=True, text=True,
                                  env={**os.environ, "PATH": f"{here}/bin:{os.environ['PATH']}"})
            self.assertNotEqual(done.returncode, 0)
            self.assertNotIn("passed", done.stdout + done.stderr)


class WhatIsSkipped(unittest.TestCase):
    """A test that cannot be made says so as tools/test_report.py reads it, and only if it did not
    fail."""

    def test_what_says_skipped_says_it_as_the_report_reads_it(self):
        said = {(path.name, after) for path in (ROOT / "tests").rglob("*.py")
                for after in re.findall(r"print\(f?\"SKIPPED(..)", path.read_text())}
        self.assertGreater(len(said), 10)
        self.assertEqual({one for one in said if one[1] != ": "}, set())

    def test_by_no_pattern_is_a_failed_test_taken_for_a_skipped_one(self):
        for path in (ROOT / "tests").rglob("CMakeLists.txt"):
            self.assertNotIn("SKIP_REGULAR_EXPRESSION", path.read_text(), path)

    def ends(self, script):
        """The exit status behind tests/skippable.py."""
        return subprocess.run([sys.executable, ROOT / "tests/skippable.py", "sh", "-c", script],
                              capture_output=True).returncode

    def test_a_program_that_says_skipped_and_passes_is_skipped_and_one_that_fails_has_failed(self):
        self.assertEqual(self.ends("echo one; echo 'SKIPPED: no peer'"), 77)
        self.assertEqual(self.ends("echo 'SKIPPED: no peer'; exit 3"), 3)
        self.assertEqual(self.ends("echo 'nothing is SKIPPED: here'"), 0)
        self.assertNotEqual(self.ends("echo 'SKIPPED: no peer'; kill -9 $$"), 0)


class ClangTidy(unittest.TestCase):
    """tools/clang_tidy.py with a program that says what it is told to."""

    def check(self, said, seconds_max, seconds_each=0):
        """(exit status, stderr, how many were remembered as clean). said: of each source."""
        entries = [{"file": str(clang_tidy.ROOT / name)} for name in said]

        def one(entry, _build):
            text = said[Path(entry["file"]).name]
            time.sleep(seconds_each)
            return not text, text, 0.1
        told = io.StringIO()
        with tempfile.TemporaryDirectory(prefix="ci-") as directory, mock.patch.multiple(
                clang_tidy, CACHE=Path(directory), check=one, program=lambda: "true",
                entries_of=lambda *_: entries,
                key_of=lambda entry, _: Path(entry["file"]).name), mock.patch.object(
                sys, "argv", ["clang_tidy.py", "build", "--jobs", "1", "--seconds-max",
                              str(seconds_max)]), contextlib.redirect_stderr(
                told), contextlib.redirect_stdout(io.StringIO()):
            status = clang_tidy.main()
            return status, told.getvalue(), len(list(Path(directory).iterdir()))

    FAULT = "/a.cpp:3:4: error: too long [size]\n  code\n"

    def test_findings_stand_at_the_end_once_more_and_fail(self):
        status, told, clean = self.check({"a.cpp": self.FAULT, "b.cpp": "", "c.cpp": ""}, 60)
        self.assertEqual((status, clean), (1, 2))
        self.assertTrue(told.endswith("/a.cpp:3:4: error: too long [size]\n"
                                      "clang-tidy: 1 sources with findings\n"), told)

    def test_what_was_not_come_to_is_counted_and_is_no_finding(self):
        sources = {f"{number}.cpp": "" for number in range(50)}
        status, told, clean = self.check(sources, 0)
        self.assertEqual((status, clean), (124, 0))
        self.assertIn("clang-tidy: 50 sources were not checked in time", told)

    def test_a_finding_in_time_fails_whatever_was_not_come_to(self):
        sources = {f"{number}.cpp": self.FAULT for number in range(50)}
        status, told, _ = self.check(sources, 1, seconds_each=1.1)
        self.assertEqual(status, 1)
        self.assertIn("clang-tidy: 49 sources were not checked in time", told)

    def test_nothing_found_in_time_passes(self):
        self.assertEqual(self.check({"a.cpp": ""}, 60)[0], 0)


class TestReport(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory(prefix="ci-") as directory:
            report, counts, skipped = (
                Path(directory) / name for name in ("xml", "counts", "skipped"))
            report.write_text(REPORT)
            done = subprocess.run([TOOLS / "test_report.py", report, "--counts", counts,
                                   "--skipped", skipped],
                                  capture_output=True, text=True, check=True)
            self.printed = done.stdout.splitlines()
            self.counts = counts.read_text()
            self.skipped = skipped.read_text().splitlines()

    def test_what_was_skipped_is_named_once_and_counted_as_neither(self):
        self.assertEqual(self.counts, "2 1\n")
        self.assertEqual(self.skipped, [
            "SKIPPED crash.doctor: this user may not mount",
            "SKIPPED conformance.llm: no model in build/model"])

    def test_what_failed_is_named_with_what_it_said(self):
        self.assertEqual(self.printed, [
            "FAILED crash.demo, at the end of its output:",
            "    an agent starts", "    SKIPPED is said in passing"])


if __name__ == "__main__":
    unittest.main()
