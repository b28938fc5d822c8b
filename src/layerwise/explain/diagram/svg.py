"""A diagram as SVG: no scripts, no fonts of its own, right on light and on dark."""

from __future__ import annotations

from layerwise.explain.diagram.layout import RADIUS, Picture
from layerwise.formula.quoting import markup

COLOURS = {1: "#2A8FD0", -1: "#DD7420", 0: "currentColor"}  # seen on white and on black
ADAPTS = "<style>:root{color:#1a1a1a}@media(prefers-color-scheme:dark){:root{color:#e8e8e8}}</style>"


def write(picture: Picture, inline: bool) -> str:
    """Return the picture as an SVG element; `inline`: text has the colour of the page around it."""
    width, height = round(picture.width), round(picture.height)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="system-ui,sans-serif" font-size="12" fill="currentColor">',
        f"<title>{markup(picture.title)}</title>",
    ]
    if not inline:
        body.append(ADAPTS)
    body.append('<g stroke-linecap="round">')
    for line in picture.lines:
        x1, y1, x2, y2 = line.ends
        opacity = 0.12 + 0.78 * line.strength if line.sign else 0.25
        body.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{COLOURS[line.sign]}" '
            f'stroke-width="{0.5 + 2.5 * line.strength:.2f}" stroke-opacity="{opacity:.2f}"{_close("line", line.words)}'
        )
    body.append("</g>")
    for circle in picture.circles:
        sign, strength = circle.ring
        fill = 'fill="none" pointer-events="all"'
        if circle.fill is not None:
            fill = f'fill="{COLOURS[circle.fill[0]]}" fill-opacity="{0.95 * circle.fill[1]:.2f}"'
        body.append(
            f'<circle cx="{circle.x:g}" cy="{circle.y:g}" r="{RADIUS:g}" {fill} stroke="{COLOURS[sign]}" '
            f'stroke-width="{1 + 2.5 * strength:.2f}"{_close("circle", circle.words)}'
        )
    body += [f'<ellipse cx="{x:g}" cy="{y:g}" rx="1.8" ry="1.8"/>' for x, y in picture.dots]
    for words in picture.words:
        weight = ' font-weight="600"' if words.strong else ""
        body.append(
            f'<text x="{words.x:g}" y="{words.y:g}" text-anchor="{words.anchor}"{weight}>{markup(words.text)}</text>'
        )
    return "\n".join([*body, "</svg>"])


def _close(tag: str, words: str) -> str:
    """Return the end of an element, with what is shown when one points at it."""
    return f"><title>{markup(words)}</title></{tag}>" if words else "/>"
