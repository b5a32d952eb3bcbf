#!/usr/bin/env python3
"""An API server that fails in the middle of an incident: a reply that is lost, a server that asks
for patience, is away, breaks, or has forgotten what a watch goes on from. A relay before the real
one plays it; what was really written is read from the real one.

    tests/kubernetes/faulty_server_test.py BIN    where lab/kubernetes/build.sh has built

Pods and Service are played: times say nothing of healing.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

import cluster
from api_relay import ApiRelay
from deployment import Deployment, wait_until
from guarding import MARK, NAMESPACE, Guarding
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

PROGRAMS = Path(sys.argv[1]).resolve()
GOOD, BAD, OTHER = (f"lab.local/service:{tag}" for tag in ("v1", "v2", "v3"))
REPLICAS = 3
STAGE = {}
cluster.SERVICE_RANGE = "127.97.0.0/24"  # Where this process may answer.


def is_write(method, path):
    """One that is meant to have an effect on the Deployment."""
    return method == "PATCH" and "/deployments/" in path and "dryRun" not in path


def is_rehearsal(method, path):
    return method == "PATCH" and "/deployments/" in path and "dryRun" in path


def is_list_of_pods(method, path):
    return method == "GET" and "/pods?" in path and "watch=1" not in path and "limit=" in path


class Shop:
    """A Deployment, the agent that asks through the relay, and who answers for the pods."""

    def __init__(self, lab, name, relay):
        self.api, self.name, self.relay = lab.api, name, relay
        self.traffic = STAGE["traffic"]
        self.deployment = Deployment(lab, name)
        self.deployment.apply(GOOD, replicas=REPLICAS)
        self.front = f"/api/v1/namespaces/{NAMESPACE}/services"
        self.api.post(self.front, {"metadata": {"name": f"{name}-front"}, "spec": {
            "selector": {"app": name}, "ports": [{"port": self.traffic.port}]}})
        self.address = self.api.get(f"{self.front}/{name}-front")["spec"]["clusterIP"]
        self.traffic.add(self.address)
        self.traffic.answer = lambda address: (0.002, 200)
        self.deployment.wait_ready(REPLICAS)
        self.agent = Guarding(lab, name, PROGRAMS, Path(STAGE["folder"]) / name,
                              more=[f"port: {self.traffic.port}"])
        text = self.agent.config.read_text().replace(
            f"service: {{ name: {name}, port: 80, path: / }}",
            f"service: {{ name: {name}-front, port: {self.traffic.port}, path: / }}")
        assert f"{name}-front" in text, text
        self.agent.config.write_text(text)
        self.agent.grant()
        relay.lead(self.agent)
        self.writes_before = 0

    def image(self):
        return self.deployment.read()["spec"]["template"]["spec"]["containers"][0]["image"]

    def generation(self):
        return self.deployment.read()["metadata"]["generation"]

    def roll_out(self, image):
        """Whatever its controller writes meanwhile."""
        self.api.patch(self.deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": image}]}}}}, "strategic")

    def follow(self):
        """Users get errors for as long as the bad version is wanted."""
        is_bad = self.image() == BAD
        self.traffic.answer = lambda address: (
            0.002, 503 if is_bad and address == self.address else 200)

    def break_by_a_rollout(self):
        self.writes_before = self.relay.count(is_write)
        self.roll_out(BAD)
        self.follow()
        return self.generation()

    def wait(self, what, condition, seconds=60):
        def look():
            self.follow()
            return condition()
        return wait_until(what, look, seconds)

    def end(self):
        """The state of the one incident that there is, once it is over."""
        states = [one["state"] for one in self.agent.incidents()]
        assert len(states) < 2, states
        return next((one for one in states if one in ("healed", "escalated", "passed")), None)

    def writes_count(self):
        """That the server has answered since the rollout, whatever became of its replies."""
        return self.relay.count(is_write) - self.writes_before

    def swaps_count(self):
        """How often a change of the version was announced."""
        return sum(" intent " in line and "swap_version" in line
                   for line in self.story().splitlines())

    def story(self):
        return self.agent.story("i-1")


@contextlib.contextmanager
def guarded(lab, name):
    with ApiRelay(lab) as relay:
        shop = Shop(lab, name, relay)
        with shop.agent:
            shop.agent.wait_proven()
            yield shop, relay


def a_write_whose_reply_is_lost_is_read_back_and_not_sent_twice(lab):
    with guarded(lab, "lost") as (shop, relay):
        relay.meet(is_write, "lose")
        generation = shop.break_by_a_rollout()
        assert shop.wait("it is over", shop.end) == "healed", shop.story()
        assert shop.image() == GOOD
        assert shop.generation() == generation + 1, "the template was changed once"
        assert shop.writes_count() == 1, shop.writes_count()
        assert shop.swaps_count() == 1, shop.story()
        mark = shop.deployment.read()["metadata"]["annotations"][MARK]
        assert mark.startswith("i-1.e1 "), mark


def a_server_that_asks_for_patience_is_not_written_to_before_its_time(lab):
    patience = 4  # Longer than a refused try waits by itself.
    with guarded(lab, "patient") as (shop, relay):
        relay.meet(is_write, (429, {"Retry-After": str(patience)}))
        generation = shop.break_by_a_rollout()
        state = shop.wait("it is over", shop.end, 90)
        told = shop.story()
        assert state == "healed" and "refused: 429" in told, told
        # What was refused has changed nothing; the further try is an effect of its own.
        assert shop.swaps_count() == 2 and shop.writes_count() == 1, told
        assert shop.image() == GOOD and shop.generation() == generation + 1
        turned_away, *later = relay.times(is_write)
        again = [at for at in relay.times(is_rehearsal) + later if at > turned_away]
        assert again and min(again) - turned_away >= patience, (turned_away, again)


def a_watch_whose_version_is_forgotten_lists_anew_and_misses_nothing(lab):
    with guarded(lab, "forgotten") as (shop, relay):
        lists = relay.count(is_list_of_pods)
        relay.expire_watches()
        wait_until("the pods are listed anew",
                   lambda: relay.count(is_list_of_pods) > lists, 20)
        assert shop.agent.incidents() == []
        shop.break_by_a_rollout()
        relay.expire_watches()  # And once more while it matters.
        assert shop.wait("it is over", shop.end) == "healed", shop.story()
        assert shop.image() == GOOD and shop.writes_count() == 1


def a_server_that_was_away_is_looked_at_before_anything_is_done(lab):
    with guarded(lab, "away") as (shop, relay):
        # Should it be so quick, it does not get as far as to write.
        relay.meet(is_rehearsal, (503, {"Retry-After": "1"}), times=50)
        shop.break_by_a_rollout()
        shop.wait("an incident is open", shop.agent.incidents)
        relay.go()
        wait_until("guard misses a part of the world",
                   lambda: "a part of the world did not answer" in shop.story(), 30)
        # Meanwhile somebody mends it: what was judged before is about a version of the past.
        shop.roll_out(OTHER)
        generation = shop.generation()
        shop.follow()
        relay.mend()
        relay.come()
        shop.wait("it is over", shop.end, 90)
        assert shop.image() == OTHER and shop.generation() == generation, shop.story()
        assert shop.writes_count() == 0, shop.writes_count()


def a_rehearsal_that_fails_is_the_end_of_it_and_nothing_is_written(lab):
    with guarded(lab, "broken") as (shop, relay):
        relay.meet(is_rehearsal, (500, {}), times=50)
        generation = shop.break_by_a_rollout()
        assert shop.wait("it is over", shop.end, 90) == "escalated", shop.story()
        assert shop.image() == BAD and shop.generation() == generation
        assert shop.writes_count() == 0, shop.writes_count()
        assert "tried without effect" in shop.story(), shop.story()


def main():
    with tempfile.TemporaryDirectory(prefix="faulty-") as folder, PlayedTraffic() as traffic:
        STAGE.update(folder=folder, traffic=traffic)
        return run_each([
            a_write_whose_reply_is_lost_is_read_back_and_not_sent_twice,
            a_server_that_asks_for_patience_is_not_written_to_before_its_time,
            a_watch_whose_version_is_forgotten_lists_anew_and_misses_nothing,
            a_server_that_was_away_is_looked_at_before_anything_is_done,
            a_rehearsal_that_fails_is_the_end_of_it_and_nothing_is_written,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
