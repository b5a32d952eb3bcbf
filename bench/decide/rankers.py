"""The rankers that a small model has to beat, on the same evidence and the same cases.

Each sees what `homeostat decide --features --json` tells of each candidate: nothing else, and
nothing that says what is right. They learn from the cases of the training split alone.
"""

import collections

import numpy

from fixed_rankers import Always, Program, Random, Rules

KINDS = ["observe", "escalate", "restart", "rolling_restart", "rollback", "scale", "eject",
         "open_circuit", "invalidate_cache", "reroute"]
KIND_INDEX = {kind: index for index, kind in enumerate(KINDS)}


def rows_of(case):
    """A row of numbers for each candidate: the features, what the rules weigh, its kind."""
    rows = []
    for one in case["remedies"]:
        kind = [0.0] * len(KINDS)
        kind[KIND_INDEX[one["remedy"]]] = 1.0
        is_config = 1.0 if one.get("artifact") == "config" else 0.0
        rows.append([*one["features"], one["weight"], *kind, is_config])
    return rows


# What follows the features in a row, as the program names it.
LAST_COLUMNS = ["rules_weight", *(f"is_{kind}" for kind in KINDS), "is_config"]


class Scored:
    """Whatever gives each candidate a chance to be acceptable; the highest is chosen."""

    def fit(self, rows, labels, weights):
        raise NotImplementedError

    def chances(self, rows):
        raise NotImplementedError

    def learn(self, cases):
        rows, labels, weights = [], [], []
        for case in cases:
            own = rows_of(case)
            right = [one["is_acceptable"] for one in case["remedies"]]
            rows += own
            labels += right
            # Each case is equally heavy, and so are its right and wrong candidates together.
            good = max(1, sum(right))
            bad = max(1, len(right) - sum(right))
            weights += [1 / good if is_right else 1 / bad for is_right in right]
        self.fit(numpy.array(rows), numpy.array(labels), numpy.array(weights))

    def choose(self, case):
        chances = self.chances(numpy.array(rows_of(case)))
        return case["remedies"][int(numpy.argmax(chances))]


def shares_of(case):
    """What a ranker should believe: the acceptable candidates, if any, share the whole equally."""
    right = numpy.array([float(one["is_acceptable"]) for one in case["remedies"]])
    return right / max(1, right.sum())


def menu_loss(sizes, target, is_harmful, harm_weight):
    """The loss over whole menus, as lightgbm asks for it: gradient and hessian of
    -Σ target·log p + harm_weight·Σ p of what is harmful, p the softmax over each menu.

    sizes: how many candidates each has, in their order. is_harmful: 0 or 1 of each candidate. Where
    nothing is acceptable the second part alone is learnt."""
    begins = numpy.concatenate([[0], numpy.cumsum(sizes)[:-1]])
    menu_of = numpy.repeat(numpy.arange(len(sizes)), sizes)
    whole = numpy.add.reduceat(target, begins)[menu_of]

    def loss(scores, _):
        top = numpy.maximum.reduceat(scores, begins)
        raised = numpy.exp(scores - top[menu_of])
        p = raised / numpy.add.reduceat(raised, begins)[menu_of]
        harm = numpy.add.reduceat(p * is_harmful, begins)[menu_of]
        gradient = p * whole - target + harm_weight * p * (is_harmful - harm)
        return gradient, (2 + harm_weight) * numpy.maximum(p * (1 - p), 1e-3)
    return loss


class Tree:
    """A boosted tree that learns whole menus: one candidate is to stand above the others, and what
    is harmful low. It is what `homeostat decide` ranks by, once export_tree.py has written it
    down."""

    name = "tree"
    ROUNDS = 250
    HARM_WEIGHT = 2
    # The rate makes up for the hessian, which grows with the weight of harm.
    SETTINGS = {"learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 20,
                "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1,
                "lambda_l2": 1, "seed": 1, "deterministic": True, "force_row_wise": True,
                "num_threads": 2, "verbose": -1}

    def learn(self, cases):
        import lightgbm
        rows = numpy.array([row for case in cases for row in rows_of(case)])
        target = numpy.concatenate([shares_of(case) for case in cases])
        is_harmful = numpy.array(
            [float(one["is_harmful"]) for case in cases for one in case["remedies"]])
        loss = menu_loss([len(case["remedies"]) for case in cases], target, is_harmful,
                         self.HARM_WEIGHT)
        self.model = lightgbm.train({**self.SETTINGS, "objective": loss},
                                    lightgbm.Dataset(rows, label=target), self.ROUNDS)

    def scores(self, case):
        return self.model.predict(numpy.array(rows_of(case)))

    def choose(self, case):
        return case["remedies"][int(numpy.argmax(self.scores(case)))]


class Logistic(Scored):
    """With the products of each number and the remedy's kind: without them it could say nothing
    but which kinds are good."""

    name = "logistic"

    def spread(self, rows):
        numbers, kinds = rows[:, :-len(KINDS) - 1], rows[:, -len(KINDS) - 1:-1]
        numbers = (numpy.sign(numbers) * numpy.log1p(numpy.abs(numbers)) - self.mean) / self.scale
        products = (numbers[:, :, None] * kinds[:, None, :]).reshape(len(rows), -1)
        return numpy.hstack([products, kinds])

    def fit(self, rows, labels, weights):
        from sklearn.linear_model import LogisticRegression
        numbers = rows[:, :-len(KINDS) - 1]
        numbers = numpy.sign(numbers) * numpy.log1p(numpy.abs(numbers))
        self.mean, self.scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-9
        self.model = LogisticRegression(max_iter=300, C=0.3)
        self.model.fit(self.spread(rows), labels, sample_weight=weights)

    def chances(self, rows):
        return self.model.predict_proba(self.spread(rows))[:, 1]


class Nearest:
    """What was acceptable in the case that looked most like this one: its kind, at the target that
    the rules weigh most for it."""

    name = "nearest"

    def view(self, case):
        """Of each kind the numbers of its heaviest candidate."""
        best = {}
        for one in case["remedies"]:
            known = best.get(one["remedy"])
            if known is None or one["weight"] > known["weight"]:
                best[one["remedy"]] = one
        width = len(case["remedies"][0]["features"])
        numbers = [best[kind]["features"] if kind in best else [0.0] * width for kind in KINDS]
        flat = numpy.array(numbers).ravel()
        return numpy.sign(flat) * numpy.log1p(numpy.abs(flat))

    def learn(self, cases):
        self.views = numpy.array([self.view(case) for case in cases])
        self.scale = self.views.std(axis=0) + 1e-9
        self.kinds = []
        for case in cases:
            right = collections.Counter(
                one["remedy"] for one in case["remedies"] if one["is_acceptable"])
            self.kinds.append([kind for kind, _ in right.most_common()] or ["observe"])

    def choose(self, case):
        apart = numpy.abs((self.views - self.view(case)) / self.scale).sum(axis=1)
        for kind in self.kinds[int(numpy.argmin(apart))]:
            those = [one for one in case["remedies"] if one["remedy"] == kind]
            if those:
                return max(those, key=lambda one: one["weight"])
        return case["remedies"][0]


def all_rankers(by_program):
    """by_program: what `--ranker` is given beside the rules."""
    return [Rules(), *map(Program, by_program), Logistic(), Nearest(),
            Always("always_rollback", {"rollback"}),
            Always("restart_only", {"restart", "rolling_restart"}),
            Always("always_escalate", {"escalate"}),
            Always("always_observe", {"observe"}), Random()]
