"""Arithmetic of the figures: medians, spreads, and what a sample says of a ratio or a rate.

Pure: the same numbers give the same answers, chance comes from a seed.
"""

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Of at least one number."""

    count: int
    least: float
    low: float  # The lower quartile.
    median: float
    high: float
    most: float


def quantile(numbers, share):
    """By linear interpolation between the order statistics; the numbers need not be in order."""
    ordered = sorted(numbers)
    if not ordered:
        raise ValueError("no numbers have no quantile")
    at = share * (len(ordered) - 1)
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def spread_of(numbers):
    return Spread(len(numbers), *(quantile(numbers, share) for share in (0, 0.25, 0.5, 0.75, 1)))


@dataclass(frozen=True)
class Ratio:
    """Of pairs: the geometric mean of `with / without`, and where it lies with 95 %."""

    count: int
    mean: float
    low: float
    high: float


def paired_ratio(pairs, seed=1, resamples=10_000):
    """Bootstrap over whole pairs, by percentiles: what disturbs a pair disturbs both its halves."""
    logs = [math.log(numerator / denominator) for numerator, denominator in pairs]
    if not logs:
        raise ValueError("no pairs have no ratio")
    chance = random.Random(seed)
    means = [math.fsum(chance.choices(logs, k=len(logs))) / len(logs) for _ in range(resamples)]
    return Ratio(len(logs), math.exp(math.fsum(logs) / len(logs)),
                 math.exp(quantile(means, 0.025)), math.exp(quantile(means, 0.975)))


def rate_bound(count, time):
    """The rate that `count` events of a Poisson process in `time` still allow with 95 %.

    Exact: the rate under which so few events, or fewer, have a chance of 5 %. None gives 3 / time.
    """
    if time <= 0:
        raise ValueError("a rate needs a time")

    def chance_of_so_few(mean):
        terms = (math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1))
                 for k in range(count + 1))
        return math.fsum(terms)

    low, high = 1e-9, 10.0 + 4 * count
    for _ in range(200):  # Halving: enough for every digit of a double.
        middle = (low + high) / 2
        if chance_of_so_few(middle) > 0.05:
            low = middle
        else:
            high = middle
    return high / time
