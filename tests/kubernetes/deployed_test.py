#!/usr/bin/env python3
"""A real API server takes all that the chart and the base make, and a real controller corrects an
agent that never got ready.

    tests/kubernetes/deployed_test.py      where lab/kubernetes/build.sh has built its programs
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import ROOT, run_each

from api import ApiError
from deployment import wait_until
from quick_lab import QuickLab

HELM, CHART = ROOT / "build/helm/helm", ROOT / "deploy/helm/homeostat"
BASE = ROOT / "deploy/kustomize"
README = (ROOT / "deploy/README.md").read_text()
# The kinds of a Prometheus operator are not there; that of incidents is not asked for.
EVERYTHING = """
events: true
switch: homeostat-stop
lease: homeostat-payments
changes: { enabled: true, tokenSecret: changes }
metrics: { enabled: true, dashboard: { enabled: true } }
claims: [{ name: wall }]
roles: { mode: split, agentKeySecret: agent, agents: [%s] }
networkPolicy: { dnsTo: [{ namespaceSelector: {} }] }
""" % ("a" * 64)
SEVERAL = """
deployments:
- { deployment: cart, console: { url: "https://homeostat.example/cart", port: 7444 } }
- { deployment: fees, console: { url: "https://homeostat.example/fees", port: 7445 } }
"""


def values_of_the_readme():
    return re.search(r"```yaml\n(# people\.yaml.*?)```", README, re.DOTALL)[1]


def rendered(namespace, *files, settings=()):
    with tempfile.TemporaryDirectory() as folder:
        words = []
        for index, text in enumerate(files):
            file = Path(folder, f"{index}.yaml")
            file.write_text(text)
            words += ["--values", file]
        for value in ("deployment=payments", *settings):
            words += ["--set", value]
        return subprocess.run([HELM, "template", "guard", CHART, "--namespace", namespace, *words],
                              check=True, capture_output=True, text=True).stdout


def applied(lab, namespace, text):
    if not lab.api.answers(f"/api/v1/namespaces/{namespace}"):
        lab.api.post("/api/v1/namespaces", {"metadata": {"name": namespace}})
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        # Unknown fields are errors here, as a word that is written wrongly would be one.
        lab.kubectl("apply", "--namespace", namespace, "--validate=strict", "--filename", file.name)


def pod_of(lab, namespace, name):
    """None: there is none now."""
    try:
        return lab.api.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
    except ApiError:
        return None


def all_that_the_chart_makes_is_taken(lab):
    for namespace, files in (("plain", ()), ("people", (values_of_the_readme(),)),
                             ("everything", (values_of_the_readme(), EVERYTHING)),
                             ("several", (values_of_the_readme(), SEVERAL))):
        applied(lab, namespace, rendered(namespace, *files))
    ports = {port["targetPort"] for name in ("payments", "payments-cart", "payments-fees")
             for port in lab.api.get("/api/v1/namespaces/several/services/"
                                     f"homeostat-{name}-console")["spec"]["ports"]}
    wait_until("the pod is made", lambda: pod_of(lab, "several", "homeostat-payments-0"), 60)
    pod = pod_of(lab, "several", "homeostat-payments-0")
    # Each Service leads to a port that the pod has.
    assert ports == {one["name"] for one in pod["spec"]["containers"][0]["ports"]}, (ports, pod)


def what_the_readme_of_the_base_adds_is_taken(lab):
    patches, _, service = re.findall(r"```yaml\n(.*?)```", (BASE / "README.md").read_text(),
                                     re.DOTALL)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        subprocess.run(["cp", "--recursive", BASE / "base", here / "base"], check=True)
        (here / "service.yaml").write_text(service)
        (here / "kustomization.yaml").write_text(
            f"namespace: based\nresources: [base, service.yaml]\n{patches}")
        applied(lab, "based", lab.kubectl("kustomize", here))


def a_correction_reaches_an_agent_that_never_got_ready(lab):
    """Its image is in no registry and its volume is not there: as at a first try."""
    namespace, name = "corrected", "homeostat-payments-0"

    def image():
        pod = pod_of(lab, namespace, name)
        return pod and pod["spec"]["containers"][0]["image"]

    applied(lab, namespace, rendered(namespace, settings=("image.repository=nowhere/homeostat",)))
    wait_until("the first one is made", lambda: image() == "nowhere/homeostat:0.1.0", 60)
    first = pod_of(lab, namespace, name)
    assert not [one for one in first["status"].get("conditions", []) if one["type"] == "Ready"
                and one["status"] == "True"], first["status"]
    applied(lab, namespace, rendered(namespace, settings=("image.repository=right/homeostat",)))
    wait_until("its successor has the right one",
               lambda: image() == "right/homeostat:0.1.0", 60)
    pods = lab.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert [one["metadata"]["name"] for one in pods] == [name], pods
    assert pods[0]["metadata"]["uid"] != first["metadata"]["uid"]


def main():
    built = subprocess.run([ROOT / "deploy/helm/tool/build.sh"], capture_output=True, text=True)
    if built.returncode == 77:
        print(f"SKIPPED: {built.stderr.strip()}")
        return 77
    assert built.returncode == 0, built.stderr
    with tempfile.TemporaryDirectory(prefix="deployed-") as folder:
        return run_each([
            all_that_the_chart_makes_is_taken,
            what_the_readme_of_the_base_adds_is_taken,
            a_correction_reaches_an_agent_that_never_got_ready,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
