"""Hosts with a network of their own between them, made of network namespaces: one for each host and
one for the switch. A cable can be pulled, and put back.

Needs root, or rather the right to make namespaces. Inside of each the names and addresses of
interfaces are our own, so nothing of the machine's network is touched.
"""

import os
import shutil
import subprocess


def trouble():
    """Why there can be none on this machine; empty: there can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    for program in ("ip", "nsenter"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    try:
        SeparateHosts(["a"]).end()
    except subprocess.CalledProcessError as error:
        return f"{' '.join(error.cmd)}: {error.stderr.decode().strip()}"
    return ""


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


class SeparateHosts:
    def __init__(self, names):
        self.names = list(names)
        self.made = []
        try:
            self.make(self.switch)
            run("ip", "-n", self.switch, "link", "add", "bridge0", "type", "bridge")
            run("ip", "-n", self.switch, "link", "set", "bridge0", "up")
            for name in self.names:
                self.connect(name)
        except subprocess.CalledProcessError:
            self.end()
            raise

    @property
    def switch(self):
        return f"homeostat-{os.getpid()}-switch"

    def space_of(self, name):
        return f"homeostat-{os.getpid()}-{name}"

    def address_of(self, name):
        return f"10.77.0.{self.names.index(name) + 1}"

    def make(self, space):
        # Of a test that was killed, whose process had our number.
        subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        run("ip", "netns", "add", space)
        self.made.append(space)
        run("ip", "-n", space, "link", "set", "lo", "up")

    def connect(self, name):
        space, port = self.space_of(name), f"port-{name}"
        self.make(space)
        run("ip", "-n", self.switch, "link", "add", port, "type", "veth",
            "peer", "name", "eth0", "netns", space)
        run("ip", "-n", self.switch, "link", "set", port, "master", "bridge0")
        run("ip", "-n", self.switch, "link", "set", port, "up")
        run("ip", "-n", space, "addr", "add", f"{self.address_of(name)}/24", "dev", "eth0")
        run("ip", "-n", space, "link", "set", "eth0", "up")

    def at(self, name):
        """What a command begins with to run on that host."""
        return ["nsenter", f"--net=/run/netns/{self.space_of(name)}"]

    def cut_off(self, name):
        run("ip", "-n", self.switch, "link", "set", f"port-{name}", "down")

    def connect_again(self, name):
        run("ip", "-n", self.switch, "link", "set", f"port-{name}", "up")

    def end(self):
        """A namespace that a process is in lives on until that ends."""
        for space in self.made:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        self.made = []
