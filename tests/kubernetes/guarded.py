"""A Deployment of a full lab that an agent guards, and a client of it: what tests of healing begin
with."""

import contextlib
import sys
import time
from pathlib import Path

from lab_cases import ROOT  # noqa: F401  So that lab/kubernetes is found.

from deployment import Client, Deployment
from guarding import Guarding

V1, V2 = "lab.local/service:v1", "lab.local/service:v2"
PROGRAMS = Path(sys.argv[1]).resolve()


@contextlib.contextmanager
def guarded(lab, name, replicas=3):
    """A Deployment, its agent with the rights that it asks for and no others, and a client."""
    shop = Deployment(lab, name)
    try:
        shop.apply(V1, replicas=replicas)
        shop.wait_ready(replicas)
        agent = Guarding(lab, name, PROGRAMS, lab.directory / f"agent-{name}")
        agent.be_patient()
        agent.grant()
        # As patient as a client of a busy machine has to be: what is late there is no outage.
        with agent, Client(lab, *shop.address(), seconds_max=2) as client:
            agent.wait_proven()
            yield shop, agent, client
    finally:
        shop.remove()


def tell(what, begun_at, client):
    outages = [f"{seconds:.2f} s ({bad} requests)" for _, seconds, bad in client.outages()]
    took = time.monotonic() - begun_at
    print(f"    {what}: {took:.1f} s; clients: {outages or 'noticed nothing'}", flush=True)


def image_of(shop):
    return shop.read()["spec"]["template"]["spec"]["containers"][0]["image"]


def uids_of(pods):
    return {pod["metadata"]["uid"] for pod in pods}
