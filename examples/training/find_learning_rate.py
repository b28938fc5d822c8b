"""
Find the learning rate
======================

The learning-rate finder trains for a few steps with rising rates and records the loss. Where the loss falls fastest,
the rate is a good one to begin with.
"""

# %%
# For two optimizers: the loss over the rate, the suggestion, and the accuracy after two epochs with it.
import matplotlib.pyplot as plt

import layerwise as lw

(X, y), validation, _ = lw.datasets.load_mnist()
figure, panels = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
results = {}
for optimizer, panel in zip((lw.Adam(), lw.SGD(0.1, momentum=0.9)), panels, strict=True):
    name = type(optimizer).__name__
    network = lw.Network([lw.Dense(128, "he_normal"), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    finder = lw.find_learning_rate(network, X, y, optimizer=optimizer, batch_size=64)
    finder.plot(panel)
    panel.set_title(f"784-128-10, {name}")
    optimizer.learning_rate = finder.suggestion
    network.fit(X, y, optimizer=optimizer, batch_size=64, epochs=2, schedule="cosine", verbose=False)
    results[name] = finder.suggestion, network.evaluate(*validation)["accuracy"]
    print("{}: learning rate {:.2g}, accuracy {:.2%} after two epochs".format(name, *results[name]))
plt.show()
