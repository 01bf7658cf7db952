"""The network and its learner, against finite differences and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from sidflow_feedback.errors import TrainingError
from sidflow_feedback.learning.learner import Learner
from sidflow_feedback.learning.model import LAYERS, Array, Model, Network, parameter_count
from sidflow_feedback.learning.scaler import FeatureScaler


def rows(count: int = 64, seed: int = 3) -> tuple[Array, Array, Array]:
    """Return inputs, labels that depend on them, and weights with some labels missing."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((count, 8))
    labels = np.clip(3 + inputs @ rng.normal(0, 0.6, (8, 4)), 1, 5)
    weights = rng.choice([0.0, 0.3, 1.0], (count, 4))
    return inputs, labels, weights


def fit(learner: Learner, data: tuple[Array, Array, Array], iterations: int) -> None:
    for _ in learner.learn_many(*data, iterations):
        pass


def test_sizes() -> None:
    network = Network()
    assert network.parameters.size == parameter_count(LAYERS) == 884
    assert [layer.shape for layer in network.layers] == [(9, 32), (33, 16), (17, 4)]
    network.parameters += 1
    assert all((layer == 1).all() for layer in network.layers)


def test_a_new_network_predicts_near_the_middle_of_the_scale() -> None:
    outputs = Network.random(0).predict_many(rows()[0])
    assert outputs.shape == (64, 4)
    assert abs(outputs.mean() - 3) < 0.5


def test_gradient_equals_finite_differences() -> None:
    network = Network.random(1, dtype=np.float64)
    learner, data = Learner(network), rows(16)
    gradient = learner.gradient(*data).copy()
    step, numeric = 1e-6, np.empty_like(gradient)
    for i, value in enumerate(network.parameters.copy()):
        network.parameters[i] = value + step
        above = learner.loss(*data)
        network.parameters[i] = value - step
        numeric[i] = (above - learner.loss(*data)) / (2 * step)
        network.parameters[i] = value
    np.testing.assert_allclose(gradient, numeric, atol=2e-7)


def test_steps_equal_scikit_learn() -> None:
    inputs, labels, _ = rows(32)
    theirs = MLPRegressor(
        hidden_layer_sizes=(32, 16), alpha=0.0, learning_rate_init=2e-3, random_state=4, shuffle=False
    )
    theirs.partial_fit(inputs, labels)
    ours = Network(dtype=np.float64)
    learner = Learner(ours, learning_rate=2e-3)
    optimizer = theirs._optimizer
    _take_over(ours, theirs.coefs_, theirs.intercepts_)
    for row, means in enumerate((optimizer.ms, optimizer.vs)):
        moments = Network(dtype=np.float64)
        _take_over(moments, means[:3], means[3:])
        learner.adam.moments[row] = moments.parameters
    learner.adam.steps = optimizer.t
    for _ in range(50):
        theirs.partial_fit(inputs, labels)
        learner.step(inputs, labels, np.ones_like(labels))
        for layer, kernel, bias in zip(ours.layers, theirs.coefs_, theirs.intercepts_, strict=True):
            np.testing.assert_allclose(layer[:-1], kernel, rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(layer[-1], bias, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(ours.predict_many(inputs), theirs.predict(inputs), rtol=1e-9)


def _take_over(network: Network, kernels: list[Array], biases: list[Array]) -> None:
    for layer, kernel, bias in zip(network.layers, kernels, biases, strict=True):
        layer[:-1], layer[-1] = kernel, bias


def test_it_learns() -> None:
    network, data = Network.random(5), rows(256)
    learner = Learner(network, learning_rate=5e-3)
    before = learner.loss(*data)
    fit(learner, data, 500)
    assert learner.loss(*data) < 0.05 * before


def test_the_same_seed_gives_the_same_weights() -> None:
    networks = [Network.random(6) for _ in range(3)]
    for network, seed in zip(networks, (1, 1, 2), strict=True):
        fit(Learner(network, seed=seed), rows(), 20)
    np.testing.assert_array_equal(networks[0].parameters, networks[1].parameters)
    assert (networks[0].parameters != networks[2].parameters).any()


def test_a_missing_label_has_no_effect() -> None:
    inputs, labels, weights = rows()
    weights[:, 3] = 0
    others = labels.copy()
    others[weights == 0] = 1e3
    networks = [Network.random(7), Network.random(7)]
    for network, values in zip(networks, (labels, others), strict=True):
        fit(Learner(network), (inputs, values, weights), 20)
    np.testing.assert_array_equal(networks[0].parameters, networks[1].parameters)


def test_an_output_without_labels_keeps_its_weights() -> None:
    inputs, labels, weights = rows()
    weights[:, 3] = 0
    network = Network.random(7)
    before = network.layers[-1][:, 3].copy()
    fit(Learner(network), (inputs, labels, weights), 20)
    np.testing.assert_array_equal(network.layers[-1][:, 3], before)


def test_weight_says_how_much_a_label_pulls() -> None:
    inputs, weights = np.zeros((2, 8)), np.array([[1.0] * 4, [0.25] * 4])
    labels = np.array([[5.0] * 4, [1.0] * 4])
    network = Network.random(8)
    fit(Learner(network, learning_rate=0.02), (inputs, labels, weights), 1000)
    np.testing.assert_allclose(network.predict_many(inputs[:1]), 4.2, atol=0.02)


def test_fewer_rows_than_a_batch() -> None:
    network = Network.random(10)
    before = network.parameters.copy()
    fit(Learner(network), rows(3), 5)
    assert (network.parameters != before).any()


def test_data_is_not_changed() -> None:
    data = rows()
    copies = [values.copy() for values in data]
    fit(Learner(Network.random(0)), data, 10)
    for values, copied in zip(data, copies, strict=True):
        np.testing.assert_array_equal(values, copied)


def test_predicting_changes_nothing() -> None:
    network, inputs = Network.random(11), rows()[0]
    before, given = network.parameters.copy(), inputs.copy()
    first, second = network.predict_many(inputs), network.predict_many(inputs)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(network.parameters, before)
    np.testing.assert_array_equal(inputs, given)


def test_a_copy_is_independent() -> None:
    network = Network.random(12)
    twin = network.copy()
    twin.parameters += 1
    np.testing.assert_allclose(twin.parameters - network.parameters, 1, rtol=1e-5)
    assert twin.layers[0].base is twin.parameters


@pytest.mark.parametrize("wrong", ["no rows", "shape", "nan"])
def test_bad_data_is_refused(wrong: str) -> None:
    inputs, labels, weights = rows()
    if wrong == "no rows":
        inputs, labels, weights = inputs[:0], labels[:0], weights[:0]
    elif wrong == "shape":
        labels = labels[:, :3]
    else:
        inputs[5, 5] = np.nan
    with pytest.raises(TrainingError, match="Can't train"):
        fit(Learner(Network.random(0)), (inputs, labels, weights), 1)


def test_a_model_scales_its_inputs_and_stays_on_the_scale() -> None:
    network = Network.random(13)
    network.layers[-1][:] *= 20
    features = np.random.default_rng(0).normal(100, 30, (50, 8))
    scaler = FeatureScaler.fit(features)
    predicted = Model("global-1", "global-1", scaler, network).predict_many(features)
    raw = network.predict_many((features - features.mean(axis=0)) / features.std(axis=0))
    np.testing.assert_allclose(predicted, np.clip(raw, 1, 5), atol=1e-5)
    assert (raw > 5).any()
