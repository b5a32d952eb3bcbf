#!/usr/bin/env python3
"""The agent is killed while its effect is on its way to the API server, and all pods of the service
go in the same moment: its successor counts what the dead one began, and repeats none of it.

    tests/kubernetes/two_lives_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import json
import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

import remedies_test as shops
from api_relay import ApiRelay
from deployment import wait_until
from guarding import MARK, NAMESPACE
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

ATTEMPTS_MAX = 1


class Shop:
    """Behind a relay; what its users get does not depend on what is done."""

    def __init__(self, lab, relay, name, *more):
        self.lab, self.relay = lab, relay
        self.shop = shops.shop_of(lab, name)
        self.agent = self.shop.guard(*more)
        text = self.agent.config.read_text()
        assert "attempts_max: 4" in text, text
        self.agent.config.write_text(text.replace("attempts_max: 4",
                                                  f"attempts_max: {ATTEMPTS_MAX}"))
        self.agent.grant()
        relay.lead(self.agent)
        self.is_ill = False
        self.shop.traffic.answer = lambda address: (
            0.002, 503 if self.is_ill and address == self.shop.address else 200)

    def image(self):
        template = self.shop.deployment.read()["spec"]["template"]
        return template["spec"]["containers"][0]["image"]

    def roll_out(self):
        self.shop.api.patch(self.shop.deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": shops.ILL_IMAGE}]}}}}, "strategic")
        self.is_ill = True

    def kill_everything(self):
        """The agent, and every pod of the service."""
        self.agent.kill()
        selector = f"labelSelector=app%3D{self.shop.name}"
        self.shop.api.delete(f"/api/v1/namespaces/{NAMESPACE}/pods?{selector}")

    def written(self, what):
        """Effects on such things that the server took of the agent."""
        found = []
        with open(self.lab.audit_log, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                if (entry["user"]["username"].endswith(f":{self.agent.account}") and
                        entry["verb"] == "patch" and "dryRun" not in entry["requestURI"] and
                        entry.get("objectRef", {}).get("resource") == what and
                        entry["responseStatus"]["code"] == 200):
                    found.append(entry["requestURI"])
        return found

    def intents(self):
        """(effect, whether it takes back what was done before) by both lives' one ledger."""
        status, text, trouble = self.agent.run("export")
        assert status == 0, trouble
        events = [json.loads(line) for line in text.splitlines()]
        bodies = [one["data"] for one in events if one["type"].endswith(".intent")]
        return [(one["effect"], one["is_undo"]) for one in bodies]


def is_swap(method, path):
    return method == "PATCH" and "/deployments/" in path and "dryRun" not in path


def what_a_killed_agent_began_counts_for_its_successor_and_is_not_done_again(lab):
    with ApiRelay(lab) as relay:
        one = Shop(lab, relay, "twice")
        # It is dead before the server has heard of it, and the server takes it all the same.
        relay.meet(is_swap, one.kill_everything)
        with one.agent as agent:
            agent.wait_proven()
            one.roll_out()
            wait_until("it is killed while it writes", lambda: agent.process.poll() is not None, 60)
            wait_until("the server has taken it", lambda: one.image() == shops.IMAGE, 30)
            assert len(one.written("deployments")) == 1
            generation = one.shop.deployment.read()["metadata"]["generation"]
            agent.start()
            state = shops.while_following("it is over", lambda: shops.closed(agent),
                                          lambda: None, 180)
            assert state == "escalated", agent.story("i-1")
            story, intents = agent.story("i-1"), one.intents()
            attempts = [effect for effect, is_undo in intents if not is_undo]
            assert attempts == ["i-1.e1"] and len(attempts) == ATTEMPTS_MAX, story
            assert "i-1.e1 done, as the world was found" in story, story
            # Each that was announced happened once: the rollback, and as it did not help, its undo.
            assert len(one.written("deployments")) == len(intents) <= 2, (intents, story)
            seen = one.shop.deployment.read()["metadata"]
            assert seen["generation"] == generation + len(intents) - 1, (seen, story)
            assert seen["annotations"][MARK].startswith(f"{intents[-1][0]} "), seen["annotations"]
        one.shop.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="two-lives-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([what_a_killed_agent_began_counts_for_its_successor_and_is_not_done_again],
                        QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
