#!/usr/bin/env python3
"""Who holds the agent's token changes of a Deployment what a rollback changes, and nothing else.

    tests/kubernetes/field_policy_test.py BIN     where lab/kubernetes/build.sh has been run

The account here may do everything by its rights, so that what is refused is refused by the policy.
"""

import datetime
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab_cases import ROOT, run_each

from api import PATCHES, Api
from deployment import Deployment, wait_until
from quick_lab import QuickLab

PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
EXAMPLE = ROOT / "examples/kubernetes"
POLICY = ROOT / "examples/kubernetes/policy.yaml"
INCIDENTS = ROOT / "deploy/kustomize/crd/incidents.yaml"
SHOP, NAME = "shop", "payments"
IMAGE = "lab.local/service"
ONLY_TEMPLATE = "of the Deployment's spec this account changes the template and paused, and nothing"
ONLY_OUR_PAUSE = "this account pauses a rollout with its effect in the same write"
ONLY_NOTES = "of the Deployment's metadata this account changes annotations, and nothing else"
ONLY_OURS = "of the annotations this account changes homeostat.dev/effect and"
NO_ACCOUNT = "this account does not change which service account the pods have"
NO_NODE = "this account brings no pods closer to their node"
NO_PRIVILEGE = "this account gives no container a privilege or a capability that it has not"
NOTHING_ELSE = "this account changes the Deployments it guards and evicts their pods, and little"
ONE_MORE = "this account asks for one replica more or less, and for replicas_max at most"
ONLY_MEMORY = "of a pod this account changes how much memory its containers have"
ONLY_CONTAINERS = "of a pod's spec this account changes the containers, and nothing else"
NO_MORE_MEMORY = "this account asks for no more memory for a container than resize_max"
# Without these of its node the server takes from nobody a resize of more than a pod's containers.
NODE_FEATURES = ["InPlacePodLevelResourcesVerticalScaling",
                 "InPlacePodVerticalScalingInitContainers"]
ONLY_CONTENTS = "of a ConfigMap this account changes the contents, and nothing else"

# Each field of a Deployment's spec but the template, with a value that it has not. None: nobody
# changes it once it is there. A field that a new Kubernetes has and this table has not fails.
SPEC = {"replicas": 0, "selector": None, "minReadySeconds": 7, "revisionHistoryLimit": 3,
        "paused": True, "progressDeadlineSeconds": 601,
        "strategy": {"type": "Recreate", "rollingUpdate": None}}
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "one", "uid": "1-2-3"}
METADATA = (
    ({"labels": {"app": "another"}}, ONLY_NOTES),
    ({"labels": None}, ONLY_NOTES),
    ({"finalizers": ["example.com/stay"]}, ONLY_NOTES),
    ({"ownerReferences": [OWNER]}, ONLY_NOTES),
    ({"annotations": {"deployment.kubernetes.io/revision": "7"}}, ONLY_OURS),
    ({"annotations": {"example.com/owner": "nobody"}}, ONLY_OURS),
    ({"annotations": {"example.com/owner": None}}, ONLY_OURS),
    ({"annotations": {"homeostat.dev/effects": "x"}}, ONLY_OURS),
    ({"annotations": {"homeostat.dev/ignore": "true"}}, ONLY_OURS),
)


def container(**fields):
    return {"containers": [{"name": "service", **fields}]}


def host_path(path):
    return {"volumes": [{"name": "node", "hostPath": {"path": path}}]}


# Of the pods' spec, as a strategic patch.
POD_REFUSED = (
    ({"serviceAccountName": "default-admin"}, NO_ACCOUNT),
    ({"hostNetwork": True}, NO_NODE),
    ({"hostPID": True}, NO_NODE),
    ({"hostIPC": True}, NO_NODE),
    (host_path("/"), NO_NODE),
    (container(securityContext={"privileged": True}), NO_PRIVILEGE),
    (container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}}), NO_PRIVILEGE),
    ({"initContainers": [{"name": "first", "image": IMAGE,
                          "securityContext": {"privileged": True}}]}, NO_PRIVILEGE),
    ({"containers": [{"name": "second", "image": IMAGE,
                      "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}]},
     NO_PRIVILEGE),
)
POD_ADMITTED = (
    container(image=f"{IMAGE}:v3"),
    container(env=[{"name": "MODE", "value": "other"}], command=["/other"]),
    container(securityContext={"privileged": False, "capabilities": {"drop": ["ALL"]}}),
    {"volumes": [{"name": "room", "emptyDir": {}}]},
    {"initContainers": [{"name": "first", "image": IMAGE}]},
    {"serviceAccountName": "default"},
)


class Account:
    """A service account with every right there is."""

    def __init__(self, lab, namespace, name):
        api = lab.api
        api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
        api.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
            "metadata": {"name": f"{namespace}-{name}"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": name}]})
        kubeconfig = lab.write_kubeconfig(f"{namespace}-{name}", lab.token_of(namespace, name))
        self.api = Api(kubeconfig, lab.open_socket)

    def tries(self, method, path, body=None, kind="application/json"):
        """What the server says to it, and nothing is changed: (status, message)."""
        status, answer = self.api.request(method, f"{path}?dryRun=All", body,
                                          PATCHES.get(kind, kind))
        return status, answer.get("message", "")

    def admits(self, *asked):
        status, message = self.tries(*asked)
        assert status < 300, (asked, status, message)

    def refuses(self, because, *asked):
        status, message = self.tries(*asked)
        assert status == 422 and because in message, (asked, status, message)


class World:
    """Two Deployments of a namespace, and the policy about one of them."""

    def __init__(self, lab):
        lab.api.post("/api/v1/namespaces", {"metadata": {"name": SHOP}})
        lab.api.post("/api/v1/namespaces", {"metadata": {"name": "elsewhere"}})
        self.lab = lab
        self.agent = Account(lab, SHOP, "homeostat")
        self.person = Account(lab, SHOP, "person")
        self.namesake = Account(lab, "elsewhere", "homeostat")
        wait_until("the namespace is ready", lambda: lab.api.answers(
            f"/api/v1/namespaces/{SHOP}/serviceaccounts/default"), 20)
        self.shop, self.cart = Deployment(lab, NAME, SHOP), Deployment(lab, "cart", SHOP)
        self.shop.apply(f"{IMAGE}:v1", replicas=2)
        self.cart.apply(f"{IMAGE}:v1", replicas=1)
        self.shop.wait_ready(2)
        self.cart.wait_ready(1)
        lab.api.patch(self.shop.path, {"metadata": {"annotations": {"example.com/owner": "us"}}})
        lab.kubectl("apply", "--filename", POLICY)
        replicas = ("PATCH", self.shop.path, {"spec": {"replicas": 1}}, "merge")
        wait_until("the policy is in force", lambda: self.agent.tries(*replicas)[0] == 422, 20)

    def pod_patches(self):
        return [((("PATCH", self.shop.path, {"spec": {"template": {"spec": fields}}},
                   "strategic")), because) for fields, because in POD_REFUSED]

    def spec_patches(self):
        return [("PATCH", self.shop.path, {"spec": {field: value}}, "merge")
                for field, value in SPEC.items() if value is not None]


WORLD = {}


def world_of(lab):
    if "one" not in WORLD:
        WORLD["one"] = World(lab)
    return WORLD["one"]


def a_rollback_as_the_agent_writes_it_is_admitted(lab):
    """The patch of rollback.cpp. That of the agent itself: in_cluster_test.py."""
    world = world_of(lab)
    world.shop.apply(f"{IMAGE}:v2", replicas=2)  # Also takes the annotation away.
    world.shop.wait_ready(2)
    lab.api.patch(world.shop.path, {"metadata": {"annotations": {"example.com/owner": "us"}}})
    seen = world.shop.read()
    sets = lab.api.get(f"{world.shop.group}/replicasets?labelSelector=app%3D{NAME}")["items"]
    older = next(one for one in sets
                 if one["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:v1")
    template = older["spec"]["template"]
    del template["metadata"]["labels"]["pod-template-hash"]
    notes = "/metadata/annotations"
    patch = [{"op": "test", "path": "/metadata/uid", "value": seen["metadata"]["uid"]},
             {"op": "test", "path": "/spec/template", "value": seen["spec"]["template"]},
             {"op": "replace", "path": "/spec/template", "value": template},
             {"op": "add", "path": f"{notes}/homeostat.dev~1effect", "value": "i-1.e1 v2 v1"},
             {"op": "add", "path": f"{notes}/kubernetes.io~1change-cause", "value": "homeostat"}]
    world.agent.admits("PATCH", world.shop.path, patch, "json")
    world.agent.api.patch(world.shop.path, patch, "json")
    world.shop.wait_ready(2)
    now = world.shop.read()
    assert now["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:v1"
    assert now["metadata"]["annotations"]["homeostat.dev/effect"] == "i-1.e1 v2 v1"
    # Its own marks again, by another incident.
    again = {"metadata": {"annotations": {"homeostat.dev/effect": "i-2.e1 v1 v2"}}}
    world.agent.admits("PATCH", world.shop.path, again, "merge")


def every_other_field_of_the_spec_is_closed_and_none_is_forgotten_here(lab):
    world = world_of(lab)
    schemas = lab.api.get("/openapi/v3/apis/apps/v1")["components"]["schemas"]
    fields = set(schemas["io.k8s.api.apps.v1.DeploymentSpec"]["properties"])
    assert fields == {*SPEC, "template"}, fields.symmetric_difference({*SPEC, "template"})
    for asked in world.spec_patches():
        is_pause = "paused" in asked[2]["spec"]
        world.agent.refuses(ONLY_OUR_PAUSE if is_pause else ONLY_TEMPLATE, *asked)
    # A field that nothing is left of, and one beside a template that would be admitted.
    world.agent.refuses(ONLY_TEMPLATE, "PATCH", world.shop.path, [
        {"op": "replace", "path": "/spec/replicas", "value": 0},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "v9"}], "json")


def a_rollout_is_paused_and_resumed_with_the_mark_in_the_same_write_and_only_if_it_is_ours(lab):
    """The patches of rollout_pause.cpp. Those of the agent itself: remedies_test.py."""
    world = world_of(lab)
    held = Deployment(lab, "stood", SHOP)
    held.apply(f"{IMAGE}:v1", replicas=1)
    held.wait_ready(1)
    account = guard_of(lab, {"stood": ""})

    def patch(paused, mark=None, **template):
        metadata = {"annotations": {"homeostat.dev/effect": mark}} if mark else {}
        spec = ({} if paused == "as it is" else {"paused": paused}) | template
        return "PATCH", held.path, {"metadata": metadata, "spec": spec}, "merge"
    ours = "i-1.e1 v2-b paused"
    account.admits(*patch(True, ours))
    for asked in (patch(True), patch(True, "i-1.e1 v2-b v1-a"), patch(True, "i-1.e1 v2-b resumed"),
                  patch(True, "paused")):
        account.refuses(ONLY_OUR_PAUSE, *asked)
    lab.api.patch(held.path, {"spec": {"paused": True}})  # Somebody else's.
    for asked in (patch(None), patch(None, "i-1.e2 v2-b resumed"), patch(False, ours),
                  # Nor by a mark that says it was ours, to end it by a second write.
                  patch("as it is", ours), patch(True, ours)):
        account.refuses(ONLY_OUR_PAUSE, *asked)
    lab.api.patch(held.path, {"spec": {"paused": None}})
    account.api.patch(*patch(True, ours)[1:])
    account.refuses(ONLY_OUR_PAUSE, *patch(None))
    account.admits(*patch(None, "i-1.e2 v2-b resumed"))
    image = {"template": {"spec": {"containers": [{"name": "service", "image": f"{IMAGE}:v0"}]}}}
    account.admits(*patch(None, "i-1.e2 v2-b v1-a", **image)[:3], "strategic")
    account.refuses(ONLY_TEMPLATE, *patch(None, "i-1.e2 v2-b resumed", replicas=3))
    held.remove()


def its_metadata_is_closed_but_for_the_two_annotations_of_a_rollback(lab):
    world = world_of(lab)
    for metadata, because in METADATA:
        world.agent.refuses(because, "PATCH", world.shop.path, {"metadata": metadata}, "merge")


def pods_get_no_other_account_and_no_way_to_their_node(lab):
    world = world_of(lab)
    for asked, because in world.pod_patches():
        world.agent.refuses(because, *asked)
    for fields in POD_ADMITTED:
        world.agent.admits("PATCH", world.shop.path, {"spec": {"template": {"spec": fields}}},
                           "strategic")


def what_pods_have_of_their_node_already_may_stay_and_may_go(lab):
    world = world_of(lab)
    given = [{"hostNetwork": True, **host_path("/var/log")},
             container(securityContext={"privileged": True,
                                        "capabilities": {"add": ["NET_ADMIN"]}})]
    for fields in given:
        lab.api.patch(world.cart.path, {"spec": {"template": {"spec": fields}}}, "strategic")
    guard = guard_of(lab, {"cart": ""})  # Another account: only its policy is to speak of it.

    def patch(fields):
        return "PATCH", world.cart.path, {"spec": {"template": {"spec": fields}}}, "strategic"
    guard.admits(*patch(container(image=f"{IMAGE}:v2")))
    guard.admits(*patch({"hostNetwork": None, "volumes": None,
                         **container(securityContext=None)}))
    guard.refuses(NO_NODE, *patch(host_path("/etc")))
    guard.refuses(NO_PRIVILEGE, *patch(
        container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}})))


def guard_of(lab, guarded):
    """An account whose policy is about these Deployments, as the program prints it. `guarded`: by
    their names, what else stands in runtime.kubernetes."""
    account = "-".join(("guard", *guarded))
    folder = lab.directory / account
    folder.mkdir()
    for name, more in guarded.items():
        (folder / f"{name}.yaml").write_text(
            f"service: {name}\nruntime: {{ kubernetes: {{ namespace: {SHOP}, deployment: {name}, "
            f"{more} }} }}\nsignals: [ {{ http: {{ path: / }} }} ]\n")
    policy = subprocess.run([PROGRAM, "rbac", "--config", folder, "--policy", "--account", account],
                            capture_output=True, text=True, check=True).stdout
    file = lab.directory / f"{account}.yaml"
    file.write_text(policy)
    lab.kubectl("apply", "--filename", file)
    holder = Account(lab, SHOP, account)
    core = f"/api/v1/namespaces/{SHOP}/secrets"
    wait_until("the policy is in force",
               lambda: holder.tries("POST", core, {"metadata": {"name": "a"}})[0] == 422, 20)
    return holder


def a_number_goes_up_and_down_by_one_and_no_further_than_is_said(lab):
    world_of(lab)
    grown = Deployment(lab, "grown", SHOP)
    grown.apply(f"{IMAGE}:v1", replicas=2)
    grown.wait_ready(2)
    account = guard_of(lab, {"grown": "replicas_max: 3"})

    def scale(replicas, name="grown"):
        return ("PATCH", f"{grown.group}/deployments/{name}/scale",
                [{"op": "replace", "path": "/spec/replicas", "value": replicas}], "json")
    for replicas in (1, 3):
        account.admits(*scale(replicas))
    for replicas in (0, 4, 9):
        account.refuses(ONE_MORE, *scale(replicas))
    account.refuses("and little else", *scale(2, "cart"))
    account.refuses(ONLY_TEMPLATE, "PATCH", grown.path, {"spec": {"replicas": 3}}, "merge")
    lab.api.patch(grown.path, {"spec": {"replicas": 3}})
    account.refuses(ONE_MORE, *scale(4))
    account.admits(*scale(2))
    lab.api.patch(grown.path, {"spec": {"replicas": 1}})
    account.refuses(ONE_MORE, *scale(0))


def of_a_pod_the_memory_may_change_as_far_as_is_said_and_nothing_else(lab):
    fed, account = fed_of(lab)
    pod = fed.pods()[0]["metadata"]["name"]

    def resize(resources, name=pod, kind="strategic"):
        body = {"spec": {"containers": [{"name": "service", "resources": resources}]}}
        return "PATCH", f"{fed.core}/pods/{name}/resize", body, kind

    def memory(size):
        return {"limits": {"memory": size}, "requests": {"memory": size}}
    for size in ("96Mi", "128Mi", "32Mi"):
        account.admits(*resize(memory(size)))
    account.admits(*resize({"requests": {"memory": "32Mi"}}))
    for size in ("129Mi", "1Gi"):
        account.refuses(NO_MORE_MEMORY, *resize(memory(size)))
    more = {"cpu": "200m"}
    account.refuses(ONLY_MEMORY, *resize({"limits": more, "requests": more}))
    lab.kubectl("--namespace", SHOP, "run", "another", "--image", f"{IMAGE}:v1",
                "--overrides", '{"spec": {"containers": [{"name": "service", "image": "%s:v1", '
                '"resources": {"limits": {"memory": "64Mi"}}}]}}' % IMAGE)
    account.refuses("and little else", *resize(memory("96Mi"), "another"))
    account.refuses("and little else", "PATCH", f"{fed.core}/pods/{pod}",
                    {"metadata": {"labels": {"a": "b"}}}, "merge")


def no_other_container_of_a_pod_gets_anything_nor_the_pod_as_a_whole(lab):
    """By Kubernetes 1.37 `resize` takes all of these. The person shows that it does."""
    fed, account = fed_of(lab)
    person = world_of(lab).person
    pod = fed.pods()[0]["metadata"]["name"]

    def resize(name, fields):
        return "PATCH", f"{fed.core}/pods/{name}/resize", {"spec": fields}, "strategic"

    def of(kind, name, **resources):
        return resize(pod, {kind: [{"name": name, "resources": resources}]})
    for kind, name in (("initContainers", "beside"), ("initContainers", "first")):
        for resources in ({"limits": {"memory": "96Mi"}}, {"limits": {"memory": "1Gi"}},
                          {"limits": {"cpu": "4"}}, {"requests": {"memory": "48Mi"}}):
            person.admits(*of(kind, name, **resources))
            account.refuses(ONLY_CONTAINERS, *of(kind, name, **resources))
    # Of one without a limit what is asked for is kept from all others on the node.
    for resources, because in (({"requests": {"memory": "1Gi"}}, NO_MORE_MEMORY),
                               ({"limits": {"memory": "64Mi"}}, ONLY_MEMORY),
                               ({"requests": {"cpu": "1"}}, ONLY_MEMORY)):
        person.admits(*of("containers", "loose", **resources))
        account.refuses(because, *of("containers", "loose", **resources))
    account.admits(*of("containers", "loose", requests={"memory": "32Mi"}))
    # A limit that is gone is no limit: whoever says so first, the server or the policy.
    account.refuses("", "PATCH", f"{fed.core}/pods/{pod}/resize", [
        {"op": "remove", "path": "/spec/containers/0/resources/limits/memory"}], "json")
    whole = Deployment(lab, "fed-whole", SHOP)
    whole.apply(f"{IMAGE}:v1", replicas=1, memory_mib=64)
    lab.api.patch(whole.path, {"spec": {"template": {"spec": {
        "resources": {"limits": {"memory": "256Mi", "cpu": "1"},
                      "requests": {"memory": "64Mi", "cpu": "100m"}}}}}}, "strategic")
    whole.wait_ready(1)
    name = whole.pods()[0]["metadata"]["name"]
    for resources in ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "128Mi"}},
                      {"limits": {"cpu": "4"}}, {"requests": {"memory": "96Mi"}}):
        asked = resize(name, {"resources": resources})
        person.admits(*asked)
        account.refuses(ONLY_CONTAINERS, *asked)
    whole.remove()


def of_several_deployments_one_account_has_one_policy_and_each_its_own_bounds(lab):
    """The names of the second one's pods begin as those of the first one's do."""
    world_of(lab)
    account = guard_of(lab, {"many": "replicas_max: 3",
                             "many-eu": "resize_max: { memory: 128Mi }"})
    shops = [Deployment(lab, name, SHOP) for name in ("many", "many-eu")]
    for shop in shops:
        shop.apply(f"{IMAGE}:v1", replicas=2, memory_mib=64)
    for shop in shops:
        shop.wait_ready(2)
    many, many_eu = shops

    def scale(shop):
        return ("PATCH", f"{shop.path}/scale",
                [{"op": "replace", "path": "/spec/replicas", "value": 3}], "json")

    def resize(shop, size):
        pod = shop.pods()[0]["metadata"]["name"]
        body = {"spec": {"containers": [{"name": "service", "resources": {
            "limits": {"memory": size}, "requests": {"memory": size}}}]}}
        return "PATCH", f"{shop.core}/pods/{pod}/resize", body, "strategic"
    account.admits(*scale(many))
    account.refuses("and little else", *scale(many_eu))
    account.admits(*resize(many_eu, "128Mi"))
    account.refuses(NO_MORE_MEMORY, *resize(many_eu, "129Mi"))
    account.refuses("and little else", *resize(many, "96Mi"))
    image = {"spec": {"template": {"spec": container(image=f"{IMAGE}:v2")}}}
    for shop in shops:
        account.admits("PATCH", shop.path, image, "strategic")
        account.refuses(ONLY_TEMPLATE, "PATCH", shop.path, {"spec": {"replicas": 3}}, "merge")
        pod = shop.pods()[0]["metadata"]["name"]
        account.admits("POST", f"{shop.core}/pods/{pod}/eviction", {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}})
    account.refuses("and little else", "PATCH", world_of(lab).shop.path, image, "strategic")
    for shop in shops:
        shop.remove()


FED = {}


def fed_of(lab):
    """A Deployment whose pods have a container of each kind, and who may resize those of it."""
    if "one" not in FED:
        world_of(lab)
        fed = Deployment(lab, "fed", SHOP)
        fed.apply(f"{IMAGE}:v1", replicas=1, memory_mib=64)
        some = {"cpu": "100m"}
        sizes = {"limits": {"memory": "64Mi", **some}, "requests": {"memory": "32Mi", **some}}
        lab.api.patch(fed.path, {"spec": {"template": {"spec": {
            "initContainers": [
                {"name": "first", "image": f"{IMAGE}:v1", "resources": sizes},
                {"name": "beside", "image": f"{IMAGE}:v1", "restartPolicy": "Always",
                 "resources": sizes}],
            "containers": [
                {"name": "service", "resources": {"limits": some, "requests": some}},
                {"name": "loose", "image": f"{IMAGE}:v1",
                 "resources": {"requests": {"memory": "16Mi", **some}}}]}}}}, "strategic")
        fed.wait_ready(1)
        for node in lab.api.get("/api/v1/nodes")["items"]:  # Played, and so they declare nothing.
            lab.api.patch(f"/api/v1/nodes/{node['metadata']['name']}/status",
                          {"status": {"declaredFeatures": NODE_FEATURES}})
        FED["one"] = fed, guard_of(lab, {"fed": "resize_max: { memory: 128Mi }"})
    return FED["one"]


def of_a_config_map_that_is_named_the_contents_may_change_and_the_mark(lab):
    world_of(lab)
    account = guard_of(lab, {"held": "configs: [held-config]"})
    maps = f"/api/v1/namespaces/{SHOP}/configmaps"
    for name in ("held-config", "others-config"):
        lab.api.post(maps, {"metadata": {"name": name, "labels": {"a": "b"}},
                            "data": {"app.yaml": "pool: 2"}, "binaryData": {"key": "AAEC"}})
    path = f"{maps}/held-config"
    mark = {"homeostat.dev/effect": "i-1.e1 c-1 c-2"}
    account.admits("PATCH", path, {"metadata": {"annotations": mark},
                                   "data": {"app.yaml": "pool: 20"}}, "merge")
    account.admits("PATCH", path, [{"op": "remove", "path": "/binaryData"},
                                   {"op": "add", "path": "/data", "value": {"more": "x"}}], "json")
    account.refuses(ONLY_CONTENTS, "PATCH", path, {"immutable": True}, "merge")
    account.refuses(ONLY_NOTES, "PATCH", path, {"metadata": {"labels": {"a": "c"}}}, "merge")
    account.refuses(ONLY_NOTES, "PATCH", path, {"metadata": {"finalizers": ["a.b/c"]}}, "merge")
    account.refuses(ONLY_OURS, "PATCH", path, {"metadata": {"annotations": {"a": "b"}}}, "merge")
    for asked in (("PATCH", f"{maps}/others-config", {"data": {"app.yaml": "x"}}, "merge"),
                  ("DELETE", path), ("POST", maps, {"metadata": {"name": "third-config"}})):
        account.refuses("and little else", *asked)


def incident_of(deployment, name):
    return {"apiVersion": "homeostat.dev/v1alpha1", "kind": "Incident", "metadata": {"name": name},
            "spec": {"service": deployment, "deployment": deployment, "incident": "i-7",
                     "ledger": "0a1b2c3d"}}


def of_incidents_those_of_its_deployment_are_its_own_whatever_others_are_named(lab):
    """The name of one of seen-eu begins with `seen-`, too."""
    world_of(lab)
    lab.kubectl("apply", "--filename", INCIDENTS)
    incidents = f"/apis/homeostat.dev/v1alpha1/namespaces/{SHOP}/incidents"
    wait_until("the cluster knows of incidents", lambda: lab.api.answers(incidents), 20)
    account = guard_of(lab, {"seen": "incidents: true"})
    for deployment in ("seen", "seen-eu"):
        lab.api.post(incidents, incident_of(deployment, f"{deployment}-i-7-0a1b2c3d"))
    own, foreign = f"{incidents}/seen-i-7-0a1b2c3d", f"{incidents}/seen-eu-i-7-0a1b2c3d"
    healed = {"status": {"state": "healed"}}
    mark = {"metadata": {"labels": {"a": "b"}}}
    account.admits("POST", incidents, incident_of("seen", "seen-i-8-0a1b2c3d"))
    for asked in (("PATCH", own, mark, "merge"), ("PATCH", f"{own}/status", healed, "merge"),
                  ("DELETE", own)):
        account.admits(*asked)
    for asked in (("PATCH", foreign, mark, "merge"), ("DELETE", foreign), ("DELETE", incidents),
                  ("PATCH", f"{foreign}/status", healed, "merge"),
                  ("POST", incidents, incident_of("seen-eu", "seen-eu-i-8-0a1b2c3d")),
                  ("POST", incidents, incident_of("seen", "another-i-8-0a1b2c3d"))):
        account.refuses("and little else", *asked)


def but_for_evictions_and_news_nothing_else_in_the_namespace_is_written(lab):
    world = world_of(lab)
    core = f"/api/v1/namespaces/{SHOP}"
    pod, foreign = world.shop.pod_names()[0], world.cart.pod_names()[0]

    def eviction(name):
        return ("POST", f"{core}/pods/{name}/eviction",
                {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})
    world.agent.admits(*eviction(pod))
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    world.agent.admits("POST", f"/apis/events.k8s.io/v1/namespaces/{SHOP}/events", {
        "metadata": {"name": "payments.1"}, "eventTime": now, "type": "Normal", "reason": "Healed",
        "action": "rollback", "reportingController": "homeostat.dev/agent",
        "reportingInstance": "homeostat-0",
        "regarding": {"kind": "Deployment", "namespace": SHOP, "name": NAME}})
    scale = {"spec": {"replicas": 0}}
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    for asked in (
            eviction(foreign),
            ("PATCH", f"{world.shop.path}/scale", scale, "merge"),
            ("PATCH", f"{world.shop.path}/status", {"status": {"replicas": 9}}, "merge"),
            ("DELETE", world.shop.path),
            ("PATCH", world.cart.path, {"metadata": {"annotations": {"a": "b"}}}, "merge"),
            ("POST", f"{world.shop.group}/deployments",
             {"metadata": {"name": "payments-2"}, "spec": world.shop.read()["spec"]}),
            ("DELETE", f"{core}/pods/{pod}"),
            ("PATCH", f"{core}/pods/{pod}", {"metadata": {"labels": {"app": "x"}}}, "merge"),
            ("PATCH", f"{core}/pods/{pod}/status", ready, "merge"),
            ("POST", f"{core}/configmaps", {"metadata": {"name": "one"}, "data": {}}),
            ("POST", f"/apis/coordination.k8s.io/v1/namespaces/{SHOP}/leases",
             {"metadata": {"name": "of-somebody"}, "spec": {}}),
            ("POST", f"{core}/secrets", {"metadata": {"name": "one"}}),
            ("POST", f"{core}/serviceaccounts/person/token", {"spec": {}}),
            ("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SHOP}/roles",
             {"metadata": {"name": "one"}, "rules": []})):
        world.agent.refuses(NOTHING_ELSE, *asked)


def nobody_else_is_touched_by_it(lab):
    world = world_of(lab)
    asked = world.spec_patches() + [one for one, _ in world.pod_patches()]
    asked += [("PATCH", world.shop.path, {"metadata": metadata}, "merge")
              for metadata, _ in METADATA]
    for account in (world.person, world.namesake):
        for one in asked:
            account.admits(*one)


def the_server_finds_nothing_to_warn_of(lab):
    world_of(lab)
    policies = lab.api.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")
    assert len(policies["items"]) > 5, policies
    for policy in policies["items"]:
        warnings = policy.get("status", {}).get("typeChecking", {}).get("expressionWarnings")
        assert not warnings, (policy["metadata"]["name"], warnings)


def it_stands_in_the_manifests_of_kustomize_and_can_be_applied_from_there(lab):
    built = lab.kubectl("kustomize", ROOT / "examples/kubernetes",
                        "--load-restrictor=LoadRestrictionsNone")
    assert "kind: ValidatingAdmissionPolicyBinding" in built
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(built)
        file.flush()
        subprocess.run([lab.programs / "kubectl", "--kubeconfig", lab.kubeconfig, "apply",
                        "--dry-run=server", "--filename", file.name], check=True)


def second_agent(lab, folder):
    """The manifests of one for `cart`, made as deploy/README.md says, with a suffix."""
    place = folder / "examples/cart"
    shutil.copytree(EXAMPLE, place)
    shutil.copytree(ROOT / "deploy/kustomize/base", folder / "deploy/kustomize/base")
    config = place / "homeostat.yaml"
    config.write_text(config.read_text().replace(NAME, "cart"))
    for words, name in (((), "rbac.yaml"),
                        (("--policy", "--account", "homeostat-cart"), "policy.yaml")):
        (place / name).write_text(subprocess.run(
            [PROGRAM, "rbac", "--config", config, *words], check=True, capture_output=True,
            text=True).stdout)
    file = place / "kustomization.yaml"
    file.write_text(file.read_text().replace("instance: payments", "instance: cart")
                    + "nameSuffix: -cart\n")
    return lab.kubectl("kustomize", place)


def a_second_agent_of_the_namespace_is_held_to_its_own_by_the_name_that_a_suffix_makes(lab):
    world = world_of(lab)
    with tempfile.TemporaryDirectory() as folder:
        built = second_agent(lab, Path(folder))
    assert "serviceAccountName: homeostat-cart\n" in built, built
    policies = lab.directory / "suffixed.yaml"
    policies.write_text("---\n".join(
        part for part in built.split("---\n") if "kind: ValidatingAdmissionPolicy" in part))
    account = Account(lab, SHOP, "homeostat-cart")
    lab.kubectl("apply", "--filename", policies)
    none = ("PATCH", world.cart.path, {"spec": {"replicas": 0}}, "merge")
    wait_until("its policy is in force", lambda: account.tries(*none)[0] == 422, 20)
    account.refuses(ONLY_TEMPLATE, *none)
    account.refuses("and little else", "PATCH", world.shop.path,
                    {"metadata": {"annotations": {"homeostat.dev/effect": "a"}}}, "merge")
    # And the first one's account keeps what it has.
    world.agent.admits("PATCH", world.shop.path,
                       {"metadata": {"annotations": {"homeostat.dev/effect": "i-3.e1 a b"}}},
                       "merge")


def main():
    with tempfile.TemporaryDirectory(prefix="field-policy-") as folder:
        return run_each([
            a_rollback_as_the_agent_writes_it_is_admitted,
            every_other_field_of_the_spec_is_closed_and_none_is_forgotten_here,
            a_rollout_is_paused_and_resumed_with_the_mark_in_the_same_write_and_only_if_it_is_ours,
            its_metadata_is_closed_but_for_the_two_annotations_of_a_rollback,
            pods_get_no_other_account_and_no_way_to_their_node,
            but_for_evictions_and_news_nothing_else_in_the_namespace_is_written,
            a_number_goes_up_and_down_by_one_and_no_further_than_is_said,
            of_a_pod_the_memory_may_change_as_far_as_is_said_and_nothing_else,
            no_other_container_of_a_pod_gets_anything_nor_the_pod_as_a_whole,
            of_several_deployments_one_account_has_one_policy_and_each_its_own_bounds,
            of_a_config_map_that_is_named_the_contents_may_change_and_the_mark,
            of_incidents_those_of_its_deployment_are_its_own_whatever_others_are_named,
            what_pods_have_of_their_node_already_may_stay_and_may_go,
            a_second_agent_of_the_namespace_is_held_to_its_own_by_the_name_that_a_suffix_makes,
            nobody_else_is_touched_by_it,
            the_server_finds_nothing_to_warn_of,
            it_stands_in_the_manifests_of_kustomize_and_can_be_applied_from_there,
        ], QuickLab(Path(folder) / "lab"))


if __name__ == "__main__":
    sys.exit(main())
