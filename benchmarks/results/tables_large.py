"""Public tables of 300 to 33,000 rows: the presets beside boosted trees and the best networks for tables.

OMP_NUM_THREADS=1 python benchmarks/results/tables_large.py FOLDER [--models A B ...] [--tables A B ...] [--done FILE]

FOLDER has the tables as files: those of Rdatasets as PACKAGE__NAME.csv, and of Brownlee's Datasets as NAME.csv; none of
them belongs to this project. Five times, the rows are cut into halves by a seed, and each half is learned from and
tested on the other: ten splits. Each fit's result is added to the file of --done, so that a run can go on later, and
be made in parts; models that take long may have fewer splits, and are compared on those that all have.

All models have their default settings, one thread, and the same frame: numbers as float64 and text as pandas'
categories, encoded by themselves where they can; the networks of pytabkit get the median for missing numbers. Log loss
and error are those of classes; RMSE is divided by the standard deviation of the target in the half that is tested. The
time is the processor's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.model_selection import KFold, StratifiedKFold

MOST_ROWS = 50_000


@dataclass(frozen=True)
class Table:
    """A table by name: its file, the target, and the columns that tell it or are no measurements."""

    file: str
    target: str | int
    leave_out: tuple[str, ...] = ()
    classes: bool = True
    header: bool = True

    def load(self, folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
        """The features and the target of the rows that have one."""
        options: dict[str, Any] = {} if self.header else {"header": None, "skipinitialspace": True}
        frame = pd.read_csv(folder / self.file, na_values=["?"], **options)
        frame = frame if len(frame) <= MOST_ROWS else frame.sample(MOST_ROWS, random_state=0)
        target = frame.columns[self.target] if isinstance(self.target, int) else self.target
        frame = frame[frame[target].notna()]
        y = frame.pop(target)
        frame = frame.drop(columns=[c for c in ("rownames", *self.leave_out) if c in frame])
        frame.columns = [str(name) for name in frame.columns]
        for name in frame:
            if frame[name].dtype.kind not in "if":
                frame[name] = frame[name].astype(str).where(frame[name].notna()).astype("category")
            elif frame[name].dtype.kind == "i":
                frame[name] = frame[name].astype(float)
        if not self.classes:
            return frame, y.to_numpy(float)
        counts = y.value_counts()
        kept = y.isin(counts.index[counts >= 10]).to_numpy()
        return frame[kept], np.unique(y[kept].astype(str), return_inverse=True)[1]


def _numbers(file: str, target: str | int, *leave_out: str, header: bool = True) -> Table:
    return Table(file, target, leave_out, classes=False, header=header)


TABLES: dict[str, Table] = {
    "adult": Table("adult-train.csv", -1, header=False),
    "german credit": Table("german.csv", -1, header=False),
    "phoneme": Table("phoneme.csv", -1, header=False),
    "mammography": Table("mammography.csv", -1, header=False),
    "ionosphere": Table("ionosphere.csv", -1, header=False),
    "ecoli": Table("ecoli.csv", -1, header=False),
    "oil spill": Table("oil-spill.csv", -1, ("0",), header=False),
    "attrition": Table("modeldata__attrition.csv", "Attrition"),
    "credit": Table("modeldata__credit_data.csv", "Status"),
    "churn": Table("modeldata__mlc_churn.csv", "churn"),
    "telco churn": Table("modeldata__wa_churn.csv", "churn"),
    "cells": Table("modeldata__cells.csv", "class", ("case",)),
    "stackoverflow": Table("modeldata__stackoverflow.csv", "Remote"),
    "lending club": Table("modeldata__lending_club.csv", "Class"),
    "taxi": Table("modeldata__taxi.csv", "tip"),
    "orange juice": Table("ISLR__OJ.csv", "Purchase"),
    "default": Table("ISLR__Default.csv", "default"),
    "spam7": Table("DAAG__spam7.csv", "yesno"),
    "email": Table("openintro__email.csv", "spam", ("time",)),
    "mortgages": Table("AER__HMDA.csv", "deny"),
    "titanic": Table("carData__TitanicSurvival.csv", "survived"),
    "stroke": Table("MLDataR__stroke_classification.csv", "stroke", ("pat_id",)),
    "thyroid": Table("MLDataR__thyroid_disease.csv", "ThryroidClass"),
    "abalone": _numbers("abalone.csv", -1, header=False),
    "white wine": _numbers("winequality-white.csv", -1, header=False),
    "red wine": _numbers("winequality-red.csv", -1, header=False),
    "boston": _numbers("housing.csv", -1, header=False),
    "car prices": _numbers("modeldata__car_prices.csv", "Price"),
    "concrete": _numbers("modeldata__concrete.csv", "compressive_strength"),
    "ames": _numbers("modeldata__ames.csv", "Sale_Price"),
    "sacramento": _numbers("modeldata__Sacramento.csv", "price"),
    "deliveries": _numbers("modeldata__deliveries.csv", "time_to_delivery"),
    "wages": _numbers("ISLR__Wage.csv", "wage", "logwage"),
    "house prices": _numbers("AER__HousePrices.csv", "price"),
    "saratoga": _numbers("mosaicData__SaratogaHouses.csv", "price"),
    "computers": _numbers("Ecdat__Computers.csv", "price"),
    "births": _numbers("openintro__births14.csv", "weight", "lowbirthweight"),
}


def _layerwise(preset: str) -> Callable[[bool], Any]:
    def make(classes: bool) -> Any:
        import layerwise

        kind = layerwise.MLPClassifier if classes else layerwise.MLPRegressor
        return kind(preset=preset, random_state=0, n_threads=1)

    return make


def _hist(classes: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=0)


def _lightgbm(classes: bool) -> Any:
    import lightgbm

    return (lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor)(random_state=0, verbosity=-1)


def _xgboost(classes: bool) -> Any:
    import xgboost

    return (xgboost.XGBClassifier if classes else xgboost.XGBRegressor)(enable_categorical=True, random_state=0)


class _CatBoost:
    def __init__(self, classes: bool) -> None:
        import catboost

        kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
        self.model = kind(random_seed=0, verbose=False, allow_writing_files=False)

    def _frame(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**{c: X[c].astype(object).fillna("missing").astype(str) for c in X if X[c].dtype == "category"})

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> None:
        self.model.fit(self._frame(X), y, cat_features=[c for c in X if X[c].dtype == "category"])

    def predict(self, X: pd.DataFrame) -> Any:
        return self.model.predict(self._frame(X))

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.model.predict_proba(self._frame(X))


class _Pytabkit:
    def __init__(self, name: str, classes: bool) -> None:
        import pytabkit

        self.model = getattr(pytabkit, f"{name}_{'Classifier' if classes else 'Regressor'}")(
            random_state=0, n_threads=1, verbosity=0, device="cpu"
        )
        self.middle: pd.Series | None = None

    def _frame(self, X: pd.DataFrame) -> pd.DataFrame:
        """Without missing numbers, which these models do not take: the median stands for them."""
        numbers = X.select_dtypes("number")
        if self.middle is None:
            self.middle = numbers.median().fillna(0)
        return X.assign(**numbers.fillna(self.middle))

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> None:
        self.middle = None
        self.model.fit(self._frame(X), y, cat_col_names=[c for c in X if X[c].dtype == "category"])

    def predict(self, X: pd.DataFrame) -> Any:
        return self.model.predict(self._frame(X))

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.model.predict_proba(self._frame(X))


MODELS: dict[str, Callable[[bool], Any]] = {
    "layerwise, tabular": _layerwise("tabular"),
    "layerwise, tabular-best": _layerwise("tabular-best"),
    "HistGradientBoosting": _hist,
    "LightGBM": _lightgbm,
    "XGBoost": _xgboost,
    "CatBoost": _CatBoost,
    "RealMLP-TD-S": lambda classes: _Pytabkit("RealMLP_TD_S", classes),
    "RealMLP-TD": lambda classes: _Pytabkit("RealMLP_TD", classes),
    "TabM": lambda classes: _Pytabkit("TabM_D", classes),
}


def splits(y: np.ndarray, classes: bool, repetitions: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows to train and to test: two halves for each repetition."""
    for seed in range(repetitions):
        kind = StratifiedKFold if classes else KFold
        yield from kind(2, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)


def score(model: Any, X: pd.DataFrame, y: np.ndarray, classes: bool) -> dict[str, float]:
    """Log loss and error, or RMSE in standard deviations, with the processor's seconds of the prediction."""
    start = time.process_time()
    found = np.asarray(model.predict_proba(X) if classes else model.predict(X))
    took = time.process_time() - start
    if not classes:
        return {"predict": took, "rmse": float(np.sqrt(np.mean((found.ravel() - y) ** 2)) / y.std())}
    found = np.clip(found.astype(np.float64), 1e-7, 1)
    found /= found.sum(axis=1, keepdims=True)
    return {
        "predict": took,
        "log loss": float(metrics.log_loss(y, found, labels=np.arange(found.shape[1]))),
        "error": float((found.argmax(axis=1) != y).mean()),
    }


def measure(folder: Path, tables: Sequence[str], models: Sequence[str], repetitions: int, done: Path) -> None:
    """Add what is missing to the file of results, a line each; the small tables first."""
    known = {tuple(json.loads(line)["key"]) for line in done.read_text().splitlines()} if done.exists() else set()
    data = {table: TABLES[table].load(folder) for table in tables}
    for table in sorted(tables, key=lambda table: len(data[table][1])):
        X, y = data[table]
        classes = TABLES[table].classes
        for number, (train, test) in enumerate(splits(y, classes, repetitions)):
            for name in models:
                if (table, number, name) in known:
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model, start = MODELS[name](classes), time.process_time()
                    model.fit(X.iloc[train], y[train])
                    result = {"fit": time.process_time() - start} | score(model, X.iloc[test], y[test], classes)
                with done.open("a") as file:
                    file.write(json.dumps({"key": [table, number, name], **result}) + "\n")
                shown = ", ".join(f"{key} {value:.4g}" for key, value in result.items())
                print(f"{table} {len(y)} rows, split {number}, {name}: {shown}", file=sys.stderr, flush=True)


Results = dict[tuple[str, int], dict[str, dict[str, float]]]


def read(done: Path) -> Results:
    """Each split's results, by model."""
    found: Results = {}
    for line in done.read_text().splitlines():
        entry = json.loads(line)
        table, number, name = entry.pop("key")
        found.setdefault((table, number), {})[name] = entry
    return found


def means(results: Results, names: Sequence[str], measure_name: str) -> dict[str, dict[str, float]]:
    """The mean over the splits that all of these models have, by table and model."""
    found: dict[str, dict[str, list[float]]] = {}
    for (table, _), models in sorted(results.items()):
        if all(measure_name in models.get(name, {}) for name in names):
            for name in names:
                found.setdefault(table, {}).setdefault(name, []).append(models[name][measure_name])
    return {table: {name: statistics.fmean(each[name]) for name in names} for table, each in found.items()}


def mean_ranks(by_table: dict[str, dict[str, float]]) -> dict[str, float]:
    """The mean rank of each model over the tables, 1 for the least; equal ones share theirs."""
    places: dict[str, list[float]] = {}
    for values in by_table.values():
        ordered = sorted(values.values())
        for name, value in values.items():
            places.setdefault(name, []).append(statistics.fmean(i + 1 for i, o in enumerate(ordered) if o == value))
    return {name: statistics.fmean(each) for name, each in places.items()}


def row(title: str, values: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {title} | {' | '.join(values)} |"


def head(title: str, names: Sequence[str]) -> str:
    """The head of a table."""
    return row(title, names) + "\n|---|" + "---:|" * len(names)


MEASURES = {"log loss": "Log loss", "rmse": "RMSE, in standard deviations of the target"}


def lines(done: Path) -> Iterator[str]:
    """The page: mean ranks and times, of as many models as have the same splits; then a row a table."""
    results = read(done)
    names = list(MODELS)
    for count in (len(names) - 3, len(names) - 1, len(names)):
        yield "\n" + head("measure", names[:count])
        for measure_name in MEASURES:
            found = means(results, names[:count], measure_name)
            if found:
                ranks = mean_ranks(found)
                tables = f"{len(found)} table{'s' * (len(found) != 1)}"
                title = f"mean rank, {'RMSE' if measure_name == 'rmse' else measure_name} of {tables}"
                least = min(ranks.values())
                yield row(title, [f"**{v:.2f}**" if v == least else f"{v:.2f}" for v in ranks.values()])
        for key in ("fit", "predict"):
            shared = [models for models in results.values() if all(name in models for name in names[:count])]
            seconds = [statistics.median(models[name][key] for models in shared) for name in names[:count]]
            yield row(f"s of processor, {key}: median of {len(shared)} splits", [f"{value:.3f}" for value in seconds])
    for measure_name, title in MEASURES.items():
        yield f"\n{title}:\n\n" + head("table", names)
        for table, values in means(results, names[:-3], measure_name).items():
            for name in names[-3:]:
                values |= means(results, [*names[:-3], name], measure_name).get(table, {})
            least = min(values.values())
            shown = {name: f"**{v:.4f}**" if v == least else f"{v:.4f}" for name, v in values.items()}
            yield row(table, [shown.get(name, "") for name in names])


def main(words: Sequence[str] | None = None) -> None:
    """Measure what is missing, and print the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--repetitions", type=int, default=5, help="of two halves each")
    parser.add_argument("--done", type=Path, default=Path("tables-large.jsonl"), help="the results so far")
    given = parser.parse_args(words)
    measure(given.folder, given.tables, given.models, given.repetitions, given.done)
    print("\n".join(lines(given.done)))


if __name__ == "__main__":
    main()
