"""Log lines of software that others wrote: it is started here in a directory of its own, asked for
what it cannot do, and what it prints is kept.

Each source is a function that gives its lines; none where its program is not installed. Nothing is
left running, nothing outside of the directory is written.
"""

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def lines_of_text(text):
    return [line for line in text.splitlines() if line.strip()]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port, seconds=10):
    """Until something listens; says whether."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return True
        time.sleep(0.05)
    return False


def run(command, text=None, **more):
    """Everything that a command prints, whatever becomes of it."""
    try:
        ran = subprocess.run(
            command,
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            stderr=subprocess.STDOUT,
            check=False,
            errors="replace",
            **more,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return ran.stdout


@contextlib.contextmanager
def running(command, log, **more):
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **more)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask(port, data, seconds=1.0):
    with contextlib.suppress(OSError), socket.create_connection(
        ("127.0.0.1", port), seconds
    ) as peer:
        peer.settimeout(seconds)
        peer.sendall(data)
        peer.recv(4096)


SQL = """
create table items (id int primary key, name varchar(5) not null, price int check (price > 0));
create table parts (item int references items (id));
insert into items values (1, 'a', 1);
insert into items values (1, 'b', 1);
insert into items values (2, null, 1);
insert into items values (3, 'abcdefgh', 1);
insert into items values (4, 'a', -1);
insert into parts values (99);
select * from nowhere;
select nothing from items;
select price / 0 from items;
selec 1;
select 'x'::int;
select 99999999999::int;
select no_such_function(1);
insert into items values ('x', 'y', 'z');
create table items (id int);
drop table nowhere;
select * from items where id = 'a';
begin; select 1/0; select 1; rollback;
set statement_timeout = 20; select pg_sleep(1); reset statement_timeout;
set lock_timeout = 20;
begin transaction read only; insert into items values (9, 'q', 1); rollback;
select repeat('x', 2000000000);
select * from generate_series(1, 10) as g(x) group by y;
copy items from '/nowhere/file';
create extension nothing;
set role nobody_here;
alter system set shared_buffers = 'lots';
select pg_terminate_backend(pg_backend_pid());
"""


def lines_of_postgresql():
    (program,) = glob.glob("/usr/lib/postgresql/*/bin/postgres")[:1] or (None,)
    if program is None:
        return []
    folder = Path(program).parent
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        os.chmod(place, 0o755)
        data, log, port = Path(place) / "data", Path(place) / "log", free_port()
        user = {}
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(place, owner.pw_uid, owner.pw_gid)
            user = {"user": "postgres", "group": "postgres"}
        text = run([folder / "initdb", "-D", data, "-A", "trust", "-U", "postgres"], **user)
        with open(data / "postgresql.conf", "a") as config:
            config.write(
                "max_connections = 12\nsuperuser_reserved_connections = 2\n"
                "log_lock_waits = on\ndeadlock_timeout = 50ms\nlog_connections = on\n"
                "log_min_duration_statement = 300ms\nfsync = off\n"
            )
        (data / "pg_hba.conf").write_text(
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
            "host all locked 127.0.0.1/32 scram-sha-256\n"
        )
        server = [folder / "postgres", "-D", data, "-p", str(port), "-k", place]
        psql = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", "postgres"]
        with running(server, log, **user) as process:
            if not wait_for(port):
                return lines_of_text(log.read_text())
            for statement in SQL.strip().splitlines():
                text += run(psql, statement)
            text += run(psql[:-1] + ["nowhere"], "select 1")
            text += run([*psql[:6], "nobody", "-d", "postgres"], "select 1")
            text += run(psql, "create role locked login password 'x'; select pg_sleep(0.4)")
            text += run(
                [*psql[:6], "locked", "-d", "postgres"],
                "select 1",
                env={**os.environ, "PGPASSWORD": "wrong"},
            )
            first = subprocess.Popen(
                [*psql, "-c", "begin; update items set price = 2; select pg_sleep(2)"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(0.5)
            text += run(psql, "set lock_timeout = 200; update items set price = 3")
            first.wait()
            many = [
                subprocess.Popen(
                    [*psql, "-c", "select pg_sleep(2)"],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                for _ in range(16)
            ]
            for one in many:
                one.wait()
            ask(port, b"GET / HTTP/1.0\r\n\r\n")
            ask(port, b"\0\0\0\x08")
            process.kill()
        with running(server, log, **user):
            wait_for(port)
            text += run(psql, "select 1")
        return lines_of_text(log.read_text(errors="replace"))


def lines_of_redis():
    if shutil.which("redis-server") is None:
        return []
    with tempfile.TemporaryDirectory() as place:
        log, port, other = Path(place) / "log", free_port(), free_port()
        common = ["--save", "", "--dir", place, "--bind", "127.0.0.1"]
        text = run(["redis-server", "--port", "x"]) + run(["redis-server", "--nothing", "1"])
        text += run(["redis-server", "--dir", "/nowhere"])
        with running(
            [
                "redis-server",
                "--port",
                str(port),
                "--maxclients",
                "4",
                "--maxmemory",
                "2mb",
                "--requirepass",
                "p",
                *common,
            ],
            log,
        ), running(
            ["redis-server", "--port", str(other), "--replicaof", "127.0.0.1", str(port), *common],
            log,
        ):
            wait_for(port)
            cli = ["redis-cli", "-p", str(port)]
            for command in (
                "get a",
                "auth wrong",
                "auth p",
                "-a p nothing",
                "-a p lpush a",
                "-a p set a 1",
                "-a p lpush a 1",
                "-a p incr a x",
                "-a p eval x 0",
                "-a p set s text",
                "-a p incr s",
                "-a p config set maxmemory x",
                "-a p debug sleep 0",
                "-a p cluster info",
                "-a p select 99",
                "-a p evalsha 0000000000000000000000000000000000000000 0",
                "-a p set b 1 ex 0",
                "-a p config set dir /nowhere",
                "-a p bgsave",
            ):
                text += run(cli + command.split())
            text += run([*cli, "-a", "p", "set", "x", "y" * 3_000_000])
            text += run([*cli, "-a", "p", "set", "z", "y"])
            text += run(["redis-cli", "-p", str(other), "set", "a", "1"])
            text += run(["redis-cli", "-p", str(free_port()), "ping"])
            text += run(["redis-server", "--port", str(port), *common])
            peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
            time.sleep(0.3)
            for peer in peers:
                peer.close()
            ask(port, b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
            time.sleep(1.5)
        (Path(place) / "dump.rdb").write_bytes(b"REDIS9999broken")
        text += run(["redis-server", "--port", str(port), "--dir", place])
        # A replica without the password tries again some thousand times a second.
        lines = lines_of_text(log.read_text(errors="replace"))
        return lines[:500] + lines[-200:] + lines_of_text(text)


HAPROXY = """
global
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    timeout connect 300ms
    timeout client 500ms
    timeout server 500ms
frontend in
    bind 127.0.0.1:{port}
    use_backend silent if {{ path /silent }}
    use_backend nobody if {{ path /nobody }}
    default_backend dead
backend dead
    server a 127.0.0.1:{dead} check inter 200ms
    server b 127.0.0.1:{broken} check inter 200ms
backend silent
    server s 127.0.0.1:{silent}
backend nobody
    server n 127.0.0.1:{dead}
"""


def lines_of_haproxy():
    if shutil.which("haproxy") is None:
        return []
    with tempfile.TemporaryDirectory() as place, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port, log, config = free_port(), Path(place) / "log", Path(place) / "cfg"
        config.write_text(
            HAPROXY.format(
                port=port, dead=free_port(), broken=free_port(), silent=silent.getsockname()[1]
            )
        )
        wrong = Path(place) / "wrong"
        wrong.write_text(
            "frontend x\n  bind :x\n  nothing here\n  default_backend none\nbackend y\n"
            "  server z nowhere.invalid:1\n  balance badly\n"
        )
        text = run(["haproxy", "-c", "-f", wrong])
        with running(["haproxy", "-f", config], log):
            wait_for(port)
            for path in (b"/", b"/silent", b"/nobody", b"/x") * 3:
                ask(port, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n", 2)
            ask(port, b"rubbish\r\n\r\n")
            time.sleep(1.5)
            for path in (b"/", b"/x") * 3:
                ask(port, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n", 2)
            text += run(["haproxy", "-f", config])
        return lines_of_text(log.read_text(errors="replace") + text)


JAVA = """
import java.util.*;
public class Main {
  static int depth(int n) { return depth(n + 1) + 1; }
  public static void main(String[] a) throws Exception {
    switch (Integer.parseInt(a[0])) {
      case 0: Object o = null; o.toString();
      case 1: new java.net.Socket("127.0.0.1", 1);
      case 2: java.net.InetAddress.getByName("nowhere.invalid");
      case 3: depth(0);
      case 4: List<long[]> l = new ArrayList<>(); while (true) l.add(new long[1 << 20]);
      case 5: Integer.parseInt("x");
      case 6: new int[1][0] = null; int[] x = new int[1]; x[2] = 1;
      case 7: Object s = "x"; Integer i = (Integer) s;
      case 8: List<Integer> m = new ArrayList<>(List.of(1, 2)); for (Integer k : m) m.add(k);
      case 9: new java.io.FileInputStream("/nowhere");
      case 10: System.out.println(1 / (a.length - 1));
      case 11: Class.forName("no.such.Thing");
      case 12: List.of(1).add(2);
      case 13: new ArrayList<>().iterator().next();
      case 14: throw new IllegalStateException("not open");
      case 15: new java.net.URL("http://127.0.0.1:1/").openStream();
      default: java.time.LocalDate.parse("x");
    }
  }
}
"""


def lines_of_java():
    if shutil.which("java") is None or shutil.which("javac") is None:
        return []
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "Main.java").write_text(JAVA)
        text = run(["javac", "-nowarn", "Main.java"], cwd=place)
        for number in range(17):
            text += run(["java", "-Xmx32m", "-Xss512k", "Main", str(number)], cwd=place)
        text += run(["java", "Nothing"], cwd=place)
        return lines_of_text(text)


PYTHON = """
import json, os, socket, sqlite3, ssl, urllib.request, decimal, struct, concurrent.futures, ast
def deep(n): return deep(n + 1)
def locked():
    a = sqlite3.connect("/tmp/none-such-%d.db" % os.getpid(), timeout=0.1)
    a.execute("create table t(x)")
    b = sqlite3.connect("/tmp/none-such-%d.db" % os.getpid(), timeout=0.1)
    a.execute("begin exclusive")
    try: b.execute("insert into t values (1)")
    finally: os.remove("/tmp/none-such-%d.db" % os.getpid())
cases = [
 lambda: None.x, lambda: {}["a"], lambda: [][1], lambda: 1 / 0, lambda: int("x"), lambda: "a" + 1,
 lambda: json.loads("{"), lambda: json.loads(""), lambda: open("/nowhere"),
 lambda: open("/proc/1/mem", "w"),
 lambda: socket.create_connection(("127.0.0.1", 1)),
 lambda: socket.getaddrinfo("nowhere.invalid", 1),
 lambda: sqlite3.connect(":memory:").execute("select * from x"),
 lambda: sqlite3.connect(":memory:").execute("selec"),
 lambda: sqlite3.connect("/nowhere/x"), locked, lambda: b"\\xff".decode(), lambda: deep(0),
 lambda: __import__("no_such_module"), lambda: undefined_name,
 lambda: urllib.request.urlopen("http://127.0.0.1:1/"),
 lambda: bytearray(1 << 60), lambda: next(iter([])),
 lambda: ssl.create_default_context(cafile="/nowhere"),
 lambda: decimal.Decimal("x"), lambda: struct.unpack("i", b""), lambda: ast.parse("1 +"),
 lambda: (1)(),
 lambda: concurrent.futures.Future().result(timeout=0.01), lambda: os.kill(999999, 9),
 lambda: os.mkdir("/proc/x"),
 lambda: socket.create_connection(("127.0.0.1", int(os.environ["SILENT"])), 1).recv(1),
 lambda: exec("raise AssertionError"),
]
import sys
sys.setrecursionlimit(200)
cases[int(sys.argv[1])]()
"""


def lines_of_python():
    text = ""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        more = {**os.environ, "SILENT": str(silent.getsockname()[1])}
        for number in range(33):
            text += run([sys.executable, "-c", PYTHON, str(number)], env=more)
    return lines_of_text(text)


NODE = """
const cases = [
 () => undefined.x, () => null.x, () => nothing, () => (1)(), () => JSON.parse('{'),
 () => JSON.parse(''),
 () => require('./nothing'), () => require('fs').readFileSync('/nowhere'),
 () => require('net').connect(1, '127.0.0.1'),
 () => require('dns').lookup('nowhere.invalid', e => { throw e }), () => { const f = () => f();
 f() },
 () => new Array(-1), () => Promise.reject(new Error('left alone')),
 () => { throw new Error('plain') },
 () => require('fs').writeFileSync('/proc/x', ''), () => require('http').get('http://127.0.0.1:1/'),
 () => decodeURIComponent('%'), () => require('net').createServer().listen(1, '203.0.113.1'),
 () => { const s = require('net').createServer().listen(0,
 () => require('net').createServer().listen(s.address().port)) },
 () => BigInt('x'), () => new URL('x'), () => process.kill(999999), () => require('assert')(false),
 () => { const a = []; for (;;) a.push(new Array(1e6).fill(1.5)) },
 () => fetch('http://127.0.0.1:1/'), () => require('crypto').createHash('x'),
 () => Buffer.alloc(-1),
];
cases[+process.argv[1]]();
"""


def lines_of_node():
    if shutil.which("node") is None:
        return []
    return lines_of_text(
        "".join(
            run(["node", "--max-old-space-size=32", "-e", NODE, str(number)])
            for number in range(27)
        )
    )


GO = """
package main
import ("context"; "encoding/json"; "errors"; "fmt"; "log"; "net"; "net/http"; "os"; "strconv"
"sync"; "time")
type t struct{ x int }
func main() {
  var e error; var p *t; var m map[string]int; a := []int{1}; n, _ := strconv.Atoi(os.Args[1])
  z := n - n
  switch n {
  case 0: fmt.Println(p.x)
  case 1: m["a"] = 1
  case 2: fmt.Println(a[n])
  case 3: fmt.Println(1 / z)
  case 4: var w sync.WaitGroup; w.Add(1); w.Wait()
  case 5: _, e = net.Dial("tcp", "127.0.0.1:1")
  case 6: _, e = net.LookupHost("nowhere.invalid")
  case 7: _, e = os.Open("/nowhere")
  case 8: e = json.Unmarshal([]byte("{"), &m)
  case 9: _, e = http.Get("http://127.0.0.1:1/")
  case 10: c, f := context.WithTimeout(context.Background(), time.Millisecond); defer f()
  <-c.Done(); e = c.Err()
  case 11: _, e = strconv.Atoi("x")
  case 12: c := make(chan int); close(c); close(c)
  case 13: var i interface{} = "x"; fmt.Println(i.(int))
  case 14: panic(errors.New("gave up"))
  case 15: e = os.WriteFile("/proc/x", nil, 0o600)
  case 16: _, e = net.Listen("tcp", "203.0.113.1:1")
  case 17: l, _ := net.Listen("tcp", "127.0.0.1:0"); _, e = net.Listen("tcp", l.Addr().String())
  case 18: e = json.Unmarshal([]byte(`{"a":"x"}`), &m)
  }
  if e != nil { log.Fatal(e) }
}
"""


def lines_of_go():
    if shutil.which("go") is None:
        return []
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "main.go").write_text(GO)
        text = run(["go", "build", "-o", "main", "main.go"], cwd=place)
        if text:
            return lines_of_text(text)
        return lines_of_text(
            "".join(run(["./main", str(number)], cwd=place) for number in range(19))
        )


def lines_of_debian():
    """What Debian's own tools have left in /var/log."""
    lines = []
    for name in sorted(glob.glob("/var/log/*.log") + glob.glob("/var/log/apt/*.log")):
        with contextlib.suppress(OSError):
            lines += lines_of_text(Path(name).read_text(errors="replace"))[-2000:]
    return lines


def lines_of_demo(programs):
    """Everything that the demo's programs print while each of its faults comes and goes."""
    with tempfile.TemporaryDirectory() as place:
        run_of = Path(place) / "run"
        subprocess.run(
            [programs / "homeostat", "demo", "--oracle", "rules", "--keep", run_of],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return [
            line
            for file in sorted(run_of.rglob("*.log"))
            for line in lines_of_text(file.read_text(errors="replace"))
        ]


SOURCES = {
    "postgresql": lines_of_postgresql,
    "redis": lines_of_redis,
    "haproxy": lines_of_haproxy,
    "java": lines_of_java,
    "python": lines_of_python,
    "node": lines_of_node,
    "go": lines_of_go,
    "debian": lines_of_debian,
}
