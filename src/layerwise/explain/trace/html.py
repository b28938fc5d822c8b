"""The trace in a notebook: numbers that say on hover how they came about, light and dark, fetching nothing."""

from __future__ import annotations

from collections.abc import Iterator

from layerwise.explain.trace.document import Block, Cell, Document
from layerwise.explain.trace.notation import plain
from layerwise.formula.quoting import markup

_STYLE = """<style>
.lw-trace{--lw-ink:#1f2328;--lw-quiet:#656d76;--lw-line:#d0d7de;--lw-chip:#f6f8fa;--lw-hover:#ddf4ff;--lw-name:#0550ae;
color:var(--lw-ink);font:14px/1.5 system-ui,sans-serif;max-width:60em}
@media (prefers-color-scheme:dark){.lw-trace{--lw-ink:#e6edf3;--lw-quiet:#8d96a0;--lw-line:#30363d;--lw-chip:#161b22;
--lw-hover:#0c2d6b;--lw-name:#79c0ff}}
.lw-trace h3{font-size:1.2em;margin:.2em 0}
.lw-trace h4{font-size:1em;margin:1em 0 .3em;padding-top:.5em;border-top:1px solid var(--lw-line)}
.lw-trace p{margin:.2em 0;color:var(--lw-quiet)}
.lw-trace .f{margin:.5em 0 .15em;font-family:ui-monospace,monospace;font-size:13px}
.lw-trace .f b{color:var(--lw-name);font-weight:600}
.lw-trace .r{display:flex;flex-wrap:wrap;gap:4px;margin:0 0 4px}
.lw-trace .c{font:13px ui-monospace,monospace;
background:var(--lw-chip);border:1px solid var(--lw-line);border-radius:4px;
padding:1px 6px;white-space:nowrap;min-width:var(--lw-w,0)}
.lw-trace .c i{font-style:normal;color:var(--lw-quiet);margin-right:.5em}
.lw-trace .c[title]{cursor:help}
.lw-trace .c[title]:hover{background:var(--lw-hover)}
.lw-trace summary{cursor:pointer;color:var(--lw-quiet);font-size:13px}
</style>"""


def html(document: Document) -> str:
    """Return the document as a piece of HTML."""
    return "".join(_pieces(document))


def page(document: Document) -> str:
    """Return the same as a file of its own."""
    title = markup(document.title)
    head = f'<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{html(document)}</body></html>\n'


def _pieces(document: Document) -> Iterator[str]:
    yield _STYLE
    yield f'<div class="lw-trace"><h3>{markup(document.title)}</h3>'
    yield f"<p>{markup(document.note)}</p>" if document.note else ""
    for section in document.sections:
        yield f"<h4>{markup(section.title)}</h4>"
        yield f"<p>{markup(section.note)}</p>" if section.note else ""
        for block in section.blocks:
            yield from _of_block(block)
    yield "</div>"


def _of_block(block: Block) -> Iterator[str]:
    formula = f" = {markup(plain(block.formula))}" if block.formula else ""
    yield f'<div class="f"><b>{markup(plain(block.name))}</b>{formula}</div>'
    widest = max((len(plain(cell.name)) + len(cell.value) for row in block.rows for cell in row), default=0)
    for row in block.rows:
        yield _row(row, f' style="--lw-w:{widest + 2}ch"' if len(block.rows) > 1 else "")
    if block.folded:
        yield f"<details><summary>… {len(block.folded):,} more</summary>{_row(block.folded)}</details>"
    if block.hidden:
        yield f"<p>… and {block.hidden:,} more</p>"


def _row(cells: list[Cell], style: str = "") -> str:
    return f'<div class="r"{style}>{"".join(map(_chip, cells))}</div>'


def _chip(cell: Cell) -> str:
    name = plain(cell.name)
    origin = "" if cell.numbers is None else plain(cell.numbers)
    title = f' title="{markup(f"{name} = {origin} = {cell.value}")}"' if origin and origin != cell.value else ""
    return f'<span class="c"{title}><i>{markup(name)}</i>{markup(cell.value)}</span>'
