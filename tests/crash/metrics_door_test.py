#!/usr/bin/env python3
"""Reads a running agent by TCP, and tries to do more than that.

    metrics_door_test.py --bin build/release/bin [--only TEXT]
"""

import http.client
import json
import signal
import socket

import prometheus_strict
from guarded_world import free_ports, wait_until
from harness import run_each
from small_service import SmallService


def open_door(service):
    service.door, = free_ports(1)
    service.add(f"metrics: {{ listen: 127.0.0.1:{service.door} }}\n")


def ask(service, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", service.door, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def what_stands_at_the_door_is_what_the_control_socket_says(service):
    open_door(service)
    service.start()
    status, page = ask(service, "GET", "/metrics")
    assert status == 200, page
    families = prometheus_strict.parse(page)
    assert families.keys() == prometheus_strict.parse(service.get("/metrics")[1]).keys()
    wait_until("it is healthy", lambda: ask(service, "GET", "/healthz")[0] == 200)
    assert json.loads(ask(service, "GET", "/healthz")[1]) == {"is_healthy": True, "troubles": []}


def nobody_changes_anything_there(service):
    open_door(service)
    service.add("changes: [ { http: true } ]\n")
    service.start()
    for method in ("GET", "POST", "PUT", "DELETE"):
        for path in ("/v1/status", "/v1/suspend", "/v1/resume", "/v1/approve", "/v1/deny",
                     "/v1/close", "/v1/changes", "/v1/pledges", "/v1/sources", "/"):
            status, text = ask(service, method, path)
            assert status == 404 and "nothing else" in text, f"{method} {path}: {status} {text}"
    for path in ("/metrics", "/healthz"):
        assert ask(service, "POST", path)[0] == 405
    assert ask(service, "POST", "/v1/suspend", '{"because": "x"}')[0] == 413
    assert not service.status()["is_suspended"] and not service.recorded("suspended")


def an_agent_whose_door_is_taken_says_so_and_does_not_start(service):
    open_door(service)
    service.start()
    service.kill_agent()
    taken = socket.create_server(("127.0.0.1", service.door))
    with taken:
        service.start_agent()
        assert service.agent.wait(20) != 0
    assert "metrics.listen" in service.log(), service.log()
    service.start()  # And its instances went on.
    assert "2 adopted, 0 started" in service.log(), service.log()


def an_agent_that_is_told_to_end_ends_with_a_client_at_the_door(service):
    open_door(service)
    service.start()
    idle = http.client.HTTPConnection("127.0.0.1", service.door, timeout=5)
    idle.request("GET", "/healthz")
    idle.getresponse().read()  # Kept open.
    service.agent.send_signal(signal.SIGTERM)
    assert service.agent.wait(20) == 0
    idle.close()


TESTS = [
    what_stands_at_the_door_is_what_the_control_socket_says,
    nobody_changes_anything_there,
    an_agent_whose_door_is_taken_says_so_and_does_not_start,
    an_agent_that_is_told_to_end_ends_with_a_client_at_the_door,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
