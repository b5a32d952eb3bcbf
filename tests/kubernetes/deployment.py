"""A Deployment with its Service in a lab, and a client that notices when nobody answers.

    with FullLab(directory) as lab:
        shop = Deployment(lab, "shop")
        shop.apply("lab.local/service:v1", replicas=3)
        shop.wait_ready(3)
        with Client(lab, *shop.address()) as client:
            shop.fault(shop.pods()[0], "hang")
            …
        print(client.outages())

What a test changes, it changes through the API server; nothing here asks an agent. In the quick lab
nobody answers at the addresses, and the rest is the same.
"""

import http.client
import threading
import time

LOOK_EVERY = 0.05
PATIENCE = 4
MIB = 1 << 20
# As patient as is usual for a small service; a test says otherwise where it matters.
READINESS = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1,
             "failureThreshold": 2}


def wait_until(what, condition, seconds):
    """What the condition gave, once it is something. Seconds are of a real cluster: many; and no
    time limit is what is tested here, so a slow machine has as many more as it takes."""
    seconds *= PATIENCE
    give_up_at = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"waited {seconds} s in vain until {what}")
        time.sleep(LOOK_EVERY)
    return found


def condition_of(thing, kind):
    """Whether the condition of a pod or a Deployment is "True"."""
    return any(condition["type"] == kind and condition["status"] == "True"
               for condition in thing["status"].get("conditions", []))


def waiting_reason(pod):
    """CrashLoopBackOff, ImagePullBackOff …, or None for a container that does not wait."""
    states = [status["state"] for status in pod["status"].get("containerStatuses", [])]
    return next((state["waiting"]["reason"] for state in states if "waiting" in state), None)


def http_get(open_socket, host, port, path, seconds):
    """(status, text) of one request over a connection of its own; raises OSError."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    connection.connect = lambda: setattr(connection, "sock", open_socket(host, port, seconds))
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except http.client.HTTPException as error:
        raise OSError(repr(error)) from error
    finally:
        connection.close()


class Deployment:
    """One container, labelled app=NAME, behind a Service of the same name; or behind that of
    another Deployment, `beside`, whose requests it then shares."""

    def __init__(self, lab, name, namespace="default", beside=None):
        self.lab = lab
        self.api = lab.api
        self.name = name
        self.has_service = not beside
        self.labels = {"app": beside, "track": name} if beside else {"app": name}
        self.namespace = namespace
        self.core = f"/api/v1/namespaces/{namespace}"
        self.group = f"/apis/apps/v1/namespaces/{namespace}"
        self.path = f"{self.group}/deployments/{name}"

    # --- what a test does to it ------------------------------------------------------------------
    def apply(self, image, replicas=1, env=None, readiness=READINESS, liveness=None,
              memory_mib=None, strategy=None, grace_seconds=30, nodes=(), spread=None):
        """Makes it, or rolls it out anew. `liveness` None: the kubelet restarts what has ended and
        nothing else. `strategy` and `spread`, a constraint of how its pods are spread, as the API
        spells them. `nodes`: names of those that its pods may go to."""
        container = {"name": "service", "image": image, "imagePullPolicy": "IfNotPresent",
                     "ports": [{"containerPort": 8080}],
                     "env": [{"name": key, "value": str(value)}
                             for key, value in (env or {}).items()]}
        if readiness:
            container["readinessProbe"] = readiness
        if liveness:
            container["livenessProbe"] = liveness
        if memory_mib:
            size = str(memory_mib * MIB)
            container["resources"] = {"limits": {"memory": size}, "requests": {"memory": size}}
        pod = {"containers": [container], "terminationGracePeriodSeconds": grace_seconds,
               "automountServiceAccountToken": False, "dnsPolicy": "Default"}
        if nodes:
            pod["affinity"] = {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In",
                                           "values": list(nodes)}]}]}}}
        if spread:
            selector = {"labelSelector": {"matchLabels": self.labels}}
            pod["topologySpreadConstraints"] = [spread | selector]
        body = {"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": self.name, "labels": self.labels},
                "spec": {"replicas": replicas, "selector": {"matchLabels": self.labels},
                         "strategy": strategy or {"type": "RollingUpdate"},
                         "template": {"metadata": {"labels": self.labels}, "spec": pod}}}
        status, seen = self.api.request("GET", self.path)
        if status == 200:
            body["metadata"]["resourceVersion"] = seen["metadata"]["resourceVersion"]
            self.api.ask("PUT", self.path, body)
        else:
            self.api.post(f"{self.group}/deployments", body)
            if self.has_service:
                self.api.post(f"{self.core}/services", {
                    "metadata": {"name": self.name},
                    "spec": {"type": "NodePort", "selector": self.labels,
                             "ports": [{"port": 80, "targetPort": 8080}]}})

    def limit_disruptions(self, available_min):
        """A PodDisruptionBudget; in force once it has been counted."""
        path = f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets"
        self.api.post(path, {
            "metadata": {"name": self.name},
            "spec": {"minAvailable": available_min,
                     "selector": {"matchLabels": {"app": self.name}}}})
        wait_until("the disruption budget is counted", lambda: self.api.get(
            f"{path}/{self.name}").get("status", {}).get("expectedPods"), 20)

    def fault(self, pod, name):
        """As service.cpp says; of a pod whose process still answers. `crash` gives no answer."""
        try:
            return self.ask(pod, f"/fault/{name}")
        except OSError:
            if name != "crash":
                raise
            return None

    def remove(self):
        """And waits until no pod is left."""
        services = [f"{self.core}/services/{self.name}"] if self.has_service else []
        for path in (self.path, *services):
            self.api.delete(path, {"propagationPolicy": "Background"})
        wait_until(f"no pod of {self.name} is left", lambda: not self.pods(), 60)

    # --- what is read from it --------------------------------------------------------------------
    def pods(self):
        selector = "%2C".join(f"{key}%3D{value}" for key, value in self.labels.items())
        return self.api.get(f"{self.core}/pods?labelSelector={selector}")["items"]

    def pod_names(self):
        return sorted(pod["metadata"]["name"] for pod in self.pods())

    def ready_pods(self):
        return [pod for pod in self.pods() if condition_of(pod, "Ready") and
                "deletionTimestamp" not in pod["metadata"]]

    def read(self):
        return self.api.get(self.path)

    def is_rolled_out(self, replicas):
        """All of the newest template, and nothing of an older one."""
        seen = self.read()
        counts = seen["status"]
        return (counts.get("observedGeneration") == seen["metadata"]["generation"] and
                counts.get("replicas") == replicas and
                all(counts.get(f"{which}Replicas") == replicas
                    for which in ("updated", "ready", "available")))

    def wait_ready(self, replicas, seconds=60):
        wait_until(f"{self.name} is rolled out with {replicas} pods",
                   lambda: self.is_rolled_out(replicas), seconds)

    def wait_waiting(self, reason, seconds=60):
        """Until one of its pods waits for that reason; gives the pod."""
        return wait_until(f"a pod of {self.name} is in {reason}", lambda: next(
            (pod for pod in self.pods() if waiting_reason(pod) == reason), None), seconds)

    def service(self):
        return self.api.get(f"{self.core}/services/{self.name}")["spec"]

    def address(self):
        """(ClusterIP, port)"""
        return self.service()["clusterIP"], 80

    def node_address(self, node_index=0):
        """(address of the node, NodePort)"""
        nodes = self.api.get("/api/v1/nodes")["items"]
        addresses = nodes[node_index]["status"]["addresses"]
        address = next(one["address"] for one in addresses if one["type"] == "InternalIP")
        return address, self.service()["ports"][0]["nodePort"]

    def ask(self, pod, path, seconds=2):
        """(status, text) of the pod itself."""
        return http_get(self.lab.open_socket, pod["status"]["podIP"], 8080, path, seconds)


class Client(threading.Thread):
    """Asks for a path every 50 ms, each time over a new connection, and keeps what came of it."""

    def __init__(self, lab, host, port, path="/", every=0.05, seconds_max=0.4):
        super().__init__(daemon=True)
        self.open_socket, self.host, self.port, self.path = lab.open_socket, host, port, path
        self.every, self.seconds_max = every, seconds_max
        self.answers = []  # (asked at, status or None) in order; time.monotonic().
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            asked_at = time.monotonic()
            try:
                status, _ = http_get(self.open_socket, self.host, self.port, self.path,
                                     self.seconds_max)
            except OSError:
                status = None
            self.answers.append((asked_at, status))
            self.is_over.wait(max(0, asked_at + self.every - time.monotonic()))

    def __enter__(self):
        self.start()
        wait_until(f"{self.host}:{self.port} answers well", lambda: self.is_well(3), 30)
        self.answers.clear()  # A Service that is new is not in force everywhere yet.
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def is_well(self, count):
        """Whether the last `count` requests were all answered with 200."""
        last = self.answers[-count:]
        return len(last) == count and all(status == 200 for _, status in last)

    def wait_bad(self, seconds):
        """Until a request is not answered well, from now on."""
        known = len(self.answers)
        wait_until("a client notices", lambda: any(status != 200
                                                   for _, status in self.answers[known:]), seconds)

    def wait_well(self, seconds, count=10):
        """Until `count` in a row are answered well: half a second, at 50 ms each."""
        wait_until("clients are served", lambda: self.is_well(count), seconds)

    def outages(self, well_min=10):
        """[(begun at, seconds, requests not answered well)]: from the first bad answer to the
        first good one after which `well_min` in a row are good."""
        found, begun, bad, well = [], None, 0, []
        for asked_at, status in self.answers:
            if status != 200:
                begun, bad, well = begun if begun is not None else asked_at, bad + 1, []
            elif begun is not None:
                well.append(asked_at)
                if len(well) == well_min:
                    found.append((begun, well[0] - begun, bad))
                    begun, bad, well = None, 0, []
        if begun is not None:  # Still going on, or too short a time ago.
            found.append((begun, (well or [self.answers[-1][0]])[0] - begun, bad))
        return found

    def bad_count(self):
        return sum(status != 200 for _, status in self.answers)
