"""What the trees of models/ranker put first in cases for calibration, as
tools/decide_calibration.py takes it.

In two views. In one the trees are those that are shipped: the families of the cases for calibration
are ones that they learnt. In the other each case is judged by trees that learnt nothing of its
family, because the next fault is of a family that nobody has seen. A case of two faults of
different folds has no such tree and is in the first view alone.
"""

import json

import numpy

from harm_tree import HarmTree
from rankers import Tree, rows_of

FOLDS = 5
HEALTHY = "nothing"


class WrittenTree:
    """A tree as it was written down, scoring as the program does."""

    def __init__(self, path):
        document = json.loads(path.read_text())
        self.temperature = document["temperature"]
        self.trees = [tuple(numpy.array(one[name]) for name in
                            ("feature", "threshold", "left", "right", "value"))
                      for one in document["trees"]]

    def scores(self, case):
        rows = numpy.array(rows_of(case))
        each = numpy.arange(len(rows))
        total = numpy.zeros(len(rows))
        for feature, threshold, left, right, value in self.trees:
            at = numpy.zeros(len(rows), dtype=int)
            while (feature[at] >= 0).any():
                goes_left = rows[each, numpy.maximum(feature[at], 0)] <= threshold[at]
                below = numpy.where(goes_left, left[at], right[at])
                at = numpy.where(feature[at] >= 0, below, at)
            total += value[at]
        return total


def choice_of(case, scores, temperature, harm):
    """harm: what scores a case by the harm tree."""
    raised = numpy.exp((scores - scores.max()) / temperature)
    weights = raised / raised.sum()
    first = int(numpy.argmax(scores))
    chosen = case["remedies"][first]
    person = next(at for at, one in enumerate(case["remedies"]) if one["remedy"] == "escalate")
    return {"kind": chosen["remedy"], "weight": float(weights[first]),
            "harm": float(harm(case)[first]), "is_harmful": chosen["is_harmful"],
            "is_acceptable": chosen["is_acceptable"],
            "escalate_weight": float(weights[person]),
            "is_escalate_acceptable": case["remedies"][person]["is_acceptable"]}


def shipped_view(cases, tree, harm):
    return [choice_of(case, tree.scores(case), tree.temperature, harm.scores) for case in cases]


def fold_of_family(train):
    """Each family but the healthy one in a fold, in the order of names."""
    names = sorted({name for case in train for name in case["families"]} - {HEALTHY})
    return {name: at % FOLDS for at, name in enumerate(names)}


def fold_of(case, folds, number):
    """The fold whose trees have not seen the case's family; None: there is none. A healthy case
    goes by its number: who has learnt to leave one healthy estate alone has learnt of all."""
    own = {folds[name] for name in case["families"] if name != HEALTHY}
    if not own:
        return number % FOLDS
    return own.pop() if len(own) == 1 else None


def unseen_views(train, sets, temperature, say):
    """Of each set of cases, the view of trees that have not seen the family."""
    folds = fold_of_family(train)
    views = [[] for _ in sets]
    for fold in range(FOLDS):
        own = [case for case in train
               if fold not in {folds.get(name) for name in case["families"]}]
        say(f"fold {fold + 1} of {FOLDS}: {len(own)} cases to learn from")
        tree, harm = Tree(), HarmTree()
        tree.learn(own)
        harm.learn(own, [tree.scores(case) for case in own])
        for view, cases in zip(views, sets, strict=True):
            view += [choice_of(case, tree.scores(case), temperature, harm.scores)
                     for number, case in enumerate(cases)
                     if fold_of(case, folds, number) == fold]
    return views
