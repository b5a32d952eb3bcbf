"""What each remedy cost, from what users lost while it was tried. Pure.

The unit, prices, margins and what they are for are those of the simulator
(homeostat/sim/cases/truth.hpp; docs/cases.md): a second is as many requests as users usually make
in one. Only times are others, because these are real: 15 s instead of 120 s are looked at. What
still goes wrong in the last 6 s is held to go on, so that both worlds reckon with 420 s in all.
"""

import math

HORIZON_S = 15.0
LATE_S = 6.0  # The last of it.
WHOLE_S = 420.0  # Until somebody notices without being told; the simulator: 120 s and 300 s.
PERSON_NEEDS_S = 180.0
# Of the late losses: so many requests are lost by chance now and then.
CHANCE_REQUESTS = 2.0
FALLBACK_COSTS = 0.3  # Of a request that was answered without the check of fraud.

MARGIN_S, MARGIN_OF_SAVING, MARGIN_OF_SAVING_MAX_S, MARGIN_OF_COST = 0.4, 0.1, 1.5, 0.05
HARM_S, HARM_OF_COST = 2.0, 0.05
DOUBT_MAX = 3.0
# Unlike the simulator's, two lives with the same traffic differ. What of that is chance is reckoned
# from how many requests were lost late; a difference counts from so many standard deviations on.
DEVIATIONS = 2.0
# Losses come in bunches. So many times what single ones would differ by: measured over pairs of
# lives that do nothing with the same traffic (`tools/second_world.py --parts noise`), so far of
# four cases.
BUNCHING = 3.3
PRICES = {"observe": 0, "eject": 1, "open_circuit": 1, "invalidate_cache": 1, "reroute": 1,
          "scale": 1.5, "restart": 1.5, "rolling_restart": 3, "rollback": 4, "escalate": 15}
# Of a user's request: does one come by? The source of rates sees what the cache lacks.
REACH = {"payments": 1.0, "fraud": 1.0, "quotes": 1.0, "rates": 0.3, "redis": 0.3}


def price_of(remedy):
    kind = remedy["remedy"]
    return PRICES[kind] * (1 + REACH.get(remedy.get("role"), 1.0)) / 2


def loss_of(requests, began_at, degraded=0.0):
    """Of the requests that were due after `began_at`: how many in all, lost, and lost late.
    requests: (due, latency, verdict). `degraded`: what a good answer lacks."""
    seen = {"requests": 0, "lost": 0.0, "late_lost": 0.0}
    for due, _, verdict in requests:
        after = due - began_at
        if not 0 <= after < HORIZON_S:
            continue
        lost = degraded if verdict == "good" else 1.0
        seen["requests"] += 1
        seen["lost"] += lost
        seen["late_lost"] += lost if after >= HORIZON_S - LATE_S else 0
    return seen


def cost_of(loss, rate, is_person_called=False):
    """In seconds of the users' usual traffic."""
    late_per_s = max(0.0, loss["late_lost"] - CHANCE_REQUESTS) / LATE_S
    goes_on_s = (PERSON_NEEDS_S if is_person_called else WHOLE_S) - HORIZON_S
    return (loss["lost"] + late_per_s * goes_on_s) / rate


def chance_of(loss, rate, is_person_called=False):
    """The standard deviation of such a cost, in seconds, if each late request is lost by chance."""
    late = loss["requests"] * LATE_S / HORIZON_S
    share = min(1.0, loss["late_lost"] / late) if late else 0.0
    goes_on_s = (PERSON_NEEDS_S if is_person_called else WHOLE_S) - HORIZON_S
    return math.sqrt(late * share * (1 - share)) / LATE_S * goes_on_s / rate


def total(tried):
    return sum(tried["costs"].values()) / len(tried["costs"]) + tried["price"]


def difference(one, other):
    """(mean, spread) of what the one costs more, in the futures that both were tried in."""
    both = sorted(set(one["costs"]) & set(other["costs"]))
    more = [one["costs"][future] - other["costs"][future] for future in both]
    return sum(more) / len(more) + one["price"] - other["price"], max(more) - min(more)


def chance_between(one, other):
    """What the means of both may differ by if nothing is behind it. A call is reckoned from the
    same lives as doing nothing: between these two there is no chance."""
    if {one["remedy"]["remedy"], other["remedy"]["remedy"]} == {"observe", "escalate"}:
        return 0.0
    squares = sum(sum(chance ** 2 for chance in those["chances"].values())
                  / len(those["chances"]) ** 2 for those in (one, other))
    return DEVIATIONS * BUNCHING * math.sqrt(squares)


def is_clearly_worse(one, other, margin):
    mean, spread = difference(one, other)
    return mean > margin and mean > max(spread, chance_between(one, other))


def gains(one, nothing):
    """It is cheaper than doing nothing, and not by chance; the simulator need not ask that."""
    return difference(nothing, one)[0] > chance_between(one, nothing)


def best_of(tried):
    """Of those that gain, and doing nothing."""
    return min((one for one in tried if one is tried[0] or gains(one, tried[0])), key=total)


def margin_of(best, nothing):
    saved = MARGIN_OF_SAVING * (total(nothing) - total(best))
    return max(MARGIN_S, min(saved, MARGIN_OF_SAVING_MAX_S), MARGIN_OF_COST * total(best))


def is_near(one, best, nothing):
    """Within the margin of the best of them. Whoever acts has to gain by it."""
    margin = margin_of(best, nothing)
    return ((one is nothing or gains(one, nothing)) and not is_clearly_worse(one, best, margin)
            and difference(one, best)[0] <= DOUBT_MAX * margin)


def harm_of(nothing):
    return max(HARM_S, HARM_OF_COST * total(nothing))


def judge(tried):
    """Sets `verdict` of each: acceptable, useless or harmful. The first is to observe. `costs`: by
    the future."""
    nothing, best = tried[0], best_of(tried)
    for one in tried:
        may_harm = one["remedy"]["remedy"] != "escalate"
        if is_near(one, best, nothing):
            one["verdict"] = "acceptable"
        elif may_harm and is_clearly_worse(one, nothing, harm_of(nothing)):
            one["verdict"] = "harmful"
        else:
            one["verdict"] = "useless"


def needs_another_look(one, tried):
    """After one future: it may be acceptable, or looks harmful. What is neither stays useless."""
    nothing, best = tried[0], best_of(tried)
    margin = 2 * DOUBT_MAX * margin_of(best, nothing) + chance_between(one, best)
    is_promising = difference(nothing, one)[0] > 0 and difference(one, best)[0] <= margin
    return is_promising or is_clearly_worse(one, nothing, harm_of(nothing) / 2)
