"""
Write an activation function
============================

An activation is one formula in NumPy. layerwise derives the gradient from it, and the native engine runs it as it does
its own activations.
"""

# %%
# A new activation: x plus the square of a sine (Ziyin et al. 2020), which suits periodic data.
import matplotlib.pyplot as plt
import numpy as np

import layerwise as lw


class Snake(lw.Activation):
    """x + sin²(a x) / a."""

    def __init__(self, a=1.0):
        self.a = a

    def f(self, x):
        return x + np.sin(self.a * x) ** 2 / self.a


print(Snake(2.0))

# %%
# The function and its derivative, and a check of the derivative against central differences.
X = np.linspace(-1, 1, 120)[:, None]
y = np.sin(9 * X[:, 0]) + 0.5 * X[:, 0]
net = lw.Network([lw.Dense(16), Snake(2.0), lw.Dense(1)], random_state=0)
print(lw.gradcheck(net, X, y))
lw.plots.activation(Snake(2.0))
plt.show()

# %%
# Train on the points in the middle, and look at the curve on both sides of them, where there were no points.

# sphinx_gallery_thumbnail_number = 2
wide = np.linspace(-2, 2, 400)[:, None]
figure, panel = plt.subplots(figsize=(7, 4), layout="constrained")
for activation in (Snake(2.0), lw.ReLU()):
    net = lw.Network([lw.Dense(32, "he_normal"), activation, lw.Dense(1)], random_state=1, scaling="standard")
    net.fit(X, y, optimizer=lw.Adam(0.01), epochs=2000, batch_size=120, engine="auto", verbose=False)
    panel.plot(wide, net.predict(wide), label=type(activation).__name__)
panel.plot(X, y, ".", color="black", markersize=4, label="training data")
panel.set(xlabel="x", ylabel="y")
panel.legend()
plt.show()
