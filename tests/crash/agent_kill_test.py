#!/usr/bin/env python3
"""Kills the agent with SIGKILL inside its effects, again and again, and counts the effects.

    agent_kill_test.py --bin build/release/bin [--kills 12] [--seed 1]

A seed draws which effects are interrupted and how long after their intent. About a minute.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from guarded_world import (
    INSTANCES,
    GuardedWorld,
    Witness,
    adopt_orphans,
    wait_until,
)

AFTER_INTENT_MAX = 0.12  # Seconds; a replace takes about so long, a drain a tenth of it.
UNGUARDED_FOR = 0.5
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) \S.*")


def wait_for_intent(world, known, seconds):
    """The first intent that is not in `known` and has no outcome yet; None if none comes."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        world.read_sink()
        ended = {entry["body"]["effect"] for entry in world.of_kind("outcome")}
        for entry in world.of_kind("intent"):
            effect = entry["body"]["effect"]
            if effect not in ended and effect not in known:
                return entry
        time.sleep(0.002)
    return None


def what_of(intent):
    """Which step of which incident, whatever its effect's number: each is interrupted once."""
    step = intent["body"]["step"]
    return intent["incident"], step["kind"], step.get("instance", "")


def check_unguarded(world, was_alive):
    """While no agent runs the services are as they were, and requests are answered."""
    for _ in range(5):
        assert world.is_answered(), "a request was not answered while no agent ran"
        time.sleep(UNGUARDED_FOR / 5)
    alive = world.alive()
    for name, process in was_alive.items():
        assert alive.get(name) == process, f"{name} changed while no agent ran"


def break_it(world, how):
    if how == "crash":
        name = random.choice(INSTANCES)
        pid = world.alive()[name][0]
        print(f"  {name} is killed", flush=True)
        subprocess.run(["kill", "-9", str(pid)], check=True)
        return
    print("  v2 is deployed and answers errors", flush=True)
    world.kill_agent()
    world.deploy("v2")
    world.start_agent()


def interrupt(world, kills_left):
    """Kills the agent in effects of the incident that is open, until it is over. Says how often."""
    known = set()
    interrupted = set()
    kills = 0
    while kills < kills_left:
        intent = wait_for_intent(world, known, 8)
        if intent is None:
            break
        known.add(intent["body"]["effect"])
        what = what_of(intent)
        if what in interrupted or random.random() < 0.3:
            continue  # The same step again and again is for a person, and rightly so.
        interrupted.add(what)
        delay = random.uniform(0, AFTER_INTENT_MAX) * random.choice((0, 0.3, 1))
        time.sleep(delay)
        world.kill_agent()
        kills += 1
        print(f"    killed {delay * 1000:.0f} ms after the intent of {intent['body']['effect']}, "
              f"{what[1]} {what[2]}", flush=True)
        time.sleep(0.1)  # A shim that was under way ends its start.
        check_unguarded(world, world.alive())
        world.start_agent()
    return kills


def is_settled(world):
    world.read_sink()
    return not world.open_incidents() and world.current() == "v1" and world.is_all_up()


def check_effects(world, witness):
    """At most one effect per intent, none without one, each counted at its target."""
    intents = {entry["body"]["effect"]: entry["body"]["step"] for entry in world.of_kind("intent")}
    outcomes = [entry["body"]["effect"] for entry in world.of_kind("outcome")]
    assert len(outcomes) == len(set(outcomes)), "an effect has two outcomes"
    assert set(outcomes) == set(intents), "an intent has no outcome"

    by_effect = {}
    for pid, ticks, name, version in world.starts():
        effect = witness.effects.get((pid, ticks))
        assert effect is not None, f"no record ever named the start of {name} as pid {pid}"
        if not effect:
            continue  # The first start, or the deploy tool's.
        assert effect in intents, f"{name} was started by {effect}, which nobody announced"
        assert effect not in by_effect, f"{effect} started two processes"
        by_effect[effect] = (name, version)
        assert intents[effect]["kind"] == "replace" and intents[effect]["instance"] == name
        assert intents[effect]["version"] == version

    announced = [step["kind"] for step in intents.values()]
    swaps = witness.swaps["v2", "v1"]
    assert swaps <= announced.count("swap_version"), "more swaps than intents"
    for index, name in enumerate(INSTANCES):
        for kind, seen in (("drain", witness.drains), ("undrain", witness.undrains)):
            count = sum(step["kind"] == kind and step["instance"] == name
                        for step in intents.values())
            assert seen[f"payments/p{index}"] <= count, f"more {kind}s of {name} than intents"
    print(f"  {len(intents)} intents; at the targets: {len(by_effect)} starts, {swaps} swaps, "
          f"{witness.drains.total()} drains, {witness.undrains.total()} undrains")


def check_ledger(world):
    verified = subprocess.run(
        [world.programs / "homeostat", "verify-ledger", "--json",
         "--config", world.run_dir / "homeostat.yaml"], capture_output=True, text=True, timeout=20)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["intact"] is True, verified.stdout


# --- The tests: each a sentence that can be false ------------------------------------------------
def an_agent_killed_inside_its_effects_heals_with_at_most_one_effect_per_intent(world, options):
    witness = Witness(world)
    witness.start()
    world.start_load(300)
    world.switch(service="payments", version="v2", error_share=0.3)
    wait_until("v1 has proven itself", lambda: world.has_written("good"), 30)
    kills = 0
    rounds = 0
    while kills < options.kills:
        break_it(world, "crash" if rounds % 3 == 1 else "deploy")
        kills += interrupt(world, options.kills - kills)
        rounds += 1
        assert rounds <= options.kills, "incidents pass without an effect to interrupt"
        wait_until("the incident is over and all is well", lambda: is_settled(world), 60)
    witness.end()
    print(f"  {kills} kills in {rounds} incidents")
    check_effects(world, witness)
    check_ledger(world)


def a_second_agent_of_the_same_service_refuses_to_start_and_says_why(world, _):
    alive = world.alive()
    second = subprocess.run(
        [world.programs / "homeostat", "agent", "--config", world.run_dir / "homeostat.yaml"],
        cwd=world.run_dir, capture_output=True, text=True, timeout=10)
    print(f"  {second.stderr.strip().splitlines()[-1]}")
    assert second.returncode not in (0, -9), "two agents guard one service"
    assert f"is locked by pid {world.agent.pid}" in second.stderr, second.stderr
    assert world.agent.poll() is None, "the first agent must go on"
    assert world.alive() == alive, "the second agent must not touch anything"


def services_go_on_when_the_agent_ends(world, _):
    alive = world.alive()
    assert len(alive) == len(INSTANCES)
    world.agent.terminate()
    assert world.agent.wait(10) == 0
    check_unguarded(world, alive)


def whatever_the_agent_wrote_is_one_event_a_line_in_one_format(world, _):
    lines = (world.run_dir / "agent.log").read_text().splitlines()
    strange = [line for line in lines if not LOG_LINE.fullmatch(line)]
    assert lines and not strange, strange[:5]


TESTS = [
    an_agent_killed_inside_its_effects_heals_with_at_most_one_effect_per_intent,
    a_second_agent_of_the_same_service_refuses_to_start_and_says_why,
    services_go_on_when_the_agent_ends,
    whatever_the_agent_wrote_is_one_event_a_line_in_one_format,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="agent-kill-") as directory:
        world = GuardedWorld(options.bin.resolve(), Path(directory))
        try:
            world.start()
            for test in TESTS:
                print(test.__name__.replace("_", " "), flush=True)
                test(world, options)
            print("ok")
        except BaseException:
            for name in ("agent", "haproxy", *INSTANCES):
                log = world.run_dir / f"{name}.log"
                lines = log.read_text(errors="replace").splitlines() if log.exists() else []
                print(f"--- end of {name}.log", *lines[-25:], sep="\n    ", file=sys.stderr)
            for entry in world.entries:
                if entry["entry"] != "checkpoint":
                    print(entry["incident"], entry["entry"], json.dumps(entry["body"])[:160],
                          file=sys.stderr)
            raise
        finally:
            world.end()


if __name__ == "__main__":
    main()
