"""The rankers that a small model has to beat, on the same evidence and the same cases.

Each sees what `homeostat decide --features --json` tells of each candidate: nothing else, and
nothing that says what is right. They learn from the cases of the training split alone.
"""

import collections

import numpy

from fixed_rankers import Always, Random, Rules

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
        rows.append([*one["features"], *kind, is_config])
    return rows


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


class Tree(Scored):
    name = "tree"

    def fit(self, rows, labels, weights):
        import lightgbm
        self.model = lightgbm.LGBMClassifier(
            n_estimators=400, learning_rate=0.05, num_leaves=31, min_child_samples=40,
            subsample=0.8, subsample_freq=1, colsample_bytree=0.8, random_state=1, n_jobs=2,
            deterministic=True, force_row_wise=True, verbose=-1)
        self.model.fit(rows, labels, sample_weight=weights)

    def chances(self, rows):
        return self.model.booster_.predict(rows)


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


def all_rankers():
    return [Rules(), Tree(), Logistic(), Nearest(),
            Always("always_rollback", {"rollback"}),
            Always("restart_only", {"restart", "rolling_restart"}),
            Always("always_escalate", {"escalate"}),
            Always("always_observe", {"observe"}), Random()]
