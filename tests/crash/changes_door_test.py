#!/usr/bin/env python3
"""Tells a running agent of changes by TCP, as deploy tools do, and tries to do more than that.

    changes_door_test.py --bin build/release/bin [--only TEXT]
"""

import http.client
import json
import signal
import subprocess

from guarded_world import free_ports, wait_until
from harness import run_each
from small_service import SmallService, write_secret

TOKEN = "0123456789abcdef" * 4
NAME = "homeostat-rates.shop.svc:9465"
# SOURCE: Argo CD, notifications: a webhook's body is what its template says.
OF_ARGO = {"kind": "deploy", "service": "rates", "to": "731f7eaddfb6", "reference": "shop-rates"}
# SOURCE: Flux, notification-controller: what its generic provider posts.
OF_FLUX = {
    "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                       "name": "shop", "namespace": "flux-system", "uid": "7d0cdc51"},
    "metadata": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:802723078affd3eb2a3898630261",
                 "service": "rates"},
    "severity": "info", "reason": "ReconciliationSucceeded", "message": "Deployment/shop/rates",
    "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-7c",
    "timestamp": "2026-11-30T07:26:19Z"}
OF_CDEVENTS = {"subject": {"id": "rates", "content": {"artifactId": "pkg:oci/rates?tag=v7"}}}
CDEVENT = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/ci",
           "ce-type": "dev.cdevents.service.deployed.0.2.0"}


def open_door(service, **more):
    service.door, = free_ports(1)
    service.token = service.here / "changes.token"
    write_secret(service.token, TOKEN + "\n")
    keys = {"listen": f"127.0.0.1:{service.door}", "token_file": str(service.token),
            "hosts": [NAME], **more}
    service.add(f"changes: [ {{ door: {json.dumps(keys)} }} ]\n")


def tell(service, body=OF_ARGO, method="POST", path="/v1/changes", token=TOKEN, **headers):
    """(status, document)"""
    connection = http.client.HTTPConnection("127.0.0.1", service.door, timeout=5)
    try:
        connection.request(method, path, body if isinstance(body, str) else json.dumps(body), {
            "Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token
                                                   else {}), **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text.startswith("{") else text
    finally:
        connection.close()


def finding(service, name):
    """Of doctor, whose status says how all of them together are."""
    done = subprocess.run([service.programs / "homeostat", "doctor", "--json", "--config",
                           service.config], cwd=service.here, capture_output=True, text=True,
                          timeout=20)
    return next(one for one in json.loads(done.stdout)["checks"] if one["check"] == name)


def told(service):
    return [one["to"] for one in service.status()["changes"]]


def deploy_tools_tell_of_changes_in_their_own_words(service):
    open_door(service)
    service.start()
    assert tell(service)[0] == 201
    flux = {"Gotk-Component": "kustomize-controller"}
    assert tell(service, OF_FLUX, **flux, Host=NAME)[0] == 201
    assert tell(service, OF_FLUX, **flux)[0] == 202
    assert tell(service, OF_CDEVENTS, **CDEVENT)[0] == 201
    assert {"731f7eaddfb6", "sha1-802723078aff", "v7"} <= set(told(service)), told(service)
    assert len(service.recorded("change")) >= 3
    status, answer = tell(service, {"kind": "deploy", "service": "a b"})
    assert status == 400 and "error" in answer, answer


def what_is_told_there_permits_nothing(service):
    """A change alone is no fault: nothing is proposed, nothing done."""
    open_door(service)
    service.change("autonomy: { restart: act }", "autonomy: { restart: act, rollback: act }")
    service.start()
    alive = service.alive()
    for number in range(20):
        assert tell(service, {"kind": "deploy", "service": "rates", "to": f"v{number}",
                              "from": "v0"})[0] == 201
    assert service.alive() == alive
    assert not service.status()["incidents"]
    assert not service.recorded("intent") and not service.recorded("opened")


def without_the_token_nothing_is_told_and_nothing_else_is_behind_the_door(service):
    open_door(service)
    service.start()
    known = len(service.recorded("change"))
    for token in ("", "x" * 64, TOKEN[:-1], TOKEN + "0"):
        assert tell(service, token=token)[0] == 401, token
    for path in ("/v1/status", "/v1/suspend", "/v1/approve", "/v1/close", "/v1/promote",
                 "/metrics", "/healthz", "/"):
        for method in ("GET", "POST"):
            assert tell(service, method=method, path=path)[0] == 404, path
    assert tell(service, method="GET")[0] == 405
    assert tell(service, " " * 20000)[0] == 413
    assert tell(service, Origin="http://evil.example")[0] == 403
    assert tell(service, Host="evil.example")[0] == 421
    assert len(service.recorded("change")) == known
    assert not service.status()["is_suspended"]
    assert TOKEN not in service.log()


def what_comes_too_often_is_put_off(service):
    open_door(service, per_minute=2)
    service.start()
    statuses = [tell(service)[0] for _ in range(5)]
    assert statuses[:2] == [201, 201] and 429 in statuses[2:], statuses


def a_token_that_others_may_read_is_none(service):
    open_door(service)
    service.token.chmod(0o644)
    service.start_agent()
    assert service.agent.wait(20) == 2, service.log()
    assert "changes.door.token_file" in service.log() and "chmod 600" in service.log()
    secret = finding(service, "secrets")
    assert secret["health"] == "ILL" and "changes.door.token_file" in secret["says"], secret
    service.token.chmod(0o600)
    service.start()
    assert tell(service)[0] == 201
    assert finding(service, "secrets")["health"] == "ok", finding(service, "secrets")
    assert "POST /v1/changes by TCP" in finding(service, "changes")["says"]
    # One that becomes so is no token either, and a new one is good without a restart.
    write_secret(service.token, TOKEN[::-1])
    wait_until("the new one is good", lambda: tell(service, token=TOKEN[::-1])[0] == 201)
    assert tell(service)[0] in (401, 429)  # By then the new one has been tried often.
    service.token.chmod(0o640)
    wait_until("it is none", lambda: tell(service, token=TOKEN[::-1])[0] == 503)


def an_agent_that_is_told_to_end_ends_with_a_client_at_the_door(service):
    open_door(service)
    service.start()
    idle = http.client.HTTPConnection("127.0.0.1", service.door, timeout=5)
    idle.request("GET", "/")
    idle.getresponse().read()  # Kept open.
    service.agent.send_signal(signal.SIGTERM)
    assert service.agent.wait(20) == 0
    idle.close()


TESTS = [
    deploy_tools_tell_of_changes_in_their_own_words,
    what_is_told_there_permits_nothing,
    without_the_token_nothing_is_told_and_nothing_else_is_behind_the_door,
    what_comes_too_often_is_put_off,
    a_token_that_others_may_read_is_none,
    an_agent_that_is_told_to_end_ends_with_a_client_at_the_door,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
