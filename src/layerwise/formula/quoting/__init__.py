"""Text and numbers from data and files, written so that each language reads them as text and numbers and nothing else.

    name, title, number ─► the function of the language ─► code, markup, a drawing, a line in a terminal

Names of classes and columns, titles, notes, paths and the `repr` of custom parts may hold anything. Every one of them
passes one of these functions on its way out, and so does every number that becomes part of a program.

shown.py       for people: terminals and pictures, HTML and XML, Markdown, LaTeX
programs.py    for programs: Python, C, JavaScript, the shell; and UTF-8
"""

from layerwise.formula.quoting.programs import (
    c_comment,
    c_identifier,
    c_include,
    c_number,
    c_text,
    c_whole,
    javascript_comment,
    javascript_number,
    javascript_text,
    javascript_value,
    python_docstring,
    python_number,
    python_text,
    python_value,
    shell,
    utf8,
    whole,
)
from layerwise.formula.quoting.shown import latex, legible, markdown, markup, matplotlib_text, shortened, visible

__all__ = [
    "c_comment",
    "c_identifier",
    "c_include",
    "c_number",
    "c_text",
    "c_whole",
    "javascript_comment",
    "javascript_number",
    "javascript_text",
    "javascript_value",
    "latex",
    "legible",
    "markdown",
    "markup",
    "matplotlib_text",
    "python_docstring",
    "python_number",
    "python_text",
    "python_value",
    "shell",
    "shortened",
    "utf8",
    "visible",
    "whole",
]
