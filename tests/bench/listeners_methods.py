"""Methods that `make bench-listeners` compares ours with: those of `taste_methods`, and scikit-learn's.

A classifier's prediction of a rating is what it expects: 5 for a like and 1 for anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tests.bench.taste_methods import STANDARD, Method, Predictor

if TYPE_CHECKING:
    from sidflow_feedback.types import FloatArray

TREES: Final = 150
LEAF: Final = 3
PENALTIES: Final = 10.0 ** np.arange(-3, 1.01, 1.0)


def random_forest(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Random forest with leaves of at least 3 ratings."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(TREES, min_samples_leaf=min(LEAF, len(ratings) // 4), random_state=0)
    predict: Predictor = forest.fit(inputs, ratings).predict
    return predict


def gradient_boosting(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Gradient boosting of shallow trees, with steps that suit a few ratings."""
    from sklearn.ensemble import GradientBoostingRegressor

    boosting = GradientBoostingRegressor(
        n_estimators=TREES, max_depth=2, learning_rate=0.05, subsample=0.7, random_state=0
    )
    predict: Predictor = boosting.fit(inputs, ratings).predict
    return predict


def logistic_regression(inputs: FloatArray, ratings: FloatArray) -> Predictor:
    """Logistic regression of what is above the median; the penalty has the best cross-validated
    likelihood."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    values = np.unique(ratings)
    liked = ratings > (3.0 if len(values) <= 2 else np.median(ratings))
    if min(liked.sum(), (~liked).sum()) < 3:
        mean = ratings.mean()
        return lambda unseen: np.full(len(unseen), mean)

    def likelihood(penalty: float) -> float:
        model = LogisticRegression(C=penalty, max_iter=500)
        return float(cross_val_score(model, inputs, liked, cv=3, scoring="neg_log_loss").mean())

    best = LogisticRegression(C=max(PENALTIES, key=likelihood), max_iter=500).fit(inputs, liked)
    return lambda unseen: 1.0 + 4.0 * best.predict_proba(unseen)[:, 1]


METHODS: Final[dict[str, Method]] = {
    **STANDARD,
    "forest": random_forest,
    "boosting": gradient_boosting,
    "logistic": logistic_regression,
}
