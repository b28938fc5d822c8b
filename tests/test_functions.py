"""Functions that a fit was given are compared when it is resumed: code, constants and the values they refer to."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from layerwise.network.settings import describe
from test_resuming import cut_off, fit

RATE = 2.0


def rate_of(factor, offset=0.0):
    return lambda epoch, epochs: factor / (1 + epoch) + offset


class Falling:
    """A schedule that is an object with a method."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, t, total):
        return self.factor * (1 - 0.1 * t)

    def of(self, t, total):
        return self.factor * (1 - 0.1 * t)


OTHERS = {
    "code": (lambda t, total: 1 / (1 + t), lambda t, total: 1 / (2 + t), "with other code"),
    "constants": (lambda t, total: 1.0, lambda t, total: 0.5, "with other code"),
    "closure": (rate_of(1.0), rate_of(0.5), "with another factor, 1.0 then, 0.5 now"),
    "default": (lambda t, total, low=0.1: 1 - low, lambda t, total, low=0.2: 1 - low, "another low, 0.1 then, 0.2 now"),
    "array": (rate_of(np.ones(())), rate_of(np.full((), 2.0)), "with another factor"),
    "nested": (
        lambda t, total: sum([1 / k for k in (1, 2)]),
        lambda t, total: sum([1 / k for k in (2, 2)]),
        "other code",
    ),
    "partial": (functools.partial(min, 1.0), functools.partial(min, 0.5), "1.0.*then.*0.5.*now"),
    "object": (Falling(1.0), Falling(0.5), "schedule: .*Falling"),
    "method": (Falling(1.0).of, Falling(0.5).of, "schedule: .*Falling"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_changed_function_is_refused_and_an_equal_one_goes_on(tmp_path, kind):
    then, now, message = OTHERS[kind]
    cut_off(tmp_path / "run", 4, schedule=then)
    with pytest.raises(lw.DataError, match=message):
        fit(tmp_path / "run", resume=True, schedule=now)
    fit(tmp_path / "run", resume=True, schedule=then)


def test_a_changed_function_can_be_meant(tmp_path):
    cut_off(tmp_path / "run", 4, schedule=rate_of(1.0))
    _, history = fit(tmp_path / "run", resume=["schedule"], schedule=rate_of(0.5))
    assert [change["name"] for change in history.changes] == ["schedule"]


@pytest.mark.parametrize("argument", ["metrics", "shuffle"])
def test_functions_given_anywhere_are_compared(tmp_path, argument):
    def made(seed):
        if argument == "metrics":
            return [lambda y, p: float(seed)]
        return lambda n: np.random.default_rng(seed).permutation(n)

    cut_off(tmp_path / "run", 4, **{argument: made(1)})
    with pytest.raises(lw.DataError, match="another seed, 1 then, 2 now"):
        fit(tmp_path / "run", resume=True, **{argument: made(2)})
    fit(tmp_path / "run", resume=True, **{argument: made(1)})


def test_a_callback_s_function_is_compared(tmp_path):
    class Calls(lw.Callback):
        def __init__(self, function):
            self.function = function

    cut_off(tmp_path / "run", 4, callbacks=[Calls(lambda run: None)])
    with pytest.raises(lw.DataError, match=r"function: .*with other code"):
        fit(tmp_path / "run", resume=True, callbacks=[Calls(lambda run: 1)])


def test_a_global_number_is_compared(monkeypatch):
    def schedule(t, total):
        return RATE / (1 + t)

    before = describe(schedule)
    assert describe(schedule) == before
    monkeypatch.setattr(sys.modules[__name__], "RATE", 3.0)
    assert describe(schedule) != before


def test_comments_and_names_of_variables_do_not_count():
    def of(text):
        names = {}
        exec(text, names)
        return describe(names["f"])

    plain = of("def f(t, total):\n    x = t + 1\n    return {'a', 'b', 'c'} & {x}")
    assert of("def f(t, total):\n    'Text.'\n    y = t + 1  # text\n\n    return {'a', 'b', 'c'} & {y}") == plain
    assert of("def f(t, total):\n    x = t + 2\n    return {'a', 'b', 'c'} & {x}") != plain


def test_the_digest_is_the_same_in_another_process():
    code = (
        "from layerwise.network.settings import describe\nimport numpy as np, json\nscale = 2.0\n"
        "f = lambda n: [x for x in range(n) if x in {'a', 'b', 'c', 'd'} or np.any(x)] * scale\n"
        "print(json.dumps(describe(f)))"
    )
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        found.add(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout)
    assert len(found) == 1
    assert b'"scale": 2.0' in found.pop()


def test_a_function_that_refers_to_itself_has_an_end():
    def again(n):
        return again(n - 1) if n else 0

    assert describe(again)["values"]["again"]["type"] == "again"


def test_what_cannot_be_compared_is_said(tmp_path):
    rng = np.random.default_rng(0)
    noisy = lambda t, total: 1 + 1e-3 * rng.random()  # noqa: E731
    cut_off(tmp_path / "run", 4, schedule=noisy)
    with pytest.warns(RuntimeWarning, match=r"schedule cannot be compared .*nothing tells the state of .*Generator"):
        fit(tmp_path / "run", resume=True, schedule=noisy)


def test_of_another_python_names_are_compared(tmp_path, monkeypatch):
    cut_off(tmp_path / "run", 4, schedule=rate_of(1.0))
    monkeypatch.setattr(sys.implementation, "cache_tag", "cpython-999")
    with pytest.warns(RuntimeWarning, match=r"schedule cannot be compared .*by name alone"):
        fit(tmp_path / "run", resume=True, schedule=rate_of(1.0))


# ---------------------------------------------------------------- orders of the rows


def drawn(seed):
    rng = np.random.default_rng(seed)
    return lambda n: rng.permutation(n)


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("step", [3, 4, 7])  # at an epoch's beginning and within one; there are three steps in each
def test_a_shuffle_with_a_state_is_brought_to_where_it_was(tmp_path, engine, step):
    whole, _ = fit(tmp_path / "whole", shuffle=drawn(5), engine=engine)
    often = lw.Checkpoint(tmp_path / "run", every=1)
    cut_off(tmp_path / "run", step, shuffle=drawn(5), engine=engine, checkpoint=often)
    net, _ = fit(tmp_path / "run", resume=True, shuffle=drawn(5), engine=engine, checkpoint=often)
    np.testing.assert_array_equal(net.theta, whole.theta)


def test_a_shuffle_that_gives_other_orders_is_said(tmp_path):
    order = drawn(5)
    cut_off(tmp_path / "run", 7, shuffle=order)
    with pytest.warns(RuntimeWarning, match="shuffle gives other orders of the rows now") as caught:
        fit(tmp_path / "run", resume=True, shuffle=order)
    assert [warning.filename for warning in caught] == [fit.__code__.co_filename]
