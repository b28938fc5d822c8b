"""The table of published figures that the lessons assert, made from the comments above the assertions.

A code cell says ``# Published: figure | what it is | where it was published`` right above an `assert`, or a call of a
function whose name begins with "assert" or contains ".assert_". The directive ``published-figures`` shows them all; a
figure that is asserted twice, from scratch and with layerwise or in two lessons, has one row.
"""

import ast
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from lesson_source import LineError, code_cells, lessons
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

MARK = re.compile(r"^\s*#\s*published\b(.*)$", re.IGNORECASE)
logger = logging.getLogger(__name__)


class PublishedError(LineError):
    """A comment that is not in the agreed form, or has no assertion below; ``line`` is that of the file."""


@dataclass
class Figure:
    """A published figure, what it is, where it was published, and the line of the lesson that asserts it."""

    figure: str
    what: str
    where: str
    line: int


def read_figures(text):
    """Return the published figures of a lesson, given as the text of its file."""
    return [figure for cell in code_cells(text) for figure in _of_cell(cell)]


def _of_cell(cell):
    lines = cell.body.splitlines()
    for n, line in enumerate(lines):
        marked = MARK.match(line)
        if not marked:
            continue
        at = cell.body_line + n
        parts = [part.strip() for part in marked.group(1).removeprefix(":").split("|")]
        if not line.strip().startswith("# Published: ") or len(parts) != 3 or not all(parts):
            expected = "# Published: figure | what it is | where it was published"
            raise PublishedError(f"expected '{expected}', got {line.strip()!r}", at)
        if not _asserts(cell.body, n + 2):
            raise PublishedError("expected an assertion in the line below '# Published: …'", at)
        yield Figure(*parts, at)


def _asserts(source, line):
    """Tell if a statement that asserts begins in this line of a cell, counted from 1."""
    magic = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
    for node in ast.walk(ast.parse(magic)):
        if isinstance(node, ast.stmt) and node.lineno == line:
            if isinstance(node, ast.Assert):
                return True
            called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func)
            if called and (called.startswith("assert") or ".assert_" in called):
                return True
    return False


def rows_of(found):
    """Return the rows of the table, ``{(figure, what, where): lessons}``, for pairs of a Figure and its lesson."""
    rows = {}
    for figure, docname in found:
        rows.setdefault((figure.figure, figure.what, figure.where), {})[docname] = None  # each lesson once, in order
    return {texts: list(docnames) for texts, docnames in rows.items()}


class PublishedFigures(SphinxDirective):
    """Show the published figures of all lessons in a table."""

    def run(self):
        """Return a table with a row for each figure."""
        self.env.note_reread()  # a lesson may be new
        found = []
        for docname in lessons(self.env.srcdir):
            path = Path(self.env.doc2path(docname))
            self.env.note_dependency(str(path))
            try:
                found += [(figure, docname) for figure in read_figures(path.read_text(encoding="utf-8"))]
            except (PublishedError, SyntaxError) as error:
                line = getattr(error, "line", None)
                logger.error("%s", error, location=(docname, line) if line else docname)
        rows = rows_of(found)
        if not rows:
            return [nodes.paragraph("", "No figure is asserted yet.")]
        return [nodes.paragraph("", f"Figures asserted: {len(rows)}."), self._table(rows)]

    def _table(self, rows):
        group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (22, 38, 25, 15)), cols=4)
        head = nodes.row("", *(_entry(nodes.Text(text)) for text in ("Figure", "What it is", "Published in", "Lesson")))
        group += nodes.thead("", head)
        group += nodes.tbody("", *(self._row(texts, docnames) for texts, docnames in rows.items()))
        return nodes.table("", group, classes=["published"])

    def _row(self, texts, docnames):
        links = [node for docname in docnames for node in (nodes.Text(", "), self._link(docname))][1:]
        return nodes.row("", *(_entry(nodes.Text(text)) for text in texts), _entry(*links))

    def _link(self, docname):
        here = posixpath.dirname(self.env.docname)
        return addnodes.pending_xref(
            "", nodes.inline("", ""), refdomain="std", reftype="doc", refexplicit=False, refwarn=True,
            reftarget=posixpath.relpath(docname, here or "."), refdoc=self.env.docname,
        )  # fmt: skip


def _entry(*inline):
    return nodes.entry("", nodes.paragraph("", "", *inline))


def setup(app):
    """Register the directive."""
    app.add_directive("published-figures", PublishedFigures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
