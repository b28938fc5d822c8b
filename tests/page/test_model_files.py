"""A file that the page saves is opened by lw.load, with the same weights and answers."""

import base64

import numpy as np
import pytest

import layerwise as lw

SAVE = """
async () => {
  const lw = await import("./assets/layerwise.js");
  const engine = await lw.connect();
  const n = 60, X = Float64Array.from({ length: 2 * n }, (_, i) => Math.sin(i * i));
  const labels = Int32Array.from({ length: n }, (_, i) => (X[2 * i] > X[2 * i + 1] ? 1 : 0));
  const layers = [{ type: "Dense", units: 5, weights: "he_normal" }, { type: "BatchNorm" }, { type: "Tanh" },
    { type: "Dense", units: 2 }, { type: "Softmax" }];
  const training = { layers, random_state: 3, scaling: { type: "StandardScaler" },
    loss: { type: "CategoricalCrossEntropy" },
    optimizer: { type: "Adam", learning_rate: 0.05 }, penalties: [{ type: "L2", weights: 0.001 }],
    schedule: { type: "Cosine" }, epochs: 4, batch_size: 16, shuffle: true, clip_norm: 1 };
  const data = { X, n, n_in: 2, task: "classification", labels, classes: ["no", "yes"] };
  const session = await engine.create(training, data);
  await session.run({ epochs: 4 });
  const file = await session.save();
  const model = await engine.open(file);
  const again = await engine.create(model.training, data);
  await again.setTheta(model.theta);
  const outputs = [await session.outputs(data), await again.outputs(data)].map((each) => Array.from(each));
  const theta = Array.from(await session.theta());
  return { file: btoa(String.fromCharCode(...file)), theta, outputs, X: Array.from(X) };
}
"""


@pytest.mark.browser
def test_a_file_of_the_page_opens_in_python_and_in_the_page(page, static_server, tmp_path):
    page.goto(static_server)
    found = page.evaluate(SAVE)
    path = tmp_path / "page.safetensors"
    path.write_bytes(base64.b64decode(found["file"]))
    net = lw.load(path)
    assert net.theta.tolist() == found["theta"]
    assert net.steps == 16
    assert len(net.history["loss"]) == 4
    X = np.array(found["X"]).reshape(-1, 2)
    here, again = (np.array(each).reshape(-1, 2) for each in found["outputs"])
    np.testing.assert_array_equal(here, again)
    np.testing.assert_allclose(net.predict_proba(X), here, atol=1e-6)
    assert set(net.predict(X)) == {"no", "yes"}
