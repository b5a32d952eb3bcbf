#!/usr/bin/env python3
"""Homeostat runs in a pod, as deploy/ puts it there: it heals by its service account, outlives its
own pod, and what it may not it does not.

    tests/kubernetes/in_cluster_test.py BIN        as root, where lab/kubernetes/build.sh has built
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from lab_cases import ROOT, run_each

import guarding
from deployment import Client, Deployment, condition_of, wait_until
from full_lab import FullLab
from processes import CannotBeHad, LabError, timed

V1, V2 = "lab.local/service:v1", "lab.local/service:v2"
PROGRAMS = Path(sys.argv[1]).resolve()
IMAGE = "localhost/homeostat"
EXAMPLE = ROOT / "examples/kubernetes"
BASE = ROOT / "deploy/kustomize/base"
HELM, CHART = ROOT / "build/helm/helm", ROOT / "deploy/helm/homeostat"
NAME = "payments"
USER = 65532
CONFIG = """service: payments
runtime:
  kubernetes:
    namespace: {namespace}
    deployment: payments
    service: {{ name: payments, port: 80, path: / }}
signals:
  - http: {{ path: /healthz, every: 250ms, timeout: 250ms }}
guard: {{ min_healthy: 1, proof_time: 2s, cool_down: 10s, attempts_max: 2 }}
autonomy: {{ restart: act, rollback: act }}
oracle: rules
"""
# Of what is near to what it may: (verb, group, resource, name, namespace; None: its own).
FORBIDDEN = (
    ("delete", "", "pods", "", None),
    ("create", "", "pods", "", None),
    ("patch", "", "pods", "", None),
    ("create", "", "pods/exec", "", None),
    ("delete", "apps", "deployments", NAME, None),
    ("patch", "apps", "deployments", "another", None),
    ("patch", "apps", "deployments", NAME, "default"),
    ("patch", "apps", "replicasets", "", None),
    ("patch", "apps", "statefulsets", "", None),
    ("list", "", "pods", "", "default"),
    ("get", "", "secrets", "", None),
    ("get", "", "configmaps", "", None),
    ("patch", "rbac.authorization.k8s.io", "roles", "", None),
    ("get", "", "nodes", "", ""),
)


class LabWithOurImage(FullLab):
    """Its nodes have the image as they would have fetched it."""

    def start(self):
        archive = self.directory / "homeostat.tar"
        with timed("for the image of the agent"):
            done = subprocess.run([ROOT / "deploy/image/build.sh", archive, PROGRAMS / "homeostat"],
                                  capture_output=True, text=True)
        if done.returncode == 77:
            raise CannotBeHad(done.stderr.strip())
        if done.returncode != 0:
            raise LabError(f"the image of the agent: {done.stderr}")
        super().start()
        for node in self.nodes:
            done = node.ctr("images", "import", "--base-name", IMAGE, str(archive))
            if IMAGE not in done.stdout:
                raise LabError(f"{node.name} does not take our image: {done.stdout}{done.stderr}")


class InCluster(guarding.Guarding):
    """The agent of one namespace, as somebody deploys it who has copied the example."""

    pod_name = "homeostat-0"

    def __init__(self, lab, namespace):
        self.lab, self.namespace, self.program = lab, namespace, PROGRAMS / "homeostat"
        self.directory = lab.directory / f"deploy-{namespace}"
        self.directory.mkdir()
        self.config = self.directory / "homeostat.yaml"
        self.config.write_text(CONFIG.format(namespace=namespace))
        base = os.path.relpath(BASE, self.directory)
        text = (EXAMPLE / "kustomization.yaml").read_text()
        assert "namespace: shop\n" in text and "../../deploy/kustomize/base" in text
        (self.directory / "kustomization.yaml").write_text(
            text.replace("namespace: shop\n", f"namespace: {namespace}\n")
            .replace("../../deploy/kustomize/base", base))

    # --- its life --------------------------------------------------------------------------------
    def grant(self, without=None):
        def printed(*words):
            return subprocess.run([self.program, "rbac", *words, "--config", self.config],
                                  check=True, capture_output=True, text=True).stdout
        (self.directory / "policy.yaml").write_text(printed("--policy"))
        rules = printed()
        if without:
            assert without in rules, rules
            rules = rules.replace(without, "")
        (self.directory / "rbac.yaml").write_text(rules)

    def start(self):
        self.provide_volume()
        self.deploy()
        try:
            wait_until("the agent sees pods", self.sees_pods, 60)
        except AssertionError:
            self.tell_troubles()
            raise

    def deploy(self):
        self.lab.kubectl("apply", "-k", self.directory)

    def provide_volume(self):
        """What a cluster with storage would do about the claim."""
        place = self.directory / "volume"
        place.mkdir()
        os.chown(place, USER, USER)
        self.lab.api.post("/api/v1/persistentvolumes", {
            "metadata": {"name": self.namespace},
            "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                     "hostPath": {"path": str(place), "type": "Directory"},
                     "claimRef": {"namespace": self.namespace, "name": f"state-{self.pod_name}"}}})

    def sees_pods(self):
        status = self.ask("status")
        return status and any(one["is_answering"] for one in status["instances"])

    def __exit__(self, kind, *_):
        if kind is not None:
            self.tell_troubles()
        self.lab.api.delete(f"/api/v1/namespaces/{self.namespace}")
        self.lab.api.delete(f"/api/v1/persistentvolumes/{self.namespace}")

    def pod(self):
        """None: there is none at the moment."""
        status, pod = self.lab.api.request(
            "GET", f"/api/v1/namespaces/{self.namespace}/pods/{self.pod_name}")
        return pod if status == 200 else None

    def delete_pod(self):
        """And waits until its successor serves."""
        uid = self.pod()["metadata"]["uid"]
        self.lab.api.delete(f"/api/v1/namespaces/{self.namespace}/pods/{self.pod_name}")

        def is_followed():
            pod = self.pod()
            return pod and pod["metadata"]["uid"] != uid and condition_of(pod, "Ready")
        wait_until("the agent's pod is followed by another", is_followed, 60)

    def may(self, verb, group, resource, name, namespace):
        """Whether the cluster lets its service account do this."""
        resource, _, part = resource.partition("/")
        return self.lab.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {
            "user": f"system:serviceaccount:{self.namespace}:{self.pod_name.removesuffix('-0')}",
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{self.namespace}",
                       "system:authenticated"],
            "resourceAttributes": {
                "verb": verb, "group": group, "resource": resource, "subresource": part,
                "name": name,
                "namespace": self.namespace if namespace is None else namespace},
        }})["status"]["allowed"]

    # --- what it says ----------------------------------------------------------------------------
    def run(self, *words):
        done = subprocess.run(self.lab.inside([
            self.lab.programs / "kubectl", "--kubeconfig", self.lab.kubeconfig,
            "--namespace", self.namespace, "exec", self.pod_name, "--", "homeostat", *words]),
            capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def doctor(self):
        status, told, trouble = self.run("doctor")
        return status, told + trouble

    def missing(self):
        """What it may not and should, as doctor says."""
        status, told = self.doctor()
        found = re.search("permissions    missing: (.*) — ", told)
        return found[1] if status == 1 and found else None

    def tell_troubles(self):
        for words in (["describe", "pod", self.pod_name], ["logs", self.pod_name, "--tail=40"]):
            with contextlib.suppress(subprocess.CalledProcessError):
                print(self.lab.kubectl("--namespace", self.namespace, *words), flush=True)
        for one in self.incidents():
            print(f"--- {self.story(one['incident'])}", flush=True)


class ByChart(InCluster):
    """As somebody deploys it who has Helm."""

    pod_name = f"homeostat-{NAME}-0"

    def grant(self, without=None):
        assert without is None, "the chart grants what is needed"

    def deploy(self):
        values = self.directory / "values.yaml"
        values.write_text(json.dumps({
            "deployment": NAME, "service": {"name": NAME, "port": 80, "path": "/"},
            "signals": [{"http": {"path": "/healthz", "every": "250ms", "timeout": "250ms"}}],
            "guard": {"min_healthy": 1, "proof_time": "2s"}, "autonomy": {"rollback": "act"},
            "metrics": {"enabled": True}}))
        done = subprocess.run(self.lab.inside([
            HELM, "--kubeconfig", self.lab.kubeconfig, "install", "guard", CHART,
            "--namespace", self.namespace, "--values", values]), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def guarded(lab, namespace, without=None, deployed=InCluster):
    """A Deployment, its agent in the cluster, and a client."""
    lab.api.post("/api/v1/namespaces", {"metadata": {"name": namespace}})
    shop = Deployment(lab, NAME, namespace)
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    wait_until("the namespace is ready", lambda: lab.api.answers(account), 20)
    shop.apply(V1, replicas=3)
    shop.wait_ready(3)
    agent = deployed(lab, namespace)
    agent.grant(without)
    with agent, Client(lab, *shop.address()) as client:
        agent.wait_proven()
        yield shop, agent, client


def image_of(shop):
    return shop.read()["spec"]["template"]["spec"]["containers"][0]["image"]


def generation_of(shop):
    return shop.read()["metadata"]["generation"]


def uids_of(pods):
    return {pod["metadata"]["uid"] for pod in pods}


def wait_ended(agent, count):
    """Until so many incidents are over; gives their states."""
    def ended():
        states = [one["state"] for one in agent.incidents()]
        return states if len(states) == count and "open" not in states else None
    return wait_until(f"{count} incidents are over", ended, 150)


def a_bad_version_is_rolled_back_from_within_by_a_pod_that_may_little(lab):
    with guarded(lab, "healing") as (shop, agent, client):
        status, told = agent.doctor()
        assert status == 0 and "permissions    all " in told, told
        assert agent.may("patch", "apps", "deployments", NAME, None)
        begun_at = time.monotonic()
        shop.apply(f"{V2}-fail", replicas=3)
        client.wait_bad(20)
        agent.wait_healed()
        client.wait_well(10)
        print(f"    healed in {time.monotonic() - begun_at:.1f} s", flush=True)
        assert image_of(shop) == V1
        assert not [asked for asked in FORBIDDEN if agent.may(*asked)]
        # What the cluster would say of each pod, were only those admitted that meet `restricted`.
        asked = subprocess.run(lab.inside([
            lab.programs / "kubectl", "--kubeconfig", lab.kubeconfig, "label", "--dry-run=server",
            "namespace", agent.namespace, "pod-security.kubernetes.io/enforce=restricted"]),
            check=True, capture_output=True, text=True)
        assert NAME in asked.stderr and "homeostat" not in asked.stderr, asked.stderr


def an_agent_whose_pod_is_deleted_after_its_effect_is_followed_by_one_that_repeats_nothing(lab):
    with guarded(lab, "followed") as (shop, agent, client):
        shop.apply(f"{V2}-fail", replicas=3)
        generation = generation_of(shop)
        wait_until("the version is swapped", lambda: image_of(shop) == V1, 60)
        assert [one["state"] for one in agent.incidents()] == ["open"], agent.incidents()
        agent.delete_pod()
        incident = agent.wait_healed()
        client.wait_well(20)
        assert generation_of(shop) == generation + 1
        swaps = [line for line in agent.story(incident).splitlines()
                 if " intent " in line and "swap_version" in line]
        assert len(swaps) == 1, agent.story(incident)


def without_the_right_to_patch_it_rolls_nothing_back_and_still_evicts(lab):
    with guarded(lab, "no-patch", without=', "patch"') as (shop, agent, client):
        assert agent.missing() == "patch deployments.apps payments", agent.doctor()
        # Whoever applies the Role that is printed loses no right that is there.
        assert "pods/eviction" in agent.doctor()[1], agent.doctor()
        before, ill = uids_of(shop.pods()), shop.ready_pods()[0]
        shop.fault(ill, "hang")
        assert wait_ended(agent, 1) == ["healed"], agent.incidents()
        assert before - uids_of(shop.ready_pods()) == {ill["metadata"]["uid"]}
        shop.apply(f"{V2}-fail", replicas=3)
        generation = generation_of(shop)
        assert wait_ended(agent, 2)[-1] == "escalated", agent.incidents()
        assert generation_of(shop) == generation


EVICTIONS = """- apiGroups: [""]
  resources: ["pods/eviction"]
  verbs: ["create"]
"""


def without_the_right_to_evict_it_evicts_nothing_and_still_rolls_back(lab):
    with guarded(lab, "no-evict", without=EVICTIONS) as (shop, agent, client):
        assert agent.missing() == "create pods/eviction", agent.doctor()
        shop.apply(f"{V2}-fail", replicas=3)
        assert wait_ended(agent, 1) == ["healed"], agent.incidents()
        assert image_of(shop) == V1
        before = uids_of(shop.ready_pods())
        shop.fault(shop.ready_pods()[0], "hang")
        assert wait_ended(agent, 2)[-1] == "escalated", agent.incidents()
        assert uids_of(shop.pods()) == before


def main():
    return run_each([
        a_bad_version_is_rolled_back_from_within_by_a_pod_that_may_little,
        an_agent_whose_pod_is_deleted_after_its_effect_is_followed_by_one_that_repeats_nothing,
        without_the_right_to_patch_it_rolls_nothing_back_and_still_evicts,
        without_the_right_to_evict_it_evicts_nothing_and_still_rolls_back,
    ], LabWithOurImage(ROOT / "build/kubernetes/in-cluster-test"))


if __name__ == "__main__":
    sys.exit(main())
