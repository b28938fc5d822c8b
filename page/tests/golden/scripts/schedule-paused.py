"""The network of the page, trained again: the same seed, data and settings.

With LAYERWISE_ISA=baseline in the environment the weights are the page's to the bit; without it they differ by
rounding.
"""

import numpy as np

import layerwise as lw

LAST = 16  # the step after which it was paused


class AsOnThePage(lw.Callback):
    """Trains as the page did."""

    def on_step_end(self, run):
        """Stop where the page did."""
        if run.step == LAST:
            run.stop("paused here on the page")


X = np.array([
    [1.5746, 0.7433], [-0.9699, -0.212], [-0.2867, 2.3624], [-0.9432, 1.3758], [0.1232, 1.0219],
    [-0.0028, 0.3928], [0.4912, 0.1095], [0.6513, 0.3496], [1.2328, 1.8074], [-0.0883, -0.1872],
    [0.4107, -1.6575], [0.3082, -0.5242], [-0.8229, -1.5788], [-0.2246, 0.5099], [-0.5283, -0.9098],
    [-0.5625, -0.1514], [-1.1589, -0.5341], [-1.0754, -0.1261], [1.7446, 0.1654], [1.9918, -0.6931],
    [-1.1361, -0.284], [0.0852, 0.3741], [0.3866, -0.316], [0.8858, -0.0893], [0.7001, 0.4486],
    [0.2517, 0.2211], [-0.7228, 0.541], [0.5809, -0.4816], [2.5429, 0.1651], [-1.284, -1.5713],
], np.float32)
y = np.array([
    0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2,
])

network = lw.Network([lw.Dense(5), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=11)

history = network.fit(
    X,
    y,
    loss=lw.CategoricalCrossEntropy(),
    optimizer=lw.AdamW(),
    epochs=6,
    batch_size=4,
    schedule=lw.schedules.StepDecay(factor=0.5, every=2.0),
    callbacks=AsOnThePage(),
)
network.save("network.safetensors")
