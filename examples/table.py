"""
Predict prices from a table
===========================

A table with numbers, categories, dates and gaps. The preset ``"tabular"`` encodes the columns, trains an ensemble of
networks and stops early.
"""

# %%
# ``homes.csv`` is a made-up table of homes with their prices.
from pathlib import Path

import matplotlib.pyplot as plt
import pandas
from sklearn.model_selection import train_test_split

import layerwise as lw

folder = Path(__file__).parent if "__file__" in globals() else Path()
homes = pandas.read_csv(folder / "homes.csv", index_col="id")
homes["price"] = pandas.to_numeric(homes["price"].str.replace(r"[$,]", "", regex=True))
homes = homes.dropna(subset="price")
print(homes.head().to_string())

# %%
# Hold out a quarter of the rows, train on the others, and predict the prices of the rows that were held out.
train, test = train_test_split(homes, random_state=0)
model = lw.MLPRegressor(preset="tabular", random_state=0)
model.fit(train.drop(columns="price"), train["price"])
predicted = model.predict(test.drop(columns="price"))
print(f"R² on the rows held out: {model.score(test.drop(columns='price'), test['price']):.2f}")

# %%
# Each point is a home. On the line, the prediction is exact.
figure, panel = plt.subplots(figsize=(5.5, 5), layout="constrained")
panel.scatter(test["price"], predicted, s=18)
panel.axline((0, 0), slope=1, color="grey", linewidth=1)
panel.set(xlabel="price", ylabel="predicted price", xlim=(0, None), ylim=(0, None))
plt.show()
