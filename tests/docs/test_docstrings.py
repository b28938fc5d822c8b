"""Every public docstring has numpydoc's form: a summary, and sections that fit the signature."""

import inspect
from pathlib import Path

import pytest

if not (Path(__file__).parents[2] / "docs" / "_ext").exists():
    pytest.skip("the sources without their pages", allow_module_level=True)
pytest.importorskip("sphinx")
validation = pytest.importorskip("numpydoc.validate")

from public import members, public_objects  # noqa: E402 -- of docs/_ext

# The checks, by https://numpydoc.readthedocs.io/en/latest/validation.html. Not among them: that every docstring has an
# extended summary, examples and related parts (ES01, EX01, SA01), and that a section's first line has no name (RT02).
FORM = {
    "GL03",  # blank lines
    "GL05", "GL06", "GL07",  # tabs; sections that are known, and in their order
    "GL08",  # there is one
    "SS01", "SS02", "SS03", "SS04", "SS05",  # a summary: capital letter, period, no indentation, imperative
    "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10",  # parameters, typed and described
    "RT03", "RT04", "RT05",  # what is returned is described in sentences
    "SA02", "SA03", "SA04",
}  # fmt: skip
OF_FUNCTIONS = {"PR01", "RT01", "YD01"}  # all parameters, and what is returned; methods may have their base class's
TESTED = [
    pytest.param(name, FORM | OF_FUNCTIONS, id=name) for name in public_objects()
] + [
    pytest.param(f"{name}.{member}", FORM, id=f"{name}.{member}")
    for name, value in public_objects().items()
    if inspect.isclass(value)
    for member in members(value)
]  # fmt: skip
# Their constructors are called by layerwise, and their parts described as attributes.
MADE_BY_LAYERWISE = {
    "layerwise.Calibration", "layerwise.Digit", "layerwise.DivergenceError", "layerwise.Exported",
    "layerwise.GradcheckResult", "layerwise.Novelty", "layerwise.Reading", "layerwise.Trace",
    "layerwise.errors.ChangedError", "layerwise.optimizers.Rule", "layerwise.distributed.Communicator",
}  # fmt: skip
EXCEPTIONS = {
    "layerwise.Optimizer": {"PR01", "PR02"},  # whose __new__ takes what its __init__ does
    "layerwise.datasets.batches": {"RT01"},  # it yields
} | {name: {"PR01"} for name in MADE_BY_LAYERWISE}


def errors_of(name, checks):
    found = validation.validate(name)["errors"]
    return [f"{code}: {text}" for code, text in found if code in checks - EXCEPTIONS.get(name, set())]


@pytest.mark.parametrize(("name", "checks"), TESTED)
def test_the_form_of_a_docstring(name, checks):
    assert errors_of(name, checks) == []


def test_every_exception_is_needed():
    assert [
        (name, code)
        for name, codes in EXCEPTIONS.items()
        for code in codes
        if code not in {found for found, _ in validation.validate(name)["errors"]}
    ] == []


def test_a_docstring_that_does_not_fit_is_found(monkeypatch):
    import layerwise

    def wrong(a, b):
        """returns a

        Parameters
        ----------
        b : int
            The second.
        c : int
            It is none.
        """
        return a

    monkeypatch.setattr(layerwise, "wrong", wrong, raising=False)
    found = {text.partition(":")[0] for text in errors_of("layerwise.wrong", FORM | OF_FUNCTIONS)}
    assert found >= {"SS02", "SS03", "PR01", "PR02", "RT01"}
