"""Small pictures of digits and what each stage of reading gives of them, for ports to other languages to be held to.

python tests/handwriting/golden_pictures.py     makes tests/handwriting/golden anew

NAME.json has the `size` of NAME.png, `single`, `answer`, `confidence`, `reason`, and `digits`: each with `row`, `place`
(left, top, width, height), `answer`, `guess`, `confidence`, and `image`, the 784 bytes that the network sees, in
hexadecimal. `network` is the SHA-256 of the model file that said so.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from PIL import Image, ImageDraw  # noqa: E402

import drawn_digits  # noqa: E402
from layerwise.handwriting import Reading, read_digits, shipped  # noqa: E402


def row(text: str, ink: int = 20, paper: int = 245, size: int = 90) -> Image.Image:
    """Drawn digits side by side."""
    picture = Image.new("L", (size * len(text) * 3 // 4 + 30, size), paper)
    for i, digit in enumerate(text):
        one = drawn_digits.draw_digit(int(digit), size=size, ink=ink, paper=paper, height=0.55)
        picture.paste(one.crop((size // 8, 0, size * 7 // 8, size)), (15 + i * size * 3 // 4, 0))
    return picture


def ruled(picture: Image.Image, step: int = 26) -> Image.Image:
    """The picture on ruled paper."""
    for y in range(step // 2, picture.height, step):
        for x in range(picture.width):
            picture.putpixel((x, y), min(picture.getpixel((x, y)), 150))
    return picture


def stacked(rows: list[Image.Image]) -> Image.Image:
    """Row below row."""
    picture = Image.new(
        "L", (max(one.width for one in rows), sum(one.height for one in rows)), rows[0].getpixel((0, 0))
    )
    for i, one in enumerate(rows):
        picture.paste(one, (0, sum(other.height for other in rows[:i])))
    return picture


def triangle() -> Image.Image:
    """A shape that is no digit."""
    picture = Image.new("L", (120, 120), 255)
    ImageDraw.Draw(picture).line([(60, 15), (108, 100), (12, 100), (60, 15)], fill=0, width=8, joint="curve")
    return picture


def pictures() -> dict[str, Image.Image]:
    """All of them by name."""
    return {
        "three": drawn_digits.draw_digit(3, size=120),
        "thin": drawn_digits.draw_digit(7, size=200, pen=3, ink=90, paper=240),
        "number": row("70812"),
        "dark": row("496", ink=250, paper=15),
        "ruled": ruled(row("528")),
        "rows": stacked([row("31"), row("604")]),
        "blank": Image.new("L", (80, 60), 250),
        "triangle": triangle(),
    }


def network_file() -> Path:
    """The model file that reads."""
    return Path(shipped.__file__).parent / "files" / shipped.NAME


def as_json(reading: Reading) -> dict[str, object]:
    """What is kept of a reading."""
    return {
        "network": hashlib.sha256(network_file().read_bytes()).hexdigest(),
        "size": list(reading.size),
        "single": False,
        "answer": reading.answer,
        "confidence": round(reading.confidence, 6),
        "reason": reading.reason,
        "digits": [
            {
                "row": number, "place": list(digit.place), "answer": digit.answer, "guess": digit.guess,
                "confidence": round(digit.confidence, 6), "image": digit.image.tobytes().hex(),
            }
            for number, digits in enumerate(reading.rows, start=1)
            for digit in digits
        ],
    }  # fmt: skip


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        picture.save(FOLDER / f"{name}.png", optimize=True)
        made = as_json(read_digits(FOLDER / f"{name}.png"))
        (FOLDER / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")
        print(name, made["answer"], made["confidence"], made["reason"] or "")
