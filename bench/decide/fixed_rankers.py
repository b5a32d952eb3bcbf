"""Rankers that learn nothing here: the rules' own weights, the program, one remedy, chance."""

import random


def observing(case):
    """To observe is on every menu."""
    return [one for one in case["remedies"] if one["remedy"] == "observe"]


class Rules:
    name = "rules"

    def learn(self, cases):
        pass

    def choose(self, case):
        return max(case["remedies"], key=lambda one: one["weight"])


class Program:
    """What `homeostat decide --ranker NAME` chose: `case["program"][NAME]`."""

    def __init__(self, name):
        self.name = name

    def learn(self, cases):
        pass

    def choose(self, case):
        return case["program"][self.name]


class Kind:
    """A kind that was named elsewhere, `case["kind_named"]`, at the target that the tree weighs
    most for it; to observe where none was."""

    name = "json_grammar"

    def learn(self, cases):
        pass

    def choose(self, case):
        kind = case["kind_named"]
        those = [one for one in case["by_tree"] if one["remedy"] == kind]
        return (those or observing(case))[0]


class Always:
    """One remedy, at the target that the rules weigh most for it; to observe without any."""

    def __init__(self, name, kinds):
        self.name = name
        self.kinds = kinds

    def learn(self, cases):
        pass

    def choose(self, case):
        those = [one for one in case["remedies"] if one["remedy"] in self.kinds]
        return max(those or observing(case), key=lambda one: one["weight"])


class Random:
    name = "random"

    def learn(self, cases):
        pass

    def choose(self, case):
        return random.Random(case["id"]).choice(case["remedies"])
