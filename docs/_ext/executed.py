"""The outputs of the lessons, kept in ``docs/_executed``, so that a build executes only what has changed.

Before a build, the kept notebooks are put into the cache of myst-nb, which lies beside the built site: a lesson whose
code cells are those kept is not executed. After the lessons are read, what was newly executed is written back. A file
holds the code cells of one lesson with their outputs, without times, paths or random identities, so that a change of it
can be read; its pictures have a palette, which makes them small. `-D nb_execution_mode=force`, or LAYERWISE_EXECUTE=all
in the environment, executes every lesson afresh.
"""

import base64
import io
import json
import os
import re
import shutil
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from lesson_source import lessons
from myst_nb.core.read import create_nb_reader
from PIL import Image
from sphinx.util import logging

KEPT = "_executed"
LIMIT = 10_000  # notebooks in the cache; by default those above 1,000 are thrown away
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PLACES = re.compile(r"(/tmp/|/home/|/Users/|[A-Z]:\\Users\\)[^\s'\"]*")
logger = logging.getLogger(__name__)


def kept_file(docs, docname):
    """Return where the outputs of a lesson are kept."""
    return Path(docs) / KEPT / f"{docname}.ipynb"


def read_kept(path):
    """Return a kept notebook, or None where there is none."""
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4) if path.is_file() else None


def cleaned(notebook):
    """Return the code cells and outputs of a notebook, without what differs from one execution to the next."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kept = nbformat.v4.new_code_cell(cell.source, outputs=[_output(output) for output in cell.outputs])
            del kept["id"]
            cells.append(kept)
    metadata = {
        "kernelspec": dict(notebook.metadata.get("kernelspec", {})),
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


def _output(output):
    kept = nbformat.from_dict(json.loads(json.dumps(output)))
    if "execution_count" in kept:
        kept["execution_count"] = None
    if kept.output_type == "stream":
        kept["text"] = _without_places(kept.text)
    for kind, data in kept.get("data", {}).items():
        if isinstance(data, str) and kind.startswith("text/"):
            kept.data[kind] = _without_places(data)
        if kind == "image/png":
            kept.data[kind] = _smaller(data)
    return kept


def _smaller(picture):
    """Return a PNG in base64 with a palette of 128 colours: a third of the size; one that has a palette as it is."""
    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    if image.mode == "P" or image.convert("RGBA").getextrema()[3] != (255, 255):
        return picture
    written = io.BytesIO()
    image.convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        written, "png", optimize=True
    )
    return base64.b64encode(written.getvalue()).decode() + "\n"


def _without_places(text):
    return PLACES.sub("…", ADDRESS.sub("0x…", text))


def written(notebook):
    """Return a notebook as text, a line for each line of a source or an output."""
    split = nbformat.v4.rwbase.split_lines(nbformat.from_dict(json.loads(json.dumps(notebook))))
    return json.dumps(split, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def prepare(app):
    """Put the kept notebooks into myst-nb's cache, and note the lessons that must be read again."""
    app.env.mystnb_config = app.env.mystnb_config.copy(execution_raise_on_error=False)
    folder = Path(app.env.mystnb_config.execution_cache_path)
    app.lessons_to_read = set()
    app.executes_all = app.config.nb_execution_mode == "force" or os.environ.get("LAYERWISE_EXECUTE") == "all"
    if app.executes_all:
        app.env.mystnb_config = app.env.mystnb_config.copy(execution_mode="cache")
        shutil.rmtree(folder, ignore_errors=True)
        app.lessons_to_read.update(lessons(app.srcdir))
    cache = get_cache(folder)
    cache.change_cache_limit(LIMIT)
    if app.executes_all or app.config.nb_execution_mode != "cache":
        return
    for docname in lessons(app.srcdir):
        kept = read_kept(kept_file(app.srcdir, docname))
        notebook = read_notebook(app, docname)
        if kept is None or not _same_code(kept, notebook):
            continue
        for cell, with_outputs in zip((cell for cell in notebook.cells if cell.cell_type == "code"), kept.cells):
            cell.outputs = with_outputs.outputs
        notebook.metadata["language_info"] = kept.metadata.language_info
        if _cached(cache, notebook) != kept.cells:
            cache.cache_notebook_bundle(CacheBundleIn(notebook, docname), check_validity=False, overwrite=True)
            app.lessons_to_read.add(docname)


def _same_code(kept, notebook):
    """Tell if a lesson's code cells are those whose outputs are kept; the tags of cells do not matter."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    kernels = [dict(each.metadata.get("kernelspec", {})) for each in (kept, notebook)]
    return sources == [cell.source for cell in kept.cells] and kernels[0] == kernels[1]


def _cached(cache, notebook):
    """Return the cells that the cache has for the code cells of a notebook, or None."""
    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return None
    return cleaned(cache.get_cache_bundle(record.pk).nb).cells


def outdated(app, env, added, changed, removed):
    """Have lessons read again whose kept outputs are newer than the cache, or that are to be executed afresh."""
    failed = {docname for docname, data in getattr(env, "nb_metadata", {}).items() if _traceback(data)}
    return (app.lessons_to_read | failed) & env.found_docs


def _traceback(metadata):
    """Return the traceback of a lesson's execution, "" where it has succeeded."""
    return (metadata.get("exec_data") or {}).get("traceback") or ""


def keep(app, env):
    """Write back what was newly executed; fail where a lesson failed."""
    if app.config.nb_execution_mode not in ("cache", "force"):
        return
    cache = get_cache(env.mystnb_config.execution_cache_path)
    for docname in lessons(app.srcdir):
        notebook = read_notebook(app, docname)
        path = kept_file(app.srcdir, docname)
        kept = read_kept(path)
        if kept is not None and not app.executes_all and _same_code(kept, notebook):
            continue
        try:
            record = cache.match_cache_notebook(notebook)
        except KeyError:
            continue  # it failed, or it is not part of this build
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(cleaned(cache.get_cache_bundle(record.pk).nb)), encoding="utf-8")
        logger.info("the outputs of %s are kept in %s", docname, path.relative_to(app.srcdir))
    _remove_orphans(app)
    _report_failures(app, env)


def read_notebook(app, docname):
    """Return a lesson as the notebook that myst-nb executes."""
    path = Path(app.srcdir) / f"{docname}.md"
    text = path.read_text(encoding="utf-8")
    return create_nb_reader(str(path), app.env.myst_config, app.env.mystnb_config, text).read(text)


def _remove_orphans(app):
    """Remove what is kept of lessons that are gone."""
    known = {kept_file(app.srcdir, docname) for docname in lessons(app.srcdir)}
    for path in (Path(app.srcdir) / KEPT).rglob("*.ipynb"):
        if path not in known:
            path.unlink()
            logger.info("removed %s: its lesson is gone", path.relative_to(app.srcdir))


def _report_failures(app, env):
    """Let the build fail, with or without -W, where a lesson has failed."""
    for docname, data in sorted(getattr(env, "nb_metadata", {}).items()):
        if _traceback(data):
            logger.error(_failure(app, docname, COLOUR.sub("", _traceback(data))), location=docname)
            app.statuscode = 1


def _failure(app, docname, traceback):
    """Return which cell has failed, its code, and the traceback."""
    cells = [cell.source for cell in read_notebook(app, docname).cells if cell.cell_type == "code"]
    number = next((n for n, source in enumerate(cells, 1) if source.strip() and source.strip() in traceback), None)
    code = cells[number - 1] if number else ""
    error = re.split(r"^-{20,}$", traceback.strip(), flags=re.MULTILINE)[-1].strip()
    cell = f"code cell {number} of {len(cells)}" if number else "a code cell"
    return f"{cell} failed:\n{code}\n\n{error}"


def setup(app):
    """Connect to the build, after myst-nb has read its configuration."""
    app.setup_extension("myst_nb")
    app.connect("builder-inited", prepare, priority=900)
    app.connect("env-get-outdated", outdated)
    app.connect("env-updated", keep)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
