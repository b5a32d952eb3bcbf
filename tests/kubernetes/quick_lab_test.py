#!/usr/bin/env python3
"""The quick lab comes up, serves a cluster whose pods are played, and goes down without a rest.

    tests/kubernetes/quick_lab_test.py       where lab/kubernetes/build.sh has built its programs
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from lab_cases import ROOT, run_each, tell

from api import Api, ApiError
from cluster import PROGRAMS
from deployment import Deployment, condition_of, wait_until
from processes import VARIABLE, CannotBeHad, LabError, end_named, free_ports, named
from quick_lab import QuickLab

LAB = ROOT / "lab/kubernetes/lab.py"
IMAGE = "lab.local/service"


def refused(status, ask):
    try:
        ask()
    except ApiError as error:
        assert error.status == status, error
        return
    raise AssertionError(f"was not refused with {status}")


# --- with one lab for all of them ----------------------------------------------------------------
def kubectl_sees_three_nodes_that_are_ready(lab):
    lines = lab.kubectl("get", "nodes", "--no-headers").splitlines()
    assert [line.split()[1] for line in lines] == ["Ready"] * 3, lines


def pods_of_a_good_image_are_ready_and_a_crashing_one_leaves_the_old_in_place(lab):
    shop = Deployment(lab, "shop")
    shop.apply(f"{IMAGE}:v1", replicas=3)
    shop.wait_ready(3)
    good = set(shop.pod_names())
    shop.apply(f"{IMAGE}:v2-crash", replicas=3)
    pod = shop.wait_waiting("CrashLoopBackOff")
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert ended["exitCode"] == 1, ended
    assert len(good & {pod["metadata"]["name"] for pod in shop.ready_pods()}) >= 2
    shop.apply(f"{IMAGE}:v1", replicas=3)
    shop.wait_ready(3)
    shop.remove()


def an_image_that_cannot_be_pulled_is_backed_off_from(lab):
    shop = Deployment(lab, "pull")
    shop.apply(f"{IMAGE}:nopull")
    pod = shop.wait_waiting("ImagePullBackOff")
    assert not condition_of(pod, "Ready")
    shop.remove()


def a_test_may_write_what_a_pod_says_of_itself(lab):
    shop = Deployment(lab, "told")
    shop.apply(f"{IMAGE}:v1")
    shop.wait_ready(1)
    name, = shop.pod_names()
    lab.api.patch(f"{shop.core}/pods/{name}/status", {"status": {"conditions": [
        {"type": "Ready", "status": "False"}]}}, "strategic")
    wait_until("it is no longer available", lambda: not shop.read()["status"].get(
        "availableReplicas"), 20)
    time.sleep(1)  # As long as kwok takes for any stage; it must leave the pod as it was told.
    assert not shop.ready_pods()
    shop.remove()


def an_eviction_is_refused_where_the_disruption_budget_is_spent(lab):
    shop = Deployment(lab, "budget")
    shop.apply(f"{IMAGE}:v1", replicas=2)
    shop.wait_ready(2)
    shop.limit_disruptions(2)
    name = shop.pod_names()[0]
    refused(429, lambda: lab.api.post(f"{shop.core}/pods/{name}/eviction", {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}))
    assert name in shop.pod_names()
    shop.remove()


def a_service_account_may_do_what_its_role_says_and_nothing_else(lab):
    core = "/api/v1/namespaces/default"
    lab.api.post(f"{core}/serviceaccounts", {"metadata": {"name": "reader"}})
    kubeconfig = lab.write_kubeconfig("reader", token=lab.token_of("default", "reader"))
    reader = Api(kubeconfig, lab.open_socket)
    refused(403, lambda: reader.get(f"{core}/pods"))
    rights = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    lab.api.post(f"{rights}/roles", {"metadata": {"name": "reader"}, "rules": [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]})
    lab.api.post(f"{rights}/rolebindings", {
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}]})
    wait_until("the role is in force", lambda: reader.answers(f"{core}/pods"), 10)
    refused(403, lambda: reader.get(f"{core}/secrets"))


def a_lab_that_is_up_is_not_started_over(lab):
    try:
        QuickLab(lab.directory).up()
    except LabError as error:
        assert "is up" in str(error), error
    else:
        raise AssertionError("it was started over")
    assert lab.is_up()


# --- each with a lab of its own ------------------------------------------------------------------
def a_lab_whose_starter_is_stopped_or_killed_leaves_nothing(folder):
    for sent, is_left in ((signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGKILL, True)):
        directory = folder / sent.name
        starter = subprocess.Popen([LAB, "up", "--directory", directory],
                                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until("something of it runs", lambda: (directory / "lab.json").exists() and any(
            named(QuickLab(directory).name)), 30)
        lab = QuickLab(directory)
        starter.send_signal(sent)
        starter.wait(30)
        assert any(named(lab.name)) == is_left, sent
        subprocess.run([LAB, "down", "--directory", directory], check=True,
                       stderr=subprocess.DEVNULL)
        assert lab.leftovers() == [], lab.leftovers()


class StoreOnly(QuickLab):
    """Comes up with etcd alone, which is quick."""

    def start(self):
        def is_listening():
            try:
                self.open_socket("127.0.0.1", self.ports["etcd"], 1).close()
            except OSError:
                return False
            return True
        self.start_etcd()
        self.processes.wait_until("etcd listens", is_listening, 30, ["etcd"])


def a_port_that_is_taken_meanwhile_costs_a_second_try(folder):
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        taken = theirs.getsockname()[1]
        ports = [[free_ports(1)[0], taken, *free_ports(3)], free_ports(5)]
        with mock.patch("cluster.free_ports", side_effect=ports):
            with StoreOnly(folder / "tried") as lab:
                assert lab.ports["etcd_peer"] != taken
                assert len(list(named(lab.name))) == 1


def a_test_that_is_killed_takes_its_lab_along(folder):
    directory = folder / "killed"
    starter = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from quick_lab import QuickLab; "
                               "QuickLab(sys.argv[1]).up(); time.sleep(60)", directory],
        cwd=LAB.parent, stderr=subprocess.DEVNULL)
    wait_until("something of it runs", lambda: (directory / "lab.json").exists() and any(
        named(QuickLab(directory).name)), 30)
    starter.kill()
    starter.wait()
    lab = QuickLab(directory)
    wait_until("nothing of it runs", lambda: not any(named(lab.name)), 10)
    lab.down()


def what_carries_a_labs_name_is_ended_and_nothing_else(_):
    def sleeping(name):
        return subprocess.Popen(["sleep", "60"], env={**os.environ, VARIABLE: name})
    ours, other, nobodys = sleeping("homeostat-x"), sleeping("homeostat-xy"), sleeping("")
    try:
        wait_until("it has its name", lambda: list(named("homeostat-x")) == [ours.pid], 5)
        end_named("homeostat-x")
        assert ours.wait(5) == -signal.SIGKILL
        assert other.poll() is None and nobodys.poll() is None
    finally:
        for one in (ours, other, nobodys):
            one.kill()
            one.wait()


def a_folder_of_somebody_else_is_not_touched(folder):
    theirs = folder / "theirs"
    theirs.mkdir()
    (theirs / "thesis").write_text("years")
    for what in ("up", "down"):
        done = subprocess.run([LAB, what, "--directory", theirs], capture_output=True, text=True)
        assert done.returncode == 1 and "is no lab's" in done.stderr, done
    assert (theirs / "thesis").read_text() == "years"


def without_programs_it_says_what_is_missing(folder):
    try:
        QuickLab(folder / "none", programs=folder).up()
    except CannotBeHad as error:
        assert "build.sh" in str(error), error
    else:
        raise AssertionError("it came up")
    assert not (folder / "none").exists()


def main():
    with tempfile.TemporaryDirectory(prefix="quick-lab-") as name:
        folder = Path(name)
        status = run_each([
            kubectl_sees_three_nodes_that_are_ready,
            pods_of_a_good_image_are_ready_and_a_crashing_one_leaves_the_old_in_place,
            an_image_that_cannot_be_pulled_is_backed_off_from,
            a_test_may_write_what_a_pod_says_of_itself,
            an_eviction_is_refused_where_the_disruption_budget_is_spent,
            a_service_account_may_do_what_its_role_says_and_nothing_else,
            a_lab_that_is_up_is_not_started_over,
        ], QuickLab(folder / "lab"))
        alone = [a_folder_of_somebody_else_is_not_touched, without_programs_it_says_what_is_missing,
                 what_carries_a_labs_name_is_ended_and_nothing_else]
        if (PROGRAMS / "STAMP").exists():
            alone += [a_lab_whose_starter_is_stopped_or_killed_leaves_nothing,
                      a_port_that_is_taken_meanwhile_costs_a_second_try,
                      a_test_that_is_killed_takes_its_lab_along]
        for test in alone:
            tell(test.__name__.replace("_", " "))
            test(folder)
    return status


if __name__ == "__main__":
    sys.exit(main())
