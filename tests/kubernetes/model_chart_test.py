#!/usr/bin/env python3
"""A model in the pod or on the node: what the charts ask for, and that a cluster which admits only
`restricted` pods takes it. Pods are played: model_in_cluster_test.py asks real ones.

    tests/kubernetes/model_chart_test.py BIN   builds Helm; where lab/kubernetes/build.sh has built
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import ROOT, run_each

import helm_test as charts
from deployment import wait_until
from quick_lab import QuickLab

MODEL_CHART = ROOT / "deploy/helm/homeostat-model"
POD = ("model.mode=pod",)
NODE = ("model.mode=node", "model.node.address=10.96.0.77", "model.node.tokenSecret=model-token")
SPLIT = ("roles.mode=split", "roles.agentKeySecret=agent", f"roles.agents={{{'a' * 64}}}")
SERVED = ("tokenSecret=tokens", "agents={shop,billing}")
NO_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
SECURITY = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]}}


def template(*values):
    """Of the model's own chart: (exit status, manifests, trouble)"""
    words = [word for value in values for word in ("--set", value)]
    done = subprocess.run([charts.HELM, "template", "model", MODEL_CHART, "--namespace", "models",
                           *words], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def part_of(text, kind, name=None):
    found = [one for one in text.split("---\n") if f"\nkind: {kind}\n" in one
             and (name is None or f"\n  name: {name}\n" in one)]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def who_asks_for_no_model_gets_none(_):
    text = charts.manifests()
    assert "model" not in charts.configuration_in(text)
    assert "oracle: rules\n" in charts.configuration_in(text)
    for word in ("homeostat-model", "no-token", "model-token"):
        assert word not in text, word


def the_pod_that_judges_has_the_model_and_no_other(_):
    for roles, with_it, without in (((), "StatefulSet", None),
                                    (SPLIT, "Deployment", "StatefulSet")):
        for mode, words in ((POD, ("name: no-token", "- name: model\n", "--group-socket")),
                            (NODE, ("name: model-token", "/homeostat/secrets/model",
                                    "defaultMode: 0440"))):
            text = charts.manifests(*roles, *mode)
            for word in words:
                assert word in part_of(text, with_it), (roles, mode, word)
                assert without is None or word not in part_of(text, without), (roles, mode, word)


def the_configuration_that_is_written_is_one_that_the_program_takes(_):
    for mode, lines in ((POD, ("url: unix:/homeostat/model/model.sock\n",)),
                        (NODE, ("url: http://10.96.0.77:8080\n",
                                "token_file: /homeostat/secrets/model/token\n"))):
        configuration = charts.configuration_in(charts.manifests(*mode, "model.deadline=250ms"))
        charts.printed_of(configuration)
        for line in (*lines, "deadline: 250ms\n", "oracle: both\n"):
            assert line in configuration, configuration
    own = charts.configuration_in(charts.manifests(*POD, "config.oracle=model"))
    assert "oracle: model\n" in own, own


def the_agent_may_reach_the_servers_of_that_namespace_and_only_where_it_asks_them(_):
    for roles in ((), SPLIT):
        name = "homeostat-payments-agent" if roles else "homeostat-payments"
        policy = part_of(charts.manifests(*roles, *NODE), "NetworkPolicy", name)
        assert "kubernetes.io/metadata.name: homeostat-model\n" in policy, policy
        assert "app.kubernetes.io/name: homeostat-model\n" in policy and "port: 8080\n" in policy
        if roles:
            executor = part_of(charts.manifests(*roles, *NODE), "NetworkPolicy",
                               "homeostat-payments")
            assert "homeostat-model" not in executor, executor
        assert "homeostat-model" not in part_of(charts.manifests(*roles, *POD), "NetworkPolicy",
                                                name)


def what_a_server_of_a_node_asks_for_is_little(_):
    status, text, trouble = template(*SERVED)
    assert status == 0, trouble
    server = part_of(text, "DaemonSet")
    for word in ("automountServiceAccountToken: false", "cpu: 1m\n", "runAsNonRoot: true",
                 "type: RuntimeDefault", "readOnlyRootFilesystem: true", "drop: [ALL]",
                 "--api-key-file", "defaultMode: 0440"):
        assert word in server, word
    for word in ("hostPath", "hostNetwork", "hostPort", "hostPID", "privileged"):
        assert word not in text, word
    assert "internalTrafficPolicy: Local\n" in part_of(text, "Service")
    assert "kind: Role" not in text and "kind: ClusterRole" not in text
    policy = part_of(text, "NetworkPolicy")
    assert "policyTypes: [Ingress, Egress]" in policy and "egress:" not in policy, policy
    assert re.findall(r"metadata\.name: (\S+)", policy) == ["shop", "billing"], policy
    # No limit of processor time: throttled it would be too late on a node that has nothing to do.
    assert "cpu:" not in server.split("limits:")[1].split("requests:")[0], server


def values_that_mean_nothing_are_refused(_):
    for values in (("model.mode=both",), ("model.mode=node",), NODE[:2], (NODE[0], NODE[2]),
                   (*POD, NODE[1]), NODE[1:], (*NODE, "model.node.address=homeostat-model"),
                   (*POD, "config.model.url=http://127.0.0.1:1"), ("model.deadline=soon",),
                   ("model.node.port=80",), ("model.image.repo=x",), ("model.file=x",)):
        status, _, trouble = charts.rendered(*values)
        assert status != 0 and "schema" in trouble, f"{values}: {trouble}"
    for values in ((), SERVED[:1], SERVED[1:], (SERVED[0], "agents={}"), (*SERVED, "anything=1"),
                   (SERVED[0], "agents={Shop}"), (*SERVED, "service.port=80"),
                   (*SERVED, "service.clusterIP=model")):
        status, _, trouble = template(*values)
        assert status != 0 and "schema" in trouble, f"{values}: {trouble}"


def both_charts_are_sound_and_of_this_version(_):
    for chart, values in ((MODEL_CHART, SERVED), (charts.CHART, ("deployment=payments", *POD)),
                          (charts.CHART, ("deployment=payments", *NODE))):
        words = [word for value in values for word in ("--set", value)]
        done = subprocess.run([charts.HELM, "lint", "--strict", chart, *words],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    own = (MODEL_CHART / "Chart.yaml").read_text()
    assert own.split("\nversion:")[1] == (charts.CHART / "Chart.yaml").read_text().split(
        "\nversion:")[1]


# --- in a cluster --------------------------------------------------------------------------------
def strict_namespace(lab, name):
    lab.api.post("/api/v1/namespaces", {"metadata": {"name": name, "labels": {
        "pod-security.kubernetes.io/enforce": "restricted"}}})
    wait_until("the namespace is ready",
               lambda: lab.api.answers(f"/api/v1/namespaces/{name}/serviceaccounts/default"), 20)


def install(lab, chart, namespace, values):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        done = subprocess.run([charts.HELM, "--kubeconfig", lab.kubeconfig, "install", "one",
                               chart, "--namespace", namespace, "--values", file.name],
                              capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def pods_of(lab, namespace, count):
    """Once there are so many. What `restricted` forbids is never made."""
    def found():
        _, answer = lab.api.request("GET", f"/api/v1/namespaces/{namespace}/pods")
        return answer["items"] if len(answer["items"]) == count else None
    return wait_until(f"there are {count} pods in {namespace}", found, 30)


def container_of(pod, name):
    return next(one for one in pod["spec"]["containers"] if one["name"] == name)


def a_strict_cluster_takes_a_server_on_each_node_behind_a_service_of_that_node(lab):
    strict_namespace(lab, "models")
    install(lab, MODEL_CHART, "models", {"tokenSecret": "tokens", "agents": ["shop"]})
    pods = pods_of(lab, "models", lab.nodes_count)
    assert len({pod["spec"].get("nodeName") or pod["metadata"]["name"] for pod in pods}) == 3
    for pod in pods:
        model = container_of(pod, "model")
        assert model["securityContext"] == SECURITY, model["securityContext"]
        assert model["resources"]["requests"]["cpu"] == "1m", model["resources"]
        assert [one["mountPath"] for one in model["volumeMounts"]] == ["/homeostat/secrets/model"]
    service = lab.api.request("GET", "/api/v1/namespaces/models/services/homeostat-model")[1]
    assert service["spec"]["internalTrafficPolicy"] == "Local", service["spec"]


def a_strict_cluster_takes_a_model_beside_the_agent_and_gives_it_no_token(lab):
    values = {"deployment": "payments", "persistence": {"enabled": False}}
    for namespace, model in (("shop", {"mode": "pod"}),
                             ("billing", {"mode": "node", "node": {
                                 "address": "10.96.0.77", "tokenSecret": "model-token"}})):
        strict_namespace(lab, namespace)
        install(lab, charts.CHART, namespace, {**values, "model": model})
        pod, = pods_of(lab, namespace, 1)
        agent = container_of(pod, "agent")
        assert NO_TOKEN in [one["mountPath"] for one in agent["volumeMounts"]], agent
        if model["mode"] == "node":
            continue
        server = container_of(pod, "model")
        assert server["securityContext"] == {**SECURITY, "runAsNonRoot": True, "runAsUser": 65531,
                                             "runAsGroup": 65531}, server["securityContext"]
        mounts = {one["mountPath"]: one["name"] for one in server["volumeMounts"]}
        assert mounts == {"/homeostat/model": "model", NO_TOKEN: "no-token"}, mounts
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        assert "emptyDir" in volumes["no-token"], volumes["no-token"]


def main():
    built = subprocess.run([ROOT / "deploy/helm/tool/build.sh"], capture_output=True, text=True)
    if built.returncode == 77:
        print(f"SKIPPED: {built.stderr.strip()}")
        return 77
    assert built.returncode == 0, built.stderr
    for test in (who_asks_for_no_model_gets_none, the_pod_that_judges_has_the_model_and_no_other,
                 the_configuration_that_is_written_is_one_that_the_program_takes,
                 the_agent_may_reach_the_servers_of_that_namespace_and_only_where_it_asks_them,
                 what_a_server_of_a_node_asks_for_is_little,
                 values_that_mean_nothing_are_refused, both_charts_are_sound_and_of_this_version):
        print(test.__name__.replace("_", " "), flush=True)
        test(None)
    return run_each([
        a_strict_cluster_takes_a_server_on_each_node_behind_a_service_of_that_node,
        a_strict_cluster_takes_a_model_beside_the_agent_and_gives_it_no_token,
    ], QuickLab(ROOT / "build/kubernetes/model-chart-test"))


if __name__ == "__main__":
    sys.exit(main())
