"""Adam, the optimizer of the learner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from sidflow_feedback.learning.model import Array


class Adam:
    """The Adam optimizer.

    From Kingma and Ba (2015): algorithm 1, in the efficient form at the end of section 2.

    Attributes
    ----------
    moments
        Running means of the gradient and of its square, shape (2, parameters).
    steps
        Number of updates so far.
    gradient
        Buffer for the gradient, shape (parameters,). The caller fills it before `update`.
    """

    decay: Final = (0.9, 0.999)
    epsilon: Final = 1e-8

    def __init__(self, size: int, learning_rate: float, *, dtype: DTypeLike = np.float32) -> None:
        self.learning_rate = learning_rate
        self.moments: Array = np.zeros((2, size), dtype)
        self.steps = 0
        # Views and scalar arrays exist once: making them takes numpy as long as computing with them.
        self._powers: Array = np.zeros((2, size), dtype)
        self.gradient: Array = self._powers[0]
        self._square: Array = self._powers[1]
        self._mean, self._mean_square = self.moments
        self._scratch: Array = np.zeros((2, size), dtype)
        self._step, self._root = self._scratch
        self._gains: Array = np.repeat((1 - np.array(self.decay)).astype(dtype)[:, None], size, axis=1)
        self._epsilon = np.array(self.epsilon, dtype)
        self._rate = np.zeros((), dtype)

    def update(self, parameters: Array) -> None:
        """Move `parameters` one step against the gradient, in place."""
        self.steps += 1
        np.multiply(self.gradient, self.gradient, out=self._square)
        np.subtract(self._powers, self.moments, out=self._scratch)
        self._scratch *= self._gains
        self.moments += self._scratch
        np.sqrt(self._mean_square, out=self._root)
        self._root += self._epsilon
        np.divide(self._mean, self._root, out=self._step)
        first, second = (1 - decay**self.steps for decay in self.decay)
        self._rate.fill(self.learning_rate * second**0.5 / first)
        self._step *= self._rate
        parameters -= self._step
