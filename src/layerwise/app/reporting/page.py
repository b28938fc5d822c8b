"""The page itself: HTML and its style, and the pieces that sections are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layerwise.formula.quoting import markup

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--quiet:#5c636b;--line:#d9dde2;--chip:#f5f7f9;--blue:#0072B2}
@media (prefers-color-scheme:dark){
:root{--paper:#16181D;--ink:#e8e8e8;--quiet:#9aa0a6;--line:#33383f;--chip:#1d2026;--blue:#56B4E9}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:24px}
h1{font-size:1.7em;margin:.2em 0}h2{font-size:1.2em;margin:2em 0 .6em;border-bottom:1px solid var(--line)}
p{margin:.4em 0;max-width:75ch}.quiet{color:var(--quiet)}
nav a{color:var(--blue);text-decoration:none;margin-right:1.1em}
.facts{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}
.facts div{background:var(--chip);border:1px solid var(--line);border-radius:8px;padding:8px 14px}
.facts b{display:block;font-size:1.35em}.facts span{color:var(--quiet);font-size:.87em}
.side{display:flex;flex-wrap:wrap;gap:20px;align-items:flex-start}
.side>*{flex:1 1 380px;min-width:0}
img,svg{max-width:100%;height:auto}figure{margin:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.92em;margin:.4em 0}
th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--quiet);font-weight:500}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.rows td{white-space:nowrap}
pre{background:var(--chip);border:1px solid var(--line);border-radius:8px;padding:12px;overflow-x:auto;font-size:13px}
@media print{nav{display:none}}
"""


@dataclass(frozen=True)
class Section:
    """A heading and the HTML under it."""

    title: str
    body: str

    @property
    def name(self) -> str:
        """What links to it are called."""
        return self.title.lower().replace(" ", "-")


def write(title: str, facts: Iterable[tuple[str, str]], sections: Sequence[Section]) -> str:
    """Return the whole page: a title, figures at a glance, and sections."""
    tiles = "".join(f"<div><b>{markup(value)}</b><span>{markup(name)}</span></div>" for name, value in facts)
    links = "".join(f'<a href="#{s.name}">{markup(s.title)}</a>' for s in sections)
    body = "\n".join(f'<section id="{s.name}"><h2>{markup(s.title)}</h2>\n{s.body}</section>' for s in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="generator" content="layerwise report">'
        f"<title>{markup(title)}</title><style>{STYLE}</style></head>\n<body><main><h1>{markup(title)}</h1>\n"
        f'<div class="facts">{tiles}</div>\n<nav>{links}</nav>\n{body}\n</main></body></html>\n'
    )


def paragraph(text: str, quiet: bool = False) -> str:
    """Return a paragraph of plain text."""
    return f"<p{' class=quiet' if quiet else ''}>{markup(text)}</p>"


def code(text: str) -> str:
    """Return lines as they stand."""
    return f"<pre>{markup(text)}</pre>"


def side_by_side(*parts: str) -> str:
    """Return blocks next to each other where there is room."""
    inside = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'<div class="side">{inside}</div>'


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = (), numbers: int = 0, wrap: bool = True) -> str:
    """Return a table of plain text, whose last columns, as many as `numbers`, are numbers."""
    lines = [_line("th", head, numbers)] if head else []
    lines += [_line("td", row, numbers) for row in rows]
    return f'<div class="scroll"><table{"" if wrap else " class=rows"}>{"".join(lines)}</table></div>'


def _line(tag: str, cells: Sequence[str], numbers: int) -> str:
    first = len(cells) - numbers
    marks = [" class=n" if i >= first else "" for i in range(len(cells))]
    inside = "".join(f"<{tag}{mark}>{markup(cell)}</{tag}>" for mark, cell in zip(marks, cells, strict=True))
    return f"<tr>{inside}</tr>"
