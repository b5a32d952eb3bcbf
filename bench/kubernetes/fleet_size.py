#!/usr/bin/env python3
"""What one process needs that guards many Deployments: memory, processor, requests at rest.

    bench/kubernetes/fleet_size.py --bin build/release/bin --sizes 100 1000 [--runs DIR]

Part of `make bench-k8s`; by itself it prints what it measured. On a quick lab of its own, whose
pods are played: a replica each, ready and answering. Nothing is wrong with any of them, so what is
measured is what guarding costs where nothing happens.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in (
    "tools", "bench/kubernetes", "tests/kubernetes", "lab/kubernetes")]

from api_calls import calls_of  # noqa: E402
from deployment import wait_until  # noqa: E402
from played_traffic import PlayedTraffic  # noqa: E402
from quick_lab import QuickLab  # noqa: E402

SIZES = (100, 1000)
SECONDS = 60  # For which requests are counted.
ACCOUNT = "homeostat-fleet"
NAMESPACE = "default"
MIB_MAX = 64  # For 1,000 Deployments.
QPS_MAX = 0.1  # For 100 Deployments, beside watches and one Lease.
CONFIG = """service: {name}
runtime:
  kubernetes:
    namespace: {namespace}
    deployment: {name}
    kubeconfig: {kubeconfig}
    port: {port}
    lease: homeostat
    slots: {slots}
signals:
  - http: {{ path: /healthz, every: 5s, timeout: 2s }}
autonomy: {{ restart: act, rolling_restart: act, rollback: act }}
oracle: rules
"""
SLOTS = 4  # For one replica: it, those of a rollout, and one besides.


class FleetLab(QuickLab):
    """With room for all, and controllers that make them in minutes."""

    def inside(self, command):
        words = super().inside(command)
        if words[0].endswith("kube-controller-manager"):
            words += ["--kube-api-qps=400", "--kube-api-burst=800",
                      "--concurrent-deployment-syncs=20", "--concurrent-replicaset-syncs=20"]
        return words

    def start_nodes(self):
        super().start_nodes()
        room = {"cpu": "1000", "memory": "4000Gi", "pods": "4000"}
        name = "played-room"
        self.api.post("/api/v1/nodes", {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {"allocatable": room, "capacity": room}})
        self.wait_for_nodes(4)


class Fleet:
    """`size` Deployments, and one process that guards them all."""

    def __init__(self, lab, programs, folder, size):
        self.lab, self.api, self.size = lab, lab.api, size
        self.program = Path(programs) / "homeostat"
        self.folder = Path(folder)
        self.services = self.folder / "services"
        self.services.mkdir(parents=True)
        self.names = [f"svc-{number:04}" for number in range(size)]
        self.log = self.folder / "agent.log"
        self.process = None

    def apply(self):
        def make(name):
            labels = {"app": name}
            self.api.post(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", {
                "metadata": {"name": name, "labels": labels},
                "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
                    "metadata": {"labels": labels}, "spec": {"containers": [{
                        "name": "service", "image": "lab.local/service:v1",
                        "ports": [{"containerPort": 8080}]}]}}}})
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(make, [name for name in self.names if not self.has(name)]))
        wait_until("all pods are ready", lambda: len(self.addresses()) >= self.size, 900)

    def has(self, name):
        return self.api.answers(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}")

    def addresses(self):
        """Of pods that are ready."""
        path, pods, more = f"/api/v1/namespaces/{NAMESPACE}/pods?limit=500", [], ""
        while True:
            page = self.api.get(path + (f"&continue={more}" if more else ""))
            pods += page["items"]
            more = page["metadata"].get("continue", "")
            if not more:
                return {pod["status"]["podIP"] for pod in pods if any(
                    one["type"] == "Ready" and one["status"] == "True"
                    for one in pod["status"].get("conditions", []))}

    def configure(self, port):
        kubeconfig = self.lab.directory / f"{ACCOUNT}.kubeconfig"
        for name in self.names:
            (self.services / f"{name}.yaml").write_text(CONFIG.format(
                name=name, namespace=NAMESPACE, kubeconfig=kubeconfig, port=port, slots=SLOTS))
        rules = subprocess.run([self.program, "rbac", "-c", self.services, "--account", ACCOUNT],
                               capture_output=True, text=True, check=True).stdout
        manifest = self.folder / "rbac.yaml"
        manifest.write_text(rules)
        self.lab.kubectl("apply", "-f", manifest)
        self.lab.write_kubeconfig(ACCOUNT, self.lab.token_of(NAMESPACE, ACCOUNT, 7200))

    def start(self):
        begun = time.monotonic()
        with self.log.open("a") as log:
            self.process = subprocess.Popen([self.program, "agent", "-c", self.services],
                                            stdout=log, stderr=subprocess.STDOUT)
        wait_until("all are guarded", self.is_complete, 600)
        return time.monotonic() - begun

    def is_complete(self):
        text = self.log.read_text()
        assert self.process.poll() is None, text[-4000:]
        assert "is not guarded" not in text, text[-4000:]
        return text.count(f"deployment {NAMESPACE}/") == self.size

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def status_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def mib_of(facts, name):
    return int(facts[name].split()[0]) / 1024


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(lab, programs, folder, size, seconds=SECONDS):
    """One size: what it needed while nothing happened for so many seconds."""
    fleet = Fleet(lab, programs, folder, size)
    fleet.apply()
    with PlayedTraffic() as traffic:
        for address in sorted(fleet.addresses()):
            if not address.startswith("127.64.0.") or int(address.rsplit(".", 1)[1]) > 64:
                traffic.add(address)
        fleet.configure(traffic.port)
        try:
            start_s = fleet.start()
            # What a start needs is given back, and the first minute is over.
            wait_until("probes were answered", lambda: len(traffic.asked) >= size, 120)
            time.sleep(seconds / 2)
            pid = fleet.process.pid
            cpu, since = cpu_seconds(pid), time.time()
            time.sleep(seconds)
            until, cpu = time.time(), cpu_seconds(pid) - cpu
            facts = status_of(pid)
            calls = calls_of(lab.audit_log, ACCOUNT, since, until)
            return {"size": size, "resident_mib": mib_of(facts, "VmRSS"),
                    "peak_mib": mib_of(facts, "VmHWM"), "threads": int(facts["Threads"]),
                    "open_files": len(list(Path(f"/proc/{pid}/fd").iterdir())),
                    "cores": cpu / (until - since), "calls": calls, "seconds": until - since,
                    "start_s": start_s,
                    "incidents": fleet.log.read_text().count("incident"),
                    "load_before": os.getloadavg()[0]}
        finally:
            fleet.stop()


def requests_at_rest(line):
    """A second; a watch that is opened anew and the one Lease are what the goal leaves out."""
    besides = sum(count for name, count in line["calls"].items()
                  if not name.startswith("watch ") and not name.endswith(" leases"))
    return besides / line["seconds"]


def lines(programs, folder, sizes=SIZES):
    """What `measure` gives for each size, one after another on a lab of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    with FleetLab(Path(folder) / "fleet_lab", is_audited=True) as lab:
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="fleet-", dir=folder) as place:
                yield measure(lab, programs, place, size)


HEAD = """
## Many Deployments, one process

`homeostat agent -c DIR` on a quick lab whose pods are played: a replica each, ready, {slots} slots,
one HTTP probe each 5 s, rules alone, one Lease, nothing wrong. Pods, ReplicaSets and Deployments
of a quick lab are small; of larger ones what is read and thrown away takes more for a moment.
Requests are by the server's audit log, watches that are opened anew and the Lease left out.

Some 22 MiB are the program, its libraries and its connections, whatever it guards. By `heaptrack`
(once, 100 services, on a played API server) each service takes some 59 KB: 18 KB its tasks that
wait and its doors, 16 KB the objects of the cluster, what was read of them, its slots and its
probes, 9 KB what the two roles know, 4 KB its configuration, 3 KB its ledger. The allocator adds
an eighth, and what it cannot give back.
"""


def section(measured):
    """Of what `lines` gave; one size measured several times is a line for each."""
    if not measured:
        return
    yield HEAD.format(slots=SLOTS)
    yield ("| Deployments | resident, MiB | most, MiB | threads | open files | cores | "
           "requests/s | start, s |\n|---|---|---|---|---|---|---|---|")
    for one in sorted(measured, key=lambda line: line["size"]):
        yield (f"| {one['size']} | {one['resident_mib']:.1f} | {one['peak_mib']:.1f} | "
               f"{one['threads']} | {one['open_files']} | {one['cores']:.2f} | "
               f"{requests_at_rest(one):.2f} | {one['start_s']:.0f} |")
    yield "\n| goal | measured | reached |\n|---|---|---|"
    for one in measured:
        if one["size"] == 1000:
            reached = "yes" if one["resident_mib"] <= MIB_MAX else "**no**"
            yield (f"| 1,000 Deployments in {MIB_MAX} MiB | {one['resident_mib']:.1f} MiB | "
                   f"{reached} |")
        if one["size"] == 100:
            rate = requests_at_rest(one)
            reached = "yes" if rate <= QPS_MAX else "**no**"
            yield (f"| {QPS_MAX} requests a second at most for 100 | {rate:.2f} | {reached} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seconds", type=int, default=SECONDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleet-size-") as folder:
        measured = []
        for line in lines(options.bin.resolve(), folder, options.sizes):
            print(json.dumps(line), flush=True)
            measured.append(line)
        print("\n".join(section(measured)))


if __name__ == "__main__":
    main()
