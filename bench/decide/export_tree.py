"""Writes the trees of `homeostat decide`: models/ranker/tree.json, by which it ranks, and
models/ranker/harm.json, by which it holds back.

What lightgbm learnt is written down as numbers and nothing else, read by
homeostat/cases/tree_ranker.cpp. Numbers are rounded as far as no row of training takes another
way and no score moves by more than 1e-4. tools/decide_figures.py calls it, in the parts `tree`
and `harm`.
"""

import json
import math

import numpy

from harm_tree import HarmTree
from rankers import LAST_COLUMNS, Tree, rows_of

FORMAT = 1
LEAF_DIGITS = 6
TEMPERATURES = [round(0.5 * 1.05 ** step, 3) for step in range(40)]


def rounded(value, digits):
    return float(f"{value:.{digits}g}")


def short_threshold(threshold, column):
    """The shortest number that parts the sorted values of a column as `threshold` does."""
    below = int(numpy.searchsorted(column, threshold, side="right"))
    for digits in range(2, 17):
        short = rounded(threshold, digits)
        if int(numpy.searchsorted(column, short, side="right")) == below:
            return short
    return threshold


def arrays_of(root, columns):
    """A tree as five lists. A node is what it asks: `row[feature] <= threshold` goes left. A leaf
    has no feature (-1) and its value in place of the threshold."""
    tree = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}

    def add(node):
        at = len(tree["feature"])
        is_leaf = "leaf_value" in node
        if not is_leaf and node["decision_type"] != "<=":
            raise ValueError(f"a decision '{node['decision_type']}' cannot be written down")
        feature = -1 if is_leaf else node["split_feature"]
        tree["feature"].append(feature)
        tree["threshold"].append(
            0 if is_leaf else short_threshold(node["threshold"], columns[feature]))
        tree["value"].append(rounded(node["leaf_value"], LEAF_DIGITS) if is_leaf else 0)
        tree["left"].append(0)
        tree["right"].append(0)
        if not is_leaf:
            tree["left"][at] = add(node["left_child"])
            tree["right"][at] = add(node["right_child"])
        return at
    add(root)
    return tree


def score_of(tree_document, row):
    """What the program reckons of a row."""
    total = 0.0
    for tree in tree_document["trees"]:
        at = 0
        while tree["feature"][at] >= 0:
            goes_left = row[tree["feature"][at]] <= tree["threshold"][at]
            at = tree["left"][at] if goes_left else tree["right"][at]
        total += tree["value"][at]
    return total


def weights_of(scores, temperature):
    raised = numpy.exp((scores - scores.max()) / temperature)
    return raised / raised.sum()


def likelihood_loss(cases, scores, temperature):
    """How surprised the weights are by what is acceptable, a case; a miss of all is log(1e-6)."""
    lost = 0.0
    for case, own in zip(cases, scores, strict=True):
        right = numpy.array([one["is_acceptable"] for one in case["remedies"]], dtype=bool)
        lost -= math.log(max(1e-6, float(weights_of(own, temperature)[right].sum())))
    return lost / len(cases)


def temperature_of(cases, folds=3):
    """What makes weights say how often they are right, on cases that were not learnt from."""
    kept, scores = [], []
    for fold in range(folds):
        ranker = Tree()
        ranker.learn([case for index, case in enumerate(cases) if index % folds != fold])
        for case in cases[fold::folds]:
            kept.append(case)
            scores.append(ranker.scores(case))
    return min(TEMPERATURES, key=lambda one: likelihood_loss(kept, scores, one))


def document_of(ranker, cases, names, learned, temperature):
    """names: of the columns, as the program has them. learned: of which cases, for people.
    ERRORS: the program has other columns than this script."""
    if names[-len(LAST_COLUMNS):] != LAST_COLUMNS:
        raise ValueError(f"the program ends its rows in {names[-len(LAST_COLUMNS):]}")
    if len(names) != len(rows_of(cases[0])[0]):
        raise ValueError("the program names other columns than it gives")
    rows = numpy.array([row for case in cases for row in rows_of(case)])
    columns = numpy.sort(rows, axis=0).T
    trees = [arrays_of(one["tree_structure"], columns)
             for one in ranker.model.dump_model()["tree_info"]]
    return {"format": FORMAT, "learned": learned, "columns": names, "temperature": temperature,
            "trees": trees}


def check(ranker, document, cases):
    """ERRORS: a score that the rounding has moved, or a choice."""
    for case in cases:
        exact = ranker.scores(case)
        own = numpy.array([score_of(document, row) for row in rows_of(case)])
        if numpy.abs(own - exact).max() > 1e-4:
            raise ValueError(f"{case['id']}: a score is {numpy.abs(own - exact).max()} off")
        if exact[int(numpy.argmax(own))] < exact.max() - 1e-9:
            raise ValueError(f"{case['id']}: rounding changed the choice")


def text_of(document):
    """Small, and a line a tree."""
    def compact(value):
        return json.dumps(value, separators=(",", ":"))
    head = ",\n".join(f'"{key}":{compact(value)}' for key, value in document.items()
                      if key != "trees")
    return f'{{{head},\n"trees":[\n' + ",\n".join(map(compact, document["trees"])) + "\n]}\n"


def known_scores(ranker, cases):
    """Rows and what lightgbm itself says of them, for the test of the program's reader."""
    told = []
    for case in cases[:: max(1, len(cases) // 6)]:
        rows, scores = rows_of(case), ranker.scores(case)
        for index in sorted({0, len(rows) // 2, int(numpy.argmax(scores))}):
            told.append({"row": rows[index], "score": float(scores[index])})
    return told


def write(path, ranker, document, cases):
    check(ranker, document, cases[::20])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(document), encoding="utf-8")


def export(cases, names, learned, path):
    """Writes the tree, and beside it rows.json with some scores that are known."""
    ranker = Tree()
    ranker.learn(cases)
    document = document_of(ranker, cases, names, learned, temperature_of(cases))
    write(path, ranker, document, cases)
    lines = ",\n".join(json.dumps(one, separators=(",", ":"))
                       for one in known_scores(ranker, cases))
    path.with_name("rows.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def export_harm(cases, names, learned, tree, path):
    """Writes the tree that says what does harm. tree: the one that ranks, which says what it will
    be asked about. Nobody takes its scores for shares, so that they need no temperature."""
    harm = HarmTree()
    harm.learn(cases, [tree.scores(case) for case in cases])
    write(path, harm, document_of(harm, cases, names, learned, temperature=1), cases)
