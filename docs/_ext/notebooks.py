"""Each lesson as a notebook to download, beside its page: `course/1-part/01-lesson.ipynb`, without outputs.

The site's directives become plain Markdown. An exercise becomes its question and a cell ``answer = ...`` with a call of
`check`, which a cell at the top defines; that is the file `notebook_check.py`.
"""

import base64
import json
import re
from pathlib import Path

import nbformat
from docutils import nodes
from exercise_source import ExerciseError, read_exercise
from lesson_source import front_matter, lessons, read_blocks
from sphinx.util import logging

ADMONITIONS = ("note", "tip", "warning", "important", "hint", "caution", "attention", "danger", "error", "seealso")
TITLED = ("admonition", "dropdown", "tab-item", "card", "grid-item-card", "topic", "sidebar")
PLAIN = ("grid", "grid-item", "tab-set", "table", "div", "container", "epigraph", "card-carousel")
LEFT_OUT = ("toctree", "raw", "published-figures", "contents", "index")
CHECK = Path(__file__).with_name("notebook_check.py")
INSTALL = 'pip install ".[all]" ipykernel'
logger = logging.getLogger(__name__)


def make_notebook(text, docname):
    """Return a lesson, given as the text of its file, as a notebook.

    Raises
    ------
    ValueError
        For a directive of which it is not known what it becomes, with its line.
    """
    cells, lines = [], []
    blocks = read_blocks(text)
    has_exercises = any(block.kind == "exercise" for block in blocks)

    def flush():
        if "".join(lines).strip():
            cells.append(nbformat.v4.new_markdown_cell("\n".join(lines).strip()))
        lines.clear()

    for block in blocks:
        if block.kind == "code-cell":
            flush()
            cells.append(nbformat.v4.new_code_cell(block.body.strip("\n")))
        elif block.kind == "exercise":
            flush()
            cells += _exercise(block)
        else:
            lines += [*_markdown(block, docname), ""]
    flush()
    at = 1 if cells and cells[0].cell_type == "markdown" else 0
    cells[at:at] = _opening(docname, has_exercises)
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number}"
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(notebook)
    return notebook


def _opening(docname, has_exercises):
    said = f"This notebook is the lesson `{docname}.html` of layerwise's course. It needs `{INSTALL}`."
    if not has_exercises:
        return [nbformat.v4.new_markdown_cell(said)]
    said += " Run the next cell first: it defines `check`, which looks at your answers to the exercises."
    return [nbformat.v4.new_markdown_cell(said), nbformat.v4.new_code_cell(CHECK.read_text(encoding="utf-8").strip())]


def _exercise(block):
    try:
        found = read_exercise(block.argument, block.body.splitlines())
    except ExerciseError as error:
        raise ValueError(f"line {block.line}: {error}") from None
    question = ["**Exercise.** " + plain_markdown(found.question)]
    answer = "answer = ..."
    if found.choices:
        question += ["", *(f"{n}. {plain_markdown(text)}" for n, text in enumerate(found.choices, 1))]
        answer += "  # the number of your choice"
    elif len(found.answer) > 1:
        answer += f"  # a list of {len(found.answer)} numbers"
    told = found.specification()
    told["wrong"] = [[wrong, plain_markdown(sentence)] for wrong, sentence in found.wrong]
    told["hint"] = plain_markdown(found.hint)
    hidden = base64.b64encode(json.dumps(told).encode()).decode()
    cells = [
        nbformat.v4.new_markdown_cell("\n".join(question)),
        nbformat.v4.new_code_cell(f'{answer}\ncheck(answer, "{hidden}")'),
    ]
    if found.solution:
        folded = f"<details><summary>Solution</summary>\n\n{plain_markdown(found.solution).strip()}\n\n</details>"
        cells.append(nbformat.v4.new_markdown_cell(folded))
    return cells


def _markdown(block, docname):
    """Return a block that is no code cell as lines of plain Markdown."""
    kind, body = block.kind, block.body
    if kind == "text":
        return plain_markdown(body).splitlines()
    if kind == "fence":
        return [f"```{block.argument}", *body.splitlines(), "```"]
    if kind in ("code-block", "code", "literalinclude"):
        return [f"```{block.argument}", *body.splitlines(), "```"]
    if kind == "math":
        return ["$$", *body.splitlines(), "$$"]
    if kind == "live":
        return [f"*Here the page of the lesson, `{docname}.html`, has a figure that you can change: {block.argument}.*"]
    if kind in ("figure", "image"):
        alt = block.options.get("alt", "")
        return [f"*Picture: {alt}*" if alt else "", *plain_markdown(body).splitlines()]
    if kind in LEFT_OUT:
        return []
    if kind == "list-table":
        return _table(block)
    inner = [line for part in read_blocks(body) for line in [*_markdown(part, docname), ""]][:-1]
    if kind in ADMONITIONS or kind in TITLED:
        title = "See also" if kind == "seealso" else block.argument if kind in TITLED else kind.capitalize()
        return [f"> **{title}**", ">", *(f"> {line}".rstrip() for line in inner)]
    if kind in PLAIN:
        return inner
    raise ValueError(f"line {block.line}: it is not known what the directive {kind!r} becomes in a notebook")


def _table(block):
    """Return a list-table as a table of pipes."""
    rows = []
    for line in block.body.splitlines():
        if found := re.match(r"^\s*[*-]\s+[*-]\s*(.*)$", line):
            rows.append([found.group(1)])
        elif found := re.match(r"^\s+[*-]\s*(.*)$", line):
            rows[-1].append(found.group(1))
        elif line.strip():
            rows[-1][-1] += " " + line.strip()
    rows = [[plain_markdown(cell) for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return [f"**{block.argument}**", "", *lines] if block.argument else lines


def plain_markdown(text):
    """Return MyST as Markdown that any notebook shows: no targets, attributes or roles, no links within the site."""
    pieces = re.split(r"(`+[^`]*`+)", re.sub(r"\{[\w:+-]+\}(?=`)", "\0", text))
    for n, piece in enumerate(pieces):
        if n % 2:
            if pieces[n - 1].endswith("\0"):
                pieces[n - 1] = pieces[n - 1][:-1]
                pieces[n] = _role(piece)
            continue
        piece = re.sub(r"^\([\w-]+\)=\s*$\n?", "", piece, flags=re.MULTILINE)
        piece = re.sub(r"^%.*$\n?", "", piece, flags=re.MULTILINE)
        piece = re.sub(r"^\{[.#][^}\n]*\}\s*$\n?", "", piece, flags=re.MULTILINE)
        pieces[n] = re.sub(r"(\$\$) +\([\w:-]+\)", r"\1", piece)
    text = "".join(pieces)
    text = re.sub(r"!\[([^\]]*)\]\((?!https?:)[^)]*\)(\{[^}]*\})?", r"*Picture: \1*", text)
    return re.sub(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:)[^)\s]*\)", r"\1", text)


def _role(code):
    """Return what a role shows: `~layerwise.Dense` is Dense, `text <target>` is text."""
    inner = code.strip("`")
    titled = re.fullmatch(r"(.*?)\s*<[^>]*>", inner, re.DOTALL)
    if titled:
        return titled.group(1)
    return f"`{inner.rsplit('.', 1)[-1] if inner.startswith('~') else inner}`"


def add_link(app, doctree):
    """Put the link to the notebook below the title of a lesson."""
    docname = app.env.docname
    path = Path(app.env.doc2path(docname))
    if front_matter(path.read_text(encoding="utf-8"))[0].get("file_format") != "mystnb":
        return
    title = next(doctree.findall(nodes.title), None)
    if title is not None:
        name = docname.rsplit("/", 1)[-1]
        link = f'<p class="notebook-link"><a href="{name}.ipynb" download="{name}.ipynb">Download as notebook</a></p>\n'
        title.parent.insert(title.parent.index(title) + 1, nodes.raw("", link, format="html"))


def write_notebooks(app, exception):
    """Write all notebooks into the built site."""
    if exception is not None or app.builder.name != "html":
        return
    for docname in lessons(app.srcdir):
        path = Path(app.srcdir) / f"{docname}.md"
        try:
            notebook = make_notebook(path.read_text(encoding="utf-8"), docname)
        except ValueError as error:
            logger.error("the notebook of this lesson cannot be made: %s", error, location=docname)
            app.statuscode = 1
            continue
        target = Path(app.outdir) / f"{docname}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def setup(app):
    """Connect to the build."""
    app.connect("doctree-read", add_link)
    app.connect("build-finished", write_notebooks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
