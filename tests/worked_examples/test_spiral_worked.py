"""Kinsley and Kukiela's spiral: 2-64-3, full batch, 10,000 steps of Adam(0.05, decay 5e-7)."""

import numpy as np
import pytest

import layerwise as lw


@pytest.mark.parametrize("engine", [pytest.param("numpy", marks=pytest.mark.slow), "native"])
def test_adam_on_the_spiral(engine):
    X, y = lw.datasets.make_spiral(samples=100, classes=3, random_state=0)
    # Their weights are 0.01·N(0, 1) from the very generator that drew the data, so its first 300 draws are taken.
    draws = np.random.RandomState(0)
    draws.standard_normal(300)
    W1, W2 = 0.01 * draws.standard_normal((2, 64)), 0.01 * draws.standard_normal((64, 3))
    net = lw.Network([lw.Dense(64, weights=W1), lw.ReLU(), lw.Dense(3, weights=W2), lw.Softmax()])
    history = net.fit(
        X, y, optimizer=lw.Adam(0.05, decay=5e-7), epochs=10_000, batch_size=300, engine=engine, verbose=False
    )

    assert history["loss"][0] == pytest.approx(1.099, abs=5e-4)  # log 3: nothing is known yet
    assert history["accuracy"][0] == pytest.approx(0.360, abs=5e-4)
    # 10,000 steps grow float32's roundings into other paths: the end is published as 0.967 and about 0.07
    assert history["accuracy"][-1] == pytest.approx(0.967, abs=0.02)
    assert history["loss"][-1] == pytest.approx(0.07, abs=0.025)
    # 0.05 / (1 + 5e-7 · 10,000) = 0.05 / 1.005
    assert net.optimizer.rate() == pytest.approx(0.05 / 1.005, rel=1e-12)
