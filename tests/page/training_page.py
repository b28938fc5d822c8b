"""A small network trained in the page, by whichever engine it has, and the same network in Python."""

import numpy as np
from talking import TRAINING

import layerwise as lw

CREATE = """async ([training, X, labels]) => {
    const { connect } = await import(new URL("assets/layerwise.js", document.baseURI));
    globalThis.engine = await connect();
    globalThis.session = await engine.create(training, {
        X: Float64Array.from(X), n: labels.length, n_in: 2, task: "classification", labels: Int32Array.from(labels) });
    globalThis.reports = [];
    session.onprogress = (progress) => reports.push(progress);
    return engine.kind;
}"""


def create(page, **changed):
    """Make `session` in the page; return which engine it is."""
    X, y = lw.datasets.make_spiral()
    return page.evaluate(CREATE, [{**TRAINING, **changed}, X.ravel().tolist(), y.tolist()])


def theta_of(page):
    return np.array(page.evaluate("async () => Array.from(await session.theta())"), np.float32)


def twin(epochs):
    """The same in Python."""
    network = lw.Network([lw.Dense(16), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=3)
    network.fit(*lw.datasets.make_spiral(), optimizer=lw.Adam(0.01), epochs=epochs, batch_size=32, verbose=False)
    return network
