#!/usr/bin/env python3
"""One process for two Deployments, and a second one that takes over when the first is killed.

    tests/kubernetes/several_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Services are played: times say nothing of healing.
"""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import ROOT, run_each

sys.path.append(str(ROOT / "bench/kubernetes"))

import remedies_test as shops  # noqa: E402
from api_calls import calls_of  # noqa: E402
from deployment import wait_until  # noqa: E402
from guarding import NAMESPACE  # noqa: E402
from played_traffic import PlayedTraffic  # noqa: E402
from quick_lab import QuickLab  # noqa: E402

PROGRAMS = Path(sys.argv[1]).resolve()
ACCOUNT = "homeostat-several"
LEASE = "homeostat-several"
UNREACHABLE = 3  # As `homeostat --help` says.
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"


class Pair:
    """Two shops, their files, and processes that guard both."""

    def __init__(self, lab, name, *more, folder=None):
        self.lab, self.program = lab, PROGRAMS / "homeostat"
        self.traffic = shops.SHOPS["traffic"]
        self.folder = Path(folder or tempfile.mkdtemp(dir=shops.SHOPS["folder"]))
        self.shops = [shops.shop_of(lab, f"{name}-{part}") for part in ("a", "b")]
        self.shop, self.other = self.shops
        self.agents = [self.guard(shop, *more) for shop in self.shops]
        self.agent, self.other_agent = self.agents
        self.processes = []
        self.bad = {}

    def guard(self, shop, *more):
        agent = shop.guard(f"configs: [{shop.config}]", *more)
        # Of one account, so that it is one cluster to the process.
        text = agent.config.read_text().replace(f"{agent.account}.kubeconfig",
                                                f"{ACCOUNT}.kubeconfig")
        agent.config.write_text(text)
        return agent

    def grant(self):
        rules = subprocess.run([self.program, "rbac", *self.files(), "--account", ACCOUNT],
                               capture_output=True, text=True, check=True).stdout
        manifest = self.folder / "rbac.yaml"
        manifest.write_text(rules)
        self.lab.kubectl("apply", "-f", manifest)
        self.lab.write_kubeconfig(ACCOUNT, self.lab.token_of(NAMESPACE, ACCOUNT))

    def files(self):
        return [word for agent in self.agents for word in ("-c", agent.config)]

    def status_of(self, *words):
        return subprocess.run([self.program, "status", "--json", *words],
                              capture_output=True).returncode

    def start(self, name):
        log = self.folder / f"{name}.log"
        with log.open("a") as out:
            process = subprocess.Popen([self.program, "agent", *self.files()], cwd=self.folder,
                                       stdout=out, stderr=subprocess.STDOUT)
        process.said = log.read_text
        for agent in self.agents:
            agent.log, agent.process = log, process
        self.processes.append(process)
        return process

    def wait_proven(self):
        for agent in self.agents:
            wait_until("it answers", lambda: agent.ask("status"), 60)
            agent.wait_proven()

    def play(self):
        """What a shop's ConfigMap says is bad, is. Gives what has to be called meanwhile."""
        states = {}

        def follow():
            for shop in self.shops:
                states[shop.address] = shop.text()

        def answer(address):
            return 0.002, 503 if states.get(address) == shops.BAD else 200
        self.traffic.answer = answer
        return follow

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
                process.wait(20)

    def tell_troubles(self):
        for process in self.processes:
            print("--- log", process.said()[-4000:], sep="\n", file=sys.stderr)
        for agent in self.agents:
            print(agent.story("i-1"), file=sys.stderr)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.tell_troubles()
        self.stop()
        for shop in self.shops:
            shop.remove()

    def holder(self):
        return self.lab.api.get(f"{LEASES}/{LEASE}")["spec"].get("holderIdentity")


def each_deployment_is_healed_for_itself_and_watched_by_a_stream_of_each_kind(lab):
    pair = Pair(lab, "both")
    pair.grant()
    follow = pair.play()
    with pair:
        process = pair.start("first")
        pair.wait_proven()
        for shop, agent in zip(pair.shops, pair.agents):
            shop.edit(shops.BAD)
            state = shops.while_following("it is over", lambda: shops.closed(agent), follow)
            assert state == "healed", agent.story("i-1")
            assert shop.text() == shops.GOOD
        assert len(pair.agent.incidents()) == len(pair.other_agent.incidents()) == 1
        calls = calls_of(lab.audit_log, ACCOUNT, 0, 1 << 40)
        watches = {name: count for name, count in calls.items() if name.startswith("watch ")}
        # One of each kind for both, and one of each ConfigMap.
        assert watches == {"watch deployments": 1, "watch replicasets": 1, "watch pods": 1,
                           "watch endpointslices": 1, "watch events": 1,
                           "watch configmaps": 2}, calls
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, process.said()


def a_deployment_that_is_not_there_keeps_nobody_else_from_being_guarded(lab):
    pair = Pair(lab, "gone")
    pair.grant()
    follow = pair.play()
    pair.other_agent.config.write_text(pair.other_agent.config.read_text().replace(
        "deployment: gone-b", "deployment: gone-c"))
    with pair:
        process = pair.start("first")
        wait_until("it answers", lambda: pair.agent.ask("status"), 60)
        pair.agent.wait_proven()
        assert "gone-b: is not guarded" in process.said(), process.said()
        # A probe asks both, and the one that is not there first: the process lives.
        gone, there = (["-c", agent.config] for agent in (pair.other_agent, pair.agent))
        assert pair.status_of(*gone) == UNREACHABLE and pair.status_of(*gone, *there) == 0
        pair.shop.edit(shops.BAD)
        state = shops.while_following("it is over", lambda: shops.closed(pair.agent), follow)
        assert state == "healed", pair.agent.story("i-1")


def whoever_waits_for_a_volume_goes_on_where_the_killed_one_was(lab):
    """Two executors on one volume and with one Lease: what was done is not done again, and what was
    counted stays counted."""
    pair = Pair(lab, "volume", f"lease: {LEASE}")
    pair.grant()
    follow = pair.play()
    with pair:
        first = pair.start("first")
        pair.wait_proven()
        second = pair.start("second")
        wait_until("the second stands by", lambda: "standing by" in second.said(), 20)
        pair.shop.edit(shops.BAD)
        shops.while_following("it is put back", lambda: pair.shop.text() == shops.GOOD, follow)
        assert first.poll() is None
        first.send_signal(signal.SIGKILL)  # What was done is not proven yet.
        first.wait(20)
        version = pair.shop.api.get(f"{pair.shop.maps}/{pair.shop.config}")["metadata"][
            "resourceVersion"]
        state = shops.while_following("it is over", lambda: shops.closed(pair.agent), follow)
        story = pair.agent.story("i-1")
        assert state == "healed", story
        assert story.count(" intent    i-1.e") == 1, story
        config = pair.shop.api.get(f"{pair.shop.maps}/{pair.shop.config}")["metadata"]
        assert config["resourceVersion"] == version, "what was done was done again"
        # And the same for the service to which nothing had happened.
        pair.other.edit(shops.BAD)
        state = shops.while_following("it is over", lambda: shops.closed(pair.other_agent), follow)
        assert state == "healed", pair.other_agent.story("i-1")


def of_two_with_ledgers_of_their_own_the_other_acts_once_the_lease_is_over(lab):
    """And does not do again what the killed one did; what that one counted it does not know."""
    one = Pair(lab, "apart", f"lease: {LEASE}-apart")
    one.grant()
    follow = one.play()
    other_files = []
    for agent in one.agents:
        home = one.folder / f"other-{agent.name}"
        home.mkdir()
        (home / agent.config.name).write_text(agent.config.read_text())
        other_files.append(home / agent.config.name)
    with one:
        first = one.start("first")
        one.wait_proven()
        wait_until("it is elected", lambda: "we hold the Lease" in first.said(), 40)
        log = one.folder / "second.log"
        with log.open("a") as out:
            second = subprocess.Popen(
                [one.program, "agent", *[word for file in other_files for word in ("-c", file)]],
                cwd=one.folder, stdout=out, stderr=subprocess.STDOUT)
        second.said = log.read_text
        one.processes.append(second)
        wait_until("the second stands by", lambda: "is held by" in second.said(), 60)
        assert second.said().count("standing by: Lease") == 1, "one Lease for both services"
        one.shop.edit(shops.BAD)
        shops.while_following("it is put back", lambda: one.shop.text() == shops.GOOD, follow)
        first.send_signal(signal.SIGKILL)
        first.wait(20)
        version = one.shop.api.get(f"{one.shop.maps}/{one.shop.config}")["metadata"][
            "resourceVersion"]
        shops.while_following("the second is elected",
                              lambda: "we hold the Lease" in second.said(), follow, 90)
        config = one.shop.api.get(f"{one.shop.maps}/{one.shop.config}")["metadata"]
        assert config["resourceVersion"] == version, "what was done was done again"
        # It acts from now on, for both.
        for agent, file in zip(one.agents, other_files):
            agent.config = file
        one.other.edit(shops.BAD)
        shops.while_following("it is put back", lambda: one.other.text() == shops.GOOD, follow, 90)


def main():
    with tempfile.TemporaryDirectory(prefix="several-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([each_deployment_is_healed_for_itself_and_watched_by_a_stream_of_each_kind,
                         a_deployment_that_is_not_there_keeps_nobody_else_from_being_guarded,
                         whoever_waits_for_a_volume_goes_on_where_the_killed_one_was,
                         of_two_with_ledgers_of_their_own_the_other_acts_once_the_lease_is_over],
                        QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
