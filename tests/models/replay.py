#!/usr/bin/env python3
"""Holds what agents did in the simulator against the model intent_act_outcome: each incident that
replaces one process must be a way through the model, too.

    tests/models/replay.py --lab build/release/bin/homeostat-lab --seeds 1..100

What is compared is what can be seen: the agent's process comes and goes, intents and outcomes in
the ledger (of Replace alone; other steps lie between as if they were not there), and the end. An
incident of more intents than the model has, or of several processes, is left out and counted. What
comes after a person was told is left out as well: for why somebody is called the model has one
reason only.

Made-up histories that no agent may have (an outcome in front of its intent, two outcomes, an intent
while the one before is open, two agents at once) must be no way through: else this says nothing.
Exit status: 0 all as it must be, 1 not. Needs spin and a C compiler.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from run_models import HERE, MEGABYTES_MAX, run

MODEL = "intent_act_outcome.pml"
INTENTS_MAX = 3
KILLS_MAX = 4
OUTCOMES = ("done", "refused", "unknown")

LINE = re.compile(r"^\s*[0-9.]+ s  (.*)$")
OPENED = re.compile(r"ledger \d+: opened (\S+) ")
INTENT = re.compile(r"ledger \d+: intent (\S+) (\S+): (.*)$")
OUTCOME = re.compile(r"ledger \d+: outcome (\S+) (\S+): (done|refused|unknown)")
CLOSED = re.compile(r"ledger \d+: closed (\S+)")
ESCALATED = re.compile(r"ledger \d+: escalated (\S+)")
REPLACE = re.compile(r"replace (\S+) (.*)$")


def begins():
    return ("begins",)


def is_killed():
    return ("is killed",)


class Incident:
    """What can be seen of one incident, in order."""

    def __init__(self):
        self.events = [begins()]
        self.processes = set()
        self.effects = {}  # Of Replace: its number.
        self.is_over = False

    def add(self, event):
        if not self.is_over:
            self.events.append(event)

    def intend(self, effect, step):
        replace = REPLACE.match(step)
        if replace is None or self.is_over:
            return
        self.processes.add(replace[1])
        self.effects[effect] = len(self.effects) + 1
        is_alive = "nothing runs there" not in replace[2]
        self.add(("intent", self.effects[effect], is_alive))

    def end_with(self, effect, outcome):
        if effect in self.effects:
            self.add(("outcome", self.effects[effect], outcome))

    def left_out(self):
        """Why the model cannot have it; None: it can."""
        if not self.effects:
            return "replaces nothing"
        if len(self.processes) > 1:
            return "replaces several processes"
        if len(self.effects) > INTENTS_MAX:
            return f"more than {INTENTS_MAX} intents"
        if self.events.count(is_killed()) > KILLS_MAX:
            return f"more than {KILLS_MAX} deaths"
        return None


def follow(incidents, line, is_up):
    """Takes one line of a trace in; returns whether the agent is up after it."""
    opened = [one for one in incidents.values() if not one.is_over]
    if line.startswith("homeostat starts"):
        for one in opened:
            if is_up:
                one.add(is_killed())  # By a power loss, which is told of as such.
            one.add(begins())
        return True
    if line.startswith("homeostat dies"):
        for one in opened:
            one.add(is_killed())
        return False
    if found := OPENED.match(line):
        incidents[found[1]] = Incident()
    elif (found := INTENT.match(line)) and found[1] in incidents:
        incidents[found[1]].intend(found[2], found[3])
    elif (found := OUTCOME.match(line)) and found[1] in incidents:
        incidents[found[1]].end_with(found[2], found[3])
    elif (found := CLOSED.match(line)) and found[1] in incidents:
        incidents[found[1]].add(("closes",))
        incidents[found[1]].is_over = True
    elif (found := ESCALATED.match(line)) and found[1] in incidents:
        incidents[found[1]].is_over = True
    return is_up


def incidents_of(trace):
    incidents, is_up = {}, False
    for line in trace.splitlines():
        if found := LINE.match(line):
            is_up = follow(incidents, found[1], is_up)
    return incidents


def collect(lab, seeds):
    """Of each history that was seen: seeds and incidents that have it; and what was left out."""
    seen, left_out = defaultdict(list), Counter()
    for seed in seeds:
        done = subprocess.run([lab, "--seed", str(seed), "--trace"], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"seed {seed}: {done.stderr or done.stdout[-2000:]}")
        for name, incident in incidents_of(done.stdout).items():
            if why := incident.left_out():
                left_out[why] += 1
            else:
                seen[tuple(incident.events)].append(f"seed {seed} {name}")
    return seen, left_out


def code_of(event):
    match event:
        case ("begins",):
            return "BEGINS"
        case ("is killed",):
            return "IS_KILLED"
        case ("closes",):
            return "CLOSES"
        case ("intent", effect, is_alive):
            return f"WRITES_INTENT({effect}, {int(is_alive)})"
        case ("outcome", effect, outcome):
            return f"WRITES_OUTCOME({effect}, {outcome})"


def events_header(events):
    """A conditional expression of the place, because the model's arrays cannot be written down."""
    chosen = "0"
    for place, event in reversed(list(enumerate(events))):
        chosen = f"((place) == {place} -> {code_of(event)} : {chosen})"
    return f"#define EVENTS_COUNT {len(events)}\n#define event(place) {chosen}\n"


def is_a_way(events):
    """Whether the model can do exactly that, from its beginning."""
    with tempfile.TemporaryDirectory(prefix="homeostat-models-") as name:
        folder = Path(name)
        (folder / MODEL).write_text((HERE / MODEL).read_text())
        (folder / "events.h").write_text(events_header(events))
        kills = events.count(is_killed())
        run("spin", "-a", "-DREPLAY", f"-DKILLS={kills}", "-DSTROKES=3", MODEL, cwd=folder)
        run("gcc", "-O1", "-w", f"-DMEMLIM={MEGABYTES_MAX}", "-DSAFETY", "-o", "pan", "pan.c",
            cwd=folder)
        # -E: an agent that strays stops where the model would call that a deadlock.
        output = run("./pan", "-m100000", "-E", cwd=folder)
    if "assertion violated (at<" in output:
        return True
    if "errors: 0" not in output:
        sys.exit(f"the search of {events} ended otherwise:\n{output}")
    return False


def forged():
    intent, done = ("intent", 1, False), ("outcome", 1, "done")
    return {
        "an outcome in front of its intent": (begins(), done, intent),
        "two outcomes of one intent": (begins(), intent, done, done),
        "an intent while the one before is open": (begins(), intent, ("intent", 2, False)),
        "two agents at once": (begins(), begins()),
        "it is closed while an intent is open": (begins(), intent, ("closes",)),
    }


def told(event):
    return " ".join(str(part) for part in event)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, required=True, help="the program homeostat-lab")
    parser.add_argument("--seeds", default="1..40", help="1..40 or 7")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    seen, left_out = collect(options.lab, seeds)
    failures = 0
    for events, where in seen.items():
        if not is_a_way(events):
            failures += 1
            print(f"no way through the model: {', '.join(map(told, events))} ({where[0]})")
    for what, events in forged().items():
        if is_a_way(events):
            failures += 1
            print(f"the model can do what nobody may: {what}")
    count = sum(map(len, seen.values()))
    print(f"{count} incidents of {len(seeds)} seeds, {len(seen)} histories that differ: "
          f"{failures} failures; left out: "
          + (", ".join(f"{number} {why}" for why, number in left_out.items()) or "none"))
    if not seen:
        print("nothing was replayed: other seeds")
    return 1 if failures or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
