"""Text and numbers as constants, strings and comments of programs: Python, C and JavaScript."""

from __future__ import annotations

import json
import math
import re
from numbers import Integral, Real
from typing import Any

from layerwise.errors import ExportError
from layerwise.formula.quoting.shown import UNSEEN, visible

EXACT = 2**53  # the whole numbers up to it are numbers of JavaScript; greater ones are BigInt
LONGEST = 4095  # bytes of a string in C99


# ---------------------------------------------------------------- numbers in programs


def _number(value: object, language: str) -> int | float:
    """A finite number as a plain int or float.

    Raises
    ------
    ExportError
        It is something else, whatever it looks like.
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ExportError(f"export to {language}: a finite number was expected; got {value!r}, a {type(value).__name__}")


def whole(value: object, language: str = "a program") -> str:
    """A size, a count or a seed, in any language.

    Raises
    ------
    ExportError
        It is not a whole number, or below 0.
    """
    number = _number(value, language)
    if not isinstance(number, int) or number < 0:
        raise ExportError(f"export to {language}: a whole number from 0 was expected; got {value!r}")
    return str(number)


# ---------------------------------------------------------------- Python


def python_text(text: str) -> str:
    """A string of Python, without a character that cannot be seen."""
    return str.__repr__(text)


def python_number(value: object) -> str:
    """A number of Python that is read back as the same number; ExportError for what is none or not finite."""
    return repr(_number(value, "Python"))


def python_value(value: Any) -> str:
    """Text, a truth value, a number, or a list of such, in Python."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(python_value, value))}]"
    if isinstance(value, bool):
        return str(value)
    return python_text(value) if isinstance(value, str) else python_number(value)


def python_docstring(text: str) -> str:
    r"""The inside of a docstring between three double quotes.

    Examples
    --------
    >>> print(python_docstring('say "yes", and end with ' + chr(92) + '"'))
    say "yes", and end with \\\"
    """
    # a quote before another one, or at the end
    return re.sub(r'"(?="|\Z)', r"\\\g<0>", visible(text, keep="\n").replace("\\", "\\\\"))


# ---------------------------------------------------------------- C


def c_text(text: str) -> str:
    r"""A string of C in UTF-8: all but plain ASCII as octal numbers of three digits, which no digit can lengthen.

    Raises
    ------
    ExportError
        It has a NUL, where a string of C ends, or half of a surrogate pair, which UTF-8 has not.

    Examples
    --------
    >>> print(c_text('a "quoted" ??/ é'))
    "a \042quoted\042 \077\077/ \303\251"
    """
    if "\0" in text:
        raise ExportError(f"export to C: a string of C ends at NUL, so that {text!r} cannot be written; rename it")
    letters, plain = utf8(text, "C").encode(), set(range(32, 127)) - set(b'"\\?')
    if len(letters) > LONGEST:  # than that no compiler has to take; a list of letters may have any length
        return "(const char[]){" + "".join(f"'\\{c:03o}', " for c in letters) + "0}"
    return '"' + "".join(chr(c) if c in plain else f"\\{c:03o}" for c in letters) + '"'


def c_number(value: object, *, single: bool) -> str:
    """A constant of C of type double, or float for `single`; ExportError for what is no number or too large."""
    number = float(_number(value, "C"))
    if single and abs(number) > 3.4028235e38:
        raise ExportError(f"export to C: {value!r} is too large for a float; train the network in float64")
    return f"{number!r}f" if single else repr(number)


def c_whole(value: object) -> str:
    """A constant of C of type int32_t, or int64_t where it needs that; ExportError for what is no whole number."""
    number = _number(value, "C")
    if not isinstance(number, int) or not -(2**63) <= number < 2**63:
        raise ExportError(f"export to C: a whole number of 64 bits was expected; got {value!r}")
    if number == -(2**63):
        return "(-INT64_C(9223372036854775807) - 1)"
    return str(number) if -(2**31) < number < 2**31 else f"INT64_C({number})"


def c_comment(text: str) -> str:
    """The inside of a comment of C: no end of it, no other beginning, no trigraph, no line that goes on in the next."""
    apart = re.sub(r"(?<=\*)(?=/)|(?<=/)(?=\*)|(?<=\?)(?=\?)", " ", visible(text, keep="\n"))
    return re.sub(r"\\[ \t]*$", r"\\.", apart, flags=re.MULTILINE)


def c_include(name: str) -> str:
    """The name of a header as ``#include`` takes it.

    Raises
    ------
    ExportError
        C has no way to say it.
    """
    if re.search(r'["\\]|\?\?', name) or UNSEEN.search(name):
        raise ExportError(f"export to C: a header cannot be included by the name {name!r}; use letters and digits")
    return f'"{name}"'


def c_identifier(name: str) -> str:
    """What all names in C begin with, for a file of this name.

    Examples
    --------
    >>> c_identifier("my-digits.v2"), c_identifier("2nd")
    ('my_digits_v2', 'net_2nd')
    """
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return word if word[:1].isalpha() else f"net_{word}".rstrip("_")


# ---------------------------------------------------------------- JavaScript


def javascript_text(text: str) -> str:
    r"""A string of JavaScript in ASCII, which may stand in a page's script too.

    Examples
    --------
    >>> print(javascript_text("</script> é"))
    "\u003c/script\u003e \u00e9"
    """
    return json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e")


def javascript_number(value: object) -> str:
    """A number of JavaScript; ExportError for what is none or not finite."""
    return repr(float(_number(value, "JavaScript")))


def javascript_value(value: Any) -> str:
    """A label in JavaScript: text, a truth value, or a number; a BigInt where there are too many digits for one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return javascript_text(value)
    number = _number(value, "JavaScript")
    if isinstance(number, int):
        return f"{number}n" if abs(number) > EXACT else str(number)
    return repr(number)


def javascript_comment(text: str) -> str:
    """The inside of a comment of JavaScript: no end of it, and none of the script that it may stand in."""
    return re.sub(r"(?<=\*)(?=/)|(?<=<)(?=[/!])", " ", visible(text, keep="\n"))


# ---------------------------------------------------------------- the shell, and UTF-8


def shell(*words: str) -> str:
    """Words of a command for a POSIX shell, with quotes around those that need them.

    Examples
    --------
    >>> shell("cc", "-c", "my net; reboot.c")
    "cc -c 'my net; reboot.c'"
    """
    import shlex

    return shlex.join(words)


def utf8(text: str, language: str) -> str:
    """The text, which UTF-8 can say.

    Raises
    ------
    ExportError
        It has half of a surrogate pair.
    """
    if re.search("[\ud800-\udfff]", text):
        raise ExportError(f"export to {language}: {text!r} has half of a surrogate pair, no character; rename it")
    return text
