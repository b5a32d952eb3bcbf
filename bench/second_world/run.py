"""Makes cases of the second world: lives of worlds side by side, and a line for each case.

A case is a directory, DIR/0007, with its plan, what was recorded, and a file for each life. What is
there is not made again.
"""

import json
import math
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import cages
import case_text
import faults
import remedies
import truth
import world
from draw import draw_plan, rng_of

HERE = Path(__file__).resolve().parent
LIFE_S_MAX = 120  # The longest takes half of it.
TRIES_MAX = 3
FAILURES_MAX = 6  # Cases in a row that could not be made: then no world starts here.
FELT_SHARE = 0.05  # Of what users asked for was lost: less is hardly felt.
BUSY_FROM = 60.0  # So many times as long as alone: others have the machine, and we wait.
WORK_S, WAIT_S = 0.03, 10
UNFELT_KEPT = 0.35  # As in the simulator, most single faults cost users nothing.
OBSERVE, ESCALATE = {"remedy": "observe"}, {"remedy": "escalate"}


def busyness():
    """How much longer a little work takes than it would alone."""
    began_at, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < WORK_S:
        pass
    return (time.monotonic() - began_at) / WORK_S


class Lives:
    """Runs lives, so many beside each other; each has ports of its own."""

    def __init__(self, programs, at_once, say):
        self.programs, self.say = programs, say
        self.slots = list(range(at_once))
        self.pool = ThreadPoolExecutor(at_once)
        self.is_over = False
        self.running = set()

    def result(self, directory, name, *more):
        """Of a life that is over, or is lived now; None where it could not be lived."""
        out = directory / f"{name}.json"
        for _ in range(TRIES_MAX):
            if out.exists():
                return json.loads(out.read_text())
            if self.is_over:
                return None
            self.live(directory, out, more)
        return None

    def live(self, directory, out, more):
        self.wait_for_room()
        if self.is_over:
            return
        slot = self.slots.pop()
        words = [sys.executable, HERE / "trial.py", "--bin", self.programs, "--plan",
                 directory / "plan.json", "--slot", str(slot), "--out", out, *more]
        try:
            with open(directory / "lives.log", "ab") as log, \
                    subprocess.Popen(words, stdout=log, stderr=log,
                                     preexec_fn=world.die_with_parent,
                                     # A group of its own for the scheduler, where it makes them.
                                     start_new_session=True) as life:
                self.running.add(life)
                try:
                    life.wait(LIFE_S_MAX)
                except subprocess.TimeoutExpired:
                    life.terminate()
                self.running.discard(life)
        finally:
            self.slots.append(slot)
        if not out.exists() and not self.is_over:
            self.say(f"{directory.name}: {out.stem} failed; lives.log says why")

    def wait_for_room(self):
        """Begins no life while others have the machine: what it would lose says nothing."""
        waits = 0
        while not self.is_over and busyness() > BUSY_FROM:
            if waits % 30 == 0:
                self.say("the machine is busy; waiting")
            waits += 1
            time.sleep(WAIT_S)

    def submit(self, *words):
        return self.pool.submit(self.result, *words)

    def end(self):
        self.is_over = True
        for life in list(self.running):
            life.terminate()
        self.pool.shutdown(cancel_futures=True)


def why_not_here(plan):
    """What this machine lacks for a plan; empty if nothing."""
    needs = {faults.FAMILIES[fault["family"]].needs for fault in plan["faults"]} - {""}
    return cages.why_not() if needs else ""


def is_felt(loss):
    return loss["lost"] >= FELT_SHARE * loss["requests"]


def by_trial(plan, listed):
    """What is really done → the remedies that it is."""
    named = sorted(listed, key=lambda remedy: remedies.same_trial(plan, remedy))
    return {name: list(those) for name, those in
            groupby(named, lambda remedy: remedies.same_trial(plan, remedy))}


def tried_again(plan, losses, groups):
    """Names of the trials whose verdict another future could change."""
    tried = tried_in(plan, losses, groups)
    wanted = [one["remedy"] for one in tried if truth.needs_another_look(one, tried)]
    return [name for name, those in groups.items() if any(one in wanted for one in those)]


def tried_in(plan, losses, groups):
    """All with their costs: to observe, to call a person, and what was done. losses: name → future
    → loss."""
    tried = [case_text.tried_of(plan, OBSERVE, losses["observe"]),
             case_text.tried_of(plan, ESCALATE, losses["observe"])]
    return tried + [case_text.tried_of(plan, remedy, losses[name])
                    for name, those in groups.items() for remedy in those]


def mean_of(one, other):
    return {key: (one[key] + other[key]) / 2 for key in one}


def losses_in(directory, groups):
    """name → future → loss, of all lives that are there. Doing nothing was lived twice in the first
    future, once while it was recorded."""
    losses = {}
    for name in ("observe", *groups):
        files = ((future, directory / f"{name}.{future}.json") for future in (1, 2))
        losses[name] = {future: json.loads(file.read_text())["loss"] for future, file in files
                        if file.exists()}
    recorded = json.loads((directory / "recorded.json").read_text())["loss"]
    losses["observe"][1] = mean_of(losses["observe"][1], recorded)
    return losses


def groups_in(plan):
    return by_trial(plan, remedies.candidates(rng_of(plan["seed"], plan["number"], "trials"), plan))


def case_in(directory):
    """The line of a case whose lives are all there, as an object."""
    plan = json.loads((directory / "plan.json").read_text())
    groups = groups_in(plan)
    tried = tried_in(plan, losses_in(directory, groups), groups)
    truth.judge(tried)
    shown = json.loads((directory / "recorded.json").read_text())["shown"]
    return shown | case_text.truth_of(plan, tried)


class Maker:
    def __init__(self, lives, runs, seed, say):
        self.lives, self.runs, self.seed, self.say = lives, runs, seed, say

    def live(self, directory, names_and_remedies, future):
        """False if one could not be lived."""
        asked = []
        for name, remedy in names_and_remedies:
            words = ["--future", str(future)]
            words += ["--remedy", json.dumps(remedy)] if remedy["remedy"] != "observe" else []
            asked.append(self.lives.submit(directory, f"{name}.{future}", *words))
        return all([life.result() is not None for life in asked])

    def make(self, number):
        """Why there is no such case, empty if there is; None if it was interrupted."""
        directory = self.runs / f"{number:04d}"
        done = directory / "done.json"
        if done.exists():
            return json.loads(done.read_text())["left_out"]
        directory.mkdir(parents=True, exist_ok=True)
        plan = draw_plan(self.seed, number)
        (directory / "plan.json").write_text(json.dumps(plan, indent=1))
        left_out = why_not_here(plan) or self.made(directory, plan)
        if left_out is not None:
            done.write_text(json.dumps({"left_out": left_out, "family": plan["family"]}))
        return left_out

    def made(self, directory, plan):
        recorded = self.lives.submit(directory, "recorded", "--record").result()
        if recorded is None:
            return None
        if not is_felt(recorded["loss"]) and plan["luck"] > UNFELT_KEPT:
            return "users hardly feel it"
        groups = groups_in(plan)
        trials = [("observe", OBSERVE), *((name, those[0]) for name, those in groups.items())]
        for future in (1, 2):
            if not self.live(directory, trials, future):
                return None
            again = {"observe", *tried_again(plan, losses_in(directory, groups), groups)}
            trials = [(name, remedy) for name, remedy in trials if name in again]
        return ""


def made_in(runs):
    """Directories of the cases that are there, in the order of numbers."""
    return [file.parent for file in sorted(runs.glob("*/done.json"))
            if not json.loads(file.read_text())["left_out"]]


def write_cases(runs, out):
    """Brings `out` to what is there; returns how many."""
    cases = [case_in(directory) for directory in made_in(runs)]
    aside = out.with_suffix(".new")
    aside.write_text("".join(json.dumps(case, separators=(",", ":")) + "\n" for case in cases))
    aside.rename(out)
    return len(cases)


def noise_in(runs):
    """Of each case: how far two lives of doing nothing with the same traffic are apart, and what
    that would be by chance, in seconds; and the cost."""
    found = []
    for directory in made_in(runs):
        rate = json.loads((directory / "plan.json").read_text())["rate"]
        pair = [json.loads((directory / name).read_text())["loss"]
                for name in ("recorded.json", "observe.1.json")]
        costs = [truth.cost_of(loss, rate) for loss in pair]
        chances = [truth.chance_of(loss, rate) for loss in pair]
        found.append({"apart_s": round(abs(costs[0] - costs[1]), 2),
                      "cost_s": round(sum(costs) / 2, 2),
                      "chance_s": round(math.hypot(*chances), 2)})
    return found


def make_cases(options, say):
    """Until there are `options.n`; each number from 1 on is made, or left out for a reason."""
    cages.remove_left_over()
    world.remove_left_over()
    lives = Lives(options.bin.resolve(), options.at_once, say)
    maker = Maker(lives, options.runs, options.seed, say)
    lock, state = threading.Lock(), {"next": 1, "made": 0, "failures": 0}

    def drive():
        while not lives.is_over:
            with lock:
                if state["made"] >= options.n or state["failures"] >= FAILURES_MAX:
                    return
                number, state["next"] = state["next"], state["next"] + 1
            left_out = maker.make(number)
            with lock:
                state["failures"] = state["failures"] + 1 if left_out is None else 0
                if left_out == "":
                    state["made"] += 1
                    say(f"{number:04d}: {state['made']} cases")

    drivers = [threading.Thread(target=drive, daemon=True) for _ in range(options.drivers)]
    for driver in drivers:
        driver.start()
    try:
        for driver in drivers:
            while driver.is_alive():
                driver.join(0.5)
    finally:
        lives.end()
        count = write_cases(options.runs, options.out)
    if count < options.n:
        sys.exit(f"{count} of {options.n} cases; no more could be made here")
