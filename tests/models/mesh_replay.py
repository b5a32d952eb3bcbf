#!/usr/bin/env python3
"""Holds what agents did in simulated worlds against the models pledge and capacity: the history of
each route, and of each service that lends, must be a way through its model, too.

    tests/models/mesh_replay.py --histories build/release/bin/mesh_histories --seeds 0..7

The worlds are those of homeostat/mesh/neighbours_test.cpp, in every other one with a calm third
service: messages are lost, doubled and delayed, data planes refuse, agents die and stand still,
clocks run apart. What is compared is what can be seen, with its time: who asks, offers, enters a
mode, counts on it, leaves it; who asks for capacity, grants it, sends there. How messages come and
get lost in between is the model's to find.

Made-up histories that no agent may have must be no way through: else this says nothing.
Exit status: 0 all as it must be, 1 not. Needs spin and a C compiler.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from run_models import HERE, INCOMPLETE, MEGABYTES_MAX, run

# A tick is a hundredth of a promise: clocks that differ by 4 % in all take four of them and the
# margin five. A clock that is 2 % ahead is three early by the count of whole ticks, else two late.
COMMON = ["-DREPLAY", "-DTTL=100", "-DHORIZON=30000", "-DDEATHS=250", "-DEARLY=3", "-DLATE=2",
          "-DMARGIN=5"]
DEFINES = {
    "pledge": ["-DPLEDGES=250", "-DTURNS=250"],
    "capacity": ["-DQUESTIONS=250", "-DCAPACITY=90"],
}
ROWS_MAX = 6000 - 2  # replay.pml, EVENTS_MAX; it reads none of those that are too many.
SIZED_MAX = 2  # Likewise: whose questions have a size, and how many each may have.
NUMBERS_MAX = 256
# A search that ran out of something says "errors: 0" as well.
CUT_OFF = re.compile(INCOMPLETE.pattern + "|truncated", re.I)
EVENT = re.compile(r"^#define ([A-Z_]+) (\d+)\b", re.MULTILINE)


class Model:
    """One that was made to be replayed."""

    def __init__(self, name, folder):
        self.folder = folder / name
        self.folder.mkdir()
        text = (HERE / f"{name}.pml").read_text()
        told = text.partition("What can be seen of a step")[2].partition("#ifdef")[0]
        self.codes = {word: int(code) for word, code in EVENT.findall(told)}
        for file in (f"{name}.pml", "replay.pml"):
            (self.folder / file).write_text((HERE / file).read_text())
        run("spin", "-a", *COMMON, *DEFINES[name], f"{name}.pml", cwd=self.folder)
        run("gcc", "-O1", "-w", f"-DMEMLIM={MEGABYTES_MAX}", "-DSAFETY", "-o", "pan", "pan.c",
            cwd=self.folder)

    def rows(self, events):
        tick = 0
        for at, what, one, other, size in events:
            if at != tick:
                yield self.codes["PASSES_TIME"], at, 0, 0
                tick = at
            if size > 0 and not (0 <= one < SIZED_MAX and 0 <= other < NUMBERS_MAX):
                sys.exit(f"no place in replay.pml for the size of question {other} of {one}")
            yield self.codes[what], one, other, size

    def is_a_way(self, events):
        """Whether the model can do exactly that, from its beginning."""
        rows = [" ".join(map(str, row)) for row in self.rows(events)]
        if len(rows) > ROWS_MAX:
            sys.exit(f"a history of {len(rows)} rows, and replay.pml reads {ROWS_MAX}")
        (self.folder / "events").write_text("\n".join(rows) + "\n")
        # -E: an agent that strays stops where the model would call that a deadlock. -w: a history
        # has some thousands of states, and the usual table for millions takes longer than they do.
        output = run("./pan", "-m100000", "-w18", "-E", cwd=self.folder)
        if "assertion violated (at<" in output:
            return True
        if "errors: 0" not in output or CUT_OFF.search(output):
            sys.exit(f"the search ended otherwise:\n{output}")
        return False

    def way_ends_at(self, events):
        """The number of the first event that the model cannot have."""
        low, high = 0, len(events)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.is_a_way(events[:middle]) else (low, middle)
        return low


def histories_of(program, seeds):
    done = subprocess.run([program, str(seeds[0]), str(seeds[-1])], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{program}: {done.stderr}")
    histories = defaultdict(list)
    for line in done.stdout.splitlines():
        if line.startswith("history "):
            _, model, name = line.split(" ", 2)
            events = histories[model, name]
        else:
            at, what, *numbers = line.split()
            events.append((int(at), what, *map(int, numbers)))
    return histories


def event(at, what, one=0, other=0, size=0):
    return at, what, one, other, size


AGREED = (event(1, "ASKS"), event(1, "OFFERS", 1), event(1, "ENTERS", 1), event(1, "RELIES", 1))
ASKED = (event(1, "FORGETS"), event(110, "REQUESTS", 0, 1, 60), event(110, "GRANTS", 0, 1))


def made_up():
    """What nobody may do, and beside it the same done rightly."""
    renewed = (*AGREED, event(34, "RENEWS", 1, 1))
    counted = (*renewed, event(34, "ENTERS", 1, 1), event(34, "RELIES", 1, 1))
    sends = (*ASKED, event(110, "TAKES", 0, 1))
    return [
        ("pledge", "the callee counts on what was not entered",
         (*AGREED[:2], AGREED[3]), AGREED),
        ("pledge", "an ACCEPT of the turn before counts",
         (*renewed, event(35, "RELIES", 1, 0)), counted),
        ("pledge", "the caller leaves while it is counted on",
         (*AGREED, event(20, "LEAVES")),
         (*AGREED, event(20, "RELEASES", 1), event(20, "REVOKES", 1), event(20, "LEAVES"))),
        ("pledge", "the caller leaves when it has asked to, and not when it is answered",
         (*AGREED, event(20, "RELEASES", 1), event(20, "LEAVES")),
         (*AGREED, event(20, "RELEASES", 1), event(97, "STOPS"), event(101, "LEAVES"))),
        ("pledge", "a new process ends the mode that it finds",
         (*AGREED, event(20, "DIES"), event(101, "LEAVES")),
         (*AGREED, event(20, "DIES"), event(96, "STOPS"), event(120, "LEAVES"))),
        ("pledge", "a new process renews what it does not know",
         (*renewed[:4], event(20, "DIES"), renewed[4], event(34, "ENTERS", 1, 1)), counted),
        ("pledge", "the callee counts on the whole of the time",
         (*AGREED, event(101, "STOPS")), (*AGREED, event(96, "STOPS"))),
        ("pledge", "the callee counts from the answer",
         (*AGREED[:3], event(50, "RELIES", 1), event(140, "STOPS")),
         (*AGREED[:3], event(50, "RELIES", 1), event(96, "STOPS"))),
        ("capacity", "traffic is sent there without a grant",
         (*ASKED[:2], event(110, "TAKES", 0, 1)), sends),
        ("capacity", "who has forgotten its grants grants at once",
         (*sends, event(120, "FORGETS"), event(121, "REQUESTS", 1, 1, 60),
          event(121, "GRANTS", 1, 1)),
         (*sends, event(120, "FORGETS"), event(205, "ENDS"), event(221, "REQUESTS", 1, 1, 60),
          event(221, "GRANTS", 1, 1))),
        ("capacity", "more is granted than there is",
         (*sends, event(120, "REQUESTS", 1, 1, 40), event(120, "GRANTS", 1, 1)),
         (*sends, event(120, "REQUESTS", 1, 1, 30), event(120, "GRANTS", 1, 1))),
        ("capacity", "a grant counts from when it was answered",
         (*ASKED, event(150, "TAKES", 0, 1), event(244, "ENDS")),
         (*ASKED, event(150, "TAKES", 0, 1), event(205, "ENDS"))),
    ]


def told(row):
    at, what, one, other, size = row
    return f"{at / 10:.1f} s {what} {one} {other}" + (f" of {size}" if size else "")


def replay(models, histories):
    failures = 0
    for (model, name), events in histories.items():
        if events and not models[model].is_a_way(events):
            failures += 1
            place = models[model].way_ends_at(events)
            before = ", ".join(map(told, events[max(0, place - 6):place]))
            print(f"no way through {model}: {name}: {told(events[place])}, after {before}")
    return failures


def replay_made_up(models):
    failures = 0
    for model, what, wrong, right in made_up():
        if models[model].is_a_way(wrong):
            failures += 1
            print(f"{model} can do what nobody may: {what}")
        if not models[model].is_a_way(right):
            failures += 1
            print(f"{model} cannot do what is right: {what}: stops at event "
                  f"{models[model].way_ends_at(right)}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=Path, required=True,
                        help="the program mesh_histories")
    parser.add_argument("--seeds", default="0..7", help="0..7 or 7")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    histories = histories_of(options.histories, seeds)
    with tempfile.TemporaryDirectory(prefix="homeostat-models-") as name:
        models = {model: Model(model, Path(name)) for model in DEFINES}
        failures = replay_made_up(models) + replay(models, histories)
    for model in DEFINES:
        told_of = [events for (of, _), events in histories.items() if of == model and events]
        print(f"{model}: {len(told_of)} histories of {len(seeds)} seeds, "
              f"{sum(map(len, told_of))} events")
        if sum(map(len, told_of)) < 10 * len(seeds):
            failures += 1
            print("hardly anything happened: other seeds")
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
