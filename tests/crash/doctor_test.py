#!/usr/bin/env python3
"""Takes one thing away from a machine that is well, and asks `homeostat doctor` what is missing.

    doctor_test.py --bin build/release/bin [--only TEXT]

Each finding names the place and the mend, and goes once the mend is done. A few seconds.
"""

import json
import shutil
import socket
import subprocess
from pathlib import Path

from guarded_world import die_with_parent, wait_until
from harness import run_each
from small_disk import SmallDisk, can_mount
from small_service import SmallService

WELL, ILL, USAGE = 0, 1, 2  # As `homeostat --help` says.
HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"


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


def start_haproxy(service, level="admin"):
    config = service.here / "haproxy.cfg"
    servers = "".join(f" server r{index} 127.0.0.1:{port}\n"
                      for index, port in enumerate(service.ports))
    config.write_text(f"global\n stats socket {service.here}/haproxy.sock mode 600 level {level}\n"
                      "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n"
                      f" timeout server 1s\nfrontend f\n bind unix@{service.here}/front.sock\n"
                      f" default_backend rates\nbackend rates\n{servers}")
    process = subprocess.Popen([HAPROXY, "-db", "-q", "-f", config], preexec_fn=die_with_parent)
    wait_until("HAProxy listens", (service.here / "haproxy.sock").exists)
    return process


def name_edge(service, backend="rates", servers="[r0, r1]"):
    service.add(f"edge: {{ haproxy: {{ socket: {service.here}/haproxy.sock, backend: {backend}, "
                f"servers: {servers} }} }}\n")


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


TESTS = [test for name, test in list(globals().items()) if name.startswith("a_")]


def main():
    tests = TESTS
    if not Path(HAPROXY).exists():
        print("SKIPPED: there is no haproxy for what is said of it")
        tests = [test for test in tests if "haproxy" not in test.__name__]
    run_each(__doc__, tests, SmallService)


if __name__ == "__main__":
    main()
