#!/usr/bin/env python3
"""A person drains an instance in HAProxy, before a rollback or while no agent runs.

    drains_of_people_test.py --bin build/release/bin [--only TEXT]

It is given the version that the others get and stays drained, and a person is told. The agent dies
over a drain of the same instance in one of the tests. A minute.
"""

import time

from guarded_world import Witness, check_ledger, wait_until
from harness import chosen, parser_for, subject_of
from kill_points_test import KilledWorld
from kill_scenes import SCENES, bad_deploy

EFFECT_LATE_MAX = 10  # Seconds, guard/drains.hpp: what comes sooner may be ours.
# The edge dates by whole seconds: one that guard allows for, one by which a date may be read too
# early, and some for us.
DATE_ERROR = 2.5


class DrainedWorld(KilledWorld):
    """Its floor is lower by the one that a person takes."""

    def write_config(self):
        super().write_config()
        path = self.run_dir / "homeostat.yaml"
        text = path.read_text()
        assert text.count("min_healthy: 2\n") == 1
        path.write_text(text.replace("min_healthy: 2\n", "min_healthy: 1\n"))

    def order(self, name, state):
        """What a person types at the proxy's socket."""
        server = name.replace("payments-", "payments/p")
        self.ask_proxy(f"set server {server} state {state}")

    def is_rolled_back(self):
        self.read_sink()
        opened = self.of_kind("opened")
        return opened and not self.open_incidents() and self.current() == "v1"

    def versions(self):
        return {name: version for pid, ticks, name, version in self.starts()
                if self.alive().get(name) == (pid, ticks)}

    def is_told_of(self, name):
        self.read_sink()
        sentence = f"{name} stays drained: a person did it"
        is_written = any(sentence in entry["body"]["proof"]["because"]
                         for entry in self.of_kind("proof"))
        return is_written and sentence in (self.run_dir / "agent.log").read_text()


def check_left_drained(world, name):
    wait_until("v2 is rolled back", world.is_rolled_back, 60)
    assert world.drained() == {name.replace("payments-", "payments/p")}, world.drained()
    assert set(world.versions().values()) == {"v1"}, world.versions()
    assert world.is_told_of(name), f"nobody was told that {name} stays drained"
    undrains = [entry for entry in world.of_kind("intent")
                if entry["body"]["step"] == {"kind": "undrain", "instance": name}]
    assert not undrains, f"the person's drain is to be undone: {undrains}"


# --- The tests: each a sentence that can be false ------------------------------------------------
def what_a_person_drained_before_a_rollback_is_rolled_back_and_stays_drained(world):
    world.order("payments-1", "drain")
    bad_deploy(world)
    check_left_drained(world, "payments-1")


def what_a_person_drains_after_the_agent_died_over_its_drain_stays_drained(world):
    world.arm("drain send set server payments/p# state drain", 1)
    bad_deploy(world)
    wait_until("the agent dies over a drain", world.has_died, 60)
    world.disarm()
    world.read_sink()
    step = world.of_kind("intent")[-1]["body"]["step"]
    assert step["kind"] == "drain" and not world.drained(), "it has died before the drain"
    time.sleep(EFFECT_LATE_MAX + DATE_ERROR)
    world.order(step["instance"], "drain")
    world.start_agent()
    check_left_drained(world, step["instance"])


TESTS = [
    what_a_person_drained_before_a_rollback_is_rolled_back_and_stays_drained,
    what_a_person_drains_after_the_agent_died_over_its_drain_stays_drained,
]


def main():
    options = parser_for(__doc__).parse_args()
    for test in chosen(TESTS, options):
        with subject_of(lambda programs, run_dir: DrainedWorld(programs, run_dir,
                                                               SCENES["rollback"]),
                        options) as world:
            world.start()
            witness = Witness(world)
            witness.start()
            world.start_load(300)
            wait_until("v1 has proven itself", lambda: world.has_written("good"), 30)
            test(world)
            witness.end()
            check_ledger(world)
    print("ok")


if __name__ == "__main__":
    main()
