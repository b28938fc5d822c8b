"""Schedules: worked numbers, bounds, names, and functions of one's own."""

import math

import numpy as np
import pytest

import layerwise as lw
from layerwise import datasets
from layerwise.errors import UnknownNameError
from layerwise.exchange.export.script import to_training_script
from layerwise.exchange.export.script.rules import schedule_text
from layerwise.files.formulas import formula_of, from_formula
from layerwise.parts import schedules
from layerwise.parts.schedules import SCHEDULES, as_schedule, factors, moments

WORKED = [
    (schedules.Constant(0.5), 10, {0: 0.5, 9.5: 0.5}),
    # 1 / (1 + 0.5 t)
    (schedules.InverseTime(0.5), 10, {0: 1, 1: 1 / 1.5, 2: 1 / 2, 6: 1 / 4}),
    # 0.1 after 3 epochs, 0.01 after 6
    (schedules.StepDecay(0.1, every=3), 10, {0: 1, 2.99: 1, 3: 0.1, 5.9: 0.1, 6: 0.01}),
    # 0.81 = 0.9², √0.9 after half an epoch
    (schedules.Exponential(0.9), 10, {0: 1, 0.5: math.sqrt(0.9), 1: 0.9, 2: 0.81}),
    # 1 / √(1 + 3) = ½, 1 / √(1 + 8) = ⅓
    (schedules.InverseScaling(0.5), 10, {0: 1, 3: 1 / 2, 8: 1 / 3}),
    (schedules.InverseScaling(1), 10, {1: 1 / 2}),
    # ½ (1 + cos 0) = 1, ½ (1 + cos π/3) = 3/4, ½ (1 + cos π/2) = ½, ½ (1 + cos π) = 0
    (schedules.Cosine(), 12, {0: 1, 4: 0.75, 6: 0.5, 8: 0.25, 12: 0}),
    # up in 2 epochs: 0, ¼, ½, 1; then the 10 others: half of the way from 1 to 0.2 at 2 + 5
    (schedules.Cosine(warm_up=2, final=0.2), 12, {0: 0, 0.5: 0.25, 1: 0.5, 2: 1, 7: 0.6, 12: 0.2}),
    # from 1/25 up in 3 epochs, half of the way at 1.5: (1/25 + 1) / 2 = 0.52; down in 7 to 4e-6
    (schedules.OneCycle(), 10, {0: 1 / 25, 1.5: 0.52, 3: 1, 6.5: (1 + 4e-6) / 2, 10: 4e-6}),
    (schedules.OneCycle(0.5, start=0, end=0), 8, {0: 0, 2: 0.5, 4: 1, 6: 0.5, 8: 0}),
    # 2 cycles: log₂(1 + 3 t / 9) is 0 at 0, 1 at 3, 2 at 9, so 0 there; ½ at t = 3 (√2 - 1), so 1 there
    (schedules.CosLog(2), 9, {0: 0, 3 * (math.sqrt(2) - 1): 1, 3: 0, 9: 0}),
    (schedules.CosLog(), 15, {1: 0, 3: 0, 7: 0, 15: 0, 4 * math.sqrt(2) - 1: 1}),
]


@pytest.mark.parametrize(("schedule", "total", "expected"), WORKED, ids=str)
def test_worked_numbers(schedule, total, expected):
    moments = np.array(list(expected), float)
    np.testing.assert_allclose(factors(schedule, moments, total), list(expected.values()), atol=1e-12)
    for moment, value in expected.items():
        assert float(schedule(moment, total)) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 7, 1000])
def test_every_schedule_is_finite_and_from_0_to_1_and_the_same_one_by_one(kind, total):
    schedule = kind()
    t = np.linspace(0, total, 50, endpoint=False)
    at_once = factors(schedule, t, total)
    assert at_once.dtype == np.float64
    assert np.isfinite(at_once).all()
    assert (at_once >= 0).all()
    assert (at_once <= 1).all()
    np.testing.assert_allclose(factors(lambda t, total: schedule(t, total), t, total), at_once, rtol=1e-14)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_names_and_reprs(kind):
    assert type(as_schedule(kind.__name__.lower())) is kind
    assert repr(kind()) == f"{kind.__name__}()"


def test_stairs_stand_where_they_should_however_many_steps_an_epoch_has():
    """The first step of an epoch has a whole t, and no step before it does."""
    for steps in (1, 3, 7, 10, 49, 1875):
        t = np.arange(30 * steps) / steps
        stairs = factors(schedules.StepDecay(0.5, every=1), t, 30)
        np.testing.assert_array_equal(stairs, np.repeat(0.5 ** np.arange(30), steps))


def test_a_warm_up_longer_than_the_fit_only_rises():
    np.testing.assert_allclose(factors(schedules.Cosine(warm_up=10), np.array([0.0, 1, 2]), 3), [0, 0.1, 0.2])


def test_a_schedule_of_ones_own():
    def triangle(t, total):
        return 1 - abs(2 * t / total - 1)

    assert as_schedule(triangle) is triangle
    np.testing.assert_allclose(factors(triangle, np.array([0.0, 1, 2, 3]), 4), [0, 0.5, 1, 0.5])
    asked = []
    factors(lambda t, total: asked.append((type(t), type(total))) or 1, np.zeros(1), 2)
    assert asked == [(float, float)]


def test_which_t_a_step_has():
    """Two steps an epoch, three epochs."""
    steps = np.arange(6)
    np.testing.assert_allclose(moments(schedules.StepDecay(), steps, 2, 3), [0, 0.5, 1, 1.5, 2, 2.5])
    np.testing.assert_allclose(moments(lambda t, total: 1, steps, 2, 3), [0, 0.5, 1, 1.5, 2, 2.5])
    np.testing.assert_allclose(moments(schedules.CosLog(), steps, 2, 3), [0.25, 0.75, 1.25, 1.75, 2.25, 2.75])
    np.testing.assert_allclose(moments(schedules.OneCycle(), steps, 2, 3), [0, 0.6, 1.2, 1.8, 2.4, 3])
    assert moments(schedules.OneCycle(), np.arange(1), 1, 1) == [0]


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize(("steps_per_epoch", "epochs"), [(1, 1), (1, 2), (1, 7), (3, 5), (7, 15), (10, 100)])
def test_no_step_of_any_schedule_has_the_rate_0(kind, steps_per_epoch, epochs):
    schedule = kind(warm_up=2) if kind is schedules.Cosine else kind()
    t = moments(schedule, np.arange(steps_per_epoch * epochs), steps_per_epoch, epochs)
    assert (factors(schedule, t, epochs) > 0).all()


def test_a_rule_that_is_none():
    class Odd(schedules.Cosine):
        read_at = "end"

    with pytest.raises(ValueError, match=r'read_at must be "start", "middle" or "ends"; got \'end\''):
        moments(Odd(), np.arange(3), 1, 3)


class Mine(schedules.Schedule):
    """Written for one number, not for arrays: it is asked step by step."""

    def __init__(self, until):
        self.until = until

    def __call__(self, t, total):
        return 1.0 if t < self.until else 0.0


def test_a_class_of_ones_own():
    np.testing.assert_array_equal(factors(Mine(2), np.array([0.0, 1, 2, 3]), 4), [1, 1, 0, 0])
    assert repr(Mine(2)) == "Mine(2)"
    with pytest.raises(TypeError, match=r"Schedule needs a formula: .* or a class of it with f\(self, t, total\)"):
        schedules.Schedule()

    class Empty(schedules.Schedule):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define f\(t, total\), or __call__\(t, total\)"):
        Empty()(0, 1)


@pytest.mark.parametrize(
    ("given", "kind"),
    [(math.nan, ValueError), (math.inf, ValueError), (-0.1, ValueError), (None, TypeError), ("1", TypeError),
     ([1, 2], TypeError), (1j, TypeError)],
)  # fmt: skip
def test_nonsense_is_named(given, kind):
    def odd(t, total):
        return given

    with pytest.raises(
        kind, match=r"schedule odd gave .* at t=2 of 4 epochs; it must give a finite number, at least 0"
    ):
        factors(odd, np.array([2.0]), 4)


@pytest.mark.parametrize("given", [np.float32(0.5), np.array(0.5), 0, True, 5])
def test_every_form_of_a_number_will_do(given):
    assert factors(lambda t, total: given, np.zeros(1), 1)[0] == float(given)


def test_what_is_no_schedule():
    assert as_schedule(None) is None
    with pytest.raises(UnknownNameError, match="did you mean 'Cosine'"):
        as_schedule("cosin")
    with pytest.raises(TypeError, match=r"give an instance: Cosine\(\.\.\.\)"):
        as_schedule(schedules.Cosine)
    with pytest.raises(TypeError, match="schedule must be an instance of Schedule"):
        as_schedule(0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.Constant(-1),
        lambda: schedules.InverseTime(-1),
        lambda: schedules.StepDecay(0),
        lambda: schedules.StepDecay(every=0),
        lambda: schedules.Exponential(1.1),
        lambda: schedules.InverseScaling(-0.5),
        lambda: schedules.Cosine(warm_up=-1),
        lambda: schedules.Cosine(final=math.nan),
        lambda: schedules.OneCycle(peak_at=1),
        lambda: schedules.OneCycle(start=2),
        lambda: schedules.CosLog(0),
    ],
)
def test_arguments_have_bounds(make):
    with pytest.raises(ValueError, match="must be"):
        make()


# ---------------------------------------------------------------- custom formulas


class Triangle(schedules.Schedule):
    """Up to 1 at the share `top` of the fit, and down again, in stairs of an epoch's nth part."""

    read_at = "middle"

    def __init__(self, top=0.5, least=0.1, stairs=4):
        self.top, self.least, self.stairs = top, least, stairs

    def f(self, t, total):
        share = np.floor(t * self.stairs) / (self.stairs * total)
        return np.maximum(np.where(share < self.top, share / self.top, (1 - share) / (1 - self.top)), self.least)


class Steady(schedules.Schedule):
    def f(self, t, total):
        return 0.5


X, Y = datasets.make_spiral(random_state=0)


def trained(schedule, epochs=4, **options):
    net = lw.Network([lw.Dense(9), lw.Tanh(), lw.Dense(3), lw.Softmax()], random_state=0)
    net.fit(X, Y, optimizer=lw.Adam(0.01), schedule=schedule, epochs=epochs, batch_size=50, verbose=False,
            engine="numpy", **options)  # fmt: skip
    return net


def test_a_custom_formula_by_hand():
    # stairs of a quarter of an epoch; of two epochs, t = 0.3 is on the stair at 1/8 of the fit, 1.6 on that at 6/8
    np.testing.assert_allclose(factors(Triangle(), np.array([0.0, 0.3, 1.0, 1.6]), 2), [0.1, 0.25, 1, 0.5])
    np.testing.assert_array_equal(factors(Steady(), np.zeros(3), 2), 0.5)


def test_a_custom_formula_is_computed_at_once():
    calls = []

    class Counted(schedules.Schedule):
        def f(self, t, total):
            calls.append(t)
            return 1 - t / total

    factors(Counted(), np.linspace(0, 5, 100), 10)
    assert len(calls) < 5


def test_a_schedule_of_a_function():
    given = schedules.Schedule(lambda t, total: 1 - t / total, name="Falling", read_at="ends")
    assert schedules.are_at_once(given)
    np.testing.assert_array_equal(factors(given, np.array([0.0, 1.0]), 4), [1, 0.75])
    np.testing.assert_array_equal(moments(given, np.arange(2), 1, 2), [0, 2])


def test_a_call_of_a_class_comes_before_the_formula_that_it_inherits():
    class Half(schedules.Cosine):
        def __call__(self, t, total):
            return 0.5

    assert not schedules.are_at_once(Half())
    np.testing.assert_array_equal(factors(Half(), np.zeros(2), 2), 0.5)


def test_a_formula_below_0_is_refused():
    with pytest.raises(ValueError, match=r"schedule Schedule\(1 - t\) gave -1.0 at t=2 of 4 epochs; it must give"):
        factors(schedules.Schedule(lambda t, total: 1 - t), np.array([0.0, 2.0, 3.0]), 4)


def test_what_no_tree_can_express_is_refused():
    class Branch(schedules.Schedule):
        def f(self, t, total):
            return 1.0 if t < 1 else 0.5

    with pytest.raises(lw.FormulaError, match=r"(?s)Branch\.f: .*np\.where"):
        factors(Branch(), np.zeros(1), 1)


@pytest.mark.parametrize(
    "schedule",
    [*(kind() for kind in SCHEDULES), schedules.Cosine(1, 0.1), Triangle(), Triangle(0.25, stairs=3), Steady(),
     schedules.Schedule(lambda t, total: np.cos(t / total))],
    ids=repr,
)  # fmt: skip
def test_the_text_of_a_schedule_has_the_same_bits(schedule):
    program = {"np": np}
    exec(schedule_text(schedule), program)
    t = moments(schedule, np.arange(70), 7, 10)
    np.testing.assert_array_equal(program["schedule"](t, 10), factors(schedule, t, 10))


def test_the_script_of_a_training_with_a_custom_schedule(capsys):
    net, program = trained(Triangle()), {"__name__": "script"}
    exec(to_training_script(net), program)
    _, layers = program["train"](X, Y)
    found = np.concatenate([array.ravel() for layer in layers for array in layer.parameters])
    np.testing.assert_array_equal(found, net.theta)


def test_a_schedule_that_is_asked_step_by_step_has_no_script():
    with pytest.raises(lw.ExportError, match=r"the schedule Mine\(2\) is no part of layerwise"):
        to_training_script(trained(Mine(2)))


def test_a_file_of_a_custom_schedule_loads_without_its_class(tmp_path):
    trained(Triangle(0.25)).save(tmp_path / "net")
    lw.load(tmp_path / "net").save(tmp_path / "again")  # and once more, saved from what was loaded
    found = lw.load(tmp_path / "again").last_fit["schedule"]
    assert type(found) is schedules.Schedule
    assert (found.name, found.read_at) == ("Triangle", "middle")
    t = np.linspace(0, 4, 30)
    np.testing.assert_array_equal(factors(found, t, 4), factors(Triangle(0.25), t, 4))
    known = lw.load(tmp_path / "net", custom=[Triangle]).last_fit["schedule"]
    assert type(known) is Triangle
    assert known.top == 0.25


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"read_at": "end"}, "read_at must be start, middle or ends"), ({"values": {"t": 1.0}}, "the names of its num"),
     ({"f": [["symbol", "w"]]}, "f: part 0 is no part of a formula")],
)  # fmt: skip
def test_a_schedule_in_a_file_that_is_none_is_refused(changed, words):
    with pytest.raises(lw.FormatError, match=words):
        from_formula("Own", {}, formula_of(Triangle()) | changed)


def test_a_run_with_a_custom_schedule_goes_on_from_its_checkpoint(tmp_path):
    whole = trained(Triangle(), callbacks=[lw.Checkpoint(tmp_path / "whole")])

    class Stop(lw.Callback):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                run.stop()

    trained(Triangle(), callbacks=[lw.Checkpoint(tmp_path / "run"), Stop()])
    resumed = trained(Triangle(), callbacks=[lw.Checkpoint(tmp_path / "run")], resume=["callbacks"])
    np.testing.assert_array_equal(resumed.theta, whole.theta)
