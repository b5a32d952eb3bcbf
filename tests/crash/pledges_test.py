#!/usr/bin/env python3
"""Two agents that agree, and are killed, stopped and cut off at every step of an agreement.

    pledges_test.py --bin build/release/bin [--all] [--rounds 7] [--seed 1] [--only TEXT]

A minute and a half; with --all, of which `make soak` makes use, both agents die at each step, too.
What users get, what is sent to fraud and what the dimmer holds back is seen where
it happens; the agents' own ledgers say what they believed meanwhile. More rounds are drawn by the
seed: of a step, of who dies there, and of how long nobody comes after it.
"""

import json
import math
import random
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from harness import chosen, parser_for, subject_of
from pledged_world import AGENTS, EXPIRE, RELIED_ON, TTL, PledgedWorld, now, wait_until

# An agreement has fifty milliseconds, and a disk that others write to may need longer for one sync.
MEMORY = Path("/dev/shm")
PROMISES_PER_LIFE = 2  # One less than an agent changes its terms in a minute.
TRIES_MAX = 3  # Of what needs an agreement that lasts.
SLACK = 0.5  # Seconds, of a machine with other things to do.
CALM = 1.5  # Seconds that users have to be well before somebody dies, and after it.
RATE_SPAN = 3.0  # Seconds over which what is sent to fraud is counted.
SIGMAS = 7  # Of a count, by which more may be sent than was promised.
FALLBACK_MAX = 1.0  # Seconds from a question to the local fallback.

# The messages before which somebody dies, and the calls of the agent of payments (kill_point.cpp).
MESSAGES = ("cfp", "offer", "accept", "renew", "release")
CALLS = {"before the intent": ("write ledger/#.hlog: dimming", 1),
         "between intent and effect": ("send set table dimmers key fraud data.gpt# #", 1),
         "between effect and outcome": ("write ledger/#.hlog: dimmed", 1)}
ANY_TIME = "some time"
TOO_SLOW_MS = 600  # What was agreed on does not help then, so that the caller wants to leave it.
# (step, who dies there, for how long nobody comes after them; None: until no mode is on)
ROUNDS = [("between intent and effect", ("payments",), 0.0),
          ("cfp", ("payments",), 0.5),
          ("offer", ("fraud",), 0.0),
          ("accept", AGENTS, None),
          ("between effect and outcome", ("payments",), 0.0),
          ("renew", ("fraud",), 1.0),
          ("renew", ("payments",), 0.0)]


# Both die, and nobody comes until no mode is on.
EVERY_STEP = [(step, AGENTS, None) for step in (*MESSAGES, *CALLS)] + \
    [("release", ("fraud",), 0.0), ("release", ("payments",), None)]


def draw_round():
    step = random.choice([*MESSAGES, *CALLS, ANY_TIME])
    dying = [("payments",), AGENTS] if step in CALLS else [("payments",), ("fraud",), AGENTS]
    return step, random.choice(dying), random.choice((0.0, random.uniform(0, 3), None))


# --- what happens ----------------------------------------------------------------------------
def happens(condition, seconds):
    give_up_at = now() + seconds
    while not condition() and now() < give_up_at:
        time.sleep(0.02)
    return condition()


def agree(world):
    """With lives that may still change their minds. Two agents that have seen an agreement bring no
    relief do without for a minute: then others take their places."""
    begun_at = max(world.gone["payments"], default=0)
    promised = world.ledgers["payments"].events("promised", since=begun_at)
    if len(promised) >= PROMISES_PER_LIFE:
        world.start_anew()
    for _ in range(TRIES_MAX):
        if happens(world.is_agreed, 12):
            return
        world.start_anew()
    raise AssertionError(f"{TRIES_MAX} lives have not agreed")


def die_at(world, step, victims):
    """Until all of them are dead. False: the step did not come."""
    if step == ANY_TIME:
        time.sleep(random.uniform(0, 3))
        world.kill_agent(victims[0])
    elif step in CALLS:
        world.arm(*CALLS[step])
    else:
        world.trap = (step, victims)
    first = world.agents[victims[0]]
    has_come = happens(lambda: first.poll() is not None, 12)
    world.trap = None
    world.disarm()
    for agent in victims if has_come else ():
        if step in CALLS and agent == "payments":
            world.gone[agent].append(now())
        elif world.agents[agent].poll() is None:
            world.kill_agent(agent)
    return has_come


def see_it_end(world, since, why):
    """No mode is on after a promise and whatever an entry lives."""
    left = TTL + EXPIRE + SLACK - (now() - since)
    wait_until(f"no mode is on although {why}", lambda: world.held() == 0, left)


def begin(world, step):
    """So that the step is still to come."""
    if step in ("renew", "release"):
        agree(world)
    if step == "release":
        world.switch(service="fraud", slow_ms=TOO_SLOW_MS)
    elif step == "renew":
        # The share follows calls that are counted a second at a time; now and then it is too low.
        happens(lambda: failures(world, now() - CALM, now())[1] == 0, 12)
    elif step in MESSAGES and world.is_agreed():
        world.kill_agent("payments")
        world.start_again()


def see_told(world, agent, event, since):
    """What has happened is written down a little later."""
    ledger = world.ledgers[agent]
    wait_until(f"{agent} tells of {event}", lambda: ledger.events(event, since=since), 5)


def play(world, step, victims, absent_for):
    for tries in range(TRIES_MAX):
        begin(world, step)
        if die_at(world, step, victims):
            break
        assert tries + 1 < TRIES_MAX, f"nobody came to {step}"
        world.weaken()
        world.start_anew()
    died_at = now()
    were_well = failures(world, died_at - CALM, died_at)[1] == 0
    was_held = world.held()
    if absent_for is None:
        for agent in AGENTS:
            if agent not in victims:
                world.kill_agent(agent)
        see_it_end(world, died_at, "all agents are dead")
        time.sleep(SLACK)
        assert world.held() == 0, "a mode has come on while no agent lived"
    else:
        time.sleep(absent_for)
    if step == "release":
        world.weaken()
        world.start_anew()  # Who was not helped does not ask again for a while.
    else:
        world.start_again()
    print(f"    {', '.join(victims)} died at {step}, {was_held} of 1000 were held back then",
          flush=True)
    if step == "renew" and were_well:
        check_users(world, died_at)


def post(port, message):
    """Status and answer of an agent."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/pledges", message,
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# --- what must hold --------------------------------------------------------------------------
def failures(world, begin, end):
    """Of how many, and which share of them."""
    seen = world.answers(begin, end)
    bad = [verdict for _, verdict in seen if verdict not in ("good", "slow")]
    return len(seen), len(bad) / max(1, len(seen))


def check_users(world, died_at):
    """What is in force stays so: whoever dies, users get what they got."""
    time.sleep(max(0, died_at + CALM - now()))
    count, share = failures(world, died_at, died_at + CALM)
    print(f"    users: {share:.3f} of {count} failed after it")
    assert share <= 0.03, "users saw the death of an agent"


def sent_in_spans(looks, span_s):
    """(seconds, calls sent) of each span of that length, or a look more."""
    first = 0
    for at, count, _ in looks:
        while at - looks[first][0] > span_s:
            first += 1
        if first > 0:
            since, before, _ = looks[first - 1]
            yield at - since, count - before


def check_rates(world):
    """While fraud counts on a rate, no more is sent to it.

    A share is drawn and the calls are estimated from those that passed, both with the error of a
    count: in the mean of some seconds the rate is kept, in a single one it may not be.
    """
    worst, spans_count = (0.0, ""), 0
    sent_total, promised_total = 0, 0.0
    for begin, end, rate in world.relied_on():
        looks = world.looks.between(begin, end)
        if looks:
            sent_total += looks[-1][1] - looks[0][1]
            promised_total += rate * (looks[-1][0] - looks[0][0])
        for span, sent in sent_in_spans(looks, RATE_SPAN):
            promised = rate * span
            told = f"{sent} calls in {span:.1f} s of {begin:.2f}–{end:.2f}, {rate}/s promised"
            worst = max(worst, (sent / (promised + SIGMAS * math.sqrt(promised)), told))
            spans_count += 1
    print(f"  in {spans_count} spans of {RATE_SPAN:.0f} s at most {worst[0]:.2f} of the bound: "
          f"{worst[1]}; in all {sent_total / promised_total:.2f} of what was promised")
    assert spans_count > 10, "fraud counted on nothing for long, so nothing was tested"
    assert worst[0] <= 1, worst[1]


def check_effects(world):
    """Each effect was announced, before it, and once; and has one outcome at most."""
    announced, settled = set(), set()
    for _, kind, body in world.ledgers["payments"].read():
        if kind == "dimming":
            assert body["effect"] not in announced, f"{body['effect']} was announced twice"
            announced.add(body["effect"])
        if kind == "dimmed" and body["outcome"]["outcome"] == "done":
            assert body["effect"] in announced, f"{body['effect']} was never announced"
            assert body["effect"] not in settled, f"{body['effect']} has two outcomes"
            settled.add(body["effect"])
    print(f"  {len(announced)} turns of the dimmer were announced, {len(settled)} done")
    assert settled


def check_epochs(world):
    for agent in AGENTS:
        lives = world.epochs[agent]
        assert lives == sorted(set(lives)) and len(lives) > 2, f"epochs of {agent}: {lives}"


def check_nothing_of_the_past(world, since):
    """Whatever holds calls back was asked for, or is a fallback, of this time."""
    ledger = world.ledgers["payments"]
    reasons = [at for at, _ in ledger.events("asked", "helped_self", since=since)]
    for at, body in ledger.of_kind("dimming", since=since):
        is_of_now = bool(reasons) and reasons[0] <= at
        assert body["dim"]["permille"] == 0 or is_of_now, \
            f"{body} although nobody has asked since {since:.3f}"


# --- The tests: each a sentence that can be false ----------------------------------------------
def users_do_not_see_that_agents_die_while_all_is_well(world, _):
    time.sleep(1)  # Of traffic.
    begin = now()
    for agent in AGENTS:
        world.kill_agent(agent)
    time.sleep(1.5)
    end = now()
    world.start_again()
    wait_until("the agents have heard each other", world.is_usual, 20)
    count, share = failures(world, begin, end)
    assert count > 100 and share == 0, f"{share:.3f} of {count} failed"


def whoever_dies_at_whichever_step_leaves_a_world_that_goes_on(world, options):
    world.weaken()
    has_library = (world.programs / "kill_point.so").exists()
    if not has_library:
        print("SKIPPED: kills between two calls: kill_point.so was not built")
    drawn = [draw_round() for _ in range(options.rounds - len(ROUNDS))]
    rounds = [*ROUNDS[:options.rounds], *drawn, *(EVERY_STEP if options.all else [])]
    for step, victims, absent_for in rounds:
        if step in CALLS and not has_library:
            continue
        play(world, step, victims, absent_for)
    agree(world)


def a_caller_that_stood_still_holds_nothing_back_from_its_past(world, _):
    agree(world)
    world.stop_agent("payments")
    stopped_at = now()
    see_it_end(world, stopped_at, "its agent stands still")
    see_told(world, "fraud", "let_go", stopped_at)
    relied = world.relied_on()[-1]
    assert relied[1] <= stopped_at + RELIED_ON + SLACK, "fraud counts on who stands still"
    woken_at = now()
    world.go_on("payments")
    view = world.view("payments")
    assert view["phase"] != "degraded" or view["lasts_ms"] <= 0, view
    agree(world)
    see_told(world, "payments", "promised", woken_at)
    check_nothing_of_the_past(world, woken_at)


def a_callee_that_stood_still_counts_on_nothing_from_its_past(world, _):
    agree(world)
    world.stop_agent("fraud")
    stopped_at = now()
    time.sleep(TTL + 1)
    see_told(world, "payments", "ended", stopped_at)
    woken_at = now()
    world.go_on("fraud")
    view = world.view("fraud")
    assert view["phase"] != "relying" or view["lasts_ms"] <= 0, view
    agree(world)
    see_told(world, "fraud", "relied_on", woken_at)
    of_now = world.ledgers["fraud"].events("offered", "relied_on", since=woken_at)
    assert of_now[0][1]["event"] == "offered", f"it counts on what it has not asked for: {of_now}"


def without_a_word_from_the_other_side_each_helps_itself(world, _):
    world.start_anew()
    agree(world)
    for relay in world.relays.values():
        relay.how = "loses"
    cut_at = now()
    caller, callee = world.ledgers["payments"], world.ledgers["fraud"]
    wait_until("the promise has ended", lambda: caller.events("ended", since=cut_at), TTL + SLACK)
    wait_until("fraud counts on nothing", lambda: callee.events("let_go", since=cut_at), TTL)
    ended_at = caller.events("ended", since=cut_at)[0][0]
    let_go_at = callee.events("let_go", since=cut_at)[0][0]
    assert ended_at <= cut_at + TTL + SLACK and let_go_at <= cut_at + 2 * TTL + SLACK
    wait_until("payments helps itself", lambda: caller.events("helped_self", since=cut_at), 10)
    asked_at, helped_at = (caller.events(event, since=cut_at)[0][0]
                           for event in ("asked", "helped_self"))
    time.sleep(1)
    silent = [*caller.events("promised", since=cut_at + SLACK),
              *callee.events("relied_on", since=cut_at + SLACK)]
    assert not silent, f"a promise was made of silence: {silent}"
    assert 0 <= helped_at - asked_at <= FALLBACK_MAX, f"it waited for {helped_at - asked_at} s"
    for relay in world.relays.values():
        relay.how = "breaks"
    wait_until("messages were broken off on both ways",
               lambda: all(relay.counts["breaks"] > 1 for relay in world.relays.values()), 10)
    for relay in world.relays.values():
        relay.how = "passes"
    agree(world)


def while_suspended_nothing_is_turned_and_the_mode_ends_by_itself(world, _):
    agree(world)
    done = world.run_command("payments", "suspend")
    assert done.returncode == 0, done.stderr
    suspended_at = now()
    see_it_end(world, suspended_at, "payments is suspended")
    wait_until("fraud counts on nothing",
               lambda: world.ledgers["fraud"].events("let_go", since=suspended_at), TTL)
    time.sleep(1)
    assert world.held() == 0 and world.pledges("payments")["frozen"] == "frozen"
    turns = world.ledgers["payments"].of_kind("dimming", since=suspended_at)
    assert not turns, f"a suspended agent turns a dimmer: {turns}"
    world.start_anew()
    wait_until("a restart remembers who suspended it",
               lambda: world.pledges("payments")["frozen"] == "frozen", 5)
    assert world.run_command("payments", "resume").returncode == 0
    agree(world)


def deaths_on_the_way_back_leave_nothing_behind(world, _):
    for _ in range(TRIES_MAX):
        world.weaken()
        agree(world)
        world.trap = ("revoke", ("fraud",))
        world.switch(clear=True)
        mended_at = now()
        if happens(lambda: world.trap is None, 20):
            break
        world.trap = None
    else:
        raise AssertionError("fraud takes nothing back although it is well")
    assert world.agents["fraud"].wait(5) == -9
    wait_until("the promise has ended",
               lambda: world.ledgers["payments"].events("ended", since=mended_at), 10)
    world.kill_agent("payments")
    world.start_again()
    wait_until("all is as usual", world.is_usual, 40)
    settled_at = now()
    time.sleep(1.5)
    assert world.held() == 0 and failures(world, settled_at, now() - 0.5)[1] == 0


def a_message_that_is_forged_or_old_changes_nothing_but_a_count(world, _):
    """Of the last agreement's, and of one that has just come."""
    for agent in AGENTS:
        before = world.pledges(agent)
        last = dict(world.relays[agent].last)
        beacon = last["beacon"]
        sent = {"malformed": b"{}",
                "oversized": beacon + b" " * 1024,
                "version_unknown": beacon.replace(b'"v":1,', b'"v":2,'),
                "forged": beacon[:-3] + (b"0" if beacon[-3:-2] != b"0" else b"1") + beacon[-2:],
                "sender_unknown": beacon.replace(b'"from":"', b'"from":"x'),
                "replayed": beacon}
        for why, message in sent.items():
            status, answer = post(world.mesh_ports[agent], message)
            expected = 413 if why == "oversized" else 400
            assert (status, json.loads(answer)) == (expected, {"discarded": why}), (why, answer)
        old = [message for kind, message in last.items() if kind != "beacon"]
        for message in old:
            status, answer = post(world.mesh_ports[agent], message)
            assert status == 400 and json.loads(answer)["discarded"] in ("stale_epoch", "replayed")
        after = world.pledges(agent)
        counted = {why: count - before["discarded"][why]
                   for why, count in after["discarded"].items()}
        assert sum(counted.values()) == len(sent) + len(old), counted
        assert all(counted[why] >= 1 for why in sent), counted
        assert [one["phase"] for one in after["pledges"]] == \
            [one["phase"] for one in before["pledges"]], (before, after)
        print(f"  {agent} has thrown away {sum(counted.values())} messages")
    assert world.held() == 0


def modes_of(world, agent):
    url = f"http://127.0.0.1:{world.mesh_ports[agent]}/v1/modes"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return json.loads(answer.read())["modes"]


def a_service_is_told_over_http_in_which_mode_its_routes_are(world, _):
    """The caller's routes, while the mode lasts; a callee has none."""
    world.weaken()
    agree(world)
    (told,), view = modes_of(world, "payments"), world.view("payments")
    assert set(told) == {"route", "mode", "permille", "rps_max", "lasts_ms"}, told
    assert told["mode"] and (told["route"], told["mode"]) == (view["route"], view["mode"]), \
        (told, view)
    assert told["rps_max"] > 0 and 0 < told["lasts_ms"] <= TTL * 1000, told
    assert modes_of(world, "fraud") == []
    world.switch(clear=True)
    wait_until("all is as usual", world.is_usual, 40)
    (told,) = modes_of(world, "payments")
    assert told["permille"] == 0 and told["lasts_ms"] <= 0, told


def both_ledgers_tell_of_every_effect_and_what_was_promised_was_kept(world, _):
    for agent in AGENTS:
        world.agents[agent].terminate()
        assert world.agents[agent].wait(10) == 0
        assert world.ask(agent, "verify-ledger")["intact"] is True
    world.looks.end()
    check_effects(world)
    check_epochs(world)
    check_rates(world)


TESTS = [
    users_do_not_see_that_agents_die_while_all_is_well,
    whoever_dies_at_whichever_step_leaves_a_world_that_goes_on,
    a_caller_that_stood_still_holds_nothing_back_from_its_past,
    a_callee_that_stood_still_counts_on_nothing_from_its_past,
    without_a_word_from_the_other_side_each_helps_itself,
    while_suspended_nothing_is_turned_and_the_mode_ends_by_itself,
    deaths_on_the_way_back_leave_nothing_behind,
    a_message_that_is_forged_or_old_changes_nothing_but_a_count,
    a_service_is_told_over_http_in_which_mode_its_routes_are,
    both_ledgers_tell_of_every_effect_and_what_was_promised_was_kept,
]


def main():
    parser = parser_for(__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--rounds", type=int, default=len(ROUNDS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    if MEMORY.is_dir():
        tempfile.tempdir = str(MEMORY)
    with subject_of(PledgedWorld, options) as world:
        world.start()
        for test in chosen(TESTS, options):
            began_at = time.monotonic()
            test(world, options)
            print(f"  {time.monotonic() - began_at:.1f} s", flush=True)
    print("ok")


if __name__ == "__main__":
    main()
