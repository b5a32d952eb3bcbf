"""Analysis of a rollout, as Argo Rollouts and Flagger do it: what is new goes to a canary, one pod
beside the three of the old version behind the same Service, so a quarter of the requests; each
interval it is asked how many of them were well, and after too many bad answers to that the canary
goes.

A script of ours that follows their documented numbers; neither controller runs here. Both shift
more requests to what is good, step by step; what is bad never gets further than the first step.

SOURCE of the first numbers: Flagger's documentation (interval 60 s by default; its tutorials have
threshold 5 and a success rate of at least 99 %). Argo Rollouts' own example takes longer: 5 min,
and more than three of them.
"""

import threading
from dataclasses import dataclass

from deployment import Deployment


@dataclass(frozen=True)
class Numbers:
    interval_s: float
    failures_max: int  # So many looks in which too few requests were well, and it is taken back.
    well_share_min: float = 0.99


ANALYSES = {
    "analysis": Numbers(60, 5),
    "analysis_tuned": Numbers(5, 2),
}
SLACK_S = 60  # How long past the last look a run waits for its end.


class Canary:
    """Of one run. `begin` returns once it is applied; the looks go on beside the client."""

    def __init__(self, run, numbers):
        self.run, self.numbers = run, numbers
        self.deployment = Deployment(run.lab, f"{run.name}-canary", beside=run.shop.name)
        self.taken_back = threading.Event()
        self.is_over = threading.Event()
        self.settings = None
        self.looks = None

    @property
    def bound(self):
        return self.numbers.interval_s * self.numbers.failures_max + SLACK_S

    def begin(self, image, **more):
        self.settings = self.run.settings | more | {"image": image}
        self.deployment.apply(**(self.settings | {"replicas": 1}))
        self.looks = threading.Thread(target=self.look, daemon=True)
        self.looks.start()

    def look(self):
        failures, seen = 0, len(self.run.client.answers)
        while failures < self.numbers.failures_max:
            if self.is_over.wait(self.numbers.interval_s):
                return
            answers = self.run.client.answers[seen:]
            seen += len(answers)
            well = sum(status == 200 for _, status in answers)
            failures += bool(answers) and well < self.numbers.well_share_min * len(answers)
        self.deployment.apply(**(self.settings | {"replicas": 0}))
        self.taken_back.set()

    def is_taken_back(self):
        return self.taken_back.is_set()

    def end(self):
        self.is_over.set()
        if self.looks:
            self.looks.join()
            self.deployment.remove()
