#!/usr/bin/env python3
"""What `homeostat init` writes for a Deployment that runs is a configuration that an agent takes.

    tests/kubernetes/init_test.py BIN        where lab/kubernetes/build.sh has built its programs
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

from deployment import Deployment, wait_until
from quick_lab import QuickLab

PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
NAME, ACCOUNT = "payments", "guard"
USAGE, UNREACHABLE = 2, 3  # As `homeostat --help` says.


def run(*words, folder="/tmp", **environment):
    """(exit status, stdout, stderr)"""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60,
                          cwd=folder, env={"PATH": os.environ["PATH"], **environment})
    return done.returncode, done.stdout, done.stderr


def rolled_out(lab):
    shop = Deployment(lab, NAME)
    if lab.api.request("GET", shop.path)[0] != 200:
        shop.apply("lab.local/service:v1", replicas=3)
        shop.wait_ready(3)
    return shop


def what_is_written_is_valid_and_has_what_the_cluster_says(lab):
    rolled_out(lab)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "payments.yaml")
        status, said, trouble = run("init", "--from", f"deployment/{NAME}", "--out", file,
                                    KUBECONFIG=str(lab.kubeconfig))
        assert status == 0 and not said and "homeostat doctor" in trouble, said + trouble
        text = file.read_text()
        assert str(lab.kubeconfig) not in text, "nobody has said that the agent may use it"
        status, told, _ = run("validate", "--json", "--config", file)
        assert status == 0, told
        config = json.loads(told)["config"]
        assert config["runtime"]["kubernetes"]["service"]["name"] == NAME
        assert config["guard"]["min_healthy"] == 2
        assert {one for one in config["autonomy"].values()} == {"watch"}, config["autonomy"]
        # Printed it is the same, and a file that is there is left alone.
        assert run("init", "--from", f"deployment/{NAME}",
                   KUBECONFIG=str(lab.kubeconfig))[1] == text
        file.write_text("mine")
        status, _, trouble = run("init", "--from", f"deployment/{NAME}", "--out", file,
                                 KUBECONFIG=str(lab.kubeconfig))
        assert status == USAGE and "File exists" in trouble and file.read_text() == "mine", trouble


def leave_alone(lab, is_suspended):
    """By the Deployment's owner, who has a right to it and none to the agent."""
    path = Deployment(lab, NAME).path
    assert not is_suspended()
    for word, wanted in (("true", True), ("false", False), ("", True), (None, False)):
        lab.api.patch(path, {"metadata": {"annotations": {"homeostat.dev/ignore": word}}})
        wait_until(f"{word} is heeded", lambda: is_suspended() == wanted, 20)


def an_agent_runs_by_it_with_the_rights_that_it_asks_for_and_heeds_the_owner(lab):
    rolled_out(lab)
    with tempfile.TemporaryDirectory() as folder:
        file, rules = Path(folder, "payments.yaml"), Path(folder, "rbac.yaml")
        access = lab.directory / f"{ACCOUNT}.kubeconfig"
        access.touch(0o600)
        access.write_text(lab.kubeconfig.read_text())  # Until the account is there.
        assert run("init", "--from", f"deployment/{NAME}", "--namespace", "default",
                   "--kubeconfig", access, "--out", file)[0] == 0
        assert str(access) in file.read_text()
        rules.write_text(run("rbac", "--account", ACCOUNT, "--config", file)[1])
        lab.kubectl("apply", "--filename", rules)
        lab.write_kubeconfig(ACCOUNT, lab.token_of("default", ACCOUNT))
        status, told, trouble = run("doctor", "--config", file, folder=folder)
        assert status == 0 and "permissions    all " in told, told + trouble
        with Path(folder, "agent.log").open("w") as log:
            agent = subprocess.Popen([PROGRAM, "agent", "--config", file], cwd=folder, stdout=log,
                                     stderr=subprocess.STDOUT)
        try:
            def pods_seen():
                assert agent.poll() is None, Path(folder, "agent.log").read_text()
                status, told, _ = run("status", "--json", "--config", file, folder=folder)
                return status == 0 and sum(
                    bool(one["pod"]) for one in json.loads(told)["instances"]) == 3
            wait_until("it sees three pods", pods_seen, 30)
            leave_alone(lab, lambda: json.loads(
                run("status", "--json", "--config", file, folder=folder)[1])["is_suspended"])
        finally:
            agent.terminate()
            assert agent.wait(20) == 0


def what_is_not_there_or_not_answered_is_said(lab):
    access = ("--kubeconfig", lab.kubeconfig)
    status, _, trouble = run("init", "--from", "deployment/nobody", *access)
    assert status == USAGE and "deployments.apps \"nobody\" not found" in trouble, trouble
    status, _, trouble = run("init", "--from", f"deployment/{NAME}", "-n", "nowhere", *access)
    assert status == USAGE and "Deployment nowhere/payments: 404" in trouble, trouble
    for words in (("--from", "pod/payments"), ("--from", "deployment/"), ()):
        assert run("init", *words, *access)[0] == USAGE
    with tempfile.NamedTemporaryFile("w") as file:
        document = json.loads(lab.kubeconfig.read_text())
        document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        json.dump(document, file)
        file.flush()
        status, _, trouble = run("init", "--from", f"deployment/{NAME}", "--kubeconfig", file.name)
        assert status == UNREACHABLE, trouble


def main():
    with tempfile.TemporaryDirectory(prefix="init-") as folder:
        return run_each([
            what_is_written_is_valid_and_has_what_the_cluster_says,
            an_agent_runs_by_it_with_the_rights_that_it_asks_for_and_heeds_the_owner,
            what_is_not_there_or_not_answered_is_said,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
