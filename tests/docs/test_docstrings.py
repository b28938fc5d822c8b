"""Every public docstring has numpydoc's form: a summary, sections that fit the signature, its defaults."""

import builtins
import doctest
import inspect
import re
import symtable
from pathlib import Path

import numpy as np
import pytest

if not (Path(__file__).parents[2] / "docs" / "_ext").exists():
    pytest.skip("the sources without their pages", allow_module_level=True)
pytest.importorskip("sphinx")
validation = pytest.importorskip("numpydoc.validate")

from numpydoc.docscrape import NumpyDocString  # noqa: E402
from public import members, public_name, public_objects  # noqa: E402 -- of docs/_ext

import layerwise as lw  # noqa: E402

# The checks, by https://numpydoc.readthedocs.io/en/latest/validation.html. Not among them: that every docstring has an
# extended summary and related parts (ES01, SA01), and that a section's first line has no name (RT02).
FORM = {
    "GL03",  # blank lines
    "GL05", "GL06", "GL07",  # tabs; sections that are known, and in their order
    "GL08",  # there is one
    "SS01", "SS02", "SS03", "SS04", "SS05",  # a summary: capital letter, period, no indentation, imperative
    "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10",  # parameters, typed and described
    "RT03", "RT04", "RT05",  # what is returned is described in sentences
    "SA02", "SA03", "SA04",
}  # fmt: skip
OF_FUNCTIONS = {"PR01", "RT01", "YD01"}  # all parameters, and what is returned
EXAMPLES = {"EX01"}  # of classes and functions, not of methods
FORMULAS = {"f", "derivative", "fused"}  # their arguments are described by the base class

QUESTIONS = {"What", "Whether", "Which", "How", "Those", "Where", "When", "So"}


def is_described(cls, member):
    """Return whether a base class describes a method's arguments, or it has none."""
    if member in FORMULAS or member.startswith("on_") or sum(member in vars(base) for base in cls.__mro__) > 1:
        return True
    value = getattr(cls, member)
    return isinstance(value, property) or len(inspect.signature(value).parameters) <= 1


# Their constructors are called by layerwise, and their parts described as attributes.
MADE_BY_LAYERWISE = {
    "layerwise.Calibration", "layerwise.Digit", "layerwise.DivergenceError", "layerwise.Exported",
    "layerwise.GradcheckResult", "layerwise.Novelty", "layerwise.Reading", "layerwise.Trace",
    "layerwise.errors.ChangedError", "layerwise.optimizers.Rule", "layerwise.distributed.Communicator",
}  # fmt: skip
OTHERS_WITHOUT_EXAMPLE = {  # they need another package, a file or other processes
    "layerwise.TensorBoard", "layerwise.distributed.PairwiseCommunicator", "layerwise.distributed.Partitions",
    "layerwise.distributed.fit", "layerwise.plots.table", "layerwise.schedules.as_schedule",
}  # fmt: skip


def has_example(value):
    """Return whether the docstring of a class or function shall have an example."""
    if inspect.isclass(value) and issubclass(value, (Exception, Warning, lw.Activation, lw.schedules.Schedule)):
        return False  # those of activations and schedules are on their pages: `part_examples`
    return public_name(value) not in {*MADE_BY_LAYERWISE, *OTHERS_WITHOUT_EXAMPLE}


TESTED = [
    pytest.param(name, FORM | OF_FUNCTIONS | (EXAMPLES if has_example(value) else set()), id=name)
    for name, value in public_objects().items()
] + [
    pytest.param(f"{name}.{member}", FORM | (set() if is_described(value, member) else OF_FUNCTIONS),
                 id=f"{name}.{member}")
    for name, value in public_objects().items()
    if inspect.isclass(value)
    for member in members(value)
]  # fmt: skip
EXCEPTIONS = (
    {
        "layerwise.datasets.batches": {"RT01"},  # it yields
        "layerwise.MLPClassifier.predict_log_proba": {"PR01", "RT01"},  # in one line, as of `predict_proba`
        "layerwise.MLPRegressor.partial_fit": {"PR01", "RT01"},  # as of `fit`
    }
    | {f"layerwise.Trace.{name}": {"PR01", "RT01"} for name in ("html", "latex", "markdown", "text")}
    | {name: {"PR01"} for name in MADE_BY_LAYERWISE}
)


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

    monkeypatch.setattr(lw, "wrong", wrong, raising=False)
    found = {text.partition(":")[0] for text in errors_of("layerwise.wrong", FORM | OF_FUNCTIONS)}
    assert found >= {"SS02", "SS03", "PR01", "PR02", "RT01"}


# ---------------------------------------------------------------- what numpydoc does not check


def documented():
    """Every class, function and method of the reference, by its name."""
    for name, value in public_objects().items():
        yield name, value
        if inspect.isclass(value):
            yield from ((f"{name}.{member}", getattr(value, member)) for member in members(value))


def sections(value):
    return NumpyDocString(inspect.getdoc(value))


def test_the_summary_of_a_function_begins_with_a_verb():
    wrong = {"A", "An", "The", "All", "Each", "Every", "Another", "Some", "Those", "It", "Before", "After", "From"}
    wrong |= QUESTIONS
    functions = [(name, value) for name, value in documented() if inspect.isroutine(value)]
    assert len(functions) > 200
    assert [name for name, value in functions if re.match(r"\W*(\w*)", inspect.getdoc(value))[1] in wrong] == []


def test_descriptions_are_statements():
    wrong = []
    for name, value in documented():
        found = sections(value)
        described = [*found["Parameters"], *found["Attributes"], *found["Returns"], *found["Raises"]]
        for one in described:
            if one.desc and one.desc[0].partition(" ")[0].rstrip(",") in QUESTIONS:
                wrong.append(f"{name}, {one.name or one.type}: {one.desc[0]}")
    assert wrong == []


def defaults_in_words(value, names):
    """The defaults of some parameters as a docstring writes them, or None where one has none or is None."""
    known = inspect.signature(value).parameters
    found = [known[name].default if name in known else inspect.Parameter.empty for name in names]
    if any(one is None or one is inspect.Parameter.empty for one in found):
        return None
    return found[:1] if all(one == found[0] and type(one) is type(found[0]) for one in found) else found


def test_the_default_of_a_docstring_is_that_of_the_signature():
    wrong, seen = [], 0
    for name, value in documented():
        if isinstance(value, property):
            continue
        for one in sections(value)["Parameters"]:
            expected = defaults_in_words(value, one.name.split(", "))
            text = one.type.partition("default=")[2]
            seen += bool(text)
            given = None if not text else eval(f"[{text}]", {"float32": np.float32})
            if given != expected:
                wrong.append(f"{name}, {one.name}: {given}, not {expected}")
    assert wrong == []
    assert seen > 200


def names_from_elsewhere(docstring):
    """The names that the examples of a docstring use, and neither bind nor import; with none they can be copied."""
    source = "".join(example.source for example in doctest.DocTestParser().get_examples(docstring))
    code = [symtable.symtable(source, "examples", "exec")]
    for table in code:  # it grows
        code += table.get_children()
    own = {symbol.get_name() for symbol in code[0].get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {symbol.get_name() for table in code for symbol in table.get_symbols() if symbol.is_global()}
    used |= {symbol.get_name() for symbol in code[0].get_symbols() if symbol.is_referenced()}
    return used - own - set(dir(builtins))


def test_examples_run_as_they_are_copied():
    assert names_from_elsewhere(">>> import layerwise as lw\n>>> [np.abs(x) for x in one_hot(lw)]\n") == {
        "np",
        "one_hot",
    }
    found = {name: names_from_elsewhere(inspect.getdoc(value)) for name, value in documented()}
    assert {name: names for name, names in found.items() if names} == {}
