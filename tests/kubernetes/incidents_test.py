#!/usr/bin/env python3
"""Incidents stand where people look: as objects of the cluster that kubectl lists, or it is said
why not; nothing of healing hangs on it.

    tests/kubernetes/incidents_test.py BIN        where lab/kubernetes/build.sh has built programs
"""

import contextlib
import http.server
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from lab_cases import ROOT, run_each

from api import Api
from deployment import Deployment, condition_of, wait_until
from processes import free_ports
from quick_lab import QuickLab

PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
CRD = ROOT / "deploy/kustomize/crd"
IMAGE = "lab.local/service:v1"
NAMESPACE = "default"
KIND = f"/apis/homeostat.dev/v1alpha1/namespaces/{NAMESPACE}/incidents"
CONFIG = """service: {name}
runtime:
  kubernetes:
    namespace: {namespace}
    deployment: {name}
    kubeconfig: {kubeconfig}
    port: {port}
    slots: 8
    incidents: true
    incidents_kept: 2
signals:
  - http: {{ path: /healthz, every: 200ms, timeout: 200ms }}
guard: {{ min_healthy: 1, proof_time: 1s, cool_down: 1s, attempts_max: 4 }}
autonomy: {{ restart: {restart} }}
oracle: rules
record: {{ ledger: ledger }}
control: {{ socket: homeostat.sock, switch: suspended, crash_loop_starts: 0 }}
"""


class Pods:
    """Answers at the addresses of played pods, which are of this machine, but for some."""

    def __init__(self, shop):
        self.shop, self.port = shop, free_ports(1)[0]
        # By address, the one that hangs there: another pod gets its address once it has gone.
        self.servers, self.hanging, self.is_over = {}, {}, threading.Event()

    def __enter__(self):
        self.serve()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def follow(self):
        while not self.is_over.wait(0.1):
            with contextlib.suppress(OSError):  # The API server may be away.
                self.serve()

    def serve(self):
        for pod in self.shop.pods():
            address = pod.get("status", {}).get("podIP")
            if self.hanging.get(address) not in (None, pod["metadata"]["uid"]):
                del self.hanging[address]
            if address and address not in self.servers:
                self.servers[address] = self.server_at(address)

    def server_at(self, address):
        pods = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if address in pods.hanging:
                    pods.is_over.wait(1)  # Longer than a probe waits.
                    return
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer((address, self.port), Answer)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def hang(self):
        """One of them."""
        pod = self.shop.ready_pods()[0]
        self.hanging[pod["status"]["podIP"]] = pod["metadata"]["uid"]


class Agent:
    def __init__(self, lab, name, port, directory, restart="act"):
        self.lab, self.name, self.directory = lab, name, directory
        self.account = f"homeostat-{name}"
        self.config, self.log = directory / f"{name}.yaml", directory / "agent.log"
        self.config.write_text(CONFIG.format(
            name=name, namespace=NAMESPACE, port=port, restart=restart,
            kubeconfig=lab.directory / f"{self.account}.kubeconfig"))
        self.process = None

    def run(self, *words):
        done = subprocess.run([PROGRAM, *words, "--config", self.config], cwd=self.directory,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def printed(self, *words):
        done = subprocess.run([PROGRAM, *words, "--account", self.account,
                               "--config", self.config],
                              check=True, capture_output=True, text=True)
        return done.stdout

    def grant(self, has_incidents=True):
        """The Role and the field policy that it asks for, or those of one without objects."""
        text = self.config.read_text()
        if not has_incidents:
            self.config.write_text(text.replace("    incidents: true\n", ""))
        for words in ((), ("--policy",)):
            file = self.directory / "rights.yaml"
            file.write_text(self.printed("rbac", *words))
            self.lab.kubectl("apply", "--filename", file)
        self.config.write_text(text)
        self.lab.write_kubeconfig(self.account, self.lab.token_of(NAMESPACE, self.account))

    def __enter__(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen([PROGRAM, "agent", "--config", self.config],
                                            cwd=self.directory, stdout=log,
                                            stderr=subprocess.STDOUT)
        wait_until("it sees pods that answer", self.sees_pods, 30)
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- the agent's log\n{self.log.read_text()[-3000:]}", flush=True)
            print(self.run("explain", "i-1")[1][-3000:], flush=True)
        self.process.terminate()
        assert self.process.wait(20) == 0

    def status(self):
        """Nothing while nobody answers."""
        status, told = self.run("status", "--json")
        return json.loads(told) if status == 0 else {}

    def sees_pods(self):
        assert self.process.poll() is None, self.log.read_text()
        return sum(one["is_answering"] for one in self.status().get("instances", [])) >= 2

    def incidents(self):
        status, told = self.run("incidents", "--json")
        return json.loads(told)["incidents"] if status == 0 and told.strip() else []

    def wait_state(self, states, number=1):
        def found():
            return next((one for one in self.incidents()
                         if one["incident"] == f"i-{number}" and one["state"] in states), None)
        return wait_until(f"incident {number} is {' or '.join(states)}", found, 60)

    def lines(self, text):
        return [line for line in self.log.read_text().splitlines() if text in line]

    def metric(self, name):
        page = subprocess.run(["curl", "--silent", "--unix-socket",
                               self.directory / "homeostat.sock", "http://localhost/metrics"],
                              check=True, capture_output=True, text=True).stdout
        return float(next(line.split()[-1] for line in page.splitlines()
                          if line.startswith(f"{name} ")))


@contextlib.contextmanager
def guarded(lab, name, restart="act", is_granted=True):
    shop = Deployment(lab, name)
    shop.apply(IMAGE, replicas=3)
    shop.wait_ready(3)
    with tempfile.TemporaryDirectory(prefix="incidents-") as folder, Pods(shop) as pods:
        agent = Agent(lab, name, pods.port, Path(folder), restart)
        agent.grant(is_granted)
        with agent:
            yield shop, pods, agent
    shop.remove()


def have_kind(lab):
    lab.kubectl("apply", "--kustomize", CRD)
    wait_until("the kind is served", lambda: lab.api.answers(KIND), 20)


def lose_kind(lab):
    lab.kubectl("delete", "customresourcedefinition", "incidents.homeostat.dev",
                "--ignore-not-found")
    wait_until("the kind is served no more", lambda: not lab.api.answers(KIND), 20)


def objects_of(lab, name):
    status, found = lab.api.request("GET", KIND)
    return {} if status != 200 else {
        one["spec"]["incident"]: one for one in found["items"] if one["spec"]["service"] == name}


def wait_object(lab, name, incident, state):
    def found():
        one = objects_of(lab, name).get(incident, {})
        return one if one.get("status", {}).get("state") == state else None
    return wait_until(f"{incident} of {name} is shown as {state}", found, 60)


def table(text):
    """The lines of a table as {column: text}; columns begin where their names do."""
    head, *lines = text.splitlines()
    names = head.split()
    begins = [*(head.index(name) for name in names), None]
    return [{name: line[begins[index]:begins[index + 1]].strip()
             for index, name in enumerate(names)} for line in lines]


# --- with the kind -------------------------------------------------------------------------------
def kubectl_shows_what_is_wrong_and_what_came_of_it(lab):
    have_kind(lab)
    with guarded(lab, "healing") as (shop, pods, agent):
        assert "incidents      the cluster serves" in agent.run("doctor")[1], agent.run("doctor")
        pods.hang()
        agent.wait_state(["healed"])
        shown = wait_object(lab, "healing", "i-1", "healed")
        name = shown["metadata"]["name"]
        line, = table(lab.kubectl("get", "incidents"))
        age = line.pop("AGE")
        assert line == {"NAME": name, "SERVICE": "healing", "STATE": "healed", "REMEDY": "restart",
                        "SYMPTOM": f"instance_not_answering on {shown_instance(shown)}"}, line
        assert age.endswith("s"), age
        assert name.startswith("healing-i-1-") and len(name) == len("healing-i-1-") + 12, name
        lab.kubectl("wait", "--for=condition=Healed", f"incident/{name}", "--timeout=5s")
        assert lab.kubectl("get", "hinc", name, "--output", "name").strip().endswith(name)
        wide, = table(lab.kubectl("get", "incidents", "--output", "wide"))
        assert wide["DOES"].startswith("restart healing-"), wide
        assert agent.metric("homeostat_incident_objects_unwritten") == 0
        assert not agent.lines("Incident object"), agent.log.read_text()
        only_its_own_objects_are_its_to_write(lab, agent, shown)
    # It goes with its Deployment.
    wait_until("it is gone", lambda: not objects_of(lab, "healing"), 60)


def shown_instance(shown):
    return shown["status"]["symptom"].split()[-1]


def only_its_own_objects_are_its_to_write(lab, agent, shown):
    """Who holds its token writes no Incident of another Deployment, and no lie into a spec."""
    api = Api(lab.directory / f"{agent.account}.kubeconfig", lab.open_socket)
    name = shown["metadata"]["name"]

    def tries(method, path, body=None, kind="application/merge-patch+json"):
        return api.request(method, f"{KIND}/{path}?dryRun=All&fieldManager=homeostat", body, kind)
    spec = {**shown["spec"], "service": "cart"}
    foreign = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Incident",
               "metadata": {"name": "cart-i-1-x"}, "spec": spec}
    status, told = tries("PATCH", "cart-i-1-x", foreign, "application/apply-patch+yaml")
    assert status == 422 and "and little else" in told["message"], told
    status, told = tries("PATCH", name, {"spec": spec})
    assert status == 422 and "never changes" in told["message"], told
    status, told = tries("PATCH", f"{name}/status", {"status": {"state": "x" * 65}})
    assert status == 422 and "65" in told["message"] or "Too long" in told["message"], told
    assert tries("PATCH", f"{name}/status", {"status": {"state": "asking"}})[0] == 200


def of_more_than_are_kept_the_oldest_goes_and_nobody_elses(lab):
    have_kind(lab)
    with guarded(lab, "keeping") as (shop, pods, agent):
        foreign = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Incident",
                   "metadata": {"name": "keeping-i-1-another"},
                   "spec": {"service": "keeping", "deployment": "keeping", "incident": "i-0",
                            "ledger": "another"}}
        lab.api.post(KIND, foreign)
        for number in (1, 2, 3):
            pods.hang()
            agent.wait_state(["healed"], number)
            wait_object(lab, "keeping", f"i-{number}", "healed")
            wait_until("all of them answer", lambda: agent.sees_pods() and len(
                shop.ready_pods()) == 3, 30)
        wait_until("the oldest is gone", lambda: set(objects_of(lab, "keeping")) ==
                   {"i-0", "i-2", "i-3"}, 30)
        lab.api.delete(f"{KIND}/keeping-i-1-another")


def an_api_server_that_was_away_catches_up(lab):
    have_kind(lab)
    with guarded(lab, "away", restart="ask") as (shop, pods, agent):
        pods.hang()
        agent.wait_state(["asking"])
        shown = wait_object(lab, "away", "i-1", "asking")
        assert condition_of(shown, "WaitingForPerson") and not condition_of(shown, "Closed"), shown
        question = agent.status()["incidents"][0]["question"]["id"]
        server = lab.processes.started["kube-apiserver"]
        server.kill()
        server.wait()
        status, told = agent.run("deny", "i-1", "--question", question, "--because", "not now")
        assert status == 0, told
        agent.wait_state(["escalated"])
        status, told = agent.run("close", "i-1", "--because", "it is well again")
        assert status == 0, told
        agent.wait_state(["by_person"])
        wait_until("it is told", lambda: agent.lines("Incident objects are not written"), 30)
        assert agent.metric("homeostat_incident_objects_unwritten") == 1
        lab.start_apiserver(("--endpoint-reconciler-type=none",))
        shown = wait_object(lab, "away", "i-1", "by_person")
        assert condition_of(shown, "Closed") and not condition_of(shown, "WaitingForPerson"), shown
        assert not condition_of(shown, "Healed"), shown
        wait_until("it is told", lambda: agent.lines("are written again"), 10)
        assert agent.metric("homeostat_incident_objects_unwritten") == 0


# --- without it ----------------------------------------------------------------------------------
def without_the_right_it_heals_all_the_same_and_says_what_is_missing(lab):
    have_kind(lab)
    with guarded(lab, "forbidden", is_granted=False) as (shop, pods, agent):
        pods.hang()
        agent.wait_state(["healed"])
        wait_until("it is told", lambda: agent.lines("Incident objects are not written: 403"), 20)
        status, told = agent.run("doctor")
        assert status != 0 and "patch incidents/status.homeostat.dev" in told, told
        assert not objects_of(lab, "forbidden")
        assert len(agent.lines("Incident object")) == 1, agent.log.read_text()
        agent.grant()
        assert wait_object(lab, "forbidden", "i-1", "healed")


def without_the_kind_or_with_another_version_it_is_said_and_nothing_else_changes(lab):
    lose_kind(lab)
    with guarded(lab, "kindless") as (shop, pods, agent):
        status, told = agent.run("doctor")
        assert status != 0 and "the CRD is not installed" in told, told
        assert "kubectl apply -k deploy/kustomize/crd" in told, told
        pods.hang()
        agent.wait_state(["healed"])
        wait_until("it is told", lambda: agent.lines("whose CRD is to be applied"), 20)
        other = (CRD / "incidents.yaml").read_text().replace("- name: v1alpha1", "- name: v1")
        file = agent.directory / "other.yaml"
        file.write_text(other)
        lab.kubectl("apply", "--filename", file)
        later = KIND.replace("v1alpha1", "v1")
        wait_until("the other version is served", lambda: lab.api.answers(later), 20)
        wait_until("doctor names it", lambda: "serves homeostat.dev in v1, and this agent writes "
                   "v1alpha1" in agent.run("doctor")[1], 20)
        assert not lab.api.get(later)["items"]
        lose_kind(lab)
        have_kind(lab)
        assert wait_object(lab, "kindless", "i-1", "healed")
        assert agent.run("doctor")[0] == 0, agent.run("doctor")


def main():
    with tempfile.TemporaryDirectory(prefix="incidents-") as folder:
        return run_each([
            kubectl_shows_what_is_wrong_and_what_came_of_it,
            of_more_than_are_kept_the_oldest_goes_and_nobody_elses,
            without_the_right_it_heals_all_the_same_and_says_what_is_missing,
            without_the_kind_or_with_another_version_it_is_said_and_nothing_else_changes,
            an_api_server_that_was_away_catches_up,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
