#!/usr/bin/env python3
"""Effects one after another, and in the middle of them people create the ConfigMap that suspends
the agent: none begins after the agent has taken notice, and how long that takes is told.

    tests/kubernetes/suspend_test.py BIN    where lab/kubernetes/build.sh has built its programs

Pods and Service are played: times say nothing of healing.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lab_cases import ROOT, run_each

sys.path.append(str(ROOT / "bench/kubernetes"))

import remedies_test as shops  # noqa: E402
from api_calls import seconds_of  # noqa: E402
from played_traffic import PartOfTraffic, PlayedTraffic  # noqa: E402
from quick_lab import QuickLab  # noqa: E402

PODS = 6
# How long after a pod is ill people suspend the agent: an effect begins about then, or just not.
AFTER = [1.0 + 0.1 * number for number in range(10)]


class Sickly:
    """A shop of which always one pod is ill, and an agent that restarts them."""

    def __init__(self, lab, name):
        self.lab = lab
        self.part = PartOfTraffic(shops.SHOPS["traffic"])
        self.shop = shops.Shop(lab, shops.SHOPS["folder"], name, self.part)
        lab.api.patch(self.shop.deployment.path, {"spec": {"replicas": PODS}})
        self.shop.deployment.wait_ready(PODS)
        self.switch = f"{name}-stop"
        self.agent = self.shop.guard(f"switch: {self.switch}")
        text = self.agent.config.read_text()
        assert "cool_down: 10s" in text, text
        # Any target at any time: what ends effects here is to be the switch alone.
        self.agent.config.write_text(text.replace("cool_down: 10s", "cool_down: 0s"))
        self.agent.grant()
        self.sick, self.sick_at = None, 0  # (its uid, its address), time.monotonic()

    def follow(self):
        """The next one is ill once the last one's successor has proven itself."""
        ready = self.shop.deployment.ready_pods()
        by_uid = {pod["metadata"]["uid"]: pod["status"]["podIP"] for pod in ready}
        if self.sick and self.sick[0] not in by_uid:
            self.part.sick.pop(self.sick[1])
            self.sick = None
        if not self.sick and len(ready) == PODS and not self.is_busy():
            oldest = min(ready, key=lambda pod: pod["metadata"]["creationTimestamp"])
            uid = oldest["metadata"]["uid"]
            self.sick, self.sick_at = (uid, by_uid[uid]), time.monotonic()
            self.part.sick[by_uid[uid]] = (0.002, 503)

    def is_busy(self):
        return bool((self.agent.ask("status") or {"incidents": [1]})["incidents"])

    def evictions(self):
        """When the server took each, Unix time; not the trials."""
        with open(self.lab.audit_log, encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines]
        return [seconds_of(one["requestReceivedTimestamp"]) for one in entries
                if one.get("objectRef", {}).get("subresource") == "eviction" and
                "dryRun" not in one["requestURI"] and one["responseStatus"]["code"] == 201 and
                one["user"]["username"].endswith(f":{self.agent.account}")]

    def is_suspended(self):
        return (self.agent.ask("status") or {}).get("is_suspended")

    def suspend(self):
        """Gives when that was asked for, Unix time."""
        asked_at = time.time()
        self.shop.api.post(self.shop.maps, {"metadata": {"name": self.switch}})
        return asked_at

    def resume(self):
        self.shop.api.delete(f"{self.shop.maps}/{self.switch}")

    def told(self, words):
        """When the agent's log said so, Unix time."""
        return [seconds_of(line.split()[0]) for line in self.agent.log.read_text().splitlines()
                if words in line]

    def effects(self):
        """[(begun at, over at)] as the ledger has them, in its order, Unix time."""
        status, text, trouble = self.agent.run("export")
        assert status == 0, trouble
        found = []
        for event in map(json.loads, text.splitlines()):
            at, kind = seconds_of(event["time"]), event["type"].rsplit(".", 1)[-1]
            if kind == "intent":
                found.append((at, None))
            elif kind == "outcome":
                found[-1] = (found[-1][0], at)
        return found


def no_effect_begins_once_the_agent_knows_that_it_is_suspended(lab):
    sickly = Sickly(lab, "sickly")
    asked = []
    with sickly.agent as agent:
        agent.wait_proven()
        for after in AFTER:
            known = sickly.sick_at
            shops.while_following("another pod is ill", lambda: sickly.sick_at > known,
                                  sickly.follow, 120)
            begin_at = sickly.sick_at + after
            shops.while_following("it is noticed about now",
                                  lambda: time.monotonic() >= begin_at, lambda: None)
            asked.append(sickly.suspend())
            shops.while_following("it is suspended", sickly.is_suspended, sickly.follow)
            seen = sickly.part.asked[sickly.shop.address]
            # For longer than an effect takes to begin.
            shops.while_following("users went on", lambda: sickly.part.asked[
                sickly.shop.address] > seen + 30, sickly.follow)
            sickly.resume()
            shops.while_following("it goes on", lambda: not sickly.is_suspended(), sickly.follow)
    heard, resumed = sickly.told(" suspended: ConfigMap "), sickly.told("suspends us no more")
    effects, evictions = sickly.effects(), sickly.evictions()
    assert len(asked) == len(heard) == len(resumed) == len(AFTER), (asked, heard, resumed)
    for begin, end in zip(heard, resumed):
        # The log has milliseconds, cut off.
        begun = [one for one in effects if begin + 0.001 <= one[0] < end]
        assert not begun, (begin, end, effects)
        # What had begun is carried through, once.
        in_hand = [one for one in effects if one[0] < begin + 0.001 <= (one[1] or end)]
        written = [at for at in evictions if begin + 0.001 <= at < end]
        assert len(written) <= len(in_hand), (begin, end, written, effects)
    # One that had begun may still have been held back, and is recorded as refused.
    assert 1 < len(evictions) <= len(effects), (effects, evictions)
    took = sorted(begin - at for at, begin in zip(asked, heard))
    print(f"    from asking to notice: n {len(took)}, median {statistics.median(took):.3f} s, "
          f"{took[0]:.3f} to {took[-1]:.3f} s; {len(effects)} effects", flush=True)
    sickly.shop.remove()


def main():
    with tempfile.TemporaryDirectory(prefix="suspend-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        return run_each([no_effect_begins_once_the_agent_knows_that_it_is_suspended],
                        QuickLab(Path(folder) / "lab", is_audited=True))


if __name__ == "__main__":
    sys.exit(main())
