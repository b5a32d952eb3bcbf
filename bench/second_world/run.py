"""Makes cases of the second world: lives of worlds side by side, and a line for each case.

A case is a directory, DIR/0007, with its plan, what was recorded, and a file for each life. What is
there is not made again.
"""

import json
import subprocess
import sys
import threading
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
FELT_SHARE = 0.05  # Of what users asked for was lost: less is hardly felt.
UNFELT_KEPT = 0.35  # As in the simulator, most single faults cost users nothing.
OBSERVE, ESCALATE = {"remedy": "observe"}, {"remedy": "escalate"}


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
        slot = self.slots.pop()
        words = [sys.executable, HERE / "trial.py", "--bin", self.programs, "--plan",
                 directory / "plan.json", "--slot", str(slot), "--out", out, *more]
        try:
            with open(directory / "lives.log", "ab") as log, \
                    subprocess.Popen(words, stdout=log, stderr=log,
                                     preexec_fn=world.die_with_parent) as life:
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


class Maker:
    def __init__(self, lives, runs, seed, say):
        self.lives, self.runs, self.seed, self.say = lives, runs, seed, say

    def losses_of(self, directory, names_and_remedies, future):
        """name → loss in that future; None if one could not be found out."""
        asked = {}
        for name, remedy in names_and_remedies:
            words = ["--future", str(future)]
            words += ["--remedy", json.dumps(remedy)] if remedy["remedy"] != "observe" else []
            asked[name] = self.lives.submit(directory, f"{name}.{future}", *words)
        found = {name: life.result() for name, life in asked.items()}
        if any(life is None for life in found.values()):
            return None
        return {name: life["loss"] for name, life in found.items()}

    def make(self, number):
        """The case's line as an object; {"left_out": why} or None if it was interrupted."""
        directory = self.runs / f"{number:04d}"
        done = directory / "case.json"
        if done.exists():
            return json.loads(done.read_text())
        directory.mkdir(parents=True, exist_ok=True)
        plan = draw_plan(self.seed, number)
        (directory / "plan.json").write_text(json.dumps(plan, indent=1))
        made = {"left_out": why_not_here(plan)}
        if not made["left_out"]:
            made = self.made(directory, plan)
        if made is not None:
            done.with_suffix(".new").write_text(json.dumps(made))
            done.with_suffix(".new").rename(done)
        return made

    def made(self, directory, plan):
        recorded = self.lives.submit(directory, "recorded", "--record").result()
        if recorded is None:
            return None
        if not is_felt(recorded["loss"]) and plan["luck"] > UNFELT_KEPT:
            return {"left_out": "users hardly feel it"}
        listed = remedies.candidates(rng_of(self.seed, plan["number"], "trials"), plan)
        groups = by_trial(plan, listed)
        trials = [("observe", OBSERVE), *((name, those[0]) for name, those in groups.items())]
        losses = {name: {} for name, _ in trials}
        for future in (1, 2):
            found = self.losses_of(directory, trials, future)
            if found is None:
                return None
            for name, loss in found.items():
                losses[name][future] = loss
            again = {"observe", *tried_again(plan, losses, groups)}
            trials = [(name, remedy) for name, remedy in trials if name in again]
        tried = tried_in(plan, losses, groups)
        truth.judge(tried)
        return recorded["shown"] | case_text.truth_of(plan, tried)


def write_cases(runs, out):
    """Brings `out` to what is there, in the order of numbers; returns how many."""
    cases = [json.loads(file.read_text()) for file in sorted(runs.glob("*/case.json"))]
    cases = [case for case in cases if "left_out" not in case]
    aside = out.with_suffix(".new")
    aside.write_text("".join(json.dumps(case, separators=(",", ":")) + "\n" for case in cases))
    aside.rename(out)
    return len(cases)


def make_cases(options, say):
    """Until there are `options.n`; each number from 1 on is made, or left out for a reason."""
    cages.remove_left_over()
    world.remove_left_over()
    lives = Lives(options.bin.resolve(), options.at_once, say)
    maker = Maker(lives, options.runs, options.seed, say)
    lock, state = threading.Lock(), {"next": 1, "made": 0}

    def drive():
        while not lives.is_over:
            with lock:
                if state["made"] >= options.n:
                    return
                number, state["next"] = state["next"], state["next"] + 1
            made = maker.make(number)
            with lock:
                if made is not None and "left_out" not in made:
                    state["made"] += 1
                    count = write_cases(options.runs, options.out)
                    say(f"{number:04d}: {made['family']}; {count} cases")

    drivers = [threading.Thread(target=drive, daemon=True) for _ in range(options.drivers)]
    for driver in drivers:
        driver.start()
    try:
        for driver in drivers:
            while driver.is_alive():
                driver.join(0.5)
    finally:
        lives.end()
