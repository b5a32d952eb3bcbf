#!/usr/bin/env python3
"""A service is mended by a real Job: tried, run, outlived by it, and not run twice where it fails.

    tests/kubernetes/real_jobs_test.py BIN    as root, where lab/kubernetes/build.sh has built
"""

import subprocess
import sys

from lab_cases import ROOT, run_each

from deployment import Deployment, wait_until
from full_lab import FullLab
from guarded import PROGRAMS, V1
from guarding import NAMESPACE, Guarding

BATCH = f"/apis/batch/v1/namespaces/{NAMESPACE}"
AUTONOMY = "autonomy: { restart: act, rolling_restart: act, rollback: act }"
TASK = """
tasks:
  - name: mend_{name}
    check: {{ http: {{ url: "http://{address}:{port}/" }}, every: 500ms, fails_max: 2 }}
    run: {{ job: mend-{name}, timeout: 60s }}
    destructive: false
    keeps_capacity: true
"""


class Mended:
    """One pod that answers 500 after a fault, until somebody calls it: by a Job that does, or by
    one of `image` instead."""

    def __init__(self, lab, name, seconds=0, image=V1):
        self.lab, self.api, self.name = lab, lab.api, name
        self.shop = Deployment(lab, name)
        self.shop.apply(V1)
        self.shop.wait_ready(1)
        address, port = self.shop.address()
        container = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent"}
        if image == V1:
            container["command"] = ["/service", "call", f"{address}:{port}", "/fault/none",
                                    str(seconds)]
        self.template = {"metadata": {"name": f"mend-{name}"}, "spec": {
            "schedule": "0 0 31 2 *", "suspend": True,
            "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never", "automountServiceAccountToken": False,
                "dnsPolicy": "Default", "containers": [container]}}}}}}
        self.api.post(f"{BATCH}/cronjobs", self.template)
        self.agent = Guarding(lab, name, PROGRAMS, lab.directory / f"agent-{name}")
        self.agent.be_patient()
        text = self.agent.config.read_text()
        front = f"service: {{ name: {name}, port: 80, path: / }}"
        assert front in text and AUTONOMY in text, text
        # Only the task's own check sees this fault.
        text = text.replace(front, front.replace("path: /", "path: /healthz"))
        text = text.replace(AUTONOMY, f"autonomy: {{ tasks: {{ mend_{name}: act }} }}")
        self.agent.config.write_text(text + TASK.format(name=name, address=address, port=port))
        self.agent.grant()

    def fail(self):
        self.shop.fault(self.shop.ready_pods()[0], "fail")

    def jobs(self):
        selector = f"labelSelector=homeostat.dev%2Ftask%3Dmend_{self.name}"
        return self.api.get(f"{BATCH}/jobs?{selector}")["items"]

    def test(self):
        """Where the agent runs, by its rights."""
        done = subprocess.run(self.lab.inside([
            self.agent.program, "remedy", "test", f"mend_{self.name}", "--yes", "--config",
            self.agent.config]), cwd=self.agent.directory, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def remove(self):
        self.shop.remove()
        self.api.delete(f"{BATCH}/cronjobs/mend-{self.name}")


def a_service_is_mended_by_a_job_that_was_tried_before(lab):
    one = Mended(lab, "tried")
    one.fail()
    status, text = one.test()
    assert status == 0 and "proven" in text, text
    assert one.shop.ask(one.shop.ready_pods()[0], "/")[0] == 200
    assert len(one.jobs()) == 1
    with one.agent as agent:
        one.fail()
        incident = agent.wait_healed()
        assert f"{incident}.e1" in agent.story(incident), agent.story(incident)
        effects = {job["metadata"]["annotations"]["homeostat.dev/effect"] for job in one.jobs()}
        assert f"tried/{incident}.e1" in effects and len(effects) == 2, effects
        assert one.shop.ask(one.shop.ready_pods()[0], "/")[0] == 200
    one.remove()


def a_job_outlives_its_agent_and_the_successor_waits_for_it(lab):
    one = Mended(lab, "outlived", seconds=12)
    one.fail()
    status, text = one.test()
    assert status == 0, text
    with one.agent as agent:
        one.fail()
        wait_until("its Job is made", lambda: len(one.jobs()) == 2, 60)
        agent.kill()
        agent.start()
        incident = agent.wait_healed()
        assert len(one.jobs()) == 2, agent.story(incident)
    one.remove()


def a_job_that_fails_has_a_person_called_and_is_not_made_again(lab):
    """Its proof is of a template that worked, which is the operator's word."""
    one = Mended(lab, "failing")
    one.fail()
    assert one.test()[0] == 0
    container = {"name": "main", "image": "lab.local/service:crash",
                 "imagePullPolicy": "IfNotPresent"}
    one.api.patch(f"{BATCH}/cronjobs/mend-failing", {"spec": {"jobTemplate": {"spec": {
        "template": {"spec": {"containers": [container]}}}}}}, "merge")
    with one.agent as agent:
        one.fail()
        wait_until("a person is called", lambda: [
            each for each in agent.incidents() if each["state"] == "escalated"], 90)
        assert len(one.jobs()) == 2, one.jobs()
        assert "what became of mend_failing is not known" in agent.story("i-1"), agent.story("i-1")
    one.remove()


def main():
    return run_each([
        a_service_is_mended_by_a_job_that_was_tried_before,
        a_job_outlives_its_agent_and_the_successor_waits_for_it,
        a_job_that_fails_has_a_person_called_and_is_not_made_again,
    ], FullLab(ROOT / "build/kubernetes/real-jobs-test"))


if __name__ == "__main__":
    sys.exit(main())
