"""The trace in Markdown: a heading a part, and a table of names, arithmetic and values."""

from __future__ import annotations

from collections.abc import Iterator

from layerwise.explain.trace.document import Block, Document
from layerwise.explain.trace.notation import plain
from layerwise.formula.quoting import markdown as quoted


def markdown(document: Document) -> str:
    """Return the document as Markdown, as GitHub and notebooks show it."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"## {quoted(document.title)}"
    if document.note:
        yield from ("", quoted(document.note))
    for section in document.sections:
        yield from ("", f"### {quoted(section.title)}")
        if section.note:
            yield from ("", quoted(section.note))
        for block in section.blocks:
            yield ""
            yield from _table(block)


def _table(block: Block) -> Iterator[str]:
    heading = plain(block.name) + (f" = {plain(block.formula)}" if block.formula else "")
    yield from (f"| {quoted(heading)} | | |", "| :-- | :-- | --: |")
    for row in block.rows:
        for cell in row:
            yield f"| {quoted(plain(cell.name))} | {quoted(plain(cell.numbers or ''))} | {quoted(cell.value)} |"
    if block.count:
        yield f"| … and {block.count:,} more | | |"
