#!/usr/bin/env python3
"""Two agents that both act on one Deployment, with a ledger each and no Lease between them. What
they write carries what it is written over, so that of two the server takes one.

    tests/kubernetes/two_agents_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Services are played: times say nothing of healing.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from lab_cases import run_each

import remedies_test as shops
from api_relay import ApiRelay
from deployment import wait_until
from guarding import MARK, Guarding
from played_traffic import PartOfTraffic, PlayedTraffic
from quick_lab import QuickLab

AT_ONCE_WITHIN = 20  # Seconds; one who came alone goes on alone, and the test fails.
OVER = ("healed", "escalated", "passed", "by_person")


class Pair:
    """A shop and its two agents, of one account."""

    def __init__(self, lab, relay, name, autonomy, is_write):
        """The first write of each waits at the relay for that of the other one."""
        self.lab = lab
        self.met = threading.Barrier(2, timeout=AT_ONCE_WITHIN)
        relay.meet(is_write, self.meet, times=2)
        self.part = PartOfTraffic(shops.SHOPS["traffic"])
        self.shop = shops.Shop(lab, shops.SHOPS["folder"], name, self.part)
        first = self.shop.guard(f"configs: [{self.shop.config}]")
        text = first.config.read_text()
        assert shops.AUTONOMY in text, text
        text = text.replace(shops.AUTONOMY, f"autonomy: {{ {autonomy} }}")
        first.config.write_text(text)
        second = Guarding(lab, name, first.program.parent, first.directory / "second")
        second.config.write_text(text)
        self.agents = [first, second]
        first.grant()
        relay.lead(first)

    def meet(self):
        """Before both are passed on; whoever waits in vain says so in the end."""
        with contextlib.suppress(threading.BrokenBarrierError):
            self.met.wait()

    def __enter__(self):
        for agent in self.agents:
            with agent.log.open("a") as log:
                agent.process = subprocess.Popen([agent.program, "agent", "--config", agent.config],
                                                 cwd=agent.directory, stdout=log,
                                                 stderr=subprocess.STDOUT)
        for agent in self.agents:
            wait_until("it sees pods", agent.sees_pods, 60)
            agent.wait_proven()
        return self

    def __exit__(self, kind, *_):
        for agent in self.agents:
            if kind is not None:
                agent.tell_troubles()
            agent.stop()
        self.shop.remove()

    def states(self, agent):
        return [one["state"] for one in agent.incidents()]

    def wait_over(self, follow):
        """Until both have noticed, and have nothing in hand."""
        shops.while_following("both are over it", lambda: all(
            self.states(agent) and all(state in OVER for state in self.states(agent))
            for agent in self.agents), follow, 120)
        assert not self.met.broken, "only one of them wrote"

    def written(self, what):
        """What the server said to effects of both on such things, and not to trials."""
        found = []
        with open(self.lab.audit_log, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                target = entry.get("objectRef", {})
                name = target.get("resource", "") + "/" + target.get("subresource", "")
                if entry["user"]["username"].endswith(f":{self.agents[0].account}") and (
                        name.rstrip("/") == what and entry["verb"] in ("patch", "create") and
                        "dryRun" not in entry["requestURI"]):
                    found.append(entry["responseStatus"]["code"])
        return found

    def stories(self):
        return "\n".join(agent.story(one["incident"]) for agent in self.agents
                         for one in agent.incidents())


def is_effect_on(what):
    return lambda method, path: method in ("PATCH", "POST") and (
        what in path and "dryRun" not in path)


def of_two_that_roll_a_bad_version_back_one_does(lab):
    with ApiRelay(lab) as relay, Pair(lab, relay, "rolled", "rollback: act",
                                      is_effect_on("/deployments/")) as pair:
        deployment = pair.shop.deployment
        state = {"is_bad": False}

        def image():
            return deployment.read()["spec"]["template"]["spec"]["containers"][0]["image"]

        def follow():
            state["is_bad"] = image() == shops.ILL_IMAGE
        pair.part.answer = lambda address: (0.002, 503 if state["is_bad"] else 200)
        lab.api.patch(deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": shops.ILL_IMAGE}]}}}}, "strategic")
        generation = deployment.read()["metadata"]["generation"]
        pair.wait_over(follow)
        seen = deployment.read()["metadata"]
        assert image() == shops.IMAGE, pair.stories()
        assert seen["generation"] == generation + 1, pair.stories()
        assert seen["annotations"][MARK].startswith("i-1.e1 "), seen["annotations"]
        written = pair.written("deployments")
        assert len(written) == 2 and written.count(200) == 1, (written, pair.stories())
        print(f"    writes of both: {written}; what became of it: "
              f"{[pair.states(agent) for agent in pair.agents]}", flush=True)


def of_two_that_put_a_configuration_back_one_does(lab):
    with ApiRelay(lab) as relay, Pair(lab, relay, "edited", "rollback: act",
                                      is_effect_on("/configmaps/")) as pair:
        follow = pair.shop.fail_by_configuration()
        pair.shop.edit(shops.BAD)
        before = pair.shop.api.get(f"{pair.shop.maps}/{pair.shop.config}")
        pair.wait_over(follow)
        seen = pair.shop.api.get(f"{pair.shop.maps}/{pair.shop.config}")
        assert pair.shop.text() == shops.GOOD, pair.stories()
        assert seen["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
        assert seen["metadata"]["annotations"][MARK].startswith("i-1.e1 c-"), seen["metadata"]
        written = pair.written("configmaps")
        assert len(written) == 2 and written.count(200) == 1, (written, pair.stories())
        print(f"    writes of both: {written}; what became of it: "
              f"{[pair.states(agent) for agent in pair.agents]}", flush=True)


def of_two_that_restart_an_ill_pod_both_mean_that_pod_and_no_other_goes(lab):
    """An eviction is of one uid: a second one of the same pod changes nothing."""
    with ApiRelay(lab) as relay, Pair(lab, relay, "sick", "restart: act",
                                      is_effect_on("/eviction")) as pair:
        pods = pair.shop.deployment.pods()
        sick, others = pods[0], {pod["metadata"]["uid"] for pod in pods[1:]}
        address, uid = sick["status"]["podIP"], sick["metadata"]["uid"]

        def follow():
            if uid not in {pod["metadata"]["uid"] for pod in pair.shop.deployment.pods()}:
                pair.part.sick.pop(address, None)
        pair.part.sick[address] = (0.002, 503)
        pair.wait_over(follow)
        left = {pod["metadata"]["uid"] for pod in pair.shop.deployment.pods()}
        assert uid not in left and others <= left, pair.stories()
        print(f"    writes of both: {pair.written('pods/eviction')}; what became of it: "
              f"{[pair.states(agent) for agent in pair.agents]}", flush=True)


def main():
    with tempfile.TemporaryDirectory(prefix="two-agents-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([of_two_that_roll_a_bad_version_back_one_does,
                         of_two_that_put_a_configuration_back_one_does,
                         of_two_that_restart_an_ill_pod_both_mean_that_pod_and_no_other_goes],
                        QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
