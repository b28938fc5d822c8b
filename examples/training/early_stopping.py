"""
Stop before overfitting
=======================

A network with many weights learns a small training set by heart: its training loss falls on, while its loss on other
rows rises. Early stopping ends the training when the validation loss has not improved for some epochs, and restores the
best weights.
"""

# %%
# 1,000 training images are few for a network of 50,890 weights.
import matplotlib.pyplot as plt

import layerwise as lw

(X, y), validation, _ = lw.datasets.load_mnist()
X, y = X[:1000], y[:1000]
layers = [lw.Dense(64), lw.ReLU(), lw.Dense(10), lw.Softmax()]

long = lw.Network(layers, random_state=0)
without = long.fit(X, y, epochs=60, validation_data=validation, verbose=False)

# %%
# The same training with ``EarlyStopping``. ``patience`` is the number of epochs to wait for a lower loss.
stopped = lw.Network(layers, random_state=0)
stopping = lw.EarlyStopping(patience=8)
history = stopped.fit(X, y, epochs=60, validation_data=validation, callbacks=stopping, verbose=False)
print(f"validation loss after {len(without['loss'])} epochs: {without['val_loss'][-1]:.3f}")
print(f"stopped after {len(history['loss'])} epochs: {stopped.evaluate(*validation)['loss']:.3f}")

# %%
# The learning curves of the long training. The line marks the epoch whose weights early stopping keeps.
best = min(range(len(history["val_loss"])), key=lambda epoch: history["val_loss"][epoch]) + 1
epochs = range(1, 61)
figure, panel = plt.subplots(figsize=(7, 4), layout="constrained")
panel.plot(epochs, without["loss"], label="training")
panel.plot(epochs, without["val_loss"], label="validation")
panel.axvline(best, color="grey", linestyle="--", label=f"kept by early stopping: epoch {best}")
panel.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
panel.legend()
plt.show()
