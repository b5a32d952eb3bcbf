#!/usr/bin/env python3
"""An agent between a list of sources and an Envoy: who is refused, and who ends that.

    envoy_block_sources_test.py --bin build/release/bin [--only TEXT]

The list is that of block_sources_test.py, Envoy and its watchdog are those of envoy_edge_test.py,
and the file of marks begins as the one of examples/envoy. Half a minute.
"""

import contextlib
import json
import shutil
import socket
import sys
import time

from block_sources_test import ENOUGH, KEY, BlockedService, Feed, deny, doctor
from envoy_edge_test import TYPES, ServiceBehindEnvoy, envoy_program, from_file
from guarded_world import ROOT, wait_until
from harness import run_each
from small_service import write_secret

RBAC = TYPES + "extensions.filters.http.rbac.v3.RBAC"
MARKS = "homeostat.sources.json"
ENDS = "homeostat.sources.ends"

SOURCES = """block_sources:
  feeds:
    - {{ name: crowdsec, crowdsec: "http://127.0.0.1:{port}", key: {here}/key, confidence: 90 }}
  allow: [ 198.51.100.0/24 ]
"""


class BlockedAtEnvoy(ServiceBehindEnvoy):
    visit = BlockedService.visit
    is_refused = BlockedService.is_refused
    sources = BlockedService.sources
    has = BlockedService.has
    may_deny = BlockedService.may_deny

    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.feed = Feed()
        self.has_filter = True
        self.has_default = True
        write_secret(here / "key", KEY + "\n")
        shutil.copy(ROOT / "examples/envoy/xds" / MARKS, self.files / MARKS)
        self.add(SOURCES.format(here=here, port=self.feed.port))

    def bootstrap(self):
        """Besides the others a listener where visitors come from wherever a test wants."""
        document = super().bootstrap()
        listener, = [one for one in document["static_resources"]["listeners"]
                     if one["name"] == "edge"]
        listener = json.loads(json.dumps(listener))
        listener["name"] = "sources"
        listener["address"] = {"pipe": {"path": str(self.here / "edge.sock")}}
        listener["listener_filters"] = [{"name": "proxy", "typed_config": {
            "@type": TYPES + "extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"}}]
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        manager["route_config"]["virtual_hosts"][0]["routes"] = [
            {"match": {"prefix": "/"}, "direct_response": {"status": 200}}]
        discovery = {"config_source": from_file(self.files / MARKS), "type_urls": [RBAC]}
        if self.has_default:
            manager["use_remote_address"] = True
            discovery["default_config"] = {"@type": RBAC}
            discovery["apply_default_config_without_warming"] = True
        if self.has_filter:
            manager["http_filters"].insert(0, {"name": "homeostat.sources",
                                               "config_discovery": discovery})
        document["static_resources"]["listeners"].append(listener)
        return document

    def start_all(self):
        self.start_envoy()
        self.start_watchdog()
        self.start()

    def end(self):
        self.feed.end()
        super().end()


@contextlib.contextmanager
def kept_connection(service, source):
    """Gives a function that asks once more on one connection, and says the status."""
    with socket.socket(socket.AF_UNIX) as edge:
        edge.settimeout(5)
        edge.connect(str(service.here / "edge.sock"))
        edge.sendall(f"PROXY TCP4 {source} 203.0.113.254 40000 80\r\n".encode())
        reader = edge.makefile("rb")

        def ask():
            edge.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            status = int(reader.readline().split()[1])
            length = 0
            while (line := reader.readline().strip().lower()):
                length = int(line.split()[1]) if line.startswith(b"content-length") else length
            reader.read(length)
            return status
        yield ask


def files_say_that_nobody_else_is_marked(service, version):
    text = (service.files / MARKS).read_text()
    return "IPMatcher" not in text and f'"{version}' in text


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_listed_source_is_refused_on_the_connection_that_it_has_and_let_in_again(service):
    service.may_deny()
    service.start_all()
    with kept_connection(service, "192.0.2.7") as ask:
        assert ask() == 200
        deny(service, "192.0.2.7")
        assert ask() == 403
        assert service.visit("192.0.2.8") == {200}
        service.feed.add("198.51.100.7")
        service.feed.remove("192.0.2.7")
        wait_until("it is let in", lambda: service.has("denied", 0))
        assert ask() == 200
    assert files_say_that_nobody_else_is_marked(service, "h-m")
    wait_until("each order has its outcome",
               lambda: len(service.recorded("marked")) == len(service.recorded("marking")))
    assert [order["mark"] for order in service.recorded("marking")] == \
        ["on_trial", "denied", "none"]
    assert all(one["outcome"]["outcome"] == "done" for one in service.recorded("marked"))


def without_the_autonomy_to_act_requests_are_counted_and_nobody_is_refused(service):
    service.start_all()
    service.feed.add("192.0.2.7")
    wait_until("it is on trial", lambda: service.has("on_trial", 1))
    service.visit("203.0.113.9", ENOUGH)
    wait_until("its trial is over", lambda: service.has("watched", 1))
    assert service.visit("192.0.2.7", 3) == {200}
    wait_until("its requests are counted",
               lambda: service.sources()["requests"]["watched"] == 3)
    assert "DENY" not in (service.files / MARKS).read_text()


def a_mark_ends_in_its_time_though_the_agent_is_dead(service):
    service.may_deny()
    service.start_all()
    deny(service, "192.0.2.7")
    service.kill_agent()
    assert service.is_refused("192.0.2.7")
    ends = json.loads((service.files / ENDS).read_text())
    group, = ends["ends"]
    assert group["sources"] == ["192.0.2.7"], ends
    assert 0 < group["until"] - time.time() * 1000 <= 121_000, ends
    # Two minutes are long to wait for: it ends as soon as this test wants.
    group["until"] = int((time.time() + 1) * 1000)
    service.put(ENDS, ends)
    wait_until("it is let in", lambda: service.visit("192.0.2.7") == {200})
    assert files_say_that_nobody_else_is_marked(service, "w-")


def without_a_watchdog_nobody_is_marked_and_people_are_told(service):
    service.may_deny()
    service.start_envoy()
    service.start()
    service.feed.add("192.0.2.7")
    wait_until("people are told", lambda: "no watchdog would end it again" in service.log())
    assert "IPMatcher" not in (service.files / MARKS).read_text()
    service.start_watchdog()
    wait_until("it is on trial", lambda: service.has("on_trial", 1))
    service.visit("203.0.113.9", ENOUGH)
    # Its own visits would spoil the trial.
    wait_until("it is denied", lambda: service.has("denied", 1))
    wait_until("it is refused", lambda: service.is_refused("192.0.2.7"))


def the_doctor_names_what_envoy_lacks(service):
    service.may_deny()
    service.has_filter = False
    service.start_envoy()
    said = str(doctor(service))
    for words in ("no listener of Envoy has the filter 'homeostat.sources'",
                  "no watchdog ends marks"):
        assert words in said, said
    service.kill(service.envoy)
    service.has_filter, service.has_default = True, False
    service.start_envoy()
    service.start_watchdog()
    found = doctor(service)
    said = str(found)
    assert len(found) == 2 and {check["health"] for check in found} == {"ILL"}, found
    assert "lets nobody through" in said and "use_remote_address" in said, said
    service.kill(service.envoy)
    service.has_default = True
    service.start_envoy()
    found = doctor(service)
    assert [check["health"] for check in found] == ["ok"], found
    (service.files / MARKS).write_text(
        (service.files / MARKS).read_text().replace('"version_info": "1"', '"version_info": "2"'))
    assert "has version '2', Envoy has loaded '1'" in str(doctor(service))


TESTS = (
    a_listed_source_is_refused_on_the_connection_that_it_has_and_let_in_again,
    without_the_autonomy_to_act_requests_are_counted_and_nobody_is_refused,
    a_mark_ends_in_its_time_though_the_agent_is_dead,
    without_a_watchdog_nobody_is_marked_and_people_are_told,
    the_doctor_names_what_envoy_lacks,
)

if __name__ == "__main__":
    if envoy_program() is None:
        print("SKIPPED: envoy is not installed (tools/setup.sh check brings it)")
        sys.exit(77)
    run_each(__doc__, TESTS, BlockedAtEnvoy)
