"""A lab: one directory with everything of one cluster, which comes up whole and goes down whole.

    with QuickLab(directory) as lab:
        lab.api.get("/api/v1/nodes")
        subprocess.run(lab.inside(["kubectl", "--kubeconfig", lab.kubeconfig, "get", "nodes"]))

The directory is written before anything is started, so that `down` finds whatever a lab whose
starter was killed has left. The same interface for nodes that are played and for real ones.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from api import Api
from certificates import SERVES, Authority
from processes import CannotBeHad, LabError, Processes, free_ports, named, say, timed

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = ROOT / "build/kubernetes/bin"
SERVICE_RANGE = "10.96.0.0/24"
START_SECONDS_MAX = 120  # Four on an idle machine.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
              {"level": "None"}]}
ATTEMPTS_MAX = 3  # A port that was free may be taken before it is listened at.


class Lab:
    """Not thread-safe; `die_with_us` is for tests: no process outlives the one that started it."""

    kind = ""
    nodes_count = 0
    controller_words = []
    address = "127.0.0.1"  # Where the control plane listens.

    def __init__(self, directory, programs=PROGRAMS, die_with_us=True, compact_every=None,
                 is_audited=False):
        """`compact_every`: "2s" makes old resource versions expire (410), as they do in time.
        `is_audited`: requests of service accounts are written to `audit_log`."""
        self.directory = Path(directory).resolve()
        self.programs = Path(programs).resolve()
        self.die_with_us = die_with_us
        self.compact_every = compact_every
        self.is_audited = is_audited
        self.audit_log = self.directory / "log/audit.jsonl"
        self.kubeconfig = self.directory / "kubeconfig"
        self.id = self.processes = self.authority = self.ports = None
        self.seconds = 0  # That it took to come up.
        record = self.directory / "lab.json"
        if record.exists():
            self.remember(json.loads(record.read_text()))

    def remember(self, record):
        if record["kind"] != self.kind:
            raise LabError(f"{self.directory} holds a {record['kind']} lab, not a {self.kind} one")
        self.id, self.ports = record["id"], record["ports"]
        self.nodes_count = record["nodes"]
        self.processes = Processes(self.name, self.directory / "log", self.die_with_us)

    @property
    def name(self):
        """Of this lab alone; what it leaves on the machine carries it."""
        return f"homeostat-{self.id}"

    # --- what a lab of each kind says for itself -------------------------------------------------
    def check(self):
        """Raises CannotBeHad for what this machine lacks."""
        if not (self.programs / "STAMP").exists():
            raise CannotBeHad("the programs of Kubernetes are not built; lab/kubernetes/build.sh "
                              "builds them (it needs Go)")

    def start(self):
        raise NotImplementedError

    def remove(self):
        """What is not a process nor in the directory."""

    def leftovers(self):
        """Words about everything that is still there of a lab that is down."""
        found = [f"process {pid}" for pid in named(self.name)]
        return found + ([f"directory {self.directory}"] if self.directory.exists() else [])

    def inside(self, command):
        """How to start a command where the API server, pods and services can be reached."""
        return [str(word) for word in command]

    def open_socket(self, host, port, seconds):
        """A connection from there."""
        return socket.create_connection((host, port), seconds)

    # --- up and down -----------------------------------------------------------------------------
    def up(self):
        if self.id and any(named(self.name)):
            raise LabError(f"the lab in {self.directory} is up; lab.py down ends it")
        self.check()
        for attempts_left in reversed(range(ATTEMPTS_MAX)):
            begun = time.monotonic()
            try:
                self.begin()
                self.start()
                self.seconds = time.monotonic() - begun
                say(f"up in {self.seconds:.1f} s; export KUBECONFIG={self.kubeconfig}")
                return self
            except LabError:
                was_taken = self.processes.has_log("address already in use")
                self.down()
                if not was_taken or attempts_left == 0:
                    raise
                say("a port was taken meanwhile; once more with others")
            except BaseException:  # Ctrl-C too.
                self.down()
                raise

    def begin(self):
        self.down()
        self.directory.mkdir(parents=True)
        names = ["etcd", "etcd_peer", "apiserver", "controllers", "scheduler"]
        record = {"kind": self.kind, "id": os.urandom(3).hex(), "nodes": self.nodes_count,
                  "ports": dict(zip(names, free_ports(len(names))))}
        (self.directory / "lab.json").write_text(json.dumps(record))
        self.remember(record)

    def down(self):
        """Ends and removes everything; that there is nothing is fine."""
        if self.id is None or not (self.directory / "lab.json").exists():
            if self.directory.exists() and any(self.directory.iterdir()):
                raise LabError(f"{self.directory} is no lab's; give another directory")
            return
        self.processes.end_all()
        self.remove()
        shutil.rmtree(self.directory, ignore_errors=True)
        left = self.leftovers()
        if left:
            raise LabError(f"down, but still there: {', '.join(left)}")

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    @property
    def api(self):
        return Api(self.kubeconfig, self.open_socket)

    def is_up(self):
        return (self.kubeconfig.exists() and any(named(self.name)) and
                self.api.answers("/readyz"))

    def kubectl(self, *words):
        """What it prints."""
        return subprocess.run(
            self.inside([self.programs / "kubectl", "--kubeconfig", self.kubeconfig, *words]),
            check=True, capture_output=True, text=True).stdout

    # --- the control plane -----------------------------------------------------------------------
    def start_control_plane(self, *apiserver_words):
        with timed("for keys and certificates"):
            self.make_certificates()
        self.start_etcd()
        self.start_apiserver(apiserver_words)
        self.start_controllers()

    def make_certificates(self):
        self.authority = Authority(self.directory / "pki")
        self.authority.sign("apiserver", "/CN=kube-apiserver", SERVES, [
            "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default",
            "DNS:kubernetes.default.svc", "IP:127.0.0.1", "IP:10.96.0.1", f"IP:{self.address}"])
        self.authority.sign("apiserver-kubelet", "/O=system:masters/CN=apiserver-kubelet")
        # One strong identity for the controller manager too: with an account for each of its
        # controllers, as in production, the cluster is ready five seconds later.
        for name, subject in (("admin", "/O=system:masters/CN=admin"),
                              ("scheduler", "/CN=system:kube-scheduler")):
            self.authority.sign(name, subject)
            self.write_kubeconfig(name)
        shutil.copy(self.directory / "admin.kubeconfig", self.kubeconfig)

    def write_kubeconfig(self, name, token=None):
        """Of whoever was signed as `name`, or holds the token. Gives its path."""
        path = self.directory / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(self.authority_of().kubeconfig(
            name, f"https://{self.address}:{self.ports['apiserver']}", token))
        return path

    def authority_of(self):
        """Also of a lab that another process has started."""
        if self.authority is None:
            self.authority = Authority.__new__(Authority)
            self.authority.directory = self.directory / "pki"
        return self.authority

    def start_etcd(self):
        client, peer = (f"http://127.0.0.1:{self.ports[name]}" for name in ("etcd", "etcd_peer"))
        self.processes.start("etcd", self.inside([
            self.programs / "etcd", "--name", "lab", "--data-dir", self.directory / "etcd",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"lab={peer}", "--unsafe-no-fsync"]))

    def start_apiserver(self, words):
        pki = self.directory / "pki"
        command = [
            self.programs / "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.ports['etcd']}",
            f"--bind-address={self.address}", f"--secure-port={self.ports['apiserver']}",
            f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key",
            f"--client-ca-file={pki}/ca.crt",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki}/accounts.pub",
            f"--service-account-signing-key-file={pki}/accounts.key",
            f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
            f"--kubelet-client-key={pki}/apiserver-kubelet.key",
            "--kubelet-preferred-address-types=InternalIP",
            f"--service-cluster-ip-range={SERVICE_RANGE}", "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
            "--profiling=false", *words]
        if self.compact_every:
            command.append(f"--etcd-compaction-interval={self.compact_every}")
        if self.is_audited:
            policy = self.directory / "audit.json"
            policy.write_text(json.dumps(AUDIT_POLICY))
            command += [f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"]
        self.processes.start("kube-apiserver", self.inside(command))
        self.processes.wait_until("the API server is ready", lambda: self.api.answers("/readyz"),
                                  START_SECONDS_MAX, ["etcd", "kube-apiserver"])

    def start_controllers(self):
        pki = self.directory / "pki"

        def as_who(name):
            file = self.directory / f"{name}.kubeconfig"
            return [f"--kubeconfig={file}", f"--authentication-kubeconfig={file}",
                    f"--authorization-kubeconfig={file}", "--bind-address=127.0.0.1",
                    "--leader-elect=false", "--profiling=false"]
        self.processes.start("kube-controller-manager", self.inside([
            self.programs / "kube-controller-manager", *as_who("admin"),
            f"--secure-port={self.ports['controllers']}",
            f"--service-account-private-key-file={pki}/accounts.key",
            f"--root-ca-file={pki}/ca.crt", f"--cluster-signing-cert-file={pki}/ca.crt",
            f"--cluster-signing-key-file={pki}/ca.key",
            "--use-service-account-credentials=false", *self.controller_words]))
        self.processes.start("kube-scheduler", self.inside([
            self.programs / "kube-scheduler", *as_who("scheduler"),
            f"--secure-port={self.ports['scheduler']}"]))
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self.processes.wait_until("controllers have made the default service account",
                                  lambda: self.api.answers(account), START_SECONDS_MAX,
                                  ["kube-controller-manager", "kube-scheduler"])

    def node_names(self):
        return sorted(node["metadata"]["name"] for node in self.api.get("/api/v1/nodes")["items"])

    def wait_for_nodes(self, count):
        def ready_count():
            nodes = self.api.get("/api/v1/nodes")["items"]
            return sum(condition["type"] == "Ready" and condition["status"] == "True"
                       for node in nodes for condition in node["status"].get("conditions", []))
        self.processes.wait_until(f"{count} nodes are ready", lambda: ready_count() >= count,
                                  START_SECONDS_MAX, list(self.processes.started))

    # --- whoever acts in it ----------------------------------------------------------------------
    def token_of(self, namespace, account, seconds=3600):
        """A token of a service account that is there."""
        return self.api.post(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
            {"spec": {"expirationSeconds": seconds}})["status"]["token"]
