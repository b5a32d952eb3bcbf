#!/usr/bin/env python3
"""Takes HAProxy away from the agent: at its start, and again and again inside a rollback.

    proxy_lost_test.py --bin build/release/bin [--only TEXT]

Nothing is lost, nothing is done twice, no outcome is a lie, and the agent goes on afterwards. Half
a minute.
"""

import os
import signal

from guarded_world import (
    INSTANCES,
    GuardedWorld,
    Witness,
    break_it,
    check_effects,
    check_ledger,
    is_settled,
    wait_until,
)
from harness import chosen, parser_for, subject_of

LOOKS = 20  # At the status, about a second in all.


def said(world):
    return (world.run_dir / "agent.log").read_text()


def is_edge_lost(world):
    status = world.status()
    troubles = status["source_troubles"] if status else {}
    return any(name.startswith("haproxy ") for name in troubles)


def effects_of(world, *kinds):
    """Every effect that was announced, or those of these kinds."""
    world.read_sink()
    return {entry["body"]["effect"] for entry in world.of_kind("intent")
            if not kinds or entry["body"]["step"]["kind"] in kinds}


def wait_for_intent(world, kind):
    """Of this kind, as none was before: the rollback is inside its effects now."""
    known = effects_of(world, kind)
    wait_until(f"a {kind} is announced", lambda: effects_of(world, kind) - known, 30)


def check_services(world):
    """All instances but the one in hand answer, whoever is in front of them."""
    answering = [name for name in INSTANCES if world.get(name, "/healthz")[0] == 200]
    assert len(answering) >= len(INSTANCES) - 1, f"only {answering} answer"


def check_nothing_is_tried(world):
    """Nobody is there to carry an order out or to say who else serves, so none is given."""
    before = effects_of(world)
    for _ in range(LOOKS):
        assert is_edge_lost(world), "the proxy must be away all the time"
        assert effects_of(world) == before, f"tried without a proxy: {effects_of(world) - before}"


def lose_proxy_in_a_rollback(world, kind, lose, give_back):
    """Loses it at the first effect of `kind`, waits until the agent knows, and gives it back."""
    break_it(world, "deploy")
    wait_for_intent(world, kind)
    lose(world)
    wait_until("the agent notices", lambda: is_edge_lost(world))
    check_services(world)
    check_nothing_is_tried(world)
    give_back(world)
    wait_until("the rollback is over and all is well", lambda: is_settled(world), 60)


def kill_proxy(world):
    world.processes["haproxy"].kill()
    world.processes["haproxy"].wait()


def stop_proxy(world):
    os.kill(world.processes["haproxy"].pid, signal.SIGSTOP)


def go_on_proxy(world):
    os.kill(world.processes["haproxy"].pid, signal.SIGCONT)


# --- The tests: each a sentence that can be false ------------------------------------------------
def without_haproxy_the_agent_starts_its_instances_and_says_what_is_missing(world):
    wait_until("it says so", lambda: "haproxy.sock does not answer: " in said(world))
    assert f"{world.run_dir}/haproxy.sock" in said(world)
    assert f"(start it with `stats socket {world.run_dir}/haproxy.sock level admin`)" in said(world)
    wait_until("all instances answer", lambda: all(
        world.get(name, "/healthz")[0] == 200 for name in INSTANCES))
    assert is_edge_lost(world) and not world.status()["is_ready"]
    alive = world.alive()
    world.start_haproxy()
    wait_until("the agent is ready", lambda: (world.status() or {}).get("is_ready"), 30)
    assert "haproxy.sock answers again" in said(world)
    assert world.alive() == alive
    world.read_sink()
    assert not world.of_kind("opened"), "an absent proxy is no illness of the service"


def a_rollback_outlives_a_haproxy_that_dies_and_comes_back(world):
    lose_proxy_in_a_rollback(world, "drain", kill_proxy, GuardedWorld.start_haproxy)


def a_rollback_outlives_a_haproxy_that_hangs(world):
    lose_proxy_in_a_rollback(world, "drain", stop_proxy, go_on_proxy)


def a_rollback_outlives_a_haproxy_that_is_restarted_and_forgets_its_drains(world):
    break_it(world, "deploy")
    wait_for_intent(world, "replace")
    kill_proxy(world)
    world.start_haproxy()
    wait_until("the rollback is over and all is well", lambda: is_settled(world), 60)


def afterwards_a_crash_is_healed_as_ever(world):
    alive = world.alive()

    def new_ones():
        return set(world.alive().items()) - set(alive.items())

    break_it(world, "crash")
    # The killed one may be seen alive for a moment yet, and all may look settled then.
    wait_until("it is over and all is well",
               lambda: new_ones() and is_settled(world) and world.alive().keys() == alive.keys(),
               30)
    assert len(new_ones()) == 1, f"one was killed, and new are {new_ones()}"


TESTS = [
    a_rollback_outlives_a_haproxy_that_dies_and_comes_back,
    a_rollback_outlives_a_haproxy_that_hangs,
    a_rollback_outlives_a_haproxy_that_is_restarted_and_forgets_its_drains,
    afterwards_a_crash_is_healed_as_ever,
]


def main():
    options = parser_for(__doc__).parse_args()
    with subject_of(GuardedWorld, options) as world:
        witness = Witness(world)
        world.start(has_proxy=False)
        witness.start()
        without_haproxy_the_agent_starts_its_instances_and_says_what_is_missing(world)
        world.start_load(300)
        world.switch(service="payments", version="v2", error_share=0.3)
        wait_until("v1 has proven itself", lambda: world.has_written("good"), 30)
        for test in chosen(TESTS, options):
            test(world)
        check_effects(world, witness)
        check_ledger(world)
    print("ok")


if __name__ == "__main__":
    main()
