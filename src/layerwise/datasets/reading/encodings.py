"""Encodings: bytes to text, by what the bytes say of themselves."""

from __future__ import annotations

import codecs
import re

from layerwise.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 1 << 16  # bytes
_SOME = 2000  # bytes beyond ASCII that tell the encoding
_TITLES = {
    "cp949": "Korean (CP949)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1252": "Windows-1252 (Latin-1)",
    "mac-roman": "Mac Roman",
    "latin-1": "Latin-1",
}
_USUAL = frozenset("äöüßéèàçñåøæíóúáêîôûëïâìòùãõÄÖÜÉÅØÆ°²³µ£€’“”–—…«»§½")


def decode(data: bytes, name: str, encoding: str | None, notes: list[str]) -> tuple[str, str]:
    """Return the text of a file, and its encoding; what was found or left out is added to `notes`.

    Raises
    ------
    DataError
        The encoding is not known, the bytes are not text in it, or they are no text at all.
    """
    text, found = _given(data, name, encoding) if encoding is not None else _found(data, name, notes)
    text = text.removeprefix("\ufeff")
    if text.rstrip("\r\n").endswith("\x1a"):
        text = text.rstrip("\r\n\x1a") + "\n"
        notes.append("the mark of the file's end that DOS sets was left out")
    if nulls := text.count("\x00"):
        if nulls > 0.1 * len(text):
            raise DataError(f"{name} is no text: {nulls:,} of its {len(text):,} characters are NUL; expected a table")
        text = text.replace("\x00", "")
        notes.append(f"{nulls:,} NUL characters were left out")
    return text, found


def _given(data: bytes, name: str, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), encoding
    except LookupError:
        raise DataError(f"encoding must be a name that Python knows, such as 'cp1252', but is {encoding!r}") from None
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        raise DataError(
            f"{name}, line {line}: the byte 0x{data[start]:02x} cannot be in {encoding}; leave the encoding out to "
            "have it found, or give another, such as 'utf-8', 'cp1252' or 'mac-roman'"
        ) from None


def _found(data: bytes, name: str, notes: list[str]) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _given(data, name, encoding)
    if wide := _wide(data[:_LOOKED_AT]):
        notes.append(f"the encoding is {wide.upper()}, without a mark that says so")
        return _given(data[: len(data) // 2 * 2], name, wide)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    head = data[:_LOOKED_AT]
    if len(re.findall(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]", head)) > 0.05 * len(head):
        raise DataError(f"{name} is neither text nor of a format that is known; expected a table, such as a CSV file")
    mended = data.decode("utf-8", errors="replace")
    bad = mended.count("\ufffd")
    sequences = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}", data))
    if sequences > 10 * bad:
        notes.append(f"{bad:,} bytes that cannot be in UTF-8 were replaced by \ufffd")
        return mended, "utf-8"
    encoding = _narrow(data)
    notes.append(
        f"the encoding was taken for {_TITLES[encoding]}; if letters are wrong, choose another (--encoding, encoding=)"
    )
    return data.decode(encoding), encoding


def _wide(head: bytes) -> str | None:
    """Return UTF-16 of which order, where every other byte of most characters is NUL."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _narrow(data: bytes) -> str:
    """Return the encoding of one byte a character in which the characters beyond ASCII make most sense."""
    if (letters := _of_letters(data)) is not None:
        return letters
    places = [found.start() for found in re.finditer(rb"[\x80-\xff]", data)][:_SOME]
    scores = {}
    for encoding in ("cp1252", "mac-roman"):
        try:
            scores[encoding] = sum(_sense(data[max(place - 1, 0) : place + 2], place, encoding) for place in places)
        except UnicodeDecodeError:  # five bytes are nothing in Windows-1252
            scores[encoding] = -len(places)
    if scores["mac-roman"] > scores["cp1252"]:
        return "mac-roman"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _of_letters(data: bytes) -> str | None:
    """Return the encoding where bytes beyond ASCII stand together, as letters do in scripts other than Latin.

    Two bytes a letter: Korean begins with B0 to C8, Japanese with kana (82, 83) or kanji (88 to 9F) and goes on with
    any, Chinese with B0 to F7. One byte: the small letters of Cyrillic are E0 to FF.
    """
    leads = [found[0][0] for found in re.finditer(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]", data)][:_SOME]
    kana = sum(byte in (0x82, 0x83) for byte in leads)
    if leads and kana > 0.3 * len(leads) and kana + sum(0x88 <= byte <= 0x9F for byte in leads) > 0.8 * len(leads):
        return "cp932" if _is(data, "cp932") else None
    runs = re.findall(rb"[\x80-\xff]+", data)[:_SOME]
    beside_latin = re.findall(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]", data)[:_SOME]
    if not runs or len(beside_latin) + sum(len(run) == 1 for run in runs) > 0.1 * len(runs):
        return None
    letters = b"".join(runs)
    if sum(byte >= 0xE0 for byte in letters) > 0.6 * len(letters):
        return "cp1251" if _is(data, "cp1251") else None
    firsts = [run[i] for run in runs for i in range(0, len(run) - 1, 2)]
    if any(len(run) % 2 for run in runs) or sum(0xB0 <= byte <= 0xF7 for byte in firsts) < 0.8 * len(firsts):
        return None
    korean = sum(0xB0 <= byte <= 0xC8 for byte in firsts) > 0.9 * len(firsts) and _is(data, "cp949")
    return "cp949" if korean else "gb18030" if _is(data, "gb18030") else None


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sense(around: bytes, place: int, encoding: str) -> int:
    """Return how well a character goes with its neighbours: a letter or an apostrophe among letters does."""
    text = around.decode(encoding)
    middle = min(place, 1)
    character, before, after = text[middle], text[:middle], text[middle + 1 :]
    if character == "\xa0":
        return 0
    among_letters = (before.isalpha() and before.isascii()) or (after.isalpha() and after.isascii())
    score = 2 * (character in _USUAL)
    if among_letters:
        score += 1 if character.isalpha() or character == "’" else -2
    elif character.isalpha():
        score -= 1
    if before.islower() and character.isupper():
        score -= 2
    return score
