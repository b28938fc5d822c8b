"""What the directive `live` takes and refuses, and what it writes."""

import json
import re

import pytest

pytest.importorskip("sphinx")
pytest.importorskip("myst_parser")
live = pytest.importorskip("live")  # the copy of the sources has no pages
presets = pytest.importorskip("figure_presets")
FIGURES, PresetError, preset_of = presets.FIGURES, presets.PresetError, presets.preset_of


def test_an_empty_preset_has_the_defaults_of_every_figure():
    for name, about in FIGURES.items():
        assert set(preset_of(name, "")) <= {*about["keys"], "inputs"}
    assert preset_of("neuron-pair", "")["first"] == {"weight": -1.0, "bias": 0.5}
    assert preset_of("forward", '{"input": [3, 2, 1]}')["inputs"] == [[3.0, 2.0, 1.0]]


def test_parts_are_given_in_full_and_names_are_matched_as_in_layerwise():
    found = preset_of("descent", '{"optimizers": ["adam", {"type": "SGD", "momentum": 0.5, "learning_rate": 2}]}')
    assert [part["type"] for part in found["optimizers"]] == ["Adam", "SGD"]
    assert [part["learning_rate"] for part in found["optimizers"]] == [None, 2]
    assert found["optimizers"][0]["beta_2"] == 0.999
    assert preset_of("neuron", '{"activation": "leaky_relu"}')["activation"]["type"] == "LeakyReLU"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("neuro", "", "did you mean 'neuron'"),
        ("neuron", '{"weigth": 1}', "'weigth' is not a key of this figure; did you mean 'weight'"),
        ("neuron", "[1]", "must be an object"),
        ("neuron", '{"weight": 1', "is no JSON"),
        ("neuron", '{"weight": NaN}', "numbers must be finite; got NaN"),
        ("neuron", '{"weight": 1e999}', "weight must be a number; got Infinity"),
        ("neuron", '{"weight": true}', "weight must be a number; got true"),
        ("neuron", '{"weight": null}', "weight must be a number; got null"),
        ("neuron", '{"range": [1, 1]}', "low < high"),
        ("neuron", '{"activation": "rellu"}', "did you mean 'ReLU'"),
        ("neuron", '{"activation": {"type": "ReLU", "slop": 1}}', "slop"),
        ("neuron", '{"activation": "softmax"}', "a function of one number"),
        ("neuron-pair", '{"first": {"w": 1}}', "first must have weight and bias alone"),
        ("softmax", '{"scores": [1]}', "scores must be a list of 2 to 10 numbers"),
        ("softmax", '{"labels": ["a"]}', "labels must be 3"),
        ("softmax", '{"temperature": 0}', "temperature must be a number above 0"),
        ("descent", '{"surface": "hill"}', "surface must be one of curve"),
        ("descent", '{"start": [1]}', "start must have 2 numbers on a bowl"),
        ("descent", '{"optimizers": [{"type": "SGD", "momentum": 2}]}', "momentum must be below 1"),
        ("forward", '{"layers": [{"W": [[1, 2]], "b": [1]}]}', "a number for each of the 2 columns of W"),
        ("forward", '{"layers": [{"W": [[1], [2, 3]], "b": [1]}]}', "must have equal lengths"),
        ("forward", '{"input": [1, 2]}', "an input must have 3 numbers"),
        ("forward", '{"unit": 2}', "unit must be a neuron of the last layer"),
    ],
)
def test_what_a_figure_cannot_show_is_refused(name, text, words):
    with pytest.raises(PresetError, match=re.escape(words)):
        preset_of(name, text)


def test_the_layers_of_a_network_fit_each_other():
    layer = {"W": [[1, 2], [3, 4], [5, 6]], "b": [0, 0]}
    text = json.dumps({"layers": [layer, layer]})
    with pytest.raises(PresetError, match=r"layers\[1\]\.W must have 2 rows"):
        preset_of("forward", text)


def test_the_reference_names_every_figure_and_every_key():
    for name, about in FIGURES.items():
        for word in (name, *about["keys"]):
            assert re.search(rf"\b{word}\b", live.__doc__), word
