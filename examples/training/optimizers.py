"""
Compare optimizers
==================

The same network, the same data, five optimizers: how fast the training loss falls on the spiral.
"""

# %%
# Each starts from the same weights, since ``random_state`` is the same. Learning rates cannot be compared between
# optimizers; those here suit each of them.
import matplotlib.pyplot as plt

import layerwise as lw

X, y = lw.datasets.make_spiral(samples=100, classes=3)
optimizers = {
    "SGD": lw.SGD(1.0),
    "SGD with momentum": lw.SGD(0.5, momentum=0.9),
    "Adagrad": lw.Adagrad(0.3),
    "RMSprop": lw.RMSprop(0.01),
    "Adam": lw.Adam(0.05),
}
figure, panel = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, optimizer in optimizers.items():
    net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    history = net.fit(X, y, optimizer=optimizer, epochs=1000, batch_size=300, verbose=False)
    print(f"{name:>18}: {net.evaluate(X, y)['accuracy']:.1%} right")
    panel.plot(history["loss"], label=name)
panel.set(xlabel="step", ylabel="training loss", yscale="log")
panel.legend()
plt.show()
