"""A layer, a loss, a metric, a callback and a schedule of one's own: each is a few lines, and all work together."""

import numpy as np
from sklearn.datasets import load_diabetes

import layerwise as lw


class Sine(lw.Activation):
    """sin x (Sitzmann et al. 2020)."""

    def forward(self, p, x, out):
        np.sin(x, out=out)

    def backward(self, p, x, y, dy, g, dx):
        dx[:] = dy * np.cos(x)


class LogCosh(lw.Loss):
    """Σ log cosh(y - t): like the square near 0, like the distance far off."""

    def forward(self, y, t, out, tmp):
        out[:] = np.log(np.cosh(y - t)).sum(axis=1)

    def backward(self, y, t, dy, tmp):
        dy[:] = np.tanh(y - t)


def within_a_half(y_true, y_pred):
    """The share of predictions that are off by less than 0.5."""
    return np.mean(np.abs(y_true - y_pred) < 0.5)


class Doubling(lw.Callback):
    """Print each power of two of epochs."""

    def on_epoch_end(self, run):
        if run.epoch & (run.epoch - 1) == 0:
            print(f"epoch {run.epoch}: {run.history['val_within_a_half'][-1]:.1%} within a half")


def halved_twice(t, total):
    """The whole rate for half of the epochs, then a half, and a quarter at the end."""
    return 1.0 if t < total / 2 else 0.5 if t < 3 * total / 4 else 0.25


def main():
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    network = lw.Network([lw.Dense(32), Sine(), lw.Dense(1)], random_state=0, scaling="standard")
    history = network.fit(
        X[:350], y[:350], loss=LogCosh(), metrics=within_a_half, callbacks=Doubling(), schedule=halved_twice,
        validation_data=(X[350:], y[350:]), epochs=32, verbose=False,
    )  # fmt: skip
    regressor = lw.MLPRegressor(
        hidden_layer_sizes=32, activation=Sine(), loss=LogCosh(), schedule=halved_twice, scaling="standard",
        max_iter=32, random_state=0,
    ).fit(X[:350], y[:350])  # fmt: skip
    print(f"R² of the estimator with the same parts: {regressor.score(X[350:], y[350:]):.2f}")
    return network, history, regressor


if __name__ == "__main__":
    main()
