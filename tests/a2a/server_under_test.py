"""The server that the tests of this folder talk to: homeostat-lab a2a-sut, on a port of its own."""

import contextlib
import http.client
import json
import subprocess
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
EXTENSION = "https://homeostat.dev/a2a/ext/recovery/v1"
CARD_PATH = "/.well-known/agent-card.json"
SECONDS_MAX = 20  # For a reply; the longest that a test waits for on purpose takes four.


@contextlib.contextmanager
def server_under_test(programs):
    """Its URL. It is ended in any case, and has to end well."""
    process = subprocess.Popen([programs / "homeostat-lab", "a2a-sut", "--port", "0"],
                               stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        begin = "listening on "
        if not line.startswith(begin):
            raise AssertionError(f"homeostat-lab a2a-sut did not begin to listen: {line!r}")
        yield line.removeprefix(begin).strip()
    finally:
        process.terminate()
        status = process.wait(timeout=SECONDS_MAX)
        process.stdout.close()
    if status != 0:
        raise AssertionError(f"homeostat-lab a2a-sut ended with {status}")


class Client:
    """Speaks HTTP and nothing more, so that a test can say anything."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc

    @contextlib.contextmanager
    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS_MAX)
        try:
            connection.request(method, path, body, headers or {})
            yield connection.getresponse()
        finally:
            connection.close()

    def exchange(self, method, path, body=None, headers=None):
        with self.request(method, path, body, headers) as response:
            return response, response.read()

    def card(self):
        return json.loads(self.exchange("GET", CARD_PATH)[1])

    @staticmethod
    def headers(**changed):
        """Those of A2A; a value of None leaves one out."""
        headers = {"Content-Type": "application/json", "A2A-Version": "1.0"}
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return {name: value for name, value in headers.items() if value is not None}

    def post(self, body, **headers):
        response, answer = self.exchange("POST", "/", body, self.headers(**headers))
        assert response.status == 200, (response.status, answer)
        return json.loads(answer)

    def call(self, method, params, **headers):
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        return self.post(json.dumps(body), **headers)

    @contextlib.contextmanager
    def stream(self, method, params):
        """The events, as they come."""
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        with self.request("POST", "/", json.dumps(body), self.headers()) as response:
            kind = response.getheader("Content-Type")
            assert kind == "text/event-stream", (kind, response.read())
            yield events_of(response)

    def follow(self, method, params):
        with self.stream(method, params) as events:
            return list(events)

    def send(self, message_id, **more):
        """The task, or the message, that a message comes to; or the whole answer with its error."""
        configuration = more.pop("configuration", None)
        params = {"message": message(message_id, **more)}
        if configuration is not None:
            params["configuration"] = configuration
        answer = self.call("SendMessage", params)
        return answer["result"] if "result" in answer else answer

    def task(self, message_id, **more):
        return self.send(message_id, **more)["task"]


def message(message_id, parts=None, **more):
    return {"messageId": message_id, "role": "ROLE_USER",
            "parts": parts or [{"text": "of a test"}], **more}


def events_of(response):
    """What stands behind each `data:`."""
    for line in response:
        text = line.decode().rstrip("\n")
        if text.startswith("data:"):
            yield json.loads(text.removeprefix("data:"))


def error_of(answer):
    return answer.get("error", {}).get("code")


def state_of(task):
    return task["status"]["state"]
