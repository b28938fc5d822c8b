"""The trace in Markdown: a heading a part, and a table of names, arithmetic and values."""

from __future__ import annotations

from collections.abc import Iterator

from layerwise.trace.document import Block, Document
from layerwise.trace.notation import plain


def markdown(document: Document) -> str:
    """The document as Markdown, as GitHub and notebooks show it."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"## {document.title}"
    if document.note:
        yield from ("", _escaped(plain(document.note)))
    for section in document.sections:
        yield from ("", f"### {section.title}")
        if section.note:
            yield from ("", _escaped(section.note))
        for block in section.blocks:
            yield ""
            yield from _table(block)


def _table(block: Block) -> Iterator[str]:
    heading = plain(block.name) + (f" = {plain(block.formula)}" if block.formula else "")
    yield from (f"| {_escaped(heading)} | | |", "| :-- | :-- | --: |")
    for row in block.rows:
        for cell in row:
            yield f"| {_escaped(plain(cell.name))} | {_escaped(plain(cell.numbers or ''))} | {_escaped(cell.value)} |"
    if block.count:
        yield f"| … and {block.count:,} more | | |"


def _escaped(line: str) -> str:
    for mark in "\\|*_<>[]":
        line = line.replace(mark, f"\\{mark}")
    return line
