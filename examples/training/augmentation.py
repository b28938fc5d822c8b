"""
Augment images
==============

Small random changes make more images out of those that there are: shifted, rotated, scaled and distorted anew in every
epoch. With few training images this raises the accuracy on others.
"""

# %%
# What happens to one image.
import matplotlib.pyplot as plt
import numpy as np

import layerwise as lw

(X, y), _, (X_test, y_test) = lw.datasets.load_mnist()
X, y = X[:2000], y[:2000]
changes = lw.Augmentation(shift=2, rotation=12, scale=0.1, shear=8, elastic_alpha=30)
seven = np.repeat(X[y == 7][:1], 19, axis=0)
changed = changes(seven, random_state=0)
lw.plots.images(np.vstack([seven[:1], changed]), titles=["original", *[""] * 19], columns=10)
plt.show()

# %%
# Train on 2,000 images, without and with augmentation.
figure, panel = plt.subplots(figsize=(6.5, 4), layout="constrained")
for name, augmentation in (("without", None), ("with augmentation", changes)):
    net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    history = net.fit(
        X, y, epochs=40, augmentation=augmentation, validation_data=(X_test, y_test), schedule="cosine", verbose=False
    )
    print(f"{name}: {net.evaluate(X_test, y_test)['accuracy']:.1%} of the test images")
    panel.plot(range(1, 41), history["val_accuracy"], label=name)
panel.set(xlabel="epoch", ylabel="accuracy on the test images", ylim=(0.8, 1))
panel.legend()
plt.show()
