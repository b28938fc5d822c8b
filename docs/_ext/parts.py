"""Directives of the reference: what a part of a network computes, its ranges and exports; tables of parts.

.. part:: layerwise.ReLU        on a class's page: formula, plot, ranges, exports, native engine, source
.. parts:: activations          on a kind's page: all its parts in a table
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from part_examples import example
from part_facts import EXPORTED, KINDS, NAMES, arguments, exports, kind_of, part_of, range_of, runs_natively, source_of
from part_formulas import formulas
from part_plots import draw
from public import public_name, public_objects
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PLOTS = Path("reference/api/plots")


class Part(SphinxDirective):
    """What a class's page says of a part of a network; of other classes, where their source is."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        cls = public_objects()[name]
        if kind_of(cls) is None:
            return []
        _note_sources(self)
        part = part_of(cls)
        lines: list[str] = []
        for formula in formulas(part):
            lines += [f".. rubric:: {formula.heading}", ""]
            for equation in formula.equations:
                lines += [".. math::", "", f"   {equation.latex}", ""]
            lines += [_in_rst(formula.note), ""]
        drawn = draw(part, Path(self.env.srcdir) / PLOTS)
        if drawn is not None:
            light, dark, text = drawn
            for file, theme in ((light, "light"), (dark, "dark")):
                lines += [
                    f".. image:: /{PLOTS.as_posix()}/{file.name}",
                    f"   :alt: {text}",
                    f"   :class: only-{theme} part-plot",
                    "",
                ]
        if shown := example(part):
            lines += [".. rubric:: Example", "", ".. code-block:: pycon", "", *(f"   {line}" for line in shown), ""]
        lines += self._ranges(cls.__name__)
        lines += self._facts(cls)
        return self.parse_text_to_nodes("\n".join(lines))

    def _ranges(self, name: str) -> list[str]:
        rows = [(one["name"], _default(one), range_of(one)) for one in arguments().get(name, [])]
        rows = [row for row in rows if row[2]]
        if not rows:
            return []
        lines = [
            ".. rubric:: Ranges",
            "",
            ".. list-table::",
            "   :header-rows: 1",
            "",
            "   * - Parameter",
            "     - Default",
            "     - Range",
        ]
        for argument, default, words in rows:
            lines += [f"   * - `{argument}`", f"     - {default}", f"     - {words}"]
        return [*lines, ""]

    def _facts(self, cls: type) -> list[str]:
        rows = []
        if kind_of(cls) not in ("initializers", "scaling"):  # which the engine does not run
            rows.append(("Native engine", "yes" if runs_natively(cls) else "no, NumPy runs it"))
        rows.append(("Exports", ", ".join(NAMES[one] for one in exports(cls)) or "none"))
        path, line, module = source_of(cls)
        rows.append(("Source", f":source-of:`{path}, line {line} <{module}#{cls.__name__}>`"))
        lines = [".. rubric:: Where it runs", "", ".. list-table::", ""]
        for head, text in rows:
            lines += [f"   * - {head}", f"     - {text}"]
        return [*lines, ""]


class Parts(SphinxDirective):
    """A table of all parts of a kind: name, formula, whether the native engine runs them, and their exports."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        _note_sources(self)
        kind = self.arguments[0]
        heads = ["Name", "Formula", "Native engine", "Exports"]
        if kind in ("initializers", "scaling"):
            heads.remove("Native engine")
        rows = [self._row(cls, heads) for cls in sorted(KINDS[kind], key=lambda cls: cls.__name__)]
        if not any(row[1] for row in rows):
            heads, rows = [heads[0], *heads[2:]], [[row[0], *row[2:]] for row in rows]
        lines = [".. list-table::", "   :header-rows: 1", "   :class: parts-table", ""]
        for row in [heads, *rows]:
            lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
        return self.parse_text_to_nodes("\n".join([*lines, ""]))

    def _row(self, cls: type, heads: list[str]) -> list[str]:
        name = public_name(cls)
        found = formulas(part_of(cls))
        formula = found[0].equations[-1].latex if found else ""
        row = [f":py:obj:`~{name}`", f":math:`{formula}`" if formula else ""]
        if "Native engine" in heads:
            row.append("yes" if runs_natively(cls) else "no")
        return [*row, _exports(cls)]


def _note_sources(directive: SphinxDirective) -> None:
    """Have the page made anew when what writes it changes."""
    for file in (Path(__file__), *Path(__file__).parent.glob("part_*.py")):
        directive.env.note_dependency(str(file))


def _exports(cls: type) -> str:
    found = exports(cls)
    if kind_of(cls) in EXPORTED and len(found) == len(NAMES):
        return "all"
    return ", ".join(NAMES[one] for one in found) or "none"


def _default(argument: dict[str, Any]) -> str:
    return f"`{argument['default']}`" if "default" in argument else "required"


def _in_rst(text: str) -> str:
    return re.sub(r"\$(.*?)\$", r":math:`\1`", re.sub(r"`(\w+)`", r":py:class:`~layerwise.\1`", text))


def source_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Link to a class in the site's highlighted sources, which sphinx.ext.viewcode writes."""
    found = re.fullmatch(r"(.*) <([\w.]+)#(\w+)>", text)
    assert found is not None
    node = addnodes.pending_xref(
        rawtext, refdomain="std", reftype="viewcode-page", reftarget=found[2], anchor=found[3], refexplicit=True
    )
    node += nodes.literal("", found[1])
    return [node], []


def resolve_source(app: Sphinx, env: Any, node: addnodes.pending_xref, content: nodes.Node) -> nodes.Node | None:
    """Link to a page of viewcode's, on which a class has its name as its anchor."""
    if node.get("reftype") != "viewcode-page" or app.builder.format != "html":
        return None
    page = "_modules/" + node["reftarget"].replace(".", "/")
    address = app.builder.get_relative_uri(node.get("refdoc", env.docname), page)
    return nodes.reference("", "", content, internal=True, refuri=f"{address}#{node['anchor']}")


def link_back(app: Sphinx, exception: Exception | None) -> None:
    """Let the highlighted sources link to the page of a class: the anchor there has its public name, not its file's."""
    for path in (Path(app.outdir) / "_modules").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'(class="viewcode-back" href="[^"#]*)#[^"]*', r"\1", text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("part", Part)
    app.add_directive("parts", Parts)
    app.add_role("source-of", source_role)
    app.connect("missing-reference", resolve_source)
    app.connect("build-finished", link_back)
    return {"parallel_read_safe": True}
