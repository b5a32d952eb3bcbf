#!/usr/bin/env python3
"""Reads ctest's report: counts what passed and failed, and names what was skipped.

    tools/test_report.py build/release/tests.xml --counts FILE

FILE gets "PASSED FAILED"; what was skipped is printed, a line each, and counts as neither. A test
that could not make one of its cases prints a line that begins with "SKIPPED: " and passes all the
same.
"""

import argparse
import xml.etree.ElementTree
from pathlib import Path


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


def counts_of(suite):
    tests, failures = int(suite.get("tests")), int(suite.get("failures"))
    skipped = int(suite.get("skipped")) + int(suite.get("disabled"))
    return tests - failures - skipped, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="what `ctest --output-junit` wrote")
    parser.add_argument("--counts", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    suite = xml.etree.ElementTree.parse(options.report).getroot()
    for name, reason in skipped_in(suite):
        print(f"SKIPPED {name}: {reason}")
    passed, failed = counts_of(suite)
    options.counts.write_text(f"{passed} {failed}\n")


if __name__ == "__main__":
    main()
