#!/usr/bin/env python3
"""A real agent, a real Envoy and a real watchdog, each of which dies while the others go on.

    envoy_edge_test.py --bin build/release/bin [--only TEXT]

Envoy ends with this test, as it would with whatever else starts it (it asks the kernel for that);
in production a supervisor does. Half a minute.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

from guarded_world import ROOT, die_with_parent, free_ports, wait_until
from harness import run_each
from small_service import SmallService, UnixConnection

TYPES = "type.googleapis.com/envoy."
ENVOY = ROOT / "build/envoy/envoy"
KEY = "homeostat.circuit.fraud"
ILL = 1

EDGE = """
edge:
  envoy:
    admin: unix:{here}/admin.sock
    cluster: rates
    endpoints: "r{{index}}"
    directory: {here}/xds
neighbours:
  - {{ service: fraud, backend: fraud, circuit: {key} }}
"""


def envoy_program():
    return str(ENVOY) if ENVOY.exists() else shutil.which("envoy")


def from_file(path):
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def tcp(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def listener(name, port, routes):
    manager = {
        "@type": TYPES + "extensions.filters.network.http_connection_manager.v3"
                         ".HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"name": name, "validate_clusters": True, "virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
            "@type": TYPES + "extensions.filters.http.router.v3.Router"}}]}
    return {"name": name, "address": tcp(port), "filter_chains": [{"filters": [
        {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}


class ServiceBehindEnvoy(SmallService):
    def __init__(self, programs, here):
        super().__init__(programs, here)
        self.edge_port, self.fraud_port, self.nobody_port = free_ports(3)
        self.files = here / "xds"
        self.files.mkdir()
        self.envoy = None
        self.watchdog = None
        self.has_panic = False
        self.add(EDGE.format(here=here, key=KEY))
        self.put_endpoints()
        self.put_overrides("start", {})

    # --- the files -----------------------------------------------------------------------
    def put(self, name, document):
        """As everybody has to: beside its place, then renamed onto it."""
        beside = self.files / (name + ".mine")
        beside.write_text(json.dumps(document))
        os.rename(beside, self.files / name)

    def put_endpoints(self):
        self.put("rates.json", {"version_info": "start", "resources": [{
            "@type": TYPES + "config.endpoint.v3.ClusterLoadAssignment", "cluster_name": "rates",
            "endpoints": [{"lb_endpoints": [
                {"endpoint": {"hostname": f"r{index}", "address": tcp(port)}}
                for index, port in enumerate(self.ports)]}]}]})

    def put_overrides(self, version, layer):
        self.put("runtime.json", {"version_info": version, "resources": [
            {"@type": TYPES + "service.runtime.v3.Runtime", "name": "homeostat", "layer": layer}]})

    def open_circuit(self, seconds):
        """The bytes that the agent writes, which has died since."""
        until = int((time.time() + seconds) * 1000)
        self.put_overrides("h-i-1.e1", {KEY: 100, KEY + ".until": until})
        wait_until("Envoy has it", lambda: self.call_fraud() == "fallback")

    # --- the programs --------------------------------------------------------------------
    def bootstrap(self):
        switched = {"match": {"prefix": "/", "runtime_fraction": {
            "default_value": {"numerator": 0}, "runtime_key": KEY}},
            "direct_response": {"status": 200, "body": {"inline_string": "fallback"}}}
        rates = {"name": "rates", "type": "EDS", "connect_timeout": "0.2s",
                 "eds_cluster_config": {"eds_config": from_file(self.files / "rates.json")}}
        if not self.has_panic:
            rates["common_lb_config"] = {"healthy_panic_threshold": {"value": 0}}
        fraud = {"name": "fraud", "type": "STATIC", "connect_timeout": "0.2s", "load_assignment": {
            "cluster_name": "fraud", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": tcp(self.nobody_port)}}]}]}}
        return {
            "node": {"id": "test", "cluster": "test"},
            "admin": {"address": {"pipe": {"path": str(self.here / "admin.sock")}}},
            "stats_flush_on_admin": True,
            "layered_runtime": {"layers": [{"name": "homeostat", "rtds_layer": {
                "name": "homeostat", "rtds_config": from_file(self.files / "runtime.json")}}]},
            "static_resources": {"clusters": [rates, fraud], "listeners": [
                listener("edge", self.edge_port,
                         [{"match": {"prefix": "/"}, "route": {"cluster": "rates"}}]),
                listener("neighbours", self.fraud_port,
                         [switched, {"match": {"prefix": "/"}, "route": {"cluster": "fraud"}}])]}}

    def start_envoy(self):
        (self.here / "envoy.json").write_text(json.dumps(self.bootstrap()))
        self.envoy = subprocess.Popen(
            [envoy_program(), "-c", self.here / "envoy.json", "--concurrency", "1", "--log-level",
             "warn", "--component-log-level", "misc:error", "--use-dynamic-base-id",
             "--reject-unknown-dynamic-fields", "--log-path", self.here / "envoy.log"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        wait_until("Envoy is ready", self.is_ready)

    def is_ready(self):
        try:
            connection = UnixConnection(self.here / "admin.sock")
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def start_watchdog(self):
        self.watchdog = subprocess.Popen(
            [self.programs / "homeostat", "envoy-watchdog", "--directory", self.files],
            stderr=subprocess.PIPE, preexec_fn=die_with_parent, text=True)
        assert "watching" in self.watchdog.stderr.readline()

    def kill(self, process):
        process.kill()
        process.wait()

    # --- what users and people see -------------------------------------------------------
    def fetch(self, port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError) as error:
            return str(error)

    def call_fraud(self):
        return self.fetch(self.fraud_port)

    def doctor(self):
        """What it says of Envoy that is not well, as one text."""
        done = subprocess.run([self.programs / "homeostat", "doctor", "--json", "--config",
                               self.config], cwd=self.here, capture_output=True, text=True,
                              timeout=20)
        checks = [check for check in json.loads(done.stdout)["checks"]
                  if check["check"] == "envoy"]
        assert checks, done.stdout
        return "\n".join(f"{check['health']}: {check['says']}" for check in checks
                         if check["health"] != "ok")


def a_circuit_ends_in_its_time_though_the_agent_is_dead(service):
    service.start_envoy()
    service.start_watchdog()
    service.start()
    service.kill_agent()
    service.open_circuit(seconds=1)
    wait_until("it has closed", lambda: service.call_fraud() != "fallback")
    assert json.loads((service.files / "runtime.json").read_text())["resources"][0]["layer"] == {}


def a_circuit_that_has_ended_while_the_watchdog_was_dead_ends_once_it_lives_again(service):
    service.start_envoy()
    service.start_watchdog()
    service.open_circuit(seconds=1)
    service.kill(service.watchdog)
    time.sleep(1.2)  # What is waited for is that nothing happens.
    assert service.call_fraud() == "fallback"
    service.start_watchdog()
    wait_until("it has closed", lambda: service.call_fraud() != "fallback")


def one_watchdog_watches_a_directory(service):
    service.start_watchdog()
    second = subprocess.run([service.programs / "homeostat", "envoy-watchdog", "--directory",
                             service.files], capture_output=True, text=True, timeout=20)
    assert second.returncode == 2 and "watchdog" in second.stderr, second
    nowhere = subprocess.run([service.programs / "homeostat", "envoy-watchdog", "--directory",
                              service.here / "nowhere"], capture_output=True, text=True, timeout=20)
    assert nowhere.returncode == 2, nowhere


def envoy_goes_on_without_the_agent_and_the_agent_without_envoy(service):
    service.start_envoy()
    service.start_watchdog()
    service.start()
    service.kill_agent()
    assert service.envoy.poll() is None
    assert service.fetch(service.edge_port) != ""
    service.start()
    service.kill(service.envoy)
    wait_until("the agent notices", lambda: "admin.sock does not answer" in service.log())
    assert service.agent.poll() is None and service.status() is not None
    service.start_envoy()
    wait_until("it notices that, too", lambda: service.is_served())
    service.kill_instance_and_wait()
    assert service.fetch(service.edge_port) != ""


def doctor_finds_what_envoy_needs(service):
    assert "start Envoy" not in service.doctor() and "admin" in service.doctor()
    service.has_panic = True
    service.start_envoy()
    said = service.doctor()
    assert "ILL: with few endpoints left cluster rates sends requests to drained ones" in said
    assert "note: no watchdog ends overrides" in said
    service.kill(service.envoy)
    service.has_panic = False
    service.start_envoy()
    service.start_watchdog()
    assert service.doctor() == "", service.doctor()
    service.change(KEY, KEY + "s")
    assert f"note: no route of Envoy asks for the runtime key {KEY}s" in service.doctor()
    service.change(KEY + "s", KEY)
    (service.files / "rates.json").write_text(
        (service.files / "rates.json").read_text().replace("start", "edited"))
    assert "has version 'edited', Envoy has loaded 'start'" in service.doctor()
    service.put_endpoints()
    service.change("r{index}", "q{index}")
    assert "cluster rates has no endpoint with the hostname q0" in service.doctor()


def the_example_is_a_configuration_of_both(service):
    example = service.here / "example"
    shutil.copytree(ROOT / "examples/envoy", example)
    for command in ([service.programs / "homeostat", "validate", "--config", "homeostat.yaml"],
                    [envoy_program(), "-c", "envoy.yaml", "--mode", "validate", "--log-level",
                     "warn", "--use-dynamic-base-id"]):
        done = subprocess.run(command, cwd=example, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done


TESTS = [
    a_circuit_ends_in_its_time_though_the_agent_is_dead,
    a_circuit_that_has_ended_while_the_watchdog_was_dead_ends_once_it_lives_again,
    one_watchdog_watches_a_directory,
    envoy_goes_on_without_the_agent_and_the_agent_without_envoy,
    doctor_finds_what_envoy_needs,
    the_example_is_a_configuration_of_both,
]

if __name__ == "__main__":
    if envoy_program() is None:
        print("SKIPPED: envoy is not installed (tools/setup.sh check brings it)")
        sys.exit(77)
    run_each(__doc__, TESTS, ServiceBehindEnvoy)
