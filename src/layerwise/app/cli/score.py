"""How good a network is on rows that it has not seen: accuracy and confusions, or loss and R²."""

from __future__ import annotations

from collections import Counter
from typing import Any

from layerwise.app.cli.console import show
from layerwise.data.targets import Task
from layerwise.network.network import Network
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
    return result | {"accuracy": found["accuracy"], "errors": wrong.total(), "confusions": confusions}


def show_score(result: dict[str, Any], name: str) -> None:
    """Print it for people."""
    samples = result["samples"]
    if "r2" in result:
        show(f"{name}: R² {result['r2']:.4f}, loss {result['loss']:.4g}, {samples:,} rows", "bold")
        return
    right = samples - result["errors"]
    show(f"{name}: accuracy {result['accuracy']:.2%}, {right:,} of {samples:,} right", "bold green")
    if result["confusions"]:
        show("Confused most often:")
    for item in result["confusions"]:
        times = "once" if item["times"] == 1 else f"{item['times']} times"
        show(f"  {item['true']} taken for {item['answer']}: {times}")
