#!/usr/bin/env python3
"""Runs each command that README.md shows and compares what is printed with what stands there.

    test_examples.py --bin build/release/bin

The README is the file of expected output: a reader and this test read the same. The page of the
library shows parts of approval.cpp, which have to be parts of it, and says which test holds which
of its promises, which has to be so. Standard library only.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs/internals/state_graph.md"
OPTIONS = argparse.Namespace(bin="")
CONSOLE = re.compile(r"^```console\n\$ (?P<command>.*)\n(?P<output>(?:.*\n)*?)```$", re.MULTILINE)
SHOWN = re.compile(r"^```cpp approval\.cpp\n((?:.*\n)*?)```$", re.MULTILINE)

ROW = re.compile(r"^\| ([C\d.]+) \| .* \| (.*) \|$", re.MULTILINE)
TEST_NAME = re.compile(r'(?:TEST_CASE\(\s*|\{)"([C\d., ]+): ')


def numbers_in_names_of_tests():
    """For each file of tests, as the page calls it, the numbers in the names of its tests."""
    found = {}
    for path in (ROOT / "homeostat/graph").glob("*_test.[ch]pp"):
        label = re.sub(r"(_cases_for)?_test$", "", path.stem)
        for names in TEST_NAME.findall(path.read_text(encoding="utf-8")):
            found.setdefault(label, set()).update(names.split(", "))
    return found


class Examples(unittest.TestCase):
    def test_each_prints_what_the_readme_says(self):
        shown = list(CONSOLE.finditer((HERE / "README.md").read_text(encoding="utf-8")))
        programs = {path.stem for path in HERE.glob("*.cpp")}
        for match in shown:
            command = match["command"].replace("build/release/bin", OPTIONS.bin)
            with self.subTest(match["command"]):
                ran = subprocess.run(
                    ["sh", "-c", command],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=30,
                    check=False,
                )
                self.assertEqual((ran.stdout, ran.stderr), (match["output"], ""))
                self.assertEqual(ran.returncode, 0)
            programs.discard(command.split("state_graph_")[-1])
        self.assertEqual(programs, set(), "programs that the README does not run")

    def test_the_page_shows_the_example_as_it_is(self):
        source = (HERE / "approval.cpp").read_text(encoding="utf-8")
        shown = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
        self.assertTrue(shown)
        for part in shown:
            self.assertIn(part, source)

    def test_the_page_names_the_tests_of_each_promise(self):
        rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
        numbers = [number for number, _ in rows]
        self.assertEqual(len(numbers), len(set(numbers)), "a number stands twice")
        # A row names files of tests up to a colon; others say why there is no test.
        tested = numbers_in_names_of_tests()
        said = {label: set() for label in tested}
        for number, held_by in rows:
            for word in re.split(r",? ", held_by.split(":")[0]):
                if word in said:
                    said[word].add(number)
        self.assertEqual(said, tested)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
