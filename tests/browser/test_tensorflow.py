"""TensorFlow.js loads our models and we load its models, with the same predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from sidflow_feedback.idle import finish
from sidflow_feedback.learning.fine_tuning import fine_tune
from sidflow_feedback.learning.manifest import model_from_manifest, model_to_manifest
from sidflow_feedback.learning.model import Model
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.patience import patient
from tests.unit.listening import base_model, collected, matrix, rating

TENSORFLOW = Path(__file__).resolve().parents[2] / "node_modules/@tensorflow/tfjs/dist/tf.min.js"
TOLERANCE = 1e-5

LOAD_OURS = """async ({ manifest, inputs }) => {
    const bytes = Uint8Array.from(atob(manifest.weightData), (character) => character.charCodeAt(0));
    const { modelTopology, weightSpecs } = manifest;
    const artifacts = { modelTopology, weightSpecs, weightData: bytes.buffer };
    const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    return model.predict(tf.tensor2d(inputs)).arraySync();
}"""

SAVE_THEIRS = """async ({ sizes, inputs }) => {
    const model = tf.sequential();
    sizes.slice(1).forEach((units, i) =>
        model.add(tf.layers.dense({
            units,
            inputShape: i === 0 ? [sizes[0]] : undefined,
            activation: i === sizes.length - 2 ? "linear" : "relu",
            biasInitializer: "randomNormal",
        })),
    );
    let saved;
    await model.save(tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }));
    const { modelTopology, weightSpecs, weightData } = JSON.parse(JSON.stringify({
        ...saved,
        weightData: btoa(String.fromCharCode(...new Uint8Array(saved.weightData))),
    }));
    const outputs = model.predict(tf.tensor2d(inputs)).arraySync();
    return { manifest: { modelTopology, weightSpecs, weightData }, outputs };
}"""


@pytest.fixture(scope="module")
def tensorflow(browser: Browser) -> Iterator[Page]:
    """A page with TensorFlow.js on its CPU backend."""
    with patient(browser.new_context()) as context:
        page = context.new_page()
        page.add_script_tag(path=TENSORFLOW)
        page.evaluate("tf.setBackend('cpu')")
        yield page


def fine_tuned() -> Model:
    base = base_model()
    rated, library = collected(rating(i) for i in range(60)), matrix(range(100, 200))
    tuned = finish(fine_tune(base, None, rated, library, iterations=100, seed=1))
    return Model("local-1", base.version, base.scaler, tuned.network)


@pytest.mark.parametrize("model", [base_model(), fine_tuned()], ids=["global", "fine-tuned"])
def test_tensorflow_loads_our_model(tensorflow: Page, model: Model) -> None:
    inputs = model.scaler.scale(matrix(range(50)))
    question = {"manifest": model_to_manifest(model, {}), "inputs": inputs.tolist()}
    theirs = tensorflow.evaluate(LOAD_OURS, question)
    np.testing.assert_allclose(theirs, model.network.predict_many(inputs), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("sizes", [(8, 32, 16, 4), (8, 24, 4), (8, 4), (8, 16, 16, 8, 4)])
def test_model_saved_by_tensorflow_is_loaded(tensorflow: Page, sizes: tuple[int, ...]) -> None:
    inputs = matrix(range(50))
    saved: dict[str, Any] = tensorflow.evaluate(SAVE_THEIRS, {"sizes": sizes, "inputs": inputs.tolist()})
    stats = {"featureNames": list(FEATURE_NAMES), "means": [0.0] * 8, "stds": [1.0] * 8}
    model = model_from_manifest({"version": "global-tfjs", "featureStats": stats, **saved["manifest"]})
    assert model.network.sizes == sizes
    outputs = model.network.predict_many(inputs)
    np.testing.assert_allclose(outputs, saved["outputs"], atol=TOLERANCE, rtol=0)
