#!/usr/bin/env python3
"""What deploy/kustomize/README.md puts on the base fits it, and its configuration is one that the
program takes. Needs no cluster, and kubectl for what it renders.

    tests/kubernetes/kustomize_test.py BIN
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "deploy/kustomize/base"
PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
PATCHES, OWN, SERVICE = re.findall(
    r"```yaml\n(.*?)```", (BASE.parent / "README.md").read_text(), re.DOTALL)
SKIPPED = 77


def the_configuration_is_one():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "homeostat.yaml"
        file.write_text((ROOT / "examples/kubernetes/homeostat.yaml").read_text() + OWN)
        done = subprocess.run([PROGRAM, "validate", "--config", file], capture_output=True,
                              text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def rendered():
    """By kind."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        shutil.copytree(BASE, here / "base")
        (here / "service.yaml").write_text(SERVICE)
        (here / "kustomization.yaml").write_text(f"resources: [base, service.yaml]\n{PATCHES}")
        done = subprocess.run(["kubectl", "kustomize", here], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {re.search(r"^kind: (.*)$", part, re.MULTILINE)[1]: part
            for part in done.stdout.split("---\n")}


def what_the_configuration_names_is_in_the_pod():
    pod = rendered()["StatefulSet"]
    named = set(re.findall(r"secrets/(\w+)/", OWN))
    assert named, OWN
    for name in named:
        assert f"mountPath: /homeostat/secrets/{name}\n" in pod, pod
        assert re.search(rf"defaultMode: {0o440}\n +secretName: {name}\n", pod), pod
    variable = re.search(r"url_env: (\w+)", OWN)[1]
    assert f"- name: {variable}\n" in pod, pod


def the_page_is_reached_and_so_are_the_sink_and_name_servers():
    port = re.search(r"listen: .*:(\d+)", OWN)[1]
    objects = rendered()
    for kind in ("StatefulSet", "NetworkPolicy", "Service"):
        assert len(re.findall(rf"[pP]ort: {port}\n", objects[kind])) == 1, objects[kind]
    policy = objects["NetworkPolicy"]
    for reached in ("5432", "53", "443"):
        assert f"port: {reached}\n" in policy, policy
    assert policy.count("protocol: UDP\n") == 1, policy


def main():
    the_configuration_is_one()
    if not shutil.which("kubectl"):
        print("SKIPPED: there is no kubectl, which renders the patches")
        return SKIPPED
    for test in (what_the_configuration_names_is_in_the_pod,
                 the_page_is_reached_and_so_are_the_sink_and_name_servers):
        print(test.__name__.replace("_", " "), flush=True)
        test()
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
