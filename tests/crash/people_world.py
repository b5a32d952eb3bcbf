"""A small service whose agent tells people by a webhook, the receiver of it, and its page."""

import http.client
import http.server
import json
import re
import subprocess
import threading
from urllib.parse import urlencode, urlsplit

from guarded_world import free_ports, wait_until
from small_service import SmallService, write_secret

PEOPLE = ["anna", "bert"]


class Receiver:
    """Keeps what is posted to it. `answers` are its statuses, one a request; then 200."""

    def __init__(self, port=0):
        self.events = []
        self.asked = []  # Method and path of everything that came.
        self.answers = []
        self.hangs = threading.Event()
        self.refuses = threading.Event()  # For now: whoever sends may send it again.
        self.is_over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(("GET", self.path))
                self.answer(200)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append(("POST", self.path))
                if outer.hangs.is_set():
                    outer.is_over.wait()
                    return
                status = outer.answers.pop(0) if outer.answers else 200
                status = 503 if outer.refuses.is_set() else status
                if status == 200:
                    outer.events.append((self.headers["Content-Type"], json.loads(body)))
                self.answer(status)

            def answer(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook/secret"

    def of_kind(self, kind):
        """The events of a kind, oldest first."""
        wanted = f"homeostat.notice.{kind}"
        return [event for _, event in self.events if event.get("type") == wanted]

    def wait_for(self, kind, count=1):
        wait_until(f"{count} notices of kind {kind} have come",
                   lambda: len(self.of_kind(kind)) >= count)
        return self.of_kind(kind)[count - 1]

    def end(self):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()


class ToldService(SmallService):
    """Whoever is asked by it gets a link."""

    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.receiver = Receiver()
        self.page_port, = free_ports(1)
        self.origin = f"http://127.0.0.1:{self.page_port}"
        self.url_file = here / "hook.url"
        write_secret(self.url_file, self.receiver.url + "\n")
        self.add(f"console: {{ listen: \"127.0.0.1:{self.page_port}\" }}\n"
                 f"notify: [ {{ webhook: {{ url_file: {self.url_file}, people: "
                 f"[{', '.join(PEOPLE)}] }} }} ]\n")

    def end(self):
        super().end()
        self.receiver.end()

    def begin(self):
        """An agent that asks before it restarts; one of two instances is killed. Gives what people
        are told."""
        self.change("restart: act", "restart: ask")
        self.start()
        self.killed, _ = self.kill_instance()
        return self.receiver.wait_for("asks")

    def begin_act(self):
        """A task has been tried, its check fails, and the agent runs it alone: the flag is there,
        and it can be taken back. Gives what people are told."""
        self.begin_with_task("restart: act, tasks: { raise_flag: act }")
        event = self.receiver.wait_for("acted")
        assert self.flag.exists(), "the task has not run"
        return event

    def begin_with_task(self, autonomy):
        """An agent with a task that has been tried, and is needed: the flag is not there."""
        self.flag = self.here / "flag"
        self.change("autonomy: { restart: act }", f"autonomy: {{ {autonomy} }}")
        self.add(f"tasks: [ {{ name: raise_flag, check: {{ command: [test, -e, {self.flag}], "
                 f"every: 200ms, fails_max: 1 }}, run: {{ command: [touch, {self.flag}] }}, "
                 f"take_back: {{ command: [rm, {self.flag}] }}, destructive: false, "
                 f"keeps_capacity: true }} ]\n")
        tried = subprocess.run([self.programs / "homeostat", "remedy", "test", "raise_flag",
                                "--yes", "--config", self.config], cwd=self.here,
                               capture_output=True, text=True, timeout=60)
        assert tried.returncode == 0, tried
        self.flag.unlink()  # A trial ends well.
        self.start()

    def open(self, url, method="GET", headers=None, body=None):
        """Status and text of what the page's server answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page_port, timeout=10)
        connection.request(method, urlsplit(url).path, body, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def answer(self, url, says, because="", origin=None):
        """As a browser posts the form of the page."""
        return self.open(url, "POST", {"Origin": origin or self.origin,
                                       "Sec-Fetch-Site": "same-origin",
                                       "Content-Type": "application/x-www-form-urlencoded"},
                         urlencode({"because": because, "says": says}))

    def node(self):
        return [one["node"] for one in self.status()["incidents"]]


def links_in(event):
    """Person → link."""
    return {link["person"]: link["url"] for link in event["data"]["links"]}


def text_of(page):
    """What a person reads of a page, roughly."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
