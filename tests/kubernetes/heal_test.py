#!/usr/bin/env python3
"""Homeostat guards real pods: what breaks them is healed, by the rights that it asks for, and
nothing else is touched.

    tests/kubernetes/heal_test.py BIN        as root, where lab/kubernetes/build.sh has built
"""

import contextlib
import sys
import time

from lab_cases import ROOT, run_each

from deployment import Deployment, condition_of, wait_until
from full_lab import FullLab
from guarded import PROGRAMS, V1, V2, guarded, image_of, tell, uids_of
from guarding import MARK, Guarding


def a_version_that_passes_readiness_and_answers_5xx_is_rolled_back(lab):
    with guarded(lab, "failing") as (shop, agent, client):
        begun_at = time.monotonic()
        shop.apply(f"{V2}-fail", replicas=3)
        client.wait_bad(20)
        incident = agent.wait_healed()
        client.wait_well(10)
        tell("from the rollout to proven", begun_at, client)
        assert image_of(shop) == V1, image_of(shop)
        told = agent.story(incident)
        assert "rollback" in told and "swap_version" in told, told
        assert shop.read()["metadata"]["annotations"][MARK].startswith(f"{incident}.e"), told


def a_pod_that_hangs_is_evicted_and_no_other(lab):
    with guarded(lab, "hanging") as (shop, agent, client):
        before = uids_of(shop.pods())
        begun_at = time.monotonic()
        ill = shop.ready_pods()[0]
        shop.fault(ill, "hang")
        agent.wait_healed()
        tell("from the hang to proven", begun_at, client)
        assert before - uids_of(shop.ready_pods()) == {ill["metadata"]["uid"]}


def the_only_pod_that_hangs_is_evicted_once_its_service_has_nobody(lab):
    """No sibling shows that the prober works; the cluster and the Service do."""
    with guarded(lab, "lonely", replicas=1) as (shop, agent, client):
        begun_at = time.monotonic()
        ill = shop.ready_pods()[0]
        shop.fault(ill, "hang")
        incident = agent.wait_healed()
        client.wait_well(20)
        tell("from the hang to proven", begun_at, client)
        assert uids_of(shop.ready_pods()) != {ill["metadata"]["uid"]}
        assert "restart" in agent.story(incident), agent.story(incident)


def a_crash_loop_after_a_rollout_is_rolled_back_and_no_client_notices(lab):
    with guarded(lab, "crashing") as (shop, agent, client):
        before = uids_of(shop.pods())
        begun_at = time.monotonic()
        shop.apply(f"{V2}-crash", replicas=3)
        wait_until("v1 is wanted again", lambda: image_of(shop) == V1, 120)
        shop.wait_ready(3)
        tell("from the rollout to v1 again", begun_at, client)
        assert client.bad_count() == 0, client.outages()
        assert uids_of(shop.ready_pods()) == before


def an_agent_that_is_killed_after_its_effect_repeats_nothing(lab):
    with guarded(lab, "killed") as (shop, agent, client):
        shop.apply(f"{V2}-fail", replicas=3)
        generation = shop.read()["metadata"]["generation"]
        wait_until("the version is swapped", lambda: image_of(shop) == V1, 60)
        agent.kill()
        agent.start()
        incident = agent.wait_healed()
        client.wait_well(20)
        # One change of the template by us, whatever was resumed.
        assert shop.read()["metadata"]["generation"] == generation + 1
        swaps = [line for line in agent.story(incident).splitlines()
                 if " intent " in line and "swap_version" in line]
        assert len(swaps) == 1, agent.story(incident)


def a_pod_that_needs_more_memory_than_it_has_gets_it_and_is_the_same_pod(lab):
    """Its process holds 72 MiB whenever it is up, and is ended for it: it may have 64."""
    shop = Deployment(lab, "hungry")
    try:
        shop.apply(V1, replicas=2, memory_mib=64,
                   env={"LEAK_MIB_PER_S": 100, "LEAK_MIB_MAX": 72})
        shop.wait_ready(2)
        agent = Guarding(lab, "hungry", PROGRAMS, lab.directory / "agent-hungry",
                         more=["resize_max: { memory: 128Mi }"])
        agent.allow("resize: act")
        agent.grant()
        with agent:
            agent.wait_proven()
            begun_at = time.monotonic()
            uid = shop.ready_pods()[0]["metadata"]["uid"]
            pod = wait_until("it has more", lambda: fed(shop, uid), 120)
            incident = agent.wait_healed()
            print(f"    from the first kill to proven: {time.monotonic() - begun_at:.1f} s")
            assert limits_of(pod) == ("96Mi", "96Mi"), pod["spec"]["containers"]
            assert uid in uids_of(shop.ready_pods())
            assert limits_of(shop.read()["spec"]["template"])[0] == str(64 << 20)
            owners = [one["manager"] for one in pod["metadata"]["managedFields"]
                      if one.get("subresource") == "resize"]
            assert owners == [f"homeostat {incident}.e1 from {64 << 20}"], owners
            assert "set_memory" in agent.story(incident), agent.story(incident)
            status, told = agent.doctor()
            assert status == 0 and "one may have up to 128Mi of it" in told, told
    finally:
        shop.remove()


def limits_of(pod):
    """(limit, request) of memory."""
    resources = pod["spec"]["containers"][0]["resources"]
    return resources["limits"]["memory"], resources["requests"]["memory"]


def fed(shop, uid):
    """Has the process want its memory whenever it is up; the pod, once that is within its limit."""
    pod = next(one for one in shop.pods() if one["metadata"]["uid"] == uid)
    status = pod["status"]["containerStatuses"][0]
    with contextlib.suppress(OSError):
        if "running" in status["state"]:
            shop.fault(pod, "leak")
    is_in_force = status.get("resources", {}).get("limits", {}).get("memory") == "96Mi"
    return pod if is_in_force and condition_of(pod, "Ready") else None


def main():
    return run_each([
        a_version_that_passes_readiness_and_answers_5xx_is_rolled_back,
        a_pod_that_hangs_is_evicted_and_no_other,
        the_only_pod_that_hangs_is_evicted_once_its_service_has_nobody,
        a_crash_loop_after_a_rollout_is_rolled_back_and_no_client_notices,
        an_agent_that_is_killed_after_its_effect_repeats_nothing,
        a_pod_that_needs_more_memory_than_it_has_gets_it_and_is_the_same_pod,
    ], FullLab(ROOT / "build/kubernetes/heal-test"))


if __name__ == "__main__":
    sys.exit(main())
