#!/usr/bin/env python3
"""Holds a server that speaks the pledge protocol to docs/pledges.md, one check for each rule.

It starts the server under test with keys and a configuration that it makes, plays its neighbours
and tells it of the world by the interface that tests/pledges/README.md specifies. A server that
passes can agree with any other that does.

    tests/pledges/conformance.py --sut "python3 tests/pledges/pledges.py sut"
    tests/pledges/conformance.py --sut "build/release/bin/homeostat-lab pledge-sut" --only grant
    tests/pledges/conformance.py --list
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import checks_callee  # noqa: F401 (registers its checks)
import checks_caller  # noqa: F401
import checks_precedence  # noqa: F401
import checks_wire  # noqa: F401
from checks import CHECKS, Bench, Check
from scripted import Patience, Sut


@dataclass(frozen=True)
class Result:
    check: Check
    wrong: str  # Empty: it passed.
    seconds: float


def run(check: Check, command: str) -> Result:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pledges-") as folder:
        bench = Bench(command, Path(folder))
        wrong = ""
        try:
            check.run(bench)
        except Exception as error:  # Whatever it is, the rule was not seen to be kept.
            wrong = str(error) or repr(error)
            logs = [one.log() for one in bench.subjects if isinstance(one, Sut)]
            wrong = "\n".join([f"{type(error).__name__}: {wrong}", *filter(None, logs)])
        finally:
            bench.end()
    return Result(check, wrong, time.monotonic() - begun)


def tell(result: Result, is_json: bool) -> None:
    if is_json:
        print(json.dumps({"check": result.check.name, "rule": result.check.rule,
                          "passed": not result.wrong, "wrong": result.wrong,
                          "seconds": round(result.seconds, 2)}), flush=True)
        return
    verdict = "FAILED" if result.wrong else "passed"
    print(f"{verdict}  {result.check.rule}: {result.check.name}", flush=True)
    for line in result.wrong.splitlines():
        print(f"        {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sut", metavar="COMMAND",
                        help="starts the server; --config FILE --port N are added to it")
    parser.add_argument("--only", metavar="TEXT", action="append", default=[],
                        help="checks whose name or rule contains TEXT; several: any of them")
    parser.add_argument("--jobs", type=int, default=4, metavar="N",
                        help="checks at a time (4); they mostly wait")
    parser.add_argument("--patience", type=float, default=Patience.seconds, metavar="S",
                        help="seconds until what is due counts as missing (20)")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each check")
    parser.add_argument("--list", action="store_true", help="names the checks, and runs none")
    options = parser.parse_args()
    chosen = [check for check in CHECKS
              if not options.only or any(text.lower() in f"{check.rule}: {check.name}".lower()
                                         for text in options.only)]
    if options.list:
        print("\n".join(f"{check.rule}: {check.name}" for check in chosen))
        return 0
    if not options.sut:
        parser.error("--sut is needed: what starts the server under test")
    if not chosen:
        parser.error("no check has such a name; --list names them")
    Patience.seconds = options.patience
    failed = 0
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for result in pool.map(lambda check: run(check, options.sut), chosen):
            tell(result, options.json)
            failed += bool(result.wrong)
    summary = {"passed": len(chosen) - failed, "failed": failed}
    print(json.dumps(summary) if options.json else
          f"{summary['passed']} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
