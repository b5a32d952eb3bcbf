#!/usr/bin/env python3
"""An agent between a list of sources and an HAProxy: who is refused, and what a bad list does.

    block_sources_test.py --bin build/release/bin [--only TEXT]

The lists are CrowdSec's API and a TAXII collection as they answer, played here, so that they can
lie; the real ones are asked in tests/conformance. Visitors come from wherever a test wants, by the
PROXY protocol. Half a minute.
"""

import base64
import contextlib
import datetime
import http.server
import json
import shutil
import socket
import subprocess
import threading

from guarded_world import die_with_parent, wait_until
from harness import run_each
from small_service import SmallService, write_secret

HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
KEY = "key-of-a-bouncer"
TRIAL_REQUESTS = 1_000
ENOUGH = TRIAL_REQUESTS + 200  # Some come before the trial begins.

EDGE = """global
 stats socket {here}/haproxy.sock mode 600 level admin
defaults
 mode http
 timeout connect 1s
 timeout client 5s
 timeout server 5s
backend rates
 server r0 127.0.0.1:{ports[0]}
 server r1 127.0.0.1:{ports[1]}
backend block_addresses
 stick-table type ipv6 size 64k expire 3m store gpt0
backend block_networks
 stick-table type ipv6 size 64k expire 3m store gpt0
backend block_counts
 stick-table type string len 8 size 16 store http_req_cnt,gpc(6)
frontend edge
 bind unix@{here}/edge.sock accept-proxy
 http-request track-sc2 str(all) table block_counts
 http-request set-var(txn.address) src,table_gpt0(block_addresses)
 http-request set-var(txn.network) src,ipmask(24,64),table_gpt0(block_networks)
 acl is_watched var(txn.address) -m int 1
 acl is_watched var(txn.network) -m int 1
 acl is_on_trial var(txn.address) -m int 2
 acl is_on_trial var(txn.network) -m int 2
 acl is_denied var(txn.address) -m int 3
 acl is_denied var(txn.network) -m int 3
 http-request sc-inc-gpc(0,2) if is_watched
 http-request sc-inc-gpc(1,2) if is_on_trial
 http-request sc-inc-gpc(2,2) if is_denied
 http-request deny deny_status 403 if is_denied
 http-request return status 200
"""

CONFIG = """edge:
  haproxy: {{ socket: {here}/haproxy.sock, backend: rates, servers: "r{{index}}" }}
block_sources:
  addresses: block_addresses
  networks: block_networks
  counts: block_counts
  feeds:
    - {{ name: crowdsec, crowdsec: "http://127.0.0.1:{port}", key: {here}/key, confidence: 90 }}
  allow: [ 198.51.100.0/24 ]
"""


def ban(value):
    return {"id": 1, "origin": "cscli", "scenario": "ssh-bf", "type": "ban", "value": value,
            "scope": "Range" if "/" in value else "Ip", "duration": "3h59m59.3s"}


class Feed:
    """CrowdSec's stream of decisions: what is new is told once, and all of it at a start."""

    def __init__(self):
        self.listed = []
        self.news = {"new": [], "deleted": []}
        self.spoilt = None  # Bytes that are answered instead.
        self.to_strangers = 403
        feed = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                known = self.headers["X-Api-Key"] == KEY
                body = feed.answer("startup=true" in self.path) if known else b"{}"
                self.send_response(200 if known else feed.to_strangers)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # Who has read enough hangs up.
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, is_whole):
        if self.spoilt is not None:
            return self.spoilt
        told, self.news = self.news, {"new": [], "deleted": []}
        if is_whole:
            told = {"new": list(self.listed), "deleted": []}
        return json.dumps({key: value or None for key, value in told.items()}).encode()

    def end(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, *values):
        self.listed += map(ban, values)
        self.news["new"] += map(ban, values)

    def remove(self, value):
        self.listed.remove(ban(value))
        self.news["deleted"].append(ban(value))


class Collection:
    """One page of a TAXII 2.1 collection, for whoever has the login."""

    LOGIN = "homeostat:password"
    MEDIA_TYPE = "application/taxii+json;version=2.1"

    def __init__(self, objects):
        wanted = "Basic " + base64.b64encode(self.LOGIN.encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                is_known = self.headers["Authorization"] == wanted
                is_known = is_known and self.headers["Accept"] == Collection.MEDIA_TYPE
                shown = {"objects": objects} if "/objects/" in self.path else {"can_read": True}
                body = json.dumps(shown).encode()
                self.send_response(200 if is_known else 401)
                self.send_header("Content-Type", Collection.MEDIA_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api1/collections/7/"

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def indicator(number, pattern):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"type": "indicator", "spec_version": "2.1", "created": now, "modified": now,
            "id": f"indicator--00000000-0000-4000-8000-{number:012}", "name": "brute force",
            "pattern": pattern, "pattern_type": "stix", "valid_from": now}


class BlockedService(SmallService):
    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.feed = Feed()
        write_secret(here / "key", KEY + "\n")
        (here / "haproxy.cfg").write_text(EDGE.format(here=here, ports=self.ports))
        subprocess.Popen([HAPROXY, "-db", "-q", "-f", here / "haproxy.cfg"],
                         preexec_fn=die_with_parent)
        wait_until("HAProxy listens", (here / "edge.sock").exists)
        self.add(CONFIG.format(here=here, port=self.feed.port))

    def may_deny(self):
        self.change("{ restart: act }", "{ restart: act, block_source: act }")

    def visit(self, source, count=1):
        """The statuses that a visitor from there gets, all on one connection."""
        family = "TCP6" if ":" in source else "TCP4"
        target = "2001:db8::ffff" if ":" in source else "203.0.113.254"
        statuses = set()
        with socket.socket(socket.AF_UNIX) as edge:
            edge.settimeout(5)
            edge.connect(str(self.here / "edge.sock"))
            edge.sendall(f"PROXY {family} {source} {target} 40000 80\r\n".encode())
            reader = edge.makefile("rb")
            for _ in range(count):
                edge.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                status = int(reader.readline().split()[1])
                length = 0
                while (line := reader.readline().strip().lower()):
                    length = int(line.split()[1]) if line.startswith(b"content-length") else length
                reader.read(length)
                statuses.add(status)
        return statuses

    def is_refused(self, source):
        return self.visit(source) == {403}

    def sources(self):
        return json.loads(self.get("/v1/sources")[1])["sources"]

    def has(self, mark, count):
        return self.sources()["sources"][mark] == count

    def end(self):
        self.feed.end()
        super().end()


def doctor(service):
    done = subprocess.run([service.programs / "homeostat", "doctor", "--json",
                           "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=20)
    return [check for check in json.loads(done.stdout)["checks"]
            if check["check"] == "block_sources"]


def show(service):
    return subprocess.run([service.programs / "homeostat", "sources", "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=20,
                          check=True).stdout


def deny(service, source):
    """As many requests from elsewhere as a trial needs; it is spoilt by those of the source."""
    service.feed.add(source)
    wait_until("it is on trial", lambda: service.has("on_trial", 1))
    service.visit("203.0.113.9", ENOUGH)
    wait_until("it is denied", lambda: service.has("denied", 1))
    assert service.is_refused(source.split("/")[0])


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_listed_source_is_refused_after_its_trial_and_let_in_when_it_is_taken_off_the_list(service):
    service.may_deny()
    service.start()
    assert service.visit("192.0.2.7") == {200}
    deny(service, "192.0.2.7")
    assert service.visit("192.0.2.8") == {200}
    assert 'homeostat_sources_marked{mark="denied"} 1\n' in service.get("/metrics")[1]
    service.feed.remove("192.0.2.7")
    wait_until("it is let in", lambda: service.has("denied", 0))
    assert service.visit("192.0.2.7") == {200}
    wait_until("each order has its outcome",
               lambda: len(service.recorded("marked")) == len(service.recorded("marking")))
    orders = service.recorded("marking")
    assert [order["mark"] for order in orders] == ["on_trial", "denied", "none"], orders
    source, = orders[1]["sources"]
    assert (source["source"], source["feeds"], source["reason"]) == \
        ("192.0.2.7", "crowdsec", "ssh-bf"), source
    assert all(one["outcome"]["outcome"] == "done" for one in service.recorded("marked"))


def without_the_autonomy_to_act_nobody_is_ever_refused(service):
    service.start()
    service.feed.add("192.0.2.7")
    wait_until("it is on trial", lambda: service.has("on_trial", 1))
    service.visit("203.0.113.9", ENOUGH)
    wait_until("its trial is over", lambda: service.has("watched", 1))
    before = service.sources()["requests"]["watched"]
    assert service.visit("192.0.2.7", 3) == {200}
    wait_until("its requests are counted",
               lambda: service.sources()["requests"]["watched"] == before + 3)
    assert service.has("denied", 0) and service.has("watched", 1)


def a_list_that_lies_is_told_of_and_marks_nobody(service):
    service.may_deny()
    service.start()
    service.feed.add("0.0.0.0/0", "198.51.100.7", "198.51.100.0/25", "10.1.2.3", "16.0.0.0/4",
                     "192.0.2.1;show errors", "2001::/16")
    wait_until("all of it is refused", lambda: sum(
        service.sources()["feeds"][0]["refused"].values()) == 6)
    assert service.sources()["feeds"][0]["skipped"] == 1
    assert not service.recorded("marking")
    wait_until("people are told", lambda: service.recorded("feed"))
    for source in ("198.51.100.7", "203.0.113.9", "2001:db8::1"):
        assert service.visit(source) == {200}


def a_list_that_is_broken_huge_or_gone_leaves_what_it_has_said(service):
    service.may_deny()
    service.start()
    deny(service, "192.0.2.0/24")
    for spoilt in (b"<html>", b'{"new":[],"deleted":{}}', b" " * (17 << 20)):
        service.feed.spoilt = spoilt
        wait_until("it is silent", lambda: not service.sources()["feeds"][0]["is_answering"])
        assert service.is_refused("192.0.2.255")
        service.feed.spoilt = None
        wait_until("it answers", lambda: service.sources()["feeds"][0]["is_answering"])
    assert service.has("denied", 1)
    assert service.visit("192.0.3.1") == {200}


def too_many_refusals_are_taken_back_by_themselves(service):
    service.may_deny()
    service.start()
    deny(service, "192.0.2.7")
    service.visit("192.0.2.7", 100)
    wait_until("it is let in", lambda: service.visit("192.0.2.7") == {200})
    found = service.sources()
    assert found["taken_back"] == 1 and found["feeds"][0]["is_quarantined"], found
    wait_until("people are told", lambda: "taken_back" in service.log())


def a_suspended_agent_marks_nobody_and_goes_on_when_it_is_resumed(service):
    service.may_deny()
    service.start()
    assert service.ask("suspend", "--because", "maintenance")
    service.feed.add("192.0.2.7")
    wait_until("it is listed", lambda: service.sources()["feeds"][0]["sources"] == 1)
    assert "suspended" in service.sources()["trouble"]
    assert not service.recorded("marking")
    assert service.ask("resume", "--because", "it is over")
    wait_until("it is on trial", lambda: service.has("on_trial", 1))


def a_taxii_collection_is_a_list_like_any_other(service):
    collection = Collection([indicator(1, "[ipv4-addr:value = '192.0.2.7']"),
                             indicator(2, "[domain-name:value = 'a.example']")])
    try:
        write_secret(service.here / "login", "homeostat:guessed\n")
        given = next(line for line in service.config.read_text().splitlines()
                     if "name: crowdsec" in line)
        service.change(given, f'    - {{ name: partner, confidence: 90, taxii: {{ collection: '
                              f'"{collection.url}", login: {service.here}/login, '
                              f'poll_every: 1s }} }}')
        service.may_deny()
        refused, = doctor(service)
        assert refused["health"] == "ILL" and "does not let us read" in str(refused), refused
        write_secret(service.here / "login", Collection.LOGIN + "\n")
        assert [check["health"] for check in doctor(service)] == ["ok"]
        service.start()
        wait_until("it is on trial", lambda: service.has("on_trial", 1))
        assert service.sources()["feeds"][0]["skipped"] > 0
        service.visit("203.0.113.9", ENOUGH)
        wait_until("it is denied", lambda: service.has("denied", 1))
        assert service.is_refused("192.0.2.7") and service.visit("192.0.2.8") == {200}
        source, = service.recorded("marking")[0]["sources"]
        assert (source["feeds"], source["reason"]) == ("partner", "brute_force"), source
        shown = show(service)
        assert "  denied               1 " in shown and "  partner: answers, " in shown, shown
    finally:
        collection.end()


def the_doctor_names_what_the_edge_and_the_list_lack(service):
    service.may_deny()
    found = doctor(service)
    assert [check["health"] for check in found] == ["ok"], found
    service.change("addresses: block_addresses", "addresses: block_address")
    service.change("counts: block_counts", "counts: rates")
    service.feed.end()
    found = doctor(service)
    said = str(found)
    assert len(found) == 3 and {check["health"] for check in found} == {"ILL"}, found
    for words in ("no stick table 'block_address'", "'rates'", "crowdsec: ", "gpc(6)"):
        assert words in said, f"'{words}' is not said: {said}"


def the_doctor_names_a_list_that_is_no_crowdsec_a_key_that_is_gone_and_an_edge_that_is(service):
    service.feed.to_strangers = 404
    (service.here / "key").unlink()
    service.change("haproxy.sock", "no.sock")
    found = doctor(service)
    said = str(found)
    for words in ("crowdsec: key: ", "cscli bouncers add homeostat", "no CrowdSec: it answers 404",
                  "the edge does not answer"):
        assert words in said, f"'{words}' is not said: {said}"


def a_key_that_cannot_be_read_is_named_and_the_agent_does_not_start(service):
    (service.here / "key").unlink()
    service.start_agent()
    assert service.agent.wait(10) != 0
    assert "block_sources.feeds: crowdsec: key" in service.log(), service.log()


TESTS = (
    a_listed_source_is_refused_after_its_trial_and_let_in_when_it_is_taken_off_the_list,
    without_the_autonomy_to_act_nobody_is_ever_refused,
    a_list_that_lies_is_told_of_and_marks_nobody,
    a_list_that_is_broken_huge_or_gone_leaves_what_it_has_said,
    too_many_refusals_are_taken_back_by_themselves,
    a_suspended_agent_marks_nobody_and_goes_on_when_it_is_resumed,
    a_taxii_collection_is_a_list_like_any_other,
    the_doctor_names_what_the_edge_and_the_list_lack,
    the_doctor_names_a_list_that_is_no_crowdsec_a_key_that_is_gone_and_an_edge_that_is,
    a_key_that_cannot_be_read_is_named_and_the_agent_does_not_start,
)

if __name__ == "__main__":
    run_each(__doc__, TESTS, BlockedService)
