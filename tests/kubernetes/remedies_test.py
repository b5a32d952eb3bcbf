#!/usr/bin/env python3
"""What an agent does to a Deployment beside restarts: one that is slow grows and shrinks again, a
ConfigMap that was edited gets back what it held. And without a right just that is not done.

    tests/kubernetes/remedies_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import sys
import tempfile
import time
from pathlib import Path

from lab_cases import run_each

import cluster
from api_relay import ApiRelay
from deployment import Deployment, wait_until
from guarding import MARK, NAMESPACE, Guarding
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

PROGRAMS = Path(sys.argv[1]).resolve()
IMAGE, ILL_IMAGE = "lab.local/service:v1", "lab.local/service:v2"
GOOD, BAD = "pool: 20\n", "pool: 0\n"
FEW, MANY = 3, 4
AUTONOMY = "autonomy: { restart: act, rolling_restart: act, rollback: act }"
cluster.SERVICE_RANGE = "127.96.0.0/24"  # Where this process may answer.


class Shop:
    """A Deployment of three pods, the ConfigMap that they read, and who answers for them."""

    def __init__(self, lab, folder, name, traffic, memory_mib=None):
        self.lab, self.api, self.name, self.traffic = lab, lab.api, name, traffic
        self.folder = Path(folder)
        self.maps = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
        self.deployment = Deployment(lab, name)
        self.deployment.apply(IMAGE, replicas=FEW, memory_mib=memory_mib)
        self.api.post(self.maps, {"metadata": {"name": self.config}, "data": {"app.yaml": GOOD}})
        self.api.post(f"/api/v1/namespaces/{NAMESPACE}/services", {
            "metadata": {"name": self.front},
            "spec": {"selector": {"app": name}, "ports": [{"port": traffic.port}]}})
        self.address = self.api.get(
            f"/api/v1/namespaces/{NAMESPACE}/services/{self.front}")["spec"]["clusterIP"]
        traffic.add(self.address)
        traffic.answer = lambda address: (0.002, 200)
        self.deployment.wait_ready(FEW)

    @property
    def config(self):
        return f"{self.name}-config"

    @property
    def front(self):
        return f"{self.name}-front"

    def guard(self, *more, scale=None):
        """An agent of it; `more`: further lines of runtime.kubernetes."""
        agent = Guarding(self.lab, self.name, PROGRAMS, self.folder / self.name,
                         more=[f"port: {self.traffic.port}", *more])
        text = agent.config.read_text()
        front = f"service: {{ name: {self.front}, port: {self.traffic.port}, path: / }}"
        text = text.replace(f"service: {{ name: {self.name}, port: 80, path: / }}", front)
        assert front in text and AUTONOMY in text, text
        if scale:
            text = text.replace(AUTONOMY, AUTONOMY.replace(" }", f", scale: {scale} }}"))
        agent.config.write_text(text.replace("attempts_max: 4", "attempts_max: 4, hold_for: 3s"))
        return agent

    def text(self):
        return self.api.get(f"{self.maps}/{self.config}")["data"]["app.yaml"]

    def edit(self, text):
        self.api.patch(f"{self.maps}/{self.config}", {"data": {"app.yaml": text}})

    def replicas(self):
        return self.deployment.read()["spec"]["replicas"]

    def remove(self):
        self.deployment.remove()
        self.api.delete(f"{self.maps}/{self.config}")
        self.api.delete(f"/api/v1/namespaces/{NAMESPACE}/services/{self.front}")

    # --- how it answers --------------------------------------------------------------------------
    def fail_by_configuration(self):
        """While what the ConfigMap says is bad, for whoever asks the Service."""
        state = {"text": GOOD}

        def follow():
            state["text"] = self.text()

        def answer(address):
            is_bad = address == self.address and state["text"] == BAD
            return 0.002, 503 if is_bad else 200
        self.traffic.answer = answer
        return follow

    def fail_by_what_pods_have_read(self):
        """As often as one of the pods has read bad contents when it began."""
        read, bad = {}, []

        def follow():
            text = self.text()
            ready = [pod["metadata"]["uid"] for pod in self.deployment.ready_pods()]
            for uid in ready:
                read.setdefault(uid, text)
            bad[:] = [uid for uid in ready if read[uid] == BAD]

        def answer(address):
            return 0.002, 503 if address == self.address and bad else 200
        self.traffic.answer = answer
        return follow, lambda: bad

    def be_slow_with_few(self):
        """Through the Service: too much is asked of three, and four can do it."""
        state = {"ready": FEW, "is_busy": False}

        def follow():
            state["ready"] = len(self.deployment.ready_pods())

        def answer(address):
            is_slow = address == self.address and state["is_busy"] and state["ready"] < MANY
            return 0.3 if is_slow else 0.005, 200
        self.traffic.answer = answer
        return state, follow


def while_following(what, condition, follow, seconds=60):
    def look():
        follow()
        return condition()
    return wait_until(what, look, seconds)


SHOPS = {}


def shop_of(lab, name, memory_mib=None):
    return Shop(lab, SHOPS["folder"], name, SHOPS["traffic"], memory_mib)


def closed(agent):
    """The state of the one incident that there is, once it is over."""
    states = [one["state"] for one in agent.incidents()]
    assert len(states) < 2, states
    return next((one for one in states if one in ("healed", "escalated", "passed")), None)


def learn(shop, agent):
    """Until it knows what is usual: ten seconds of its own requests (detect), and some more."""
    known = shop.traffic.asked[shop.address]
    agent.wait_proven()
    wait_until("it has seen an ordinary day",
               lambda: shop.traffic.asked[shop.address] > known + 150, 90)


def an_edited_configuration_is_put_back_and_its_pods_stay(lab):
    shop = shop_of(lab, "edited")
    agent = shop.guard(f"configs: [{shop.config}]")
    agent.grant()
    follow = shop.fail_by_configuration()
    pods = shop.deployment.pod_names()
    with agent:
        agent.wait_proven()
        shop.edit(BAD)
        assert while_following("it is over", lambda: closed(agent), follow) == "healed", (
            agent.story("i-1"))
        assert shop.text() == GOOD
        mark = shop.api.get(f"{shop.maps}/{shop.config}")["metadata"]["annotations"][MARK]
        assert mark.startswith("i-1.e1 c-"), mark
        assert shop.deployment.pod_names() == pods
        assert "rollback the configuration" in agent.story("i-1"), agent.story("i-1")
    shop.remove()


def an_edit_that_nobody_could_see_is_put_back_once_the_server_answers(lab):
    shop = shop_of(lab, "unseen")
    agent = shop.guard(f"configs: [{shop.config}]")
    agent.grant()
    follow = shop.fail_by_configuration()
    with ApiRelay(lab) as relay:
        relay.lead(agent)
        with agent:
            agent.wait_proven()
            relay.go()
            wait_until("nobody sees the ConfigMap", lambda: "configurations of unseen does not "
                       "answer" in agent.log.read_text(), 30)
            shop.edit(BAD)
            while_following("an incident is open", agent.incidents, follow)
            # Long enough that guard has given up to ask for the world again and again.
            while_following("a person is called", lambda: " escalated " in agent.story("i-1"),
                            follow, 90)
            assert shop.text() == BAD
            relay.come()
            while_following("it is put back", lambda: shop.text() == GOOD, follow, 90)
            while_following("it is over", lambda: not agent.ask("status")["incidents"], follow, 60)
            story = agent.story("i-1")
            assert "rollback the configuration" in story and "helped" in story, story
            mark = shop.api.get(f"{shop.maps}/{shop.config}")["metadata"]["annotations"][MARK]
            assert mark.startswith("i-1.e1 c-"), mark
            assert len(agent.incidents()) == 1, agent.incidents()
    shop.remove()


def pods_that_read_it_when_they_start_are_replaced_one_after_another_and_no_others(lab):
    shop = shop_of(lab, "started")
    agent = shop.guard(f"configs: [{shop.config}]", "configs_restart: true")
    agent.grant()
    follow, bad_pods = shop.fail_by_what_pods_have_read()
    first, *others = shop.deployment.pod_names()
    with agent:
        agent.wait_proven()
        follow()
        shop.edit(BAD)
        for name in others:  # Somebody restarts two of three.
            shop.api.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")
        while_following("two have read it", lambda: len(bad_pods()) == FEW - 1, follow)
        state = while_following("it is over", lambda: closed(agent), follow, 120)
        assert state == "healed", agent.story("i-1")
        assert shop.text() == GOOD
        follow()
        assert not bad_pods() and first in shop.deployment.pod_names(), agent.story("i-1")
        story = agent.story("i-1")
        assert story.count(" intent    i-1.e") == 1 + len(others), story
        template = shop.deployment.read()["spec"]["template"]
        assert "annotations" not in template["metadata"], template
    shop.remove()


def a_slow_service_gets_one_more_pod_and_gives_it_back(lab):
    shop = shop_of(lab, "busy")
    agent = shop.guard("replicas_max: 5", scale="act")
    agent.grant()
    state, follow = shop.be_slow_with_few()
    with agent:
        learn(shop, agent)
        state["is_busy"] = True
        while_following("it has grown", lambda: shop.replicas() == MANY, follow)
        fields = shop.deployment.read()["metadata"]["managedFields"]
        owners = [one["manager"] for one in fields
                  if "f:replicas" in one["fieldsV1"].get("f:spec", {})]
        assert owners == [f"homeostat i-1.e1 from {FEW}"], owners
        while_following("four serve", lambda: len(shop.deployment.ready_pods()) == MANY, follow)
        state["is_busy"] = False
        assert while_following("it is over", lambda: closed(agent), follow) == "healed", (
            agent.story("i-1"))
        assert shop.replicas() == FEW
    shop.remove()


def an_autoscaler_is_yielded_to_and_a_person_is_told_why(lab):
    shop = shop_of(lab, "scaled")
    agent = shop.guard("replicas_max: 5", scale="act")
    agent.grant()
    autoscalers = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers"
    shop.api.post(autoscalers, {
        "metadata": {"name": "of-scaled"},
        "spec": {"minReplicas": FEW, "maxReplicas": 9, "scaleTargetRef": {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": shop.name}}})
    state, follow = shop.be_slow_with_few()
    status, told = agent.doctor()
    assert "the HorizontalPodAutoscaler of-scaled scales" in told, told
    with agent:
        learn(shop, agent)
        state["is_busy"] = True
        assert while_following("it is over", lambda: closed(agent), follow) == "escalated", (
            agent.story("i-1"))
        assert "of-scaled" in agent.story("i-1"), agent.story("i-1")
        assert shop.replicas() == FEW
    shop.api.delete(f"{autoscalers}/of-scaled")
    shop.remove()


def a_deployment_that_is_paused_is_said_to_be(lab):
    shop = shop_of(lab, "paused")
    agent = shop.guard("replicas_max: 5", scale="act")
    agent.grant()
    with agent:
        for is_paused, said in ((True, "the Deployment is paused: its version"),
                                (False, "the Deployment is paused no more")):
            shop.api.patch(shop.deployment.path, {"spec": {"paused": is_paused}})
            wait_until(f"it says: {said}", lambda: said in agent.log.read_text(), 20)
            told = agent.doctor()[1]
            assert ("kubectl --namespace default rollout resume" in told) == is_paused, told
            told = agent.run("status")[1]
            assert ("PAUSED by somebody else" in told) == is_paused, told
            assert agent.ask("status")["rollout"]["is_paused"] == is_paused
        assert "does not answer" not in agent.log.read_text(), agent.log.read_text()
    shop.remove()


class RollingOut:
    """A shop whose new version answers errors to every second user who comes to it, and comes to
    one pod after another, no sooner than a pod has been ready for a minute."""

    def __init__(self, lab, name, autonomy, hold_for):
        self.shop = shop_of(lab, name)
        shop = self.shop
        shop.api.patch(shop.deployment.path, {"spec": {
            "minReadySeconds": 60, "strategy": {"rollingUpdate": {
                "maxSurge": 1, "maxUnavailable": 0}}}})
        self.agent = shop.guard()
        text = self.agent.config.read_text()
        assert " rollback: act }" in text and "hold_for: 3s" in text, text
        text = text.replace(" rollback: act }", f" {autonomy} }}")
        self.agent.config.write_text(text.replace("hold_for: 3s", f"hold_for: {hold_for}"))
        self.agent.grant()
        self.is_bad, self.is_out, self.asked = True, False, 0
        shop.traffic.answer = self.answer

    def answer(self, address):
        self.asked += address == self.shop.address
        is_ill = self.is_bad and self.is_out and address == self.shop.address
        return 0.002, 503 if is_ill and self.asked % 2 == 0 else 200

    def look(self):
        self.is_out = any(self.image_of(pod) == ILL_IMAGE for pod in self.shop.deployment.pods())

    def roll_out(self):
        self.agent.wait_proven()
        template = {"spec": {"containers": [{"name": "service", "image": ILL_IMAGE}]}}
        self.shop.api.patch(self.shop.deployment.path, {"spec": {"template": template}},
                            "strategic")
        while_following("it is paused", self.is_paused, self.look)
        seen = self.shop.deployment.read()
        assert seen["metadata"]["annotations"][MARK].endswith(" paused"), seen["metadata"]
        owners = [one["manager"] for one in seen["metadata"]["managedFields"]
                  if "f:paused" in one["fieldsV1"].get("f:spec", {})]
        assert owners == ["homeostat"], owners
        assert self.images() == {IMAGE, ILL_IMAGE}, self.images()
        wait_until("status says so", lambda: "PAUSED by us (i-1.e1)" in
                   self.agent.run("status")[1], 20)

    @staticmethod
    def image_of(pod):
        return pod["spec"]["containers"][0]["image"]

    def images(self):
        return {self.image_of(pod) for pod in self.shop.deployment.pods()}

    def is_paused(self):
        return self.shop.deployment.read()["spec"].get("paused", False)

    def is_over(self):
        return not self.agent.ask("status")["incidents"]

    def question(self):
        return next((one["question"]["id"] for one in self.agent.ask("status")["incidents"]
                     if one.get("question")), None)


def an_ill_rollout_is_paused_while_a_person_is_asked_and_its_rollback_ends_the_pause(lab):
    rolling = RollingOut(lab, "rolled", "rollback: ask, pause_rollout: act", "60s")
    with rolling.agent as agent:
        rolling.roll_out()
        question = wait_until("a person is asked", rolling.question, 30)
        assert rolling.is_paused(), agent.story("i-1")
        status, told, trouble = agent.run("approve", "i-1", "--question", question)
        assert status == 0, told + trouble
        while_following("it is over", rolling.is_over, rolling.look, 90)
        assert closed(agent) == "healed" and not rolling.is_paused(), agent.story("i-1")
        assert rolling.images() == {IMAGE}, rolling.images()
        mark = rolling.shop.deployment.read()["metadata"]["annotations"][MARK]
        assert not mark.endswith(("paused", "resumed")), mark
    rolling.shop.remove()


def what_is_not_well_stays_paused_and_a_person_is_told_and_what_is_well_again_goes_on(lab):
    """Half a minute of good answers lets it go on."""
    rolling = RollingOut(lab, "stood", "rollback: recommend, pause_rollout: act", "3s")
    with rolling.agent as agent:
        rolling.roll_out()
        wait_until("a person is told", lambda: "rollout resume deployment/stood" in
                   agent.story("i-1"), 40)
        assert rolling.is_paused() and not rolling.is_over(), agent.story("i-1")
        assert "paused by us" in agent.doctor()[1], agent.doctor()[1]
        rolling.is_bad = False
        wait_until("it goes on", lambda: not rolling.is_paused(), 120)
        wait_until("it is over", rolling.is_over, 60)
        mark = rolling.shop.deployment.read()["metadata"]["annotations"][MARK]
        assert mark.startswith("i-1.e2 ") and mark.endswith(" resumed"), mark
    rolling.shop.remove()


def tell_of_container(api, path, is_well, limit, condition=None):
    """What becomes of a pod's container, and the limit that it is held to."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    pod = api.get(path)
    status, = pod["status"]["containerStatuses"]
    status.update(ready=is_well, started=is_well,
                  resources={"limits": {"memory": limit}, "requests": {"memory": limit}},
                  state={"running": {"startedAt": now}} if is_well else
                  {"waiting": {"reason": "CrashLoopBackOff"}})
    if not is_well:
        status.update(restartCount=status["restartCount"] + 1, lastState={"terminated": {
            "exitCode": 137, "reason": "OOMKilled", "startedAt": now, "finishedAt": now}})
    pod["status"]["conditions"] = [
        {**one, "status": "True" if is_well else "False", "lastTransitionTime": now}
        for one in pod["status"]["conditions"] if not one["type"].startswith("PodResize")]
    if condition:
        pod["status"]["conditions"].append({
            "type": "PodResizePending", "status": "True", "reason": condition,
            "lastTransitionTime": now})
    api.ask("PUT", f"{path}/status", pod)


class Starved:
    """One pod of a shop whose container reaches its limit of memory, as the kubelet would tell."""

    def __init__(self, lab, name):
        self.shop = shop_of(lab, name, memory_mib=64)
        self.path = self.shop.deployment.core + "/pods/" + self.shop.deployment.pod_names()[0]
        self.agent = self.shop.guard("resize_max: { memory: 128Mi }")
        self.agent.allow("resize: act")
        for pod in self.shop.deployment.pods():
            self.tell(f"{self.shop.deployment.core}/pods/{pod['metadata']['name']}", True, "64Mi")

    def tell(self, path, is_well, limit, condition=None):
        tell_of_container(self.shop.api, path, is_well, limit, condition)

    def limit(self):
        return self.shop.api.get(self.path)["spec"]["containers"][0]["resources"]["limits"][
            "memory"]

    def ended(self):
        return wait_until("it is over", lambda: closed(self.agent), 60)


def a_pod_that_was_ended_for_its_memory_gets_more_of_it_where_it_stands(lab):
    starved = Starved(lab, "starved")
    starved.agent.grant()
    names = starved.shop.deployment.pod_names()
    template = starved.shop.deployment.read()["spec"]["template"]
    with starved.agent as agent:
        agent.wait_proven()
        starved.tell(starved.path, False, "64Mi")
        wait_until("it may have more", lambda: starved.limit() == "96Mi", 60)
        pod = starved.shop.api.get(starved.path)
        owners = [one["manager"] for one in pod["metadata"]["managedFields"]
                  if one.get("subresource") == "resize"]
        assert owners == [f"homeostat i-1.e1 from {64 << 20}"], owners
        assert pod["status"]["qosClass"] == "Burstable", pod["status"]  # As it was before.
        starved.tell(starved.path, True, "96Mi")
        assert starved.ended() == "healed", agent.story("i-1")
        assert starved.shop.deployment.pod_names() == names
        assert starved.shop.deployment.read()["spec"]["template"] == template
    starved.shop.remove()


def what_a_node_has_no_room_for_is_taken_back_and_a_person_is_told(lab):
    starved = Starved(lab, "crowded")
    starved.agent.grant()
    with starved.agent as agent:
        agent.wait_proven()
        starved.tell(starved.path, False, "64Mi")
        wait_until("it may have more", lambda: starved.limit() == "96Mi", 60)
        starved.tell(starved.path, False, "64Mi", "Infeasible")
        wait_until("it is taken back", lambda: starved.limit() == str(64 << 20) or
                   starved.limit() == "64Mi", 60)
        starved.tell(starved.path, False, "64Mi")
        assert starved.ended() == "escalated", agent.story("i-1")
        assert "no room for 96 MiB" in agent.story("i-1"), agent.story("i-1")
    starved.shop.remove()


def without_the_right_to_resize_a_pod_stays_as_it_is_and_doctor_names_it(lab):
    starved = Starved(lab, "unfed")
    grant_without(starved.agent, 'resources: ["pods/resize"]')
    status, told = starved.agent.doctor()
    assert status != 0 and "missing: patch pods/resize" in told, told
    with starved.agent as agent:
        agent.wait_proven()
        starved.tell(starved.path, False, "64Mi")
        assert starved.ended() == "escalated", agent.story("i-1")
        assert "403" in agent.story("i-1"), agent.story("i-1")
        assert starved.limit() == str(64 << 20) or starved.limit() == "64Mi", starved.limit()
    starved.shop.remove()


def without_a_right_just_that_is_not_done_and_doctor_names_it(lab):
    """Of each right of both: taken away, doctor says which, and the remedy that needs it is refused
    by the server's own words, while the other one is done."""
    for number, (right, missing, is_scale) in enumerate((
            ('resources: ["deployments/scale"]', "patch deployments/scale.apps", True),
            ('resources: ["horizontalpodautoscalers"]', "list horizontalpodautoscalers", True),
            ('-config"]\n  verbs: ["list", "watch", "patch"]', "patch configmaps", False))):
        shop = shop_of(lab, f"less-{number}")
        agent = shop.guard("replicas_max: 5", f"configs: [{shop.config}]", scale="act")
        grant_without(agent, right)
        status, told = agent.doctor()
        assert status != 0 and f"missing: {missing}" in told, told
        follow = shop.fail_by_configuration()
        with agent:
            agent.wait_proven()
            shop.edit(BAD)
            state = while_following("it is over", lambda: closed(agent), follow, 90)
            assert (state == "healed") == is_scale, agent.story("i-1")
            assert (shop.text() == GOOD) == is_scale
            if not is_scale:
                assert "403" in agent.story("i-1"), agent.story("i-1")
        if is_scale:
            check_not_scaled(shop, agent)
        shop.remove()


def check_not_scaled(shop, agent):
    state, follow = shop.be_slow_with_few()
    agent.directory.joinpath("ledger").rename(agent.directory / "ledger-before")
    with agent:
        learn(shop, agent)
        state["is_busy"] = True
        assert while_following("it is over", lambda: closed(agent), follow) == "escalated", (
            agent.story("i-1"))
        assert "403" in agent.story("i-1"), agent.story("i-1")
        assert shop.replicas() == FEW


def grant_without(agent, right):
    """The rule, or the verb of one, that has this text."""
    agent.grant()
    manifest = agent.directory / "rbac.yaml"
    rules = manifest.read_text()
    assert right in rules, rules
    if right.startswith("resources"):
        parts = rules.split("- apiGroups:")
        kept = [part for part in parts if right not in part]
        lost = next(part for part in parts if right in part)
        rules = "- apiGroups:".join(kept)
        if "---" in lost:  # The last rule: what follows the Role stays.
            rules += "---" + lost.split("---", 1)[1]
    else:
        rules = rules.replace(right, right.replace(', "patch"', ""))
    manifest.write_text(rules)
    agent.lab.kubectl("apply", "-f", manifest)


def main():
    with tempfile.TemporaryDirectory(prefix="remedies-") as folder, PlayedTraffic() as traffic:
        SHOPS.update(folder=folder, traffic=traffic)
        return run_each([
            an_edited_configuration_is_put_back_and_its_pods_stay,
            an_edit_that_nobody_could_see_is_put_back_once_the_server_answers,
            pods_that_read_it_when_they_start_are_replaced_one_after_another_and_no_others,
            a_slow_service_gets_one_more_pod_and_gives_it_back,
            an_autoscaler_is_yielded_to_and_a_person_is_told_why,
            a_deployment_that_is_paused_is_said_to_be,
            an_ill_rollout_is_paused_while_a_person_is_asked_and_its_rollback_ends_the_pause,
            what_is_not_well_stays_paused_and_a_person_is_told_and_what_is_well_again_goes_on,
            a_pod_that_was_ended_for_its_memory_gets_more_of_it_where_it_stands,
            what_a_node_has_no_room_for_is_taken_back_and_a_person_is_told,
            without_the_right_to_resize_a_pod_stays_as_it_is_and_doctor_names_it,
            without_a_right_just_that_is_not_done_and_doctor_names_it,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
