#!/usr/bin/env python3
"""A task that is a Job: made of its template and of nothing else, tried by `remedy test`, and found
again by the successor of an agent that was killed.

    tests/kubernetes/jobs_test.py BIN    where lab/kubernetes/build.sh has built its programs

The Jobs' pods are played, and end as the test says; the rest of the control plane is real.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from lab_cases import ROOT, run_each

import remedies_test as shops
from deployment import wait_until
from field_policy_test import Account
from guarding import NAMESPACE
from played_traffic import PlayedTraffic
from quick_lab import QuickLab

CORE = f"/api/v1/namespaces/{NAMESPACE}"
BATCH = f"/apis/batch/v1/namespaces/{NAMESPACE}"
TEMPLATE, BACK = "rebuild", "rebuild-back"
LIKE_ITS_TEMPLATE = "a Job of this account runs what its template says, and nothing else"
OF_A_TEMPLATE = "this account makes Jobs of its tasks' templates, which are their owners"
RUNS_ONCE = "a Job of this account runs once, for two minutes at most, and is cleared away"
TASKS = """
tasks:
  - name: rebuild_index
    check: {{ command: [./is_well], every: 500ms, fails_max: 2 }}
    run: {{ job: {template}, timeout: {timeout} }}
    {back}destructive: false
    keeps_capacity: true
"""


def cron_job(name, **of_spec):
    return {"metadata": {"name": name}, "spec": {
        "schedule": "0 0 31 2 *", "suspend": True, "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": shops.IMAGE}]}}}}, **of_spec}}


class Indexed:
    """A Deployment whose index is well while a file is there; an agent; who plays Jobs' pods."""

    def __init__(self, lab, name, level="act", back="", timeout="60s"):
        self.lab, self.api = lab, lab.api
        self.shop = shops.shop_of(lab, name)
        self.agent = self.shop.guard()
        self.folder = self.agent.directory
        text = self.agent.config.read_text()
        assert shops.AUTONOMY in text, text
        self.agent.config.write_text(text.replace(
            shops.AUTONOMY, f"autonomy: {{ tasks: {{ rebuild_index: {level} }} }}") + TASKS.format(
                template=TEMPLATE, back=back, timeout=timeout))
        self.program("is_well", 'test -e well')
        self.program("break", "rm -f well")
        self.well = self.folder / "well"
        self.well.touch()
        for template in (TEMPLATE, BACK):
            self.api.request("DELETE", f"{BATCH}/cronjobs/{template}")
            self.api.post(f"{BATCH}/cronjobs", cron_job(template))
        self.agent.grant()

    def program(self, name, script):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def jobs(self):
        selector = f"labelSelector=homeostat.dev%2Fservice%3D{self.shop.name}"
        return self.api.get(f"{BATCH}/jobs?{selector}")["items"]

    def pods(self):
        names = {job["metadata"]["name"] for job in self.jobs()}
        return [pod for pod in self.api.get(f"{CORE}/pods")["items"]
                if pod["metadata"]["labels"].get("batch.kubernetes.io/job-name") in names]

    def looks(self):
        """How often the server was asked for Jobs by the agent."""
        with open(self.lab.audit_log, encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines if line.endswith("\n")]
        return sum(entry["user"]["username"].endswith(f":{self.agent.account}") and
                   entry["verb"] == "list" and
                   entry.get("objectRef", {}).get("resource") == "jobs" for entry in entries)

    def end(self, phase, do=lambda job: None):
        """As a kubelet tells of a pod that has ended, of each that runs. Gives how many did."""
        count = 0
        for pod in self.pods():
            if pod["status"].get("phase") != "Running":
                continue
            do(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"])
            state = {"exitCode": 0 if phase == "Succeeded" else 1, "reason": "Played"}
            self.api.patch(f"{CORE}/pods/{pod['metadata']['name']}/status", {"status": {
                "phase": phase, "containerStatuses": [
                    pod["status"]["containerStatuses"][0] | {
                        "ready": False, "state": {"terminated": state}}]}})
            count += 1
        return count

    def mend(self, job):
        """What each Job does: one that takes back what the other did removes it again."""
        if job.startswith(BACK):
            self.well.unlink(missing_ok=True)
        else:
            self.well.touch()

    def test(self, *words):
        """`remedy test` with the agent's own rights, while the Jobs' pods end as they should."""
        is_over = threading.Event()

        def play():
            while not is_over.is_set():
                self.end("Succeeded", self.mend)
                time.sleep(0.2)
        player = threading.Thread(target=play)
        player.start()
        try:
            return self.agent.run("remedy", "test", "rebuild_index", "--yes", "--break",
                                  self.folder / "break", *words)
        finally:
            is_over.set()
            player.join()

    def remove(self):
        for job in self.jobs():
            self.api.delete(f"{BATCH}/jobs/{job['metadata']['name']}"
                            "?propagationPolicy=Background")
        self.shop.remove()


def a_task_is_tried_by_real_jobs_with_just_the_rights_that_are_printed(lab):
    one = Indexed(lab, "tried", back=f"take_back: {{ job: {BACK} }}\n    ")
    status, text, told = one.test()
    assert status == 0 and "proven" in text, (text, told)
    # Run, taken back, and run once more to end well.
    jobs = one.jobs()
    names = sorted(job["metadata"]["name"] for job in jobs)
    assert len(jobs) == 3 and sum(name.startswith(f"{BACK}-") for name in names) == 1, names
    for job in jobs:
        assert job["spec"]["backoffLimit"] == 0, job
        assert job["spec"]["activeDeadlineSeconds"] in (60, 30), job
        assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob", job
        assert job["metadata"]["annotations"]["homeostat.dev/effect"].startswith("tried/test."), job
    status, text = one.agent.doctor()
    assert "what it names is there, and it is proven" in text, text
    one.remove()


def the_example_is_what_the_program_takes_and_the_server_too(lab):
    example = ROOT / "examples/job_task"
    done = subprocess.run([shops.PROGRAMS / "homeostat", "validate", "--config",
                           example / "homeostat.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lab.kubectl("create", "namespace", "shop")
    lab.kubectl("apply", "--filename", example / "template.yaml")
    said = lab.kubectl("-n", "shop", "get", "cronjob", "rebuild-index", "--output", "json")
    spec = json.loads(said)["spec"]
    assert spec["suspend"] is True, spec
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"] == "Never", spec


def what_is_no_template_is_told_of_and_no_job_is_made_of_it(lab):
    one = Indexed(lab, "unfit")
    for change, because in (({"suspend": False}, "suspend"),
                            ({"jobTemplate": {"spec": {"template": {"spec": {
                                "restartPolicy": "OnFailure"}}}}}, "restartPolicy")):
        one.api.patch(f"{BATCH}/cronjobs/{TEMPLATE}", {"spec": change})
        one.well.touch()
        status, text, told = one.test()
        assert status == 1 and because in text, (text, told)
        assert because in one.agent.doctor()[1], one.agent.doctor()
        one.api.patch(f"{BATCH}/cronjobs/{TEMPLATE}", {"spec": cron_job(TEMPLATE)["spec"]})
    one.api.delete(f"{BATCH}/cronjobs/{TEMPLATE}")
    one.well.touch()
    status, text, told = one.test()
    assert status == 1 and "not found" in text, (text, told)
    assert not one.jobs(), one.jobs()
    one.remove()


def an_agent_that_is_killed_while_its_job_runs_waits_for_that_one_and_makes_no_other(lab):
    one = Indexed(lab, "killed")
    assert one.test()[0] == 0
    for job in one.jobs():
        one.api.delete(f"{BATCH}/jobs/{job['metadata']['name']}?propagationPolicy=Background")
    wait_until("they are gone", lambda: not one.jobs(), 20)
    with one.agent as agent:
        one.well.unlink()
        wait_until("its Job runs", lambda: any(
            pod["status"].get("phase") == "Running" for pod in one.pods()), 60)
        agent.kill()
        agent.start()
        looks = one.looks()
        # It looks again and again, and leaves it alone.
        wait_until("it has looked", lambda: one.looks() >= looks + 3, 60)
        assert len(one.jobs()) == 1 and agent.incidents()[0]["state"] not in (
            "healed", "escalated"), agent.story("i-1")
        assert one.end("Succeeded", one.mend) == 1
        agent.wait_healed()
        story = agent.story("i-1")
        assert len(one.jobs()) == 1, story
        job, = one.jobs()
        assert job["metadata"]["annotations"]["homeostat.dev/effect"] == "killed/i-1.e1", job
    one.remove()


def a_job_that_fails_is_not_made_again(lab):
    one = Indexed(lab, "failing")
    assert one.test()[0] == 0
    made = len(one.jobs())
    with one.agent as agent:
        one.well.unlink()
        wait_until("its Job has failed", lambda: one.end("Failed"), 60)
        wait_until("a person is called", lambda: [
            each for each in agent.incidents() if each["state"] == "escalated"], 90)
        story = agent.story("i-1")
        assert "what became of rebuild_index is not known" in story, story
        assert len(one.jobs()) == made + 1, story
    one.remove()


def policy_of(folder, account):
    """As the program prints it of a configuration with two templates."""
    file = Path(folder) / "policed.yaml"
    file.write_text(f"""service: policed
runtime: {{ kubernetes: {{ namespace: {NAMESPACE}, deployment: policed }} }}
signals: [ {{ http: {{ path: / }} }} ]
""" + TASKS.format(template=TEMPLATE, back=f"take_back: {{ job: {BACK} }}\n    ", timeout="60s"))
    return subprocess.run([shops.PROGRAMS / "homeostat", "rbac", "--policy", "--config", file,
                           "--account", account], capture_output=True, text=True,
                          check=True).stdout


def job_of(template, uid, name=f"{TEMPLATE}-0123456789", spec=None, **pod):
    """A request that makes one as the agent does, but for what is said."""
    of_pods = template["spec"]["jobTemplate"]["spec"]["template"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": TEMPLATE, "uid": uid}
    return "POST", f"{BATCH}/jobs", {
        "metadata": {"name": name, "ownerReferences": [owner] if uid else [],
                     "labels": {"homeostat.dev/service": "s", "homeostat.dev/task": "t"}},
        "spec": {"backoffLimit": 0, "activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 86400,
                 "template": {**of_pods, "spec": {**of_pods["spec"], **pod}}, **(spec or {})}}


def whoever_holds_the_token_makes_jobs_of_the_templates_and_no_others(lab):
    for template in (TEMPLATE, BACK):
        lab.api.request("DELETE", f"{BATCH}/cronjobs/{template}")
        lab.api.post(f"{BATCH}/cronjobs", cron_job(template))
    policies = lab.directory / "policies.yaml"
    policies.write_text(policy_of(lab.directory, "holder"))
    lab.kubectl("apply", "--filename", policies)
    holder = Account(lab, NAMESPACE, "holder")  # By its rights it may do everything.
    template = lab.api.get(f"{BATCH}/cronjobs/{TEMPLATE}")
    uid = template["metadata"]["uid"]

    def job(**other):
        return job_of(template, **{"uid": uid, **other})
    wait_until("the policy is in force", lambda: holder.tries(*job(uid=None))[0] == 422, 30)
    wait_until("it knows the template", lambda: holder.tries(*job())[0] < 300, 30)
    wait_until("and compares", lambda: holder.tries(*job(hostNetwork=True))[0] == 422, 30)
    holder.admits(*job())
    anothers = {"app": "another"}
    pods = template["spec"]["jobTemplate"]["spec"]["template"]
    for pod in ({"serviceAccountName": "default-admin"}, {"hostNetwork": True},
                {"containers": [{"name": "main", "image": "lab.local/other:v1"}]},
                {"spec": {"parallelism": 50, "completions": 50}}, {"uid": "1-2-3"}):
        holder.refuses(LIKE_ITS_TEMPLATE, *job(**pod))
    for spec in ({"backoffLimit": 3}, {"activeDeadlineSeconds": 3600},
                 {"ttlSecondsAfterFinished": None},
                 {"podFailurePolicy": {"rules": []}},
                 {"manualSelector": True, "selector": {"matchLabels": anothers},
                  "template": {**pods, "metadata": {"labels": anothers}}}):
        holder.refuses(RUNS_ONCE, *job(spec=spec))
    holder.refuses(OF_A_TEMPLATE, *job(uid=None))
    holder.refuses("and little else", *job(name="another-0123456789"))
    unlabelled = job()
    unlabelled[2]["metadata"]["labels"] = {}
    holder.refuses(OF_A_TEMPLATE, *unlabelled)
    # Nor does it change a template, or start pods by other means.
    holder.refuses("and little else", "PATCH", f"{BATCH}/cronjobs/{TEMPLATE}",
                   {"spec": {"suspend": False}}, "merge")
    holder.refuses("and little else", "POST", f"{CORE}/pods",
                   {"metadata": {"name": "a"}, "spec": pods["spec"]})
    lab.api.delete(f"{BATCH}/cronjobs/{BACK}")
    wait_until("without a template nothing is made",
               lambda: holder.tries(*job())[0] >= 400, 30)


def main():
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([
            a_task_is_tried_by_real_jobs_with_just_the_rights_that_are_printed,
            the_example_is_what_the_program_takes_and_the_server_too,
            what_is_no_template_is_told_of_and_no_job_is_made_of_it,
            an_agent_that_is_killed_while_its_job_runs_waits_for_that_one_and_makes_no_other,
            a_job_that_fails_is_not_made_again,
            whoever_holds_the_token_makes_jobs_of_the_templates_and_no_others,
        ], QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
