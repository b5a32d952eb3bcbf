"""One node of the full lab: containerd, kubelet and kube-proxy, in namespaces of their own.

In its mount namespace /run, /var/lib and /var/log are empty, so that what these programs and runc
leave at fixed places goes with their last process; so do all mounts of pods. The settings of the
kernel that a kubelet changes are covered by files there: the machine's own stay as they are.
"""

import json
import shutil
import subprocess
from pathlib import Path

import network
from processes import LabError

COVERED = ("/run", "/var/lib", "/var/log")
# As kubelet's container manager sets them.
SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
            "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes")
CGROUPS = Path("/sys/fs/cgroup")

CONTAINERD = """version = 2
root = "{here}/containerd/root"
state = "{here}/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
    "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "{here}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  enable_unprivileged_ports = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{here}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


def hierarchies():
    """Of cgroup v1: the folders in which each node has one of its own."""
    return [path for path in sorted(CGROUPS.iterdir())
            if path.is_dir() and not path.is_symlink() and path.name != "unified"]


class Node:
    def __init__(self, lab, index):
        self.lab = lab
        self.index = index
        self.name = f"node-{index}"
        self.here = lab.directory / self.name
        self.namespace = f"{lab.name}-{self.name}"
        self.address = network.node_address(index)
        self.containerd = f"containerd-{index}"

    def prepare(self):
        for folder in ("cni", "kubelet", "pod-logs", "settings"):
            (self.here / folder).mkdir(parents=True)
        for path in hierarchies():
            (path / self.namespace).mkdir()
        for file in ("cpuset.cpus", "cpuset.mems"):  # Empty at first, and nothing may run there.
            text = (CGROUPS / "cpuset" / file).read_text()
            (CGROUPS / "cpuset" / self.namespace / file).write_text(text)
        self.lab.authority.sign(
            self.name, f"/O=system:nodes/CN=system:node:{self.name}", "serverAuth,clientAuth",
            [f"DNS:{self.name}", f"IP:{self.address}"])
        self.lab.write_kubeconfig(self.name)
        (self.here / "containerd.toml").write_text(
            CONTAINERD.format(here=self.here, pause=self.lab.pause))
        (self.here / "cni/lab.conflist").write_text(json.dumps(self.pod_network()))
        (self.here / "kubelet.json").write_text(json.dumps(self.kubelet_config()))

    def pod_network(self):
        return {"cniVersion": "0.4.0", "name": "lab", "plugins": [{
            "type": "bridge", "bridge": "cni0", "isGateway": True, "isDefaultGateway": True,
            "ipMasq": False, "hairpinMode": True,
            "ipam": {"type": "host-local", "dataDir": str(self.here / "addresses"),
                     "ranges": [[{"subnet": network.pod_range(self.index)}]]}}]}

    def kubelet_config(self):
        pki = self.lab.directory / "pki"
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "failCgroupV1": False, "cgroupDriver": "cgroupfs", "cgroupsPerQOS": True,
            "cgroupRoot": f"/{self.namespace}", "enforceNodeAllocatable": [],
            "containerRuntimeEndpoint": f"unix://{self.here}/containerd.sock",
            "address": self.address, "readOnlyPort": 0,
            "tlsCertFile": str(pki / f"{self.name}.crt"),
            "tlsPrivateKeyFile": str(pki / f"{self.name}.key"),
            "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": False},
                               "x509": {"clientCAFile": str(pki / "ca.crt")}},
            "authorization": {"mode": "AlwaysAllow"},
            "podCIDR": network.pod_range(self.index), "clusterDNS": [], "resolvConf": "",
            "failSwapOn": False, "makeIPTablesUtilChains": False,
            "localStorageCapacityIsolation": False, "serializeImagePulls": False,
            # The disk and the memory are the machine's: how full they are is no reason to evict.
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%",
                             "imagefs.available": "0%", "nodefs.inodesFree": "0%"},
            "imageGCHighThresholdPercent": 100, "oomScoreAdj": 0,
            "podLogsDir": str(self.here / "pod-logs")}

    # --- its programs ----------------------------------------------------------------------------
    def start_containerd(self):
        covers = [f"mount -t tmpfs -o size=256m,mode=755 homeostat-lab {path}" for path in COVERED]
        for setting in (Path("/proc/sys", name) for name in SETTINGS):
            if setting.exists():
                copy = self.here / "settings" / setting.name
                copy.write_text(setting.read_text())
                covers.append(f"mount --bind '{copy}' {setting}")
        script = "\n".join([*covers, f"exec containerd -c '{self.here}/containerd.toml'"])
        self.lab.processes.start(self.containerd, [
            "nsenter", f"--net=/run/netns/{self.namespace}",
            "unshare", "--mount", "--propagation", "slave", "sh", "-euc", script])

    def ctr(self, *words):
        return subprocess.run(["ctr", "--address", self.here / "containerd.sock",
                               "--namespace", "k8s.io", *words], capture_output=True, text=True)

    def is_containerd_up(self):
        return self.ctr("version").returncode == 0

    def import_images(self, archive):
        done = self.ctr("images", "import", str(archive))
        if done.returncode != 0:
            raise LabError(f"containerd of {self.name} does not take the images: {done.stderr}")

    def start_in(self, name, command):
        """In the namespaces that containerd has made."""
        pid = self.lab.processes.started[self.containerd].pid
        self.lab.processes.start(name, ["nsenter", "--target", str(pid), "--net", "--mount",
                                        "--wd=/", *map(str, command)])

    def start_kubelet(self):
        self.start_in(f"kubelet-{self.index}", [
            self.lab.programs / "kubelet", f"--config={self.here}/kubelet.json",
            f"--kubeconfig={self.lab.directory}/{self.name}.kubeconfig",
            f"--hostname-override={self.name}", f"--root-dir={self.here}/kubelet",
            f"--cert-dir={self.here}/kubelet/pki", f"--node-ip={self.address}"])
        self.start_in(f"kube-proxy-{self.index}", [
            self.lab.programs / "kube-proxy",
            f"--kubeconfig={self.lab.directory}/{self.name}.kubeconfig",
            f"--hostname-override={self.name}", "--nodeport-addresses=primary",
            *self.lab.proxy_words()])

    # --- what is left of it ----------------------------------------------------------------------
    def cgroups(self):
        """Those of its pods and its own, the innermost first."""
        found = [path for hierarchy in CGROUPS.iterdir() if not hierarchy.is_symlink()
                 for top in [hierarchy / self.namespace] if top.is_dir()
                 for path in [top, *top.glob("**/")]]
        return sorted(set(found), key=lambda path: len(path.parts), reverse=True)


def missing_programs():
    """Of those that nodes are made of, what this machine lacks."""
    names = ["containerd", "containerd-shim-runc-v2", "ctr", "runc", "iptables", "conntrack", "ip",
             "nsenter", "unshare"]
    missing = [name for name in names if shutil.which(name) is None]
    plugins = [f"/usr/lib/cni/{name}" for name in ("bridge", "host-local", "loopback")]
    return missing + [plugin for plugin in plugins if not Path(plugin).exists()]
