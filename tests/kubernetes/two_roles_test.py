#!/usr/bin/env python3
"""An agent that may only read, and an executor that hears it: two processes, two accounts.

    tests/kubernetes/two_roles_test.py BIN   where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

import remedies_test as shops
from deployment import wait_until
from guarding import NAMESPACE, Guarding
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

PROGRAMS = Path(sys.argv[1]).resolve()
READING = {"get", "list", "watch"}


class GuardingByTwo(Guarding):
    """`run`, `ask` and the rest ask the executor."""

    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        self.reader = f"{self.account}-agent"
        self.home = self.directory / "agent"
        self.home.mkdir(exist_ok=True)
        self.agent_config = self.home / "agent.yaml"
        self.agent_log = self.home / "agent.log"
        self.agent = None

    def give_roles(self):
        """Once the configuration is as the test wants it."""
        text = self.config.read_text()
        roles = "roles: {{ socket: {}/door.sock, agents: [ '{}' ] }}\n"
        own = text.replace(f"{self.account}.kubeconfig", f"{self.reader}.kubeconfig")
        assert own != text
        self.agent_config.write_text(own + roles.format(self.directory, "0" * 64))
        key = self.run_agent("agent", "--role", "agent", "--show-key").stdout.strip()
        self.config.write_text(text + roles.format(self.directory, key))

    def grant(self, without=None):
        super().grant(without)
        status, rules, trouble = self.run("rbac", "--role", "agent", "--account", self.reader)
        assert status == 0, trouble
        verbs = {verb.strip(' "') for line in rules.splitlines() if "verbs:" in line
                 for verb in line.split("[")[1].rstrip("]").split(",")}
        assert verbs == READING, verbs
        manifest = self.home / "rbac.yaml"
        manifest.write_text(rules)
        self.lab.kubectl("apply", "-f", manifest)
        self.lab.write_kubeconfig(self.reader, self.lab.token_of(NAMESPACE, self.reader))

    def start_one(self, role, config, log):
        with log.open("a") as out:
            return subprocess.Popen(
                self.lab.inside([self.program, "agent", "--role", role, "--config", config]),
                cwd=config.parent, stdout=out, stderr=subprocess.STDOUT)

    def start(self):
        self.start_executor()
        self.start_agent()

    def start_executor(self):
        self.process = self.start_one("executor", self.config, self.log)
        wait_until("the executor sees pods", self.sees_pods, 30)

    def start_agent(self):
        self.agent = self.start_one("agent", self.agent_config, self.agent_log)
        wait_until("the agent is answered", self.is_heard, 30)

    def is_heard(self):
        assert self.agent.poll() is None, self.agent_log.read_text()[-4000:]
        done = self.run_agent("status", "--role", "agent", "--json")
        return done.returncode == 0 and '"is_answering": true' in done.stdout

    def run_agent(self, *words):
        return subprocess.run([self.program, *words, "--config", self.agent_config],
                              cwd=self.home, capture_output=True, text=True, timeout=60)

    def stop(self):
        if self.agent and self.agent.poll() is None:
            self.agent.terminate()
            self.agent.wait(20)
        super().stop()

    def tell_troubles(self):
        super().tell_troubles()
        print("--- agent.log of the agent", self.agent_log.read_text()[-4000:], sep="\n",
              file=sys.stderr)


class Shop(shops.Shop):
    def guard(self, *more, scale=None):
        shops.Guarding = GuardingByTwo
        agent = super().guard(*more, scale=scale)
        agent.give_roles()
        return agent


def shop_of(lab, name):
    return Shop(lab, shops.SHOPS["folder"], name, shops.SHOPS["traffic"])


def what_an_agent_sees_that_may_only_read_the_executor_puts_back(lab):
    shop = shop_of(lab, "split")
    agent = shop.guard(f"configs: [{shop.config}]")
    agent.grant()
    follow = shop.fail_by_configuration()
    with agent:
        agent.wait_proven()
        shop.edit(shops.BAD)
        state = shops.while_following("it is over", lambda: shops.closed(agent), follow)
        assert state == "healed", agent.story("i-1")
        assert shop.text() == shops.GOOD
        assert "rollback the configuration" in agent.story("i-1"), agent.story("i-1")
    shop.remove()


def both_mean_the_same_pod_by_an_instances_name(lab):
    shop = shop_of(lab, "named")
    agent = shop.guard()
    agent.grant()
    sick = {"uid": None, "address": None}

    def pods():
        return shop.deployment.pods()

    def follow():
        if sick["uid"] not in {pod["metadata"]["uid"] for pod in pods()}:
            sick["address"] = None  # It is gone, and whoever has its address now is well.
    shop.traffic.answer = lambda address: (0.002, 503 if address == sick["address"] else 200)
    try:
        agent.start_executor()
        # The youngest pod gets the first name: whoever numbers them anew would mean another one.
        first = next(one for one in agent.ask("status")["instances"]
                     if one["instance"] == "named-0")["pod"]
        name = next(pod["metadata"]["name"] for pod in pods() if pod["metadata"]["uid"] == first)
        shop.api.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")
        wait_until("another pod stands there", lambda: next(
            one for one in agent.ask("status")["instances"]
            if one["instance"] == "named-0")["pod"] not in ("", first), 60)
        shop.deployment.wait_ready(shops.FEW)
        agent.start_agent()
        agent.wait_proven()
        for instance in ("named-0", "named-2"):
            known = len(agent.incidents())
            uid = next(one for one in agent.ask("status")["instances"]
                       if one["instance"] == instance)["pod"]
            pod = next(one for one in pods() if one["metadata"]["uid"] == uid)
            others = {one["metadata"]["uid"] for one in pods()} - {uid}
            sick.update(uid=uid, address=pod["status"]["podIP"])
            shops.while_following(
                "it is over", lambda: len(agent.incidents()) > known and all(
                    one["state"] in ("healed", "escalated", "passed")
                    for one in agent.incidents()), follow, 90)
            incident = agent.incidents()[-1] if known else agent.incidents()[0]
            assert incident["state"] == "healed", agent.story(incident["incident"])
            left = {one["metadata"]["uid"] for one in pods()}
            assert uid not in left and others <= left, "another pod was evicted"
    except BaseException:
        agent.tell_troubles()
        raise
    finally:
        agent.stop()
    shop.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="two-roles-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([what_an_agent_sees_that_may_only_read_the_executor_puts_back,
                         both_mean_the_same_pod_by_an_instances_name],
                        QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
