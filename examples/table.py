"""
Predict prices from a table
===========================

A table with numbers, categories, dates and missing values. The preset ``"tabular"`` encodes the columns, trains an
ensemble of networks and stops early.
"""

# %%
# The table: 420 made-up homes with their prices. Some towns and sizes are missing.
import matplotlib.pyplot as plt
import numpy as np
import polars
from sklearn.model_selection import train_test_split

import layerwise as lw

rng = np.random.default_rng(0)
n = 420
price_per_m2 = {"Oslo": 6500, "Bergen": 5000, "Tromsø": 4200, "Hamar": 3000}
town = rng.choice(list(price_per_m2), n)
size = rng.normal(80, 25, n).clip(28).round(1)
day = rng.integers(0, 1000, n)
garden = rng.random(n) < 0.4
price = size * [price_per_m2[name] for name in town] * (1 + day / 5000) * (1 + 0.08 * garden)
price = (price * rng.lognormal(0, 0.1, n)).round(-3)

homes = polars.DataFrame(
    {
        "listed": np.datetime64("2022-01-03") + day,
        "town": np.where(rng.random(n) < 0.04, None, town).tolist(),
        "size": np.where(rng.random(n) < 0.05, np.nan, size),
        "garden": garden,
    }
)
print(homes.head())

# %%
# Hold out a quarter of the rows, train on the others, and predict the prices of the rows that were held out.
X_train, X_test, y_train, y_test = train_test_split(homes, price, random_state=0)
model = lw.MLPRegressor(preset="tabular", random_state=0)
model.fit(X_train, y_train)
predicted = model.predict(X_test)
print(f"R² on the rows held out: {model.score(X_test, y_test):.2f}")

# %%
# Each point is a home. On the line, the prediction is exact.
figure, panel = plt.subplots(figsize=(5.5, 5), layout="constrained")
panel.scatter(y_test, predicted, s=18)
panel.axline((0, 0), slope=1, color="grey", linewidth=1)
panel.set(xlabel="price", ylabel="predicted price", xlim=(0, None), ylim=(0, None))
plt.show()
