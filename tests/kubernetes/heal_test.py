#!/usr/bin/env python3
"""Homeostat guards real pods: what breaks them is healed, by the rights that it asks for, and
nothing else is touched.

    tests/kubernetes/heal_test.py BIN        as root, where lab/kubernetes/build.sh has built
"""

import contextlib
import sys
import time
from pathlib import Path

from lab_cases import ROOT, run_each

from deployment import Client, Deployment, condition_of, wait_until
from full_lab import FullLab
from guarding import MARK, Guarding

V1, V2 = "lab.local/service:v1", "lab.local/service:v2"
PROGRAMS = Path(sys.argv[1]).resolve()


@contextlib.contextmanager
def guarded(lab, name, replicas=3):
    """A Deployment, its agent with the rights that it asks for and no others, and a client."""
    shop = Deployment(lab, name)
    try:
        shop.apply(V1, replicas=replicas)
        shop.wait_ready(replicas)
        agent = Guarding(lab, name, PROGRAMS, lab.directory / f"agent-{name}")
        agent.grant()
        # As patient as a client of a busy machine has to be: what is late there is no outage.
        with agent, Client(lab, *shop.address(), seconds_max=2) as client:
            agent.wait_proven()
            yield shop, agent, client
    finally:
        shop.remove()


def tell(what, begun_at, client):
    outages = [f"{seconds:.2f} s ({bad} requests)" for _, seconds, bad in client.outages()]
    took = time.monotonic() - begun_at
    print(f"    {what}: {took:.1f} s; clients: {outages or 'noticed nothing'}", flush=True)


def image_of(shop):
    return shop.read()["spec"]["template"]["spec"]["containers"][0]["image"]


def uids_of(pods):
    return {pod["metadata"]["uid"] for pod in pods}


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


def without_the_right_to_roll_back_nothing_changes_and_a_person_is_told(lab):
    with guarded(lab, "forbidden") as (shop, agent, client):
        agent.grant(without="patch")
        generation = shop.apply(f"{V2}-fail", replicas=3) or shop.read()["metadata"]["generation"]
        state = wait_until("the incident ends", lambda: next(
            (one["state"] for one in agent.incidents() if one["state"] != "open"), None), 150)
        assert state == "escalated", agent.incidents()
        assert shop.read()["metadata"]["generation"] == generation
        assert "cannot patch" in agent.story("i-1"), agent.story("i-1")
        status, told = agent.doctor()
        assert status != 0 and "patch deployments.apps forbidden" in told, told


def a_rival_who_rolls_out_the_bad_version_again_is_yielded_to(lab):
    with guarded(lab, "rival") as (shop, agent, client):
        rolled_out_count = 0
        while rolled_out_count < 5 and image_of(shop) == V1:
            shop.apply(f"{V2}-fail", replicas=3)
            rolled_out_count += 1
            try:
                wait_until("it is rolled back", lambda: image_of(shop) == V1, 40)
            except AssertionError:
                break
            client.wait_well(30)
        assert 1 < rolled_out_count < 5, rolled_out_count
        assert image_of(shop) == f"{V2}-fail"
        assert "escalated" in [one["state"] for one in agent.incidents()], agent.incidents()
        print(f"    rolled out {rolled_out_count} times", flush=True)


def of_two_agents_one_acts_while_no_configmap_stops_it_and_events_tell_of_it(lab):
    with two_agents(lab, "pair") as (shop, first, second):
        assert "standing by" in second.log.read_text(), second.log.read_text()[-2000:]
        shop.api.post(f"{shop.core}/configmaps", {"metadata": {"name": "pair-stop"}})
        shop.apply(f"{V2}-fail", replicas=3)
        wait_until("both see it", lambda: first.incidents() and second.incidents(), 40)
        time.sleep(3)  # Longer than a rollback takes.
        assert image_of(shop) == f"{V2}-fail" and first.ask("status")["is_suspended"]
        shop.api.delete(f"{shop.core}/configmaps/pair-stop")
        incident = first.wait_healed()
        assert image_of(shop) == V1, image_of(shop)
        assert " intent " not in second.story(second.incidents()[0]["incident"])
        reasons = [one["reason"] for one in shop.api.get(f"{shop.core}/events")["items"]
                   if one["involvedObject"].get("uid") == shop.read()["metadata"]["uid"] and
                   one["message"].startswith(incident)]
        assert "RemedyBegun" in reasons and {"IncidentOpened", "IncidentClosed"} <= set(
            reasons), reasons
        first.stop()
        wait_until("the other one takes over", lambda: "we hold the Lease" in
                   second.log.read_text(), 20)


@contextlib.contextmanager
def two_agents(lab, name):
    """Of one Deployment, by one identity's rights and with a ledger each."""
    shop = Deployment(lab, name)
    more = [f"lease: {name}-lead", f"switch: {name}-stop", "events: true"]
    agents = [Guarding(lab, name, PROGRAMS, lab.directory / f"agent-{name}-{number}", more)
              for number in (1, 2)]
    try:
        shop.apply(V1, replicas=3)
        shop.wait_ready(3)
        agents[0].grant()
        with agents[0]:
            wait_until("it holds the Lease", lambda: "we hold the Lease" in
                       agents[0].log.read_text(), 20)
            with agents[1]:
                for agent in agents:
                    agent.wait_proven()
                yield shop, *agents
    finally:
        shop.remove()


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


def a_rollout_whose_pods_fail_is_paused_and_no_more_users_meet_them_until_it_is_rolled_back(lab):
    """One pod more at a time, and each has to be ready for some seconds before the next."""
    shop = Deployment(lab, "stopped")
    try:
        strategy = {"type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        shop.apply(V1, replicas=4, strategy=strategy)
        shop.wait_ready(4)
        shop.api.patch(shop.path, {"spec": {"minReadySeconds": 8}})
        agent = Guarding(lab, "stopped", PROGRAMS, lab.directory / "agent-stopped")
        text = agent.config.read_text()
        assert " rollback: act }" in text, text
        agent.config.write_text(
            text.replace(" rollback: act }", " rollback: recommend, pause_rollout: act }"))
        agent.grant()
        with agent, Client(lab, *shop.address(), seconds_max=2) as client:
            agent.wait_proven()
            begun_at = time.monotonic()
            template = {"spec": {"containers": [{"name": "service", "image": f"{V2}-fail"}]}}
            shop.api.patch(shop.path, {"spec": {"template": template}}, "strategic")
            client.wait_bad(30)
            wait_until("it is paused", lambda: shop.read()["spec"].get("paused"), 40)
            new_count = count_new(shop)
            asked_before = len(client.answers)
            time.sleep(12)  # Longer than the next pod would have been waited for.
            answers = [status for _, status in client.answers[asked_before:]]
            bad = sum(status != 200 for status in answers)
            tell(f"{new_count} new of {len(shop.ready_pods())} pods, and {bad} of {len(answers)} "
                 "answers bad", begun_at, client)
            assert count_new(shop) == new_count <= 2, new_count
            assert len(shop.ready_pods()) == 4 + 1, shop.pod_names()
            assert bad < len(answers) * 0.6, (bad, len(answers))
            assert "recommend" in agent.story("i-1"), agent.story("i-1")
            # A person puts back what was before, as `kubectl apply` does: that leaves `paused` be.
            shop.api.patch(shop.path, {"spec": {"template": {"spec": {
                "containers": [{"name": "service", "image": V1}]}}}}, "strategic")
            wait_until("it is over", lambda: not agent.ask("status")["incidents"], 60)
            client.wait_well(20)
            assert not shop.read()["spec"].get("paused"), agent.story("i-1")
    finally:
        shop.remove()


def count_new(shop):
    """Also those that are not ready yet: a pause lets them come up."""
    return sum(pod["spec"]["containers"][0]["image"] != V1 for pod in shop.pods())


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


def nothing_is_done_to_what_is_well_while_it_is_rolled_out_and_scaled(lab):
    with guarded(lab, "well") as (shop, agent, client):
        for image, replicas in ((V2, 3), (V2, 5), (V2, 2)):
            shop.apply(image, replicas=replicas)
            shop.wait_ready(replicas)
        time.sleep(3)  # As long as any symptom takes to be noticed.
        assert not agent.incidents(), agent.incidents()
        assert MARK not in shop.read()["metadata"].get("annotations", {})
        status, told = agent.doctor()
        assert status == 0 and "permissions    all " in told, told


def main():
    return run_each([
        a_version_that_passes_readiness_and_answers_5xx_is_rolled_back,
        a_pod_that_hangs_is_evicted_and_no_other,
        a_crash_loop_after_a_rollout_is_rolled_back_and_no_client_notices,
        an_agent_that_is_killed_after_its_effect_repeats_nothing,
        without_the_right_to_roll_back_nothing_changes_and_a_person_is_told,
        a_rival_who_rolls_out_the_bad_version_again_is_yielded_to,
        of_two_agents_one_acts_while_no_configmap_stops_it_and_events_tell_of_it,
        a_pod_that_needs_more_memory_than_it_has_gets_it_and_is_the_same_pod,
        a_rollout_whose_pods_fail_is_paused_and_no_more_users_meet_them_until_it_is_rolled_back,
        nothing_is_done_to_what_is_well_while_it_is_rolled_out_and_scaled,
    ], FullLab(ROOT / "build/kubernetes/heal-test"))


if __name__ == "__main__":
    sys.exit(main())
