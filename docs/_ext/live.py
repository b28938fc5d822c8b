"""The directive `live`: a figure that runs in the page, with a preset.

    ```{live} neuron
    :title: A neuron with ReLU
    {"weight": 2, "bias": -1}
    ```

Its argument is the figure's name, its body a preset in JSON; the body may be empty, and every key left out has its
default. Options: `title` instead of the figure's own; `still`, the path of an image for readers without JavaScript,
and `alt`, what that image shows. An unknown figure or key, or a value of the wrong type or shape, is an error that
names the file and the line.

The figures and their keys are listed in page/src/figures/presets.json, with the defaults. In short:

forward      layers      [{"W": [[...], ...], "b": [...], "activation": "ReLU"}, ...]: dense layers; W has a row an
                         input and a column a neuron; without "activation" the sums are the outputs; "Softmax" too
             input       [...]: one sample
             inputs      [[...], ...]: a batch instead, a row a sample; the reader chooses the row
             unit        1, 2, ...: the neuron of the last layer whose sum is written out first
neuron       weight, bias, activation, x (where the sum is written out), range [low, high] (the inputs drawn)
neuron-pair  first, second       {"weight": ..., "bias": ...} of each neuron
             connection          "chain": the second takes the first one's output; "sum": both take x
             output              of "sum": [v1, v2], what each output is multiplied by
             activation, x, range
softmax      scores [...], labels ["cat", ...], temperature
descent      surface     "curve" (w squared), "double-well" (two minima), "bowl", "valley" or "saddle"
             optimizers  ["SGD", {"type": "SGD", "momentum": 0.9}, "Adam", ...]: names or parts, at most five
             rate        the learning rate of those that name none
             start       [w] on a curve, [w1, w2] on a surface
             steps       how many steps are made already
backprop     network     "1-1-1" or "2-3-2", the worked examples
             rate        the learning rate
             layers      another network, as in forward; with input [...] and target [...]
             loss        "QuadraticCost", ...
             optimizer   "SGD", {"type": "SGD", "momentum": 0.9}, "Adam", ...
spiral       data        "spiral", "circles", "xor", "moons", "gauss", "line", "sine", "stripes", ...
             classes, points, noise, seed
             layers      [16, 16]: the neurons of each hidden layer; [] for none
             activation, optimizer, loss, batch_size, epochs
             weights     the first weights: "GlorotUniform", {"type": "Normal", "scale": 0.01}, ...
             units       true: what each hidden neuron gives over the plane is drawn too
digits       example     0 to 9: the digit that is shown at first
             units       false: without the hidden neurons

Activations and optimizers are layerwise's: a name such as "relu", or a part with its arguments, {"type": "LeakyReLU",
"negative_slope": 0.1}.

The script and the style sheet (docs/_static/figures, built by tools/build_page.py) are added to the pages that have a
figure. The engine that trains networks is written beside them at the build, as a script that figures load when needed.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from figure_presets import FIGURES, PresetError, preset_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layerwise

ENGINE = Path(layerwise.__file__).parent / "app/play/site/engine.wasm"


class live_figure(nodes.General, nodes.Element):
    """A figure; its children are shown where it cannot run."""


class Live(SphinxDirective):
    """Check a figure's name and preset, and make its node."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"title": directives.unchanged, "still": directives.uri, "alt": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        try:
            preset = preset_of(name, "\n".join(self.content))
        except PresetError as error:
            raise self.error(f"live {name}: {error}") from None
        figure = live_figure(name=name, preset=json.dumps(preset), title=self.options.get("title", ""))
        self.set_source_info(figure)
        figure += nodes.paragraph("", f"A live figure, which needs JavaScript: {FIGURES[name]['shows']}.")
        if "still" in self.options:
            image = nodes.image(uri=self.options["still"], alt=self.options.get("alt", FIGURES[name]["shows"]))
            self.set_source_info(image)
            figure += image
        return [figure]


def visit_html(translator: Any, node: live_figure) -> None:
    data = {"data-figure": node["name"], "data-preset": node["preset"], "data-title": node["title"]}
    translator.body.append(translator.starttag(node, "div", CLASS="live-figure", **data))


def depart_html(translator: Any, node: live_figure) -> None:
    translator.body.append("</div>\n")


def pass_by(translator: Any, node: live_figure) -> None:
    """In other formats there are only the children."""


def add_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    if doctree is not None and next(doctree.findall(live_figure), None) is not None:
        app.add_css_file("figures/figures.css")
        app.add_js_file("figures/figures.js", loading_method="defer")


def write_engine(app: Sphinx, error: Exception | None) -> None:
    """Write the engine as a script: it can be loaded from a file, where WebAssembly itself cannot."""
    if error is None and app.builder.format == "html" and ENGINE.exists():
        script = Path(app.outdir) / "_static/figures/engine.js"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'layerwiseEngine="{base64.b64encode(ENGINE.read_bytes()).decode()}";\n', encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    others = dict.fromkeys(("latex", "text", "man", "texinfo"), (pass_by, pass_by))
    app.add_node(live_figure, html=(visit_html, depart_html), **others)
    app.add_directive("live", Live)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_engine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
