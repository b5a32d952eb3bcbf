#!/usr/bin/env python3
"""The chart asks for what the program asks for, whatever may act, and refuses what means nothing.

    tests/kubernetes/helm_test.py BIN        builds Helm from its Go module, once
"""

import itertools
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/homeostat"
HELM = ROOT / "build/helm/helm"
PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
SERVICE = ("service.name=payments-web", "service.port=80", "service.path=/health")


def rendered(*values):
    """(exit status, manifests, trouble)"""
    words = [word for value in ("deployment=payments", *values) for word in ("--set", value)]
    done = subprocess.run([HELM, "template", "guard", CHART, "--namespace", "shop", *words],
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def manifests(*values):
    status, text, trouble = rendered(*values)
    assert status == 0, trouble
    return text


def configuration_in(text):
    block = re.search(r"^  homeostat\.yaml: \|\n((?:    .*\n)+)", text, re.MULTILINE)[1]
    return re.sub("^    ", "", block, flags=re.MULTILINE)


def rules_in(text):
    role = next(part for part in text.split("---\n") if "\nkind: Role\n" in part)
    return role.split("\nrules:\n")[1].strip()


def rules_that_are_needed(configuration):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "homeostat.yaml"
        file.write_text(configuration)
        done = subprocess.run([PROGRAM, "rbac", "--config", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return rules_in(done.stdout)


def it_may_exactly_what_its_remedies_need_whichever_may_act():
    levels = ("watch", "recommend", "ask", "act")
    for restart, rolling, rollback in itertools.product(("recommend", "act"), ("watch", "ask"),
                                                        levels):
        for service in ((), SERVICE):
            text = manifests(f"autonomy.restart={restart}", f"autonomy.rolling_restart={rolling}",
                             f"autonomy.rollback={rollback}", *service)
            configuration = configuration_in(text)
            assert rules_in(text) == rules_that_are_needed(configuration), configuration


def it_does_nothing_before_somebody_says_so():
    for verb in ("create", "update", "patch", "delete", "*"):
        assert f'"{verb}"' not in rules_in(manifests())


def what_is_not_set_is_as_in_the_manifests_of_kustomize():
    """The pod, but for the names: comments and lines that a template writes are left out."""
    def lines(text):
        found = [line.split("#")[0].strip() for line in text.splitlines()]
        pod = found[found.index("securityContext:"):found.index("volumes:")]
        return [line for line in pod if line and not line.startswith(("image", "cpu:", "memory:",
                                                                      "requests:", "limits:"))]
    chart = next(part for part in manifests().split("---\n") if "kind: StatefulSet" in part)
    base = (ROOT / "deploy/kustomize/base/statefulset.yaml").read_text()
    assert lines(chart) == lines(base)


def values_that_mean_nothing_are_refused():
    for value in ("deployment=", "autonomy.rollback=always", "autonomy.restrat=act", "slots=0",
                  "service.name=payments", "config.runtime=x", "image.repo=x", "anything=1"):
        status, _, trouble = rendered(value)
        assert status != 0 and "schema" in trouble, f"{value}: {trouble}"


def helm_finds_nothing_to_complain_of():
    done = subprocess.run([HELM, "lint", "--strict", CHART, "--set", "deployment=payments"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def the_chart_is_of_this_version():
    version = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True,
                             text=True).stdout.strip()
    assert f"\nappVersion: {version}\n" in (CHART / "Chart.yaml").read_text()


def main():
    built = subprocess.run([ROOT / "deploy/helm/tool/build.sh"], capture_output=True, text=True)
    if built.returncode == 77:
        print(f"SKIPPED: {built.stderr.strip()}")
        return
    assert built.returncode == 0, built.stderr
    for test in (it_may_exactly_what_its_remedies_need_whichever_may_act,
                 it_does_nothing_before_somebody_says_so,
                 what_is_not_set_is_as_in_the_manifests_of_kustomize,
                 values_that_mean_nothing_are_refused, helm_finds_nothing_to_complain_of,
                 the_chart_is_of_this_version):
        print(test.__name__.replace("_", " "), flush=True)
        test()
    print("ok")


if __name__ == "__main__":
    main()
