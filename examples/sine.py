"""
Fit a curve
===========

A regression: the network predicts a number instead of a class. Its last layer has one neuron and no activation, and the
loss is the mean squared error.
"""

# %%
# 200 points of a sine. With ``scaling="standard"`` the network standardizes inputs and targets itself.
import matplotlib.pyplot as plt

import layerwise as lw

X, y = lw.datasets.make_sine(200)
net = lw.Network([lw.Dense(24, biases="uniform"), lw.ReLU(), lw.Dense(1)], random_state=1, scaling="standard")
net.fit(X, y, optimizer=lw.Adam(0.02), epochs=2000, batch_size=200, verbose=False)
print(net.evaluate(X, y))

# %%
# The curve that was learned.
lw.plots.regression_curve(net, X, y)
plt.show()

# %%
# A network with ReLU computes straight lines, joined at points. Each hidden neuron adds one such point, at which it
# begins or ceases to be active.
lw.plots.pieces(net, X, y)
plt.show()
