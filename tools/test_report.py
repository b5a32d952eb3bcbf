#!/usr/bin/env python3
"""Reads ctest's report: counts what passed and failed, names what was skipped, shows what failed.

    tools/test_report.py build/release/tests.xml --counts COUNTS --skipped SKIPPED

COUNTS gets "PASSED FAILED". SKIPPED gets a line for each that was skipped and counts as neither; a
test that could not make one of its cases prints a line that begins with "SKIPPED: " and passes all
the same. The names of those that failed are printed, each with the end of what it said.
"""

import argparse
import xml.etree.ElementTree
from pathlib import Path

LINES_SHOWN_MAX = 40  # Of the end of what a failed test said.


def skipped_in(suite):
    """(test, reason) of every whole test and every single case that was skipped."""
    for case in suite.iter("testcase"):
        output = case.findtext("system-out") or ""
        reasons = [line.removeprefix("SKIPPED: ")
                   for line in output.splitlines() if line.startswith("SKIPPED: ")]
        if not reasons and case.find("skipped") is not None:
            reasons = [case.find("skipped").get("message") or "it was not run"]
        for reason in dict.fromkeys(reasons):
            yield case.get("name"), reason


def print_failed(suite):
    for case in suite.iter("testcase"):
        if case.get("status") == "fail":
            print(f"FAILED {case.get('name')}, at the end of its output:")
            for line in (case.findtext("system-out") or "").splitlines()[-LINES_SHOWN_MAX:]:
                print(f"    {line}")


def counts_of(suite):
    tests, failures = int(suite.get("tests")), int(suite.get("failures"))
    skipped = int(suite.get("skipped")) + int(suite.get("disabled"))
    return tests - failures - skipped, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="what `ctest --output-junit` wrote")
    parser.add_argument("--counts", type=Path, metavar="FILE",
                        help="where to write how many passed and failed; printed without it")
    parser.add_argument("--skipped", type=Path, metavar="FILE",
                        help="to which to add what was skipped; printed without it")
    options = parser.parse_args()
    suite = xml.etree.ElementTree.parse(options.report).getroot()
    skipped = "".join(f"SKIPPED {name}: {reason}\n" for name, reason in skipped_in(suite))
    if options.skipped:
        with options.skipped.open("a") as file:
            file.write(skipped)
    else:
        print(skipped, end="")
    print_failed(suite)
    passed, failed = counts_of(suite)
    if options.counts:
        options.counts.write_text(f"{passed} {failed}\n")
    else:
        print(f"{passed} passed, {failed} failed")


if __name__ == "__main__":
    main()
