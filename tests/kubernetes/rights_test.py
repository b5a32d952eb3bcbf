#!/usr/bin/env python3
"""Each right that `homeostat rbac` prints: without it just what needs it is refused or not seen,
`doctor` names it and the rule to add, and nothing else suffers. And what the account may beyond
them is what every account may.

    tests/kubernetes/rights_test.py BIN    where lab/kubernetes/build.sh has built its programs

Nothing is picked by hand: rows are read from what is printed, and what a row is for by which key
of the configuration it goes with. A row that no case here is for fails.

Pods and Services are played: times say nothing of healing.
"""

import concurrent.futures
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from lab_cases import ROOT, run_each

sys.path.append(str(ROOT / "bench/kubernetes"))

import remedies_test as shops  # noqa: E402
import deployment  # noqa: E402
from api import Api, Connection  # noqa: E402
from deployment import wait_until  # noqa: E402
from guarding import MARK, NAMESPACE  # noqa: E402
from played_traffic import PartOfTraffic, PlayedTraffic  # noqa: E402
from quick_lab import QuickLab  # noqa: E402

INCIDENTS = ROOT / "deploy/kustomize/crd/incidents.yaml"
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
EVENTS = f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"
OBJECTS = f"/apis/homeostat.dev/v1alpha1/namespaces/{NAMESPACE}/incidents"
AT_ONCE = 5  # Agents; each has three pods, of 64 addresses at which somebody answers.
deployment.LOOK_EVERY = 0.5
FORBIDDEN = re.compile(r'cannot (\S+) resource "([^"]+)" in API group "([^"]*)"')


class Row(NamedTuple):
    """One verb of one resource, of one name or of any."""
    group: str
    resource: str
    name: str
    verb: str

    def told(self):
        """As doctor says it."""
        return (f"{self.verb} {self.resource}{self.group and '.' + self.group}"
                f"{self.name and ' ' + self.name}")

    def what(self):
        return self.verb, self.resource, self.group

    def refusal(self):
        """As the API server says it."""
        return f'cannot {self.verb} resource "{self.resource}" in API group "{self.group}"'


def rows_of(yaml):
    """Of the Role that is printed."""
    rows = []
    for rule in yaml.split("- apiGroups: ")[1:]:
        lists = {key: json.loads(value) for key, value in re.findall(
            r"^  (resources|resourceNames|verbs): (\[.*\])$", rule, re.MULTILINE)}
        group, = json.loads(rule.splitlines()[0])
        resource, = lists["resources"]
        rows += [Row(group, resource, name, verb) for name in lists.get("resourceNames", [""])
                 for verb in lists["verbs"]]
    return rows


class Case:
    """A shop of its own and an agent that lacks one right, or none."""

    def __init__(self, lab, name):
        self.lab, self.api, self.name = lab, lab.api, name
        self.part = PartOfTraffic(shops.SHOPS["traffic"])
        self.shop = shops.Shop(lab, shops.SHOPS["folder"], name, self.part, memory_mib=64)
        self.lead = f"{name}-lead"
        self.lines = {
            "replicas_max": "replicas_max: 5", "configs": f"configs: [{self.shop.config}]",
            "resize_max": "resize_max: { memory: 128Mi }", "switch": f"switch: {name}-stop",
            "lease": f"lease: {self.lead}", "events": "events: true",
            "incidents": "incidents: true\n    incidents_kept: 1"}
        self.agent = self.shop.guard(*self.lines.values())
        self.agent.be_patient("3s")  # With so many at once nobody answers at once.
        self.config = self.agent.config.read_text().replace(
            shops.AUTONOMY, "autonomy: { restart: act, rollback: act, scale: act, resize: act }")
        assert "resize: act" in self.config, self.config
        self.agent.config.write_text(self.config)
        self.rules = self.printed()
        self.rows = rows_of(self.rules)
        self.refused, self.audit_read = set(), 0
        self.looks = []  # Called again and again while the agent runs.

    def printed(self, *words):
        status, rules, trouble = self.agent.run("rbac", "--account", self.agent.account, *words)
        assert status == 0, trouble
        return rules

    def keys_of(self):
        """Which keys of the configuration each row goes with, as what is printed without them says;
        none: it is there with any."""
        without = {key: f"    {line}\n" for key, line in self.lines.items()
                   if not key.endswith("_max")}  # A remedy that has none is refused.
        without |= {key: f"{key}: act" for key in ("restart", "rollback", "scale", "resize")}
        without["service"] = next(line + "\n" for line in self.config.splitlines()
                                  if line.startswith("    service: "))
        keys = {row: set() for row in self.rows}
        for key, text in without.items():
            assert self.config.count(text) == 1, (key, text)
            replacement = f"{key}: watch" if text.endswith("act") else ""
            self.agent.config.write_text(self.config.replace(text, replacement))
            left = set(rows_of(self.printed()))
            for row in set(self.rows) - left:
                keys[row].add(key)
        self.agent.config.write_text(self.config)
        return {row: frozenset(of) for row, of in keys.items()}

    # --- its rights ------------------------------------------------------------------------------
    def grant(self, rows):
        account = self.agent.account
        self.api.post(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
                      {"metadata": {"name": account}})
        self.api.post(f"{RBAC}/roles", {"metadata": {"name": account}, "rules": self.rule_of(rows)})
        self.api.post(f"{RBAC}/rolebindings", {
            "metadata": {"name": account},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]})
        self.lab.write_kubeconfig(account, self.lab.token_of(NAMESPACE, account))

    def grant_all(self):
        """While it runs."""
        self.api.patch(f"{RBAC}/roles/{self.agent.account}", {"rules": self.rule_of(self.rows)})

    @staticmethod
    def rule_of(rows):
        return [{"apiGroups": [row.group], "resources": [row.resource], "verbs": [row.verb]} |
                ({"resourceNames": [row.name]} if row.name else {}) for row in rows]

    def check_doctor(self, missing):
        """That it names just that one, and a Role that has all."""
        status, told = self.agent.doctor()
        if not missing:
            assert f"all {len(self.rows)} that are needed" in told, told
            return
        assert status == 1, told
        names, rules = told.split("missing: ")[1].split(" — ", 1)
        assert set(names.split(", ")) == {missing.told()}, told
        assert set(rows_of(rules)) == set(self.rows), told

    def forbidden(self):
        """What the server has refused the agent since it was started, by the server's own words.
        Each line is read once: reading all of them takes the time in which pods have to answer."""
        user = f':{self.agent.account}"'.encode()
        with open(self.lab.audit_log, "rb") as lines:
            lines.seek(self.audit_read)
            for line in lines:
                if not line.endswith(b"\n"):  # Half of it is there.
                    break
                self.audit_read += len(line)
                entry = json.loads(line) if user in line else {}
                if entry.get("responseStatus", {}).get("code") == 403:
                    self.refused.update(FORBIDDEN.findall(entry["responseStatus"]["message"]))
        return self.refused

    # --- its agent -------------------------------------------------------------------------------
    def start(self):
        self.forbidden()
        self.refused.clear()  # What doctor has tried.
        with self.agent.log.open("a") as log:
            self.agent.process = subprocess.Popen(
                [self.agent.program, "agent", "--config", self.agent.config],
                cwd=self.agent.directory, stdout=log, stderr=subprocess.STDOUT)
        threading.Thread(target=self.keep_looking, daemon=True).start()

    def start_and_see(self):
        self.start()
        wait_until("the agent sees pods", self.agent.sees_pods, 60)
        self.agent.wait_proven(60)
        wait_until("all of them answer", lambda: sum(
            one["is_answering"] for one in self.status()["instances"]) == shops.FEW, 60)

    def keep_looking(self):
        """What users meet follows from what is in the cluster."""
        while not self.is_over():
            for look in list(self.looks):
                with contextlib.suppress(OSError):  # A busy server; the next look asks again.
                    look()
            time.sleep(0.3)

    def is_over(self):
        return self.agent.process.poll() is not None

    def said(self):
        return self.agent.log.read_text() + self.agent.run("status")[1]

    def wait_told(self, row):
        wait_until(f"it says that it {row.refusal()}",
                   lambda: row.refusal() in self.said(), 60)

    # --- what breaks, and what shows that it is mended -------------------------------------------
    def end_of(self, remedy):
        """Breaks what it is for while nothing else is in hand. Gives (whether it was done, state,
        story) once the incident of that is over; what a busy machine makes look ill besides is none
        of it."""
        wait_until("nothing is in hand", lambda: self.status()["incidents"] == [], 60)
        before = {one["incident"] for one in self.agent.incidents()}
        symptom = {"restart": lambda: f"instance_not_answering on {self.first_pod()}",
                   "resize": lambda: f"instance_down on {self.first_pod()}",
                   "scale": lambda: f"latency on {self.name}"}.get(
                       remedy, lambda: f"errors on {self.name}")()
        is_done = getattr(self, f"break_for_{remedy}")()

        def look():
            return next((one for one in self.agent.incidents()
                         if one["incident"] not in before and one["symptom"] == symptom and
                         one["state"] in ("healed", "escalated", "passed", "by_person")), None)
        one = wait_until(f"{symptom} is over", look, 120)
        return is_done(), one["state"], self.agent.story(one["incident"])

    def first_pod(self):
        """The instance that it is, as the agent says."""
        uid = self.shop.deployment.pods()[0]["metadata"]["uid"]
        return next(one["instance"] for one in self.status()["instances"] if one["pod"] == uid)

    def status(self):
        return wait_until("it says how it is", lambda: self.agent.ask("status"), 30)

    def heal_by(self, remedy):
        """What is not missing is done. Gives the incident's story."""
        is_done, state, told = self.end_of(remedy)
        assert state == "healed" and is_done, told
        return told

    def not_heal_by(self, remedy):
        """What is missing is not done. Gives the incident's story."""
        is_done, state, told = self.end_of(remedy)
        assert state == "escalated" and not is_done, told
        return told

    def break_for_restart(self):
        """One pod answers nobody well, until there is another in its place."""
        pod = self.shop.deployment.pods()[0]
        address, uid = pod["status"]["podIP"], pod["metadata"]["uid"]

        def is_gone():
            return uid not in {one["metadata"]["uid"] for one in self.shop.deployment.pods()}

        def look():
            if is_gone():
                self.part.sick.pop(address, None)
                self.looks.remove(look)
        self.part.sick[address] = (0.002, 503)
        self.looks.append(look)
        return is_gone

    def fail_while(self, is_bad):
        state = {"is_bad": False}
        self.looks.append(lambda: state.update(is_bad=is_bad()))
        self.part.answer = lambda address: (0.002, 503 if state["is_bad"] else 200)

    def image(self):
        return self.shop.deployment.read()["spec"]["template"]["spec"]["containers"][0]["image"]

    def break_for_rollback(self):
        """Users get errors of the new version."""
        self.fail_while(lambda: self.image() != shops.IMAGE)
        self.api.patch(self.shop.deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": shops.ILL_IMAGE}]}}}}, "strategic")
        return lambda: self.image() == shops.IMAGE

    def break_for_revert(self):
        """Users get errors by what the ConfigMap says."""
        self.fail_while(lambda: self.shop.text() == shops.BAD)
        self.shop.edit(shops.BAD)
        return lambda: self.shop.text() == shops.GOOD

    def break_for_scale(self):
        """Too much is asked of three, and four can do it."""
        state, follow = self.shop.be_slow_with_few()
        self.looks.append(follow)
        shops.learn(self.shop, self.agent)
        state["is_busy"] = True
        return lambda: self.shop.replicas() == shops.MANY

    def break_for_resize(self):
        """A pod's container is ended for its memory, and its kubelet gives it what it may have."""
        names = self.shop.deployment.pod_names()
        path = f"{self.shop.deployment.core}/pods/{names[0]}"
        shops.tell_of_container(self.api, path, True, "64Mi")

        def limit():
            return self.api.get(path)["spec"]["containers"][0]["resources"]["limits"]["memory"]

        def look():
            if limit() == "96Mi":
                shops.tell_of_container(self.api, path, True, "96Mi")
                self.looks.remove(look)
        self.looks.append(look)
        shops.tell_of_container(self.api, path, False, "64Mi")
        return lambda: limit() == "96Mi"

    def untouched(self):
        """What an effect would have changed."""
        seen = self.shop.deployment.read()
        return (seen["metadata"]["generation"], seen["metadata"]["annotations"].get(MARK),
                self.shop.text(), self.shop.deployment.pod_names())

    # --- its end ---------------------------------------------------------------------------------
    def tell_troubles(self, row):
        print(f"--- without {row.told()}: the server refused {self.forbidden()}", flush=True)
        self.agent.tell_troubles()

    def remove(self):
        if self.agent.process:
            self.agent.stop()
        self.shop.remove()


def serve_incidents(lab):
    lab.kubectl("apply", "-f", INCIDENTS)
    wait_until("incidents are served", lambda: lab.api.answers(OBJECTS), 30)


# --- what a row is for, by the keys that it goes with --------------------------------------------
def sense(case, row):
    """The agent says what it is blind for, or that it cannot begin; and does nothing."""
    before = case.untouched()
    case.start()
    if row.resource == "endpointslices":  # That a quick lab has none is all that is said of them.
        wait_until("the server has refused it", case.forbidden, 60)
    else:
        case.wait_told(row)
    assert case.untouched() == before, case.said()


def leave_to_act(case, row):
    """Nothing is done, and what the agent waits for is all that it waits for."""
    case.start_and_see()
    is_done = case.break_for_rollback()
    generation = case.shop.deployment.read()["metadata"]["generation"]
    wait_until("an incident is open", case.agent.incidents, 60)
    case.wait_told(row)
    assert "SUSPENDED" in case.said(), case.said()
    assert case.shop.deployment.read()["metadata"]["generation"] == generation
    case.grant_all()
    wait_until("what was waited for is done", is_done, 120)


def end_of_a_pod(case, row):
    """A pod is evicted, and that it went is not seen by the eviction, but from the world."""
    case.start_and_see()
    told = case.heal_by("restart")
    assert "done, as the world was found" in told, told


def configuration(case, row):
    """An edit is not seen, and so not put back."""
    case.start_and_see()
    case.wait_told(row)
    case.heal_by("restart")
    case.not_heal_by("revert")


def remedy(name, another="restart"):
    def try_it(case, row):
        case.start_and_see()
        case.heal_by(another)
        told = case.not_heal_by(name)
        assert row.refusal() in told, told
    return try_it


def news(case, row):
    """All is healed, and less is told of it in the cluster."""
    case.start_and_see()
    case.heal_by("restart")
    case.heal_by("rollback")
    wait_until("the server has refused it", case.forbidden, 30)

    def told():
        """Ends that Events tell of, Incident objects, and those of them that say they are over."""
        events = [one for one in case.api.get(EVENTS)["items"] if one["reason"] ==
                  "IncidentClosed" and one["regarding"]["name"] == case.name]
        objects = [one for one in case.api.get(OBJECTS)["items"]
                   if one["spec"]["deployment"] == case.name]
        states = [one.get("status", {}).get("state") for one in objects]
        return len(events), len(objects), states.count("healed")
    expected = NEWS[row.verb, row.resource]

    def is_so():
        every = len(case.agent.incidents())
        return all(want is None or have == (every if want == ALL else want)
                   for want, have in zip(expected, told()))
    try:
        wait_until("just that is not told", is_so, 30)
    except AssertionError:
        raise AssertionError(f"told {told()} of {case.agent.incidents()}, and not {expected}"
                             ) from None


# Of two incidents or more, of which the object of one is kept; None: as it comes. What fails is
# tried again before anything is cleared away.
ALL = -1
NEWS = {("create", "events"): (0, 1, 1), ("create", "incidents"): (ALL, 0, 0),
        ("patch", "incidents"): (ALL, 0, 0), ("patch", "incidents/status"): (ALL, ALL, 0),
        ("list", "incidents"): (ALL, ALL, None), ("delete", "incidents"): (ALL, ALL, None)}

CASES = {
    frozenset(): sense,
    frozenset({"service"}): sense,
    frozenset({"switch"}): leave_to_act,
    frozenset({"lease"}): leave_to_act,
    frozenset({"events"}): news,
    frozenset({"incidents"}): news,
    frozenset({"configs"}): configuration,
    frozenset({"rollback"}): remedy("rollback"),
    frozenset({"configs", "rollback"}): remedy("revert"),
    frozenset({"scale"}): remedy("scale"),
    frozenset({"resize"}): remedy("resize"),
    frozenset({"restart"}): remedy("restart", another="rollback"),
}


def case_of(row, keys):
    """What can be listed and not watched is listed again and again, and so seen late; it is said
    all the same."""
    assert keys in CASES, f"{row.told()} goes with {set(keys)}: no case here says what it is for"
    if row.verb == "watch":
        return sense
    return end_of_a_pod if row.what() == ("get", "pods", "") else CASES[keys]


def try_without(lab, number, row, try_it):
    """Gives what went wrong, as text; None: nothing."""
    case = Case(lab, f"less-{number}")
    own = case.rows[number]  # The same row, by this shop's names.
    assert own._replace(name="") == row._replace(name=""), (own, row)
    try:
        if own.what()[:2] != ("create", "leases"):
            case.api.post(LEASES, {"metadata": {"name": case.lead}, "spec": {}})
        case.grant([one for one in case.rows if one != own])
        case.check_doctor(own)
        try_it(case, own)
        assert case.forbidden() == {own.what()}, case.forbidden()
        return None
    except Exception:
        case.tell_troubles(own)
        return f"without {own.told()}: {traceback.format_exc()}"
    finally:
        case.remove()


def without_one_right_just_what_needs_it_is_not_done_and_doctor_names_it(lab):
    serve_incidents(lab)
    whole = Case(lab, "whole")
    keys = whole.keys_of()
    jobs = [(number, row, case_of(row, keys[row])) for number, row in enumerate(whole.rows)]
    whole.grant(whole.rows)
    whole.check_doctor(None)
    whole.remove()
    # What has to learn its ordinary day first takes longest.
    jobs.sort(key=lambda job: keys[job[1]] != frozenset({"scale"}))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        troubles = [text for text in pool.map(lambda job: try_without(lab, *job), jobs) if text]
    assert not troubles, "\n".join(troubles)
    print(f"    {len(jobs)} rights", flush=True)


# --- what the account may beyond them ------------------------------------------------------------
# Verbs that no list of resources names, and what they are looked for at: everything.
UNLISTED = ["*", "impersonate", "bind", "escalate", "approve", "sign", "attest", "use", "proxy"]
# (namespace, name): the agent's, another, none and so the whole cluster; "*" is no name.
ANYWHERE = [(NAMESPACE, ""), (NAMESPACE, "another"), ("kube-system", ""), ("", "")]
NOT_RESOURCES = ["/", "/metrics", "/logs", "/debug/pprof", "/configz", "/flagz", "/statusz",
                 "/api/v1/secrets", "*"]


class Reviewer:
    """Asks, as an account, what that may, over one connection for each thread."""

    def __init__(self, lab, account):
        self.api = api_of(lab, account)
        self.local = threading.local()

    def may(self, attributes):
        kind = "nonResourceAttributes" if "path" in attributes else "resourceAttributes"
        return self.ask({"spec": {kind: attributes}})["status"]["allowed"]

    def ask(self, body):
        if not hasattr(self.local, "connection"):
            self.local.connection = Connection(self.api.host, self.api.port, 30, self.api.tls,
                                               self.api.open_socket)
        self.local.connection.request(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json.dumps(body),
            {**self.api.headers, "Content-Type": "application/json"})
        answer = self.local.connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text
        return json.loads(text)

    def allowed(self, questions):
        """Those that are answered with yes."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = pool.map(lambda one: self.may(dict(one)), questions)
            return {one for one, is_allowed in zip(questions, answers) if is_allowed}


def api_of(lab, account):
    return Api(lab.directory / f"{account}.kubeconfig", lab.open_socket)


def resources_of(api):
    """(group, resource or resource/part, its verbs), as the server's discovery lists all."""
    groups = [("", "/api/v1")] + [
        (group["name"], f"/apis/{version['groupVersion']}")
        for group in api.get("/apis")["groups"] for version in group["versions"]]
    found = {}
    for group, path in groups:
        for one in api.get(path)["resources"]:
            found.setdefault((group, one["name"]), set()).update(one["verbs"])
    return [(group, name, sorted(verbs)) for (group, name), verbs in sorted(found.items())]


def question(row, namespace, name):
    resource, _, part = row.resource.partition("/")
    return tuple({"group": row.group, "resource": resource, "subresource": part, "verb": row.verb,
                  "namespace": namespace, "name": name}.items())


def questions_of(api, rows):
    """Everything that the server has, by every verb, at each of these places; and what was printed,
    by its names."""
    asked = set()
    for group, resource, verbs in resources_of(api):
        names = {row.name for row in rows if (row.group, row.resource) == (group, resource)}
        for verb in (*verbs, *UNLISTED):
            row = Row(group, resource, "", verb)
            places = ANYWHERE if verb in verbs else ANYWHERE[:1]
            asked.update(question(row, *place) for place in places)
            asked.update(question(row, NAMESPACE, name) for name in names)
    asked.update((("path", path), ("verb", verb))
                 for path in NOT_RESOURCES for verb in ("get", "post", "*"))
    return sorted(asked)


def granted(rows):
    """What these rows say, as answers to those questions. What has no name is given for any."""
    found = {question(row, NAMESPACE, row.name) for row in rows}
    return found | {question(row, NAMESPACE, "another") for row in rows if not row.name} | {
        question(row, NAMESPACE, other.name) for row in rows if not row.name for other in rows
        if (row.group, row.resource) == (other.group, other.resource)}


def what_is_printed_is_all_that_the_account_may_but_what_every_account_may(lab):
    serve_incidents(lab)
    case = Case(lab, "asked")
    everyone = "everyone"
    lab.api.post(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
                 {"metadata": {"name": everyone}})
    lab.write_kubeconfig(everyone, lab.token_of(NAMESPACE, everyone))
    case.agent.grant()  # As it is printed, by kubectl.
    rows = case.rows
    accounts = {case.agent.account: rows}
    reader = f"{case.agent.account}-reader"
    printed = case.agent.run("rbac", "--role", "agent", "--account", reader)[1]
    (case.agent.directory / "reader.yaml").write_text(printed)
    lab.kubectl("apply", "-f", case.agent.directory / "reader.yaml")
    lab.write_kubeconfig(reader, lab.token_of(NAMESPACE, reader))
    accounts[reader] = rows_of(printed)
    questions = questions_of(lab.api, rows)
    for account, its_rows in accounts.items():
        allowed = Reviewer(lab, account).allowed(questions)
        wanted = granted(its_rows)
        assert wanted <= allowed, wanted - allowed
        beyond = sorted(allowed - wanted)
        of_everyone = Reviewer(lab, everyone).allowed(beyond)
        assert of_everyone == set(beyond), set(beyond) - of_everyone
        for one in map(dict, beyond):  # They change nothing.
            is_about_itself = one.get("resource", "").startswith("selfsubject")
            assert is_about_itself or one["verb"] in ("get", "list", "watch"), one
        print(f"    {account}: {len(allowed)} of {len(questions)} allowed, {len(wanted)} of them "
              f"printed", flush=True)
    case.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="rights-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([what_is_printed_is_all_that_the_account_may_but_what_every_account_may,
                         without_one_right_just_what_needs_it_is_not_done_and_doctor_names_it],
                        QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
