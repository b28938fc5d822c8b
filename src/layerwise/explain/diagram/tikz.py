"""A diagram as TikZ, the drawing language of LaTeX."""

from __future__ import annotations

from layerwise.explain.diagram.layout import RADIUS, Picture
from layerwise.formula.quoting import latex

POINTS = 0.75  # a pixel
COLOURS = {1: "lwblue", -1: "lworange", 0: "black"}
DEFINED = r"\definecolor{lwblue}{HTML}{0072B2}\definecolor{lworange}{HTML}{D55E00}"
ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def write(picture: Picture, document: bool) -> str:
    """Return the picture as a `tikzpicture`, or as a document whose only page it fills."""
    body = [DEFINED, r"\begin{tikzpicture}[x=1pt,y=-1pt,inner sep=0pt]"]
    body.append(rf"\path[use as bounding box] (0,0) rectangle ({_pt(picture.width)},{_pt(picture.height)});")
    for line in picture.lines:
        x1, y1, x2, y2 = map(_pt, line.ends)
        opacity = 0.12 + 0.78 * line.strength if line.sign else 0.25
        width = (0.5 + 2.5 * line.strength) * POINTS
        body.append(
            rf"\draw[{COLOURS[line.sign]},opacity={opacity:.2f},line width={width:.2f}pt] ({x1},{y1})--({x2},{y2});"
        )
    for circle in picture.circles:
        sign, strength = circle.ring
        fill = ""
        if circle.fill is not None and circle.fill[1] > 0:
            fill = f",fill={COLOURS[circle.fill[0]]}!{round(95 * circle.fill[1])}!white"
        width = (1 + 2.5 * strength) * POINTS
        place = f"({_pt(circle.x)},{_pt(circle.y)})"
        body.append(rf"\draw[{COLOURS[sign]},line width={width:.2f}pt{fill}] {place} circle[radius={_pt(RADIUS)}pt];")
    body += [rf"\fill ({_pt(x)},{_pt(y)}) circle[radius=1.3pt];" for x, y in picture.dots]
    for words in picture.words:
        text = rf"\textbf{{{latex(words.text)}}}" if words.strong else latex(words.text)
        font = r"font=\sffamily\footnotesize"
        body.append(rf"\node[anchor={ANCHORS[words.anchor]},{font}] at ({_pt(words.x)},{_pt(words.y)}) {{{text}}};")
    body.append(r"\end{tikzpicture}")
    if not document:
        return "\n".join(body)
    paper = f"paperwidth={_pt(picture.width)}pt,paperheight={_pt(picture.height + 4)}pt"
    head = [
        r"\documentclass{article}",
        r"\usepackage[utf8]{inputenc}",
        rf"\usepackage[{paper},margin=0pt,noheadfoot]{{geometry}}",
        r"\usepackage{tikz}",
        r"\pagestyle{empty}\setlength{\parindent}{0pt}\setlength{\topskip}{0pt}",
        r"\begin{document}",
    ]
    return "\n".join([*head, *body, r"\end{document}", ""])


def _pt(pixels: float) -> str:
    return f"{pixels * POINTS:.2f}".rstrip("0").rstrip(".")
