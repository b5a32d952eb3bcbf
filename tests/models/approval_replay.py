#!/usr/bin/env python3
"""Holds what agents did in the simulator against the model approval: each incident that asked a
person must be a way through the model, too.

    tests/models/approval_replay.py --lab build/release/bin/homeostat-lab --seeds 1..20

The worlds are those of scenario S24, in which answers come late, twice, or after the world has
changed. People sign nothing there and one is enough: the quorum is one. What is compared is what
can be seen: the agent's process comes and goes, a question, the answer that was taken, the first
intent of each remedy that stands at ask, and the end. Steps of a remedy after its first, undos and
remedies that need no leave lie between as if they were not there. What comes after a person was
told is left out.

Made-up histories that no agent may have (an intent without a yes, after a no, a second one by the
same yes, by the yes to an earlier question) must be no way through, and the same done rightly must
be one: else this says nothing.
Exit status: 0 all as it must be, 1 not. Needs spin and a C compiler.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from replay import CLOSED, ESCALATED, INTENT, LINE, OPENED
from run_models import HERE, INCOMPLETE, MEGABYTES_MAX, run

MODEL = "approval.pml"
SCENARIO = "S24"
# A quorum of one, and more of all else than a history of so many events can have.
EVENTS_MAX = 30
BOUNDS = ["-DQUORUM=1", f"-DKILLS={EVENTS_MAX}", f"-DFORMS={EVENTS_MAX}", "-DINTENTS=12"]

AT_ASK = re.compile(r"^\s+(\S+) is at ask$", re.MULTILINE)
VERDICT = re.compile(r"ledger \d+: verdict (\S+) (.*): (permit|question|refusal|escalation) \(")
SAYS = re.compile(r"person (approved|denied) what (\S+) asks")
ANSWERED = re.compile(r"ledger \d+: answered (\S+)")
ENDS_REMEDY = re.compile(r"ledger \d+: (proof|undo|given_back|proposed) (\S+)")

BEGINS, IS_KILLED, ASKS, YES, NO, INTENDS, IS_OVER = range(1, 8)
NAMES = ("", "begins", "is killed", "asks", "hears yes", "hears no", "intends", "is over")


def needs_leave(remedy, at_ask):
    kind = remedy.split()[0]
    return kind in at_ask or (", and invalidate_cache" in remedy and "invalidate_cache" in at_ask)


class Incident:
    """What can be seen of one incident, in order."""

    def __init__(self):
        self.events = [BEGINS]
        self.remedy = ""  # That guard has permitted last; none: what is done needs no leave.
        self.says = NO  # The latest of a person, whether it is taken or not.
        self.is_in_hand = False
        self.is_over = False

    def add(self, event):
        # A question at a step is put once more by guard as a whole.
        if not self.is_over and not (event == ASKS == self.events[-1]):
            self.events.append(event)
        self.is_over = self.is_over or event == IS_OVER

    def judge(self, remedy, verdict):
        if verdict == "question":
            self.is_in_hand = False
            self.add(ASKS)
        if verdict == "permit":
            self.remedy = remedy

    def intend(self, at_ask):
        if self.remedy and needs_leave(self.remedy, at_ask) and not self.is_in_hand:
            self.is_in_hand = True
            self.add(INTENDS)

    def end_remedy(self, how):
        # What begins then is an inverse, until guard permits another remedy.
        if how != "proof" or not self.is_over:
            self.is_in_hand = False
            self.remedy = ""


def follow(incidents, line, is_up, at_ask):
    """Takes one line of a trace in; returns whether the agent is up after it."""
    if line.startswith(("homeostat starts", "homeostat dies")):
        begins = line.startswith("homeostat starts")
        for one in incidents.values():
            if is_up:
                one.add(IS_KILLED)  # By a power loss, which is told of as such.
            if begins:
                one.add(BEGINS)
        return begins
    if found := OPENED.match(line):
        incidents[found[1]] = Incident()
    elif found := VERDICT.match(line):
        incidents[found[1]].judge(found[2], found[3])
    elif (found := SAYS.match(line)) and found[2] in incidents:
        incidents[found[2]].says = YES if found[1] == "approved" else NO
    elif found := ANSWERED.match(line):
        incidents[found[1]].add(incidents[found[1]].says)
    elif found := INTENT.match(line):
        incidents[found[1]].intend(at_ask)
    elif found := ENDS_REMEDY.match(line):
        incidents[found[2]].end_remedy(found[1])
    elif found := CLOSED.match(line) or ESCALATED.match(line):
        incidents[found[1]].add(IS_OVER)
    return is_up


def incidents_of(trace):
    at_ask = set(AT_ASK.findall(trace))
    incidents, is_up = {}, False
    for line in trace.splitlines():
        if found := LINE.match(line):
            is_up = follow(incidents, found[1], is_up, at_ask)
    return incidents


def collect(lab, seeds):
    """Of each history that was seen: seeds and incidents that have it; and what was left out."""
    seen, left_out = defaultdict(list), Counter()
    for seed in seeds:
        done = subprocess.run([lab, "--scenario", SCENARIO, "--seed", str(seed), "--trace"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"seed {seed}: {done.stderr or done.stdout[-2000:]}")
        for name, incident in incidents_of(done.stdout).items():
            if not {ASKS, INTENDS} & set(incident.events):
                left_out["ask nobody and do nothing that needs it"] += 1
            elif len(incident.events) > EVENTS_MAX:
                left_out[f"have more than {EVENTS_MAX} events"] += 1
            else:
                seen[tuple(incident.events)].append(f"seed {seed} {name}")
    return seen, left_out


class Model:
    """Made once, for all histories."""

    def __init__(self, folder):
        self.folder = folder
        for file in (MODEL, "replay.pml"):
            (folder / file).write_text((HERE / file).read_text())
        run("spin", "-a", "-DREPLAY", *BOUNDS, MODEL, cwd=folder)
        run("gcc", "-O1", "-w", f"-DMEMLIM={MEGABYTES_MAX}", "-DSAFETY", "-o", "pan", "pan.c",
            cwd=folder)

    def is_a_way(self, events):
        """Whether the model can do exactly that, from its beginning."""
        rows = "".join(f"{event} 0 0 0\n" for event in events)
        (self.folder / "events").write_text(rows)
        # -E: an agent that strays stops where the model would call that a deadlock. -w: the usual
        # table is for millions of states.
        output = run("./pan", "-m100000", "-w20", "-E", cwd=self.folder)
        if "assertion violated (at<" in output:
            return True
        if "errors: 0" not in output or INCOMPLETE.search(output):
            sys.exit(f"the search of {told(events)} ended otherwise:\n{output}")
        return False


def made_up():
    """What nobody may do, and beside it the same done rightly."""
    agreed = (BEGINS, ASKS, YES, INTENDS)
    return [
        ("an intent without a yes", (BEGINS, ASKS, INTENDS), agreed),
        ("an intent without a question", (BEGINS, INTENDS), agreed),
        ("a yes that nobody was asked for", (BEGINS, YES, INTENDS), agreed),
        ("an intent after a no", (BEGINS, ASKS, NO, INTENDS), (BEGINS, ASKS, NO, IS_OVER)),
        ("a second remedy by one yes", (*agreed, INTENDS), (*agreed, ASKS, YES, INTENDS)),
        ("an intent by the yes to an earlier question", (BEGINS, ASKS, YES, ASKS, INTENDS),
         (BEGINS, ASKS, YES, ASKS, YES, INTENDS)),
        ("two answers to one question", (BEGINS, ASKS, YES, NO), (BEGINS, ASKS, YES, IS_OVER)),
        ("a yes that is used again by a successor", (*agreed, IS_KILLED, BEGINS, INTENDS),
         (BEGINS, ASKS, YES, IS_KILLED, BEGINS, INTENDS)),
    ]


def told(events):
    return ", ".join(NAMES[event] for event in events)


def replay_made_up(model):
    failures = 0
    for what, wrong, right in made_up():
        if model.is_a_way(wrong):
            failures += 1
            print(f"the model can do what nobody may: {what}")
        if not model.is_a_way(right):
            failures += 1
            print(f"the model cannot do what is right: {told(right)}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", type=Path, required=True, help="the program homeostat-lab")
    parser.add_argument("--seeds", default="1..20", help="1..20 or 7")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    seen, left_out = collect(options.lab, seeds)
    with tempfile.TemporaryDirectory(prefix="homeostat-models-") as name:
        model = Model(Path(name))
        failures = replay_made_up(model)
        for events, where in seen.items():
            if not model.is_a_way(events):
                failures += 1
                print(f"no way through the model: {told(events)} ({where[0]})")
    asked = [events for events in seen if ASKS in events]
    count = sum(len(seen[events]) for events in asked)
    print(f"{count} incidents of {len(seeds)} seeds asked somebody, {len(asked)} histories that "
          f"differ: {failures} failures; left out: "
          + (", ".join(f"{number} that {why}" for why, number in left_out.items()) or "none"))
    if not asked:
        print("nobody was asked: other seeds")
    return 1 if failures or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
