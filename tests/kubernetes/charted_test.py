#!/usr/bin/env python3
"""What the chart installs, in real pods: it watches as it comes, heals by two roles, and by agents
on nodes and beside pods that have no right at all.

    tests/kubernetes/charted_test.py BIN        as root, where lab/kubernetes/build.sh has built
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab_cases import ROOT, run_each

import in_cluster_test as clusters
from api import PATCHES, Api
from deployment import condition_of, http_get, wait_until
from in_cluster_test import NAME, V1, V2, generation_of, guarded, image_of, uids_of

EXECUTOR, BESIDE = f"homeostat-{NAME}", f"homeostat-{NAME}-beside"
BESIDE_SECRET = f"{NAME}-beside"  # As examples/sidecar calls it.
SIDECAR = "homeostat-beside"
PLACE_OF_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
SERVICE = {"service": {"name": NAME, "port": 80, "path": "/"},
           "signals": [{"http": {"path": "/healthz", "every": "250ms", "timeout": "250ms"}}]}


class Key:
    """Of an agent, as its owner makes it."""

    def __init__(self):
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "homeostat.yaml"
            config.write_text(clusters.CONFIG.format(namespace="shop") +
                              "roles: { key: agent.key, url: http://127.0.0.1:7091 }\n")
            done = subprocess.run([clusters.PROGRAMS / "homeostat", "agent", "--config", config,
                                   "--role", "agent", "--show-key"],
                                  cwd=folder, check=True, capture_output=True, text=True)
            self.public = done.stdout.strip()
            self.private = (Path(folder) / "agent.key").read_bytes()


class ByValues(clusters.ByChart):
    """`values`: beside the Deployment's name and what is asked of its pods."""

    values = {}
    installed_at = None

    def deploy(self):
        self.installed_at = time.monotonic()
        status, trouble = self.helm("install")
        assert status == 0, trouble

    def helm(self, verb, **more):
        """(exit status, trouble); `more`: values that differ."""
        file = self.directory / "values.yaml"
        file.write_text(json.dumps({"deployment": NAME, **SERVICE, **self.values, **more}))
        done = subprocess.run(self.lab.inside([
            clusters.HELM, "--kubeconfig", self.lab.kubeconfig, verb, "guard", clusters.CHART,
            "--namespace", self.namespace, "--values", file]), capture_output=True, text=True)
        return done.returncode, done.stderr

    def put_key(self, name, key):
        self.lab.api.post(f"/api/v1/namespaces/{self.namespace}/secrets", {
            "metadata": {"name": name},
            "data": {"agent.key": base64.b64encode(key.private).decode()}})

    def as_account(self, account):
        """Asks the server with its token, had it one."""
        return Api(self.lab.write_kubeconfig(f"{self.namespace}-{account}",
                                             self.lab.token_of(self.namespace, account)),
                   self.lab.open_socket)


class AsItComes(ByValues):
    """Nothing but what has to be said, and a version that is proven sooner than in ten minutes."""

    values = {"guard": {"min_healthy": 1, "proof_time": "10s"}}


class Patched(ByValues):
    values = {"guard": {"min_healthy": 1, "proof_time": "2s"}}


class ByRoles(ByValues):
    """Whoever judges in a pod of its own, and agents of one `scope` besides."""

    scope = "node"

    def deploy(self):
        whole, beside = Key(), Key()
        self.put_key("agent-key", whole)
        self.put_key(BESIDE_SECRET, beside)
        own = {"keySecret": BESIDE_SECRET} if self.scope == "node" else {"podLabels": {"app": NAME}}
        self.values = {
            "guard": {"min_healthy": 1, "proof_time": "2s"},
            "autonomy": {"rollback": "act", "restart": "act"},
            "roles": {"mode": "split", "agentKeySecret": "agent-key", "agents": [whole.public],
                      "beside": {"scope": self.scope, "key": beside.public, **own}}}
        super().deploy()

    def speaks_whole(self):
        return any(one["scope"] == "the whole" and one["is_speaking"]
                   for one in (self.ask("status") or {}).get("agents", []))

    def speaking(self):
        """Names of the nodes or pods whose agents are heard."""
        return {one["scope"].removeprefix(f"{self.scope} ")
                for one in (self.ask("status") or {}).get("agents", [])
                if one["is_speaking"] and one["scope"].startswith(self.scope)}


class BySidecars(ByRoles):
    """Which the Deployment's owner brings, by examples/sidecar."""

    scope = "pod"

    def bring_sidecars(self, shop):
        place = self.directory / "sidecar"
        shutil.copytree(ROOT / "examples/sidecar", place)
        patch = (place / "sidecar.yaml").read_text()
        assert "$(HOMEOSTAT_DOOR_SERVICE_HOST)" in patch, patch
        # As its page says of a door that the chart makes.
        (place / "sidecar.yaml").write_text(patch.replace(
            "$(HOMEOSTAT_DOOR_SERVICE_HOST)", "$(HOMEOSTAT_PAYMENTS_DOOR_SERVICE_HOST)"))
        spec = shop.read()["spec"]
        own = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME},
               "spec": {key: spec[key] for key in ("selector", "template")}}
        version = subprocess.run([clusters.PROGRAMS / "homeostat", "--version"], check=True,
                                 capture_output=True, text=True).stdout.strip()
        whole = self.directory / "own"
        whole.mkdir()
        (whole / "deployment.yaml").write_text(json.dumps(own))
        (whole / "kustomization.yaml").write_text(json.dumps({
            "namespace": self.namespace, "resources": ["deployment.yaml"],
            "components": ["../sidecar"],
            "images": [{"name": "homeostat", "newName": clusters.IMAGE, "newTag": version}]}))
        self.lab.kubectl("apply", "-k", whole)

    def wait_proven_anew(self, known):
        """A rollout is a change, and what follows it at once is rightly laid to it: until the
        version that it brought has served for as long as `proof_time` says."""
        wait_until("the version with sidecars is proven", lambda: (
            set((self.ask("status") or {}).get("versions_good", [])) > known), 90)
        self.wait_proven()


def what_it_installs_rolls_back_by_an_account_whose_fields_are_bounded(lab):
    with guarded(lab, "charted", deployed=clusters.ByChart) as (shop, agent, client):
        shop.apply(f"{V2}-fail", replicas=3)
        client.wait_bad(20)
        agent.wait_healed()
        client.wait_well(10)
        assert image_of(shop) == V1
        assert not agent.may("create", "", "pods/eviction", "", None)
        # The field policy was in force while it rolled back: the same account, another field.
        assert agent.may("patch", "apps", "deployments", NAME, None)
        account = agent.pod()["spec"]["serviceAccountName"]
        as_agent = Api(lab.write_kubeconfig("agent", lab.token_of(agent.namespace, account)),
                       lab.open_socket)
        status, answer = as_agent.request("PATCH", shop.path, {"spec": {"replicas": 0}},
                                          PATCHES["merge"])
        assert status == 422, answer
        assert "the template and paused, and nothing else" in answer["message"], answer
        wait_until("the kubelet finds it well", lambda: condition_of(agent.pod(), "Ready"), 30)
        status, page = http_get(lab.open_socket, agent.pod()["status"]["podIP"], 9464, "/metrics",
                                2)
        assert status == 200 and "homeostat_remedies_total" in page, page


def as_it_comes_it_changes_nothing_and_says_within_minutes_what_it_would_have_done(lab):
    with guarded(lab, "watching", deployed=AsItComes) as (shop, agent, client):
        proven_s = time.monotonic() - agent.installed_at
        shop.apply(f"{V2}-fail", replicas=3)
        generation = generation_of(shop)
        client.wait_bad(20)

        def told():
            stories = [agent.story(one["incident"]) for one in agent.incidents()]
            return next((story for story in stories if f"rollback {NAME}" in story), None)
        story = wait_until("it says what it would have done", told, 60)
        since_s = time.monotonic() - agent.installed_at
        print(f"    from helm install to a proven version {proven_s:.0f} s, to the first report "
              f"{since_s:.0f} s", flush=True)
        assert since_s < 300, "minutes, as deploy/README.md says"
        assert " intent " not in story, story
        assert image_of(shop) == f"{V2}-fail" and generation_of(shop) == generation
        assert not agent.may("patch", "apps", "deployments", NAME, None)


def an_upgrade_to_what_the_program_would_not_take_leaves_the_agent_that_runs(lab):
    with guarded(lab, "refused", deployed=Patched) as (shop, agent, client):
        uid = agent.pod()["metadata"]["uid"]
        late = [{"http": {"path": "/healthz", "every": "250ms", "timeout": "1s"}}]
        status, trouble = agent.helm("upgrade", signals=late)
        assert status != 0 and "pre-upgrade hooks failed" in trouble, trouble
        said = lab.kubectl("--namespace", agent.namespace, "logs", f"job/{EXECUTOR}-validate")
        assert "timeout: 1s is longer than every (250ms)" in said, said
        assert agent.pod()["metadata"]["uid"] == uid and agent.ask("status")["is_ready"]
        status, trouble = agent.helm("upgrade", guard={"min_healthy": 2, "proof_time": "2s"})
        assert status == 0, trouble

        def is_followed():
            pod = agent.pod()
            return pod and pod["metadata"]["uid"] != uid and condition_of(pod, "Ready")
        wait_until("the agent's pod is followed by another", is_followed, 60)


def an_agent_on_each_node_and_one_of_the_whole_judge_and_the_executor_alone_acts(lab):
    with guarded(lab, "on-nodes", deployed=ByRoles) as (shop, agent, client):
        nodes = {pod["spec"]["nodeName"] for pod in shop.ready_pods()}
        wait_until("each node's agent speaks", lambda: agent.speaking() >= nodes, 90)
        beside = [pod for pod in lab.api.get(f"/api/v1/namespaces/{agent.namespace}/pods")["items"]
                  if pod["metadata"]["name"].startswith(BESIDE)]
        assert {pod["spec"]["nodeName"] for pod in beside} == set(lab.node_names()), beside
        for pod in beside:
            mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"]]
            assert PLACE_OF_TOKENS not in mounts, mounts
        before, ill = uids_of(shop.pods()), shop.ready_pods()[0]
        shop.fault(ill, "hang")
        agent.wait_healed()
        assert before - uids_of(shop.ready_pods()) == {ill["metadata"]["uid"]}
        # Whoever judges may change nothing, whoever is on a node may not even look.
        for account, verb, expected in ((f"{EXECUTOR}-agent", "PATCH", 403),
                                        (BESIDE, "GET", 403), (BESIDE, "PATCH", 403)):
            body = {"metadata": {"annotations": {"homeostat.dev/effect": "x"}}}
            status, _ = agent.as_account(account).request(
                verb, shop.path, body if verb == "PATCH" else None, PATCHES["merge"])
            assert status == expected, (account, verb, status)


def what_a_sidecar_alone_tells_of_its_pod_is_healed(lab):
    with guarded(lab, "beside", deployed=BySidecars) as (shop, agent, client):
        known = set(agent.ask("status")["versions_good"])
        agent.bring_sidecars(shop)
        shop.wait_ready(3)
        agent.wait_proven_anew(known)
        pods = shop.ready_pods()
        for pod in pods:
            sidecar, = pod["spec"]["initContainers"]
            mounts = [mount["mountPath"] for mount in sidecar["volumeMounts"]]
            assert sidecar["name"] == SIDECAR and PLACE_OF_TOKENS not in mounts, sidecar
        wait_until("each pod's sidecar speaks", lambda: agent.speaking() == {
            pod["metadata"]["name"] for pod in pods}, 90)
        assert agent.incidents() == [], agent.incidents()
        # Nobody else is left who could tell of it.
        lab.api.patch(f"{shop.group}/deployments/{EXECUTOR}-agent", {"spec": {"replicas": 0}})
        wait_until("the agent of the whole has gone", lambda: not agent.speaks_whole(), 90)
        before, ill = uids_of(shop.pods()), pods[0]
        generation = generation_of(shop)
        shop.fault(ill, "hang")
        incident = agent.wait_healed()
        client.wait_well(30)
        assert before - uids_of(shop.ready_pods()) == {ill["metadata"]["uid"]}
        assert generation_of(shop) == generation, agent.story(incident)
        wait_until("its successor's sidecar speaks", lambda: agent.speaking() == {
            pod["metadata"]["name"] for pod in shop.ready_pods()}, 90)
        assert ill["metadata"]["name"] not in agent.speaking()


def main():
    built = subprocess.run([ROOT / "deploy/helm/tool/build.sh"], capture_output=True, text=True)
    if built.returncode == 77:
        print(f"SKIPPED: what the chart installs: {built.stderr.strip()}", flush=True)
        return 77
    assert built.returncode == 0, built.stderr
    return run_each([
        what_it_installs_rolls_back_by_an_account_whose_fields_are_bounded,
        as_it_comes_it_changes_nothing_and_says_within_minutes_what_it_would_have_done,
        an_upgrade_to_what_the_program_would_not_take_leaves_the_agent_that_runs,
        an_agent_on_each_node_and_one_of_the_whole_judge_and_the_executor_alone_acts,
        what_a_sidecar_alone_tells_of_its_pod_is_healed,
    ], clusters.LabWithOurImage(ROOT / "build/kubernetes/charted-test"))


if __name__ == "__main__":
    sys.exit(main())
