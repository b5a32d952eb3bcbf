"""The quick lab: a real control plane on the loopback, and nodes whose pods are played by kwok.

For what a controller sees and does: versions, rollouts, evictions, refusals, watches. Its pods have
no process: no requests, no logs, and the times in it say nothing about healing (full_lab.py does).
"""

from cluster import HERE, Lab


class QuickLab(Lab):
    kind = "quick"
    nodes_count = 3
    # Played pods have addresses of the loopback, which the server takes in no EndpointSlice: each
    # Service would say for ever that it sends to nobody.
    controller_words = ["--controllers=*,-endpoints-controller,-endpointslice-controller"]

    def start(self):
        # Nobody has to reach the API server from a pod.
        self.start_control_plane("--endpoint-reconciler-type=none")
        self.start_nodes()

    def start_nodes(self):
        self.processes.start("kwok", [
            self.programs / "kwok", f"--kubeconfig={self.kubeconfig}", "--manage-all-nodes=true",
            "--cidr=127.64.0.0/16", "--node-ip=127.0.0.1", "--node-port=0",
            "--node-lease-duration-seconds=40", "--server-address=",
            f"--config={HERE}/stages.yaml"])
        api = self.api
        room = {"cpu": "8", "memory": "16Gi", "pods": "110"}
        for index in range(self.nodes_count):
            name = f"played-{index}"
            api.post("/api/v1/nodes", {
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                "status": {"allocatable": room, "capacity": room}})
        self.wait_for_nodes(self.nodes_count)
