"""The network of the page, trained again: the same seed, data and settings.

With LAYERWISE_ISA=baseline in the environment the weights are the page's to the bit; without it they differ by
rounding.
"""

import layerwise as lw

(X, y), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()
X, y = X[:600], y[:600]

network = lw.Network([lw.Dense(12), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=11)

history = network.fit(
    X,
    y,
    loss=lw.CategoricalCrossEntropy(),
    optimizer=lw.Adam(),
    epochs=1,
    batch_size=100,
)
network.save("network.safetensors")
