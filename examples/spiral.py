"""
Classify a spiral
=================

Three classes of points lie on the arms of a spiral. No straight line separates them. A network with one hidden layer
of 64 neurons learns curved boundaries.
"""

# %%
# The data: 100 points for each of three arms, with two coordinates each.
import matplotlib.pyplot as plt

import layerwise as lw

X, y = lw.datasets.make_spiral(samples=100, classes=3)
print(X.shape, y.shape)

# %%
# The network has two inputs, a hidden layer with ReLU, and three outputs. Softmax makes probabilities of them.
net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)

# %%
# Train it in four stages, and draw which class it predicts at each point of the plane after each stage. ``fit``
# continues where the last call ended.
figure, panels = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
for panel, epochs in zip(panels.flat, (10, 90, 400, 2500), strict=True):
    net.fit(X, y, optimizer=lw.Adam(0.02) if net.steps == 0 else None, epochs=epochs, batch_size=300, verbose=False)
    accuracy = net.evaluate(X, y)["accuracy"]
    lw.plots.decision_regions(net, X, y, panel)
    panel.set_title(f"after {net.steps:,} steps: {accuracy:.0%} right")
plt.show()
