#!/usr/bin/env python3
"""A cluster that cannot be used: another namespace, a server that is not there, a token that counts
for nothing, and one that is taken back while the agent runs. Each is said with its place and its
mend, nothing is changed, and what is good again is used again.

    tests/kubernetes/refusals_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Services are played: times say nothing of healing.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from lab_cases import ROOT, run_each

sys.path.append(str(ROOT / "tools"))

import remedies_test as shops  # noqa: E402
from api_relay import ApiRelay  # noqa: E402
from deployment import wait_until  # noqa: E402
from free_ports import free_port  # noqa: E402
from guarding import NAMESPACE  # noqa: E402
from played_traffic import PlayedTraffic  # noqa: E402
from quick_lab import QuickLab  # noqa: E402

PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
FAILED, USAGE, UNREACHABLE = 1, 2, 3  # As `homeostat --help` says.
ACCOUNTS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
ASKING = {"get", "list", "watch"}


def run(agent, *words, **environment):
    """(exit status, what it says)"""
    done = subprocess.run([PROGRAM, *words], cwd=agent.directory, capture_output=True, text=True,
                          timeout=120, env={"PATH": os.environ["PATH"], **environment})
    return done.returncode, done.stdout + done.stderr


def writes_of(lab, account):
    """What it asked of the server but to be shown something, and what was said to that."""
    found = []
    with open(lab.audit_log, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            asked = entry.get("objectRef", {}).get("resource")
            if entry["user"].get("username", "").endswith(f":{account}") and (
                    entry["verb"] not in ASKING and asked != "selfsubjectaccessreviews"):
                found.append((entry["verb"], asked, entry["responseStatus"]["code"]))
    return found


class Wrong(NamedTuple):
    """A configuration that cannot be used, and what is said of it."""
    what: str
    config: Path
    kubeconfig: Path
    namespace: str
    statuses: tuple  # Of agent and of init.
    said: tuple  # By all three.
    mend: str


class Wrongs:
    """Of one shop, by what of its configuration is exchanged."""

    def __init__(self, lab, shop, agent):
        self.lab, self.shop, self.agent = lab, shop, agent
        self.access = lab.directory / f"{agent.account}.kubeconfig"

    def of(self, what, statuses, said, mend, namespace=NAMESPACE, change=None):
        kubeconfig = self.access
        if change:
            document = json.loads(self.access.read_text())
            change(document)
            kubeconfig = self.agent.directory / f"{what}.kubeconfig"
            kubeconfig.touch(0o600)
            kubeconfig.write_text(json.dumps(document))
        text = self.agent.config.read_text()
        config = self.agent.directory / f"{what}.yaml"
        config.write_text(text.replace(str(self.access), str(kubeconfig)).replace(
            f"namespace: {NAMESPACE}", f"namespace: {namespace}"))
        return Wrong(what, config, kubeconfig, namespace, statuses,
                     (f"Deployment {namespace}/{self.shop.name}: ", *said), mend)

    def all(self):
        port = free_port()

        def aim_at_nobody(document):
            document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"

        def be_nobody(document):
            document["users"][0]["user"]["token"] = "nobodys.token"
        return [
            self.of("forbidden", (USAGE, USAGE), ('403', 'in the namespace "nowhere"'),
                    "correct the namespace, or grant what `homeostat rbac` prints",
                    namespace="nowhere"),
            self.of("elsewhere", (USAGE, USAGE), ("404",), "correct the namespace and the name",
                    namespace="elsewhere"),
            self.of("dead", (FAILED, UNREACHABLE), (f"127.0.0.1:{port}",),
                    "look whether the server runs, and whether its address is right",
                    change=aim_at_nobody),
            self.of("unknown", (USAGE, USAGE), ("401",),
                    "give us a token or a certificate that the server knows", change=be_nobody)]


def grant_elsewhere(lab, agent):
    """The same rights in a namespace that has no such Deployment."""
    lab.api.post("/api/v1/namespaces", {"metadata": {"name": "elsewhere"}})
    config = agent.directory / "elsewhere.yaml"
    status, rules = run(agent, "rbac", "--config", config, "--account", agent.account)
    assert status == 0, rules
    # Of the account that the other ones are of, too.
    head, subjects = rules.rsplit("subjects:", 1)
    file = agent.directory / "elsewhere-rbac.yaml"
    file.write_text(head + "subjects:" + subjects.replace('"elsewhere"', f'"{NAMESPACE}"'))
    lab.kubectl("apply", "-f", file)


def what_cannot_be_used_is_said_with_its_place_and_mend_and_nothing_is_changed(lab):
    shop = shops.shop_of(lab, "wrong")
    agent = shop.guard(f"configs: [{shop.config}]", "events: true")
    agent.grant()
    wrongs = Wrongs(lab, shop, agent).all()
    grant_elsewhere(lab, agent)
    for wrong in wrongs:
        asked = {"agent": ("agent", "--config", wrong.config),
                 "doctor": ("doctor", "--config", wrong.config),
                 "init": ("init", "--from", f"deployment/{shop.name}", "-n", wrong.namespace,
                          "--out", agent.directory / "new.yaml")}
        for (name, words), status in zip(asked.items(), (
                wrong.statuses[0], FAILED, wrong.statuses[1])):
            got, said = run(agent, *words, KUBECONFIG=str(wrong.kubeconfig))
            assert got == status, (wrong.what, name, got, said)
            line = next((one for one in said.splitlines() if wrong.said[0] in one), "")
            for text in (*wrong.said, wrong.mend):
                assert text in line, (wrong.what, name, text, said)
            if name != "init":
                assert "runtime.kubernetes.deployment: " in line, (wrong.what, line)
        assert not (agent.directory / "new.yaml").exists()
    assert writes_of(lab, agent.account) == []
    shop.remove()


class Revocable:
    """A shop whose agent has its token from a file, and asks through a relay."""

    def __init__(self, lab, relay, name):
        self.lab, self.relay = lab, relay
        self.shop = shops.shop_of(lab, name)
        self.agent = self.shop.guard(f"configs: [{self.shop.config}]", "events: true")
        self.agent.grant()
        self.token = self.agent.directory / "token"
        self.token.touch(0o600)
        self.give_token()
        path = lab.directory / f"{self.agent.account}.kubeconfig"
        document = json.loads(path.read_text())
        document["users"][0]["user"] = {"tokenFile": str(self.token)}
        path.write_text(json.dumps(document))
        relay.lead(self.agent)

    def give_token(self):
        self.token.write_text(self.lab.token_of(NAMESPACE, self.agent.account))

    def revoke(self):
        """What was open by it stays open for some minutes, as ever."""
        self.lab.api.delete(f"{ACCOUNTS}/{self.agent.account}")
        wait_until("the token counts for nothing", lambda: run(
            self.agent, "doctor", "--config", self.agent.config)[1].count("401"), 30)

    def grant_anew(self):
        self.lab.api.post(ACCOUNTS, {"metadata": {"name": self.agent.account}})
        self.give_token()

    def version(self):
        return self.shop.api.get(f"{self.shop.maps}/{self.shop.config}")["metadata"][
            "resourceVersion"]

    def told(self):
        return run(self.agent, "status", "--config", self.agent.config)[1]


def a_token_that_is_taken_back_makes_the_agent_blind_and_with_a_new_one_it_sees_again(lab):
    with ApiRelay(lab) as relay:
        one = Revocable(lab, relay, "blind")
        agent = one.agent
        with agent:
            agent.wait_proven()
            one.revoke()
            relay.expire_watches()  # As they end in time.
            wait_until("it says that it is blind, and why", lambda: "pods of blind does not "
                       "answer" in one.told() and "401 Unauthorized" in one.told(), 60)
            status, told = run(agent, "doctor", "--config", agent.config)
            assert status == FAILED, told
            assert "give us a token or a certificate that the server knows" in told, told
            assert agent.process.poll() is None, agent.log.read_text()
            one.grant_anew()
            wait_until("it sees again", lambda: "does not answer" not in one.told(), 60)
            told = run(agent, "doctor", "--config", agent.config)[1]
            assert f"deployment     {NAMESPACE}/blind is there" in told, told
            assert not agent.incidents(), agent.incidents()
        one.shop.remove()


def what_a_token_that_counts_no_more_has_seen_is_healed_by_the_next_one_and_not_before(lab):
    """The streams that it opened go on telling; what is asked and written is refused."""
    with ApiRelay(lab) as relay:
        one = Revocable(lab, relay, "revoked")
        shop, agent = one.shop, one.agent
        follow = shop.fail_by_configuration()
        with agent:
            agent.wait_proven()
            one.revoke()
            shop.edit(shops.BAD)
            version = one.version()
            shops.while_following("guard misses the world", lambda: "a part of the world did not "
                                  "answer" in agent.story("i-1"), follow)
            assert shop.text() == shops.BAD and one.version() == version
            assert "rollback the configuration" in agent.story("i-1"), agent.story("i-1")
            one.grant_anew()
            state = shops.while_following("it is over", lambda: shops.closed(agent), follow, 90)
            assert state == "healed" and shop.text() == shops.GOOD, agent.story("i-1")
            assert agent.story("i-1").count(" intent    i-1.e") == 1, agent.story("i-1")
        # It was written once, and by the token that is good; tried as a dry run before.
        patched = [code for verb, what, code in writes_of(lab, agent.account)
                   if (verb, what) == ("patch", "configmaps")]
        assert patched == [200, 200], patched
        shop.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="refusals-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([
            what_cannot_be_used_is_said_with_its_place_and_mend_and_nothing_is_changed,
            a_token_that_is_taken_back_makes_the_agent_blind_and_with_a_new_one_it_sees_again,
            what_a_token_that_counts_no_more_has_seen_is_healed_by_the_next_one_and_not_before,
        ], QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
