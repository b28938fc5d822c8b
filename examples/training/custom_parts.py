"""
Write a layer, a loss, a metric, a callback and a schedule
==========================================================

Each is a few lines of Python, and all of them work together, in a network and in an estimator.
"""

# %%
# The parts. An activation and a loss can also be written as one formula; here both directions are written out.
import matplotlib.pyplot as plt
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


# %%
# A network that uses all of them.
X, y = load_diabetes(return_X_y=True)
y = (y - y.mean()) / y.std()
network = lw.Network([lw.Dense(32), Sine(), lw.Dense(1)], random_state=0, scaling="standard")
history = network.fit(
    X[:350], y[:350], loss=LogCosh(), metrics=within_a_half, callbacks=Doubling(), schedule=halved_twice,
    validation_data=(X[350:], y[350:]), epochs=32, verbose=False,
)  # fmt: skip

# %%
# The estimator takes the same parts.
regressor = lw.MLPRegressor(
    hidden_layer_sizes=32, activation=Sine(), loss=LogCosh(), schedule=halved_twice, scaling="standard",
    max_iter=32, random_state=0,
).fit(X[:350], y[:350])  # fmt: skip
print(f"R² of the estimator with the same parts: {regressor.score(X[350:], y[350:]):.2f}")

# %%
# The loss, and the learning rate that the schedule made.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(history["loss"], label="training")
left.plot(history["val_loss"], label="validation")
left.set(xlabel="epoch", ylabel="log cosh")
left.legend()
right.plot(history["learning_rate"])
right.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
plt.show()
