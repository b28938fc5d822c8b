"""Text for people: in terminals and pictures, in HTML and XML, Markdown and LaTeX."""

from __future__ import annotations

import re

# Control characters, line and paragraph separators, marks that turn the direction of what follows, halves of surrogate
# pairs, what is no character, letters without width or ink, tags: nothing of it can be seen, some of it is obeyed. The
# joiners U+200C and U+200D and variation selectors are parts of words and emoji, and stay.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\uffa0\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


# ---------------------------------------------------------------- for people: terminals, logs, pictures


def visible(text: str, keep: str = "") -> str:
    r"""The text with escapes in place of what cannot be seen: control characters, turned writing, lone surrogates.

    Parameters
    ----------
    text : str
        Anything.
    keep : str
        Characters that stay, such as a newline where there may be several lines.

    Examples
    --------
    >>> print(visible("red \x1b[31m, two\nlines, naïve 数"))
    red \x1b[31m, two\nlines, naïve 数
    """
    return UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def legible(name: object) -> str:
    """A name as it is, but with quotes where it is blank and could not be seen.

    Examples
    --------
    >>> legible("cat"), legible(3), legible(" "), legible("")
    ('cat', '3', "' '", "''")
    """
    text = str(name)
    return text if text.strip() else repr(text)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def shortened(text: str, most: int = 40) -> str:
    """The text, or its beginning and its end where it has more letters than that.

    Examples
    --------
    >>> shortened("a" * 30 + "b" * 30, 12)
    'aaaaaaa…bbbb'
    """
    if len(text) <= most:
        return text
    end = (most - 1) * 2 // 5
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def matplotlib_text(text: object, keep: str = "", most: int = 40) -> str:
    r"""The text for matplotlib, which takes what stands between two dollars for a formula.

    A legend leaves out entries that are empty or begin with an underscore: a blank text is put in quotes, and a space
    without width comes before an underscore.

    Examples
    --------
    >>> matplotlib_text("$5 - $10")
    '\\$5 - \\$10'
    """
    shown = "\n".join(shortened(line, most) for line in visible(legible(text), keep).split("\n"))
    shown = shown.replace("$", r"\$")
    return f"\u200b{shown}" if shown.startswith("_") else shown


# ---------------------------------------------------------------- markup


def markup(text: object) -> str:
    """The text for HTML and XML, in an element or in a quoted attribute.

    Examples
    --------
    >>> markup("<b title='x'> & co")
    '&lt;b title=&#x27;x&#x27;&gt; &amp; co'
    """
    from html import escape  # with its table of entities, which few need

    return escape(visible(str(text), keep="\n\t"), quote=True)


def markdown(text: object) -> str:
    r"""The text for a line or a table's cell of Markdown, as GitHub and notebooks read it.

    Examples
    --------
    >>> print(markdown("# a|b *c* [d](javascript:e) $f$"))
    \# a\|b \*c\* \[d\](javascript:e) \$f\$
    """
    shown = re.sub(r"([\\`*_<>\[\]|&$~])", r"\\\1", visible(str(text)))
    shown = re.sub(r"^(\s*)([#+=-])", r"\1\\\2", shown)  # a heading, a list, a rule
    shown = re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", shown)  # a numbered list
    return re.sub(r"(?<=:)(?=//)|(?<=www)(?=\.)", r"\\", shown)  # an address would become a link


_LATEX = {
    "\0": "{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\char34{}", "→": r"$\to$", "·": r"$\cdot$", "…": r"\ldots{}",
    "—": "---", "–": "--", "‘": "`", "’": "'", "“": "``", "”": "''", "\xa0": "~",
    **{digit: f"$_{{{value}}}$" for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}  # fmt: skip
_LATEX_LETTERS = set("ßæøåœÆØÅŒłŁıȷ¡¿§¶£©†‡")
_LATEX_ACCENTS = set("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")


def latex(text: object) -> str:
    r"""The text for a paragraph, a node or ``\text`` of LaTeX; a letter that pdfLaTeX lacks becomes its code point.

    Examples
    --------
    >>> print(latex(r"50 % of \frac{$, naïve 数"))
    50 \% of \textbackslash{}frac\{\$, naïve \texttt{U+6570}
    """
    import unicodedata  # by those alone who write LaTeX

    shown = unicodedata.normalize("NFC", visible(str(text)))
    apart = re.sub(r"(?<=[-`',!?])(?=[-`',])", "\0", shown)  # two of them would become one letter, such as a dash
    accented = {
        letter
        for letter in apart
        if len(parts := unicodedata.normalize("NFD", letter)) == 2
        and parts[0].isascii()
        and parts[0].isalpha()
        and parts[1] in _LATEX_ACCENTS
    }
    return "".join(letter if letter in accented else _latex_letter(letter) for letter in apart)


def _latex_letter(letter: str) -> str:
    if letter in _LATEX:
        return _LATEX[letter]
    if letter.isascii() or letter in _LATEX_LETTERS:
        return letter
    return rf"\texttt{{U+{ord(letter):04X}}}"
