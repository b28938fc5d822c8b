"""The directive ``exercise``: a question that the page checks, with a hint and a solution.

In a page: the question in Markdown, a line ``---``, and YAML with `answer`, `tolerance`, `choices`, `wrong`, `hint` and
`solution` (see `exercise_source.py`). What is built reads well without JavaScript; `_static/exercises.js` adds the
field, the check and the messages.
"""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from exercise_source import ExerciseError, read_exercise
from sphinx.util.docutils import SphinxDirective

SCRIPT, STYLE = "exercises.js", "exercises.css"


class exercise(nodes.General, nodes.Element):
    """An exercise as a whole."""


class folded(nodes.General, nodes.Element):
    """A text that is shown when its summary is clicked."""


class told(nodes.General, nodes.Element):
    """Texts that the script shows: the sentences for usual mistakes, and the choices."""


class ExerciseDirective(SphinxDirective):
    """Read an exercise; what is wrong with it is an error with file and line."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        """Return the exercise as a node."""
        name = self.arguments[0].strip()
        try:
            found = read_exercise(name, list(self.content))
            self._claim(name)
        except ExerciseError as error:
            line = self._line(name) + (error.line + 1 if error.line else 0)
            return [self.state.document.reporter.error(f"exercise {name!r}: {error}", line=line)]
        node = exercise(name=name, specification=found.specification(), ids=[f"exercise-{name}"])
        node += self._part("question", found.question)
        if found.choices:
            node += told("", *(self._part("choice", text) for text in found.choices), kind="choices")
        if found.wrong:
            node += told("", *(self._part("wrong", text) for _, text in found.wrong), kind="mistakes")
        for kind in ("hint", "solution"):
            if text := getattr(found, kind):
                node += folded("", self._part(kind, text), summary=kind.capitalize(), kind=kind)
        self.set_source_info(node)
        self.state.document.note_explicit_target(nodes.target("", "", names=[f"exercise-{name}"], ids=node["ids"]))
        return [node]

    def _claim(self, name):
        claimed = _claimed(self.env)
        here = (self.env.docname, self._line(name))
        other = claimed.setdefault(name, here)
        if other != here:
            raise ExerciseError(f"the id is taken by the exercise at line {other[1]} of {other[0]}.md")

    def _line(self, name):
        """Return the line of the directive; the `lineno` of a notebook's first cell is off by one."""
        lines = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8").splitlines()
        found = [n for n, line in enumerate(lines, 1) if re.match(rf"\W+exercise\}} +{re.escape(name)}\s*$", line)]
        return min(found, key=lambda n: abs(n - self.lineno), default=self.lineno)

    def _part(self, kind, text):
        part = nodes.container(classes=[f"exercise-{kind}"])
        source = self.state.document.current_source
        self.state.nested_parse(StringList(text.splitlines(), source=source), self.content_offset, part)
        return part


def _claimed(env):
    if not hasattr(env, "exercises"):
        env.exercises = {}  # id: (docname, line)
    return env.exercises


def _forget(app, env, docname):
    env.exercises = {name: at for name, at in _claimed(env).items() if at[0] != docname}


def _merge(app, env, docnames, other):
    _claimed(env).update({name: at for name, at in _claimed(other).items() if at[0] in docnames})


def _visit_exercise(writer, node):
    name, specification = node["name"], html.escape(json.dumps(node["specification"], separators=(",", ":")))
    writer.body.append(
        f'<section class="exercise" id="exercise-{name}" aria-labelledby="title-of-{name}" '
        f'data-exercise="{specification}"><p class="exercise-title" id="title-of-{name}">Exercise</p>\n'
    )


def _visit_folded(writer, node):
    writer.body.append(
        f'<details class="exercise-folded" data-kind="{node["kind"]}"><summary>{node["summary"]}</summary>'
    )


def _visit_told(writer, node):
    hidden = " hidden" if node["kind"] == "mistakes" else ""
    writer.body.append(f'<div class="exercise-{node["kind"]}"{hidden}>')


def _depart(tag):
    return lambda writer, node: writer.body.append(f"</{tag}>\n")


def _add_files(app, pagename, templatename, context, doctree):
    """Load script and style on pages with exercises alone."""
    if doctree is not None and next(doctree.findall(exercise), None) is not None:
        app.add_js_file(SCRIPT, loading_method="defer")
        app.add_css_file(STYLE)


def setup(app):
    """Register the directive."""
    app.add_node(exercise, html=(_visit_exercise, _depart("section")))
    app.add_node(folded, html=(_visit_folded, _depart("details")))
    app.add_node(told, html=(_visit_told, _depart("div")))
    app.add_directive("exercise", ExerciseDirective)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("html-page-context", _add_files)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
