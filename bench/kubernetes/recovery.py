"""One fault on real pods under one policy, and what clients noticed of it.

A run has a Deployment of its own, three pods behind a Service, the default strategy, and a client
that asks every 50 ms, each time over a new connection, patient for a second. Runs of one fault may
be played together; where a node is lost it is lost to all of them.

The policies differ in the pods' probes, and in whether Homeostat guards them:

    none       readiness as Kubernetes has it by default (10 s x 3), no liveness
    default    liveness likewise
    tuned      both each second, three times
    homeostat  the probes of `none`, and an agent with rules alone

A bad version is also brought out beside analysis of rollouts (analysis.py), and with the probes of
`tuned` beside an agent (homeostat_tuned): no rollback is faster than its pods are found ready.

An outage is the time from the first answer that is not good to the first of ten good ones in a
row; a run counts all of its outages. It ends ten seconds after the last, or at the fault's bound.
"""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analysis import ANALYSES, Canary
from api_calls import calls_of
from deployment import Client, Deployment, http_get, wait_until
from guarding import Guarding

V1, V2 = "lab.local/service:v1", "lab.local/service:v2"
PROBE = {"port": 8080}
DEFAULT = {"periodSeconds": 10, "failureThreshold": 3}
TUNED = {"periodSeconds": 1, "failureThreshold": 3}
WELL_FOR = 10  # So long without a bad answer, and it is over.
DEPENDENCY_GONE_FOR = 45
READY_WITHIN_S = 180


def probe(path, pace):
    return {"httpGet": {"path": path, **PROBE}, **pace}


POLICIES = {
    "none": {"readiness": probe("/readyz", DEFAULT)},
    "default": {"readiness": probe("/readyz", DEFAULT), "liveness": probe("/healthz", DEFAULT)},
    "tuned": {"readiness": probe("/readyz", TUNED), "liveness": probe("/healthz", TUNED)},
    "homeostat": {"readiness": probe("/readyz", DEFAULT)},
}
SETTINGS = POLICIES | {name: POLICIES["tuned"] for name in (*ANALYSES, "homeostat_tuned")}


class Stage:
    """What runs that are played together share: when they begin, and the nodes."""

    def __init__(self, lab, runs_count):
        self.lab = lab
        self.barrier = threading.Barrier(runs_count)
        self.lost = None  # The node that is cut off.
        self.lock = threading.Lock()

    def wait(self):
        """Until all of them are ready."""
        self.barrier.wait(READY_WITHIN_S)

    def abort(self):
        self.barrier.abort()

    def lose_node(self, index):
        """For all of them, once."""
        with self.lock:
            if self.lost is None:
                self.lab.cut_off(index)
                self.lost = index

    def find_node(self):
        """Brings it back once all of them are over."""
        with contextlib.suppress(threading.BrokenBarrierError):  # One of them has failed.
            self.barrier.wait()
        with self.lock:
            if self.lost is not None:
                self.lab.join(self.lost)
                self.lab.wait_for_nodes(self.lab.nodes_count)
                self.lost = None


def play(lab, fault, policies, programs):
    """Each policy's line of figures, of runs that go on beside each other."""
    stage = Stage(lab, len(policies))
    runs = [Run(stage, fault, policy, programs) for policy in policies]
    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(Run.play, runs))


class Run:
    def __init__(self, stage, fault, policy, programs):
        self.stage, self.lab = stage, stage.lab
        self.fault, self.policy, self.programs = fault, policy, programs
        self.name = f"{fault.__name__}-{policy}".replace("_", "-")
        self.shop = Deployment(self.lab, self.name)
        self.settings = dict(SETTINGS[policy], replicas=3, grace_seconds=5)
        self.canary = Canary(self, ANALYSES[policy]) if policy in ANALYSES else None
        self.client = None
        self.begun_at = None  # Of what clients are not to notice, or no longer.

    def apply(self, image, **more):
        self.settings |= more
        self.shop.apply(image, **self.settings)

    def roll_out(self, image, **more):
        """Brings out what is at fault: to all pods, or to a canary whose requests are looked at."""
        if self.canary:
            self.canary.begin(image, **more)
        else:
            self.apply(image, **more)

    def is_old_version_wanted(self):
        if self.canary:
            return self.canary.is_taken_back()
        container = self.shop.read()["spec"]["template"]["spec"]["containers"][0]
        return container["image"] == V1 and not container.get("env")

    @property
    def bound(self):
        return self.canary.bound if self.canary else self.fault.bound

    def play(self):
        """What was measured, as a line of figures."""
        fault = self.fault(self)
        try:
            fault.prepare()
            self.shop.wait_ready(self.settings["replicas"], 120)
            with self.guard() as agent, self.new_client() as self.client:
                self.stage.wait()
                self.begun_at, begun_wall = time.monotonic(), time.time()
                fault.begin()
                restored_at = self.wait_over(fault)
                noticed = self.noticed(self.client.answers[:], self.client.outages())
                cost = self.cost(agent, begun_wall)
            return {"fault": self.fault.__name__, "policy": self.policy, "bound_s": self.bound,
                    "restored_s": restored_at and restored_at - self.begun_at} | noticed | cost
        except BaseException:
            self.stage.abort()
            raise
        finally:
            fault.end()
            if self.canary:
                self.canary.end()
            self.shop.remove()

    def new_client(self):
        return Client(self.lab, *self.shop.address(), seconds_max=1)

    def noticed(self, answers, outages):
        is_over = all(status == 200 for at, status in answers
                      if at > answers[-1][0] - WELL_FOR / 2)
        seconds = [at + length - max(at, self.begun_at) for at, length, _ in outages
                   if at + length > self.begun_at]
        return {"outage_s": sum(seconds), "is_over": is_over, "asked": len(answers),
                "bad": sum(status != 200 for _, status in answers)}

    @contextlib.contextmanager
    def guard(self):
        if not self.policy.startswith("homeostat"):
            yield None
            return
        agent = Guarding(self.lab, self.name, self.programs,
                         self.lab.directory / f"agent-{self.name}-{time.monotonic_ns()}")
        agent.grant()
        with agent:
            agent.wait_proven()
            yield agent

    def cost(self, agent, since):
        """What the agent did, what it asked of the API server since then, and its memory now."""
        if agent is None:
            return {}
        until = time.time()
        resident = next(line.split()[1] for line in
                        Path(f"/proc/{agent.process.pid}/status").read_text().splitlines()
                        if line.startswith("VmRSS:"))
        incidents = agent.incidents()
        return {"acts": sum(agent.story(one["incident"]).count(" intent ") for one in incidents),
                "escalated": sum(one["state"] == "escalated" for one in incidents),
                "calls": calls_of(self.lab.audit_log, agent.account, since, until),
                "calls_s": until - since, "resident_mib": int(resident) / 1024}

    def wait_over(self, fault):
        """Until clients are well for a while and the fault's own end is there, or its bound."""
        restored_at = None
        while (now := time.monotonic()) < self.begun_at + self.bound:
            if restored_at is None and fault.is_restored():
                restored_at = now
            bad = [at for at, status in self.client.answers if status != 200]
            quiet_since = max([self.begun_at + fault.seen_within, *bad])
            if restored_at is not None and now > quiet_since + WELL_FOR:
                break
            time.sleep(0.2)
        return restored_at


class Fault:
    """`bound`: seconds after which nobody waits any longer. `seen_within`: what has not been
    noticed by then is not noticed."""

    bound, seen_within = 60, 10

    def __init__(self, run):
        self.run, self.shop = run, run.shop

    def prepare(self):
        self.run.apply(V1)

    def begin(self):
        raise NotImplementedError

    def is_restored(self):
        """Where a version is at fault: whether the good one is wanted again. Else nothing is."""
        return True

    def end(self):
        pass


class nothing(Fault):
    """No fault: what looking costs."""

    seen_within = 50

    def begin(self):
        pass


class Rollout(Fault):
    """A change of the Deployment that is bad; who heals it makes the old one wanted again."""

    def is_restored(self):
        return self.run.is_old_version_wanted()


class hang(Fault):
    """One pod of three takes connections and answers nothing, to probes neither."""

    bound = 90

    def begin(self):
        self.shop.fault(self.shop.ready_pods()[0], "hang")


class leak(Fault):
    """One pod of three takes 64 MiB in four seconds, and the kernel ends it."""

    def prepare(self):
        self.run.apply(V1, memory_mib=64)

    def begin(self):
        self.shop.fault(self.shop.ready_pods()[0], "leak")


class bad_image(Rollout):
    """A version whose image cannot be had."""

    def begin(self):
        self.run.roll_out("lab.local/service:nopull")


class crash_loop(Rollout):
    """A version that ends at its start."""

    def begin(self):
        self.run.roll_out(f"{V2}-crash")


class bad_version(Rollout):
    """A version that passes readiness and answers 5xx."""

    def begin(self):
        self.run.roll_out(f"{V2}-fail")


class bad_config(Rollout):
    """The same image with a setting under which it answers 5xx."""

    def begin(self):
        self.run.roll_out(V1, env={"MODE": "fail"})


class crash_back_off(Fault):
    """What the service needs at its start goes for 45 s, and all pods end; measured from when it
    is back. The kubelet waits longer each time before it tries again."""

    bound, seen_within = 180, 0

    def prepare(self):
        self.needed = Deployment(self.run.lab, f"{self.run.name}-needs")
        self.needed.apply(V1, replicas=1)
        self.needed.wait_ready(1)
        host, port = self.needed.address()
        self.run.apply(V1, env={"NEEDS": f"{host}:{port}"})

    def begin(self):
        pods = self.shop.ready_pods()
        self.needed.apply(V1, replicas=0)
        wait_until("the needed service is gone", lambda: not self.needed.pods(), 60)
        for pod in pods:
            self.shop.fault(pod, "crash")
        time.sleep(DEPENDENCY_GONE_FOR)
        self.needed.apply(V1, replicas=1)
        self.needed.wait_ready(1)
        host, port = self.needed.address()
        wait_until("it answers", lambda: answers(self.run.lab, host, port), 30)
        self.run.begun_at = time.monotonic()

    def end(self):
        self.needed.remove()


class slow_dependency(Fault):
    """What the service asks for each answer takes two seconds for its own: nothing that can be
    done to the service heals it."""

    bound = 40

    def prepare(self):
        self.asked = Deployment(self.run.lab, f"{self.run.name}-asked")
        self.asked.apply(V1, replicas=1)
        self.asked.wait_ready(1)
        host, port = self.asked.address()
        self.run.apply(V1, env={"ASKS": f"{host}:{port}"})

    def begin(self):
        self.asked.fault(self.asked.ready_pods()[0], "slow")

    def end(self):
        self.asked.remove()


class node_loss(Fault):
    """One of three nodes is cut off, with one of three pods."""

    bound, lost, lost_pods = 120, 1, 1
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
              "whenUnsatisfiable": "ScheduleAnyway"}

    def prepare(self):
        self.run.apply(V1, spread=self.spread)

    def begin(self):
        names = self.run.lab.node_names()
        on = [pod["spec"]["nodeName"] for pod in self.shop.ready_pods()]
        assert on.count(names[self.lost]) == self.lost_pods, on
        self.run.stage.lose_node(self.lost)

    def end(self):
        self.run.stage.find_node()


class half_lost(node_loss):
    """The same with two of four pods: so much goes silent at once that our own eyes may be ill."""

    lost_pods = 2

    def prepare(self):
        self.run.settings["replicas"] = 4
        self.run.apply(V1, spread=self.spread, nodes=self.run.lab.node_names()[:2])


FAULTS = (nothing, hang, leak, bad_image, crash_loop, bad_version, bad_config, crash_back_off,
          node_loss, half_lost, slow_dependency)


def answers(lab, host, port):
    try:
        return http_get(lab.open_socket, host, port, "/", 1)[0] == 200
    except OSError:
        return False
