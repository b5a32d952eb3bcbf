#!/usr/bin/env python3
"""What was only watched is scored by what became of it: a person undoes a bad rollout, or the
errors go by themselves, and `homeostat autonomy` counts which.

    tests/kubernetes/shadow_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import sys
import tempfile
from pathlib import Path

from lab_cases import run_each

import remedies_test as shops
from deployment import wait_until
from guarding import MARK
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

COURSES = ("shadow_same", "shadow_otherwise", "shadow_alone", "shadow_undecided")


class Watched:
    """A shop of which an agent names remedies, and may do none."""

    def __init__(self, lab, name):
        self.lab, self.shop = lab, shops.shop_of(lab, name)
        self.agent = self.shop.guard()
        text = self.agent.config.read_text()
        assert shops.AUTONOMY in text, text
        self.agent.config.write_text(text.replace(shops.AUTONOMY,
                                                  shops.AUTONOMY.replace(": act", ": watch")))
        self.agent.grant()
        self.is_well_by_itself = False
        self.is_bad = False
        self.shop.traffic.answer = lambda address: (
            0.002, 503 if self.is_bad and address == self.shop.address else 200)

    def image(self):
        template = self.shop.deployment.read()["spec"]["template"]
        return template["spec"]["containers"][0]["image"]

    def follow(self):
        self.is_bad = self.image() == shops.ILL_IMAGE and not self.is_well_by_itself

    def roll_out(self):
        """Until it is known what would be done. Users get errors once it is over: while it is under
        way there are more pods than before and after it, and that is a change of the world."""
        self.agent.wait_proven()
        self.shop.api.patch(self.shop.deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": shops.ILL_IMAGE}]}}}}, "strategic")
        self.shop.deployment.wait_ready(shops.FEW)
        wait_until("the agent sees those alone", lambda: self.instances() == shops.FEW, 30)
        shops.while_following("a rollback is named, and its autonomy is in its way", lambda:
                              "OBJECTS   the autonomy of the remedy is ask or act" in
                              self.agent.story("i-1"), self.follow)

    def instances(self):
        return len((self.agent.ask("status") or {"instances": []})["instances"])

    def check_course(self, expected):
        """What of rollbacks was counted, once the incident is over."""
        state = shops.while_following("it is over", lambda: shops.closed(self.agent), self.follow,
                                      90)
        assert state == "passed", self.agent.story("i-1")
        rollback = next(one for one in self.agent.ask("autonomy")["remedies"]
                        if one["remedy"] == "rollback")
        counted = {course: rollback["evidence"][course] for course in COURSES}
        assert counted == dict.fromkeys(COURSES, 0) | {expected: 1}, counted

    def check_untouched(self):
        assert self.agent.story("i-1").count(" intent ") == 0, self.agent.story("i-1")
        assert MARK not in self.shop.deployment.read()["metadata"]["annotations"]


def what_a_person_does_as_it_was_named_counts_as_the_same(lab):
    watched = Watched(lab, "undone")
    with watched.agent:
        watched.roll_out()
        lab.kubectl("rollout", "undo", f"deployment/{watched.shop.name}")
        watched.check_course("shadow_same")
        assert watched.image() == shops.IMAGE
        watched.check_untouched()
    watched.shop.remove()


def what_nobody_did_anything_about_counts_as_gone_alone(lab):
    watched = Watched(lab, "alone")
    with watched.agent:
        watched.roll_out()
        watched.is_well_by_itself = True
        watched.check_course("shadow_alone")
        assert watched.image() == shops.ILL_IMAGE
        watched.check_untouched()
    watched.shop.remove()


def what_a_person_does_otherwise_counts_as_that(lab):
    """A version that is newer still, and well."""
    watched = Watched(lab, "otherwise")
    with watched.agent:
        watched.roll_out()
        watched.shop.api.patch(watched.shop.deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": "lab.local/service:v3"}]}}}}, "strategic")
        watched.check_course("shadow_otherwise")
        watched.check_untouched()
    watched.shop.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="shadow-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([what_a_person_does_as_it_was_named_counts_as_the_same,
                         what_nobody_did_anything_about_counts_as_gone_alone,
                         what_a_person_does_otherwise_counts_as_that],
                        QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
