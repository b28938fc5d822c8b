"""
Refuse what is no digit
=======================

A network that has only seen digits names a digit for any picture. ``lw.learn_novelty`` remembers what the training data
look like, so that inputs unlike them get no answer.
"""

# %%
# Train on digits, and learn what digits look like.
import matplotlib.pyplot as plt
import numpy as np

import layerwise as lw

(X, y), (X_val, y_val), (X_test, y_test) = lw.datasets.load_mnist()
net = lw.Network([lw.Dense(128), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
net.fit(X[:5_000], y[:5_000], epochs=8, verbose=False)
lw.learn_novelty(net, X[:5_000], X_val[:3000])

# %%
# Ten digits, ten digits upside down with their left and right halves exchanged, and ten images of noise.
digits = X_test[:10]
mixed = np.roll(digits.reshape(-1, 28, 28)[:, ::-1], 14, axis=2).reshape(-1, 784)
noise = np.random.default_rng(0).integers(0, 256, (10, 784), dtype=np.uint8)
pictures = np.vstack([digits, mixed, noise])

# %%
# Without refusal each picture gets a digit; with it, pictures that are no digits get none.
answers = net.predict(pictures, reject_novel=True)
titles = [
    f"{digit}" if answer is None else f"{answer}" for digit, answer in zip(net.predict(pictures), answers.tolist())
]
titles = [f"({title})" if answer is None else title for title, answer in zip(titles, answers.tolist())]
print(
    f"refused: {answers.mask[:10].sum()} digits, {answers.mask[10:20].sum()} mixed-up, {answers.mask[20:].sum()} noise"
)
panel = lw.plots.images(pictures, titles=titles, columns=10)
panel.set_title("the answer; in brackets where it is refused", y=1.06)
plt.show()
