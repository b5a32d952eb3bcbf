#!/usr/bin/env python3
"""What is to be applied to a cluster is what the program asks for. Needs no cluster.

    tests/kubernetes/manifests_test.py BIN
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/kubernetes"
BASE = ROOT / "deploy/kustomize/base"
SIDECAR = ROOT / "examples/sidecar"
PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"


def printed(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def the_example_may_do_exactly_what_its_configuration_needs():
    wanted = printed("rbac", "--config", EXAMPLE / "homeostat.yaml")
    assert (EXAMPLE / "rbac.yaml").read_text() == wanted, (
        "homeostat rbac -c examples/kubernetes/homeostat.yaml > examples/kubernetes/rbac.yaml")


def the_example_changes_no_other_fields_than_a_rollback_does():
    wanted = printed("rbac", "--policy", "--config", EXAMPLE / "homeostat.yaml")
    assert (EXAMPLE / "policy.yaml").read_text() == wanted, (
        "homeostat rbac --policy -c examples/kubernetes/homeostat.yaml > "
        "examples/kubernetes/policy.yaml")


def the_example_does_nothing_before_somebody_says_so():
    rights = printed("rbac", "--config", EXAMPLE / "homeostat.yaml")
    for verb in ("create", "update", "patch", "delete", "*"):
        assert f'"{verb}"' not in rights, rights


def the_kind_of_incidents_is_the_same_in_the_manifests_and_in_the_chart():
    kind = (ROOT / "deploy/kustomize/crd/incidents.yaml").read_text()
    assert (ROOT / "deploy/helm/homeostat/crds/incidents.yaml").read_text() == kind, (
        "cp deploy/kustomize/crd/incidents.yaml deploy/helm/homeostat/crds/")


def every_text_of_an_incident_has_a_bound_and_unknown_fields_are_dropped():
    kind = (ROOT / "deploy/kustomize/crd/incidents.yaml").read_text()
    unbounded = [line for line in kind.splitlines() if "type: string" in line
                 and "jsonPath" not in line
                 and not any(bound in line for bound in ("maxLength", "format:", "enum:"))]
    assert not unbounded, unbounded
    assert "preserve-unknown-fields" not in kind


def the_image_that_is_named_is_of_this_version():
    tag = f"newTag: {printed('--version').strip()}\n"
    assert tag in (BASE / "kustomization.yaml").read_text(), tag


def started_sidecar(folder, *words):
    """As the kubelet starts it, in a directory of its own."""
    shutil.copy(SIDECAR / "homeostat.yaml", folder)
    return subprocess.Popen(
        [PROGRAM, "agent", "--config", "homeostat.yaml", "--role", "agent", *words], cwd=folder,
        stderr=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "HOMEOSTAT_POD": "payments-7d9f8c6b5d-x2x4q"})


def a_sidecar_without_its_executors_service_goes_on_and_leaves_its_pod_alone():
    """What a cluster makes of `$(…)` then is nothing; and who ends takes the pod with it."""
    text = (SIDECAR / "sidecar.yaml").read_text()
    executor = "http://$(HOMEOSTAT_DOOR_SERVICE_HOST):7091"
    assert f"- {executor}\n" in text and "Probe:" not in text, text
    with tempfile.TemporaryDirectory() as folder:
        agent = started_sidecar(folder, "--executor", executor)
        try:
            # Each line comes when it is written; of one that has ended none does.
            told = next((line for line in agent.stderr if "no such Service was there" in line), "")
            assert "http://127.0.0.1:7091" in told, (told, agent.poll())
            listening = next((line for line in agent.stderr if "guarding" in line), "")
            assert listening, agent.poll()
            while agent.poll() is None:
                asked = subprocess.run([PROGRAM, "status", "--role", "agent", "--json"],
                                       cwd=folder, capture_output=True, text=True)
                if asked.returncode == 0:
                    break
            assert agent.poll() is None and "payments" in asked.stdout, asked
        finally:
            agent.kill()
            agent.communicate()


def main():
    for test in (the_example_may_do_exactly_what_its_configuration_needs,
                 the_example_changes_no_other_fields_than_a_rollback_does,
                 the_example_does_nothing_before_somebody_says_so,
                 the_kind_of_incidents_is_the_same_in_the_manifests_and_in_the_chart,
                 every_text_of_an_incident_has_a_bound_and_unknown_fields_are_dropped,
                 the_image_that_is_named_is_of_this_version,
                 a_sidecar_without_its_executors_service_goes_on_and_leaves_its_pod_alone):
        print(test.__name__.replace("_", " "), flush=True)
        test()
    print("ok")


if __name__ == "__main__":
    main()
