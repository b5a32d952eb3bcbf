#!/usr/bin/env python3
"""The full lab: real pods on two nodes answer, break, and come back, and nothing of it is left.

    tests/kubernetes/full_lab_test.py        as root, where lab/kubernetes/build.sh has built
"""

import subprocess
import sys
from pathlib import Path

from lab_cases import ROOT, run_each

from deployment import Client, Deployment, condition_of, wait_until
from full_lab import FullLab
from node import SETTINGS

IMAGE = "lab.local/service"


def settings():
    return {name: Path("/proc/sys", name).read_text() for name in SETTINGS
            if Path("/proc/sys", name).exists()}


BEFORE = settings()


def real_pods_on_both_nodes_answer_by_pod_service_and_node(lab):
    shop = Deployment(lab, "shop")
    shop.apply(f"{IMAGE}:v1", replicas=4)
    shop.wait_ready(4)
    pods = shop.ready_pods()
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-0", "node-1"}
    for pod in pods:
        assert shop.ask(pod, "/") == (200, "service v1\n")
    for address in (shop.address(), shop.node_address(0), shop.node_address(1)):
        with Client(lab, *address) as client:
            client.wait_well(5)
    shop.remove()


def no_packet_can_leave_the_machine(lab):
    for namespace in [lab.control, *(node.namespace for node in lab.nodes)]:
        routes = subprocess.run(["ip", "-n", namespace, "route"], capture_output=True, text=True,
                                check=True).stdout
        assert routes and "default" not in routes, routes


def a_pod_that_crashes_is_started_again_and_one_that_hangs_is_not(lab):
    shop = Deployment(lab, "broken")
    shop.apply(f"{IMAGE}:v1")
    shop.wait_ready(1)
    with Client(lab, *shop.address()) as client:
        pod, = shop.pods()
        shop.fault(pod, "crash")
        client.wait_bad(5)
        client.wait_well(20)
        again, = shop.pods()
        assert again["metadata"]["uid"] == pod["metadata"]["uid"]
        assert again["status"]["containerStatuses"][0]["restartCount"] == 1
        assert client.outages(), "nobody noticed"
        shop.fault(again, "hang")
        client.wait_bad(5)
        wait_until("it is not ready", lambda: not shop.ready_pods(), 20)
    shop.remove()


def a_version_that_fails_is_ready_and_answers_500(lab):
    shop = Deployment(lab, "failing")
    shop.apply(f"{IMAGE}:v2-fail")
    shop.wait_ready(1)
    assert shop.ask(shop.ready_pods()[0], "/")[0] == 500
    shop.remove()


def no_client_notices_a_good_version_nor_one_that_crashes(lab):
    shop = Deployment(lab, "rolled")
    shop.apply(f"{IMAGE}:v1", replicas=2)
    shop.wait_ready(2)
    with Client(lab, *shop.address(), seconds_max=5) as client:
        shop.apply(f"{IMAGE}:v2", replicas=2)
        shop.wait_ready(2)
        wait_until("the old pods are gone", lambda: len(shop.pods()) == 2, 30)
        shop.apply(f"{IMAGE}:v2-crash", replicas=2)
        shop.wait_waiting("CrashLoopBackOff")
        assert client.bad_count() == 0, client.outages()
    shop.remove()


def a_leak_is_ended_by_the_kernel(lab):
    shop = Deployment(lab, "leaking")
    shop.apply(f"{IMAGE}:v1", memory_mib=64, env={"LEAK_MIB_PER_S": 64})
    shop.wait_ready(1)
    shop.fault(shop.pods()[0], "leak")

    def last_end():
        status = shop.pods()[0]["status"]["containerStatuses"][0]
        return status["lastState"].get("terminated")
    ended = wait_until("the container was ended", last_end, 30)
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137), ended
    shop.remove()


def a_node_that_is_cut_off_takes_its_pods_and_no_address_of_the_service_with_it(lab):
    shop = Deployment(lab, "cut")
    shop.apply(f"{IMAGE}:v1", nodes=["node-1"])
    shop.wait_ready(1)
    lab.cut_off(0)
    try:
        with Client(lab, *shop.address()) as client:
            client.wait_well(10)
    finally:
        lab.join(0)
    shop.remove()
    node = "/api/v1/nodes/node-0"
    wait_until("the node is back", lambda: condition_of(lab.api.get(node), "Ready"), 60)


def the_settings_of_the_kernel_stay_as_they_were(lab):
    assert settings() == BEFORE, settings()


def main():
    # In the build folder: the path of a temporary one may be too long, or be covered in nodes.
    return run_each([
        real_pods_on_both_nodes_answer_by_pod_service_and_node,
        no_packet_can_leave_the_machine,
        a_pod_that_crashes_is_started_again_and_one_that_hangs_is_not,
        a_version_that_fails_is_ready_and_answers_500,
        no_client_notices_a_good_version_nor_one_that_crashes,
        a_leak_is_ended_by_the_kernel,
        a_node_that_is_cut_off_takes_its_pods_and_no_address_of_the_service_with_it,
        the_settings_of_the_kernel_stay_as_they_were,
    ], FullLab(ROOT / "build/kubernetes/full-test"))


if __name__ == "__main__":
    sys.exit(main())
