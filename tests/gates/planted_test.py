#!/usr/bin/env python3
"""The list of planted bugs: every snippet stands once, and a list that is wrong is refused."""

import dataclasses
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import planted  # noqa: E402


class PlantedBugs(unittest.TestCase):
    def setUp(self):
        self.bugs = planted.read_bugs()

    def changed(self, **changes) -> list[planted.Bug]:
        """The list with its first edit changed so."""
        first = self.bugs[0]
        edits = [dataclasses.replace(first.edits[0], **changes), *first.edits[1:]]
        return [dataclasses.replace(first, edits=edits), *self.bugs[1:]]

    def test_every_snippet_stands_once_in_the_sources_of_today(self):
        self.assertEqual(planted.objections(self.bugs), [])

    def test_all_bugs_of_a_file_go_into_one_copy_of_it(self):
        for file in sorted({edit.file for bug in self.bugs for edit in bug.edits}):
            text = planted.planted(file, self.bugs)
            for bug in self.bugs:
                if any(edit.file == file for edit in bug.edits):
                    self.assertIn(f"active == {bug.number})", text)

    def test_a_snippet_that_is_gone_is_refused(self):
        (objection,) = planted.objections(self.changed(snippet="nothing of the kind"))
        self.assertIn("stands 0 times", objection)

    def test_a_snippet_that_stands_everywhere_is_refused(self):
        (objection,) = planted.objections(self.changed(snippet="return"))
        self.assertIn("choose one that stands once", objection)

    def test_a_bug_that_nothing_depends_on_is_refused(self):
        (objection,) = planted.objections(self.changed(instead="return 1;"))
        self.assertIn("nothing depends on BUG", objection)

    def test_a_place_in_a_header_is_refused(self):
        header = "homeostat/guard/limits.hpp"
        (objection,) = planted.objections(self.changed(file=header, snippet="struct Limits {"))
        self.assertIn("give the bug a place in a source", objection)

    def test_a_page_keeps_what_was_not_run_this_time_and_says_what_never_was(self):
        by_seed = next(bug for bug in self.bugs if bug.caught_by == "sim")
        by_test, other = [bug for bug in self.bugs if bug.caught_by != "sim"][:2]
        rows = {bug.name: planted.row_of(planted.Result(bug, 7, 5, 9, "it fails", True), "abc1234")
                for bug in (by_seed, by_test)}
        page = planted.page_of(self.bugs, rows, 400, 5)
        self.assertEqual(planted.rows_of(page, self.bugs), rows)
        self.assertIn("2 of 2 are caught. Of the 1 for the simulator 1 ", page)
        self.assertIn(f"{len(self.bugs) - 2} are not here yet: ", page)
        self.assertIn(f"`{other.name}`", page)
        changed = [dataclasses.replace(by_test, breaks="P1: something else"), by_seed]
        self.assertEqual(set(planted.rows_of(page, changed)), {by_seed.name})

    def test_a_bug_that_survives_is_counted_as_not_caught(self):
        by_test = next(bug for bug in self.bugs if bug.caught_by != "sim")
        rows = {by_test.name: planted.row_of(planted.Result(by_test, 0, 0, 1), "abc1234")}
        self.assertIn("0 of 1 are caught", planted.page_of([by_test], rows, 400, 5))

    def test_a_name_that_stands_twice_and_a_short_list_are_refused(self):
        twice = [*self.bugs, self.bugs[0]]
        self.assertIn("stands twice", planted.objections(twice)[0])
        self.assertIn("are wanted", planted.objections(self.bugs[:39])[0])

    def test_a_program_that_does_not_know_what_it_is_asked_catches_nothing(self):
        with tempfile.TemporaryDirectory() as name, mock.patch.object(
                planted, "BUILD", pathlib.Path(name)):
            program = pathlib.Path(name) / "fault_matrix"
            program.write_text("#!/bin/sh\n[ $# -eq 0 ]\n")  # Well, and knows no options.
            program.chmod(0o755)
            bug = dataclasses.replace(self.bugs[0], caught_by="matrix.faults")
            self.assertFalse(planted.try_test(bug, program).is_caught)
            planted.fail_if_broken_before({program.name: program})
            other = program.rename(program.with_name("homeostat_guard_test"))
            with self.assertRaises(SystemExit):
                planted.fail_if_broken_before({other.name: other})

    def test_a_program_finds_the_others_beside_itself_and_keeps_its_own_bugs(self):
        with tempfile.TemporaryDirectory() as name:
            built, place = pathlib.Path(name) / "built", pathlib.Path(name) / "place"
            (built / "bin").mkdir(parents=True)
            place.mkdir()
            for one in ("homeostat_app_test", "homeostat-shim"):
                (built / "bin" / one).write_text("as it was built")
            (place / "homeostat_app_test").write_text("with bugs")
            (place / "homeostat-shim").symlink_to(built / "of a folder that is gone")
            with mock.patch.object(planted, "BUILD", built), \
                    mock.patch.object(planted, "PLACE", place):
                planted.put_others_beside()
            self.assertEqual((place / "homeostat-shim").read_text(), "as it was built")
            self.assertEqual((place / "homeostat_app_test").read_text(), "with bugs")

    def test_what_fails_first_is_named_by_its_sentence_or_by_the_promise_that_is_broken(self):
        matrix = "lease slow act breaks a promise:\n  P2: i-1.e1 happens twice\n  again: fault\n"
        self.assertEqual(planted.said_first(matrix), "P2: i-1.e1 happens twice")
        self.assertEqual(planted.said_first("x.cpp:1:\nTEST CASE:  a no is a no\n\nx.cpp:2:"),
                         "a no is a no")


if __name__ == "__main__":
    unittest.main()
