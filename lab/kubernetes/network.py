"""The networks of the full lab: a namespace for the control plane and one for each node.

All hang at one bridge in the control plane's namespace. None of them has a default route, nor a
link to the machine's own network: no packet can leave the machine, and none of its own is changed.
"""

import contextlib
import ctypes
import os
import socket
import subprocess
from pathlib import Path

CLONE_NEWNET = 0x40000000
NAMESPACES = Path("/run/netns")
CONTROL_ADDRESS = "10.90.0.1"


def node_address(index):
    return f"10.90.0.{11 + index}"


def pod_range(index):
    return f"10.244.{index}.0/24"


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


def ip(namespace, words):
    run("ip", "-n", namespace, *words.split())


def make(control, nodes, service_range):
    """`control` and `nodes` are names of network namespaces."""
    for name in (control, *nodes):
        run("ip", "netns", "add", name)
        ip(name, "link set lo up")
    ip(control, "link add lab0 type bridge")
    ip(control, f"addr add {CONTROL_ADDRESS}/24 dev lab0")
    ip(control, "link set lab0 up")
    # Any route will do: kube-proxy turns the address into a pod's before a packet goes.
    ip(control, f"route add {service_range} dev lab0")
    for index, node in enumerate(nodes):
        ip(control, f"link add node{index} type veth peer name eth0 netns {node}")
        ip(control, f"link set node{index} master lab0 up")
        ip(node, f"addr add {node_address(index)}/24 dev eth0")
        ip(node, "link set eth0 up")
        # The bridge of its pods is there before the first one is.
        ip(node, "link add cni0 type bridge")
        ip(node, f"addr add {pod_range(index).replace('.0/24', '.1/24')} dev cni0")
        ip(node, "link set cni0 up")
        ip(node, f"route add {service_range} dev cni0")
        with in_namespace(node):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    for index in range(len(nodes)):
        for name in (control, *nodes):
            if name != nodes[index]:
                ip(name, f"route add {pod_range(index)} via {node_address(index)}")


def remove(names):
    for name in names:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


@contextlib.contextmanager
def in_namespace(name):
    """This thread alone is there; a socket that it opens stays there."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(file):
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the network namespace {name}")
    with open("/proc/thread-self/ns/net") as home, open(NAMESPACES / name) as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


def connect_in(name, host, port, seconds):
    with in_namespace(name):
        return socket.create_connection((host, port), seconds)


def names_of(lab_name):
    """Namespaces that carry the name of a lab."""
    if not NAMESPACES.exists():
        return []
    return sorted(name for name in os.listdir(NAMESPACES) if name.startswith(f"{lab_name}-"))
