#!/usr/bin/env python3
"""From `dpkg -i` on a Debian that has nothing else to the first incident that is told, and back.

    tests/deploy/install_test.py BIN        as root, with mmdebstrap and its Debian within reach

Ends with 77 where that is not so. All of it runs in a chroot, in namespaces of its own that end
with this program and everything that it has started. What only systemd does is not tried here:
package_test.py has it look at the unit.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "deploy/package/build.py"
BIN = Path(sys.argv[1]).resolve()
INSIDE = "--inside"
STATE = "var/lib/homeostat"
ROLES = ROOT / "docs/roles.md"
AGENT = "homeostat-agent"
# Beside CONFIG, as docs/roles.md has it.
OWN_AGENT = """roles:
  socket: /run/homeostat/payments/door.sock
  key: /var/lib/homeostat-agent/payments.key
  agent_socket: /run/homeostat-agent/payments.sock
"""
# Nothing of autonomy: what is shipped is `watch`.
CONFIG = """service: files
runtime:
  process: {{ command: [python3, -m, http.server, --bind, 127.0.0.1, "{{port}}"], ports: [{port}] }}
signals:
  - http: {{ path: /, every: 200ms, timeout: 200ms }}
"""


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


def wait_until(what, condition, seconds=60):
    give_up_at = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up_at, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)
    return found


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Machine:
    """A bare Debian in a folder."""

    def __init__(self, root, deb):
        self.root, self.deb, self.port, self.agent = Path(root), deb, free_port(), None

    def make(self, packages):
        done = subprocess.run(
            ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase",
             f"--include={','.join(packages)}", "bookworm", self.root],
            capture_output=True, text=True)
        if done.returncode != 0:
            skip(f"no Debian to install into: {done.stderr.strip()[-300:]}")
        (self.root / "proc").mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
        shutil.copy(self.deb, self.root / "homeostat.deb")

    def run(self, *words, user="root", env=None):
        """(exit status, all that it printed)"""
        done = subprocess.run(["/usr/sbin/chroot", f"--userspec={user}", self.root, *words],
                              capture_output=True, text=True, timeout=120,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(env or {})})
        return done.returncode, done.stdout + done.stderr

    def must(self, *words, **more):
        status, told = self.run(*words, **more)
        assert status == 0, f"{' '.join(words)}: {told}"
        return told

    def ask(self, command):
        status, told = self.run("homeostat", command, "--json", "--config",
                                "/etc/homeostat/files.yaml", user="homeostat")
        return json.loads(told) if status == 0 else None

    def start_agent(self):
        self.log = self.root / "agent.log"
        with self.log.open("a") as log:
            self.agent = subprocess.Popen(
                ["/usr/sbin/chroot", "--userspec=homeostat:homeostat", self.root,
                 "/usr/bin/homeostat", "agent", "--config", "/etc/homeostat/files.yaml"],
                stdout=log, stderr=subprocess.STDOUT,
                env={"PATH": "/usr/bin:/bin"}, cwd="/")

    def is_serving(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def instances(self):
        """Their processes, by their command line."""
        found = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if "http.server" in place.read_text() and "homeostat" not in place.read_text():
                    found.append(int(place.parent.name))
            except OSError:
                pass
        return found


def it_is_installed_with_a_user_and_places_of_its_own(machine):
    machine.must("dpkg", "-i", "/homeostat.deb")
    assert machine.must("homeostat", "--version").strip()
    state = (machine.root / STATE).stat()
    assert state.st_mode & 0o777 == 0o750 and state.st_uid != 0
    assert (machine.root / "etc/homeostat").stat().st_mode & 0o777 == 0o750
    assert "homeostat" in machine.must("getent", "passwd", "homeostat")
    # As dpkg may do it any number of times.
    for _ in range(2):
        machine.must("/var/lib/dpkg/info/homeostat.postinst", "configure", "")
    assert (machine.root / STATE).stat().st_uid == state.st_uid
    assert machine.run("dpkg", "--verify", "homeostat") == (0, "")


def a_configuration_of_five_lines_suffices(machine):
    file = machine.root / "etc/homeostat/files.yaml"
    file.write_text(CONFIG.format(port=machine.port))
    machine.must("homeostat", "validate", "--config", "/etc/homeostat/files.yaml",
                 user="homeostat")


def the_agent_starts_its_service_which_outlives_it_and_is_adopted(machine):
    machine.start_agent()
    wait_until("the service answers", machine.is_serving)
    before = machine.instances()
    machine.agent.send_signal(signal.SIGTERM)
    assert machine.agent.wait(20) == 0
    assert machine.is_serving() and machine.instances() == before
    machine.start_agent()
    wait_until("the next agent answers", lambda: machine.ask("status"))
    assert "1 adopted, 0 started" in machine.log.read_text(), machine.log.read_text()
    assert machine.instances() == before


def what_it_would_do_is_told_and_not_done(machine):
    status = wait_until("it judges", lambda: (machine.ask("status") or {}).get("instances"))
    assert status[0]["is_answering"], status
    for pid in machine.instances():
        os.kill(pid, signal.SIGKILL)
    incident = wait_until("an incident is told", lambda: (
        (machine.ask("incidents") or {}).get("incidents") or [None])[0])
    told = wait_until("it is explained", lambda: "restart" in machine.must(
        "homeostat", "explain", incident["incident"], "--config", "/etc/homeostat/files.yaml",
        user="homeostat"))
    assert told and not machine.is_serving() and not machine.instances()
    print(f"    {time.monotonic() - BEGUN_AT:.1f} s from dpkg -i, an incident is told", flush=True)


def what_is_kept_is_kept_where_a_package_may(machine):
    assert (machine.root / STATE / "files/ledger").is_dir()
    assert not [path for path in (machine.root / "etc/homeostat").iterdir()
                if path.name not in ("var", "files.yaml")]
    machine.agent.send_signal(signal.SIGTERM)
    assert machine.agent.wait(20) == 0
    assert re.search(r"\d+ records", machine.must(
        "homeostat", "verify-ledger", "--config", "/etc/homeostat/files.yaml", user="homeostat"))


def the_half_that_judges_reads_its_configuration_as_a_user_of_its_own_and_no_ledger(machine):
    """By the commands of docs/roles.md. The places in /run are systemd's to make."""
    machine.must("adduser", "--quiet", "--system", "--group", "--no-create-home", AGENT)
    machine.must("install", "-d", "-m", "0750", "-o", AGENT, f"/var/lib/{AGENT}")
    file = machine.root / "etc/homeostat/payments.yaml"
    file.write_text(CONFIG.format(port=machine.port) + OWN_AGENT)
    file.chmod(0o640)
    as_agent = {"user": f"{AGENT}:{AGENT}"}
    show = ("homeostat", "agent", "--role", "agent", "--show-key", "--config",
            "/etc/homeostat/payments.yaml")
    assert machine.run(*show, **as_agent)[0] != 0
    commands = re.findall(r"`(setfacl [^`]+)`", ROLES.read_text())
    assert commands
    for command in commands:
        machine.must(*command.split())
    assert re.fullmatch(r"[0-9a-f]{64}\n", machine.must(*show, **as_agent))
    assert machine.run("ls", f"/{STATE}", **as_agent)[0] != 0
    file.unlink()


def removed_and_purged_it_leaves_ledgers_and_configurations(machine):
    machine.must("dpkg", "--remove", "homeostat")
    assert not (machine.root / "usr/bin/homeostat").exists()
    machine.must("dpkg", "-i", "/homeostat.deb")
    told = machine.must("dpkg", "--purge", "homeostat")
    assert "/var/lib/homeostat stays" in told and "/etc/homeostat stays" in told, told
    assert (machine.root / STATE / "files/ledger").is_dir()
    assert (machine.root / "etc/homeostat/files.yaml").exists()
    machine.must("getent", "passwd", "homeostat")


def who_says_so_is_rid_of_ledgers_too(machine):
    machine.must("dpkg", "-i", "/homeostat.deb")
    (machine.root / "etc/homeostat/files.yaml").unlink()
    machine.must("dpkg", "--purge", "homeostat", env={"HOMEOSTAT_PURGE_LEDGERS": "yes"})
    assert not (machine.root / STATE).exists() and not (machine.root / "etc/homeostat").exists()
    assert machine.run("getent", "passwd", "homeostat")[0] == 2


TESTS = (it_is_installed_with_a_user_and_places_of_its_own,
         a_configuration_of_five_lines_suffices,
         the_agent_starts_its_service_which_outlives_it_and_is_adopted,
         what_it_would_do_is_told_and_not_done, what_is_kept_is_kept_where_a_package_may,
         the_half_that_judges_reads_its_configuration_as_a_user_of_its_own_and_no_ledger,
         removed_and_purged_it_leaves_ledgers_and_configurations,
         who_says_so_is_rid_of_ledgers_too)
BEGUN_AT = 0


def inside(folder):
    global BEGUN_AT
    done = subprocess.run([sys.executable, BUILD, folder, "--bin", BIN, "--only", "deb"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    deb = Path(done.stdout.strip())
    depends = subprocess.run(["dpkg-deb", "--field", deb, "Depends"], check=True,
                             capture_output=True, text=True).stdout
    machine = Machine(Path(folder) / "root", deb)
    machine.make([*re.findall(r"([a-z0-9][a-z0-9.+-]+)(?: \([^)]*\))?(?:,|$)", depends.strip()),
                  "python3", "acl"])
    BEGUN_AT = time.monotonic()
    try:
        for test in TESTS:
            print(test.__name__.replace("_", " "), flush=True)
            test(machine)
    except BaseException:
        if machine.agent:
            print(machine.log.read_text()[-3000:], flush=True)
        raise
    print("ok")


def main():
    if INSIDE in sys.argv:
        inside(sys.argv[3])
        return
    for tool in ("mmdebstrap", "dpkg-shlibdeps", "unshare"):
        if shutil.which(tool) is None:
            skip(f"there is no {tool}; tools/setup.sh check brings it")
    if os.geteuid() != 0:
        skip("a chroot needs root")
    with tempfile.TemporaryDirectory(prefix="install-") as folder:
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child",
                               "--mount-proc", sys.executable, __file__, BIN, INSIDE, folder])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
