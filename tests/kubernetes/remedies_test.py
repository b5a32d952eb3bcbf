#!/usr/bin/env python3
"""What an agent does to a Deployment beside restarts: one that is slow grows and shrinks again, a
ConfigMap that was edited gets back what it held. And without a right just that is not done.

    tests/kubernetes/remedies_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

import cluster
from deployment import Deployment, wait_until
from guarding import MARK, NAMESPACE, Guarding
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

PROGRAMS = Path(sys.argv[1]).resolve()
IMAGE = "lab.local/service:v1"
GOOD, BAD = "pool: 20\n", "pool: 0\n"
FEW, MANY = 3, 4
AUTONOMY = "autonomy: { restart: act, rolling_restart: act, rollback: act }"
cluster.SERVICE_RANGE = "127.96.0.0/24"  # Where this process may answer.


class Shop:
    """A Deployment of three pods, the ConfigMap that they read, and who answers for them."""

    def __init__(self, lab, folder, name, traffic):
        self.lab, self.api, self.name, self.traffic = lab, lab.api, name, traffic
        self.folder = Path(folder)
        self.maps = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
        self.deployment = Deployment(lab, name)
        self.deployment.apply(IMAGE, replicas=FEW)
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


def shop_of(lab, name):
    return Shop(lab, SHOPS["folder"], name, SHOPS["traffic"])


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
        assert "does not answer" not in agent.log.read_text(), agent.log.read_text()
    shop.remove()


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
            pods_that_read_it_when_they_start_are_replaced_one_after_another_and_no_others,
            a_slow_service_gets_one_more_pod_and_gives_it_back,
            an_autoscaler_is_yielded_to_and_a_person_is_told_why,
            a_deployment_that_is_paused_is_said_to_be,
            without_a_right_just_that_is_not_done_and_doctor_names_it,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
