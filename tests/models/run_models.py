#!/usr/bin/env python3
"""Has spin search every model of this folder exhaustively, and every variant that must fail.

    tests/models/run_models.py [--json] [MODEL...]

One line for each search: states, depth, megabytes, seconds, verdict. Ends with status 1 if a model
fails, if a variant passes that must fail, or if a search stopped before its end; the way to
a failure that nobody expected is printed, step by step. Needs spin and a C compiler (`CC`, or gcc).
What the models prove stands in docs/internals/models.md and at the head of each.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

LIVENESS = "LIVENESS"  # Searches for what goes on for ever instead of what is never to happen.

# What of each model has to fail: each takes one precaution of the code away.
VARIANTS = {
    "intent_act_outcome": [
        ["NO_PRECONDITION"],
        ["NO_AFTER"],
        ["NO_READ_BACK"],
        ["NO_LOCK"],
        ["ACT_FIRST"],
        ["REFUSED_IS_FINAL"],
    ],
    "kill_switch": [
        ["CACHED"],
        ["ONLY_WITH_FACTS"],
        ["ONLY_WITH_FACTS", "ONLY_VIA_AGENT"],
        ["KEEPS_JUDGEMENT"],
    ],
    "cool_down": [
        ["WALL_CLOCK"],
        ["AGES_FROM_START"],
        ["IGNORES_REBOOTS"],
        ["FROM_CLOSE_ONLY"],
    ],
    "pledge": [
        ["FROM_ASKING"],
        ["FROM_ANSWER"],
        ["ANY_PLEDGE"],
        ["ANY_TURN"],
        ["LEAVES_UNANSWERED"],
        ["RESTART_RESTORES"],
        ["NO_MARGIN"],
    ],
    "capacity": [
        ["NO_GRANT"],
        ["FROM_REPLY"],
        ["NO_HOLD"],
    ],
    "precedence": [
        ["NO_GIVING_WAY"],
        ["NO_LEAVE"],
        ["FIRST_COME"],
    ],
    "approval": [
        ["COUNTS_TWICE"],
        ["ANY_KEY"],
        ["UNSIGNED"],
        ["ANY_FORM"],
        ["SIGNS_UNSEEN"],
        ["YES_AFTER_NO"],
        ["ACKNOWLEDGES_EARLY"],
        ["NO_SECOND_LOOK"],
        ["NO_EXPIRY"],
        ["UNLISTED_COUNTS"],
        ["ANY_TARGET"],
        ["KEEPS_LEAVE"],
        ["SILENCE_IS_YES"],
        ["STOPS_WHILE_ASKING"],
        ["WAITS_FOR_EVER", LIVENESS],
        ["BEGUN_IS_DONE"],
    ],
    "rivals": [
        ["NO_PRECONDITION"],
        ["WHOLE_OBJECT"],
        ["NO_YIELD"],
        ["NO_YIELD", LIVENESS],
        ["LOST_IS_NOTHING"],
        ["FORGETS"],
        ["SILENT", LIVENESS],
        ["SAME_IS_UNTOUCHED"],
    ],
    "fleet": [
        ["UNREACHABLE_GRANTS"],
        ["NO_LOCK"],
        ["NO_TICKET"],
        ["KEEPS_BEGIN"],
        ["SHORT_HOLD"],
        ["OLD_ANSWERS"],
        ["LONG_DEATH"],
    ],
    "upgrade": [
        ["GUESSES"],
        ["GOES_BACK", "UNREAD_IS_NOTHING"],
        ["REPEATS"],
        ["NO_LOCK"],
        ["SKIPS_ENTRIES"],
        ["SILENT", LIVENESS],
        ["UNREAD_IS_NOTHING"],
        ["BODIES_BIND"],
        ["PARKED_IS_FINAL"],
        ["ONE_OUTCOME"],
    ],
}
# Beside what is never to happen, these say what happens at last; fairness costs time and memory.
LIVE = {"intent_act_outcome", "kill_switch", "approval", "rivals", "upgrade"}

PARTS = {"replay"}  # What others include, and no model.

MEGABYTES_MAX = 2048
DEPTH_MAX = 100_000
SECONDS_MAX = 600  # A search takes some seconds; one that hangs is a failure.

FIGURES = {
    "states": r"^\s*(\S+) states, stored",
    "depth": r"depth reached (\d+)",
    "megabytes": r"^\s*(\S+)\s+total actual memory usage",
    "seconds": r"pan: elapsed time (\S+) seconds",
}
INCOMPLETE = re.compile(r"search depth too small|MEMLIM|out of memory|memory exceeded", re.I)


@dataclass(frozen=True)
class Search:
    model: str
    defines: tuple[str, ...] = ()
    is_live: bool = False

    @property
    def name(self) -> str:
        what = "at last" if self.is_live else "never"
        if self.defines:
            return " -D".join([self.model, *self.defines]) + " (at last)" * self.is_live
        return f"{self.model} ({what})"

    @property
    def must_fail(self) -> bool:
        return bool(self.defines)


@dataclass(frozen=True)
class Finding:
    search: str
    states: int
    depth: int
    megabytes: float
    seconds: float
    verdict: str
    is_good: bool


def run(*command: str, cwd: Path) -> str:
    """What it printed. A program that is missing or does not work ends us with its words."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        sys.exit(f"{' '.join(command)}: not through after {SECONDS_MAX} s")
    except FileNotFoundError:
        sys.exit(f"{command[0]} is missing — tools/setup.sh check installs it")
    if done.returncode != 0 and command[0] != "./pan":
        sys.exit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def figure(name: str, output: str) -> float:
    found = re.search(FIGURES[name], output, re.MULTILINE)
    return float(found[1]) if found else 0.0


def verdict_on(search: Search, output: str) -> tuple[str, bool]:
    errors = re.search(r"errors: (\d+)", output)
    broken_by = "acceptance cycle" if search.is_live else "assertion violated"
    is_broken = broken_by in output
    if errors is None or INCOMPLETE.search(output):
        return "INCOMPLETE: the search stopped before its end", False
    if errors[1] == "0":
        return ("PASSES, and must fail", False) if search.must_fail else ("proven", True)
    if search.must_fail:
        # Another end than a broken assertion would be a fault of the model itself.
        return ("fails, as it must", True) if is_broken else (f"FAILS by no {broken_by}", False)
    return "FAILS", False


def steps_of_trail(model: str, defines: list[str], folder: Path) -> list[str]:
    """What the model says of its steps on the way to the failure, in order."""
    printed = run("spin", "-t", "-T", *defines, model, cwd=folder)
    steps, _, _ = printed.partition("spin: trail ends")
    return [line for line in steps.splitlines() if line and "is newer than" not in line]


def carry_out(search: Search) -> tuple[Finding, list[str], str]:
    model = f"{search.model}.pml"
    defines = [f"-D{name}" for name in search.defines] + [f"-D{LIVENESS}"] * search.is_live
    compiler = os.environ.get("CC", "gcc")
    with tempfile.TemporaryDirectory(prefix="homeostat-models-") as name:
        folder = Path(name)
        (folder / model).write_text((HERE / model).read_text())
        run("spin", "-a", *defines, model, cwd=folder)
        kind = ["-DNFAIR=5"] if search.is_live else ["-DSAFETY"]
        # What must fail does so soon: to optimise it takes longer than to find it.
        level = "-O0" if search.must_fail else "-O1"
        run(compiler, level, "-w", f"-DMEMLIM={MEGABYTES_MAX}", *kind, "-o", "pan", "pan.c",
            cwd=folder)
        fairly = ["-a", "-f"] if search.is_live else []
        output = run("./pan", f"-m{DEPTH_MAX}", *fairly, cwd=folder)
        verdict, is_good = verdict_on(search, output)
        has_trail = (folder / f"{model}.trail").exists()
        steps = steps_of_trail(model, defines, folder) if has_trail and not is_good else []
    figures = {name: figure(name, output) for name in FIGURES}
    finding = Finding(search.name, int(figures["states"]), int(figures["depth"]),
                      figures["megabytes"], figures["seconds"], verdict, is_good)
    return finding, steps, output


def line_of(finding: Finding) -> str:
    return (f"{finding.search:52} {finding.states:8d} states {finding.depth:4d} deep "
            f"{finding.megabytes:5.0f} MB {finding.seconds:5.1f} s  {finding.verdict}")


def searches_of(models: list[str]) -> list[Search]:
    searches = []
    for model in models:
        searches.append(Search(model))
        if model in LIVE:
            searches.append(Search(model, is_live=True))
        for defines in VARIANTS[model]:
            plain = tuple(name for name in defines if name != LIVENESS)
            searches.append(Search(model, plain, LIVENESS in defines))
    return searches


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(VARIANTS))
    parser.add_argument("--json", action="store_true", help="print a document instead of lines")
    options = parser.parse_args()
    if unknown := set(options.models) - set(VARIANTS):
        parser.error(f"there is no model {', '.join(sorted(unknown))}")
    if forgotten := {path.stem for path in HERE.glob("*.pml")} - set(VARIANTS) - PARTS:
        parser.error(f"{', '.join(sorted(forgotten))}: not in the table of this program")
    findings = []
    for search in searches_of(options.models or list(VARIANTS)):
        finding, steps, output = carry_out(search)
        findings.append(finding)
        if not options.json:
            print(line_of(finding), flush=True)
        if not finding.is_good:
            told = [f"    {line}" for line in steps or output.splitlines()]
            print("\n".join(told), file=sys.stderr)
    if options.json:
        print(json.dumps({"searches": [asdict(finding) for finding in findings]}, indent=2))
    return 0 if all(finding.is_good for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
