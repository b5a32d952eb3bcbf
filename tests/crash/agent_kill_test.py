#!/usr/bin/env python3
"""Kills the agent with SIGKILL inside its effects, again and again, and counts the effects.

    agent_kill_test.py --bin build/release/bin [--kills 8] [--seed 1] [--only TEXT]

A seed draws which effects are interrupted and how long after their intent. Half a minute.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time

from guarded_world import (
    INSTANCES,
    GuardedWorld,
    Witness,
    break_it,
    check_effects,
    check_floor,
    check_ledger,
    is_settled,
    wait_until,
)
from harness import chosen, parser_for, subject_of

AFTER_INTENT_MAX = 0.12  # Seconds; a replace takes about so long, a drain a tenth of it.
UNGUARDED_FOR = 100  # Requests: half a second.
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


def answers(world):
    """What users got so far: (status, verdict), the verdict from the content too."""
    lines = world.log_of("load-generator").split("\n")[:-1]  # Whole ones.
    return [tuple(line.split()[2:]) for line in lines]


def check_unguarded(world, was_alive, is_well=False):
    """While no agent runs the services are as they were, and requests are answered, where all is
    well every one of them."""
    answered = len(answers(world))
    for _ in range(5):
        assert world.is_answered(), "a request was not answered while no agent ran"
        world.wait_for_requests(UNGUARDED_FOR // 5)
    seen = answers(world)[answered:]
    failed = [one for one in seen if one not in (("200", "good"), ("200", "slow"))]
    assert seen and not (is_well and failed), f"{len(seen)} answers, of these {failed}"
    alive = world.alive()
    for name, process in was_alive.items():
        assert alive.get(name) == process, f"{name} changed while no agent ran"


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
        world.wait_for_requests(UNGUARDED_FOR // 5)  # A shim that was under way ends its start.
        check_unguarded(world, world.alive())
        world.start_agent()
    return kills


def arrivals(world):
    """What every agent so far has said of the instances that it found."""
    lines = (world.run_dir / "agent.log").read_text().splitlines()
    return [line for line in lines if " info instances: " in line]


# --- The tests: each a sentence that can be false ------------------------------------------------
def an_agent_killed_inside_its_effects_heals_with_at_most_one_effect_per_intent(world, options):
    witness = Witness(world)
    witness.start()
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
    print(f"  {kills} kills in {rounds} incidents")
    check_effects(world, witness)
    check_ledger(world)
    check_floor(witness)


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


def a_new_agent_after_a_kill_without_any_fault_adopts_and_does_nothing(world, options):
    alive = world.alive()
    assert len(alive) == len(INSTANCES)
    world.read_sink()
    before = len(world.of_kind("opened")), len(world.of_kind("intent")), len(world.starts())
    for _ in range(3):
        world.kill_agent()
        check_unguarded(world, alive, is_well=True)
        told = arrivals(world)
        world.start_agent()
        wait_until("it is ready", lambda: (world.status() or {}).get("is_ready"))
        wait_until("it has told what it found", lambda: len(arrivals(world)) > len(told))
        said, = arrivals(world)[len(told):]
        assert "instances: 3 adopted, 0 started, 0 down" in said, said
        check_unguarded(world, alive, is_well=True)  # It goes on and is left alone.
    world.read_sink()
    now = len(world.of_kind("opened")), len(world.of_kind("intent")), len(world.starts())
    assert now == before, f"incidents, effects and starts were {before} and are {now}"
    assert world.alive() == alive


def services_go_on_when_the_agent_ends(world, _):
    alive = world.alive()
    assert len(alive) == len(INSTANCES)
    world.agent.terminate()
    assert world.agent.wait(10) == 0
    check_unguarded(world, alive, is_well=True)


def no_answer_that_any_user_got_was_a_wrong_one(world, _):
    seen = answers(world)
    wrong = [one for one in seen if one[1] == "wrong"]
    assert len(seen) > UNGUARDED_FOR and not wrong, f"{len(wrong)} of {len(seen)} are wrong"


def a_successor_from_another_place_adopts_and_heals_with_its_own_programs(world, _):
    alive = world.alive()
    place = world.run_dir / "upgrade/release/bin"
    place.mkdir(parents=True)
    for name in ("homeostat", "homeostat-shim"):
        shutil.copy(world.programs / name, place / name)
    if world.agent.poll() is None:
        world.kill_agent()
    old, world.programs = world.programs, place
    told = arrivals(world)
    world.start_agent()
    wait_until("it has told what it found", lambda: len(arrivals(world)) > len(told))
    said, = arrivals(world)[len(told):]
    assert "instances: 3 adopted, 0 started, 0 down" in said, said
    assert world.alive() == alive
    os.kill(alive["payments-1"][0], signal.SIGKILL)
    wait_until("it is healed", lambda: world.alive().get("payments-1", alive["payments-1"]) !=
               alive["payments-1"] and is_settled(world), 30)
    record = next(one for one in world.records() if one["name"] == "payments-1")
    shim = os.readlink(f"/proc/{record['shim_pid']}/exe")
    assert shim == str(place / "homeostat-shim"), f"{shim} started it"
    check_ledger(world)
    world.programs = old


def whatever_the_agent_wrote_is_one_event_a_line_in_one_format(world, _):
    lines = (world.run_dir / "agent.log").read_text().splitlines()
    strange = [line for line in lines if not LOG_LINE.fullmatch(line)]
    assert lines and not strange, strange[:5]


TESTS = [
    an_agent_killed_inside_its_effects_heals_with_at_most_one_effect_per_intent,
    a_second_agent_of_the_same_service_refuses_to_start_and_says_why,
    a_new_agent_after_a_kill_without_any_fault_adopts_and_does_nothing,
    services_go_on_when_the_agent_ends,
    a_successor_from_another_place_adopts_and_heals_with_its_own_programs,
    no_answer_that_any_user_got_was_a_wrong_one,
    whatever_the_agent_wrote_is_one_event_a_line_in_one_format,
]


def main():
    parser = parser_for(__doc__)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    with subject_of(GuardedWorld, options) as world:
        world.start()
        world.start_load(300)
        for test in chosen(TESTS, options):
            test(world, options)
    print("ok")


if __name__ == "__main__":
    main()
