"""The full lab: real kubelets with real pods, each node in a network namespace of its own.

    control  kube-apiserver 10.90.0.1, etcd, controllers, kube-proxy; here the agent runs
    node-0   10.90.0.11, its pods 10.244.0.0/24
    node-1   10.90.0.12, its pods 10.244.1.0/24; and so on, where more are asked for

`inside` starts a command in the control plane's namespace: from there pods, the services' addresses
and the ports of nodes can be reached, and nothing else.
"""

import os
import subprocess
import time
from pathlib import Path

import images
import network
from cluster import SERVICE_RANGE, Lab
from node import CGROUPS, COVERED, Node, missing_programs
from processes import CannotBeHad, LabError, kill_if, timed

END_SECONDS_MAX = 20
# A socket of a pod's container is a file below the directory, and its path may have 107 bytes.
PATH_MAX = 60


class FullLab(Lab):
    kind = "full"
    address = network.CONTROL_ADDRESS
    pause = images.PAUSE

    def __init__(self, *words, nodes=2, **options):
        self.nodes_count = nodes
        super().__init__(*words, **options)

    @property
    def control(self):
        return f"{self.name}-control"

    @property
    def nodes(self):
        return [Node(self, index) for index in range(self.nodes_count)]

    def check(self):
        super().check()
        if os.geteuid() != 0:
            raise CannotBeHad("real nodes need root: namespaces, mounts and cgroups")
        missing = missing_programs()
        if missing:
            raise CannotBeHad(f"there is no {', '.join(missing)}; tools/setup.sh check brings them")
        if not (CGROUPS / "cpuset/cpuset.cpus").exists():
            raise CannotBeHad("the cgroups of this machine are not those of version 1, the only "
                              "ones that this lab knows")
        tried = subprocess.run(["unshare", "--net", "--mount", "mount", "-t", "tmpfs", "none",
                                "/run"], capture_output=True, text=True)
        if tried.returncode != 0:
            raise CannotBeHad(f"no namespaces of network and mounts: {tried.stderr.strip()}")
        covered = [path for path in COVERED if self.directory.is_relative_to(path)]
        if covered or len(str(self.directory)) > PATH_MAX:
            raise LabError(f"{self.directory} cannot hold a full lab: its path must have at most "
                           f"{PATH_MAX} bytes and not be below {', '.join(COVERED)}")

    # --- up --------------------------------------------------------------------------------------
    def start(self):
        with timed("for the images of the service"):
            archive = images.archive()
        nodes = self.nodes
        with timed("for networks"):
            network.make(self.control, [node.namespace for node in nodes], SERVICE_RANGE)
        self.start_control_plane("--endpoint-reconciler-type=lease",
                                 f"--advertise-address={self.address}")
        self.api.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
            "metadata": {"name": "lab-proxies"},
            "subjects": [{"kind": "Group", "name": "system:nodes",
                          "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"kind": "ClusterRole", "name": "system:node-proxier",
                        "apiGroup": "rbac.authorization.k8s.io"}})
        for node in nodes:
            node.prepare()
            node.start_containerd()
        for node in nodes:
            self.processes.wait_until(f"containerd of {node.name} answers", node.is_containerd_up,
                                      30, [node.containerd])
            with timed(f"for the images of {node.name}"):
                node.import_images(archive)
            node.start_kubelet()
        self.start_proxy()
        self.wait_for_nodes(self.nodes_count)

    def proxy_words(self):
        return ["--proxy-mode=iptables", "--cluster-cidr=10.244.0.0/16",
                "--conntrack-max-per-core=0", "--conntrack-min=0",
                "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s",
                "--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249"]

    def start_proxy(self):
        """Of the control plane's namespace, so that an agent there reaches services by itself,
        whichever node is lost. It waits half a minute for a node of its name, so it is given that
        of one that is there; its address is its own. Its lock file goes with it."""
        script = "mount -t tmpfs homeostat-lab /run\nexec \"$@\""
        self.processes.start("kube-proxy-control", self.inside([
            "unshare", "--mount", "--propagation", "slave", "sh", "-euc", script, "kube-proxy",
            self.programs / "kube-proxy", f"--kubeconfig={self.kubeconfig}",
            f"--hostname-override={self.nodes[0].name}", f"--bind-address={self.address}",
            *self.proxy_words()]))

    # --- where the agent is ----------------------------------------------------------------------
    def inside(self, command):
        return ["nsenter", f"--net={network.NAMESPACES}/{self.control}",
                *(str(word) for word in command)]

    def open_socket(self, host, port, seconds):
        return network.connect_in(self.control, host, port, seconds)

    def cut_off(self, index):
        """No packet goes to or from that node any more, until `join`."""
        network.ip(self.control, f"link set node{index} down")

    def join(self, index):
        network.ip(self.control, f"link set node{index} up")

    # --- down ------------------------------------------------------------------------------------
    def remove(self):
        """Pods are in cgroups of ours, whoever their parent is by now."""
        for node in self.nodes:
            give_up_at = time.monotonic() + END_SECONDS_MAX
            while left := node.cgroups():
                for path in left:
                    end_cgroup(path)
                if time.monotonic() > give_up_at:
                    raise LabError(f"these cgroups do not go: {', '.join(map(str, left))}")
                time.sleep(0.02)
        network.remove(network.names_of(self.name))

    def leftovers(self):
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        return [*super().leftovers(),
                *(f"cgroup {path}" for node in self.nodes for path in node.cgroups()),
                *(f"namespace {name}" for name in network.names_of(self.name)),
                *(f"mount {path}" for path in mounts if Path(path).is_relative_to(self.directory))]


def end_cgroup(path):
    """Kills what is in it, and removes it where that was nothing."""
    def members():
        try:
            return [int(pid) for pid in (path / "cgroup.procs").read_text().split()]
        except FileNotFoundError:
            return []
    pids = members()
    for pid in pids:
        kill_if(pid, lambda pid=pid: pid in members())
    if not pids:
        try:
            path.rmdir()
        except OSError:  # Not empty yet: asked again.
            pass
