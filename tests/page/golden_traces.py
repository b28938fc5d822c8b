"""Traces for the page's tests: what an engine gives of a step, and the document that Python makes of the same numbers.

$ python tests/page/golden_traces.py     writes page/tests/golden/traces.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import layerwise as lw
from layerwise.explain.trace.document import Document
from layerwise.explain.trace.notation import plain
from layerwise.explain.trace.record import LayerTrace, Trace
from layerwise.explain.trace.worked import WORKED
from layerwise.files.parts import encode
from layerwise.parts.layers import ACTIVATIONS, Softmax, Step

FILE = Path(__file__).parents[2] / "page" / "tests" / "golden" / "traces.json"


def traces() -> dict[str, tuple[Trace, dict[str, Any]]]:
    """Return the traces by name, each with the options of its document."""
    found = {f"worked {i}": (make(), {"digits": digits}) for i, (make, digits) in enumerate(WORKED)}
    for kind in ACTIVATIONS:
        if kind not in (Step, Softmax):
            found[f"activation {kind.__name__}"] = (_step([lw.Dense(3), kind(), lw.Dense(2)]), {"sample": 1})
    found |= {f"layers {name}": (_step(layers, **more), {"sample": 1}) for name, layers, more in _layers()}
    found |= {f"loss {loss!r}": (_of_loss(loss), {"sample": 0}) for loss in _losses()}
    found |= {f"optimizer {o!r}": (_step(_small(), optimizer=o), {}) for o in _optimizers()}
    penalties = [lw.L2(0.01), lw.L1(0.001, biases=0.02, per_batch=True)]
    found["penalties"] = (_step(_small(), penalty=penalties), {"sample": 2})
    wide = [lw.Dense(14), lw.ReLU(), lw.Dense(12), lw.Softmax()]
    entropy = lw.CategoricalCrossEntropy()
    found["wide"] = (_step(wide, loss=entropy, n_in=15, n_out=12), {"sample": 1})
    found["wide, unfolded"] = (_step(wide, loss=entropy, n_in=15, n_out=12), {"expand": [1, (2, 11)], "digits": 3})
    found["single, in full"] = (_step(_small(), n=1), {"digits": None})
    return found


def _small() -> list[Any]:
    return [lw.Dense(3), lw.Tanh(), lw.Dense(2)]


def _layers() -> list[tuple[str, list[Any], dict[str, Any]]]:
    rates = [lw.Dense(4, weight_rate="ntk", bias_rate=0), lw.Scale(0.5), lw.ELU(0.7), lw.Dense(2)]
    return [
        ("batch norm", [lw.Dense(3), lw.BatchNorm(0.8), lw.Tanh(), lw.Dense(2)], {}),
        ("layer norm", [lw.Dense(9), lw.LayerNorm(), lw.LeakyReLU(0.1), lw.Dense(2)], {}),
        ("dropout", [lw.Dense(4), lw.ReLU(2.0), lw.Dropout(0.4), lw.Dense(2)], {}),
        ("two activations", [lw.Dense(3), lw.Tanh(), lw.Sigmoid(), lw.Linear(0.5), lw.Dense(2)], {}),
        ("rates", rates, {"optimizer": lw.Adam(0.01)}),
        ("groups", [lw.Dense(4, groups=2), lw.Tanh(), lw.Dense(2)], {"n_in": 4}),
        ("piecewise", [lw.PiecewiseLinear([[-1, 0, 1], [], [0, 0.5]]), lw.Dense(2)], {}),
        ("hidden softmax", [lw.Dense(3), lw.Softmax(), lw.Dense(2)], {}),
        ("hidden piecewise", [lw.Dense(2), lw.PiecewiseLinear([[-1, 0, 1], [-2, 2]]), lw.Dense(2)], {}),
        ("scaled", _small(), {"scaling": lw.RangeScaler(-2.0, 3.0)}),
        ("standardized", _small(), {"scaling": lw.StandardScaler()}),
    ]


def _losses() -> list[Any]:
    return [
        lw.MeanSquaredError(), lw.QuadraticCost(), lw.MeanAbsoluteError(), lw.Huber(0.3), lw.Quantile(0.9),
        lw.Poisson(),
        lw.CategoricalCrossEntropy(), lw.CategoricalCrossEntropy(label_smoothing=0.1), lw.BinaryCrossEntropy(),
        lw.BinaryCrossEntropy(pos_weight=3.0, reduction="sum"), lw.BinaryCrossEntropy(pos_weight=(2.0, 0.5)),
    ]  # fmt: skip


def _optimizers() -> list[Any]:
    return [
        lw.SGD(0.1), lw.SGD(0.1, weight_decay=0.01), lw.SGD(0.1, momentum=0.9), lw.SGD(0.1, 0.9, True, decay=0.5),
        lw.SGD(1.0, 0.5, weight_decay=0.1), lw.Adagrad(), lw.RMSprop(rho=0.8), lw.Adam(), lw.Adam(epsilon_hat=True),
        lw.AdamW(0.01, weight_decay=0.1),
    ]  # fmt: skip


def _of_loss(loss: Any) -> Trace:
    name = type(loss).__name__
    ends = {"CategoricalCrossEntropy": [lw.Softmax()], "BinaryCrossEntropy": [lw.Sigmoid()], "Poisson": [lw.Softplus()]}
    return _step([lw.Dense(3), lw.Tanh(), lw.Dense(2), *ends.get(name, [])], loss=loss, n=2)


def _step(
    layers: list[Any], loss: Any = None, optimizer: Any = None, penalty: Any = None, scaling: Any = None,
    n: int = 4, n_in: int = 3, n_out: int = 2,
) -> Trace:  # fmt: skip
    """Trace the third step of a network, so that the optimizer's state is not 0."""
    rng = np.random.default_rng(7)
    X = np.round(rng.normal(size=(n, n_in)) * 2, 2)
    X[0, 0] = 0
    y = np.abs(np.round(rng.normal(size=(n, n_out)), 1))
    if "CrossEntropy" in type(loss).__name__:
        y = np.eye(n_out)[np.arange(n) % n_out]
    network = lw.Network(layers, random_state=3, scaling=scaling)
    optimizer = optimizer or lw.SGD(0.5)
    loss = loss or lw.MeanSquaredError()
    network.fit(
        X, y, loss=loss, optimizer=optimizer, penalty=penalty, epochs=2, batch_size=n, engine="numpy", verbose=False
    )
    return lw.trace(network, X, y)


# -------------------------------------------------------------------- as the page has it


def as_numbers(trace: Trace) -> dict[str, Any]:
    """Return what an engine gives of the step: the plan, the parts, and `StepNumbers`."""
    step = trace.step
    assert step is not None
    plan, places = _plan(trace)
    flat = [(part, key) for part in trace.layers for key in part.parameters]

    def vector(of: Any) -> list[float]:
        return [x for part, key in flat for x in _list(of(part, key))]

    def state(name: str, field: str) -> list[float]:
        return vector(lambda part, key: getattr(part, field).get(key, {}).get(name, 0 * part.parameters[key]))

    fields = {"before": "states", "after": "new_states"}
    names = {name: None for part in trace.layers for states in part.states.values() for name in states}
    penalties = [
        {"penalty": encode(p.penalty), "begin": places[p.name], "factor": p.factor, "value": p.value}
        for p in step.penalties
    ]
    numbers = {
        "n": len(trace.x), "x": _list(trace.x), "targets": _list(step.targets),
        "layers": [_layer(part) for part in trace.layers],
        "terms": None if step.terms is None else _list(step.terms), "losses": _list(step.losses),
        "cost": step.cost, "new_cost": step.new_cost,
        "penalty": sum(p.value for p in step.penalties), "penalties": penalties,
        "before": vector(lambda part, key: part.parameters[key]),
        "gradient": vector(lambda part, key: part.gradients.get(key, 0 * part.parameters[key])),
        "total": vector(lambda part, key: part.totals.get(key, 0 * part.parameters[key])),
        "after": vector(lambda part, key: part.new[key]),
        "states": [{"name": name, **{when: state(name, field) for when, field in fields.items()}} for name in names],
        "learning_rate": step.rate, "step": step.number,
    }  # fmt: skip
    scaler = trace.scaler
    scaling = None
    if scaler is not None:
        assert scaler.offset is not None
        assert scaler.factor is not None
        scaling = {"offset": scaler.offset.ravel().tolist(), "factor": scaler.factor.ravel().tolist()}
    return {
        "plan": plan, "loss": encode(step.loss), "optimizer": encode(step.optimizer), "numbers": numbers,
        "given": None if scaling is None else {"raw": _list(trace.raw), "scaling": scaling},
        "double": trace.x.dtype == np.float64,
    }  # fmt: skip


def _plan(trace: Trace) -> tuple[dict[str, Any], dict[str, int]]:
    stages, places, begin = [], {}, 0
    for part in trace.layers:
        arrays = []
        for key, array in part.parameters.items():
            arrays.append({"name": key, "begin": begin, "shape": list(array.shape)})
            places[part.names[key]] = begin
            begin += array.size
        size = {"n_in": part.x.shape[1], "n_out": part.y.shape[1]}
        stages.append({"index": part.index, "layer": encode(part.layer), **size, "arrays": arrays})
    last = trace.layers[-1]
    assert trace.step is not None
    sizes = {"n_in": trace.x.shape[1], "n_out": last.y.shape[1], "n_theta": begin}
    return {"stages": stages, **sizes, "fused": trace.step.fused}, places


def _layer(part: LayerTrace) -> dict[str, Any]:
    assert part.new_y is not None
    kept = {name: _list(array) for name, array in part.kept.items()}
    dy, dx = (None if array is None else _list(array) for array in (part.dy, part.dx))
    return {"y": _list(part.y), "new_y": _list(part.new_y), "dy": dy, "dx": dx, "kept": kept}


def _list(array: Any) -> list[float]:
    """Return the numbers with as few digits as tell them from their neighbours."""
    return [float(str(x)) for x in np.asarray(array).ravel()]


def lines(document: Document) -> list[str]:
    """Return a document as text, a line a section, a block or a cell."""
    found = [document.title, document.note]
    for section in document.sections:
        found.append(f"# {section.title} | {section.note}")
        for block in section.blocks:
            found.append(f"= {block.name} | {block.formula} | {len(block.folded)} | {block.hidden}")
            for i, row in enumerate([*block.rows, block.folded]):
                mark = "-" if i < len(block.rows) else "…"
                found += [f"{mark} {i} | {c.name} | {c.numbers} | {c.value}" for c in row]
    return found


def golden() -> list[dict[str, Any]]:
    """Return all of it: the numbers, the options, the documents' lines, and one neuron's."""
    found = []
    for name, (trace, options) in traces().items():
        layer = trace.layers[-2 if len(trace.layers) > 2 else 0]
        neuron = [layer.index, layer.y.shape[1] - 1]
        sample, digits = options.get("sample", 0), options.get("digits", 6)
        one = trace.neuron(*neuron, sample=sample, digits=digits)
        document = lines(trace.document(**options))
        found.append(
            {"name": name, **as_numbers(trace), "options": options, "document": document,
             "neuron": neuron, "one": lines(one)}
        )  # fmt: skip
    return found


def text() -> str:
    """Return the file: a line a trace."""
    return "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in golden()) + "\n]\n"


def numbers() -> str:
    """Return numbers as Python writes them: large, small, half-way; float32 where all NumPys agree."""
    rng = np.random.default_rng(0)
    values = [0.0, -0.0, 1.0, -2.5, 0.5, 1e15, 1e16, 123456789.0, 1e-4, 1e-5, 0.125, 0.375, 2.675, 100000.5, 100001.5]
    values += [2.0**-k for k in range(1, 30)] + [k + 0.5 for k in range(999995, 1000005)]
    values += [
        float(sign * 10.0**power * x) for sign in (1, -1) for power in range(-9, 18) for x in rng.uniform(1, 10, 5)
    ]
    rows = [
        {"value": repr(x), "repr": repr(x), "g6": f"{x:.6g}", "g3": f"{x:.3g}", "f2": f"{x:.2f}", "f8": f"{x:.8f}",
         "single": str(np.float32(x)) if 1e-3 < abs(x) < 1e6 else None} for x in values
    ]  # fmt: skip
    return "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n"


def formulas() -> str:
    """Return the formulas of all documents beside their lines of Unicode."""
    texts: dict[str, None] = {}
    for trace, options in traces().values():
        for section in trace.document(**options).sections:
            for block in section.blocks:
                texts |= dict.fromkeys([block.name, block.formula])
                texts |= {cell.numbers: None for row in block.rows[:1] for cell in row[:1] if cell.numbers}
    rows = [json.dumps([text, plain(text)], ensure_ascii=False) for text in texts]
    return "[\n" + ",\n".join(rows) + "\n]\n"


if __name__ == "__main__":
    (FILE.parent / "formulas.json").write_text(formulas(), encoding="utf-8")
    (FILE.parent / "numbers.json").write_text(numbers(), encoding="utf-8")
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
