"""What breaks the payment gateway so that each remedy is needed, and how it is mended."""

import collections
import subprocess
from dataclasses import dataclass, field
from typing import Callable

from guarded_world import RATE, start_ticks, wait_until


SURGE_FROM = 98  # Requests per second; the instances carry 240, and 400 with the spares.
USUAL_KNOWN_AFTER = 8  # Seconds.


def nothing(_):
    pass


@dataclass(frozen=True)
class Scene:
    begin: Callable
    steps: set  # What an agent that nobody kills announces, at least.
    mend: Callable = nothing  # Once a person was told, or where `is_held` a remedy is in force.
    is_held: bool = False  # The remedy is held until the fault is mended.
    operations: dict = field(default_factory=dict)  # Of payments, when all is well.
    hold_for: str = "2m"
    rate: int = RATE
    rounds_before: int = 0  # Until what is found at the beginning is what the last round left.


def crash(world):
    pid, ticks = world.alive()["payments-1"]
    subprocess.run(["kill", "-9", str(pid)], check=True)
    wait_until("it has ended", lambda: start_ticks(pid) != ticks)
    world.killed.add((pid, ticks))


def leak(world):
    """Of new processes: those that a person cleared the leak of are still as large."""
    clear(world)
    deploy()(world)
    world.wait_for_requests(USUAL_KNOWN_AFTER * RATE)
    for index, speed in enumerate((24, 16, 10)):  # One after the other, so that some still serve.
        world.switch(service="payments", instance=f"payments-{index}", leak_mb_per_s=speed,
                     stall_at_mb=70, present_only=True)


def deploy(**what):
    def begin(world):
        world.kill_agent()
        old = set(world.alive().values())
        world.deploy(**what)
        world.killed |= old
        world.start_agent()
    return begin


def roll_back_by_hand(world):
    """What a person does who was told, and who asks nobody how many still serve."""
    world.is_by_hand = True
    for link, wanted in (("payments", "v1"), ("payments/config", "c1")):
        world.swaps_by_hand[world.current(link), wanted] += 1
    deploy()(world)


def bad_config(world):
    world.make_config("c2", {"workers": 1, "queue_wait_ms_max": 200})
    deploy(config="c2")(world)


def bad_deploy(world):
    world.switch(service="payments", version="v2", error_share=0.3)
    deploy(version="v2")(world)


def slow_instance(world):
    world.switch(service="payments", instance="payments-1", slow_ms=700, present_only=True)


def hanging_dependency(world):
    world.switch(service="fraud", hang=True)


def stale_cache(world):
    world.switch(service="quotes", stale_percent=5, stale_ms=60_000)


def surge(world):
    """An agent that has seen a surge from its beginning to its end knows what is usual; one that
    came in the middle of the last one may not, so this one is new."""
    world.kill_agent()
    world.start_agent()
    world.wait_for_requests(USUAL_KNOWN_AFTER * SURGE_FROM)
    world.start_load(300, rate=2 * SURGE_FROM, name="surge")


def end_surge(world):
    world.processes["surge"].kill()
    world.processes["surge"].wait()


def clear(world):
    world.switch(clear=True)


SCENES = {
    "restart": Scene(crash, {"replace"}),
    "rolling_restart": Scene(leak, {"replace"}, clear),
    "rollback": Scene(bad_deploy, {"swap_version", "drain", "replace", "undrain"},
                      roll_back_by_hand),
    "rollback_config": Scene(bad_config, {"swap_version", "drain", "replace", "undrain"},
                             roll_back_by_hand),
    # Held for a short time: a successor learns of the slowness only once requests go there again.
    "eject": Scene(slow_instance, {"drain", "replace", "undrain"}, clear, hold_for="5s"),
    "open_circuit": Scene(hanging_dependency, {"set_circuit"}, clear, True),
    "reroute": Scene(stale_cache, {"set_route", "invalidate"}, clear, True),
    "scale": Scene(surge, {"replace", "undrain", "drain", "stop"}, end_surge, True,
                   operations={"workers": 2}, hold_for="2s", rate=SURGE_FROM, rounds_before=1),
}
