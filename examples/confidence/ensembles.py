"""
Average several networks
========================

Networks that start from different weights make different mistakes. An ensemble averages their probabilities: it is more
accurate than most of its members, and less sure where they disagree.
"""

# %%
# Ten networks on two overlapping classes, trained at the same time.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

import layerwise as lw

X, y = make_moons(200, noise=0.25, random_state=0)
X_test, y_test = make_moons(2000, noise=0.25, random_state=1)
layers = [lw.Dense(32), lw.ReLU(), lw.Dense(32), lw.ReLU(), lw.Dense(2), lw.Softmax()]
ensemble = lw.Ensemble(layers, 10, random_state=0)
ensemble.fit(X, y, optimizer=lw.Adam(0.01), epochs=100, verbose=False)

each = [net.evaluate(X_test, y_test) for net in ensemble.networks]
together = ensemble.predict_proba(X_test)
loss = -np.log(together[np.arange(len(y_test)), y_test]).mean()
print(f"members: loss {np.mean([e['loss'] for e in each]):.3f}, right {np.mean([e['accuracy'] for e in each]):.1%}")
print(f"ensemble: loss {loss:.3f}, right {(together.argmax(axis=1) == y_test).mean():.1%}")

# %%
# The probability of the second class, by one network and by all ten.
side = np.linspace(-2, 3, 160)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
figure, panels = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained", sharey=True)
for panel, model, title in zip(panels, (ensemble.networks[0], ensemble), ("one network", "ten networks"), strict=True):
    probability = model.predict_proba(grid)[:, 1].reshape(160, 160)
    shown = panel.pcolormesh(side, side, probability, cmap="PuOr", vmin=0, vmax=1, shading="auto", rasterized=True)
    panel.scatter(*X.T, c=y, cmap="PuOr", edgecolors="white", s=22)
    panel.set(title=title, xlabel="x₁", xlim=(-1.8, 2.8), ylim=(-1.6, 2))
panels[0].set_ylabel("x₂")
figure.colorbar(shown, ax=panels, label="probability of the second class")
plt.show()
