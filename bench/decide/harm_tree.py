"""The second tree of `homeostat decide`: how likely a candidate does harm.

Harm is what the ranking tree says least of on families that it has not learnt. This one learns it
from every remedy that was tried, not only from those that would be chosen, so that it sees fifty
answers a case.
"""

import numpy

from decide_scoring import acts
from rankers import rows_of

LIKELY = 2.0  # The temperature under which a candidate counts as likely to be chosen.


class HarmTree:
    ROUNDS = 150
    SETTINGS = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 15,
                "min_data_in_leaf": 100, "feature_fraction": 0.5, "bagging_fraction": 0.8,
                "bagging_freq": 1, "lambda_l2": 5, "seed": 1, "deterministic": True,
                "force_row_wise": True, "num_threads": 2, "verbose": -1}

    def learn(self, cases, scores):
        """scores: of each case, what the ranking tree says of its candidates: what it likes counts
        for more, because of that it will be asked."""
        import lightgbm
        rows, harms, weights = [], [], []
        for case, own in zip(cases, scores, strict=True):
            raised = numpy.exp((own - own.max()) / LIKELY)
            raised /= raised.sum()
            for row, one, liking in zip(rows_of(case), case["remedies"], raised, strict=True):
                if acts(one):
                    rows.append(row)
                    harms.append(float(one["is_harmful"]))
                    weights.append(1 / len(case["remedies"]) + float(liking))
        weights = numpy.array(weights) * len(weights) / sum(weights)
        self.model = lightgbm.train(
            self.SETTINGS, lightgbm.Dataset(numpy.array(rows), label=numpy.array(harms),
                                            weight=weights), self.ROUNDS)

    def scores(self, case):
        return self.model.predict(numpy.array(rows_of(case)), raw_score=True)
