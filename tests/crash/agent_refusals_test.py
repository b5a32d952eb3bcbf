#!/usr/bin/env python3
"""Starts the agent where it cannot or can only half do its work, and reads what it says.

    agent_refusals_test.py --bin build/release/bin [--only TEXT]

A refusal has the documented exit status, one line that names the place and the mend, and leaves
everything as it was. What is no reason to refuse is said, and the agent goes on. Half a minute.
"""

import http.server
import os
import shutil
import signal
import socket
import threading

from guarded_world import wait_until
from harness import run_each
from small_disk import SmallDisk, can_mount
from small_service import SmallService, children

SUPPOSED, UNEXPECTED, USAGE = 0, 1, 2  # As `homeostat --help` says.


def refuse(service, status, *words, lines=1, program=None):
    """The agent ends with `status` and says each of `words`, in `lines` lines; nothing changes."""
    alive, running = service.alive(), children()
    seen = len(service.log().splitlines())
    service.start_agent(program)
    assert service.agent.wait(10) == status, service.log()
    said = [line for line in service.log().splitlines()[seen:]
            if " info guarding " not in line and " info model: " not in line]
    print(*said, sep="\n    ")
    assert len(said) == lines, f"{len(said)} lines where {lines} should do: {said}"
    for word in words:
        assert any(word in line for line in said), f"'{word}' is not said: {said}"
    assert service.alive() == alive, "an instance was touched"
    wait_until("nothing runs that did not before", lambda: children() == running)


def goes_on(service, *words):
    """The agent says each of `words`, brings its instances up, and restarts one that is killed."""
    service.start()
    wait_until(f"it says {words}", lambda: all(word in service.log() for word in words))
    before = service.alive()["rates-0"]
    os.kill(before[0], signal.SIGKILL)
    wait_until("the killed instance is started again",
               lambda: service.alive().get("rates-0", before) != before)


def is_standing_by(status):
    return status is not None and [one["node"] for one in status["incidents"]] == ["stand_by"]


def copy_programs(service, *names):
    """Programs beside which nothing else lies. Gives the first."""
    directory = service.here / "elsewhere/release/bin"
    directory.mkdir(parents=True)
    for name in names:
        shutil.copy(service.programs / name, directory / name)
    return directory / names[0]


# --- The tests: each a sentence that can be false ------------------------------------------------
def broken_yaml_is_refused_with_line_and_column(service):
    service.config.write_text("service: [rates\n")
    refuse(service, USAGE, f"{service.config}:2:1: ", "not valid YAML")


def a_configuration_that_is_not_there_is_refused_by_its_name(service):
    service.config.unlink()
    refuse(service, USAGE, f"cannot read {service.config}", "check the path")


def unknown_keys_are_refused_with_those_that_are_known(service):
    service.add("gaurd: { min_healthy: 1 }\n")
    refuse(service, USAGE, "unknown key 'gaurd'", "known here: service, runtime", "guard")


def a_key_that_stands_twice_is_refused_with_both_lines(service):
    service.add("service: fraud\n")
    refuse(service, USAGE, "'service' stands twice, first in line 1", "keep one of them")


def impossible_values_are_each_refused_with_what_may_be_written(service):
    service.change("stop_grace: 1s", "stop_grace: -1s")
    service.change("min_healthy: 1", "min_healthy: 9")
    service.change("timeout: 300ms", "timeout: 0ms")
    refuse(service, USAGE, "'-1s' is not a duration — write", "9 of 2 must remain",
           "'0ms' is out of range — write 1ms to 1m", lines=3)


def a_socket_path_that_is_too_long_is_refused_with_the_length_that_is_not(service):
    service.change("control/agent.sock", "long" * 30)
    refuse(service, USAGE, "control.socket", "at most 107 bytes")


def a_control_socket_in_a_place_that_is_no_directory_is_refused(service):
    (service.here / "control").write_text("precious")
    refuse(service, USAGE, f"control.socket: cannot make the directory {service.here}/control",
           "a part of it is not a directory")
    assert (service.here / "control").read_text() == "precious"


def a_file_in_the_place_of_the_control_socket_is_left_alone(service):
    service.start()
    assert service.stop_agent() == 0
    (service.here / "control/agent.sock").write_text("precious")
    refuse(service, USAGE, f"cannot listen on {service.here}/control/agent.sock",
           "move it or choose another path")
    assert (service.here / "control/agent.sock").read_text() == "precious"


def a_service_program_that_is_missing_is_named_with_its_whole_path(service):
    (service.version / "rates").unlink()
    refuse(service, USAGE, f"first start of rates-0: there is no program {service.version}/rates",
           "check the spelling, or install it")


def a_service_program_that_may_not_be_executed_is_refused_with_the_mend(service):
    (service.version / "rates").unlink()
    (service.version / "rates").write_text("#!/bin/sh\n")
    refuse(service, USAGE, f"{service.version}/rates is there but may not be executed (chmod +x?)")


def a_service_without_a_current_version_is_refused_by_the_link(service):
    (service.here / "rates/current").unlink()
    refuse(service, USAGE, f"{service.here}/rates/current", "check the path")


def a_missing_shim_is_named_with_its_whole_path(service):
    program = copy_programs(service, "homeostat")
    refuse(service, USAGE, f"there is no program {program.parent}/homeostat-shim",
           "install it", program=program)


def a_model_server_does_not_outlive_an_agent_that_cannot_start_its_service(service):
    server = service.here / "server"
    server.write_text("#!/bin/sh\nexec sleep 1000\n")
    server.chmod(0o755)
    (service.here / "some.gguf").write_text("GGUF and nothing else")
    service.add(f"model: {{ llama_server: {{ file: some.gguf, binary: {server} }} }}\n")
    (service.version / "rates").unlink()
    refuse(service, USAGE, f"there is no program {service.version}/rates")


def a_ledger_on_a_read_only_disk_is_refused_before_anything_is_started(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "ledger")
    disk.make_read_only()
    try:
        refuse(service, UNEXPECTED,
               f"record.ledger: cannot open the lock {service.here}/ledger/lock",
               "Read-only file system (mount the file system writable)")
    finally:
        disk.end()


def a_ledger_on_a_full_disk_is_refused_before_anything_is_started(service):
    if not can_mount():
        print("SKIPPED: this user may not mount a small file system")
        return
    disk = SmallDisk(service.here / "ledger")
    disk.fill()
    try:
        refuse(service, UNEXPECTED, f"{service.here}/ledger",
               "No space left on device (free space on that file system)")
        disk.free()
        service.start()
    finally:
        service.end()
        disk.end()


def a_ledger_that_was_changed_is_refused_with_the_place(service):
    service.start()
    service.kill_instance_and_wait()
    assert service.stop_agent() == SUPPOSED
    segment, = (service.here / "ledger").glob("*.hlog")
    text = bytearray(segment.read_bytes())
    text[len(text) // 2] ^= 1
    segment.write_bytes(text)
    refuse(service, UNEXPECTED, f"{segment}", "at byte ")


def a_ledger_of_another_format_is_refused_by_its_version_and_left_as_it_is(service):
    service.start()
    assert service.stop_agent() == SUPPOSED
    segment, = (service.here / "ledger").glob("*.hlog")
    text = bytearray(segment.read_bytes())
    text[7] = 3  # Behind the magic.
    segment.write_bytes(text)
    refuse(service, UNEXPECTED, f"{segment}", "is of format version 3, and this program reads 2",
           "use the program that wrote it")
    assert segment.read_bytes() == text


def an_agent_whose_log_nobody_reads_any_more_goes_on(service):
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as log:
        service.start_agent(log=log)
    wait_until("both instances answer", service.is_served)
    os.close(reader)
    before = service.alive()["rates-0"]
    os.kill(before[0], signal.SIGKILL)  # To be told of, too.
    wait_until("the killed instance is started again",
               lambda: service.alive().get("rates-0", before) != before)
    wait_until("both instances answer", service.is_served)


def an_instance_whose_port_is_taken_is_named_with_its_own_words_and_given_up(service):
    with socket.socket() as other:
        other.bind(("127.0.0.1", service.ports[1]))
        other.listen()
        service.start_agent()
        wait_until("the agent gives up", lambda: "cannot go on" in service.log() and
                   is_standing_by(service.status()))
        print(*service.log().splitlines(), sep="\n    ")
        assert "rates-1: the new process exited with status 1" in service.log()
        assert f"127.0.0.1:{service.ports[1]}: Address already in use" in service.log()
        assert "rates-1 was started 3 times and is not there; its log says why" in service.log()
        assert f"their logs are in {service.here}/run" in service.log()
        status = service.status()
        assert [one["is_answering"] for one in status["instances"]] == [True, False]
    assert service.stop_agent() == SUPPOSED
    assert list(service.alive()) == ["rates-0"]


def another_program_that_answers_on_an_instances_port_is_not_taken_for_it(service):
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", service.ports[1]), Healthy) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        service.start_agent()
        wait_until("the agent has given up", lambda: is_standing_by(service.status()))
        status = service.status()
        assert [one["is_answering"] for one in status["instances"]] == [True, False]
        assert status["serving_count"] == 1
        assert list(service.alive()) == ["rates-0"]
        entries = service.ask("explain", "i-1")["entries"]
        assert 1 <= sum(entry["entry"] == "intent" for entry in entries) <= 3
        other.shutdown()


def a_model_file_that_is_none_leaves_the_agent_to_its_rules(service):
    (service.here / "some.gguf").write_text("page not found")
    service.add("model: { llama_server: { file: some.gguf } }\n")
    goes_on(service, " warning model_lost rules_decide_alone=true",
            f"{service.here}/some.gguf is not a model file", 'it begins with "page", not "GGUF"',
            "Run `make setup`")
    assert "not a model file" in service.status()["oracle"]


def a_calibration_that_is_none_is_refused_by_its_key(service):
    (service.here / "weight.json").write_text('{"lambda": "much"}')
    service.add("model: { url: 'http://127.0.0.1:9', calibration: weight.json }\n")
    refuse(service, USAGE, "model.calibration", f"{service.here}/weight.json")


def a_missing_model_file_leaves_the_agent_to_its_rules(service):
    service.add("model: { llama_server: { file: some.gguf } }\n")
    goes_on(service, "rules_decide_alone=true", f"{service.here}/some.gguf does not exist")
    assert "does not exist" in service.status()["oracle"]


def a_model_server_that_is_not_installed_leaves_the_agent_to_its_rules(service):
    (service.here / "some.gguf").write_text("GGUF and nothing else")
    service.add("model: { llama_server: { file: some.gguf, binary: "
                f"{service.here}/llama-server }} }}\n")
    goes_on(service, "rules_decide_alone=true",
            f"there is no program {service.here}/llama-server", "install it")


def a_model_server_that_is_on_no_path_is_called_by_its_name(service):
    (service.here / "some.gguf").write_text("GGUF and nothing else")
    service.add("model: { llama_server: { file: some.gguf } }\n")
    program = copy_programs(service, "homeostat", "homeostat-shim")
    service.start_agent(program, PATH="/nowhere")
    wait_until("it says so", lambda: "there is no program llama-server in PATH" in service.log())
    wait_until("both instances answer", service.is_served)


TESTS = [
    broken_yaml_is_refused_with_line_and_column,
    a_configuration_that_is_not_there_is_refused_by_its_name,
    unknown_keys_are_refused_with_those_that_are_known,
    a_key_that_stands_twice_is_refused_with_both_lines,
    impossible_values_are_each_refused_with_what_may_be_written,
    a_socket_path_that_is_too_long_is_refused_with_the_length_that_is_not,
    a_control_socket_in_a_place_that_is_no_directory_is_refused,
    a_file_in_the_place_of_the_control_socket_is_left_alone,
    a_service_program_that_is_missing_is_named_with_its_whole_path,
    a_service_program_that_may_not_be_executed_is_refused_with_the_mend,
    a_service_without_a_current_version_is_refused_by_the_link,
    a_missing_shim_is_named_with_its_whole_path,
    a_model_server_does_not_outlive_an_agent_that_cannot_start_its_service,
    a_ledger_on_a_read_only_disk_is_refused_before_anything_is_started,
    a_ledger_on_a_full_disk_is_refused_before_anything_is_started,
    a_ledger_that_was_changed_is_refused_with_the_place,
    a_ledger_of_another_format_is_refused_by_its_version_and_left_as_it_is,
    an_agent_whose_log_nobody_reads_any_more_goes_on,
    an_instance_whose_port_is_taken_is_named_with_its_own_words_and_given_up,
    another_program_that_answers_on_an_instances_port_is_not_taken_for_it,
    a_model_file_that_is_none_leaves_the_agent_to_its_rules,
    a_calibration_that_is_none_is_refused_by_its_key,
    a_missing_model_file_leaves_the_agent_to_its_rules,
    a_model_server_that_is_not_installed_leaves_the_agent_to_its_rules,
    a_model_server_that_is_on_no_path_is_called_by_its_name,
]


def main():
    run_each(__doc__, TESTS, SmallService)


if __name__ == "__main__":
    main()
