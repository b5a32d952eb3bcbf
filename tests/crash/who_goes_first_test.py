#!/usr/bin/env python3
"""Two agents that would both take capacity away at once, and what becomes of the one that waits.

    who_goes_first_test.py --bin build/release/bin [--all] [--only TEXT]

Three quarters of a minute; with --all, of which `make soak` makes use, over twice as long. Both
services have an instance that hangs, which a restart cures in some seconds. When it was restarted
is seen by the kernel's start times, and what an agent did and waited for by its ledger.
"""

import tempfile
import time
from pathlib import Path

from harness import chosen, parser_for, subject_of
from neighbour_world import TICKS, Neighbourhood, now, wait_until

MEMORY = Path("/dev/shm")  # A question is open for 50 ms; a disk may need longer for one sync.
SEEN_WITHIN = 15  # Seconds from the hang to a first effect, where nobody is in the way.
HEALED_WITHIN = 45
OPEN_FOR = 0.05  # docs/pledges.md: so long a question waits for its answers.
WORD_FOR = 2.0  # So long a word holds somebody up, and is then asked for again.
LEAVE_FOR = 3.0  # And so long whoever was let go may take to begin.
TRIES = 3  # Of what says nothing where a word has come too late.


# --- what happens ----------------------------------------------------------------------------
def hang_both(world):
    """What hangs, member by member."""
    return [(member, member.hang()) for member in world.members]


def see_healed(hanging):
    for member, was in hanging:
        wait_until(f"{member.name} is healed", lambda: member.is_healed(was), HEALED_WITHIN)


def see_one_at_it(world, since):
    """Who has begun, and who waits for it."""
    def found():
        for first, second in ((world.alpha, world.beta), (world.beta, world.alpha)):
            if first.first_effect_at(since) and second.waits(since):
                return first, second
        return None
    wait_until("one is at it and the other waits", found, SEEN_WITHIN)
    return found()


def see_begin(member, since, within=SEEN_WITHIN):
    wait_until(f"{member.name} has begun", lambda: member.first_effect_at(since), within)
    return member.first_effect_at(since)


def was_too_slow(world, askers, since):
    """A word to one of them has passed when its question was over: then it goes, as it may."""
    for name in askers:
        asks = [at for other, relay in world.relays.items() if other != name
                for at in list(relay.at.items())]
        for (kind, number), asked_at in asks:
            word_at = world.relays[name].at.get(("word", number))
            if kind == "intend" and asked_at >= since and word_at is not None and \
                    word_at > asked_at + OPEN_FOR:
                return True
    return False


def unless_too_slow(world, askers, does):
    """Anew where it fails and a word came too late on this machine."""
    for _ in range(TRIES):
        since = now()
        try:
            does(since)
            return
        except AssertionError as error:
            if not was_too_slow(world, askers, since):
                raise
            print(f"    a word came too late, so once more: {error}", flush=True)
        world.traps.clear()
        for member in world.members:
            member.go_on()
        world.wait_until_usual()
        for member in world.members:
            wait_until(f"{member.name} is calm", member.is_calm, HEALED_WITHIN)
    raise AssertionError("the machine was too slow")


# --- what must hold --------------------------------------------------------------------------
def is_apart(one, other):
    return one[1] <= other[0] or other[1] <= one[0]


def check_apart(world, since, hanging):
    """No remedy of one while one of the other was under way, and the kernel says so as well: each
    process began inside of the remedy that its own agent tells of."""
    spans = [member.restarts(since) for member in world.members]
    for one in spans[0]:
        for other in spans[1]:
            assert is_apart(one, other), f"both were at it: {spans}"
    for (member, _), own in zip(hanging, spans):
        process = member.alive()[member.names[0]]
        began_at = member.started_at(process)
        inside = [span for span in own if span[0] - 1 / TICKS <= began_at <= span[1]]
        assert len(inside) == 1, f"{member.name} began at {began_at}, its agent says {own}"
    told = ", ".join(f"{member.name} {own[0][0] - since:.1f} to {own[-1][1] - since:.1f} s"
                     for member, own in zip(world.members, spans))
    print(f"    {told}")


# --- The tests: each a sentence that can be false ----------------------------------------------
def two_that_would_restart_at_once_do_it_one_after_the_other(world):
    def does(since):
        hanging = hang_both(world)
        see_healed(hanging)
        check_apart(world, since, hanging)
        assert sum(member.waits(since) for member in world.members) > 0, "nobody had to wait"
    unless_too_slow(world, [member.name for member in world.members], does)


def those_whose_words_are_lost_restart_at_once_as_without_agents(world):
    """Else the test before this one could not fail."""
    for relay in world.relays.values():
        relay.how = "loses"
    since = now()
    hanging = hang_both(world)
    see_healed(hanging)
    for relay in world.relays.values():
        relay.how = "passes"
    (one,), (other,) = (member.restarts(since) for member in world.members)
    assert not is_apart(one, other), f"they would never have met: {one}, {other}"
    world.wait_until_usual()


def who_waits_goes_on(world, is_stopped):
    """After the word has expired that it was given, whatever has become of who gave it: that one
    is gone until then. The time is a bound below the half minute for which words are heeded."""
    since = now()
    hanging = hang_both(world)
    first, second = see_one_at_it(world, since)
    if is_stopped:
        first.stand_still()
    else:
        first.kill_agent()
    gone_at = now()
    begun_at = see_begin(second, since, WORD_FOR + SEEN_WITHIN)
    print(f"    {second.name} began {begun_at - gone_at:.2f} s after {first.name} was gone")
    assert gone_at < begun_at
    was = dict((member.name, process) for member, process in hanging)
    wait_until(f"{second.name} is healed", lambda: second.is_healed(was[second.name]),
               HEALED_WITHIN)
    if is_stopped:
        first.go_on()
    else:
        first.start_agent()
    see_healed(hanging)  # What was begun is carried through, by a successor as well.


def who_waits_for_one_that_dies_goes_on(world):
    who_waits_goes_on(world, is_stopped=False)


def who_waits_for_one_that_stands_still_goes_on(world):
    who_waits_goes_on(world, is_stopped=True)


def see_it_take_its_turn_anew(world, member, other, since, go_on):
    """`member` was let go and is away. The other one begins, and it comes back meanwhile."""
    assert member.first_effect_at(since) is None, f"{member.name} has begun already"
    gone_at = now()
    hangs = (other, other.hang())
    see_begin(other, since)
    time.sleep(max(0.0, gone_at + LEAVE_FOR + 0.2 - now()))
    assert other.restarts(since)[0][1] is None, "it is done already, so nothing is tested"
    go_on()
    return hangs


def who_stood_still_with_its_question_open_asks_again(world):
    def does(since):
        world.traps["alpha", "word"] = world.alpha.stand_still
        hangs = (world.alpha, world.alpha.hang())
        wait_until("alpha has asked", lambda: not world.traps, SEEN_WITHIN)
        other = see_it_take_its_turn_anew(world, world.alpha, world.beta, since, world.alpha.go_on)
        see_healed([hangs, other])
        check_apart(world, since, [hangs, other])
    unless_too_slow(world, ["alpha"], does)


def who_stood_still_between_its_leave_and_its_first_effect_asks_again(world):
    since = now()
    world.alpha.stop_before("open write ledger/#.hlog: verdict")
    hangs = (world.alpha, world.alpha.hang())
    wait_until("alpha stands still", world.alpha.stands_still, SEEN_WITHIN)
    world.alpha.disarm()
    other = see_it_take_its_turn_anew(world, world.alpha, world.beta, since, world.alpha.go_on)
    see_healed([hangs, other])
    check_apart(world, since, [hangs, other])


def a_successor_of_one_that_was_let_go_and_died_asks_again(world):
    since = now()
    world.alpha.die_before("replace write ledger/#.hlog: intent")
    hangs = (world.alpha, world.alpha.hang())
    wait_until("alpha's agent is dead", lambda: world.alpha.agent.poll() is not None, SEEN_WITHIN)
    world.alpha.disarm()
    other = see_it_take_its_turn_anew(world, world.alpha, world.beta, since,
                                      world.alpha.start_agent)
    see_healed([hangs, other])
    check_apart(world, since, [hangs, other])


USUAL = [two_that_would_restart_at_once_do_it_one_after_the_other,
         who_waits_for_one_that_dies_goes_on,
         who_stood_still_with_its_question_open_asks_again]
MORE = [those_whose_words_are_lost_restart_at_once_as_without_agents,
        who_waits_for_one_that_stands_still_goes_on]
WITH_LIBRARY = [who_stood_still_between_its_leave_and_its_first_effect_asks_again,
                a_successor_of_one_that_was_let_go_and_died_asks_again]


def main():
    parser = parser_for(__doc__)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    if MEMORY.is_dir():
        tempfile.tempdir = str(MEMORY)
    tests = USUAL + (MORE if options.all else [])
    if options.all and (options.bin / "kill_point.so").exists():
        tests += WITH_LIBRARY
    elif options.all:
        print("SKIPPED: stops and deaths between two calls: kill_point.so was not built")
    with subject_of(Neighbourhood, options) as world:
        world.start()
        for test in chosen(tests, options):
            began_at = time.monotonic()
            test(world)
            print(f"  {time.monotonic() - began_at:.1f} s", flush=True)
    print("ok")


if __name__ == "__main__":
    main()
