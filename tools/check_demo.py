#!/usr/bin/env python3
"""Holds the document of a whole run of the demo to what a green run must have shown.

    tools/check_demo.py build/check/demo.json $(build/release/bin/homeostat demo --list)

Every scenario was played once, and a model answered in at least one of them: without one the rules
heal all of them as well, and nobody would notice that it is gone. A machine that is too slow for
the model's deadline is told by what the agents logged (--kept): each had a model that was ready,
and nothing but lateness ever went wrong with it. Then no answer was tested, and that is said.

Where the source of a cache is slow, its own log (--kept) says whether it was ever asked for more
than it carries; the demo reckons that by itself, and this is the second look.
"""

import argparse
import json
import re
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

SLOW_SOURCE = "stale_cluster_cache"
SLOW_SOURCE_READS_MAX = 120  # Of 133 that it carries (homeostat/app/demo/scenarios.cpp).


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def has_model_answered(document):
    return any(is_number(scenario["model_ms"]) for scenario in document["scenarios"])


def was_only_late(kept):
    """Whether a model was ready in each scenario that was kept, was asked, and was late each time
    that it did not answer."""
    logs = [log.read_text(errors="replace") for log in sorted(kept.glob("*/agent.log"))]
    faults = {fault for log in logs for fault in re.findall(r" model_failed fault=(\w+)", log)}
    return bool(logs) and all(" model_ready " in log for log in logs) and faults == {"late"}


def peak_per_second(times):
    """The most in any second. REQUIRES: in order."""
    peak = begin = 0
    for end, time in enumerate(times):
        while time - times[begin] >= timedelta(seconds=1):
            begin += 1
        peak = max(peak, end + 1 - begin)
    return peak


def troubles_of_source(log):
    times = [datetime.fromisoformat(line.split(" ", 1)[0].removesuffix("Z"))
             for line in log.splitlines() if " rate quoted " in line]
    peak = peak_per_second(times)
    if peak == 0:
        yield f"{SLOW_SOURCE}: nobody ever asked the source — is its log kept?"
    elif peak > SLOW_SOURCE_READS_MAX:
        yield (f"{SLOW_SOURCE}: the source was asked {peak} times in a second, more than "
               f"{SLOW_SOURCE_READS_MAX}")


def troubles_of(document, names, needs_answer=True):
    played = Counter(scenario["name"] for scenario in document["scenarios"])
    for name in names:
        if played[name] != 1:
            yield f"{name} was played {played[name]} times, not once"
    for name in played.keys() - set(names):
        yield f"{name} is no scenario of the demo"
    if needs_answer and not has_model_answered(document):
        yield ("no model answered in any scenario — `make setup` installs one; on a machine where "
               "it misses its deadline, look at model_trouble in `homeostat explain`")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("document", type=Path, help="what `homeostat demo --json` printed")
    parser.add_argument("--kept", type=Path, metavar="DIR", help="what `demo --keep` kept")
    parser.add_argument("--skipped", type=Path, metavar="FILE",
                        help="where to add what could not be tested")
    parser.add_argument("names", nargs="+", metavar="NAME", help="of every scenario")
    options = parser.parse_args()
    try:
        document = json.loads(options.document.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"{options.document}: {error} — run the demo with --json first")
    is_late = (options.kept is not None and not has_model_answered(document)
               and was_only_late(options.kept))
    if is_late:
        told = "demo: the model was late each time it was asked: none of its answers was tested"
        print(told)
        if options.skipped:
            with options.skipped.open("a", encoding="utf-8") as out:
                out.write(told + "\n")
    troubles = list(troubles_of(document, options.names, needs_answer=not is_late))
    if options.kept is not None and SLOW_SOURCE in options.names:
        log = options.kept / SLOW_SOURCE / "rates-0.log"
        troubles += troubles_of_source(log.read_text() if log.exists() else "")
    for trouble in troubles:
        print(f"{options.document}: {trouble}")
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
