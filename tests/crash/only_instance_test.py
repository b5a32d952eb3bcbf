#!/usr/bin/env python3
"""A service of one instance behind HAProxy: it hangs, or only its probe says so.

    only_instance_test.py --bin build/release/bin [--only TEXT]

No sibling shows that the prober works, so HAProxy has to say that users are not served. Half a
minute.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from guarded_world import die_with_parent, free_ports, wait_until
from harness import run_each
from small_service import SmallService

HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
VISIT_EVERY = 0.05  # s

# A health check that says no while a file is there, and a page that is served all the same.
SERVICE = """#!{python}
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        lies = self.path == "/healthz" and os.path.exists("{here}/lies")
        self.send_response(503 if lies else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""

EDGE = """global
 stats socket {here}/haproxy.sock mode 600 level admin
defaults
 mode http
 timeout connect 200ms
 timeout client 30s
 timeout server 500ms
 timeout queue 500ms
frontend edge
 bind 127.0.0.1:{door}
 default_backend rates
backend rates
 {checks}
 server r0 127.0.0.1:{port}{check}
"""

CONFIG = """edge:
  haproxy: {{ socket: {here}/haproxy.sock, backend: rates, servers: "r{{index}}" }}
"""


class OnlyInstance(SmallService):
    def __init__(self, programs, here):
        super().__init__(programs, here)
        old, self.ports, self.names = self.ports, free_ports(1), ["rates-0"]
        self.change(f"ports: {old}", f"ports: {self.ports}")
        self.change("min_healthy: 1", "min_healthy: 0")  # Of one none can be demanded.
        program = self.version / "rates"
        program.unlink()
        program.write_text(SERVICE.format(python=sys.executable, here=here))
        program.chmod(0o755)
        self.door, = free_ports(1)
        self.add(CONFIG.format(here=here))
        self.is_over = False
        self.visits = []  # (when, whether it was served)

    def start_behind_proxy(self, has_checks):
        (self.here / "haproxy.cfg").write_text(EDGE.format(
            here=self.here, door=self.door, port=self.ports[0],
            checks="option httpchk GET /" if has_checks else "",
            check=" check inter 300ms fall 2 rise 1" if has_checks else ""))
        subprocess.Popen([HAPROXY, "-db", "-q", "-f", self.here / "haproxy.cfg"],
                         preexec_fn=die_with_parent)
        wait_until("HAProxy listens", (self.here / "haproxy.sock").exists)
        self.start()
        wait_until("users are served", self.is_visit_served)

    def visit_always(self):
        """Users that come all the time, until the end."""
        def visit():
            while not self.is_over:
                began = time.monotonic()
                self.visits.append((began, self.is_visit_served()))
                time.sleep(VISIT_EVERY)
        for _ in range(4):
            threading.Thread(target=visit, daemon=True).start()
        time.sleep(2)

    def is_visit_served(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.door}/", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def hang(self):
        pid = self.alive()["rates-0"][0]
        os.kill(pid, signal.SIGSTOP)
        return pid

    def is_healed_from(self, pid):
        process = self.alive().get("rates-0")
        return process is not None and process[0] != pid and self.is_visit_served()

    def steps(self):
        return [intent["step"]["kind"] for intent in self.recorded("intent")]

    def escalations(self):
        return self.recorded("escalated")

    def end(self):
        self.is_over = True
        super().end()


# --- The tests: each a sentence that can be false ------------------------------------------------
def the_only_instance_that_hangs_is_restarted_once_users_get_errors(service):
    service.start_behind_proxy(has_checks=False)
    service.visit_always()
    pid = service.hang()
    wait_until("it is replaced and serves", lambda: service.is_healed_from(pid), 60)
    wait_until("the incident is closed", service.is_calm, 60)
    assert service.steps() == ["replace"], service.steps()


def the_only_instance_that_hangs_is_restarted_once_the_proxy_has_it_out(service):
    service.start_behind_proxy(has_checks=True)
    pid = service.hang()  # And nobody comes to be told an error.
    wait_until("it is replaced and serves", lambda: service.is_healed_from(pid), 60)
    wait_until("the incident is closed", service.is_calm, 60)
    assert service.steps() == ["replace"], service.steps()


def the_only_instance_is_left_alone_while_users_are_served(service):
    service.start_behind_proxy(has_checks=False)
    service.visit_always()
    alive = service.alive()
    (service.here / "lies").touch()
    began = time.monotonic()
    wait_until("a person is called", lambda: service.escalations(), 90)
    print(f"a person was called after {time.monotonic() - began:.0f} s")
    assert service.steps() == [], service.steps()
    assert service.alive() == alive
    assert all(is_served for at, is_served in service.visits if at > began), "users met errors"


TESTS = [
    the_only_instance_that_hangs_is_restarted_once_users_get_errors,
    the_only_instance_that_hangs_is_restarted_once_the_proxy_has_it_out,
    the_only_instance_is_left_alone_while_users_are_served,
]


def main():
    run_each(__doc__, TESTS, OnlyInstance)


if __name__ == "__main__":
    main()
