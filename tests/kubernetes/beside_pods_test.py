#!/usr/bin/env python3
"""Agents on the nodes and beside a pod, which hold no right in the cluster, and one executor.

    tests/kubernetes/beside_pods_test.py BIN   where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

import remedies_test as shops
import two_roles_test
from deployment import wait_until
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

LOOPBACK = "127.0.0.1"  # What an agent beside a pod asks.


class GuardingBeside(two_roles_test.GuardingByTwo):
    """`beside`: name of a pod or a node → the agent there."""

    scope = "node"

    def give_roles(self):
        super().give_roles()
        text = self.config.read_text()
        key = text.split("agents: [ '")[1].split("'")[0]
        self.config.write_text(text.replace(f"'{key}'", f"{{ key: '{key}', scope: {self.scope} }}"))
        # It has nothing to ask a cluster with.
        own = self.agent_config.read_text().splitlines(keepends=True)
        self.agent_config.write_text("".join(line for line in own if "kubeconfig:" not in line))
        self.beside = {}

    def start_beside(self, name):
        home = self.home / name
        home.mkdir(exist_ok=True)
        config = home / "agent.yaml"
        text = self.agent_config.read_text()
        key = f"{self.home}/var/{self.name}/agent.key"
        assert "roles: { socket: " in text, text
        config.write_text(text.replace("roles: { socket: ", f"roles: {{ key: {key}, socket: "))
        with self.agent_log.open("a") as out:
            self.beside[name] = subprocess.Popen(
                self.lab.inside([self.program, "agent", "--role", "agent", f"--{self.scope}", name,
                                 "--config", config]),
                cwd=home, stdout=out, stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin"})

    def speaking(self):
        return {one["scope"].removeprefix(f"{self.scope} ")
                for one in (self.ask("status") or {}).get("agents", []) if one["is_speaking"]}

    def instances(self):
        """Uid of a pod → instance, as the executor says."""
        return {one["pod"]: one["instance"] for one in self.ask("status")["instances"]
                if one["pod"]}

    def stop(self):
        for agent in self.beside.values():
            if agent.poll() is None:
                agent.terminate()
                agent.wait(20)
        super().stop()


class Shop(shops.Shop):
    def guard_beside(self, scope):
        shops.Guarding = GuardingBeside
        GuardingBeside.scope = scope
        agent = super().guard()
        agent.give_roles()
        agent.grant()
        return agent


def shop_of(lab, name):
    return Shop(lab, shops.SHOPS["folder"], name, shops.SHOPS["traffic"])


def ended_states(agent):
    return [one["state"] for one in agent.incidents()]


def what_agents_on_nodes_see_without_a_right_the_executor_heals(lab):
    shop = shop_of(lab, "noded")
    agent = shop.guard_beside("node")
    sick = {"address": None, "uid": None}

    def follow():
        if sick["uid"] not in {pod["metadata"]["uid"] for pod in shop.deployment.pods()}:
            sick["address"] = None  # It is gone, and whoever has its address now is well.
    shop.traffic.answer = lambda address: (0.002, 503 if address == sick["address"] else 200)
    try:
        agent.start_executor()
        agent.wait_proven()
        nodes = {pod["spec"]["nodeName"] for pod in shop.deployment.pods()}
        for node in nodes:
            agent.start_beside(node)
        wait_until("each node's agent speaks", lambda: agent.speaking() == nodes, 30)
        pod = shop.deployment.pods()[0]
        others = {one["metadata"]["uid"] for one in shop.deployment.pods()[1:]}
        sick.update(uid=pod["metadata"]["uid"], address=pod["status"]["podIP"])
        name = agent.instances()[sick["uid"]]
        shops.while_following("it is over", lambda: "healed" in ended_states(agent), follow, 90)
        incident, = agent.incidents()
        assert incident["state"] == "healed", agent.story(incident["incident"])
        assert f"restart {name}" in agent.story("i-1"), agent.story("i-1")
        left = {one["metadata"]["uid"] for one in shop.deployment.pods()}
        assert sick["uid"] not in left and others <= left, "another pod was evicted"
        # And of a node that has none of its pods nobody speaks.
        agent.start_beside("node-of-others")
        wait_until("it is not heard", lambda: agent.ask("status")["letters_discarded"][
            "out_of_scope"], 30)
        assert agent.speaking() <= nodes, agent.speaking()
    except BaseException:
        agent.tell_troubles()
        raise
    finally:
        agent.stop()
    shop.remove()


def an_agent_beside_a_pod_is_believed_of_it_as_far_as_the_executor_sees(lab):
    shop = shop_of(lab, "sided")
    agent = shop.guard_beside("pod")
    ill = set()

    def follow():
        if pod["metadata"]["uid"] not in {one["metadata"]["uid"]
                                          for one in shop.deployment.pods()}:
            ill.discard(pod["status"]["podIP"])
    shop.traffic.answer = lambda address: (0.002, 503 if address in ill else 200)
    try:
        agent.start_executor()
        agent.wait_proven()
        pod = shop.deployment.pods()[0]
        name = agent.instances()[pod["metadata"]["uid"]]
        agent.start_beside(pod["metadata"]["name"])
        wait_until("it speaks", lambda: agent.speaking() == {pod["metadata"]["name"]}, 30)
        ill.add(LOOPBACK)
        wait_until("guard asks its own eyes", lambda: "the executor sees the symptom itself" in
                   agent.story("i-1"), 60)
        incident, = agent.incidents()
        assert incident["state"] not in ("healed", "passed"), incident
        ill.discard(LOOPBACK)
        wait_until("it says that it has gone", lambda: ended_states(agent) == ["passed"], 60)
        ill.update((LOOPBACK, pod["status"]["podIP"]))
        shops.while_following("it is over", lambda: "healed" in ended_states(agent), follow, 90)
        assert f"restart {name}" in agent.story("i-2"), agent.story("i-2")
        assert pod["metadata"]["uid"] not in {one["metadata"]["uid"]
                                              for one in shop.deployment.pods()}
        # The pod is gone, its agent goes on as if it were not, and speaks for nobody.
        wait_until("it is heard no more", lambda: not agent.speaking(), 30)
        assert agent.ask("status")["letters_discarded"]["out_of_scope"] > 0
        assert not agent.ask("status")["agents"], agent.ask("status")["agents"]
        assert agent.beside[pod["metadata"]["name"]].poll() is None
        assert len(agent.incidents()) == 2, agent.incidents()
    except BaseException:
        agent.tell_troubles()
        raise
    finally:
        agent.stop()
    shop.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="beside-pods-") as folder, PlayedTraffic() as traffic:
        traffic.add(LOOPBACK)
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([what_agents_on_nodes_see_without_a_right_the_executor_heals,
                         an_agent_beside_a_pod_is_believed_of_it_as_far_as_the_executor_sees],
                        QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
