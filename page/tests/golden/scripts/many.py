"""The network of the page, trained again: the same seed, data and settings.

With LAYERWISE_ISA=baseline in the environment the weights are the page's to the bit; without it they differ by
rounding.
"""

import numpy as np

import layerwise as lw

data = np.load("data.npz")  # as the page has read it
X, y = data["X"], data["y"]

network = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=11)

history = network.fit(
    X,
    y,
    loss=lw.CategoricalCrossEntropy(),
    optimizer=lw.Adam(),
    epochs=2,
    batch_size=4096,
)
network.save("network.safetensors")
