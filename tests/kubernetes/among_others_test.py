#!/usr/bin/env python3
"""Homeostat guards real pods and is not alone: it is refused, a rival undoes what it does, a second
agent runs, people stop it or roll out, and it does no more than it may.

    tests/kubernetes/among_others_test.py BIN     as root, where lab/kubernetes/build.sh has built
"""

import contextlib
import sys
import time

from lab_cases import ROOT, run_each

from deployment import Client, Deployment, wait_until
from full_lab import FullLab
from guarded import PROGRAMS, V1, V2, guarded, image_of, tell, uids_of
from guarding import MARK, Guarding


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
        def settled():
            is_left = "escalated" in [one["state"] for one in agent.incidents()]
            return is_left or image_of(shop) == V1
        rolled_out_count = 0
        while rolled_out_count < 5 and image_of(shop) == V1:
            shop.apply(f"{V2}-fail", replicas=3)
            rolled_out_count += 1
            wait_until("it is rolled back, or left to people", settled, 40)
            if image_of(shop) == V1:
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


def a_node_that_is_cut_off_is_named_and_nothing_is_done_to_it_nor_to_its_pods(lab):
    """Half of the pods are silent at once: that may be the fault of whoever looks."""
    shop = Deployment(lab, "parted")
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
              "whenUnsatisfiable": "ScheduleAnyway"}
    try:
        shop.apply(V1, replicas=4, spread=spread)
        shop.wait_ready(4)
        lost = lab.node_names()[1]
        uids = uids_of(shop.pods())
        assert [pod["spec"]["nodeName"] for pod in shop.pods()].count(lost) == 2
        agent = Guarding(lab, "parted", PROGRAMS, lab.directory / "agent-parted", ["events: true"])
        agent.be_patient()
        agent.grant()
        with agent:
            agent.wait_proven()
            lab.cut_off(1)
            try:
                told = wait_until("the node is named", lambda: next(
                    (one["message"] for one in shop.api.get(f"{shop.core}/events")["items"]
                     if one["reason"] == "NodeSuspected"), None), 60)
                assert lost in told, told
                assert f"kubectl taint nodes {lost} homeostat.dev/suspected" in (
                    agent.log.read_text()), agent.log.read_text()[-2000:]
                taints = shop.api.get(f"/api/v1/nodes/{lost}")["spec"].get("taints", [])
                assert not [one for one in taints if "homeostat" in one["key"]], taints
                assert uids_of(shop.pods()) == uids, shop.pod_names()
                for one in agent.incidents():
                    assert " intent " not in agent.story(one["incident"]), agent.tell_troubles()
            finally:
                lab.join(1)
                lab.wait_for_nodes(lab.nodes_count)
    finally:
        shop.remove()


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
        without_the_right_to_roll_back_nothing_changes_and_a_person_is_told,
        a_rival_who_rolls_out_the_bad_version_again_is_yielded_to,
        of_two_agents_one_acts_while_no_configmap_stops_it_and_events_tell_of_it,
        a_rollout_whose_pods_fail_is_paused_and_no_more_users_meet_them_until_it_is_rolled_back,
        a_node_that_is_cut_off_is_named_and_nothing_is_done_to_it_nor_to_its_pods,
        nothing_is_done_to_what_is_well_while_it_is_rolled_out_and_scaled,
    ], FullLab(ROOT / "build/kubernetes/among-others-test"))


if __name__ == "__main__":
    sys.exit(main())
