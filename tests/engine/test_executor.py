"""The contract of `Executor`: both keep it, and nobody else knows that there are two."""

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest
from native_and_numpy import captured, needs_native

import layerwise as lw
from layerwise.engine.executor import Divisible, Evaluator
from layerwise.engine.native_engine import NativeEngine, NativeEvaluator
from layerwise.engine.numpy_engine import NumpyEngine, NumpyEvaluator
from layerwise.errors import DivergenceError

SOURCE = Path(lw.__file__).parent
PAIRS = [(Divisible, NumpyEngine), (Divisible, NativeEngine), (Evaluator, NumpyEvaluator), (Evaluator, NativeEvaluator)]
BOTH = pytest.mark.parametrize("engine", ["numpy", pytest.param("native", marks=needs_native)])
HELD = [lw.Dense(16), lw.Tanh(), lw.BatchNorm(), lw.Dense(2), lw.Softmax()]
SMALL = [lw.Dense(8), lw.Tanh(), lw.Dropout(0.2), lw.Dense(2), lw.Softmax()]


@pytest.fixture
def table(rng):
    X = rng.standard_normal((200, 20)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def methods(kind):
    return {name: function for name, function in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}


@pytest.mark.parametrize(("protocol", "kind"), PAIRS, ids=lambda kind: kind.__name__)
def test_both_have_the_methods_of_the_protocol(protocol, kind):
    asked, given = methods(protocol), methods(kind)
    assert asked
    for name, function in asked.items():
        assert inspect.signature(given[name]) == inspect.signature(function), name
    if kind in (NativeEngine, NativeEvaluator):
        assert given.keys() == asked.keys()


@BOTH
def test_both_have_the_attributes_of_the_protocol(table, engine):
    made = captured(SMALL, *table, np.float32, engine, batch_size=20)
    assert made.name == engine
    for name in Divisible.__mro__[1].__annotations__:
        assert hasattr(made, name), name
    net = lw.Network(SMALL, random_state=0)
    net.fit(*table, epochs=1, engine=engine, verbose=False)
    for kind in (NumpyEvaluator, NativeEvaluator)[engine == "native" :]:
        options = (20,) if kind is NumpyEvaluator else (1,)
        found = kind(made.plan, made.parameters, made.rows, made.targets, *options)
        assert all(hasattr(found, name) for name in Evaluator.__annotations__)


def test_only_the_choice_knows_that_there_are_two():
    """No module but it names both classes, and none asks of which class an executor is."""
    pairs = [{"NumpyEngine", "NativeEngine"}, {"NumpyEvaluator", "NativeEvaluator"}]
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {getattr(node, "id", getattr(node, "name", None)) for node in ast.walk(tree)}
        if path != SOURCE / "engine" / "choice.py":
            assert not any(pair <= names for pair in pairs), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass", "type"):
                asked = {getattr(inner, "id", getattr(inner, "attr", None)) for inner in ast.walk(node)}
                assert not asked & set.union(*pairs), f"{path}:{node.lineno}"


# ---------------------------------------------------------------- epochs of one step, at once


@BOTH
def test_epochs_at_once_clip_freeze_and_take_their_rates(table, engine):
    engines = [captured(HELD, *table, np.float32, engine, 2, optimizer=lw.Adam(), batch_size=1000) for _ in range(2)]
    rates, rows = np.linspace(0.1, 0.01, 9), []
    for each in engines:
        each.clip_norm, each.frozen = 0.05, {0}
    columns = engines[0].run_epochs(9, 0, rates=rates)
    for i, rate in enumerate(rates):
        engines[1].begin_epoch()
        engines[1].run(0, 1, i, rates=[rate])
        rows.append(engines[1].results(len(table[0])))
    np.testing.assert_array_equal(engines[0].parameters.theta, engines[1].parameters.theta)
    assert engines[0].optimizer.learning_rate == 0.01
    assert min(columns.pop("seconds")) > 0
    assert columns == {name: [row[name] for row in rows] for name in rows[0]}


@BOTH
def test_epochs_of_one_step_are_the_same_at_once_and_one_by_one(table, engine):
    class Look(lw.Callback):
        def on_epoch_end(self, run):
            assert run.history.epochs == run.epoch

    def trained(**arguments):
        net = lw.Network(SMALL, random_state=0)
        net.fit(*table, optimizer=lw.Adam(0.01, decay=0.1), batch_size=1000, epochs=40, engine=engine, verbose=False,
                **arguments)  # fmt: skip
        history = net.history.to_dict()
        return net, {name: history[name] for name in history if "second" not in name}

    (at_once, its_history), (one_by_one, history) = trained(), trained(callbacks=[Look()])
    np.testing.assert_array_equal(at_once.theta, one_by_one.theta)
    assert history == its_history
    assert at_once.optimizer.iterations == one_by_one.optimizer.iterations == at_once.steps == 40


@BOTH
def test_epochs_at_once_end_where_they_are_asked_to_or_diverge(table, engine):
    made = captured(SMALL, *table, np.float32, engine, optimizer=lw.SGD(0.1), batch_size=1000)
    seconds = made.run_epochs(10**6, 0, lambda: True)["seconds"]
    assert 0 < sum(seconds) < 10
    assert len(seconds) == made.optimizer.iterations < 10**6
    net = lw.Network([lw.Dense(1)], random_state=0)
    with pytest.raises(DivergenceError, match="step"):
        net.fit(*table, loss="mse", optimizer=lw.SGD(30.0), batch_size=1000, epochs=100, engine=engine, verbose=False)
    assert 1 < net.history.epochs < 100
    assert np.isfinite(net.theta).all()


class Counting(lw.Optimizer):
    """Has a memory that no state of it shows."""

    def __init__(self):
        super().__init__(0.1)
        self.calls = 0

    def step(self, theta, grad):
        self.calls += 1
        theta -= 0.1 * grad


def test_custom_parts_are_not_run_ahead(table):
    """A callback that stops a training would leave what they remember of epochs that were taken back."""

    class Stop(lw.Callback):
        reads_history_only = True

        def on_epoch_end(self, run):
            if run.epoch == 3:
                run.stop()

    optimizer = Counting()
    net = lw.Network(SMALL, random_state=0)
    net.fit(*table, optimizer=optimizer, batch_size=1000, epochs=40, callbacks=Stop(), verbose=False)
    assert net.optimizer.calls == net.steps == 3
