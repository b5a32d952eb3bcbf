"""Real PostgreSQL and NATS servers of a test's own, and a receiver of webhooks: each can be killed
and started again with what it has kept."""

import base64
import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from free_ports import free_port  # noqa: E402, F401

PASSWORD = "s3cret-word"
WAIT_S = 60


def write_secret(path, text):
    """As whoever writes one has to: an agent takes none that others may read."""
    path.touch(0o600)
    path.chmod(0o600)
    path.write_text(text)


def wait_for(what, holds, tell=lambda: ""):
    until = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for: {what} {tell()}")
        time.sleep(0.05)


def unprivileged():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def postgres_programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def nats_program():
    return shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Server:
    """A process that is killed with all of its children."""
    process = None

    def send(self, number):
        """To the process and its children, which may have process groups of their own."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [self.process.pid, *(int(pid) for task in tasks for pid in task.read_text().split())]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids

    def kill(self):
        if self.process:
            pids = self.send(signal.SIGKILL)
            self.process.wait()
            wait_for("all of it has ended",
                     lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids))
            self.process = None

    end = kill


class Postgres(Server):
    def __init__(self, directory):
        self.programs, self.port = postgres_programs(), free_port()
        self.directory = directory / "postgres"
        self.directory.mkdir()
        if os.geteuid() == 0:
            os.chmod(directory, 0o755)
            shutil.chown(self.directory, "postgres", "postgres")
        password = self.directory / "password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o644)
        subprocess.run([self.programs / "initdb", "-D", self.directory / "data", "-U", "homeostat",
                        "--auth=scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--no-sync",
                        "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL,
                       cwd=self.directory, **unprivileged())

    def url(self, password=PASSWORD):
        return f"postgresql://homeostat:{password}@127.0.0.1:{self.port}/postgres"

    def start(self):
        with (self.directory.parent / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.directory / "data", "-p", str(self.port),
                 "-k", self.directory, "-c", "listen_addresses=127.0.0.1"],
                stdout=log, stderr=log, start_new_session=True, cwd=self.directory,
                **unprivileged())
        wait_for("PostgreSQL answers", self.is_ready)

    def is_ready(self):
        return subprocess.run([self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)], check=False).returncode == 0

    def ask(self, sql):
        result = subprocess.run([self.programs / "psql", "-At", "-v", "ON_ERROR_STOP=1",
                                 self.url(), "-c", sql], check=True, capture_output=True, text=True)
        return result.stdout.strip()

    def keys(self):
        """In the order of the ledger."""
        if self.ask("SELECT to_regclass('homeostat.entries') IS NULL") == "t":
            return []
        return self.ask("SELECT ledger || '.' || group_index || '.' || entry_index FROM "
                        "homeostat.entries ORDER BY ledger, group_index, entry_index").split()

    def bodies(self):
        rows = self.ask("SELECT json_build_object('kind', kind, 'incident', incident, 'hash', hash,"
                        " 'body', body) FROM homeostat.entries "
                        "ORDER BY group_index, entry_index")
        return [json.loads(row) for row in rows.split("\n")]


class Nats(Server):
    def __init__(self, directory):
        self.directory, self.port = directory / "nats", free_port()

    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self, has_jetstream=True):
        words = ["-js", "-sd", self.directory] if has_jetstream else []
        with (self.directory.parent / "nats.log").open("ab") as log:
            self.process = subprocess.Popen(
                [nats_program(), *words, "-a", "127.0.0.1", "-p", str(self.port)],
                stdout=log, stderr=log, start_new_session=True)
        wait_for("NATS answers",
                 lambda: self.ask_all([("INFO", {})])[0] or not has_jetstream)

    def ask_all(self, questions):
        """Requests of JetStream's API, each a subject and a body, once the server listens; nothing
        for one that nobody answers."""
        def connected():
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port), timeout=10)

        connections = []
        wait_for("NATS listens", lambda: connections.append(connected()) or connections[-1])
        answers = []
        with connections[-1] as connection:
            wishes = {"verbose": False, "headers": True, "no_responders": True}
            connection.sendall(f"CONNECT {json.dumps(wishes)}\r\nSUB _IN.1 1\r\n".encode())
            stream = connection.makefile("rb")
            for subject, body in questions:
                data = json.dumps(body).encode()
                connection.sendall(f"PUB $JS.API.{subject} _IN.1 {len(data)}\r\n".encode() + data +
                                   b"\r\n")
                answers.append(self.answer(connection, stream))
        return answers

    @staticmethod
    def answer(connection, stream):
        while True:
            line = stream.readline().split()
            if line[:1] == [b"PING"]:
                connection.sendall(b"PONG\r\n")
            elif line[:1] == [b"HMSG"]:  # Nobody is there: "no responders".
                stream.read(int(line[-1]) + 2)
                return {}
            elif line[:1] == [b"MSG"]:
                text = stream.read(int(line[-1]))
                stream.read(2)
                return json.loads(text)

    def state(self, stream):
        return self.ask_all([(f"STREAM.INFO.{stream}", {})])[0].get("state", {})

    def messages(self, stream="HOMEOSTAT"):
        numbers = range(1, self.state(stream).get("last_seq", 0) + 1)
        return [answer["message"] for answer in self.ask_all(
            [(f"STREAM.MSG.GET.{stream}", {"seq": number}) for number in numbers])]

    def count(self, stream="HOMEOSTAT"):
        return self.state(stream).get("messages", 0)

    def keys(self):
        """In the order of the stream."""
        keys = []
        for message in self.messages():
            headers = base64.b64decode(message["hdrs"]).decode()
            keys += [line.split(": ", 1)[1] for line in headers.split("\r\n")
                     if line.startswith("Nats-Msg-Id: ")]
        return keys

    def events(self):
        return [json.loads(base64.b64decode(message["data"])) for message in self.messages()]


class Receiver:
    """Of CloudEvents. While it refuses or is killed it keeps what it has."""

    def __init__(self, _directory):
        self.port, self.server = free_port(), None
        self.events, self.requests, self.status, self.tokens = [], [], 204, set()

    def url(self):
        return f"http://127.0.0.1:{self.port}/events"

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if receiver.server is not self.server:  # Killed, and this connection with it.
                    self.close_connection = True
                    return
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.requests.append((self.path, self.headers["Content-Type"]))
                receiver.tokens.add(self.headers["Authorization"])
                if receiver.status < 300:
                    receiver.events += body if isinstance(body, list) else [body]
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def kill(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    end = kill

    def keys(self):
        """Of first deliveries, in their order."""
        return list(dict.fromkeys(event["id"] for event in self.events))
