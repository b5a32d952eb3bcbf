#!/usr/bin/env python3
"""The real model in real pods: beside the agent, and one for a node. It ranks, it has no rights and
hardly any weight, and an agent that it does not know heals by its rules and says why.

    tests/kubernetes/model_in_cluster_test.py BIN     as root, where lab/kubernetes/build.sh and
                                                      `make model` have been
"""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

from lab_cases import ROOT, run_each

import in_cluster_test as clusters
from deployment import http_get, wait_until
from node import CGROUPS
from processes import CannotBeHad, LabError, timed

IMAGE = "localhost/homeostat-model"
MODEL_CHART = ROOT / "deploy/helm/homeostat-model"
MODELS = "homeostat-model"
PLACE_OF_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
PYTHON = ("/usr/bin/python3.11", "-I", "-B", "-c")
TOKENS = {"charted-node": "n" * 32, "another": "a" * 32}
SHARES_MIN = 2  # Of cgroup v1: the kernel knows no less. In v2 it is a weight of 1.
# The nodes share two cores with the cluster: whether it answers at all is what counts here.
DEADLINE = "8s"


class LabWithBothImages(clusters.LabWithOurImage):
    def start(self):
        archive = self.directory / "homeostat-model.tar"
        with timed("for the image of the model"):
            done = subprocess.run([ROOT / "deploy/image/build_model.sh", archive,
                                   clusters.PROGRAMS / "homeostat"], capture_output=True, text=True)
        if done.returncode == 77:
            raise CannotBeHad(done.stderr.strip())
        if done.returncode != 0:
            raise LabError(f"the image of the model: {done.stderr}")
        super().start()
        for node in self.nodes:
            done = node.ctr("images", "import", "--base-name", IMAGE, str(archive))
            if IMAGE not in done.stdout:
                raise LabError(f"{node.name} does not take it: {done.stdout}{done.stderr}")
        archive.unlink()

    def install(self, chart, namespace, values):
        file = self.directory / f"{namespace}-values.json"
        file.write_text(json.dumps(values))
        done = subprocess.run(self.inside([
            clusters.HELM, "--kubeconfig", self.kubeconfig, "install", "one", chart,
            "--namespace", namespace, "--values", file]), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def put_secret(self, namespace, name, token):
        body = {"metadata": {"name": name}, "data": {
            "token": base64.b64encode(f"{token}\n".encode()).decode()}}
        path = f"/api/v1/namespaces/{namespace}/secrets"
        self.api.request("DELETE", f"{path}/{name}")
        self.api.post(path, body)


class WithModel(clusters.ByChart):
    """Asks the cluster for a model as `model` says."""

    model = {}

    def deploy(self):
        self.lab.install(clusters.CHART, self.namespace, {
            "deployment": clusters.NAME,
            "service": {"name": clusters.NAME, "port": 80, "path": "/"},
            "signals": [{"http": {"path": "/healthz", "every": "250ms", "timeout": "250ms"}}],
            "guard": {"min_healthy": 1, "proof_time": "2s", "cool_down": "1s",
                      "attempts_max": 4},
            "autonomy": {"rollback": "act", "restart": "act", "rolling_restart": "act"},
            "model": {"deadline": DEADLINE, **self.model}})

    def oracle(self):
        return (self.ask("status") or {}).get("oracle", "")

    def wait_model(self, begins, seconds=120):
        wait_until(f"the model is {begins}", lambda: self.oracle().startswith(begins), seconds)


class ByPod(WithModel):
    model = {"mode": "pod"}


def container_of(pod, name):
    return next(one for one in pod["status"]["containerStatuses"] if one["name"] == name)


def cgroup_file(lab, pod, container, hierarchy, name):
    """What stands in a file of a container's cgroup, on its node."""
    node = next(one for one in lab.nodes if one.name == pod["spec"]["nodeName"])
    id_ = container_of(pod, container)["containerID"].split("//")[1]
    path, = (CGROUPS / hierarchy / node.namespace).glob(f"**/{id_}/{name}")
    return int(path.read_text())


def tell_use(lab, pod, container="model"):
    mib = {name: cgroup_file(lab, pod, container, "memory", f"memory.{name}") // (1 << 20)
           for name in ("usage_in_bytes", "max_usage_in_bytes")}
    shares = cgroup_file(lab, pod, container, "cpu", "cpu.shares")
    print(f"    {container}: cpu.shares {shares}, memory {mib['usage_in_bytes']} MiB, at most "
          f"{mib['max_usage_in_bytes']} MiB", flush=True)


def check_answer(story):
    """It ranked the menu, and was told from any other by its name."""
    answer = re.search(r"model recorded in \d+ ms: would take \w+", story)
    assert answer and "asked gemma-3-270m" in story, story
    print(f"    {answer[0]}", flush=True)


def said_inside(lab, namespace, pod, script):
    """By the model's container: it has a Python and no shell."""
    return lab.kubectl("--namespace", namespace, "exec", pod, "-c", "model", "--", *PYTHON,
                       script).strip()


def break_and_heal(shop, agent, client):
    """Gives the story of how it was healed."""
    shop.apply(f"{clusters.V2}-fail", replicas=3)
    client.wait_bad(20)
    incident = agent.wait_healed()
    client.wait_well(20)
    return agent.story(incident)


def heal_again(shop, agent, known):
    """A second incident, in the same life of the ledger; gives its story."""
    shop.apply(f"{clusters.V2}-fail", replicas=3)

    def over():
        return next((one for one in agent.incidents() if one["incident"] not in known
                     and one["state"] in ("healed", "escalated", "passed")), None)
    one = wait_until("the second incident is over", over, 150)
    assert one["state"] == "healed", agent.story(one["incident"])
    return agent.story(one["incident"])


def a_model_in_the_pod_ranks_and_has_no_weight_on_its_node(lab):
    with clusters.guarded(lab, "charted-pod", deployed=ByPod) as (shop, agent, client):
        agent.wait_model("ready: gemma-3-270m")
        pod = agent.pod()
        assert cgroup_file(lab, pod, "model", "cpu", "cpu.shares") == SHARES_MIN
        assert cgroup_file(lab, pod, "agent", "cpu", "cpu.shares") > 20 * SHARES_MIN
        # The account's token is the agent's alone, and what is the model's own is nobody else's.
        assert said_inside(lab, agent.namespace, agent.pod_name,
                           f"import os; print(os.listdir('{PLACE_OF_TOKENS}'), os.getuid())"
                           ) == "[] 65531"
        story = break_and_heal(shop, agent, client)
        check_answer(story)
        status, told = agent.doctor()
        assert "unix:/homeostat/model/model.sock serves gemma" in told, told
        tell_use(lab, pod)
        tell_use(lab, pod, "agent")


def server_beside(lab, agent):
    """The model's pod on the agent's node."""
    node = agent.pod()["spec"]["nodeName"]
    _, answer = lab.api.request("GET", f"/api/v1/namespaces/{MODELS}/pods")
    return next(one for one in answer["items"] if one["spec"].get("nodeName") == node)


def start_servers(lab):
    lab.api.post("/api/v1/namespaces", {"metadata": {"name": MODELS, "labels": {
        "pod-security.kubernetes.io/enforce": "restricted"}}})
    lab.put_secret(MODELS, "tokens", "\n".join(TOKENS.values()))
    lab.install(MODEL_CHART, MODELS, {"tokenSecret": "tokens", "agents": ["charted-node"]})
    path = f"/apis/apps/v1/namespaces/{MODELS}/daemonsets/homeostat-model"
    wait_until("each node has a server", lambda: lab.api.request("GET", path)[1]["status"].get(
        "numberReady") == len(lab.nodes), 180)
    service = lab.api.request("GET", f"/api/v1/namespaces/{MODELS}/services/homeostat-model")[1]
    return service["spec"]["clusterIP"]


def the_model_of_the_node_answers_who_has_a_token_and_others_heal_by_their_rules(lab):
    address = start_servers(lab)

    class ByNode(WithModel):
        model = {"mode": "node", "node": {"address": address, "tokenSecret": "model-token"}}

        def provide_volume(self):
            self.lab.put_secret(self.namespace, "model-token", TOKENS["charted-node"])
            super().provide_volume()

    with clusters.guarded(lab, "charted-node", deployed=ByNode) as (shop, agent, client):
        agent.wait_model("ready: gemma-3-270m")
        server = server_beside(lab, agent)
        assert cgroup_file(lab, server, "model", "cpu", "cpu.shares") == SHARES_MIN
        story = break_and_heal(shop, agent, client)
        check_answer(story)
        tell_use(lab, server)
        # From the control plane's network, and whoever has no token gets nothing but "I am there".
        for path, wanted in (("/health", 200), ("/props", 401), ("/", 404)):
            status, _ = http_get(lab.open_socket, server["status"]["podIP"], 8080, path, 5)
            assert status == wanted, f"{path}: {status}"
        known = {one["incident"] for one in agent.incidents()}
        lab.put_secret(agent.namespace, "model-token", "w" * 32)
        agent.delete_pod()
        agent.wait_model("down: ")
        assert "401" in agent.oracle(), agent.oracle()
        status, told = agent.doctor()
        assert "does not know us" in told and "model.token_file" in told, told
        agent.wait_proven()
        story = heal_again(shop, agent, known)
        assert "model: absent" in story and "401" in story, story
        # Once it has the right one it needs no start of its own.
        lab.put_secret(agent.namespace, "model-token", TOKENS["another"])
        agent.wait_model("ready: gemma-3-270m", 180)


def main():
    built = subprocess.run([ROOT / "deploy/helm/tool/build.sh"], capture_output=True, text=True)
    if built.returncode == 77:
        print(f"SKIPPED: {built.stderr.strip()}")
        return 77
    assert built.returncode == 0, built.stderr
    return run_each([
        a_model_in_the_pod_ranks_and_has_no_weight_on_its_node,
        the_model_of_the_node_answers_who_has_a_token_and_others_heal_by_their_rules,
    ], LabWithBothImages(ROOT / "build/kubernetes/model-in-cluster-test"))


if __name__ == "__main__":
    sys.exit(main())
