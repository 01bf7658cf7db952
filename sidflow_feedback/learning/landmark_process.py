"""A Gaussian process on landmarks: Bayesian regression of ratings on the nearness to a few songs.

The solution is in closed form. The kernel is the squared exponential one, approximated on at most `LANDMARKS`
of the rated songs (subset of regressors, Rasmussen and Williams 2006, 8.3.1; with fewer rows than landmarks,
it is the exact process). Its length and the ratio of signal to noise are not chosen but averaged, weighted by
their evidence (Bayesian model averaging, Hoeting et al. 1999), together with the listener's mean and with
multiples of the global model's prediction. The variance of the noise has an inverse gamma prior and is
integrated out.

Everything is computed from sums over rows, which are kept for each fold. So leaving a fold out costs no
second pass over the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.vocabulary import DIMENSIONS, NEUTRAL_RATING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import FloatArray

LANDMARKS: Final = 95
"""With the column of ones, the labels, and the global model's predictions: matrices of 104 x 104."""

LENGTHS: Final = (1.5, 2.5, 5.0, math.inf)
"""Lengths of the kernel, in deviations of the features; that of infinite length is the linear kernel."""

SIGNALS: Final = (0.03, 0.1, 0.3, 1.0)
"""Variances of the function, in variances of the noise."""

BASE_SHARES: Final = (0.0, 0.5, 1.0)
"""Shares of the global model's prediction that is the mean of the process."""

PLAIN_PRIOR: Final = 0.2
"""Prior probability that the features say nothing more than the mean of the process does."""

NOISE_SHAPE: Final = 4.0
NOISE_RATE: Final = 2.0
"""Inverse gamma prior of the noise's variance: about a half, with the weight of eight ratings."""

LINEAR_PRIOR: Final = 0.1
"""Prior probability of the linear kernel."""

KEPT: Final = 6
"""Settings with the most evidence that are averaged."""

FOLDS: Final = 5

# Chosen on splits other than those that are reported: see docs/learning.md.

_JITTER = 1e-4
_ROWS_PER_STEP = 32
_OUTPUTS = len(DIMENSIONS)
_COLUMNS = 1 + 2 * _OUTPUTS


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One setting of the process, and how well it explains the labels of one output.

    Attributes
    ----------
    length, signal
        Of the kernel; signal 0 stands for no function besides the mean.
    share
        Of the global model's prediction.
    evidence
        Logarithm of the evidence times the prior probability, up to a constant.
    weights
        Of the landmarks or inputs, shape (functions,).
    bias
        Prediction where kernel and global model contribute nothing.
    """

    length: float
    signal: float
    share: float
    evidence: float
    weights: FloatArray
    bias: float


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """The average of settings for one output.

    Attributes
    ----------
    mean
        Weighted mean of the labels.
    """

    settings: Sequence[Setting]
    probabilities: FloatArray
    mean: float

    @property
    def lengths(self) -> set[float]:
        """The lengths of the kernels that `predict` needs."""
        return {setting.length for setting in self.settings if setting.signal}

    def predict(self, bases: dict[float, FloatArray], base: FloatArray) -> FloatArray:
        """Return predictions, shape (n,), for functions by length, shape (n, functions), and base outputs."""
        total = np.zeros(len(base))
        for setting, probability in zip(self.settings, self.probabilities, strict=True):
            value = setting.bias + setting.share * base
            if setting.signal:
                value = value + bases[setting.length] @ setting.weights
            total += probability * value
        return total


class LandmarkProcess:
    """Gaussian processes for all outputs. `fit` must run to its end before anything else.

    Parameters
    ----------
    inputs
        Scaled features of the rated songs, shape (n, 8).
    base
        Predictions of the global model for them, shape (n, 4).
    labels, weights
        Ratings, and their weights (0 if missing), shape (n, 4).
    items
        The number of each row's item, shape (n,): songs of one item are held out together.

    Attributes
    ----------
    mixtures
        One for each output; None for those without labels.
    held_out
        Predictions for each row from the other folds, shape (n, 4); NaN where there is no label.
    held_out_means
        Weighted mean of the labels of the other folds, shape (n, 4).
    """

    def __init__(
        self,
        inputs: FloatArray,
        base: FloatArray,
        labels: FloatArray,
        weights: FloatArray,
        items: NDArray[np.intp],
    ) -> None:
        self._inputs, self._labels, self._weights = inputs, labels, weights
        self._base = base - NEUTRAL_RATING
        count = min(LANDMARKS, len(inputs))
        self._landmarks = inputs[np.arange(count) * len(inputs) // count]
        self._folds = items % FOLDS
        self._priors: dict[float, tuple[FloatArray, float]] = {}
        self.mixtures: list[Mixture | None] = [None] * _OUTPUTS
        self.held_out = np.full(labels.shape, np.nan)
        self.held_out_means = np.full(labels.shape, np.nan)

    def fit(self) -> Steps[None]:
        """Fit all outputs, and predict each fold from the others. Works in small steps."""
        for length in LENGTHS:
            yield "prior"
            self._priors[length] = self._prior(length)
        fitted: dict[int, _Sums] = {}
        for output in range(_OUTPUTS):
            if not self._weights[:, output].any():
                continue
            same = next((i for i in fitted if self._same_weights(i, output)), None)
            sums = fitted[same] if same is not None else (yield from self._sums(output))
            fitted[output] = sums
            yield from self._fit_output(output, sums)

    def predict(self, inputs: FloatArray, base: FloatArray) -> FloatArray:
        """Return predictions, shape (n, 4): those of the global model for outputs without labels."""
        bases = {length: self._basis(inputs, length) for length in LENGTHS}
        predicted = base.copy()
        for output, mixture in enumerate(self.mixtures):
            if mixture is not None:
                predicted[:, output] = mixture.predict(bases, base[:, output] - NEUTRAL_RATING)
        return predicted

    def _basis(self, inputs: FloatArray, length: float) -> FloatArray:
        """Return what settings weigh, shape (n, functions): the nearness to landmarks, or the inputs."""
        if math.isinf(length):
            scaled: FloatArray = inputs / np.sqrt(inputs.shape[1])
            return scaled
        return _kernel(inputs, self._landmarks, length)

    def _prior(self, length: float) -> tuple[FloatArray, float]:
        """Return the prior precision of the functions' weights, and its log determinant."""
        if math.isinf(length):
            return np.eye(self._inputs.shape[1]), 0.0
        kernel = _kernel(self._landmarks, self._landmarks, length) + _JITTER * np.eye(len(self._landmarks))
        return kernel, _log_determinant(kernel)

    def _same_weights(self, one: int, other: int) -> bool:
        return bool((self._weights[:, one] == self._weights[:, other]).all())

    def _sums(self, output: int) -> Steps[_Sums]:
        """Return the sums of products over the rows of each fold, weighted as the labels of an output."""
        sizes = {length: _COLUMNS + len(self._priors[length][0]) for length in LENGTHS}
        sums = {length: np.zeros((FOLDS, size, size)) for length, size in sizes.items()}
        for rows in self._chunks():
            weights = self._weights[rows, output][:, None]
            for length in LENGTHS:
                basis = self._basis(self._inputs[rows], length)
                ones = np.ones((len(basis), 1))
                columns = np.concatenate([ones, self._labels[rows], self._base[rows], basis], axis=1)
                sums[length][self._folds[rows[0]]] += (columns * weights).T @ columns
                yield "sums"
        return sums

    def _chunks(self) -> list[NDArray[np.intp]]:
        """Return the numbers of the rows in chunks, each of one fold."""
        folds = [np.flatnonzero(self._folds == fold) for fold in range(FOLDS)]
        return [
            rows[start : start + _ROWS_PER_STEP]
            for rows in folds
            for start in range(0, len(rows), _ROWS_PER_STEP)
        ]

    def _fit_output(self, output: int, sums: _Sums) -> Steps[None]:
        """Fit an output to all rows, and to those of all folds but one, whose rows it then predicts."""
        labeled = self._weights[:, output] > 0
        totals = {length: parts.sum(axis=0) for length, parts in sums.items()}
        self.mixtures[output] = yield from self._mixture(totals, int(labeled.sum()), output)
        for fold in range(FOLDS):
            rows = np.flatnonzero(labeled & (self._folds == fold))
            count = int(labeled.sum()) - len(rows)
            if len(rows) and count:
                rest = {length: total - sums[length][fold] for length, total in totals.items()}
                mixture = yield from self._mixture(rest, count, output)
                yield from self._hold_out(rows, output, mixture)

    def _mixture(self, sums: dict[float, FloatArray], count: int, output: int) -> Steps[Mixture]:
        """Return the average of the best settings for sums over `count` labels."""
        found: list[Setting] = []
        for length in LENGTHS:
            for signal in SIGNALS:
                yield "evidence"
                found += self._settings(sums[length], count, output, length, signal)
        found += self._plain(sums[LENGTHS[0]], count, output)
        return _mixed(found, _mean(sums[LENGTHS[0]], output))

    def _hold_out(self, labeled: NDArray[np.intp], output: int, mixture: Mixture) -> Steps[None]:
        """Predict rows with what was learned from others."""
        self.held_out_means[labeled, output] = mixture.mean
        for start in range(0, len(labeled), _ROWS_PER_STEP):
            yield "fold"
            rows = labeled[start : start + _ROWS_PER_STEP]
            bases = {length: self._basis(self._inputs[rows], length) for length in mixture.lengths}
            self.held_out[rows, output] = mixture.predict(bases, self._base[rows, output])

    def _settings(
        self, sums: FloatArray, count: int, output: int, length: float, signal: float
    ) -> list[Setting]:
        """Return one setting for each share of the global model."""
        means, products = _centered(sums)
        label, base = 1 + output, 1 + _OUTPUTS + output
        prior, log_determinant = self._priors[length]
        matrix = prior + signal * products[_COLUMNS:, _COLUMNS:]
        occam = -0.5 * (_log_determinant(matrix) - log_determinant)
        right = products[_COLUMNS:, [label, base]]
        solved = signal * np.linalg.solve(matrix, right)
        found = []
        shares = _shares(products, base)
        for share in shares:
            wanted = np.array([1.0, -share])
            weights = solved @ wanted
            residual = _spread(products, label, base, share) - (right @ wanted) @ weights
            evidence = occam + _noise_evidence(residual, count)
            evidence += np.log(_prior_probability(length) / len(SIGNALS) / len(shares))
            bias = means[label] - share * means[base] - means[_COLUMNS:] @ weights
            found.append(Setting(length, signal, share, float(evidence), weights, float(bias)))
        return found

    def _plain(self, sums: FloatArray, count: int, output: int) -> list[Setting]:
        """Return the settings without a kernel."""
        means, products = _centered(sums)
        label, base = 1 + output, 1 + _OUTPUTS + output
        shares = _shares(products, base)
        return [
            Setting(
                LENGTHS[0],
                0.0,
                share,
                _noise_evidence(_spread(products, label, base, share), count)
                + float(np.log(PLAIN_PRIOR / len(shares))),
                np.zeros(0),
                float(means[label] - share * means[base]),
            )
            for share in shares
        ]


_Sums = dict[float, "FloatArray"]


def _kernel(left: FloatArray, right: FloatArray, length: float) -> FloatArray:
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    kernel: FloatArray = np.exp(np.maximum(squares, 0) * (-0.5 / length**2))
    return kernel


def _prior_probability(length: float) -> float:
    if math.isinf(length):
        return LINEAR_PRIOR
    return (1 - PLAIN_PRIOR - LINEAR_PRIOR) / sum(map(math.isfinite, LENGTHS))


def _log_determinant(matrix: FloatArray) -> float:
    return float(2 * np.log(np.diag(np.linalg.cholesky(matrix))).sum())


def _centered(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weighted means of the columns, and the products of their distances from them."""
    means = sums[0] / sums[0, 0]
    return means, sums - np.outer(sums[0], means)


def _mean(sums: FloatArray, output: int) -> float:
    return float(sums[0, 1 + output] / sums[0, 0])


def _shares(products: FloatArray, base: int) -> tuple[float, ...]:
    """Return the shares to try: only 0 if the global model predicts the same for all rows."""
    return BASE_SHARES if products[base, base] > 1e-6 else BASE_SHARES[:1]


def _spread(products: FloatArray, label: int, base: int, share: float) -> float:
    """Return the sum of squares of the labels less a share of the global model's predictions."""
    spread = products[label, label] - 2 * share * products[label, base] + share**2 * products[base, base]
    return float(spread)


def _noise_evidence(residual: float, count: int) -> float:
    """Return the part of the log evidence that depends on the residual, with the noise integrated out."""
    return float(-(NOISE_SHAPE + (count - 1) / 2) * np.log(NOISE_RATE + max(residual, 0.0) / 2))


def _mixed(found: list[Setting], mean: float) -> Mixture:
    found.sort(key=lambda setting: -setting.evidence)
    kept = found[:KEPT]
    probabilities = np.exp(np.array([setting.evidence for setting in kept]) - kept[0].evidence)
    return Mixture(kept, probabilities / probabilities.sum(), mean)
