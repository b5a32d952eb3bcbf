#!/usr/bin/env python3
"""Takes one thing away from a machine that is well, and asks `homeostat doctor` what is missing.

    doctor_test.py --bin build/release/bin [--only TEXT]

Each finding names the place and the mend, and goes once the mend is done. A few seconds.
"""

import http.server
import json
import shutil
import socket
import socketserver
import subprocess
import threading
from pathlib import Path

from guarded_world import ROOT, die_with_parent, free_ports, wait_until
from harness import run_each
from small_disk import SmallDisk, can_mount
from small_service import SmallService

WELL, ILL, USAGE = 0, 1, 2  # As `homeostat --help` says.
HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
REDIS = shutil.which("redis-server")
MODEL = ROOT / "build/model"
RATE = {"/fx": (200, '{"rate_ppm": 7}')}
TABLE = "stick-table type string len 65 size 100 expire 150s store gpt0"


def ask(service):
    """Exit status and the checks that are not well, by name."""
    done = subprocess.run([service.programs / "homeostat", "doctor", "--json",
                           "--config", service.config],
                          cwd=service.here, capture_output=True, text=True, timeout=20)
    document = json.loads(done.stdout)
    found = [check for check in document["checks"] if check["health"] != "ok"
             and not (check["check"] == "model" and check["says"].startswith("none is configured"))]
    assert document["is_well"] == all(check["health"] == "note" for check in found)
    return done.returncode, found


def is_well(service):
    status, found = ask(service)
    assert (status, found) == (WELL, []), found


def finds(service, name, *words, status=ILL):
    """Exactly one finding, of that name, that says each of `words` and a mend."""
    answered, found = ask(service)
    assert answered == status, f"{answered}: {found}"
    assert [check["check"] for check in found] == [name], found
    print("   ", found[0]["says"], "—", found[0]["mend"])
    assert found[0]["mend"], "nothing is said of the mend"
    for word in words:
        assert word in found[0]["says"] + found[0]["mend"], f"'{word}' is not said: {found[0]}"


def start_haproxy(service, level="admin", more="", of_servers=""):
    config = service.here / "haproxy.cfg"
    servers = "".join(f" server r{index} 127.0.0.1:{port} {of_servers}\n"
                      for index, port in enumerate(service.ports))
    config.write_text(f"global\n stats socket {service.here}/haproxy.sock mode 600 level {level}\n"
                      "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n"
                      f" timeout server 1s\nfrontend f\n bind unix@{service.here}/front.sock\n"
                      f" default_backend rates\nbackend rates\n{servers}{more}")
    process = subprocess.Popen([HAPROXY, "-db", "-q", "-f", config], preexec_fn=die_with_parent)
    wait_until("HAProxy listens", (service.here / "haproxy.sock").exists)
    return process


def name_edge(service, backend="rates", servers="[r0, r1]"):
    service.add(f"edge: {{ haproxy: {{ socket: {service.here}/haproxy.sock, backend: {backend}, "
                f"servers: {servers} }} }}\n")


def let(service, remedies):
    service.change("{ restart: act }", f"{{ restart: act, {remedies} }}")


def start_redis(service, *lines, name="redis"):
    """On a socket of its own, with `lines` in its configuration. Gives its address."""
    path = service.here / f"{name}.sock"
    config = service.here / f"{name}.conf"
    config.write_text("\n".join(["port 0", f"unixsocket {path}", 'save ""', "appendonly no",
                                 *lines]))
    subprocess.Popen([REDIS, config], cwd=service.here, stdout=subprocess.DEVNULL,
                     preexec_fn=die_with_parent)
    wait_until("Redis listens", path.exists)
    return f"unix:{path}"


def start_cluster_node(service, slots):
    """One node of a cluster, with as many slots as `slots` says. Gives its address."""
    port, bus = free_ports(2)
    start_redis(service, f"port {port}", "bind 127.0.0.1", "cluster-enabled yes",
                f"cluster-port {bus}", "cluster-announce-ip 127.0.0.1",
                "cluster-require-full-coverage no")
    ask_redis(service, f"CLUSTER ADDSLOTSRANGE 0 {slots - 1}")
    wait_until("the cluster is well",
               lambda: "cluster_state:ok" in ask_redis(service, "CLUSTER INFO"))
    return f"127.0.0.1:{port}"


def ask_redis(service, command, name="redis"):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(service.here / f"{name}.sock"))
        peer.sendall(command.encode() + b"\r\n")
        return peer.recv(4096).decode()


def start_listener(says, then_hangs=False):
    """Whoever connects and asks anything is told `says`. Gives the port."""
    class Listener(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(says)
            if then_hangs:
                threading.Event().wait()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Listener)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def start_web(answers):
    """Answers a path (without its query) with `(status, text)`, any other with 404. The port."""
    class Web(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, text = answers.get(self.path.split("?")[0], (404, "not here"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def name_cache(service, redis, source=None, field="rate_ppm", more="", place=None):
    """`redis`: its address; or `place`: whatever else says where the copies are."""
    source = source or f"127.0.0.1:{start_web(RATE)}"
    place = place or f'address: "{redis}"'
    service.add("caches: [ { name: quotes, entries: [USD, GBP], redis: { "
                f'{place}, key: "fx:{{entry}}" }}, source: {{ url: '
                f'"http://{source}/fx?currency={{entry}}", field: {field} }}{more} }} ]\n')


# --- The tests: each a sentence that can be false ------------------------------------------------
def a_machine_that_has_everything_is_well_also_while_its_agent_runs(service):
    is_well(service)
    service.start()
    is_well(service)


def a_configuration_that_cannot_be_read_is_usage(service):
    service.config.write_text("service: [rates\n")
    finds(service, "configuration", "not valid YAML", status=USAGE)


def a_haproxy_that_is_not_there_is_named_with_the_line_it_needs(service):
    name_edge(service)
    finds(service, "haproxy", "haproxy.sock", "level admin")


def a_haproxy_socket_that_may_only_look_is_named_with_its_level(service):
    name_edge(service)
    start_haproxy(service, level="operator")
    finds(service, "haproxy", "'operator'", "level admin")


def a_haproxy_that_has_all_is_well(service):
    name_edge(service)
    start_haproxy(service)
    is_well(service)


def a_backend_that_haproxy_does_not_have_is_named(service):
    name_edge(service, backend="prices")
    start_haproxy(service)
    finds(service, "haproxy", "prices", "edge.haproxy.backend")


def a_server_that_haproxy_does_not_have_is_named(service):
    name_edge(service, servers="[r0, r7]")
    start_haproxy(service)
    finds(service, "haproxy", "backend rates has no server r7")


def a_neighbour_that_haproxy_does_not_have_is_named(service):
    name_edge(service)
    service.add("neighbours: [ { service: fraud, backend: frauds } ]\n")
    start_haproxy(service)
    finds(service, "haproxy", "frauds", "neighbours", "haproxy.cfg")


def a_model_file_that_is_missing_is_named(service):
    service.add("model: { llama_server: { file: some.gguf } }\n")
    finds(service, "model", "some.gguf does not exist", "make setup")


def a_model_server_that_is_missing_is_named(service):
    (service.here / "some.gguf").write_text("GGUF and nothing else")
    service.add("model: { llama_server: { file: some.gguf, binary: "
                f"{service.here}/llama-server }} }}\n")
    finds(service, "model", f"{service.here}/llama-server", "make setup")


def a_version_link_that_is_missing_is_named_with_the_command(service):
    (service.here / "rates/current").unlink()
    status, found = ask(service)
    assert status == ILL and {check["check"] for check in found} == {"command", "version"}, found
    assert f"ln -s versions/NAME {service.here}/rates/current" in str(found)


def a_program_that_may_not_be_executed_is_named(service):
    (service.version / "rates").unlink()
    (service.version / "rates").write_text("#!/bin/sh\n")
    finds(service, "command", "/rates", "may not be executed", "deploy a version that holds it")


def a_link_to_the_configuration_that_is_missing_is_named(service):
    service.change("\"{name}\"]", "\"{name}\", --config, \"{config_dir}\"]")
    service.change("    run: ", f"    config: {{ root: {service.here}/config }}\n    run: ")
    status, found = ask(service)
    assert status == ILL, found
    named = [check for check in found if check["check"] == "service config"]
    assert named and f"{service.here}/config/current" in named[0]["says"], found
    assert "versions/NAME" in named[0]["mend"], named
    (service.here / "config/versions/c1").mkdir(parents=True)
    (service.here / "config/current").symlink_to("versions/c1")
    is_well(service)


def a_run_directory_whose_place_is_a_file_is_named(service):
    (service.here / "run").write_text("precious")
    finds(service, "run directory", f"{service.here}/run is no directory", "another place")


def a_run_directory_on_a_read_only_or_full_disk_is_named_until_it_is_not(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "run")
    try:
        is_well(service)
        disk.fill()
        finds(service, "run directory", "has room for 0 bytes", "free space")
        disk.free()
        is_well(service)
        disk.make_read_only()
        finds(service, "run directory", "cannot be written", "mount the file system writable")
    finally:
        disk.end()


def a_port_that_another_program_holds_is_named(service):
    with socket.socket() as other:
        other.bind(("127.0.0.1", service.ports[1]))
        other.listen()
        finds(service, "ports", f"port {service.ports[1]} of rates-1", "ss -ltnp")
    is_well(service)


def a_ledger_whose_place_is_a_file_is_named(service):
    (service.here / "ledger").write_text("precious")
    finds(service, "ledger", f"{service.here}/ledger is no directory", "another place")


def a_ledger_on_a_read_only_or_full_disk_is_named_until_it_is_not(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "ledger")
    try:
        is_well(service)
        disk.fill()
        finds(service, "ledger", "has room for 0 bytes", "free space")
        disk.free()
        is_well(service)
        disk.make_read_only()
        finds(service, "ledger", "cannot be written", "mount the file system writable")
    finally:
        disk.end()


def a_kill_switch_that_was_left_on_is_noted_and_no_illness(service):
    (service.here / "suspended").touch()
    finds(service, "kill switch", "nothing will be done", "homeostat resume", status=WELL)


def each_backend_that_is_missing_is_named_at_once(service):
    name_edge(service, backend="prices")
    service.add("neighbours: [ { service: fraud, backend: frauds } ]\n")
    start_haproxy(service)
    status, found = ask(service)
    said = [check["says"] for check in found]
    assert status == ILL and len(said) == 2 and "prices" in said[0] and "frauds" in said[1], found


def a_stick_table_that_haproxy_does_not_have_is_named_with_its_line(service):
    name_edge(service)
    service.add("neighbours: [ { service: fraud, backend: fraud, circuit: circuits } ]\n")
    let(service, "open_circuit: act")
    start_haproxy(service, more="backend fraud\n")
    finds(service, "haproxy", "no stick table 'circuits'", "fraud", f"`{TABLE}`",
          "{ str(fraud),table_gpt0(circuits) gt 0 }")


def a_stick_table_that_haproxy_lacks_is_only_noted_while_no_remedy_uses_it(service):
    name_edge(service)
    service.add("neighbours: [ { service: fraud, backend: fraud, circuit: circuits } ]\n")
    start_haproxy(service, more="backend fraud\n")
    finds(service, "haproxy", "no stick table 'circuits'", status=WELL)


def a_stick_table_in_haproxy_that_cannot_hold_the_switch_is_named(service):
    name_edge(service)
    service.add("neighbours: [ { service: fraud, backend: fraud, circuit: circuits } ]\n")
    let(service, "open_circuit: act")
    for line in (TABLE.replace("gpt0", "conn_cur"), TABLE.replace("string len 65", "ip")):
        process = start_haproxy(service, more=f"backend fraud\nbackend circuits\n {line}\n")
        finds(service, "haproxy", "stick table 'circuits'", f"`{TABLE}`")
        process.terminate()
        process.wait()
        (service.here / "haproxy.sock").unlink()


def a_dimmer_that_haproxy_cannot_keep_is_named_with_its_line_and_its_rule(service):
    name_edge(service)
    service.add("neighbours: [ { service: fraud, backend: fraud, dimmer: dimmers, agent: { url: "
                f"\"http://127.0.0.1:9\", key: {'0a' * 32} }}, reduced_modes: [ "
                "{ mode: less, users_lose: \"much\" } ] } ]\n"
                "mesh: { listen: \"127.0.0.1:9\", key: mesh.key }\n")
    line = TABLE.replace("150s", "12s")
    process = start_haproxy(service, more="backend fraud\n")
    finds(service, "haproxy", "no stick table 'dimmers'", "reduce_mode", status=WELL)
    let(service, "reduce_mode: act")
    finds(service, "haproxy", "no stick table 'dimmers'", f"`{line}`",
          "set-var(txn.held) str(fraud),table_gpt0(dimmers)",
          "{ rand(1000),sub(txn.held) lt 0 }")
    process.terminate()
    process.wait()
    (service.here / "haproxy.sock").unlink()
    start_haproxy(service, more=f"backend fraud\nbackend dimmers\n {line}\n")
    is_well(service)


def a_reroute_whose_source_and_table_haproxy_lacks_is_named_with_both(service):
    if REDIS is None:
        print("SKIPPED: there is no redis-server")
        return
    name_edge(service)
    name_cache(service, start_redis(service),
               more=", reroute: { table: reroutes, source: truths }")
    let(service, "invalidate_cache: act, reroute: act")
    process = start_haproxy(service)
    status, found = ask(service)
    said = [check["says"] for check in found]
    assert status == ILL and len(said) == 2, found
    assert "truths" in said[0] and "reroutes" in said[1] and "quotes" in said[1], found
    process.terminate()
    process.wait()
    (service.here / "haproxy.sock").unlink()
    start_haproxy(service, more=f"backend truths\nbackend reroutes\n {TABLE}\n")
    is_well(service)


def a_haproxy_whose_servers_have_no_maxconn_is_named_where_scale_needs_a_queue(service):
    name_edge(service)
    process = start_haproxy(service)
    service.change("    stop_grace", "    spares: 1\n    stop_grace")
    service.change("min_healthy: 1", "min_healthy: 0")
    is_well(service)
    let(service, "scale: act")
    finds(service, "haproxy", "r0, r1", "no maxconn", "autonomy.scale")
    process.terminate()
    process.wait()
    (service.here / "haproxy.sock").unlink()
    start_haproxy(service, of_servers="maxconn 20")
    is_well(service)


def a_cache_whose_redis_does_not_answer_is_named_with_what_starts_one(service):
    port, = free_ports(1)
    name_cache(service, f"127.0.0.1:{port}")
    finds(service, "cache", "quotes", f"127.0.0.1:{port}",
          f"`redis-server --bind 127.0.0.1 --port {port}`", "redis.address")


def a_cache_where_something_else_answers_is_named(service):
    port = start_listener(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    name_cache(service, f"127.0.0.1:{port}")
    finds(service, "cache", "quotes", "no kind that was asked for",
          f"`redis-cli -h 127.0.0.1 -p {port} ping`", "redis.address")


def a_cache_where_somebody_listens_and_says_nothing_is_named(service):
    port = start_listener(b"", then_hangs=True)
    name_cache(service, f"127.0.0.1:{port}")
    finds(service, "cache", "quotes", f"redis-cli -h 127.0.0.1 -p {port} ping")


def a_redis_that_wants_a_password_is_named(service):
    name_cache(service, start_redis(service, "requirepass secret"))
    finds(service, "cache", "NOAUTH", "no password")


def a_redis_that_lets_nobody_read_is_named_with_the_command(service):
    name_cache(service, start_redis(service, "user default on nopass ~* &* +@all -mget"))
    finds(service, "cache", "NOPERM",
          f"`redis-cli -s {service.here}/redis.sock ACL SETUSER default +mget`")
    ask_redis(service, "ACL SETUSER default +mget")
    is_well(service)


def a_redis_that_hides_the_keys_is_named_with_the_command(service):
    name_cache(service, start_redis(service, "user default on nopass ~other:* &* +@all"))
    finds(service, "cache", "NOPERM", "ACL SETUSER default '~fx:*'`")
    ask_redis(service, "ACL SETUSER default ~fx:*")
    is_well(service)


def a_redis_that_lets_nobody_drop_keys_is_named_where_a_remedy_drops_them(service):
    name_cache(service, start_redis(service, "user default on nopass ~* &* +@all -unlink"))
    is_well(service)
    let(service, "invalidate_cache: act")
    finds(service, "cache", "NOPERM", "ACL SETUSER default +mget +unlink`")
    ask_redis(service, "ACL SETUSER default +mget +unlink")
    is_well(service)


def a_redis_that_only_copies_another_one_is_named_where_a_remedy_drops_keys(service):
    port, = free_ports(1)
    name_cache(service, start_redis(service, f"replicaof 127.0.0.1 {port}"))
    let(service, "invalidate_cache: act")
    finds(service, "cache", "READONLY", "redis.address")


def a_redis_that_has_all_is_well_and_loses_no_key(service):
    name_cache(service, start_redis(service))
    let(service, "invalidate_cache: act")
    ask_redis(service, "MSET fx:USD 7 fx:GBP 7")
    is_well(service)
    assert ask_redis(service, "EXISTS fx:USD fx:GBP") == ":2\r\n"


def a_redis_that_allows_no_transaction_loses_no_key_either(service):
    name_cache(service,
               start_redis(service, "user default on nopass ~* &* +mset +exists +mget +unlink"))
    let(service, "invalidate_cache: act")
    ask_redis(service, "MSET fx:USD 7 fx:GBP 7")
    is_well(service)
    assert ask_redis(service, "EXISTS fx:USD fx:GBP") == ":2\r\n"


def a_redis_that_has_a_replica_is_well_while_that_follows(service):
    redis = start_redis(service)
    replica = start_redis(service, name="replica")
    name_cache(service, redis, place=f'address: "{redis}", replicas: ["{replica}"]')
    let(service, "invalidate_cache: act")
    is_well(service)
    ask_redis(service, "SET fx:USD 7")
    finds(service, "cache", "quotes", replica, "1 of 2 entries", "INFO replication", status=WELL)
    ask_redis(service, "SET fx:USD 7", name="replica")
    is_well(service)


def a_redis_that_has_a_replica_which_is_not_there_is_told_of_with_the_key_that_names_it(service):
    redis = start_redis(service)
    name_cache(service, redis, place=f'address: "{redis}", replicas: ["unix:{service.here}/no"]')
    finds(service, "cache", "quotes", "redis.replicas", "/no")


def a_redis_that_is_a_node_of_a_cluster_is_well_as_such_and_loses_no_key(service):
    node = start_cluster_node(service, 16384)
    name_cache(service, node, place=f'cluster: ["{node}"]')
    let(service, "invalidate_cache: act")
    ask_redis(service, "SET fx:USD 7")
    is_well(service)
    assert ask_redis(service, "EXISTS fx:USD") == ":1\r\n"
    ask_redis(service, "ACL SETUSER default -unlink")
    finds(service, "cache", "NOPERM", "+mget +unlink '+cluster|slots' +asking`")


def a_redis_that_is_a_node_of_a_cluster_without_all_slots_is_named(service):
    node = start_cluster_node(service, 12000)  # fx:USD is in slot 12162.
    name_cache(service, node, place=f'cluster: ["{node}"]')
    finds(service, "cache", "nobody keeps slot 12162", "CLUSTER SLOTS")


def a_redis_that_is_no_node_of_a_cluster_and_taken_for_one_is_named(service):
    redis = start_redis(service)
    name_cache(service, redis, place=f'cluster: ["{redis}"]')
    finds(service, "cache", "cluster support disabled", "redis.address")


def a_redis_whose_source_or_readers_answer_otherwise_is_named(service):
    redis = start_redis(service)
    port = start_web(RATE)
    nobody, = free_ports(1)
    name_cache(service, redis, f"127.0.0.1:{port}", field="rate",
               more=f', readers: "http://127.0.0.1:{nobody}/fx?currency={{entry}}"')
    status, found = ask(service)
    print("   ", *[f"{check['says']} — {check['mend']}" for check in found], sep="\n    ")
    assert status == ILL and [check["check"] for check in found] == ["cache source",
                                                                     "cache readers"], found
    assert "no rate" in found[0]["says"] and "caches.source" in found[0]["mend"], found
    assert f"127.0.0.1:{nobody}" in found[1]["says"] and "readers" in found[1]["mend"], found


def a_journey_that_fails_is_noted_while_no_instance_runs_and_named_once_one_does(service):
    service.add(f"journey: {{ url: 'http://127.0.0.1:{service.ports[0]}/nowhere' }}\n")
    finds(service, "journey", "no instance runs yet", "homeostat agent", status=WELL)
    service.start()
    finds(service, "journey", "/nowhere", "404", "journey.url")
    service.change("/nowhere", "/healthz")
    is_well(service)


def a_journey_whose_edge_nobody_is_at_is_named_also_while_no_instance_runs(service):
    port, = free_ports(1)
    name_edge(service)
    service.add(f"journey: {{ url: 'http://127.0.0.1:{port}/fx' }}\n")
    if not Path(HAPROXY).exists():
        print("SKIPPED: there is no haproxy")
        return
    start_haproxy(service)
    finds(service, "journey", f"127.0.0.1:{port}", "bind", "journey.url")


def a_probe_that_an_instance_refuses_is_named(service):
    service.start()
    service.change("/healthz", "/helthz")
    status, found = ask(service)
    assert status == ILL and [check["check"] for check in found] == ["probe", "probe"], found
    assert "rates-0" in found[0]["says"] and "404" in found[0]["says"], found
    assert "signals" in found[0]["mend"], found


def a_model_url_where_nobody_answers_is_named_with_what_starts_a_server(service):
    port, = free_ports(1)
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}' }}\n")
    finds(service, "model", f"127.0.0.1:{port}", "llama-server", "--model",
          f"--host 127.0.0.1 --port {port}", "leave model out")


def a_model_that_set_up_chose_is_named_by_its_own_file_and_not_by_the_link_to_it(service):
    programs = service.here / "build/release/bin"
    programs.mkdir(parents=True)
    shutil.copy(service.programs / "homeostat", programs / "homeostat")
    model = service.here / "build/model"
    model.mkdir()
    (model / "small-remedy.gguf").write_bytes(b"GGUF")
    port, = free_ports(1)
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}' }}\n")

    def said():
        return subprocess.run([programs / "homeostat", "doctor", "--config", service.config],
                              cwd=service.here, capture_output=True, text=True, timeout=20).stdout

    assert "--model FILE.gguf" in said(), said()
    (model / "model.gguf").symlink_to("small-remedy.gguf")
    assert f"--model {model / 'small-remedy.gguf'} " in said(), said()
    (model / "small-remedy.gguf").unlink()
    assert "--model FILE.gguf" in said(), said()


def a_model_url_where_another_server_answers_is_named(service):
    answers = {"/health": (200, "ok")}
    service.add(f"model: {{ url: 'http://127.0.0.1:{start_web(answers)}' }}\n")
    finds(service, "model", "no llama.cpp server", "model.url", "leave model out")
    answers.update({"/health": (503, "no server is up"), "/props": (503, "no server is up")})
    finds(service, "model", "no llama.cpp server", "model.url", "leave model out")


def a_model_url_where_somebody_listens_and_says_nothing_is_named(service):
    port = start_listener(b"", then_hangs=True)
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}' }}\n")
    finds(service, "model", f"127.0.0.1:{port}", "end what listens there", "--model")


def a_model_url_whose_server_has_no_model_is_named(service):
    port = start_web({"/health": (200, "{}"), "/props": (200, '{"model_path": "none"}'),
                      "/tokenize": (400, '{"error": {"message": "no \x1b[31mmodel"}}')})
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}' }}\n")
    finds(service, "model", "has no model", "--model", "leave model out")


def a_model_that_is_still_being_loaded_is_noted(service):
    port = start_web({"/health": (503, '{"error": {"message": "Loading model"}}')})
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}' }}\n")
    finds(service, "model", "Loading model", "ask again", status=WELL)


def a_model_url_whose_server_has_a_model_is_well(service):
    server, file = MODEL / "llama-server", MODEL / "model.gguf"
    if not (server.exists() and file.exists()):
        print("SKIPPED: there is no llama-server, or no model for it")
        return
    path = service.here / "model.sock"
    service.add(f"model: {{ url: 'unix:{path}' }}\n")
    subprocess.Popen([server, "--model", file, "--host", path, "--ctx-size", "512"],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     preexec_fn=die_with_parent)
    wait_until("the model is loaded", lambda: ask(service) == (WELL, []), seconds=30)


MODELS = '{"object": "list", "data": [{"id": "a/first"}, {"id": "second"}]}'


def a_model_name_that_the_server_does_not_have_is_named_with_those_it_has(service):
    port = start_web({"/v1/models": (200, MODELS)})
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}', api: openai, name: third }}\n")
    finds(service, "model", 'no model "third"', "a/first, second", "model.name")


def a_server_without_the_openai_api_is_named(service):
    port = start_web({"/health": (200, "{}"), "/v1/models": (200, "{}")})
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}', api: openai }}\n")
    finds(service, "model", "no server with the openai API", "model.api", "leave model out")


def a_model_of_an_openai_server_that_can_be_asked_is_well(service):
    # It has no /tokenize: what is one token there is not known, and no trouble.
    port = start_web({"/v1/models": (200, MODELS)})
    service.add(f"model: {{ url: 'http://127.0.0.1:{port}', api: openai, name: second }}\n")
    assert ask(service) == (WELL, [])


def what_a_terminal_would_act_upon_is_printed_escaped(service):
    config = service.config.rename(service.here / "a\x1b[31m.yaml")
    done = subprocess.run([service.programs / "homeostat", "doctor", "--config", config],
                          cwd=service.here, capture_output=True, text=True, timeout=20)
    assert "\x1b" not in done.stdout and "\\x1b[31m.yaml is valid" in done.stdout, done.stdout


TESTS = [test for name, test in list(globals().items())
         if name.startswith(("a_", "each_", "what_"))]


def main():
    tests = TESTS
    if not Path(HAPROXY).exists():
        print("SKIPPED: there is no haproxy for what is said of it")
        tests = [test for test in tests if "haproxy" not in test.__name__]
    if REDIS is None:
        print("SKIPPED: there is no redis-server for what is said of it")
        tests = [test for test in tests if "redis_that" not in test.__name__ and
                 "redis_whose" not in test.__name__]
    run_each(__doc__, tests, SmallService)


if __name__ == "__main__":
    main()
