"""What the page knows of the parts is what the classes say now."""

from pathlib import Path

import pytest

from layerwise.app.play import catalogue
from layerwise.engine import native_plan
from layerwise.parts.layers import LAYERS
from layerwise.parts.optimizers import OPTIMIZERS

FILE = Path(__file__).parents[2] / "page/src/generated/catalogue.json"

pytestmark = pytest.mark.skipif(native_plan._native is None, reason="rules are numbered by the native engine")


@pytest.mark.skipif(not FILE.exists(), reason="the page's sources are not here")
def test_the_catalogue_is_up_to_date():
    assert FILE.read_text("utf-8") == catalogue.text(), "run python tools/build_page.py --engine"


def test_it_has_every_part_with_its_bounds_and_arrays():
    found = catalogue.catalogue()
    assert [layer["name"] for layer in found["layers"]] == [kind.__name__ for kind in LAYERS]
    dense = found["layers"][0]
    units = next(argument for argument in dense["arguments"] if argument["name"] == "units")
    assert units == {"name": "units", "kind": "int", "least": 1}
    assert [(array["name"], array["shape"]) for array in dense["arrays"]] == [
        ("W", ["n_in / groups", "units"]),
        ("b", ["units"]),
    ]
    momentum = next(a for a in found["optimizers"][0]["arguments"] if a["name"] == "momentum")
    assert (momentum["least"], momentum["below"]) == (0, 1)


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_what_optimizers_are_by_default_is_compiled(kind):
    """And left to the interpreter only in forms such as Adam's with beta_1 = 0."""
    forms = next(one for one in catalogue.catalogue()["optimizers"] if one["name"] == kind.__name__)["rules"]
    defaults = kind().config()
    own = next(form for form in forms if all(bool(defaults[name]) is value for name, value in form["when"].items()))
    assert own["rule"]["compiled"] >= 0
    assert own["rule"]["states"] == len(kind().state_names)
