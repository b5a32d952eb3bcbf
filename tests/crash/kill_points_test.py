#!/usr/bin/env python3
"""Kills the agent at each call by which a remedy changes the world or the disk, and in the resume.

    kill_points_test.py --bin build/release/bin                 one point of each scene
    kill_points_test.py --bin build/release/bin --all           every point of each scene
    kill_points_test.py --bin build/release/bin --scene eject --all --only "drain send"

An undisturbed run says which points there are. Then, for one point after the other, the same fault
again: the agent dies at the point, its successor at one of its own first calls, and the one after
that is left alone. Effects are counted where they happen: by HAProxy, by Redis, by a wrapper
around the program. The calls that an agent made are written down by kill_point.cpp, not by itself.
"""

import collections
import itertools
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from guarded_world import (
    GuardedWorld,
    Witness,
    check_floor,
    check_ledger,
    check_outcomes,
    check_starts,
    wait_until,
)
from harness import parser_for, subject_of
from kill_scenes import SCENES

ROUND_MAX = 90  # Seconds; a scale that is held and given back takes fifteen.
RESUME_CALLS_MAX = 14  # A successor's first effect comes no later.
CACHE_ENTRIES = 5  # Of `quotes`, in the configuration: each key has a command of its own.
TRIES_MAX = 3  # What an agent does differs a little: instances do not die in the same order.
MISSED_MAX = 0.2  # Of the points of one run, so many may be none of the next,
MISSED_MIN = 2  # but where few are chosen, so many: others take their places.
WORLDS_AT_ONCE = 4  # On two cores: each takes a seventh of one, and waits.
ESCALATIONS_MAX = 0.2  # Of the rounds: two deaths in one plan may be for a person, and rarely are.

# How each kind of step changes the world. Nothing else may.
ACTUATOR_CALLS = {
    "drain": ["send set server"],
    "undrain": ["send set server"],
    "set_circuit": ["send set table circuits", "send clear table circuits"],
    "set_route": ["send set table reroutes", "send clear table reroutes"],
    "invalidate": ["send UNLINK"],
    "swap_version": ["renameat2"],
    "replace": ["signal TERM", "signal KILL", "fork"],
    "stop": ["signal TERM", "signal KILL", "unlink payments/run"],
}


class Call:
    """A line of what kill_point.cpp writes down."""

    def __init__(self, line):
        self.pid, self.effect, self.name = line.split("\t")
        self.step, self.what = self.name.split(" ", 1)

    def is_actuator_call(self):
        known = itertools.chain.from_iterable(ACTUATOR_CALLS.values())
        return self.effect != "-" and any(self.what.startswith(call) for call in known)

    def entries(self):
        """What was added to the ledger; none for any other call. A start writes the last segment
        once more, from its first entry on, and adds nothing by that."""
        is_write = self.what.startswith("write ledger/") and ": " in self.what
        entries = self.what.rsplit(": ", 1)[1].split(",") if is_write else []
        return [] if entries[0:1] == ["started"] and len(entries) > 1 else entries


class KilledWorld(GuardedWorld):
    """A guarded world whose agent dies at a call that was armed."""

    def __init__(self, programs, run_dir, scene):
        kill_points = run_dir / "kill_points"
        kill_points.mkdir()
        super().__init__(programs, run_dir, scene.operations, scene.hold_for, kill_points)
        self.killed = set()  # (pid, start ticks) of those that the scene itself ended.
        self.swaps_by_hand = collections.Counter()  # (from, to) → how often a person did it.
        self.disarm()

    def arm(self, name, count):
        beside = self.kill_points / "armed.new"
        beside.write_text(f"{count}\t{name}")
        beside.rename(self.kill_points / "armed")

    def disarm(self):
        (self.kill_points / "armed").unlink(missing_ok=True)

    def calls(self):
        path = self.kill_points / "calls"
        return [Call(line) for line in path.read_text().splitlines()] if path.exists() else []

    def tell_troubles(self):
        super().tell_troubles()
        print(*(f"{call.pid} {call.effect} {call.name}" for call in self.calls()[-60:]),
              sep="\n", file=sys.stderr)

    def has_died(self):
        if self.agent.poll() is None:
            return False
        assert self.agent.returncode == -signal.SIGKILL, f"it ended with {self.agent.returncode}"
        return True


class Round:
    """One fault, from its beginning until all is well again or a person was told."""

    def __init__(self, world, scene, deaths):
        self.world = world
        self.scene = scene
        self.deaths = deaths  # (name, count) to die at, one agent after the other.
        self.died = 0
        self.is_mended = False
        self.was_escalated = False  # Once it is over: later rounds escalate for themselves.
        world.read_sink()
        self.calls_before = len(world.calls())
        self.opened_before = len(world.of_kind("opened"))
        self.escalated_before = len(world.of_kind("escalated"))

    def calls(self):
        return self.world.calls()[self.calls_before:]

    def arm_next(self):
        if self.died < len(self.deaths):
            self.world.arm(*self.deaths[self.died])
        else:
            self.world.disarm()

    def has_escalated(self):
        return len(self.world.of_kind("escalated")) > self.escalated_before

    def is_to_be_mended(self):
        is_in_force = any("held" in call.entries() for call in self.calls())
        return self.has_escalated() or (self.scene.is_held and is_in_force)

    def is_over(self):
        world = self.world
        if world.has_died():
            self.died += 1
            self.arm_next()
            world.start_agent()
            return False
        world.read_sink()
        if not self.is_mended and self.is_to_be_mended():
            self.scene.mend(world)
            self.is_mended = True
        return (len(world.of_kind("opened")) > self.opened_before and not world.open_incidents()
                and world.current() == "v1" and world.current("payments/config") == "c1"
                and world.is_all_up())

    def run(self):
        self.arm_next()
        self.scene.begin(self.world)
        wait_until("the fault is over", self.is_over, ROUND_MAX)
        if self.scene.is_held and not self.is_mended:  # The remedy was undone; the fault is there.
            self.scene.mend(self.world)
        self.world.disarm()
        self.world.is_by_hand = False
        self.was_escalated = self.has_escalated()
        return self


def points_in(calls):
    """(name, count) of every call between the opening of an incident and its close, each once."""
    points = []
    counts = collections.Counter()
    step = None
    for call in calls:
        if "opened" in call.entries() or (call.effect, call.step) != step:
            counts.clear()
        step = (call.effect, call.step)
        counts[call.name] += 1
        point = call.name, counts[call.name]
        is_checkpoint_alone = call.what == "write ledger/#.hlog" and counts[call.name] > 1
        is_of_another_matter = call.step == "-" or call.name.endswith((": good", ": change"))
        if point not in points and not is_checkpoint_alone and not is_of_another_matter:
            points.append(point)
    return points


# --- What must hold ------------------------------------------------------------------------------
def check_order_of_calls(calls):
    """No call to the world before its intent is on the disk; none twice under one intent."""
    durable = set()
    made = set()
    for call in calls:
        if call.what.startswith("fdatasync ledger/"):
            durable.add((call.pid, call.effect))
        if not call.is_actuator_call():
            continue
        allowed = ACTUATOR_CALLS.get(call.step, [])
        assert any(call.what.startswith(one) for one in allowed), f"{call.name} is no part of it"
        assert (call.pid, call.effect) in durable, f"{call.name} before its intent was durable"
        assert (call.effect, call.what) not in made, f"{call.name} twice under {call.effect}"
        made.add((call.effect, call.what))


def check_ends(world, starts, intents):
    """Every end that nobody else caused has an intent."""
    announced = {step["expected"]["pid"] for step in intents.values()
                 if step["kind"] in ("replace", "stop")}
    alive = set(world.alive().values())
    for pid, ticks, name, _ in starts:
        has_ended = (pid, ticks) not in alive
        is_accounted_for = (pid, ticks) in world.killed or pid in announced
        assert not has_ended or is_accounted_for, f"{name}, pid {pid}, ended; nobody announced it"


def check_targets(world, witness):
    """At most one effect per intent, none without one, as the targets themselves count them.

    The agent may act at any moment, so the ledger is read after the targets.
    """
    starts = world.starts()
    unlinks = world.unlinks_count()
    proxy_log = world.log_of("haproxy")
    witness.end()
    world.read_sink()
    check_outcomes(world)
    intents = {entry["body"]["effect"]: entry["body"]["step"] for entry in world.of_kind("intent")}

    def announced(kind, **fields):
        return sum(step["kind"] == kind and all(step.get(name) == value
                                                for name, value in fields.items())
                   for step in intents.values())

    check_ends(world, starts, intents)
    seen = {"start": (check_starts(witness, starts, intents), announced("replace")),
            "unlink": (unlinks, announced("invalidate") * CACHE_ENTRIES)}
    for (before, after), count in witness.swaps.items():
        if after in ("v1", "c1"):
            count -= world.swaps_by_hand[before, after]
            seen[f"swap {before} {after}"] = count, announced("swap_version", to=after)
    for table, kind, field in (("circuits", "set_circuit", "is_open"),
                               ("reroutes", "set_route", "is_to_source")):
        seen[f"enter {table}"] = witness.entered[table], announced(kind, **{field: True})
        seen[f"clear {table}"] = witness.cleared[table], announced(kind, **{field: False})
    for index in range(5):
        name = f"payments-{index}"
        drains = proxy_log.count(f"Server payments/p{index} enters drain state")
        assert drains >= witness.drains[f"payments/p{index}"], "the proxy hides a drain"
        seen[f"drain p{index}"] = drains, announced("drain", instance=name)
        seen[f"undrain p{index}"] = (witness.undrains[f"payments/p{index}"],
                                     announced("undrain", instance=name))
    told = ", ".join(f"{what} {count} of {most}" for what, (count, most) in seen.items() if most)
    print(f"  {len(intents)} intents; at the targets: {told}")
    for what, (count, most) in seen.items():
        assert count <= most, f"{what}: {count} times, announced {most} times"


# --- Running -------------------------------------------------------------------------------------
def kill_at(world, scene, point, resume_call):
    """Rounds with a death at the point and one in the resume, until the point is met."""
    rounds = []
    while len(rounds) < TRIES_MAX and not (rounds and rounds[-1].died):
        one = Round(world, scene, [point, ("", resume_call)]).run()
        rounds.append(one)
        note = " — a person was told" if one.was_escalated else ""
        print(f"    {point[0]} ({point[1]}): {one.died} deaths, the second before call "
              f"{resume_call}{note}", flush=True)
    return rounds


def kill_at_points(world, scene, points, options, random_source):
    """An attempt for each point, or for as many as are asked for; in the place of one that an agent
    did not come to again, another is tried."""
    wanted = [point for point in points if options.only in point[0]]
    met_max = len(wanted) if options.all else min(options.points, len(wanted))
    missed_max = max(MISSED_MIN, met_max * MISSED_MAX)
    attempts = []
    for point in wanted if options.all else random_source.sample(wanted, len(wanted)):
        if len(attempts) - missed_of(attempts) == met_max:
            break
        attempts.append(kill_at(world, scene, point, random_source.randint(1, RESUME_CALLS_MAX)))
        assert missed_of(attempts) <= missed_max, "what an agent does differs too much"
    met = len(attempts) - missed_of(attempts)
    assert options.all or met == met_max, f"{met} of {met_max} points were met"
    return attempts


def missed_of(attempts):
    return sum(attempt[-1].died == 0 for attempt in attempts)


def run_scene(name, options):
    scene = SCENES[name]
    random_source = random.Random(f"{options.seed} {name}")
    with subject_of(lambda programs, run_dir: KilledWorld(programs, run_dir, scene),
                    options) as world:
        world.start()
        witness = Witness(world)
        witness.start()
        world.start_load(ROUND_MAX * 100, rate=scene.rate)
        wait_until("v1 has proven itself", lambda: world.has_written("good"), 30)
        for _ in range(scene.rounds_before):
            Round(world, scene, []).run()
        undisturbed = Round(world, scene, []).run()
        steps = {call.step for call in undisturbed.calls() if call.effect != "-"}
        assert steps >= scene.steps, f"an agent that nobody kills did {steps}"
        points = points_in(undisturbed.calls())
        print(f"  {name}: {len(points)} points", flush=True)
        attempts = kill_at_points(world, scene, points, options, random_source)
        rounds = [one for attempt in attempts for one in attempt]
        escalated = sum(one.was_escalated for one in rounds)
        print(f"  {name}: {len(rounds)} rounds, {sum(one.died for one in rounds)} deaths, "
              f"{missed_of(attempts)} points not met again, {escalated} times a person was told",
              flush=True)
        assert escalated <= max(1, ESCALATIONS_MAX * len(rounds)), "too much is left to a person"
        check_order_of_calls(world.calls())
        check_targets(world, witness)
        if "drain" in scene.steps:
            check_floor(witness)
        check_ledger(world)


def run_apart(name, options):
    """In a process of its own, which adopts what its agents leave behind."""
    arguments = ["--bin", options.bin, "--scene", name, "--seed", str(options.seed),
                 "--only", options.only, "--points", str(options.points),
                 *(["--all"] if options.all else [])]
    done = subprocess.run([sys.executable, __file__, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, end="", flush=True)
    return done.returncode == 0


def main():
    parser = parser_for(__doc__)
    parser.add_argument("--scene", choices=SCENES, help="this one alone")
    parser.add_argument("--all", action="store_true", help="every point")
    parser.add_argument("--points", type=int, default=1, help="of each scene")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.scene:
        run_scene(options.scene, options)
        return
    with ThreadPoolExecutor(WORLDS_AT_ONCE) as pool:
        results = list(pool.map(lambda name: run_apart(name, options), SCENES))
    failed = [name for name, is_well in zip(SCENES, results) if not is_well]
    assert not failed, f"failed: {failed}"
    print("ok")


if __name__ == "__main__":
    main()
