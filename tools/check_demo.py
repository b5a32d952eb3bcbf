#!/usr/bin/env python3
"""Holds the document of a whole run of the demo to what a green run must have shown.

    tools/check_demo.py build/check/demo.json $(build/release/bin/homeostat demo --list)

Every scenario was played once, and a model answered in at least one of them: without one the rules
heal all of them as well, and nobody would notice that it is gone.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def troubles_of(document, names):
    played = Counter(scenario["name"] for scenario in document["scenarios"])
    for name in names:
        if played[name] != 1:
            yield f"{name} was played {played[name]} times, not once"
    for name in played.keys() - set(names):
        yield f"{name} is no scenario of the demo"
    if not any(is_number(scenario["model_ms"]) for scenario in document["scenarios"]):
        yield ("no model answered in any scenario — `make setup` installs one; on a machine where "
               "it misses its deadline, look at model_trouble in `homeostat explain`")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("document", type=Path, help="what `homeostat demo --json` printed")
    parser.add_argument("names", nargs="+", metavar="NAME", help="of every scenario")
    options = parser.parse_args()
    try:
        document = json.loads(options.document.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"{options.document}: {error} — run the demo with --json first")
    troubles = list(troubles_of(document, options.names))
    for trouble in troubles:
        print(f"{options.document}: {trouble}")
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
