#!/usr/bin/env python3
"""The chart asks for what the program asks for, whatever may act, and refuses what means nothing.

    tests/kubernetes/helm_test.py BIN        builds Helm from its Go module, once
"""

import itertools
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/homeostat"
HELM = ROOT / "build/helm/helm"
PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
MONITORED = ("metrics.enabled=true", "metrics.serviceMonitor.enabled=true",
             "metrics.alerts.enabled=true", "metrics.dashboard.enabled=true")
SERVICE = ("service.name=payments-web", "service.port=80", "service.path=/health")
OWN_OBJECTS = ("switch=homeostat-stop", "lease=homeostat-payments", "events=true")
PEOPLE = re.search(r"```yaml\n(# people\.yaml.*?)```", (ROOT / "deploy/README.md").read_text(),
                   re.DOTALL)[1]
PAGE = ("console.enabled=true", "console.url=https://homeostat.example/payments")
TASK = """
config:
  tasks:
  - name: drop_sessions
    check: { http: { url: "http://192.0.2.7:80/full" } }
    run: { http: { url: "http://192.0.2.7:80/drop", method: POST } }
    destructive: false
"""
WINDOW = ("maintenance[0].days={sat,sun}", "maintenance[0].from=22:00", "maintenance[0].for=4h",
          "maintenance[0].zone=Europe/Berlin")


JOBS = """
config:
  tasks:
  - name: rebuild
    check: { http: { url: "http://192.0.2.7:80/index" } }
    run: { job: rebuild-index }
    take_back: { job: rebuild-back }
    destructive: false
  - name: rebuild_all
    check: { http: { url: "http://192.0.2.7:80/all" } }
    run: { job: rebuild-index }
    destructive: false
"""


def rendered(*values, text=""):
    """(exit status, manifests, trouble); `text`: a file of values."""
    words = [word for value in ("deployment=payments", *values) for word in ("--set", value)]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        return rendered_by(["--values", file.name, *words])


def rendered_by(words):
    done = subprocess.run([HELM, "template", "guard", CHART, "--namespace", "shop", *words],
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def manifests(*values, text=""):
    status, rendition, trouble = rendered(*values, text=text)
    assert status == 0, trouble
    return rendition


def objects_of(kind, text, name="homeostat-payments"):
    """Those of a kind whose names begin so."""
    return [part for part in text.split("---\n") if f"\nkind: {kind}\n" in part
            and f"\n  name: {name}" in part]


def configurations_in(text):
    """By their files."""
    return {name: re.sub("^    ", "", block, flags=re.MULTILINE) for name, block in re.findall(
        r"^  (\w+\.yaml): \|\n((?:    .*\n)+)", text, re.MULTILINE)}


def configuration_in(text):
    return configurations_in(text)["homeostat.yaml"]


def rules_in(text):
    role = next(part for part in text.split("---\n") if "\nkind: Role\n" in part)
    return role.split("\nrules:\n")[1].strip()


def printed_of(configuration, *words):
    """By `homeostat rbac`."""
    return printed_of_all({"homeostat.yaml": configuration}, *words)


def printed_of_all(configurations, *words):
    """Of several by their files, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in configurations.items():
            file = Path(folder) / name
            file.write_text(text)
            words = (*words, "--config", file)
        done = subprocess.run([PROGRAM, "rbac", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_valid(configuration):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "homeostat.yaml"
        file.write_text(configuration)
        done = subprocess.run([PROGRAM, "validate", "--config", file], capture_output=True,
                              text=True)
    assert done.returncode == 0, done.stdout + done.stderr + configuration


def rules_that_are_needed(configuration):
    return rules_in(printed_of(configuration))


def it_may_exactly_what_its_remedies_need_whichever_may_act():
    levels = ("watch", "recommend", "ask", "act")
    for restart, rolling, rollback in itertools.product(("recommend", "act"), ("watch", "ask"),
                                                        levels):
        for service in ((), SERVICE):
            text = manifests(f"autonomy.restart={restart}", f"autonomy.rolling_restart={rolling}",
                             f"autonomy.rollback={rollback}", *service)
            configuration = configuration_in(text)
            assert rules_in(text) == rules_that_are_needed(configuration), configuration


def objects_of_incidents_need_rights_of_their_own():
    text = manifests("incidents.enabled=true", "autonomy.restart=act")
    configuration = configuration_in(text)
    assert "incidents: true\n" in configuration and "incidents_kept: 32\n" in configuration
    assert rules_in(text) == rules_that_are_needed(configuration), rules_in(text)
    assert "homeostat.dev" not in rules_in(manifests())


def a_switch_a_lease_and_events_bring_the_rights_that_they_need_and_no_others():
    for count in range(len(OWN_OBJECTS) + 1):
        for chosen in itertools.combinations(OWN_OBJECTS, count):
            text = manifests(*chosen, "autonomy.rollback=act")
            configuration = configuration_in(text)
            assert rules_in(text) == rules_that_are_needed(configuration), configuration
            for key in ("switch", "lease", "events"):
                is_chosen = any(value.startswith(f"{key}=") for value in chosen)
                assert (f"    {key}: " in configuration) == is_chosen, configuration


def more_replicas_and_configurations_bring_the_rights_that_they_need():
    for scale, rollback, values in itertools.product(("watch", "ask"), ("recommend", "act"), (
            ("replicasMax=5",), ("configs={pay-config,pay-flags}",),
            ("replicasMax=5", "configs={pay-config}", "configsRestart=true"))):
        grows = "replicasMax=5" in values
        chosen = (f"autonomy.scale={scale}",) if grows else ()
        text = manifests(*values, *chosen, f"autonomy.rollback={rollback}")
        configuration = configuration_in(text)
        assert rules_in(text) == rules_that_are_needed(configuration), configuration
        assert ("replicas_max: 5" in configuration) == grows, configuration
    assert "scale" not in rules_in(manifests("autonomy.rollback=act"))


def more_memory_brings_the_right_that_it_needs_where_it_may_be_given():
    for resize, values in itertools.product(("watch", "act"), ((), ("resizeMax.memory=512Mi",))):
        chosen = (f"autonomy.resize={resize}",) if values else ()
        text = manifests(*values, *chosen)
        configuration = configuration_in(text)
        assert rules_in(text) == rules_that_are_needed(configuration), configuration
        assert ("memory: 512Mi" in configuration) == bool(values), configuration
        is_granted = bool(values) and resize == "act"
        assert ("pods/resize" in rules_in(text)) == is_granted, rules_in(text)


def two_roles_are_two_pods_of_which_one_may_only_read():
    split = ("roles.mode=split", "roles.agentKeySecret=agent", f"roles.agents={{{'a' * 64}}}")
    one_pod = manifests("autonomy.restart=act")
    assert "kind: Deployment" not in one_pod and "roles:" not in configuration_in(one_pod)
    for values in ((), SERVICE, OWN_OBJECTS, ("configs={pay-config}", "incidents.enabled=true")):
        text = manifests(*split, "autonomy.restart=act", "autonomy.rollback=act", *values)
        configuration = configuration_in(text)
        parts = [part for part in text.split("---\n") if part.strip()]
        rules = {re.search(r"^  name: (.*)$", part, re.MULTILINE)[1]:
                 part.split("\nrules:\n")[1].strip() for part in parts
                 if "\nkind: Role\n" in part}
        assert rules["homeostat-payments"] == rules_that_are_needed(configuration), rules
        wanted = printed_of(configuration, "--role", "agent", "--account",
                            "homeostat-payments-agent")
        assert rules["homeostat-payments-agent"] == rules_in(wanted), (rules, wanted)
        for verb in ("create", "update", "patch", "delete", "*"):
            assert f'"{verb}"' not in rules["homeostat-payments-agent"], rules
        agent, = [part for part in parts if "\nkind: Deployment\n" in part]
        assert "http://$(HOMEOSTAT_PAYMENTS_DOOR_SERVICE_HOST):7091" in agent, agent
        assert "serviceAccountName: homeostat-payments-agent\n" in agent, agent
        executor, = [part for part in parts if "\nkind: StatefulSet\n" in part]
        assert "--role, executor" in executor and "agent-key" not in executor, executor
        # What leads to the executor leads to no agent.
        door, = [part for part in parts if "\nkind: Service\n" in part]
        assert "name: homeostat\n" in door and "name: homeostat-agent\n" not in door, door
    for values in (("roles.mode=split",), split[:2], ("roles.mode=halves",),
                   (*split[:2], "roles.agents={short}")):
        assert rendered(*values)[0] != 0, f"{values} was rendered"


def agents_beside_pods_may_nothing_and_come_to_the_door():
    beside = ("roles.mode=split", "roles.agentKeySecret=agent", f"roles.agents={{{'a' * 64}}}",
              f"roles.beside.key={'b' * 64}")
    on_nodes = (*beside, "roles.beside.scope=node", "roles.beside.keySecret=nodes")
    in_pods = (*beside, "roles.beside.scope=pod", "roles.beside.podLabels.app=payments")
    for values, scope, label in ((on_nodes, "node", "homeostat-beside"),
                                 (in_pods, "pod", "payments")):
        text = manifests(*values)
        configuration = configuration_in(text)
        assert f"scope: {scope}" in configuration, configuration
        printed_of(configuration)  # It is one that the program takes.
        parts = [part for part in text.split("---\n") if part.strip()]
        door = next(part for part in parts if "\nkind: NetworkPolicy\n" in part
                    and "app.kubernetes.io/name: homeostat\n" in part)
        assert f": {label}\n" in door.split("ingress:")[1].split("egress:")[0], door
        sets = [part for part in parts if "\nkind: DaemonSet\n" in part]
        assert len(sets) == (1 if scope == "node" else 0), parts
        # As examples/sidecar tells it to whoever has the chart.
        service, = re.findall(r"^  name: (\S+-door)$", text, re.MULTILINE)
        variable = f"$({service.upper().replace('-', '_')}_SERVICE_HOST)"
        assert variable in (ROOT / "examples/sidecar/README.md").read_text(), variable
        for part in sets:
            assert "automountServiceAccountToken: false" in part and "spec.nodeName" in part, part
            account = next(one for one in parts if "\nkind: ServiceAccount\n" in one
                           and "homeostat-payments-beside\n" in one)
            wanted = printed_of(configuration, "--role", "agent", "--scope", "node", "--account",
                                "homeostat-payments-beside")
            assert "automountServiceAccountToken: false" in account, account
            assert "kind: Role" not in wanted and "automountServiceAccountToken" in wanted, wanted
            assert "homeostat-payments-beside" not in "".join(
                one for one in parts if "\nkind: RoleBinding\n" in one)
    several = manifests(*on_nodes, "deployments[0].deployment=cart")
    on_node, = [part for part in several.split("---\n") if "\nkind: DaemonSet\n" in part]
    assert on_node.count("--config, homeostat.yaml, --config, cart.yaml") == 3, on_node
    assert on_node.count("subPath: cart.yaml") == 1, on_node
    for values in ((*beside, "roles.beside.scope=node"), (*beside, "roles.beside.scope=pod"),
                   (*beside[:3], "roles.beside.scope=node", "roles.beside.keySecret=nodes"),
                   (*on_nodes[1:], "roles.mode=both")):
        assert rendered(*values)[0] != 0, f"{values} was rendered"


def further_deployments_are_guarded_by_the_same_pod_with_rights_of_their_own():
    more = ("service.name=payments-web", "service.port=80",
            "replicasMax=4", "autonomy.restart=act", "autonomy.scale=act",
            "deployments[0].deployment=cart", "deployments[0].configs={cart-config}",
            "deployments[0].autonomy.rollback=act", "deployments[1].deployment=fees",
            "deployments[1].service.name=fees-web", "deployments[1].service.port=81",
            "deployments[1].replicasMax=3", "deployments[1].guard.min_healthy=0",
            "guard.demote=true", "deployments[1].guard.demote=false")
    text = manifests(*more)
    files = configurations_in(text)
    assert sorted(files) == ["cart.yaml", "fees.yaml", "homeostat.yaml"], files
    # What is the first one's stays the first one's, what is for all is for all.
    assert "payments-web" not in files["cart.yaml"] and "replicas_max" not in files["cart.yaml"]
    assert "rollback: act" in files["cart.yaml"] and "restart: act" in files["cart.yaml"]
    assert "rollback: watch" in files["fees.yaml"] and "replicas_max: 3" in files["fees.yaml"]
    assert "args: [agent, --config, homeostat.yaml, --config, cart.yaml, --config, fees.yaml]" in (
        text), text
    assert text.count("subPath: cart.yaml") == 1 and text.count("kind: StatefulSet") == 1
    roles = {re.search(r"^  name: (.*)$", part, re.MULTILINE)[1]:
             part.split("\nrules:\n")[1].strip()
             for part in text.split("---\n") if "\nkind: Role\n" in part}
    together = '- apiGroups: ["apps"]  # Several are watched together.'
    for name, file in (("homeostat-payments", "homeostat.yaml"),
                       ("homeostat-payments-cart", "cart.yaml"),
                       ("homeostat-payments-fees", "fees.yaml")):
        own = roles.pop(name).split(together)[0].strip()
        assert own == rules_that_are_needed(files[file]), (name, own)
    assert not roles, roles
    with tempfile.TemporaryDirectory() as folder:
        for name, file in files.items():
            (Path(folder) / name).write_text(file)
        done = subprocess.run([PROGRAM, "rbac", "--config", folder], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    split = manifests(*more, "roles.mode=split", "roles.agentKeySecret=agent",
                      f"roles.agents={{{'a' * 64}}}")
    # One that is not guarded is no reason to end the process that guards the others, and each may
    # take its time to begin.
    three = "--config, homeostat.yaml, --config, cart.yaml, --config, fees.yaml"
    for probed, count in ((text, 2), (split, 4)):
        probes = re.findall(r"command: \[/usr/bin/homeostat, status, (.*)\]", probed)
        assert len(probes) == count, probes
        assert all(probe.endswith(f"--json, {three}") for probe in probes), probes
        assert probed.count("failureThreshold: 46\n") == count / 2, probed
    assert f"args: [agent, {three}, --role, agent" in split, split
    # What one says counts, also where it is nothing: a single replica needs `min_healthy: 0`.
    assert "demote: false\n  min_healthy: 0\n" in files["fees.yaml"], files
    assert "demote: true\n  min_healthy: 1\n" in files["cart.yaml"], files


def hours_of_maintenance_are_what_the_program_reads():
    text = manifests(*WINDOW, "guard.min_healthy=2")
    configuration = configuration_in(text)
    printed_of(configuration)  # It is one that the program takes.
    for line in ("min_healthy: 2", "- sat", "for: 4h", "zone: Europe/Berlin"):
        assert line in configuration, configuration
    assert re.search(r"from: [\"']?22:00[\"']?\n", configuration), configuration
    assert "maintenance" not in configuration_in(manifests())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "homeostat.yaml"
        file.write_text(configuration)
        done = subprocess.run([PROGRAM, "validate", "--config", file, "--json"],
                              capture_output=True, text=True)
        assert done.returncode == 0 and '"4h"' in done.stdout, done.stdout + done.stderr


def what_the_program_would_not_take_ends_an_upgrade_before_anything_is_changed():
    values = ("deployments[0].deployment=cart", "guard.min_healthy=2")
    text = manifests(*values)
    hooks = [part for part in text.split("---\n") if "helm.sh/hook: pre-install,pre-up" in part]
    config, job = sorted(hooks, key=lambda part: "\nkind: Job\n" in part)
    assert len(hooks) == 2 and "\nkind: ConfigMap\n" in config, hooks
    assert 'helm.sh/hook-weight: "-1"' in config and "hook-weight" not in job, hooks
    used, = [part for part in text.split("---\n") if "\nkind: ConfigMap\n" in part
             and "helm.sh/hook" not in part]
    assert config.split("\ndata:\n")[1].strip() == used.split("\ndata:\n")[1].strip(), config
    for file in ("homeostat.yaml", "cart.yaml"):
        assert job.count(f"args: [validate, --config, checked/{file}]") == 1, job
    assert "automountServiceAccountToken: false" in job and "backoffLimit: 0" in job, job
    # No Service and no policy of another pod is about it.
    assert "name: homeostat\n" not in job, job
    assert "helm.sh/hook" not in manifests(*values, "validate.enabled=false")


def values_of_an_older_chart_are_completed_as_values_yaml_has_them():
    """As `helm upgrade --reuse-values` brings them: without what came later."""
    plain = manifests()
    text = (CHART / "values.yaml").read_text()
    sections = set(re.findall(r"^([a-zA-Z]+):", text, re.MULTILINE))
    # Those of the first chart; whoever removes one of them has done so on purpose.
    first = {"deployment", "service", "port", "slots", "signals", "guard", "autonomy", "image",
             "persistence", "resources"}
    late = sorted(sections - first)
    for section in late:
        assert manifests(f"{section}=null") == plain, section
    assert manifests(*(f"{section}=null" for section in late)) == plain
    for on, keys in (
            (MONITORED, ("metrics.address", "metrics.port")),
            (("metrics.enabled=true",), ("metrics.serviceMonitor", "metrics.alerts",
                                         "metrics.dashboard")),
            (PAGE, ("console.address", "console.port", "networkPolicy.consoleFrom")),
            (("changes.enabled=true", "changes.tokenSecret=told"),
             ("changes.address", "changes.port", "networkPolicy.changesFrom")),
            (("model.mode=pod",), ("model.deadline", "model.image", "model.resources",
                                   "model.node")),
            (("incidents.enabled=true",), ("incidents.kept",)),
            (("roles.mode=split", f"roles.agents={{{'ab' * 32}}}", "roles.agentKeySecret=key"),
             ("roles.address", "roles.port", "roles.beside"))):
        with_all = manifests(*on)
        for key in keys:
            assert manifests(*on, f"{key}=null") == with_all, key


def fields_it_may_change_are_those_that_the_program_names():
    def policies(text):
        """Without their labels, which the chart adds."""
        return [re.sub(r"\n  labels:\n(    .*\n)+", "\n", part.split("---\n")[-1]).strip()
                for part in re.split(r"# Source: .*\n|---\n", text)
                if "\nkind: ValidatingAdmissionPolicy" in part]
    for values in ((), ("incidents.enabled=true",), OWN_OBJECTS,
                   ("replicasMax=5", "configs={pay-config,pay-flags}"),
                   ("resizeMax.memory=512Mi",),
                   ("replicasMax=5", "configs={pay,all}", "lease=lead", "incidents.enabled=true",
                    "deployments[0].deployment=cart", "deployments[0].configs={all,cart}",
                    "deployments[1].deployment=fees", "deployments[1].replicasMax=2",
                    "deployments[1].resizeMax.memory=64Mi")):
        text = manifests(*values)
        files = configurations_in(text)
        in_order = {name: files[name] for name in ("homeostat.yaml", "cart.yaml", "fees.yaml")
                    if name in files}
        wanted = policies("\n" + printed_of_all(in_order, "--policy", "--account",
                                               "homeostat-payments"))
        assert len(wanted) == 2 and sorted(policies(text)) == sorted(wanted), wanted
    text = manifests(text=JOBS)
    wanted = policies("\n" + printed_of(configuration_in(text), "--policy", "--account",
                                        "homeostat-payments"))
    # One of all, one of Jobs with a binding for each template.
    assert len(wanted) == 5 and sorted(policies(text)) == sorted(wanted), wanted
    assert not policies(manifests("fieldPolicy.enabled=false"))


def the_numbers_are_served_where_somebody_says_so_and_nowhere_else():
    kinds = ("kind: Service\n", "kind: ServiceMonitor", "kind: PrometheusRule", "ingress:",
             "readinessProbe:", "grafana_dashboard", "listen:")
    nothing = manifests()
    assert not [kind for kind in kinds if kind in nothing]
    text = manifests(*MONITORED)
    assert not [kind for kind in kinds if kind not in text]
    configuration = configuration_in(text)
    assert "metrics:\n  listen: 0.0.0.0:9464\n" in configuration, configuration
    printed_of(configuration)  # It is one that the program takes.
    # As promtool has tried them (tests/deploy/monitoring_test.py), and their `{{ }}` are theirs.
    for name, indent in (("alerts.yaml", "  "), ("dashboard.json", "    ")):
        lines = (CHART / "files" / name).read_text().rstrip().splitlines()
        assert "\n".join(f"{indent}{line}" if line else indent for line in lines) in text.replace(
            "\n\n", f"\n{indent}\n"), name


def changes_are_taken_where_somebody_says_so_by_a_token_that_only_the_pod_reads():
    kinds = ("token_file", "door", "ingress:", "kind: Service\n")
    nothing = manifests()
    assert not [kind for kind in kinds if kind in nothing]
    text = manifests("changes.enabled=true", "changes.tokenSecret=homeostat-changes",
                     "config.changes[0].http=true")
    configuration = configuration_in(text)
    printed_of(configuration)  # It is one that the program takes.
    assert "open: true" in configuration and "http: true" in configuration, configuration
    for name in ("homeostat-payments-changes:9465", "homeostat-payments-changes.shop.svc:9465"):
        assert f"- {name}\n" in configuration, configuration
    assert "name: homeostat-payments-changes\n" in text
    assert "defaultMode: 0440" in text and "secretName: homeostat-changes" in text
    assert "port: 9465" in next(part for part in text.split("---\n")
                                if "\nkind: NetworkPolicy\n" in part)
    for together in (MONITORED, ()):  # Both doors, or one.
        ports = re.findall(r"containerPort: (\d+)", manifests(
            "changes.enabled=true", "changes.tokenSecret=x", *together))
        assert ports == ["9465", *(["9464"] if together else [])], ports


def what_the_readme_says_of_people_and_sinks_is_a_configuration_and_is_in_the_pod():
    text = manifests(*SERVICE, text=PEOPLE)
    configuration = configuration_in(text)
    assert rules_in(text) == rules_that_are_needed(configuration), configuration
    is_valid(configuration)
    pod, = objects_of("StatefulSet", text)
    # Each folder that the configuration names is there, for the agent's group alone.
    named = set(re.findall(r": secrets/([a-z]+)/", configuration))
    assert named == {"slack", "decisions"}, configuration
    for name in named:
        volume = re.search(rf"- name: (\S+)\n +mountPath: /homeostat/secrets/{name}\n", pod)[1]
        assert re.search(rf'- name: {volume}\n +secret:\n +secretName: "{name}"\n'
                         r" +defaultMode: 0440", pod), pod
    assert re.search(r'- name: FLEET_URL\n +valueFrom:\n +secretKeyRef:\n +name: "decisions"\n'
                     r' +key: "url"\n', pod), pod
    nothing = manifests()
    for word in ("secrets/", "env:", "console", "port: 53\n", "5432"):
        assert word not in nothing, word


def a_witness_of_the_ledger_lies_on_a_volume_of_its_own():
    text = manifests("claims[0].name=wall", text="""
config: { record: { witnesses: [{ file: claims/wall/payments.heads }] } }
""")
    is_valid(configuration_in(text))
    pod, = objects_of("StatefulSet", text)
    volume = re.search(r"- name: (\S+)\n +mountPath: /homeostat/claims/wall\n(?! +readOnly)",
                       pod)[1]
    assert re.search(rf'- name: {volume}\n +persistentVolumeClaim:\n +claimName: "wall"\n',
                     pod), pod


def the_page_of_links_is_reached_through_a_service_by_whom_the_policy_names():
    text = manifests(*PAGE, "console.port=7500", "console.key=secrets/links/key",
                     "networkPolicy.consoleFrom[0].podSelector.matchLabels.app=proxy")
    configuration = configuration_in(text)
    is_valid(configuration)
    assert ("console:\n  key: secrets/links/key\n  listen: 0.0.0.0:7500\n  open: true\n"
            "  url: https://homeostat.example/payments\n") in configuration, configuration
    service, = objects_of("Service", text, "homeostat-payments-console")
    assert "port: 7500\n    targetPort: console\n" in service, service
    assert "- name: console\n          containerPort: 7500\n" in text
    policy, = objects_of("NetworkPolicy", text)
    let_in = policy.split("ingress:\n")[1].split("egress:\n")[0]
    assert "port: 7500\n" in let_in and "app: proxy\n" in let_in, let_in
    assert "port: 53\n" not in policy, policy  # A page asks for nobody.


def names_are_looked_up_where_somebody_may_be_asked_for_by_name_and_else_nowhere():
    notify = 'notify: [{ webhook: { url: "https://hooks.example/x" } }]'
    sink = "record: { sinks: [{ nats: { url: \"nats://queue.example:4222\" } }] }"
    fleet = "guard: { fleet: { name: shop, postgres: { url_env: FLEET_URL } } }"
    cart = "deployments:\n- deployment: cart\n  "
    asks = (f"config: {{ {notify} }}", f"config: {{ {sink} }}", fleet, TASK, cart + fleet,
            f"{cart}config: {{ {notify} }}",
            "networkPolicy: { egress: [{ cidr: 192.0.2.0/24, ports: [4222] }] }")
    for values in asks:
        policy, = objects_of("NetworkPolicy", manifests(text=values))
        leaves = policy.split("egress:\n")[1]
        assert "  - ports:\n    - protocol: UDP\n      port: 53\n" in leaves, (values, leaves)
        assert "  - ports:\n    - protocol: TCP\n      port: 53\n" not in leaves, leaves
    for values in ("", "config: { record: { keep: 9000h } }", cart.rstrip(),
                   "config: { approvals: { questions_per_hour_max: 1 } }"):
        assert "port: 53\n" not in manifests(text=values), values
    narrowed = manifests("networkPolicy.dnsTo[0].podSelector.matchLabels.app=dns", text=fleet)
    assert re.search(r"port: 53\n    to:\n    - podSelector:\n +matchLabels:\n +app: dns\n",
                     narrowed), narrowed


def what_else_it_reaches_is_a_list_with_ports():
    text = manifests(text="""
networkPolicy:
  apiServers: [192.0.2.1/32]
  egress:
  - { namespace: databases, podLabels: { app: postgres }, ports: [5432, 6432] }
  - { namespace: mail, ports: [443] }
  - { cidr: "2001:db8::/32", ports: [4222] }
""")
    policy, = objects_of("NetworkPolicy", text)
    leaves = re.split(r"^  - ", policy.split("egress:\n")[1], flags=re.MULTILINE)[1:]
    assert len(leaves) == 6, leaves
    database, mail, far = leaves[1:4]
    assert "metadata.name: databases\n" in database and "app: postgres\n" in database, database
    assert re.findall(r"port: (\d+)", database) == ["5432", "6432"], database
    assert "metadata.name: mail\n" in mail and "podSelector" not in mail, mail
    assert 'cidr: "2001:db8::/32"\n' in far and re.findall(r"port: (\d+)", far) == ["4222"], far
    for values in ("{ cidr: 192.0.2.0/24 }", "{ ports: [1] }", "{ namespace: a, ports: [] }",
                   "{ cidr: 192.0.2.0/24, namespace: a, ports: [1] }",
                   "{ cidr: example.com, ports: [1] }", "{ namespace: a, ports: [0] }",
                   "{ cidr: 192.0.2.0/24, podLabels: { a: b }, ports: [1] }"):
        status, _, trouble = rendered(text=f"networkPolicy: {{ egress: [{values}] }}")
        assert status != 0 and "schema" in trouble, (values, trouble)


def a_task_that_is_an_http_call_has_a_level_and_no_right_of_its_own():
    text = manifests("autonomy.tasks.drop_sessions=act", text=TASK)
    configuration = configuration_in(text)
    is_valid(configuration)
    assert "  tasks:\n    drop_sessions: act\n" in configuration, configuration
    assert rules_in(text) == rules_that_are_needed(configuration), configuration
    assert "create" not in rules_in(text)


def a_task_that_makes_jobs_has_a_right_to_them_where_it_may_be_run():
    for level in ("watch", "recommend", "ask", "act"):
        text = manifests(f"autonomy.tasks.rebuild={level}", text=JOBS)
        configuration = configuration_in(text)
        is_valid(configuration)
        rules = rules_in(text)
        assert rules == rules_that_are_needed(configuration), (level, rules)
        assert ('"batch"' in rules) == (level in ("ask", "act")), (level, rules)
        assert rules.count('["rebuild-index"]') == (level in ("ask", "act")), rules


def a_task_of_the_first_deployment_has_no_level_where_another_declares_its_own():
    text = manifests("autonomy.tasks.drop_sessions=act", text=TASK + """
deployments:
- deployment: cart
- deployment: fees
  autonomy: { tasks: { warm_up: ask } }
  config:
    tasks:
    - name: warm_up
      check: { http: { url: "http://192.0.2.8:80/cold" } }
      run: { http: { url: "http://192.0.2.8:80/warm", method: POST } }
      destructive: false
""")
    files = configurations_in(text)
    for name, level in (("homeostat.yaml", "drop_sessions: act"),
                        ("cart.yaml", "drop_sessions: act"), ("fees.yaml", "warm_up: ask")):
        is_valid(files[name])
        assert f"  tasks:\n    {level}\n" in files[name], files[name]


def several_deployments_have_a_page_each_and_the_secrets_together():
    several = """
secrets: [{ name: slack }]
console: { enabled: true, url: "https://homeostat.example/payments", key: secrets/slack/key }
config:
  notify: [{ webhook: { url_file: secrets/slack/url, people: [anna] } }]
deployments:
- { deployment: cart, console: { url: "https://homeostat.example/cart", port: 7444 } }
- { deployment: fees, config: { notify: [{ webhook: { url_file: secrets/slack/url } }] } }
"""
    text = manifests(text=several)
    files = configurations_in(text)
    for name, page in (("homeostat.yaml", "0.0.0.0:7443"), ("cart.yaml", "0.0.0.0:7444"),
                       ("fees.yaml", None)):
        configuration = files[name]
        is_valid(configuration)
        assert "secrets/slack/url" in configuration, configuration
        listens = re.search(r"^console:\n(?:  .*\n)*?  listen: (.*)$", configuration, re.MULTILINE)
        assert (listens and listens[1]) == page, (name, configuration)
    # A link of one is good for nothing at another.
    assert "secrets/slack/key" in files["homeostat.yaml"] and "slack/key" not in files["cart.yaml"]
    for of, port, called in (("", 7443, "console"), ("-cart", 7444, "console-1")):
        service, = objects_of("Service", text, f"homeostat-payments{of}-console")
        assert f"port: {port}\n    targetPort: {called}\n" in service, service
        assert f"- name: {called}\n          containerPort: {port}\n" in text, text
    policy, = objects_of("NetworkPolicy", text)
    assert re.findall(r"port: (74\d+)", policy) == ["7443", "7444"], policy
    for told, replaced, by in (("port 7443 is taken", "port: 7444", "port: 7443"),
                               ("of fees: people get links", "[{ webhook: { url_file: "
                                "secrets/slack/url } }]", "[{ webhook: { url: \"https://a/b\", "
                                "people: [bert] } }]")):
        assert replaced in several
        status, _, trouble = rendered(text=several.replace(replaced, by))
        assert status != 0 and told in trouble, (told, trouble)


def what_could_not_work_in_the_pod_is_refused_with_the_reason():
    split = ("roles.mode=split", "roles.agentKeySecret=agent", f"roles.agents={{{'a' * 64}}}")
    channel = 'config: { notify: [{ webhook: { url: "https://a/b", people: [anna] } }] }'
    for told, values, text in (
            ("people get links", (), channel),
            ("config.console", PAGE, "config: { console: { listen: 127.0.0.1:1 } }"),
            ("roles.mode both", split, TASK),
            ("the image has none", (), TASK.replace('http: { url: "http://192.0.2.7:80/full" }',
                                                    "command: [look]")),
            ("folder of the chart's own", ("secrets[0].name=model",), ""),
            ("port 9464 is taken", (*PAGE, *MONITORED, "console.port=9464"), ""),
            ("port 7091 is taken", (*PAGE, *split, "console.port=7091"), "")):
        status, _, trouble = rendered(*values, text=text)
        assert status != 0 and told in trouble, (told, trouble)
    # A page on loopback is reached by `kubectl port-forward`, and needs nothing of the chart.
    is_valid(configuration_in(manifests(text=channel.replace(
        "config: {", "config: { console: { listen: 127.0.0.1:7443 },"))))


def it_does_nothing_before_somebody_says_so():
    for verb in ("create", "update", "patch", "delete", "*"):
        assert f'"{verb}"' not in rules_in(manifests())


def what_is_not_set_is_as_in_the_manifests_of_kustomize():
    """The pod, but for the names: comments and lines that a template writes are left out."""
    def lines(text):
        found = [line.split("#")[0].strip() for line in text.splitlines()]
        pod = found[found.index("securityContext:"):found.index("volumes:")]
        return [line for line in pod if line and not line.startswith(("image", "cpu:", "memory:",
                                                                      "requests:", "limits:"))]
    chart = next(part for part in manifests().split("---\n") if "kind: StatefulSet" in part)
    base = (ROOT / "deploy/kustomize/base/statefulset.yaml").read_text()
    assert lines(chart) == lines(base)
    # By the other one no correction reaches a pod that never got ready.
    for text in (chart, base):
        assert "\n  podManagementPolicy: Parallel\n" in text, text


def values_that_mean_nothing_are_refused():
    for value in ("deployment=", "autonomy.rollback=always", "autonomy.restrat=act", "slots=0",
                  "service.name=payments", "config.runtime=x", "image.repo=x", "anything=1",
                  "metrics.serviceMonitor.enabled=true", "metrics.port=80", "config.metrics=x",
                  "fieldPolicy.enabled=perhaps", "switch=Not/AName", "lease=..", "events=perhaps",
                  "guard.maintenance[0].from=22:00", "maintenance[0].from=22:00",
                  "maintenance[0].for=4h", "maintenance[0].from=25:00", "changes.enabled=true",
                  "incidents.kept=0", "replicasMax=1", "replicasMax=65", "configs={a,a}",
                  "resizeMax.memory=much", "resizeMax.cpu=1",
                  "configs={../a}", "configsRestart=perhaps", "console.enabled=true",
                  "console.port=80", "secrets={slack}", "secrets[0].name=Slack", "claims={wall}",
                  "env[0].name=A",
                  "autonomy.tasks.clean=always", "networkPolicy.dnsTo={dns}",
                  "deployments[0].console.port=7444"):
        status, _, trouble = rendered(value)
        assert status != 0 and "schema" in trouble, f"{value}: {trouble}"


def helm_finds_nothing_to_complain_of():
    for values in ((), MONITORED, PAGE):
        done = subprocess.run([HELM, "lint", "--strict", CHART, "--set",
                               ",".join(("deployment=payments", *values))],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def the_chart_is_of_this_version():
    version = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True,
                             text=True).stdout.strip()
    assert f"\nappVersion: {version}\n" in (CHART / "Chart.yaml").read_text()


def main():
    built = subprocess.run([ROOT / "deploy/helm/tool/build.sh"], capture_output=True, text=True)
    if built.returncode == 77:
        print(f"SKIPPED: {built.stderr.strip()}")
        return 77
    assert built.returncode == 0, built.stderr
    for test in (it_may_exactly_what_its_remedies_need_whichever_may_act,
                 objects_of_incidents_need_rights_of_their_own,
                 a_switch_a_lease_and_events_bring_the_rights_that_they_need_and_no_others,
                 more_replicas_and_configurations_bring_the_rights_that_they_need,
                 more_memory_brings_the_right_that_it_needs_where_it_may_be_given,
                 two_roles_are_two_pods_of_which_one_may_only_read,
                 agents_beside_pods_may_nothing_and_come_to_the_door,
                 further_deployments_are_guarded_by_the_same_pod_with_rights_of_their_own,
                 hours_of_maintenance_are_what_the_program_reads,
                 what_the_program_would_not_take_ends_an_upgrade_before_anything_is_changed,
                 values_of_an_older_chart_are_completed_as_values_yaml_has_them,
                 fields_it_may_change_are_those_that_the_program_names,
                 the_numbers_are_served_where_somebody_says_so_and_nowhere_else,
                 changes_are_taken_where_somebody_says_so_by_a_token_that_only_the_pod_reads,
                 what_the_readme_says_of_people_and_sinks_is_a_configuration_and_is_in_the_pod,
                 a_witness_of_the_ledger_lies_on_a_volume_of_its_own,
                 the_page_of_links_is_reached_through_a_service_by_whom_the_policy_names,
                 names_are_looked_up_where_somebody_may_be_asked_for_by_name_and_else_nowhere,
                 what_else_it_reaches_is_a_list_with_ports,
                 a_task_that_is_an_http_call_has_a_level_and_no_right_of_its_own,
                 a_task_that_makes_jobs_has_a_right_to_them_where_it_may_be_run,
                 a_task_of_the_first_deployment_has_no_level_where_another_declares_its_own,
                 several_deployments_have_a_page_each_and_the_secrets_together,
                 what_could_not_work_in_the_pod_is_refused_with_the_reason,
                 it_does_nothing_before_somebody_says_so,
                 what_is_not_set_is_as_in_the_manifests_of_kustomize,
                 values_that_mean_nothing_are_refused, helm_finds_nothing_to_complain_of,
                 the_chart_is_of_this_version):
        print(test.__name__.replace("_", " "), flush=True)
        test()
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
