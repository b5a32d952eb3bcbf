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
MONITORED = ("metrics.enabled=true", "metrics.serviceMonitor.enabled=true",
             "metrics.alerts.enabled=true", "metrics.dashboard.enabled=true")
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


def printed_of(configuration, *words):
    """By `homeostat rbac`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "homeostat.yaml"
        file.write_text(configuration)
        done = subprocess.run([PROGRAM, "rbac", "--config", file, *words], capture_output=True,
                              text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules_that_are_needed(configuration):
    return rules_in(printed_of(configuration))


def it_may_exactly_what_its_remedies_need_whichever_may_act():
    levels = ("watch", "recommend", "ask", "act")
    for restart, rolling, rollback in itertools.product(("recommend", "act"), ("watch", "ask"),
                                                        levels):
        for service in ((), SERVICE):
            text = manifests(f"autonomy.restart={restart}", f"autonomy.rolling_restart={rolling}",
                             f"autonomy.rollback={rollback}", *service)
            configuration = configuration_in(text)
            assert rules_in(text) == rules_that_are_needed(configuration), configuration


def fields_it_may_change_are_those_that_the_program_names():
    def policies(text):
        """Without their labels, which the chart adds."""
        return [re.sub(r"\n  labels:\n(    .*\n)+", "\n", part.split("---\n")[-1]).strip()
                for part in re.split(r"# Source: .*\n|---\n", text)
                if "\nkind: ValidatingAdmissionPolicy" in part]
    wanted = policies("\n" + printed_of(configuration_in(manifests()), "--policy", "--account",
                                       "homeostat-payments"))
    assert len(wanted) == 2 and sorted(policies(manifests())) == sorted(wanted), wanted
    assert not policies(manifests("fieldPolicy.enabled=false"))


def the_numbers_are_served_where_somebody_says_so_and_nowhere_else():
    kinds = ("kind: Service\n", "kind: ServiceMonitor", "kind: PrometheusRule", "ingress:",
             "readinessProbe:", "grafana_dashboard", "listen:")
    nothing = manifests()
    assert not [kind for kind in kinds if kind in nothing]
    text = manifests(*MONITORED)
    assert not [kind for kind in kinds if kind not in text]
    configuration = configuration_in(text)
    assert "metrics:\n  listen: 0.0.0.0:9464\n" in configuration, configuration
    printed_of(configuration)  # It is one that the program takes.
    # As promtool has tried them (tests/deploy/monitoring_test.py), and their `{{ }}` are theirs.
    for name, indent in (("alerts.yaml", "  "), ("dashboard.json", "    ")):
        lines = (CHART / "files" / name).read_text().rstrip().splitlines()
        assert "\n".join(f"{indent}{line}" if line else indent for line in lines) in text.replace(
            "\n\n", f"\n{indent}\n"), name


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
                  "service.name=payments", "config.runtime=x", "image.repo=x", "anything=1",
                  "metrics.serviceMonitor.enabled=true", "metrics.port=80", "config.metrics=x",
                  "fieldPolicy.enabled=perhaps"):
        status, _, trouble = rendered(value)
        assert status != 0 and "schema" in trouble, f"{value}: {trouble}"


def helm_finds_nothing_to_complain_of():
    for values in ((), MONITORED):
        done = subprocess.run([HELM, "lint", "--strict", CHART, "--set",
                               ",".join(("deployment=payments", *values))],
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
                 fields_it_may_change_are_those_that_the_program_names,
                 the_numbers_are_served_where_somebody_says_so_and_nowhere_else,
                 it_does_nothing_before_somebody_says_so,
                 what_is_not_set_is_as_in_the_manifests_of_kustomize,
                 values_that_mean_nothing_are_refused, helm_finds_nothing_to_complain_of,
                 the_chart_is_of_this_version):
        print(test.__name__.replace("_", " "), flush=True)
        test()
    print("ok")


if __name__ == "__main__":
    main()
