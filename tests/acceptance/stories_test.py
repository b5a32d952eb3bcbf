#!/usr/bin/env python3
"""Every story of stories.toml has tests, each of them is there, and ctest runs it.

    tests/acceptance/stories_test.py --build DIRECTORY
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Of what others went through; one that is left out would be missed by nobody else.
ABOUT = {"a loop", "an abort", "all replicas at once", "missing figures", "killed in the middle",
         "a target that has gone", "a hostile line in a log", "a model that hangs"}


def names_in(text, is_python):
    """The sentences of a file of tests that are run: of Python those that some list names."""
    if is_python:
        defined = re.findall(r"^def (\w+)\(", text, re.MULTILINE)
        return {name.replace("_", " ") for name in defined
                if len(re.findall(rf"\b{name}\b", text)) > 1}
    joined = re.sub(r'"\s*"', "", text)  # A sentence that goes on in the next line.
    return set(re.findall(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"\s*\)', joined))


def ctest_names(build):
    told = json.loads(subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"],
                                     check=True, capture_output=True, text=True).stdout)
    return {test["name"] for test in told["tests"]
            if not any(one["name"] == "DISABLED" and one["value"] for one in test["properties"])}


def objections(stories, known, root=ROOT):
    found = [f"no story about {about}"
             for about in sorted(ABOUT - {story["about"] for story in stories})]
    for story in stories:
        tests = story.get("test", [])
        if not tests:
            found.append(f"{story['about']}: no test would notice")
        for test in tests:
            path = root / test["file"]
            place = f"{story['about']}: '{test['name']}'"
            if not path.exists():
                found.append(f"{place}: there is no {test['file']}")
            elif test["name"] not in names_in(path.read_text(), path.suffix == ".py"):
                found.append(f"{place} is not in {test['file']}, or nothing there runs it")
            if test["run_by"] not in known:
                found.append(f"{place}: ctest knows no {test['run_by']}")
    return found


def check_that_it_can_fail(stories, known):
    """One of each thing that may be wrong is found."""
    first = stories[0]["test"][0]
    lost = [{**stories[0], "test": [{**first, "name": "a sentence that nobody has written"}]},
            {**stories[0], "test": [{**first, "file": "tests/acceptance/nowhere.py"}]},
            {**stories[0], "test": [{**first, "run_by": "unit.nothing"}]},
            {**stories[0], "test": []}]
    for story in lost:
        assert objections([story, *stories[1:]], known), story
    assert objections(stories[1:], known), "a story that is left out is not missed"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True)
    options = parser.parse_args()
    stories = tomllib.loads((HERE / "stories.toml").read_text())["story"]
    known = ctest_names(options.build)
    found = objections(stories, known)
    for one in found:
        print(one)
    if not found:
        check_that_it_can_fail(stories, known)
        print(f"{len(stories)} stories, {sum(len(one['test']) for one in stories)} tests")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
