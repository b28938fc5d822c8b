"""How good a network is on rows that it has not seen: accuracy and confusions, or loss and R²."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from layerwise.app.cli.console import show
from layerwise.app.measures import log_losses
from layerwise.data.targets import Task, encode
from layerwise.network.network import Network
from layerwise.parts.metrics import expected_calibration_error
from layerwise.typing import Array

MOST = 5  # confusions shown


def score(network: Network, task: Task, X: Array, y: Array) -> dict[str, Any]:
    """Return samples, loss, and accuracy with the confusions made most often, or R²; ready for JSON."""
    is_regression = task.kind == "regression"
    found = network.evaluate(X, y, metrics=["r2_score"] if is_regression else None)
    result: dict[str, Any] = {"samples": len(y), "loss": found["loss"]}
    if is_regression:
        return result | {"r2": found["r2_score"]}
    pairs = zip(map(str, y.tolist()), map(str, network.predict(X).tolist()), strict=True)
    wrong = Counter((true, answer) for true, answer in pairs if true != answer)
    confusions = [
        {"true": true, "answer": answer, "times": times}
        for (true, answer), times in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    ]
    result |= {"accuracy": found["accuracy"], "errors": wrong.total(), "confusions": confusions}
    if task.kind == "classification" and network.layers[-1].gives != "values":
        result |= _of_confidence(network, X, y)
    return result


def _of_confidence(network: Network, X: Array, y: Array) -> dict[str, float]:
    """Return the log loss, and how far confidence is off the share that is right."""
    shares = network.predict_proba(X)
    labels = encode(y, network.built()[0].n_out, network.choose_loss(), network.dtype, network.task).labels
    if labels is None:  # a table of numbers as targets
        return {}
    places = np.asarray(labels, np.intp)
    return {
        "log_loss": float(log_losses(places, shares).mean()),
        "calibration_error": expected_calibration_error(places, shares),
    }


def show_score(result: dict[str, Any], name: str) -> None:
    """Print it for people."""
    samples = result["samples"]
    if "r2" in result:
        show(f"{name}: R² {result['r2']:.4f}, loss {result['loss']:.4g}, {samples:,} rows", "bold")
        return
    right = samples - result["errors"]
    show(f"{name}: accuracy {result['accuracy']:.2%}, {right:,} of {samples:,} right", "bold green")
    if "calibration_error" in result:
        show(f"calibration: confidence is {result['calibration_error']:.1%} off the share that is right")
    if result["confusions"]:
        show("Confused most often:")
    for item in result["confusions"]:
        times = "once" if item["times"] == 1 else f"{item['times']} times"
        show(f"  {item['true']} taken for {item['answer']}: {times}")
