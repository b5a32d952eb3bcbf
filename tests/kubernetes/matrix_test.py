#!/usr/bin/env python3
"""Cells of the fault matrix (docs/internals/fault_matrix.md) on a real API server: in mid-incident
the Lease is another's or nobody knows, a sink or the budget of a fleet in a real PostgreSQL is
killed and started again, a person's yes comes late, twice, or while the server does not answer.

    tests/kubernetes/matrix_test.py BIN [WORDS]    where lab/kubernetes/build.sh has built; WORDS:
                                                   only cells that have them in their names

What was done is read from the server's audit and the Deployment, and not from what agents say.
Pods and Service are played: times say nothing of healing.
"""

import concurrent.futures
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from lab_cases import ROOT, run_each

sys.path += [str(ROOT / "bench/kubernetes"), str(ROOT / "tests/sinks")]

import remedies_test as shops  # noqa: E402
from api_calls import seconds_of  # noqa: E402
from api_relay import ApiRelay  # noqa: E402
from deployment import wait_until  # noqa: E402
from guarding import MARK, NAMESPACE, Guarding  # noqa: E402
from played_traffic import PlayedTraffic  # noqa: E402
from quick_lab import QuickLab  # noqa: E402
from servers import Postgres, postgres_programs, write_secret  # noqa: E402

OK, REFUSED = 0, 1  # As `homeostat approve --help` says.
OTHER_IMAGE = "lab.local/service:v3"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
LASTS_FOR = 30  # Seconds after which a Lease may be another's, as docs/kubernetes.md says.
HELD, STANDING_BY = "we hold the Lease", "standing by: Lease"
SWITCH = "the kill switch is released"
OUTSIDE = "who has to have the decision outside has it"
PLACE = "the fleet's budget has a place for it"
STAGE = {}


class Write(NamedTuple):
    """One that the server took of an account, and no trial."""
    what: str
    at: float


def is_of_leases(method, path):
    return "/leases" in path


def is_renewal(method, path):
    return method == "PATCH" and "/leases" in path


def is_rehearsal(method, path):
    return method == "PATCH" and "/deployments/" in path and "dryRun" in path


def is_effect(method, path):
    return method == "PATCH" and "/deployments/" in path and "dryRun" not in path


class World:
    """A shop whose new version fails, and the agent of it that asks through a relay."""

    def __init__(self, lab, relay, name, *more, autonomy="ask", guard="", record=""):
        self.lab, self.api, self.relay, self.name = lab, lab.api, relay, name
        self.shop = shops.shop_of(lab, name)
        self.agent = self.shop.guard(*more)
        self.agent.be_patient()
        text = self.agent.config.read_text()
        for old, new in ((shops.AUTONOMY, f"autonomy: {{ rollback: {autonomy} }}"),
                         ("hold_for: 3s", f"hold_for: 3s{guard}"),
                         ("record: { ledger: ledger", f"record: {{ ledger: ledger{record}")):
            assert text.count(old) == 1, (old, text)
            text = text.replace(old, new)
        self.agent.config.write_text(text)
        self.agent.grant()
        relay.lead(self.agent)
        self.agents = [self.agent]
        self.is_ill, self.generation = False, None
        self.shop.traffic.answer = lambda address: (
            0.002, 503 if self.is_ill and address == self.shop.address else 200)

    # --- its life --------------------------------------------------------------------------------
    def __enter__(self):
        self.agent.start()
        self.agent.wait_proven(60)
        return self

    def __exit__(self, kind, *_):
        self.relay.mend()
        for agent in self.agents:
            if agent.process:
                if kind is not None:
                    agent.tell_troubles()
                agent.stop()
        self.shop.remove()

    def add_second(self, autonomy):
        """An agent of the same Deployment: ledger, account and way to the server are its own."""
        second = Guarding(self.lab, self.name, shops.PROGRAMS, self.agent.directory / "second")
        second.account = f"{self.agent.account}-second"
        text = self.agent.config.read_text().replace(f"{self.agent.account}.kubeconfig",
                                                     f"{second.account}.kubeconfig")
        second.config.write_text(re.sub("autonomy: {[^}]*}",
                                        f"autonomy: {{ rollback: {autonomy} }}", text))
        self.grant_likewise(second.account)
        self.agents.append(second)
        return second

    def grant_likewise(self, account):
        """What the first one has: what is printed anew would take it from that one."""
        self.api.post(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts",
                      {"metadata": {"name": account}})
        bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/rolebindings"
        first, = [one for one in self.api.get(bindings)["items"]
                  if one["subjects"][0]["name"] == self.agent.account]
        self.api.post(bindings, {
            "metadata": {"name": account}, "roleRef": first["roleRef"],
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]})
        self.lab.write_kubeconfig(account, self.lab.token_of(NAMESPACE, account))

    # --- what happens to it ----------------------------------------------------------------------
    def image(self):
        return self.shop.deployment.read()["spec"]["template"]["spec"]["containers"][0]["image"]

    def roll_out(self, image):
        self.api.patch(self.shop.deployment.path, {"spec": {"template": {"spec": {
            "containers": [{"name": "service", "image": image}]}}}}, "strategic")
        self.follow()
        self.generation = self.shop.deployment.read()["metadata"]["generation"]

    def follow(self):
        self.is_ill = self.image() == shops.ILL_IMAGE

    def wait(self, what, condition, seconds=60):
        return shops.while_following(what, condition, self.follow, seconds)

    def break_and_wait_for_question(self):
        self.roll_out(shops.ILL_IMAGE)
        return self.wait("a person is asked", self.question)

    def question(self):
        status = self.agent.ask("status") or {"incidents": []}
        return next((one["question"]["id"] for one in status["incidents"] if one.get("question")),
                    None)

    def say_yes(self, question):
        status, told, trouble = self.agent.run("approve", "i-1", "--question", question)
        return status, told + trouble

    def heal_with_leave(self, question):
        """Until it is healed. What guard refuses has spent a person's yes: they are asked anew, and
        say so again."""
        asked = [question]

        def look():
            new = self.question()
            if new and new != asked[-1]:
                self.check_untouched()
                assert self.say_yes(asked[-1])[0] == REFUSED, "a yes that is spent was taken again"
                asked.append(new)
                assert self.say_yes(new)[0] == OK, self.story()
            return shops.closed(self.agent)
        assert self.wait("it is healed", look, 180) == "healed", self.story()
        said = [one for one in self.recorded("answered") if one["says"] == "approved"]
        assert [one["question"] for one in said] == asked, (said, asked)
        self.check_done_once()

    def wait_answered_without_a_world(self):
        """The yes is in the ledger, and who would act on it has seen that nobody tells of pods."""
        self.wait("it is answered", lambda: self.recorded("answered"))
        self.wait("it misses the pods", lambda: f"pods of {self.name} does not answer" in
                  self.agent.log.read_text())

    # --- what became of it -----------------------------------------------------------------------
    def wait_over(self, agent=None, seconds=120):
        agent = agent or self.agent
        return self.wait("it is over", lambda: shops.closed(agent), seconds)

    def story(self):
        return self.agent.story("i-1")

    def refusals(self, rule):
        """What guard said by that rule, of the incident that there is."""
        return [one["verdict"]["because"] for one in self.recorded("verdict")
                if one["verdict"]["rule"] == rule and one["verdict"]["verdict"] == "refusal"]

    def recorded(self, kind):
        return [one["data"] for one in self.exported() if one["type"].endswith(f".{kind}")]

    def exported(self):
        status, text, trouble = self.agent.run("export")
        assert status == 0, trouble
        return [json.loads(line) for line in text.splitlines()]

    def writes(self, resource, agent=None):
        """Of the agent's, by the server's own audit."""
        account, found = (agent or self.agent).account, []
        with open(self.lab.audit_log, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                if (entry["user"]["username"].endswith(f":{account}") and
                        entry["verb"] in ("patch", "create", "update") and
                        "dryRun" not in entry["requestURI"] and
                        entry.get("objectRef", {}).get("resource") == resource and
                        entry["objectRef"].get("name", self.lead) in (self.name, self.lead) and
                        entry["responseStatus"]["code"] in (200, 201)):
                    found.append(Write(entry["requestURI"],
                                       seconds_of(entry["requestReceivedTimestamp"])))
        return found

    @property
    def lead(self):
        return f"{self.name}-lead"

    def check_untouched(self):
        """Since the rollout."""
        seen = self.shop.deployment.read()["metadata"]
        assert seen["generation"] == self.generation, self.story()
        assert not self.effects(), (self.effects(), self.story())

    def effects(self):
        """Of all agents, in order."""
        return sorted((one for agent in self.agents for one in self.writes("deployments", agent)),
                      key=lambda one: one.at)

    def check_done_once(self, mark="i-1.e1 "):
        """The template was put back by one write, which bears that mark."""
        seen = self.shop.deployment.read()["metadata"]
        assert self.image() == shops.IMAGE, self.story()
        assert len(self.effects()) == 1, (self.effects(), self.story())
        assert seen["generation"] == self.generation + 1, self.story()
        assert seen["annotations"][MARK].startswith(mark), seen["annotations"]

    def check_none_by_a_lease_that_may_be_another_s(self):
        """Each effect follows a write of the Lease by the same agent, soon enough."""
        for agent in self.agents:
            renewed = [one.at for one in self.writes("leases", agent)]
            for effect in self.writes("deployments", agent):
                last = max(at for at in renewed if at <= effect.at)
                assert effect.at - last < LASTS_FOR, (effect, renewed)


# --- lease ---------------------------------------------------------------------------------------
class Led(World):
    def __init__(self, lab, relay, name, **more):
        super().__init__(lab, relay, name, f"lease: {name}-lead", **more)

    def __enter__(self):
        self.agent.start()
        self.wait_said(self.agent, HELD)
        self.agent.wait_proven(60)
        return self

    def start_second(self):
        second = self.add_second("act")
        second.start()
        self.wait_said(second, "is held by")
        second.wait_proven(60)
        return second

    def wait_said(self, agent, words, seconds=90):
        wait_until(f"{agent.account} says: {words}", lambda: self.says(agent, words), seconds)

    @staticmethod
    def says(agent, words):
        """What it said last of the Lease."""
        said = [line for line in agent.log.read_text().splitlines()
                if HELD in line or STANDING_BY in line]
        return bool(said) and words in said[-1]

    def check_taken_in_time(self, second):
        """Nobody took it before it had gone unrenewed for as long as it lasts."""
        taken = min(one.at for one in self.writes("leases", second))
        last = max(one.at for one in self.writes("leases") if one.at < taken)
        assert taken - last >= LASTS_FOR, (taken, last)


def cut_off_from_the_lease_alone_while_a_person_is_asked_it_does_nothing_more_and_another_does_it(
        lab):
    with ApiRelay(lab) as relay, Led(lab, relay, "cut-off") as world:
        second = world.start_second()
        question = world.break_and_wait_for_question()
        relay.cut(is_of_leases)
        world.wait_said(world.agent, STANDING_BY)
        status, told = world.say_yes(question)
        world.wait_over(second)
        assert (shops.closed(second), shops.closed(world.agent)) != (None, None)
        world.check_done_once()
        assert not world.writes("deployments"), "done by whom it was cut off"
        world.check_taken_in_time(second)
        world.check_none_by_a_lease_that_may_be_another_s()
        assert "Lease" in world.story(), (status, told, world.story())
        relay.mend()
        world.wait_said(world.agent, "is held by")
        world.wait_over()
        world.check_done_once()


def cut_off_between_the_rehearsal_and_the_write_it_does_not_write_once_the_lease_is_over(lab):
    """What begins while it may still act, and is held up until another one has the Lease."""
    with ApiRelay(lab) as relay, Led(lab, relay, "halfway", autonomy="act") as world:
        second = world.start_second()
        relay.meet(is_rehearsal, lambda: world.wait_said(second, HELD))
        relay.cut(is_of_leases)
        asked = len(relay.times(is_of_leases))
        wait_until("a renewal is overdue", lambda: len(relay.times(is_of_leases)) > asked, 30)
        world.roll_out(shops.ILL_IMAGE)
        world.wait_over(second)
        world.check_done_once()
        assert not world.writes("deployments"), "done by whom it was cut off"
        world.check_none_by_a_lease_that_may_be_another_s()
        relay.mend()
        world.wait_over()
        world.check_done_once()


def while_replies_to_renewals_are_lost_it_does_nothing_though_the_lease_is_its_own(lab):
    with ApiRelay(lab) as relay, Led(lab, relay, "unheard", autonomy="act") as world:
        second = world.start_second()
        relay.meet(is_renewal, "lose", times=1000)
        world.wait_said(world.agent, STANDING_BY)
        world.roll_out(shops.ILL_IMAGE)
        world.wait("guard refuses it", lambda: world.refusals(SWITCH))
        world.check_untouched()
        assert not world.writes("leases", second), "taken though it was renewed"
        relay.mend()
        world.wait_said(world.agent, HELD)
        assert world.wait_over(seconds=180) == "healed", world.story()
        world.check_done_once()
        world.check_none_by_a_lease_that_may_be_another_s()
        assert not world.writes("deployments", second)


def while_the_lease_is_in_another_name_a_yes_is_no_leave_to_act(lab):
    with ApiRelay(lab) as relay, Led(lab, relay, "renamed") as world:
        question = world.break_and_wait_for_question()
        lab.api.patch(f"{LEASES}/{world.lead}", {"spec": {"holderIdentity": "somebody-else"}})
        world.wait_said(world.agent, "is held by somebody-else")
        assert world.say_yes(question)[0] == OK
        world.wait("guard refuses it", lambda: world.refusals(SWITCH))
        world.check_untouched()
        # Nobody renews it: it is ours again once it is over, and that yes was spent.
        world.wait_said(world.agent, HELD)
        world.heal_with_leave(question)
        assert len(world.recorded("answered")) == 2, world.story()
        world.check_none_by_a_lease_that_may_be_another_s()


# --- sinks and budget_store ----------------------------------------------------------------------
def database():
    """That answers. None: PostgreSQL is not installed here."""
    if postgres_programs() is None:
        print("    SKIPPED: no PostgreSQL is installed here", flush=True)
        return None
    if "postgres" not in STAGE:
        STAGE["postgres"] = Postgres(Path(STAGE["folder"]))
    if STAGE["postgres"].process is None:
        STAGE["postgres"].start()
    return STAGE["postgres"]


class Recorded(World):
    """What it decides on a rollback has to be in a PostgreSQL first."""

    def __init__(self, lab, relay, name, postgres, **more):
        super().__init__(lab, relay, name, **more, record=(
            ", sinks: [ { postgres: { url_file: pg.url }, required_for: [rollback] } ]"))
        self.postgres = postgres
        write_secret(self.agent.directory / "pg.url", postgres.url() + "\n")

    def __enter__(self):
        super().__enter__()
        wait_until("the sink has its beginning", lambda: self.has_all(self.ids()), 60)
        return self

    def ids(self):
        """As the sink has them: a ledger's name is the hash of its first group."""
        events = self.exported()
        return [f"{events[0]['ledgerhash']}.{one['id']}" for one in events]

    def has_all(self, ids):
        """In their order, and each once."""
        ledger = ids[0].split(".")[0]
        return [key for key in self.postgres.keys() if key.startswith(f"{ledger}.")][
            :len(ids)] == ids

    def check_has_all(self):
        ids = self.ids()
        wait_until("the sink has all that the ledger has", lambda: self.has_all(ids), 60)


def a_sink_killed_while_a_person_is_asked_keeps_the_remedy_waiting_until_it_is_back(lab):
    postgres = database()
    if postgres is None:
        return
    with ApiRelay(lab) as relay, Recorded(lab, relay, "unsunk", postgres) as world:
        question = world.break_and_wait_for_question()
        postgres.kill()
        assert world.say_yes(question)[0] == OK
        world.wait("guard refuses it", lambda: world.refusals(OUTSIDE))
        world.check_untouched()
        postgres.start()
        world.heal_with_leave(question)
        world.check_has_all()


def a_sink_killed_as_the_write_is_under_way_gets_all_of_it_once_and_nothing_is_done_twice(lab):
    postgres = database()
    if postgres is None:
        return
    with ApiRelay(lab) as relay, Recorded(lab, relay, "sunk", postgres, autonomy="act") as world:
        relay.meet(is_effect, postgres.kill)
        world.roll_out(shops.ILL_IMAGE)
        assert world.wait_over() == "healed", world.story()
        assert postgres.process is None
        world.check_done_once()
        postgres.start()
        world.check_has_all()
        world.check_done_once()


class InFleet(World):
    """Of one remedy at a time."""

    def __init__(self, lab, relay, name, postgres, **more):
        super().__init__(lab, relay, name, **more, guard=(
            f", fleet: {{ name: {name}, postgres: {{ url_file: pg.url }}, at_once_max: 1 }}"))
        self.postgres = postgres
        write_secret(self.agent.directory / "pg.url", postgres.url() + "\n")

    def __enter__(self):
        super().__enter__()
        # As a first question does, which takes longer on a busy machine than one may.
        wait_until("its tables are there",
                   lambda: "0 of 1 in hand" in self.agent.doctor()[1], 30)
        return self

    def places(self, where="true"):
        return int(self.postgres.ask("SELECT count(*) FROM homeostat.fleet_places "
                                     f"WHERE fleet = '{self.name}' AND {where}"))


def a_budget_killed_while_a_person_is_asked_grants_nothing_until_it_is_back(lab):
    postgres = database()
    if postgres is None:
        return
    with ApiRelay(lab) as relay, InFleet(lab, relay, "unbudgeted", postgres) as world:
        question = world.break_and_wait_for_question()
        postgres.kill()
        assert world.say_yes(question)[0] == OK
        world.wait("guard refuses it", lambda: world.refusals(PLACE))
        assert "cannot be asked" in world.refusals(PLACE)[0], world.refusals(PLACE)
        world.check_untouched()
        postgres.start()
        world.heal_with_leave(question)
        wait_until("its place is given back", lambda: not world.places("ends_at > now()"), 30)
        assert world.places() == 1


def a_budget_killed_as_the_write_is_under_way_has_one_place_for_it_afterwards(lab):
    postgres = database()
    if postgres is None:
        return
    with ApiRelay(lab) as relay, InFleet(lab, relay, "budgeted", postgres,
                                         autonomy="act") as world:
        relay.meet(is_effect, postgres.kill)
        world.roll_out(shops.ILL_IMAGE)
        assert world.wait_over() == "healed", world.story()
        assert postgres.process is None
        world.check_done_once()
        postgres.start()
        assert world.places() == 1, "what was granted is forgotten, or was granted twice"


# --- approvals -----------------------------------------------------------------------------------
def a_yes_after_the_deadline_of_its_question_is_none(lab):
    with ApiRelay(lab) as relay, World(lab, relay, "late", guard=", question_for: 30s") as world:
        question = world.break_and_wait_for_question()
        world.wait("silence is no", lambda: "silence is no" in world.agent.log.read_text())
        status, told = world.say_yes(question)
        assert status == REFUSED, told
        assert shops.closed(world.agent) in (None, "escalated"), world.story()
        world.check_untouched()
        assert not world.recorded("intent"), world.story()


def a_yes_that_comes_twice_is_done_once(lab):
    with ApiRelay(lab) as relay, World(lab, relay, "twice-said") as world:
        question = world.break_and_wait_for_question()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            said = list(pool.map(world.say_yes, [question] * 2))
        assert OK in [status for status, _ in said], said
        assert world.wait_over() == "healed", world.story()
        assert world.say_yes(question)[0] == REFUSED
        world.check_done_once()
        assert len(world.recorded("answered")) == 1, world.story()


def a_yes_while_the_server_does_not_answer_is_done_once_it_does_and_guard_has_looked(lab):
    with ApiRelay(lab) as relay, World(lab, relay, "unanswered") as world:
        question = world.break_and_wait_for_question()
        relay.go()
        assert world.say_yes(question)[0] == OK
        world.wait_answered_without_a_world()
        world.check_untouched()
        relay.come()
        world.heal_with_leave(question)
        kinds = [one["type"].split(".")[-1] for one in world.exported()]
        answered, intent = kinds.index("answered"), kinds.index("intent")
        assert "verdict" in kinds[answered:intent], kinds


def a_yes_to_a_world_that_has_moved_on_while_the_server_was_away_does_nothing(lab):
    with ApiRelay(lab) as relay, World(lab, relay, "moved") as world:
        question = world.break_and_wait_for_question()
        relay.go()
        assert world.say_yes(question)[0] == OK
        world.wait_answered_without_a_world()
        world.roll_out(OTHER_IMAGE)  # Somebody mends it.
        relay.come()
        world.wait_over(seconds=180)
        world.check_untouched()
        assert world.image() == OTHER_IMAGE


CELLS = [
    cut_off_from_the_lease_alone_while_a_person_is_asked_it_does_nothing_more_and_another_does_it,
    cut_off_between_the_rehearsal_and_the_write_it_does_not_write_once_the_lease_is_over,
    while_replies_to_renewals_are_lost_it_does_nothing_though_the_lease_is_its_own,
    while_the_lease_is_in_another_name_a_yes_is_no_leave_to_act,
    a_sink_killed_while_a_person_is_asked_keeps_the_remedy_waiting_until_it_is_back,
    a_sink_killed_as_the_write_is_under_way_gets_all_of_it_once_and_nothing_is_done_twice,
    a_budget_killed_while_a_person_is_asked_grants_nothing_until_it_is_back,
    a_budget_killed_as_the_write_is_under_way_has_one_place_for_it_afterwards,
    a_yes_after_the_deadline_of_its_question_is_none,
    a_yes_that_comes_twice_is_done_once,
    a_yes_while_the_server_does_not_answer_is_done_once_it_does_and_guard_has_looked,
    a_yes_to_a_world_that_has_moved_on_while_the_server_was_away_does_nothing,
]


def main():
    words = "_".join(sys.argv[2:])
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder, PlayedTraffic() as traffic:
        shops.SHOPS.update(folder=folder, traffic=traffic)
        STAGE.update(folder=folder)
        try:
            return run_each([cell for cell in CELLS if words in cell.__name__],
                            QuickLab(Path(folder) / "lab", is_audited=True))
        finally:
            if "postgres" in STAGE:
                STAGE["postgres"].kill()


if __name__ == "__main__":
    sys.exit(main())
