"""The network of the page, trained again: the same seed, data and settings.

With LAYERWISE_ISA=baseline in the environment the weights are the page's to the bit; without it they differ by
rounding.
"""

import numpy as np

import layerwise as lw

X = np.array([
    [-0.8028, 0.2428], [-1.6563, 0.6561], [1.1435, -0.4526], [0.4305, 0.2509], [-0.3944, -0.8624],
    [-2.0326, 1.4104], [-0.0476, 2.5223], [0.8262, 0.2778], [-0.6574, 1.3925],
], np.float32)
y = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])

network = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=11)

network.build(2)  # not trained yet
network.save("network.safetensors")
